/* check.c - anyone can compute a digest, and a file whose fields contradict each other is no run's:
 * nothing in it is used. Every rule that holds between the fields of a file that lockstep has
 * written stands here, and is asked whenever one is read. Begin with check_all. */
#include "checkpoint/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "checkpoint/beside.h"
#include "optim/lbfgs.h"

static const int64_t most_steps = INT64_C(1) << 53, most_samples = INT64_C(1) << 62;

typedef struct {
  const char *name; /* of the file, for messages */
  const ls_checkpoint *c;
  const ls_config *config; /* the one in the file */
} checked;

/* A rule. field: the one that breaks it; why: what it contradicts, and how. */
static ls_status must(const checked *k, bool holds, const char *field, const char *why) {
  return holds ? LS_OK : ls_fail(LS_EDATA, "'%s': %s contradicts %s", k->name, field, why);
}

static ls_status must_lie(const checked *k, int64_t value, int64_t lo, int64_t hi,
                          const char *field) {
  if (value >= lo && value <= hi) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': %s is %jd, and cannot be but from %jd to %jd", k->name, field,
                 value, lo, hi);
}

/* ---- the state ---- */

/* bad: where it is kept how often it did not get better. */
static ls_status check_watch(const checked *k, const ls_watch *watch, const char *bad) {
  LS_TRY(must_lie(k, watch->bad, 0, k->c->state.global_step, bad));
  return must(k, !isnan(watch->value) || watch->bad == 0, bad,
              "itself: there is no value yet that others could be worse than");
}

static ls_status check_counts(const checked *k) {
  const ls_state *s = &k->c->state;
  LS_TRY(must_lie(k, s->global_step, 0, most_steps, "/meta/global_step"));
  LS_TRY(must_lie(k, s->t, 0, s->global_step, "/optim/t"));
  LS_TRY(must_lie(k, s->epoch, 0, s->global_step, "/meta/epoch"));
  LS_TRY(must_lie(k, s->samples_seen, s->global_step, most_samples, "/meta/samples_seen"));
  LS_TRY(must_lie(k, s->epoch_samples, 0, s->samples_seen, "/train/epoch_samples"));
  LS_TRY(must_lie(k, s->nonfinite_total, 0, s->global_step - s->t, "/train/nonfinite_total"));
  LS_TRY(must_lie(k, s->nonfinite_row, 0, s->nonfinite_total, "/train/nonfinite_row"));
  LS_TRY(must_lie(k, s->rollbacks, 0, s->nonfinite_total, "/train/rollbacks"));
  LS_TRY(must_lie(k, s->best_step, 0, s->global_step, "/train/best_step"));
  LS_TRY(must(k, !isnan(s->best_value) || s->best_step == 0, "/train/best_value",
              "/train/best_step: there is none yet"));
  LS_TRY(check_watch(k, &s->early, "/train/early_bad"));
  LS_TRY(check_watch(k, &s->plateau, "/optional/train/plateau_bad"));
  LS_TRY(must_lie(k, s->plateau_rest, 0, most_steps, "/optional/train/plateau_rest"));
  LS_TRY(must_lie(k, s->plateau_cuts, 0, s->global_step, "/optional/train/plateau_cuts"));
  /* Going back to a checkpoint takes updates away, and nothing else does. */
  return must(k, s->rollbacks > 0 || s->t + s->nonfinite_total == s->global_step, "/optim/t",
              "/meta/global_step: updates made and skipped are not all");
}

static ls_status check_columns(const checked *k) {
  const ls_trained *t = &k->c->trained;
  for (int y = 0; y < 2; y++)
    for (int64_t i = 0; i < t->n[y]; i++)
      LS_TRY(must_lie(k, t->at[y][i], 0, t->name.count - 1,
                      y ? "/data/y_columns" : "/data/x_columns"));
  return must(k, t->n[1] == k->c->outputs || t->n[1] == (t->name.count > 0), "/data/y_columns",
              "/data/outputs: there is one column for each, or for the class");
}

/* What /data/samples says of a file is one of its tables' rows, and earlier epochs may have been of
 * other data (a resume that allows it): neither bounds the samples seen. */
static ls_status check_data(const checked *k) {
  const ls_checkpoint *c = k->c;
  LS_TRY(must_lie(k, c->batch, 1, most_samples, "/data/batch"));
  LS_TRY(must_lie(k, c->slices, 1, LS_SLICES_MAX, "/data/slices"));
  for (int64_t i = 0; i < c->files; i++) {
    LS_TRY(must_lie(k, c->file[i].bytes, 0, INT64_MAX, "/data/bytes"));
    LS_TRY(must_lie(k, c->file[i].samples, 0, most_samples, "/data/samples"));
  }
  return check_columns(k);
}

/* The present epoch has had whole minibatches only. */
static ls_status check_begin(const checked *k) {
  const ls_state *s = &k->c->state;
  int64_t steps, samples;
  if (k->c->minor < 1) return LS_OK;
  LS_TRY(must_lie(k, s->begin_sample, 0, s->epoch > 0 ? s->samples_seen : 0, "/data/begin_sample"));
  bool whole = s->begin_step <= s->global_step &&
               !__builtin_sub_overflow(s->global_step, s->begin_step, &steps) &&
               !__builtin_mul_overflow(steps, k->c->batch, &samples) &&
               samples == s->samples_seen - s->begin_sample;
  return must(k, whole, "/data/begin_step",
              "/meta/global_step, samples_seen and /data/batch: the epoch's updates and samples");
}

static ls_status check_sums(const checked *k) {
  static const char *const column[LS_STATS_N] = {"loss", "correct", "absolute error",
                                                 "squared error"};
  const double most = (double)k->c->state.epoch_samples;
  double correct = 0;
  for (int i = 0; i < k->c->slices; i++) {
    const double *sum = (const double *)&k->c->slice_sums[i];
    for (int j = 0; j < LS_STATS_N; j++) {
      bool possible = !isnan(sum[j]) && (j == 0 || sum[j] >= 0) && (most > 0 || sum[j] == 0);
      if (!possible)
        return ls_fail(LS_EDATA,
                       "'%s': /train/sums contradicts /train/epoch_samples: slice %d cannot have a "
                       "sum of %s of %g over %g samples",
                       k->name, i, column[j], sum[j], most);
    }
    correct += k->c->slice_sums[i].correct;
  }
  return must(k, correct <= most * (1 + 1e-9), "/train/sums",
              "/train/epoch_samples: more are right than there are");
}

/* ---- the config, and what it determines ---- */

static ls_status check_training(const checked *k) {
  const ls_config *config = k->config;
  const ls_checkpoint *c = k->c;
  char run_id[LS_RUN_ID];
  LS_TRY(must(k, c->precision == config->precision, "/numerics/precision",
              "/config/text: it is not train.precision"));
  LS_TRY(must(k, c->seed == config->seed, "/data/seed", "/config/text: it is not seed"));
  LS_TRY(must(k, config->batch == 0 || c->batch <= config->batch, "/data/batch",
              "/config/text: it is more than train.batch"));
  int64_t slices = config->slices < 0 ? ls_config_default_slices(c->batch) : config->slices;
  LS_TRY(must(k, slices == 0 || slices == c->slices, "/data/slices",
              "/config/text: it is not train.slices"));
  ls_run_id(c, run_id);
  return must(k, !strcmp(run_id, c->run_id), "/meta/run_id",
              "/config/text and /data/digest: it is not theirs");
}

static ls_status check_model(const checked *k) {
  const ls_config *config = k->config;
  ls_model *model;
  int tensors;
  const ls_loss_spec loss = ls_config_loss(config);
  ls_status status = ls_model_new(config->layer, config->layers, &loss, k->c->inputs, k->c->outputs,
                                  (int)k->c->slices, k->c->precision, &model);
  if (status == LS_FAIL) return status; /* no memory says nothing of the file */
  if (status != LS_OK)
    return ls_fail_prefix(LS_EDATA,
                          "'%s': /data/inputs, outputs or slices contradict the model of "
                          "/config/text",
                          k->name);
  const ls_tensor *want = ls_model_tensors(model, &tensors);
  status = ls_tensors_check(k->name, k->c, "the model of /config/text", want, tensors);
  ls_model_free(&model);
  return status;
}

/* The last slots are what is kept beside the weights. *slots: how many come before. */
static bool ends_with_beside(const checked *k, int64_t *slots) {
  bool same = true;
  *slots = k->c->slots;
  for (int b = LS_BESIDES - 1; same && b >= 0; b--)
    if (ls_beside_kept(k->config, (ls_beside)b)) {
      same = *slots > 0 && !strcmp(k->c->slot_name[*slots - 1], ls_beside_names[b]);
      *slots -= same;
    }
  return same;
}

/* The slots of a plug-in are known to it alone. */
static ls_status check_slots(const checked *k) {
  const ls_optim_spec *optimizer = &k->config->optimizer;
  const ls_optim_ops *ops = optimizer->ops;
  int64_t all, slots = 0;
  bool same = ends_with_beside(k, &all);
  unsigned used = optimizer->file ? 0 : ls_optim_slots(ops, optimizer->hyper);
  for (int s = 0; same && s < ops->slots; s++)
    if (used >> s & 1) {
      same = slots < all && !strcmp(k->c->slot_name[slots], ops->slot_name[s]);
      slots++;
    }
  const ls_optim_spec *lbfgs = ls_config_lbfgs(k->config);
  const int pairs = lbfgs ? (int)lbfgs->hyper[LS_LBFGS_PAIRS] : 0;
  if (same && optimizer->file) slots = all - 2 * pairs; /* what comes before them is its own */
  same = same && slots >= 0;
  for (int v = 0; same && v < 2 * pairs; v++) {
    char name[LS_PAIR_NAME];
    ls_lbfgs_name(pairs, v, name);
    same = slots < all && !strcmp(k->c->slot_name[slots], name);
    slots++;
  }
  return must(k, same && slots == all, "/optim/slots",
              "/config/text: they are not its optimizer's, and what is kept beside the weights");
}

/* Best weights took the place of the last ones. */
static ls_status check_restored(const checked *k) {
  const ls_state *s = &k->c->state;
  const bool could = s->best_step > 0 && ls_beside_kept(k->config, LS_BESIDE_BEST);
  return must(k, s->restored == 0 || (s->restored == 1 && could), "/optional/train/restored",
              "/train/best_step, or train.restore_best in /config/text");
}

static bool is_scaling(const ls_affine *a) {
  bool good = true;
  for (int64_t i = 0; i < a->n; i++)
    good = good && isfinite(a->shift[i]) && isfinite(a->divisor[i]) && a->divisor[i] > 0;
  for (int64_t i = 0; i < a->logs; i++) good = good && (a->log[i] == 0 || a->log[i] == 1);
  return good && (a->logs == 0 || a->logs == a->n);
}

/* Where the config names columns it takes the data to know which. */
static ls_status check_scaling(const checked *k) {
  const ls_checkpoint *c = k->c;
  const ls_scale_spec *scale = &k->config->data.scale;
  const ls_scale_kind all = scale->all.kind;
  const bool named = scale->columns.count > 0,
             targets = named || (all != LS_SCALE_NONE && all != LS_SCALE_DIVIDE);
  LS_TRY(must(k, named || (c->x_affine.n > 0) == (all != LS_SCALE_NONE), "/data/x_shift",
              "/config/text: data.scale says whether it is there"));
  LS_TRY(must(k, c->y_affine.n == 0 || targets, "/data/y_shift",
              "/config/text: data.scale does not scale targets"));
  LS_TRY(must(k, (c->x_mean.n > 0) == (k->config->data.missing.x_how == LS_MISSING_MEAN),
              "/data/x_mean", "/config/text: data.missing says whether it is there"));
  LS_TRY(must(k, is_scaling(&c->x_affine), "/data/x_divisor",
              "itself: shifts are numbers, divisors more than 0, and logs 0 or 1"));
  return must(k, is_scaling(&c->y_affine), "/data/y_divisor",
              "itself: shifts are numbers, divisors more than 0, and logs 0 or 1");
}

/* Weights that are not finite are never saved. */
static ls_status check_weights(const checked *k) {
  const ls_checkpoint *c = k->c;
  bool finite = true;
  for (int64_t i = 0; finite && i < c->parameters; i++)
    finite = isfinite(ls_dtype_get(c->precision, c->weights, i));
  return must(k, finite, "/model", "itself: weights that are not finite are never saved");
}

static ls_status check_all(const checked *k) {
  LS_TRY(check_counts(k));
  LS_TRY(check_data(k));
  LS_TRY(check_begin(k));
  LS_TRY(check_sums(k));
  LS_TRY(check_training(k));
  LS_TRY(check_model(k));
  LS_TRY(check_slots(k));
  LS_TRY(check_restored(k));
  LS_TRY(check_scaling(k));
  return check_weights(k);
}

ls_status ls_checkpoint_check(const char *name, const ls_checkpoint *c) {
  ls_config *config;
  /* A newer lockstep may have written it, with keys of its own: not damaged, but not read. */
  ls_status status =
      ls_config_parse(name, c->config_text, strlen(c->config_text), NULL, 0, &config);
  if (status == LS_FAIL) return status;
  if (status != LS_OK)
    return ls_fail_prefix(LS_EIO, "'%s': /config/text cannot be read as a config", name);
  checked k = {name, c, config};
  status = check_all(&k);
  ls_config_free(&config);
  return status;
}
