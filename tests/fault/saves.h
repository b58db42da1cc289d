/* saves.h - the little model whose checkpoints saves writes and crash reads. */
#ifndef LS_TESTS_SAVES_H
#define LS_TESTS_SAVES_H

#include <string.h>

#include "checkpoint/read.h"

enum { SAVES_N = 600 }; /* parameters; with a slot more than one disk block each */

static const ls_tensor saves_tensor[] = {{0, "W", 59, 10, 0, false}, {0, "b", 1, 10, 590, false}};
static char *saves_slot[] = {(char *)"v"};
#define SAVES_CONFIG                                        \
  "version: 1\n"                                            \
  "data: {type: hdf5, train: {file: d.h5, x: /x, y: /y}}\n" \
  "model: {layers: [{units: out}]}\n"                       \
  "loss: mse\noptimizer: {type: momentum, lr: 0.1}\n"       \
  "train: {epochs: 9, batch: 1, slices: 1, precision: float64}\n"
static const ls_checkpoint saves_plan = {.precision = LS_F64,
                                         .tensor = saves_tensor,
                                         .tensors = 2,
                                         .slots = 1,
                                         .slot_name = saves_slot,
                                         .slices = 1,
                                         .seed = 1,
                                         .batch = 1,
                                         .config_text = (char *)SAVES_CONFIG,
                                         .kernel = (char *)"portable",
                                         .inputs = 59,
                                         .outputs = 10};

/* Parameter i after `step` updates, in array a (0 weights, 1 slot). */
static inline double saves_value(int64_t step, int a, int64_t i) {
  return (double)(step * 10000 + a * 1000 + i) / 7;
}

/* Whether a checkpoint holds exactly that. */
static inline bool saves_is(const ls_checkpoint *c, int64_t step) {
  const double *array[] = {c->weights, c->slots == 1 ? c->slot[0] : NULL};
  if (c->state.global_step != step || c->parameters != SAVES_N || !array[1]) return false;
  for (int a = 0; a < 2; a++)
    for (int64_t i = 0; i < SAVES_N; i++)
      if (array[a][i] != saves_value(step, a, i)) return false;
  return true;
}

#endif
