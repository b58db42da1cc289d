/* apply.h - a trained network at work on rows of inputs: outputs and derivatives, in the units of
 * the data. */
#ifndef LS_TRAIN_APPLY_H
#define LS_TRAIN_APPLY_H

#include "base/batch.h"
#include "checkpoint/read.h"
#include "config/config.h"
#include "model/model.h"

/* Rows that a forward pass of an evaluation or a prediction takes at once; also the block that an
 * evaluation's sums are made of. */
enum { LS_EVAL_ROWS = 256 };

typedef enum { LS_APPLY_OUTPUTS, LS_APPLY_SLOPES } ls_apply_what;

/* A model for a checkpoint's weights, with room for LS_EVAL_ROWS rows. LS_EDATA where its config
 * and its tensors do not agree. what: LS_APPLY_SLOPES is for derivatives alone. */
ls_status ls_apply_model(const ls_checkpoint *of, const ls_config *config, ls_team *team,
                         ls_apply_what what, ls_model **out);

typedef struct {
  const ls_checkpoint *of;
  ls_model *model;
  ls_apply_what what;
  int64_t width;  /* numbers of a row: outputs, or outputs x inputs */
  ls_batch batch; /* x: (LS_EVAL_ROWS, ldx) real, where scaled inputs are put */
  int64_t slice_row[2];
} ls_apply;

/* The model's weights are loaded, and it and the checkpoint live as long as `out`. */
ls_status ls_apply_open(ls_model *model, const ls_checkpoint *of, ls_apply_what what,
                        ls_apply *out);
void ls_apply_close(ls_apply *apply);
/* What holds the outputs, and the derivatives: they may need more than the network's precision. */
ls_dtype ls_apply_type(const ls_checkpoint *of);
/* Of the first `rows` (at most LS_EVAL_ROWS) of batch.x: (rows, width) of `type`; of derivatives
 * (rows, outputs, inputs). */
void ls_apply_rows(ls_apply *apply, int64_t rows, ls_dtype type, void *out);

#endif
