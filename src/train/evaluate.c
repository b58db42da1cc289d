/* evaluate.c - a split is cut into blocks of LS_EVAL_ROWS samples, the blocks are dealt to the
 * ranks, and the blocks' sums meet in tree order, so that the bits do not depend on how many ranks
 * there are. */
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

#include "base/alive.h"
#include "base/clamp.h"
#include "base/mem.h"
#include "data/scale.h"

/* Of some numbers: how many, their sum, and the squares of how far they lie from their mean,
 * summed.
 */
typedef struct {
  double count, sum, spread;
} moments;

/* Sums over a block's targets and their errors. */
typedef struct {
  double abs_err, sq_err, target, target_square;
  moments error;
  double most; /* the largest error, no sum */
} target_sums;
enum { TARGET_SUMS = sizeof(target_sums) / sizeof(double) };

/* The model's, and those of all targets: the errors where the model is trained on a logarithm,
 * whose own ones say little; `error` and `most` where they are asked for. */
typedef struct {
  ls_stats stats;
  target_sums all;
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
  double *apart;     /* (blocks) how far their errors' means lie apart */
  ls_figures more;
  target_sums *target; /* (blocks, outputs) of each, where more.target is asked for; from its first
                          value on: a mean that is far from 0 would cost r2 its digits */
  void *first;         /* (outputs) real: of each target the first sample's that has it */
  char *logits;        /* (rows, outputs) and (rows): where samples are coupled */
  int32_t *all_labels;
  ls_ensemble *ensemble;
  bool by_mean;         /* the ensemble's mean is what is judged; false: this network joins it */
  int64_t width, heads; /* outputs of the network; for each target */
  int64_t value;        /* which of a target's outputs errors are of; -1: there is none */
  double *own; /* (2, LS_EVAL_ROWS, width) outputs in the targets' units, and room for a spread */
} eval;

static int64_t block_count(int64_t rows) { return (rows + LS_EVAL_ROWS - 1) / LS_EVAL_ROWS; }

static double real_at(const eval *e, const void *values, int64_t i) {
  return ls_dtype_get(e->run->config->precision, values, i);
}

static ls_status find_first(eval *e) {
  const ls_dtype type = e->run->config->precision;
  const int64_t outputs = e->batch.outputs;
  const ls_batch one = {.targets = e->batch.targets};
  int64_t left = outputs;
  for (int64_t c = 0; c < outputs; c++) ls_dtype_put(type, e->first, c, (double)NAN);
  for (int64_t row = 0; row < e->rows && left > 0; row++) {
    LS_TRY(ls_data_gather(e->run->data, e->split, &row, 1, &one));
    for (int64_t c = 0; c < outputs; c++) {
      const double value = real_at(e, e->batch.targets, c);
      if (!isnan(real_at(e, e->first, c)) || isnan(value)) continue;
      ls_dtype_put(type, e->first, c, value);
      left--;
    }
  }
  return LS_OK;
}

static ls_status begin_figures(eval *e) {
  const int me = ls_comm_rank(e->run->comm), ranks = ls_comm_size(e->run->comm);
  int64_t first = ls_eval_first(e->rows, me, ranks), own = ls_eval_first(e->rows, me + 1, ranks);
  if (e->logits) { /* rank 0 takes them all */
    own = me == 0 ? e->rows : 0;
    first = 0;
  }
  return ls_figures_begin(&e->more, e->rows, e->blocks, first, own - first);
}

static ls_status open_eval(eval *e) {
  ls_run *run = e->run;
  size_t size = ls_dtype_size(run->config->precision);
  ls_batch *b = &e->batch;
  e->blocks = block_count(e->rows);
  b->features = ls_data_features(run->data);
  b->outputs = ls_data_outputs(run->data);
  b->ldx = ls_leading(b->features, run->config->precision);
  const ls_loss_spec loss = ls_config_loss(run->config);
  e->width = ls_model_outputs(run->model);
  e->heads = ls_loss_heads(&loss);
  e->value = ls_loss_value(&loss);
  LS_TRY(ls_mem_new(&b->x, (size_t)(LS_EVAL_ROWS * b->ldx), size));
  if (ls_config_has_classes(run->config)) b->labels = e->labels;
  if (ls_run_task(run) != LS_TASK_CLASSES || ls_data_soft(run->data))
    LS_TRY(ls_mem_new(&b->targets, (size_t)(LS_EVAL_ROWS * b->outputs), size));
  b->masked = ls_data_masked(run->data);
  b->slices = b->slice_hi = 1;
  b->slice_row = e->slice_row;
  if (ls_model_couples_samples(run->model)) {
    void *memory;
    LS_TRY(ls_mem_new(&memory, (size_t)(e->rows * b->outputs), size));
    e->logits = memory;
    LS_NEW(e->all_labels, e->rows);
  }
  LS_NEW(e->block, e->blocks);
  LS_NEW(e->apart, e->blocks);
  LS_TRY(begin_figures(e));
  if (e->ensemble) LS_NEW(e->own, 2 * LS_EVAL_ROWS * e->width);
  if (!e->more.target) return LS_OK;
  LS_NEW(e->target, e->blocks * b->outputs);
  LS_TRY(ls_mem_new(&e->first, (size_t)b->outputs, size));
  return find_first(e);
}

/* A target, or an output of it, whose differences are those in its own units but for their unit: as
 * it is trained, unless that is a logarithm. */
static double linear(const eval *e, int64_t column, double value) {
  const ls_affine *y = ls_data_y_affine(e->run->data);
  return y && ls_affine_is_log(y, column) ? ls_affine_own(y, column, value) : value;
}

static double unit_of(const ls_run *run, int64_t column) {
  const ls_affine *y = ls_data_y_affine(run->data);
  return y && !ls_affine_is_log(y, column) ? y->divisor[column] : 1;
}

/* Where the value for a target is among the outputs of row r. */
static int64_t place_of(const eval *e, int64_t r, int64_t target, int64_t ld) {
  return r * ld + target * e->heads + e->value;
}

/* Of row r of the block; those that are missing are NaN. */
static double target_at(const eval *e, int64_t r, int64_t c) {
  return linear(e, c, real_at(e, e->batch.targets, r * e->batch.outputs + c));
}
static double error_at(const eval *e, int64_t r, int64_t c, double target) {
  int64_t ld;
  const void *y = ls_model_output(e->run->model, &ld);
  return linear(e, c, real_at(e, y, place_of(e, r, c, ld))) - target;
}

static void add_target(target_sums *sums, double target) {
  sums->target += target;
  sums->target_square += target * target;
}
static void add_error(target_sums *sums, double error) {
  sums->abs_err += fabs(error);
  sums->sq_err += error * error;
}

/* As they are trained. */
static void sum_targets(const eval *e, target_sums *sums) {
  for (int64_t i = 0; e->batch.targets && i < e->batch.rows * e->batch.outputs; i++) {
    const double t = real_at(e, e->batch.targets, i);
    if (!isnan(t)) add_target(sums, t);
  }
}

/* The logarithm of the only target: it and its errors in its own units. */
static void sum_logarithm(const eval *e, target_sums *sums) {
  for (int64_t r = 0; r < e->batch.rows; r++) {
    const double t = target_at(e, r, 0);
    if (isnan(t)) continue;
    add_error(sums, error_at(e, r, 0, t));
    add_target(sums, t);
  }
}

/* The larger error, or the one that is no number. */
static double worse(double most, double error) {
  const double size = fabs(error);
  return size > most || isnan(size) ? size : most;
}

static bool wants_errors(const eval *e) {
  return e->more.made[LS_METRIC_EXPLAINED_VARIANCE] || e->more.made[LS_METRIC_MAX_ERROR];
}

/* Of targets [from, to) of the block's rows: in two passes, so that a mean far from 0 costs the
 * spread no digits. */
static moments moments_of(const eval *e, int64_t from, int64_t to, double *most) {
  moments m = {0};
  for (int64_t r = 0; r < e->batch.rows; r++)
    for (int64_t c = from; c < to; c++) {
      const double t = target_at(e, r, c);
      if (isnan(t)) continue;
      const double error = error_at(e, r, c, t);
      m.count++;
      m.sum += error;
      *most = worse(*most, error);
    }
  const double mean = m.count > 0 ? m.sum / m.count : 0;
  for (int64_t r = 0; r < e->batch.rows; r++)
    for (int64_t c = from; c < to; c++) {
      const double t = target_at(e, r, c);
      if (isnan(t)) continue;
      const double apart = error_at(e, r, c, t) - mean;
      m.spread += apart * apart;
    }
  return m;
}

static void sum_each_target(const eval *e, target_sums *sums) {
  const int64_t outputs = e->batch.outputs;
  for (int64_t r = 0; r < e->batch.rows; r++)
    for (int64_t c = 0; c < outputs; c++) {
      const double t = target_at(e, r, c);
      if (isnan(t)) continue;
      add_error(&sums[c], error_at(e, r, c, t));
      add_target(&sums[c], t - linear(e, c, real_at(e, e->first, c)));
    }
  for (int64_t c = 0; c < outputs; c++) sums[c].error = moments_of(e, c, c + 1, &sums[c].most);
}

static void keep_logits(eval *e, int64_t first) {
  memcpy(e->all_labels + first, e->labels, (size_t)e->batch.rows * sizeof *e->labels);
  int64_t ld, width = e->batch.outputs;
  size_t size = ls_dtype_size(e->run->config->precision);
  const char *logits = ls_model_logits(e->run->model, &ld);
  for (int64_t r = 0; r < e->batch.rows; r++)
    memcpy(e->logits + (size_t)((first + r) * width) * size, logits + (size_t)(r * ld) * size,
           (size_t)width * size);
}

/* softmax_batch: a row's probability depends on all rows, so the head runs once over the whole
 * split. */
static void eval_whole(eval *e) {
  const int64_t width = e->batch.outputs;
  ls_model_head_stats(e->run->model, e->logits, width, e->rows, e->all_labels, &e->block[0].stats);
  const ls_answers answers = {.rows = e->rows,
                              .type = e->run->config->precision,
                              .z = e->logits,
                              .ld = width,
                              .norm = ls_model_norm(e->run->model),
                              .labels = e->all_labels};
  ls_figures_take(&e->more, &answers);
}

static void take_answers(eval *e, int64_t b) {
  int64_t ld;
  ls_answers a = {.block = b,
                  .first = b * LS_EVAL_ROWS,
                  .rows = e->batch.rows,
                  .type = e->run->config->precision,
                  .p = ls_model_output(e->run->model, &ld),
                  .labels = e->batch.labels,
                  .targets = e->batch.targets};
  const bool numbers = ls_run_task(e->run) == LS_TASK_REGRESSION;
  a.z = numbers ? a.p : ls_model_logits(e->run->model, &ld);
  a.ld = ld;
  ls_figures_take(&e->more, &a);
}

static ls_status forward_block(eval *e, int64_t b) {
  int64_t first = b * LS_EVAL_ROWS, rows = ls_clamp(e->rows - first, 0, LS_EVAL_ROWS);
  for (int64_t i = 0; i < rows; i++) e->index[i] = first + i;
  LS_TRY(ls_data_gather(e->run->data, e->split, e->index, rows, &e->batch));
  e->batch.rows = e->batch.total = e->slice_row[1] = rows;
  ls_model_forward(e->run->model, &e->batch, false, e->run->config->seed);
  return LS_OK;
}

/* Output o of the network in the target's units, and back; a variance in their square. */
static bool is_variance(const eval *e, int64_t o) {
  return ls_loss_is_variance(e->run->config->loss, o);
}
static double own_of(const eval *e, const ls_affine *a, int64_t o, double scaled) {
  const int64_t target = o / e->heads;
  if (is_variance(e, o)) return scaled * ls_affine_variance(a, target);
  return ls_affine_own(a, target, scaled);
}
static double scaled_of(const eval *e, const ls_affine *a, int64_t o, double own) {
  const int64_t target = o / e->heads;
  if (is_variance(e, o)) return own / ls_affine_variance(a, target);
  return ls_affine_scaled(a, target, own);
}

/* The block's outputs join the ensemble's, or become their mean. */
static void mix_block(eval *e, int64_t b) {
  const ls_affine *affine = ls_data_y_affine(e->run->data);
  const ls_comm *comm = e->run->comm;
  const int64_t at =
      b * LS_EVAL_ROWS - ls_eval_first(e->rows, ls_comm_rank(comm), ls_comm_size(comm));
  const int64_t rows = e->batch.rows, width = e->width;
  int64_t ld;
  const void *y = ls_model_output(e->run->model, &ld);
  if (e->by_mean) {
    ls_ensemble_get(e->ensemble, at, rows, LS_F64, e->own);
    for (int64_t i = 0; affine && i < rows * width; i++)
      e->own[i] = scaled_of(e, affine, i % width, e->own[i]);
    ls_model_set_output(e->run->model, rows, e->own);
    return;
  }
  for (int64_t i = 0; i < rows * width; i++) {
    e->own[i] = real_at(e, y, i / width * ld + i % width);
    if (affine) e->own[i] = own_of(e, affine, i % width, e->own[i]);
  }
  ls_ensemble_add(e->ensemble, at, rows, LS_F64, e->own);
}

static bool has_answers(const eval *e) {
  return ls_metric_fits(e->run->config, LS_METRIC_ACCURACY);
}

static ls_status eval_block(eval *e, int64_t b) {
  block_sums *sums = &e->block[b];
  LS_TRY(forward_block(e, b));
  if (e->ensemble) mix_block(e, b);
  if (e->logits) {
    keep_logits(e, b * LS_EVAL_ROWS);
    return LS_OK;
  }
  if (ls_run_log_target(e->run) && e->value >= 0)
    sum_logarithm(e, &sums->all);
  else
    sum_targets(e, &sums->all);
  if (wants_errors(e)) sums->all.error = moments_of(e, 0, e->batch.outputs, &sums->all.most);
  if (e->target) sum_each_target(e, e->target + b * e->batch.outputs);
  ls_model_stats(e->run->model, &e->batch, &sums->stats);
  if (has_answers(e)) take_answers(e, b);
  return LS_OK;
}

static int64_t first_block(int64_t blocks, int rank, int ranks) { return blocks * rank / ranks; }

int64_t ls_eval_first(int64_t rows, int rank, int ranks) {
  return ls_clamp(first_block(block_count(rows), rank, ranks) * LS_EVAL_ROWS, 0, rows);
}

static ls_status run_blocks(eval *e) {
  int ranks = ls_comm_size(e->run->comm), me = ls_comm_rank(e->run->comm);
  ls_status status = LS_OK;
  if (e->logits && me > 0) return LS_OK; /* coupled samples: rank 0 takes them all */
  if (e->logits) ranks = 1;
  const int64_t end = first_block(e->blocks, me + 1, ranks);
  for (int64_t b = first_block(e->blocks, me, ranks); b < end && status == LS_OK; b++) {
    ls_alive();
    status = eval_block(e, b);
  }
  if (status == LS_OK && e->logits) eval_whole(e);
  return status;
}

#define TOTAL(e, field) ls_tree_sum(&(e)->block->field, (e)->blocks, SUMS)

static double most_of(const double *first, int64_t blocks, int64_t stride) {
  double most = 0;
  for (int64_t b = 0; b < blocks; b++) most = worse(most, first[b * stride]);
  return most;
}

/* The squares of how far all errors lie from their mean: within the blocks, and the blocks' means.
 */
static double spread_of(const eval *e, const moments *first, int64_t stride) {
  const double *each = (const double *)first;
  const double mean =
      ls_tree_sum(&first->sum, e->blocks, stride) / ls_tree_sum(&first->count, e->blocks, stride);
  for (int64_t b = 0; b < e->blocks; b++) {
    const moments *m = (const moments *)(const void *)(each + b * stride);
    const double apart = m->count > 0 ? m->sum / m->count - mean : 0;
    e->apart[b] = m->count * (apart * apart);
  }
  return ls_tree_sum(&first->spread, e->blocks, stride) + ls_tree_sum(e->apart, e->blocks, 1);
}

bool ls_run_log_target(const ls_run *run) {
  const ls_affine *y = ls_data_y_affine(run->data);
  return y && y->n == 1 && ls_affine_is_log(y, 0);
}

double ls_run_target_unit(const ls_run *run) {
  const ls_affine *y = ls_data_y_affine(run->data);
  return y && y->n == 1 ? unit_of(run, 0) : 1;
}

ls_score ls_score_none(double loss) {
  ls_score s = {.value = {[LS_METRIC_LOSS] = loss}};
  for (int m = LS_METRIC_LOSS + 1; m < LS_NUMBERS; m++) s.value[m] = (double)NAN;
  return s;
}

bool ls_score_is_poor(const ls_score *score) {
  const double r2 = score->value[LS_METRIC_R2];
  return isfinite(r2) && r2 < 0;
}

static void score(const eval *e, ls_score *out) {
  const double n = e->batch.masked ? TOTAL(e, stats.correct) : (double)e->rows,
               values = n * (double)e->batch.outputs;
  *out = ls_score_none(TOTAL(e, stats.loss) / n);
  out->samples = e->rows;
  if (ls_metric_fits(e->run->config, LS_METRIC_ACCURACY))
    out->value[LS_METRIC_ACCURACY] = TOTAL(e, stats.correct) / n;
  if (!ls_metric_fits(e->run->config, LS_METRIC_MAE)) return;
  const bool log = ls_run_log_target(e->run);
  const double size = log ? TOTAL(e, all.abs_err) : TOTAL(e, stats.abs_err),
               square = log ? TOTAL(e, all.sq_err) : TOTAL(e, stats.sq_err),
               mean = TOTAL(e, all.target) / values, unit = ls_run_target_unit(e->run);
  out->value[LS_METRIC_MAE] = unit * size / values;
  out->value[LS_METRIC_RMSE] = unit * sqrt(square / values);
  const double spread = TOTAL(e, all.target_square) - values * mean * mean;
  out->value[LS_METRIC_R2] = 1.0 - square / spread;
  if (!wants_errors(e)) return;
  out->value[LS_METRIC_EXPLAINED_VARIANCE] =
      1.0 - spread_of(e, &e->block->all.error, SUMS) / spread;
  out->value[LS_METRIC_MAX_ERROR] = unit * most_of(&e->block->all.most, e->blocks, SUMS);
}

static ls_target_score score_target(const eval *e, int64_t c) {
  const target_sums *sums = e->target + c;
  const int64_t stride = e->batch.outputs * TARGET_SUMS;
#define SUM(field) ls_tree_sum(&sums->field, e->blocks, stride)
  const double n = SUM(error.count), unit = unit_of(e->run, c), square = SUM(sq_err);
  const double target = SUM(target), spread = SUM(target_square) - target * target / n;
  return (ls_target_score){.mae = unit * SUM(abs_err) / n,
                           .rmse = unit * sqrt(square / n),
                           .r2 = 1 - square / spread,
                           .explained_variance = 1 - spread_of(e, &sums->error, stride) / spread,
                           .max_error = unit * most_of(&sums->most, e->blocks, stride)};
#undef SUM
}

static void collect_figures(eval *e, ls_score *out, ls_figures *more) {
  const int64_t outputs = e->batch.outputs;
  ls_figures_make(&e->more, e->run->comm, e->rows, e->batch.labels, out->value);
  if (more->target) {
    ls_comm_sum(e->run->comm, (double *)e->target, e->blocks * outputs * TARGET_SUMS);
    for (int64_t c = 0; c < outputs; c++) more->target[c] = score_target(e, c);
  }
  memcpy(more->bin, e->more.bin, sizeof more->bin);
}

static void close_eval(eval *e) {
  ls_figures_end(&e->more);
  void *block[] = {e->batch.x, e->batch.targets, e->logits, e->all_labels, e->block,
                   e->target,  e->first,         e->own,    e->apart};
  for (size_t i = 0; i < sizeof block / sizeof *block; i++) ls_mem_free(block[i]);
}

ls_status ls_evaluate(ls_run *run, ls_split split, ls_score *out, ls_figures *more) {
  return ls_evaluate_in(run, split, NULL, false, out, more);
}

ls_status ls_evaluate_in(ls_run *run, ls_split split, ls_ensemble *ensemble, bool by_mean,
                         ls_score *out, ls_figures *more) {
  eval e = {.run = run,
            .split = split,
            .rows = ls_data_rows(run->data, split),
            .ensemble = ensemble,
            .by_mean = by_mean};
  if (more) e.more = *more;
  ls_comm_at(run->comm, "evaluation");
  ls_status status = open_eval(&e);
  if (status == LS_OK) status = run_blocks(&e);
  status = ls_comm_agree(run->comm, status);
  if (status == LS_OK) {
    ls_comm_sum(run->comm, (double *)e.block, e.blocks * SUMS);
    score(&e, out);
    if (more) collect_figures(&e, out, more);
    out->more = more;
  }
  close_eval(&e);
  return status;
}

/* ---- do the units still do anything? ---- */

/* To a millionth of its largest value, or of 1, which a saturated unit has. */
static bool is_still(const eval *e, const void *y, int64_t ld, int64_t unit) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t r = 0; r < e->batch.rows; r++) {
    low = fmin(low, real_at(e, y, r * ld + unit));
    high = fmax(high, real_at(e, y, r * ld + unit));
  }
  return high - low <= 1e-6 * fmax(1, fmax(fabs(low), fabs(high)));
}

static double still_units(const eval *e) {
  double most = 0;
  int64_t width, ld;
  const void *y;
  for (int layer = 0; (y = ls_model_hidden(e->run->model, layer, &width, &ld)); layer++) {
    double still = 0;
    for (int64_t unit = 0; unit < width; unit++) still += is_still(e, y, ld, unit);
    most = fmax(most, still / (double)width);
  }
  return most;
}

ls_status ls_evaluate_units(ls_run *run, double *still) {
  eval e = {.run = run, .split = LS_SPLIT_TRAIN};
  e.rows = ls_clamp(ls_data_rows(run->data, LS_SPLIT_TRAIN), 0, LS_EVAL_ROWS);
  ls_status status = open_eval(&e);
  if (status == LS_OK) status = forward_block(&e, 0);
  if (status == LS_OK) *still = still_units(&e);
  close_eval(&e);
  return status;
}
