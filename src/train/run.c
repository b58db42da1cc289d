/* run.c - the order in which a run is joined, and why: begin at the bottom, ls_run_new_with.
 * The data come first, then agreement, since sizes hang on the config; the exchange before the
 * loop, since it owns the weights; first weights last. */
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "train/agree.h"
#include "train/beside.h"
#include "train/evaluate.h"
#include "train/mode.h"

enum { NAMES_COMPARED = 1000 };
enum { FLOPS_A_THREAD = 8000000 }; /* of a step, for a thread to be worth waking */

/* ---- building ---- */

/* How the minibatch is cut, known once the data are. */
static ls_status settle_batch(ls_run *run) {
  ls_config *c = run->config;
  int ranks = ls_comm_size(run->comm);
  int64_t rows = ls_data_rows(run->data, LS_SPLIT_TRAIN);
  run->batch = c->batch == 0 ? rows : ls_min(c->batch, rows);
  if (c->slices < 0) c->slices = ls_config_default_slices(run->batch);
  run->slices = c->slices == 0 ? ranks : (int)c->slices;
  if (ranks > run->slices && !run->mode->apart)
    return ls_fail(LS_ECONFIG,
                   "%d ranks but train.slices is %d: each rank needs a slice of the minibatch; "
                   "start at most %d ranks, or set train.slices=%d "
                   "(another number of slices gives other bits)",
                   ranks, run->slices, run->slices, ranks);
  if (c->accumulate > run->slices)
    return ls_fail(LS_ECONFIG,
                   "train.accumulate is %jd but a minibatch is cut into %d slices, of which a "
                   "round takes one at least: set train.slices=%jd or more (another number of "
                   "slices gives other bits)",
                   c->accumulate, run->slices, c->accumulate);
  run->slice_lo = ls_tree_first(run->slices, ranks, ls_comm_rank(run->comm));
  run->slice_hi = ls_tree_first(run->slices, ranks, ls_comm_rank(run->comm) + 1);
  return LS_OK;
}

ls_status ls_run_check_soft(const ls_run *run) {
  if (!ls_data_soft(run->data) || !ls_model_couples_samples(run->model)) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "y are shares of the classes, and softmax_batch takes one class a sample; use "
                 "softmax, or the class with the largest share");
}

static ls_status build_model(ls_run *run) {
  ls_config *c = run->config;
  const ls_loss_spec loss = ls_config_loss(c);
  const ls_affine *y = ls_data_y_affine(run->data);
  if (y && y->logs > 0 && ls_loss_gives_variance(c->loss))
    return ls_fail(LS_ECONFIG,
                   "%s: the variance of a target's logarithm is not the target's; scale the target "
                   "in another way (data.scale), or take the loss quantile",
                   c->loss);
  LS_TRY(ls_model_new(c->layer, c->layers, &loss, ls_data_features(run->data),
                      ls_data_outputs(run->data), run->slices, c->precision, &run->model));
  if (c->gemm == LS_GEMM_BLAS) LS_TRY(ls_model_use_blas(run->model));
  run->parameters = ls_model_parameters(run->model);
  LS_NEW(run->layer_at, ls_model_layers(run->model, NULL));
  return ls_run_check_soft(run);
}

/* A thread must have enough to do in a step to be worth waking: a small network is fastest alone.
 */
static int useful_threads(const ls_run *run) {
  double flops = ls_model_flops(run->model) * (double)run->batch /
                 (run->mode->apart ? 1 : ls_comm_size(run->comm));
  double worth = fmin(flops / FLOPS_A_THREAD, 1024.0);
  return (int)ls_clamp((int64_t)worth, 1, ls_comm_cores(run->comm));
}

static ls_status build_model_and_team(ls_run *run, int threads) {
  LS_TRY(build_model(run));
  return ls_team_new(threads > 0 ? threads : useful_threads(run), &run->team);
}

/* What follows from the calendar. */
static void count_steps(ls_run *run) {
  const ls_config *c = run->config;
  run->steps = c->steps > 0 ? c->steps : ls_calendar_end(run->calendar, c->epochs);
  run->schedule = c->schedule;
  run->schedule.run = run->steps;
  ls_schedule_resolve_moved(&run->schedule, run->calendar->steps, run->calendar->moved);
}

void ls_run_move(ls_run *run, int64_t steps, int64_t samples) {
  ls_loader_move(run->loader, steps, samples);
  count_steps(run);
}

/* The most rows that any rank's share has, of whole minibatches and shorter ones. */
static int64_t most_rows(const ls_run *run) {
  const int ranks = ls_comm_size(run->comm);
  int64_t slices = 0;
  for (int r = 0; r < ranks; r++) {
    const int own = ls_tree_first(run->slices, ranks, r + 1) - ls_tree_first(run->slices, ranks, r);
    slices = ls_max(slices, own);
  }
  return (slices * run->batch + run->slices - 1) / run->slices;
}

/* Where all ranks see one another's memory, gradients of weights need not be stored: this one's
 * rows of the minibatch, and what becomes of them, go where all can read them. */
static ls_status defer_gradients(ls_run *run) {
  const int ranks = ls_comm_size(run->comm);
  const bool near = ranks == 1 || (ls_exchange_shares_weights(run->exchange) &&
                                   ls_comm_node_count(run->comm) == 1);
  if (!near || run->mode->apart || run->mode->stored || run->config->accumulate > 1) return LS_OK;
  const int64_t rows = ls_max(most_rows(run), LS_EVAL_ROWS);
  LS_TRY(ls_comm_agree(
      run->comm, ls_model_defer(run->model, run->batch, rows, ranks, ls_comm_rank(run->comm))));
  const size_t bytes = ls_model_common_bytes(run->model);
  if (bytes == 0) return LS_OK;
  LS_TRY(ls_comm_shared_new(run->comm, bytes, &run->common));
  ls_model_common(run->model, run->common.data);
  return LS_OK;
}

static ls_status build_loop(ls_run *run) {
  ls_config *c = run->config;
  uint64_t seed = c->seed + (ls_mutant("order-from-rank") ? (uint64_t)ls_comm_rank(run->comm) : 0);
  const bool apart = run->mode->apart;
  const int lo = apart ? 0 : run->slice_lo, hi = apart ? run->slices : run->slice_hi;
  LS_TRY(ls_loader_new(run->data, run->batch, run->slices, lo, hi, ls_accumulate_slices(run), seed,
                       &run->loader));
  if (!apart) ls_loader_join(run->loader, run->comm);
  run->calendar = ls_loader_calendar(run->loader);
  count_steps(run);
  /* a list in steps and epochs could not be compared before */
  ls_status status = ls_schedule_check(&run->schedule);
  if (status != LS_OK)
    return ls_fail_prefix(status, "schedule, of %jd steps an epoch", run->calendar->steps);
  const int64_t rows = ls_max(ls_loader_max_rows(run->loader), LS_EVAL_ROWS);
  LS_TRY(ls_model_reserve(run->model, rows, run->team));
  if (ls_model_common_x(run->model)) ls_loader_into(run->loader, ls_model_common_x(run->model));
  LS_TRY(ls_accumulate_new(run));
  LS_NEW(run->running, run->slices);
  LS_NEW(run->slice_stats, run->slices);
  LS_NEW(run->seen_of, 2 * ls_comm_size(run->comm));
  return LS_OK;
}

static ls_status open_exchange(ls_run *run) {
  const ls_config *c = run->config;
  const bool layered = run->mode->layered && c->accumulate == 1;
  const ls_exchange_spec spec = {
      .kind = run->mode->apart ? "apart" : c->exchange,
      .n = run->parameters,
      .grid = ls_update_grid(run->parameters),
      .slices = run->slices,
      .precision = c->precision,
      .team = run->team,
      .layer = run->layer_at,
      .layers = layered ? ls_model_layers(run->model, run->layer_at) : 0};
  return ls_exchange_new(run->comm, &spec, &run->exchange);
}

/* What each rank makes by itself, once the exchange is there. */
static ls_status build_rest(ls_run *run) {
  const ls_config *c = run->config;
  LS_TRY(build_loop(run));
  LS_TRY(ls_update_new(run->comm, run->exchange, run->model, &c->optimizer, &c->gradient, c->seed,
                       c->nonfinite != LS_NONFINITE_STOP, run->team, &run->update));
  return ls_beside_new(run);
}

static void first_weights(ls_run *run) {
  uint64_t seed =
      run->config->seed + (ls_mutant("init-from-rank") ? (uint64_t)ls_comm_rank(run->comm) : 0);
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    ls_model_init(run->model, &run->config->init, seed, ls_exchange_weights(run->exchange), s.lo,
                  s.hi);
  ls_beside_begin(run);
  ls_exchange_publish(run->exchange);
  ls_run_weights_changed(run);
}

/* Two names that only capitals tell apart are perhaps one. */
static void note_capitals(const ls_texts *names) {
  for (int64_t k = 0; k < names->count && names->count <= NAMES_COMPARED; k++)
    for (int64_t i = 0; i < k; i++) {
      if (strcasecmp(names->text[i], names->text[k]) != 0) continue;
      ls_log(
          LS_LOG_WARN,
          "the training labels: '%s' and '%s' are two classes; if they are one, spell them alike",
          names->text[i], names->text[k]);
      return;
    }
}

/* Numbers that are no class numbers from 0 on make units that never learn anything. */
static void note_classes(ls_run *run) {
  const int64_t *train = ls_data_class_counts(run->data, LS_SPLIT_TRAIN),
                *validation = ls_data_class_counts(run->data, LS_SPLIT_VALIDATION);
  const int64_t classes = ls_data_outputs(run->data);
  int64_t empty = 0, first = 0;
  char start[80] = "";
  if (train && ls_comm_rank(run->comm) == 0) note_capitals(ls_data_names(run->data));
  if (!train || run->config->data.classes > 0 || ls_data_names(run->data)->count > 0) return;
  for (int64_t c = 0; c < classes; c++) empty += train[c] == 0 && validation[c] == 0;
  while (first < classes && train[first] == 0 && validation[first] == 0) first++;
  run->classes_noted = first > 0 || 2 * empty > classes;
  if (!run->classes_noted || ls_comm_rank(run->comm) > 0) return;
  if (first > 0)
    snprintf(start, sizeof start, "class 0 has no sample (do the labels start at %jd?); ", first);
  ls_log(LS_LOG_WARN,
         "the training labels: %s%jd of %jd classes have no sample: each has an output all the "
         "same",
         start, empty, classes);
}

/* Only the opened files tell whether a folder of IDX files has a test. */
static ls_status check_splits(const ls_run *run) {
  const ls_config *config = run->config;
  const bool wants_test = config->eval_on_given && config->eval_on[LS_SPLIT_TEST];
  if (ls_data_rows(run->data, LS_SPLIT_TRAIN) == 0)
    return ls_fail(LS_EDATA,
                   "no sample is left to train on (data.skip, data.limit, data.validation)");
  if (wants_test && ls_data_rows(run->data, LS_SPLIT_TEST) == 0)
    return ls_fail(LS_EDATA, "%s: no test samples (t10k-*), which eval.on asks for",
                   config->data.dir ? config->data.dir : config->file);
  return LS_OK;
}

static ls_status open_data(ls_run *run, ls_data *given) {
  ls_config *config = run->config;
  run->lent = given != NULL;
  run->data = given;
  ls_comm_at(run->comm, "reading the data");
  config->data.whole = config->eval_on_given && config->eval_on[LS_SPLIT_ALL];
  if (given) return LS_OK;
  return ls_data_open(run->comm, &config->data, ls_config_target(config), config->precision,
                      &run->data);
}

ls_status ls_run_new(ls_comm *comm, ls_config *config, const ls_mode *mode, int threads,
                     ls_run **out) {
  return ls_run_new_with(comm, config, mode, threads, NULL, out);
}

ls_status ls_run_new_with(ls_comm *comm, ls_config *config, const ls_mode *mode, int threads,
                          ls_data *data, ls_run **out) {
  ls_run *run = ls_mem_must(sizeof *run); /* the first agreement is that on the data */
  *out = run;
  ls_flush_denormals(); /* before the team's threads, which inherit it */
  run->comm = comm;
  run->config = config;
  run->mode = mode;
  run->state = ls_state_fresh;
  run->grad_norm = (double)NAN;
  LS_TRY(open_data(run, data));
  config->data.csv.separator = ls_data_separator(run->data);
  LS_TRY(check_splits(run));
  note_classes(run);
  LS_TRY(ls_run_agree(run)); /* before anything whose size depends on the config */
  LS_TRY(settle_batch(run));
  ls_comm_at(comm, "building the network");
  LS_TRY(ls_comm_agree(comm, build_model_and_team(run, threads)));
  LS_TRY(ls_products_agree(run));
  LS_TRY(open_exchange(run));
  LS_TRY(defer_gradients(run));
  LS_TRY(ls_comm_agree(comm, build_rest(run)));
  if (run->mode->open) LS_TRY(run->mode->open(run));
  first_weights(run);
  return LS_OK;
}

void ls_run_free(ls_run **out) {
  ls_run *run = *out;
  if (!run) return;
  if (run->mode && run->mode->close) run->mode->close(run);
  ls_beside_free(run);
  ls_accumulate_free(run);
  ls_update_free(&run->update);
  ls_exchange_free(&run->exchange);
  ls_loader_free(&run->loader);
  ls_model_free(&run->model);
  ls_comm_shared_free(run->comm, &run->common);
  if (!run->lent) ls_data_close(run->comm, &run->data);
  ls_team_free(&run->team);
  LS_FREE(run->layer_at);
  LS_FREE(run->running);
  LS_FREE(run->slice_stats);
  LS_FREE(run->seen_of);
  ls_trace_free(&run->trace);
  if (run->from) ls_config_free(&run->config);
  ls_checkpoint_free(&run->from);
  LS_FREE(*out);
}

ls_task ls_run_task(const ls_run *run) { return ls_loss_task(run->config->loss); }
