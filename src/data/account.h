/* account.h - what was understood of the data when they were opened: samples, columns by name,
 * classes, what was missing and what became of it, columns that tell nothing. open.c has it filled
 * on node rank 0 from what it reads anyway, so that it costs no pass over the data of its own; what
 * was not read is not known. view/understood.h says it to people. */
#ifndef LS_DATA_ACCOUNT_H
#define LS_DATA_ACCOUNT_H

#include "data/refuse.h"
#include "data/survey.h"

/* Inputs or target columns. */
typedef struct {
  ls_texts name;         /* (columns), with units; none: they have no names */
  ls_constants constant; /* of the training samples */
  ls_constants counting; /* inputs that go up by 1 from sample to sample of the file */
} ls_account_side;

struct ls_account {
  const ls_data_spec *spec;
  ls_account_side side[2]; /* by role: inputs, targets */
  ls_spread target;        /* all target columns of train together, where they are no classes; not
                              finite: missing */
  int64_t masked;          /* missing targets of the other splits, where they count nothing */
  int64_t dropped;         /* samples of all sources, for what is missing */
  int64_t *filled;         /* (inputs) missing values of all splits that have got one; NULL: not
                              counted */
  bool scales_targets;
};

/* Room for what is to be counted while these are read. */
ls_status ls_account_begin(ls_data *data, ls_source *source[3]);
/* Rows of a source that splits use. */
void ls_account_take(ls_data *data, int source, const ls_chunk *chunk);
ls_status ls_account_name(ls_account *account, const ls_trained *trained);
void ls_account_free(ls_account *account);

#endif
