/* trainer.c - training in another program (lockstep/lockstep.h): the run of the command line, whose
 * samples come from the program's memory (data/given.c) by way of train/deal.h. Each function of
 * the library packs its arguments into a struct (question, loop) and has visit.h call one that
 * works on it: begin with build and step. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "api/net.h"
#include "api/visit.h"
#include "base/mem.h"
#include "base/path.h"
#include "checkpoint/bcast.h"
#include "checkpoint/weights.h"
#include "comm/library.h"
#include "io/regular.h"
#include "train/beside.h"
#include "train/deal.h"

struct lockstep_trainer {
  lockstep_trainer_options given;
  ls_log_sink sink;
  ls_train_options options;
  ls_statistics statistics; /* arrays are the caller's, while the trainer is made */
  ls_trainer t;
  ls_deal *deal;
  int64_t *first;    /* (ranks + 1) whose samples are whose */
  int64_t loss_step; /* global_step of which `loss` is */
  double loss;
};

/* ---- up and down ---- */

static void pass_on(void *arg, ls_log_level level, const char *line) {
  const lockstep_trainer *t = arg;
  t->given.message(t->given.arg, (int)level, line);
}

static const char *const data_differ[] = {"data", NULL};

/* What the caller's struct has, which may be of an older or a newer header. */
static void take_options(lockstep_trainer *t, const lockstep_trainer_options *options) {
  t->given = (lockstep_trainer_options)LOCKSTEP_TRAINER_OPTIONS;
  if (options)
    memcpy(&t->given, options,
           options->size < sizeof t->given ? (size_t)options->size : sizeof t->given);
  t->options = (ls_train_options){.threads = t->given.threads > 0 ? (int)t->given.threads : 1,
                                  .progress = "none",
                                  .resume = t->given.resume ? LS_RESUME_FILE : LS_RESUME_NO,
                                  .resume_file = t->given.resume,
                                  .allow = data_differ};
  t->sink = (ls_log_sink){.rank = ls_comm_rank(t->t.comm),
                          .level = LS_LOG_INFO,
                          .write = t->given.message ? pass_on : NULL,
                          .arg = t};
  ls_log_divert(&t->sink);
}

/* Rank 0's word counts. */
static ls_status read_config(ls_comm *comm, const char *config, ls_config **out) {
  const bool text = strchr(config, '\n') != NULL, root = ls_comm_rank(comm) == 0;
  void *data = NULL;
  size_t bytes = 0;
  ls_status status = LS_OK;
  if (root && text) {
    data = ls_mem_text(config);
    bytes = strlen(config);
  } else if (root) {
    status = ls_file_read(config, (char **)&data, &bytes, SIZE_MAX / 8);
    if (status != LS_OK)
      status = ls_fail(status == LS_FAIL ? LS_FAIL : LS_ECONFIG, "%s%s", ls_error_text(),
                       strchr(config, ':') ? " (YAML text has a line end in it; without one this "
                                             "was taken for a file's name)"
                                           : "");
  }
  status = ls_comm_bcast_block(comm, status, &data, &bytes, 0);
  if (status == LS_OK)
    status = ls_comm_agree(
        comm, ls_config_parse(text ? "the config" : config, data, bytes, NULL, 0, out));
  LS_FREE(data);
  if (status == LS_OK && ((*out)->optimizer.file || (*out)->schedule.file || (*out)->loss_file))
    return ls_fail(LS_ECONFIG, "plug-ins are for the command line: a guest loads none");
  if (status == LS_OK && (*out)->gemm == LS_GEMM_BLAS)
    return ls_fail(LS_ECONFIG, "train.gemm: %s", ls_blas_not_for_guests);
  return status;
}

static ls_status check_config(ls_config *config) {
  ls_data_spec *data = &config->data;
  if (strcmp(data->type, "memory") != 0)
    return ls_fail(LS_ECONFIG,
                   "data.type is %s, and a trainer's samples come from this program: it is memory; "
                   "lockstep_train is for files",
                   data->type);
  if (config->nonfinite == LS_NONFINITE_ROLLBACK)
    return ls_fail(LS_ECONFIG,
                   "train.nonfinite: rollback goes back to checkpoints of a run folder, "
                   "and a trainer has none");
  if (data->given_samples == 0) data->given_samples = config->batch;
  if (data->given_samples == 0)
    return ls_fail(LS_ECONFIG, "train.batch: full, of how many samples? data.samples says it");
  data->given = true;
  return LS_OK;
}

/* What the caller knows of the samples goes first, then what the checkpoint does. */
static void take_statistics(lockstep_trainer *t, const ls_checkpoint *from) {
  const lockstep_trainer_options *g = &t->given;
  ls_data_spec *data = &t->t.config->data;
  t->statistics = (ls_statistics){.shift = {g->x_shift, g->y_shift},
                                  .divisor = {g->x_divisor, g->y_divisor},
                                  .x_mean = g->x_mean,
                                  .class_counts = g->class_counts};
  data->statistics = &t->statistics;
  if (from && from->x_mean.n > 0) data->x_mean = &from->x_mean;
  if (!from || !ls_scale_given(&data->scale)) return;
  if (!g->x_shift && from->x_affine.n > 0) data->x_affine = &from->x_affine;
  if (!g->y_shift && from->y_affine.n > 0) data->y_affine = &from->y_affine;
}

/* ---- the whole ---- */

typedef struct {
  int communicator;
  const char *config;
  const lockstep_trainer_options *options;
  lockstep_trainer *made;
} making;

/* Lists have no way to the program; those of targets take all samples on each rank. */
static void keep_numbers(ls_figures *figures) {
  for (int m = LS_NUMBERS; m < LS_METRICS; m++) figures->made[m] = false;
  LS_FREE(figures->target);
}

static ls_status build(lockstep_trainer *t, ls_checkpoint **from) {
  ls_comm *comm = t->t.comm;
  char *path = NULL;
  ls_status status = ls_resume_find(comm, t->t.config, &t->options, "", from, &path);
  LS_FREE(path);
  LS_TRY(status);
  if (t->given.resume) LS_TRY(ls_checkpoint_bcast(comm, from));
  take_statistics(t, *from);
  LS_TRY(ls_trainer_build(&t->t, ls_comm_rank(comm) == 0 ? *from : NULL));
  keep_numbers(&t->t.figures[LS_SPLIT_TEST]);
  ls_data_spec *data = &t->t.config->data; /* what it points to has been copied */
  data->x_affine = data->y_affine = NULL;
  data->x_mean = NULL;
  data->statistics = NULL;
  LS_COMM_NEW(comm, t->first, ls_comm_size(comm) + 1);
  return ls_comm_agree(comm, ls_deal_new(comm, ls_data_features(t->t.run->data),
                                         ls_data_columns(t->t.run->data), &t->deal));
}

static ls_status make(void *arg) {
  making *m = arg;
  ls_checkpoint *from = NULL;
  ls_comm *comm;
  if (!m->config) return ls_fail(LS_EUSAGE, "there is no config");
  LS_TRY(ls_comm_join(m->communicator, &comm));
  ls_status status = ls_comm_new(comm, (void **)&m->made, 1, sizeof *m->made);
  if (status != LS_OK) {
    ls_comm_close(&comm);
    return status;
  }
  lockstep_trainer *t = m->made;
  t->t.comm = comm;
  t->t.options = &t->options;
  t->loss_step = -1;
  take_options(t, m->options);
  LS_TRY(read_config(comm, m->config, &t->t.config));
  LS_TRY(check_config(t->t.config));
  status = build(t, &from);
  ls_checkpoint_free(&from);
  return status;
}

static ls_status free_trainer(void *arg) {
  lockstep_trainer *t = arg;
  ls_deal_free(&t->deal);
  LS_FREE(t->first);
  ls_trainer_close(&t->t);
  ls_config_free(&t->t.config);
  ls_comm_close(&t->t.comm);
  LS_FREE(t);
  return LS_OK;
}

void lockstep_trainer_free(lockstep_trainer *trainer) {
  if (trainer) ls_visit(free_trainer, trainer, NULL, NULL);
}

lockstep_status lockstep_trainer_new_f(int communicator, const char *config,
                                       const lockstep_trainer_options *options,
                                       lockstep_trainer **trainer, lockstep_error *error) {
  making m = {communicator, config, options, NULL};
  const lockstep_status status = ls_visit(make, &m, NULL, error);
  if (status != LOCKSTEP_OK) {
    lockstep_trainer_free(m.made);
    m.made = NULL;
  }
  *trainer = m.made;
  return status;
}

/* The communicator's Fortran handle. MPI itself ends a program that asks for it before MPI runs,
 * after its end, or of another MPI's communicator: then it is not asked, and ls_comm_join refuses.
 */
static int handle_of(MPI_Comm communicator) {
  int begun = 0, over = 0;
  if (!ls_mpi_fits()) return -1;
  MPI_Initialized(&begun);
  MPI_Finalized(&over);
  return begun && !over ? (int)MPI_Comm_c2f(communicator) : -1;
}

lockstep_status lockstep_trainer_new(MPI_Comm communicator, const char *config,
                                     const lockstep_trainer_options *options,
                                     lockstep_trainer **trainer, lockstep_error *error) {
  return lockstep_trainer_new_f(handle_of(communicator), config, options, trainer, error);
}

/* ---- a call of a trainer ---- */

typedef struct {
  const lockstep_trainer *trainer;
  ls_status (*work)(void *arg);
  void *arg;
} visiting;

static ls_status work_on(void *arg) {
  const visiting *v = arg;
  if (!v->trainer) return ls_fail(LS_EUSAGE, "the trainer is NULL");
  LS_TRY(ls_comm_check_guest());
  return v->work(v->arg);
}

static lockstep_status visit(const lockstep_trainer *trainer, ls_status (*work)(void *arg),
                             void *arg, lockstep_error *error) {
  return ls_visit(work_on, &(visiting){trainer, work, arg}, trainer ? &trainer->sink : NULL, error);
}

/* ---- samples ---- */

int64_t lockstep_trainer_inputs(const lockstep_trainer *trainer) {
  return trainer ? ls_data_features(trainer->t.run->data) : 0;
}

int64_t lockstep_trainer_targets(const lockstep_trainer *trainer) {
  return trainer ? ls_data_columns(trainer->t.run->data) : 0;
}

int64_t lockstep_trainer_batch(const lockstep_trainer *trainer) {
  int64_t total;
  if (!trainer) return 0;
  const ls_run *run = trainer->t.run;
  ls_calendar_minibatch(run->calendar, run->state.global_step, &total);
  return total;
}

/* A minibatch is cut into slices, and ranks have whole ones. */
static int64_t first_of_rank(const ls_run *run, int64_t total, int rank) {
  return ls_tree_row(total, run->slices, ls_tree_first(run->slices, ls_comm_size(run->comm), rank));
}

int64_t lockstep_trainer_share(const lockstep_trainer *trainer, int64_t total, int64_t *first) {
  if (!trainer) return 0;
  const ls_run *run = trainer->t.run;
  const int me = ls_comm_rank(run->comm);
  const int64_t begin = first_of_rank(run, total, me);
  if (first) *first = begin;
  return first_of_rank(run, total, me + 1) - begin;
}

typedef struct {
  lockstep_trainer *trainer;
  ls_hand hand;
  lockstep_score *score;
} call;

/* Everyone gets its samples: of a split's `total`, from `begin` on. */
static ls_status deal_out(const call *c, ls_split split, int64_t begin, int64_t total,
                          bool weighted) {
  lockstep_trainer *t = c->trainer;
  const int me = ls_comm_rank(t->t.comm);
  ls_hand mine;
  LS_TRY(ls_deal_out(t->deal, &c->hand, t->first, &mine));
  const ls_given own = {.begin = begin,
                        .total = total,
                        .first = t->first[me],
                        .rows = t->first[me + 1] - t->first[me],
                        .type = mine.type,
                        .x = mine.x,
                        .y = mine.y,
                        .weighted = weighted,
                        .weight = mine.weight};
  return ls_comm_agree(t->t.comm, ls_data_give(t->t.run->data, split, &own));
}

static ls_status step(void *arg) {
  const call *c = arg;
  lockstep_trainer *t = c->trainer;
  ls_run *run = t->t.run;
  int64_t total, want;
  uint32_t flags = 0;
  bool weighted;
  const int64_t begin = ls_calendar_minibatch(run->calendar, run->state.global_step, &want);
  LS_TRY(ls_deal_count(t->deal, &c->hand, &total, &weighted));
  if (total != want)
    return ls_fail(LS_EUSAGE, "the ranks have %jd samples together, and this minibatch has %jd",
                   total, want);
  for (int r = 0; r <= ls_comm_size(run->comm); r++) t->first[r] = first_of_rank(run, total, r);
  LS_TRY(deal_out(c, LS_SPLIT_TRAIN, begin, total, weighted));
  return ls_run_step(run, false, false, &flags);
}

/* ---- scores ---- */

static lockstep_score score_of(const ls_score *s) {
  const double *v = s->value;
  return (lockstep_score){.samples = s->samples,
                          .loss = v[LS_METRIC_LOSS],
                          .accuracy = v[LS_METRIC_ACCURACY],
                          .mae = v[LS_METRIC_MAE],
                          .rmse = v[LS_METRIC_RMSE],
                          .r2 = v[LS_METRIC_R2]};
}

static ls_status evaluate(void *arg) {
  const call *c = arg;
  lockstep_trainer *t = c->trainer;
  const int ranks = ls_comm_size(t->t.comm);
  int64_t total;
  bool weighted;
  ls_score score;
  ls_figures *figures = &t->t.figures[LS_SPLIT_TEST];
  LS_TRY(ls_comm_agree(t->t.comm,
                       c->score ? LS_OK : ls_fail(LS_EUSAGE, "where the score goes is NULL")));
  LS_TRY(ls_deal_count(t->deal, &c->hand, &total, &weighted));
  if (total == 0) return ls_fail(LS_EUSAGE, "there is no sample to evaluate on");
  for (int r = 0; r <= ranks; r++) t->first[r] = ls_eval_first(total, r, ranks);
  LS_TRY(deal_out(c, LS_SPLIT_TEST, 0, total, weighted));
  const bool shown = ls_beside_show(t->t.run);
  ls_status status = ls_evaluate(t->t.run, LS_SPLIT_TEST, &score, figures);
  if (shown) ls_beside_hide(t->t.run);
  LS_TRY(status);
  t->t.score[LS_SPLIT_TEST] = score;
  *c->score = score_of(&score);
  return LS_OK;
}

typedef struct {
  const lockstep_trainer *trainer;
  const char *name;
  double *value;
} asking;

static ls_status tell_metric(void *arg) {
  const asking *a = arg;
  const ls_trainer *t = &a->trainer->t;
  const ls_score *s = &t->score[LS_SPLIT_TEST];
  if (!a->name || !a->value)
    return ls_fail(LS_EUSAGE, "%s is NULL",
                   a->name ? "where the number goes" : "the metric's name");
  const ls_metric m = ls_metric_validates(a->name) ? LS_METRICS : ls_metric_of(a->name);
  if (m >= LS_NUMBERS)
    return ls_fail(LS_EUSAGE, "'%s' is no metric that is one number (lockstep help eval.metrics)",
                   a->name);
  if (s->samples == 0) return ls_fail(LS_EUSAGE, "%s: there was no evaluation yet", a->name);
  if (ls_metric_table[m].made == LS_MADE_WHEN_ASKED && !ls_config_wants(t->config, m))
    return ls_fail(LS_EUSAGE, "%s: the config's eval.metrics does not name it", a->name);
  *a->value = s->value[m];
  return LS_OK;
}

lockstep_status lockstep_trainer_metric(const lockstep_trainer *trainer, const char *name,
                                        double *value, lockstep_error *error) {
  return visit(trainer, tell_metric, &(asking){trainer, name, value}, error);
}

/* ---- calls with samples ---- */

#define WITH_SAMPLES(suffix, real, type)                                                      \
  lockstep_status lockstep_trainer_step_weighted_##suffix(                                    \
      lockstep_trainer *trainer, int64_t rows, const int64_t *number, const real *x,          \
      const real *y, const real *weight, lockstep_error *error) {                             \
    call c = {trainer, {rows, number, type, x, y, weight}, NULL};                             \
    return visit(trainer, step, &c, error);                                                   \
  }                                                                                           \
  lockstep_status lockstep_trainer_step_##suffix(lockstep_trainer *trainer, int64_t rows,     \
                                                 const int64_t *number, const real *x,        \
                                                 const real *y, lockstep_error *error) {      \
    return lockstep_trainer_step_weighted_##suffix(trainer, rows, number, x, y, NULL, error); \
  }                                                                                           \
  lockstep_status lockstep_trainer_evaluate_##suffix(                                         \
      lockstep_trainer *trainer, int64_t rows, const int64_t *number, const real *x,          \
      const real *y, lockstep_score *score, lockstep_error *error) {                          \
    call c = {trainer, {rows, number, type, x, y, NULL}, score};                              \
    return visit(trainer, evaluate, &c, error);                                               \
  }
WITH_SAMPLES(f32, float, LS_F32)
WITH_SAMPLES(f64, double, LS_F64)

/* ---- the state ---- */

/* What is left of the last step goes where a checkpoint's sums are made. */
static void note_loss(lockstep_trainer *t) {
  ls_run *run = t->t.run;
  const int64_t step = run->state.global_step;
  int64_t samples;
  if (t->loss_step == step) return;
  t->loss_step = step;
  t->loss = (double)NAN;
  if (step == t->t.first_step) return; /* no step has been made here */
  ls_calendar_minibatch(run->calendar, step - 1, &samples);
  t->loss = ls_step_loss(run, samples);
}

typedef struct {
  lockstep_trainer *trainer;
  lockstep_state *state;
  const char *path;
  lockstep_net *net;
} question;

static ls_status tell_state(void *arg) {
  const question *q = arg;
  lockstep_trainer *t = q->trainer;
  ls_run *run = t->t.run;
  LS_TRY(ls_comm_agree(t->t.comm,
                       q->state ? LS_OK : ls_fail(LS_EUSAGE, "where the state goes is NULL")));
  note_loss(t);
  *q->state = (lockstep_state){.global_step = run->state.global_step,
                               .updates = run->state.t,
                               .epoch = run->state.epoch,
                               .samples_seen = run->state.samples_seen,
                               .parameters = run->parameters,
                               .rate = run->lr,
                               .loss = t->loss};
  const bool shown = ls_beside_show(run);
  ls_weights_hash(ls_exchange_weights(run->exchange), run->parameters, run->config->precision,
                  q->state->weights_hash);
  if (shown) ls_beside_hide(run);
  return LS_OK;
}

lockstep_status lockstep_trainer_state(lockstep_trainer *trainer, lockstep_state *state,
                                       lockstep_error *error) {
  return visit(trainer, tell_state, &(question){.trainer = trainer, .state = state}, error);
}

static ls_status write_image(ls_image *image, const char *path) {
  char *dir = ls_path_folder(path);
  ls_status status = ls_mem_settle(LS_OK); /* not behind a file that is there */
  if (status == LS_OK) status = ls_image_commit(image, dir, ls_path_name(path));
  LS_FREE(dir);
  return status;
}

static ls_status save(void *arg) {
  const question *q = arg;
  ls_image *image;
  LS_TRY(ls_comm_agree(q->trainer->t.comm,
                       q->path ? LS_OK : ls_fail(LS_EUSAGE, "the file's path is NULL")));
  note_loss(q->trainer);
  ls_status status = ls_snapshot_image(&q->trainer->t, &image);
  if (status == LS_OK)
    status = ls_comm_agree(q->trainer->t.comm, image ? write_image(image, q->path) : LS_OK);
  ls_image_free(&image);
  return status;
}

lockstep_status lockstep_trainer_save(lockstep_trainer *trainer, const char *path,
                                      lockstep_error *error) {
  return visit(trainer, save, &(question){.trainer = trainer, .path = path}, error);
}

static ls_status open_image(ls_comm *comm, ls_image *image, lockstep_net **net) {
  const void *data = image ? ls_image_seal(image) : NULL;
  void *bytes = (void *)(uintptr_t)data;
  size_t count = image ? ls_image_bytes(image) : 0;
  LS_TRY(ls_comm_bcast_block(comm, LS_OK, &bytes, &count, 0));
  ls_status status = ls_api_net_open("the trainer's state", bytes, count, net);
  if (!image) LS_FREE(bytes);
  return ls_comm_agree(comm, status);
}

static ls_status make_net(void *arg) {
  question *q = arg;
  ls_image *image;
  note_loss(q->trainer);
  ls_status status = ls_snapshot_image(&q->trainer->t, &image);
  if (status == LS_OK) status = open_image(q->trainer->t.comm, image, &q->net);
  ls_image_free(&image);
  return status;
}

lockstep_status lockstep_trainer_net(lockstep_trainer *trainer, lockstep_net **net,
                                     lockstep_error *error) {
  question q = {.trainer = trainer};
  const lockstep_status status = visit(trainer, make_net, &q, error);
  if (status != LOCKSTEP_OK) {
    lockstep_net_free(q.net);
    q.net = NULL;
  }
  *net = q.net;
  return status;
}

/* ---- the whole loop ---- */

typedef struct {
  int communicator;
  const char *config, *dir;
  int resume;
  const lockstep_trainer_options *options;
  lockstep_state *state;
} loop;

static ls_status run_loop(const loop *l, lockstep_trainer *t) {
  ls_train_result result;
  LS_TRY(read_config(t->t.comm, l->config, &t->t.config));
  if (t->t.config->data.stream)
    return ls_fail(LS_ECONFIG,
                   "data.load: stream is for the command line: a file that fails in the "
                   "middle of a run ends the job");
  t->t.config->save_async = false; /* a thread of its own could not come back for want of memory */
  t->options.dir = l->dir;
  t->options.resume = l->resume ? LS_RESUME_AUTO : LS_RESUME_NO;
  const ls_status status = ls_train(t->t.comm, t->t.config, &t->options, &result);
  lockstep_state state = {.global_step = result.global_step,
                          .updates = result.updates,
                          .epoch = result.epoch,
                          .samples_seen = result.samples_seen,
                          .parameters = result.parameters,
                          .rate = result.rate,
                          .loss = result.loss};
  memcpy(state.weights_hash, result.weights_hash, sizeof state.weights_hash);
  ls_comm_bcast(t->t.comm, &state, sizeof state, 0);
  if (l->state) *l->state = state;
  LS_FREE(result.dir);
  json_decref(result.understood);
  return status;
}

static ls_status train(void *arg) {
  const loop *l = arg;
  lockstep_trainer t = {0};
  if (!l->config || !l->dir) return ls_fail(LS_EUSAGE, "a config and a folder are needed");
  LS_TRY(ls_comm_join(l->communicator, &t.t.comm));
  take_options(&t, l->options);
  const ls_status status = run_loop(l, &t);
  ls_config_free(&t.t.config);
  ls_comm_close(&t.t.comm);
  return status;
}

lockstep_status lockstep_train_f(int communicator, const char *config, const char *dir, int resume,
                                 const lockstep_trainer_options *options, lockstep_state *state,
                                 lockstep_error *error) {
  loop l = {communicator, config, dir, resume, options, state};
  return ls_visit(train, &l, NULL, error);
}

lockstep_status lockstep_train(MPI_Comm communicator, const char *config, const char *dir,
                               int resume, const lockstep_trainer_options *options,
                               lockstep_state *state, lockstep_error *error) {
  return lockstep_train_f(handle_of(communicator), config, dir, resume, options, state, error);
}
