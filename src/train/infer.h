/* infer.h - a run for eval and predict: config, weights and scaling of a checkpoint, no training
 * parts. */
#ifndef LS_TRAIN_INFER_H
#define LS_TRAIN_INFER_H

#include "train/apply.h"
#include "train/run.h"

typedef struct {
  const ls_data_spec *data; /* what to open in place of the checkpoint's own data; NULL: those */
  const char *path;         /* or data named by a path alone (ls_data_guess_like) */
  const char *inputs;       /* or samples without targets, as split train (ls_data_open_inputs) */
  bool whole;               /* the split `all` will be evaluated */
  bool no_header;           /* path, inputs: a CSV file begins with a sample */
  int threads;              /* 0: from the binding */
  ls_apply_what what;       /* what the model is for */
} ls_infer_options;
/* Collective. */
ls_status ls_run_infer(ls_comm *comm, const char *checkpoint, const ls_infer_options *options,
                       ls_run **out);
/* Before probabilities were left as they are, `scale` had scaled those of binary_cross_entropy too:
 * such a checkpoint's scaling of y is forgotten, with a warning, since outputs of a sigmoid are 0
 * to 1. */
void ls_forget_target_scaling(const ls_config *config, const char *path, ls_checkpoint *c);

#endif
