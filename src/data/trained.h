/* trained.h - new data by what a checkpoint knows of the columns that it was trained on: by their
 * names, wherever they stand; by position where names are missing or not unique. */
#ifndef LS_DATA_TRAINED_H
#define LS_DATA_TRAINED_H

#include "data/columns.h"

/* At least one of the inputs (or targets) has a name. */
bool ls_trained_named(const ls_trained *trained, int role);
void ls_trained_free(ls_trained *trained);
/* Inputs k to the one before this are the texts of one column; k + 1 where it is a number. */
int64_t ls_trained_run(const ls_trained *trained, int64_t k);
int64_t ls_trained_runs(const ls_trained *trained); /* how many columns that makes */
/* What the inputs (or targets) are called: "speed [m/s]", "colour=red". */
ls_status ls_trained_names(const ls_trained *trained, int role, ls_texts *out);

/* What the columns of a new file are called. */
typedef struct {
  const char *path; /* for messages */
  ls_texts name;    /* (columns) as ls_columns_whole makes them; none: there are no names */
  int64_t columns;
  bool whole; /* all columns of a file, not inputs or targets alone */
} ls_newcomer;

/* The new data's columns, from 0, that are the checkpoint's inputs or targets (`role`):
 * (trained->n[role]) in *column, ls_mem. LS_EDATA where one is not there, or could be several;
 * *found: how many names are there. */
ls_status ls_trained_find(const ls_trained *trained, int role, const ls_newcomer *data,
                          int64_t **column, int64_t *found);

#endif
