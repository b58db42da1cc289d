#include "train/figures.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static bool any_outcome(const ls_config *config) {
  return ls_config_wants(config, LS_METRIC_F1) || ls_config_wants(config, LS_METRIC_F1_MICRO) ||
         ls_config_wants(config, LS_METRIC_BALANCED_ACCURACY) ||
         ls_config_wants(config, LS_METRIC_PER_CLASS);
}

ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out) {
  *out = (ls_figures){.outputs = outputs};
  if (ls_config_wants(config, LS_METRIC_TOP_K)) out->k = config->top_k;
  if (out->k > outputs)
    return ls_fail(LS_ECONFIG, "eval.top_k is %lld, and there are %lld classes", (long long)out->k,
                   (long long)outputs);
  out->by_class = ls_config_wants(config, LS_METRIC_PER_CLASS);
  if (any_outcome(config)) LS_NEW(out->outcome, outputs);
  if (ls_config_wants(config, LS_METRIC_PER_TARGET)) LS_NEW(out->target, outputs);
  return LS_OK;
}

void ls_figures_free(ls_figures *figures) {
  LS_FREE(figures->outcome);
  LS_FREE(figures->confusion);
  LS_FREE(figures->target);
}

/* ---- counts: whole numbers, so that the order of adding them does not matter ---- */

void ls_figures_clear(ls_figures *f) {
  const size_t n = (size_t)f->outputs;
  if (f->outcome) memset(f->outcome, 0, n * sizeof *f->outcome);
  if (f->confusion) memset(f->confusion, 0, n * n * sizeof *f->confusion);
}

void ls_figures_sum(ls_figures *f, ls_comm *comm) {
  const int64_t n = f->outputs, each = sizeof *f->outcome / sizeof(double);
  if (f->outcome) ls_comm_sum(comm, (double *)f->outcome, n * each);
  if (f->confusion) ls_comm_sum(comm, f->confusion, n * n);
}

void ls_figures_count(ls_figures *f, int64_t label, int64_t taken) {
  if (f->confusion && taken >= 0) f->confusion[label * f->outputs + taken]++;
  if (!f->outcome) return;
  if (label == taken) {
    f->outcome[label].found++;
    return;
  }
  f->outcome[label].missed++;
  if (taken >= 0) f->outcome[taken].mistaken++;
}

void ls_figures_count_yes(ls_figures *f, int64_t output, bool is, bool taken) {
  ls_outcome *o = &f->outcome[output];
  o->found += is && taken;
  o->missed += is && !taken;
  o->mistaken += !is && taken;
}

/* ---- what they come to ---- */

static double share(double part, double rest) {
  return part + rest > 0 ? part / (part + rest) : (double)NAN;
}

double ls_precision_of(const ls_outcome *o) { return share(o->found, o->mistaken); }
double ls_recall_of(const ls_outcome *o) { return share(o->found, o->missed); }
double ls_f1_of(const ls_outcome *o) { return share(2 * o->found, o->missed + o->mistaken); }

/* A mean of what is known. */
typedef struct {
  double sum, n;
} mean;
static void take(mean *m, double value) {
  if (isnan(value)) return;
  m->sum += value;
  m->n++;
}
static double mean_of(const mean *m) { return m->n > 0 ? m->sum / m->n : (double)NAN; }

double ls_f1_macro(const ls_figures *f) {
  mean m = {0};
  for (int64_t c = 0; c < f->outputs; c++) take(&m, ls_f1_of(&f->outcome[c]));
  return mean_of(&m);
}

double ls_f1_micro(const ls_figures *f) {
  ls_outcome all = {0};
  for (int64_t c = 0; c < f->outputs; c++) {
    all.found += f->outcome[c].found;
    all.missed += f->outcome[c].missed;
    all.mistaken += f->outcome[c].mistaken;
  }
  return ls_f1_of(&all);
}

double ls_balanced_accuracy(const ls_figures *f, bool classes, double samples) {
  mean m = {0};
  for (int64_t c = 0; c < f->outputs; c++) {
    const ls_outcome *o = &f->outcome[c];
    const double no = samples - o->found - o->missed;
    take(&m, ls_recall_of(o));
    if (!classes) take(&m, share(no - o->mistaken, o->mistaken));
  }
  return mean_of(&m);
}
