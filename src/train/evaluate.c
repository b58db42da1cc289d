/* Evaluation: a split is cut into blocks of LS_EVAL_ROWS samples, the blocks are dealt to the ranks, and the blocks' sums meet in
 * tree order, so that the bits do not depend on how many ranks there are. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/run.h"

/* Sums over a block: the model's, and those of the targets that r2 needs. */
typedef struct {
  ls_stats stats;
  double target, target_square; /* over samples and outputs */
} block_sums;
enum { SUMS = sizeof(block_sums) / sizeof(double) };

typedef struct {
  ls_run *run;
  ls_split split;
  int64_t rows, blocks;
  ls_batch batch;
  int64_t slice_row[2];
  int64_t index[LS_EVAL_ROWS];
  int32_t labels[LS_EVAL_ROWS];
  block_sums *block; /* (blocks), others' zero until summed */
  double *confusion; /* (outputs, outputs) or NULL */
  char *logits;      /* (rows, outputs) and (rows): where samples are coupled */
  int32_t *all_labels;
} eval;

static ls_status open_eval(eval *e) {
  ls_run *run = e->run;
  size_t size = ls_real_size(run->config->precision);
  ls_batch *b = &e->batch;
  b->features = ls_data_features(run->data);
  b->outputs = ls_data_outputs(run->data);
  int64_t line = LS_ALIGN / (int64_t)size;
  b->ldx = (b->features + line - 1) / line * line;
  if (b->ldx * (int64_t)size % 4096 == 0) b->ldx += line;
  LS_TRY(ls_mem_new(&b->x, (size_t)(LS_EVAL_ROWS * b->ldx), size));
  if (ls_run_task(run) == LS_TASK_CLASSES)
    b->labels = e->labels;
  else
    LS_TRY(ls_mem_new(&b->targets, (size_t)(LS_EVAL_ROWS * b->outputs), size));
  b->slices = b->slice_hi = 1;
  b->slice_row = e->slice_row;
  if (ls_model_couples_samples(run->model)) {
    void *memory;
    LS_TRY(ls_mem_new(&memory, (size_t)(e->rows * b->outputs), size));
    e->logits = memory;
    LS_NEW(e->all_labels, e->rows);
  }
  LS_NEW(e->block, e->blocks);
  return LS_OK;
}

static double output_at(const eval *e, const void *y, int64_t i) {
  return e->run->config->precision == LS_F32 ? (double)((const float *)y)[i] : ((const double *)y)[i];
}

static void target_sums(const eval *e, block_sums *sums) {
  if (!e->batch.targets) return;
  for (int64_t i = 0; i < e->batch.rows * e->batch.outputs; i++) {
    double t = output_at(e, e->batch.targets, i);
    sums->target += t;
    sums->target_square += t * t;
  }
}

static void keep_logits(eval *e, int64_t first) {
  memcpy(e->all_labels + first, e->labels, (size_t)e->batch.rows * sizeof *e->labels);
  int64_t ld, width = e->batch.outputs;
  size_t size = ls_real_size(e->run->config->precision);
  const char *logits = ls_model_logits(e->run->model, &ld);
  for (int64_t r = 0; r < e->batch.rows; r++)
    memcpy(e->logits + (size_t)((first + r) * width) * size, logits + (size_t)(r * ld) * size, (size_t)width * size);
}

/* Whole numbers, so the order of adding them does not matter. */
static void count_confusion(eval *e) {
  int64_t ld, width = e->batch.outputs;
  const void *y = ls_model_output(e->run->model, &ld);
  for (int64_t r = 0; r < e->batch.rows; r++) {
    int64_t best = 0;
    for (int64_t c = 1; c < width; c++)
      if (output_at(e, y, r * ld + c) > output_at(e, y, r * ld + best)) best = c;
    e->confusion[e->labels[r] * width + best]++;
  }
}

static ls_status eval_block(eval *e, int64_t b) {
  int64_t first = b * LS_EVAL_ROWS, rows = e->rows - first < LS_EVAL_ROWS ? e->rows - first : LS_EVAL_ROWS;
  for (int64_t i = 0; i < rows; i++) e->index[i] = first + i;
  LS_TRY(ls_data_gather(e->run->data, e->split, e->index, rows, e->batch.x, e->batch.ldx, e->batch.labels, e->batch.targets));
  e->batch.rows = e->batch.total = e->slice_row[1] = rows;
  ls_model_forward(e->run->model, &e->batch, false, e->run->config->seed);
  if (e->logits)
    keep_logits(e, first);
  else
    ls_model_stats(e->run->model, &e->batch, &e->block[b].stats);
  target_sums(e, &e->block[b]);
  if (e->confusion) count_confusion(e);
  return LS_OK;
}

static ls_status run_blocks(eval *e) {
  int ranks = ls_comm_size(e->run->comm), me = ls_comm_rank(e->run->comm);
  ls_status status = LS_OK;
  if (e->logits && me > 0) return LS_OK; /* coupled samples: rank 0 takes them all */
  if (e->logits) ranks = 1;
  for (int64_t b = e->blocks * me / ranks; b < e->blocks * (me + 1) / ranks && status == LS_OK; b++) status = eval_block(e, b);
  /* softmax_batch: a row's probability depends on all rows, so the head runs once over the whole split. */
  if (status == LS_OK && e->logits)
    ls_model_head_stats(e->run->model, e->logits, e->batch.outputs, e->rows, e->all_labels, &e->block[0].stats);
  return status;
}

static double total(const eval *e, size_t offset) {
  return ls_tree_sum((const double *)(const void *)((const char *)e->block + offset), e->blocks, SUMS);
}
#define TOTAL(e, field) total(e, offsetof(block_sums, field))

/* Targets that were scaled by one divisor a column: metrics are of the values as trained; with one column they go back to its units. */
static double target_unit(const ls_run *run) {
  const ls_affine *y = ls_data_y_affine(run->data);
  return y && y->n == 1 ? y->divisor[0] : 1.0;
}

static void score(const eval *e, ls_score *out) {
  double n = (double)e->rows, values = n * (double)e->batch.outputs;
  *out = (ls_score){e->rows, TOTAL(e, stats.loss) / n, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
  if (ls_run_task(e->run) != LS_TASK_REGRESSION) {
    out->accuracy = TOTAL(e, stats.correct) / n;
    return;
  }
  double square = TOTAL(e, stats.sq_err), mean = TOTAL(e, target) / values, unit = target_unit(e->run);
  out->mae = unit * TOTAL(e, stats.abs_err) / values;
  out->rmse = unit * sqrt(square / values);
  out->r2 = 1.0 - square / (TOTAL(e, target_square) - values * mean * mean);
}

ls_status ls_evaluate(ls_run *run, ls_split split, ls_score *out, double *confusion) {
  eval e = {.run = run, .split = split, .rows = ls_data_rows(run->data, split), .confusion = confusion};
  e.blocks = (e.rows + LS_EVAL_ROWS - 1) / LS_EVAL_ROWS;
  ls_comm_at(run->comm, "evaluation");
  ls_status status = open_eval(&e);
  if (status == LS_OK) status = run_blocks(&e);
  status = ls_comm_agree(run->comm, status);
  if (status == LS_OK) {
    ls_comm_sum(run->comm, (double *)e.block, e.blocks * SUMS);
    if (confusion) ls_comm_sum(run->comm, confusion, e.batch.outputs * e.batch.outputs);
    score(&e, out);
  }
  LS_FREE(e.batch.x);
  LS_FREE(e.batch.targets);
  LS_FREE(e.logits);
  LS_FREE(e.all_labels);
  LS_FREE(e.block);
  return status;
}
