/* figures.c - counts are whole numbers, added in any order; all else is sums a block, added in
 * tree order, but for what takes ranks (ranking.c). A sample is taken by its class (take_class)
 * or output by output (take_yes). Begin with ls_figures_take, then ls_figures_make. */
#include "train/figures.h"

#include <math.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "base/tree.h"
#include "train/ranking.h"

/* Sums over a block. */
typedef struct ls_figure_sums {
  double in_top;       /* samples whose class is among the k best */
  double brier;        /* of squared differences of probabilities and what was so */
  ls_bin bin[LS_BINS]; /* sums, not yet means */
} figure_sums;
enum { SUMS = sizeof(figure_sums) / sizeof(double) };

static bool any_outcome(const ls_figures *f) {
  return f->made[LS_METRIC_F1] || f->made[LS_METRIC_F1_MICRO] ||
         f->made[LS_METRIC_BALANCED_ACCURACY] || f->made[LS_METRIC_PER_CLASS];
}
static bool any_ranking(const ls_figures *f) {
  return f->made[LS_METRIC_AUC] || f->made[LS_METRIC_AVERAGE_PRECISION];
}
static bool any_sum(const ls_figures *f) {
  return f->made[LS_METRIC_TOP_K] || f->made[LS_METRIC_BRIER] || f->made[LS_METRIC_RELIABILITY];
}

ls_status ls_figures_new(const ls_config *config, int64_t outputs, ls_figures *out) {
  *out = (ls_figures){.outputs = outputs, .k = config->top_k};
  for (ls_metric m = 0; m < LS_METRICS; m++) out->made[m] = ls_config_wants(config, m);
  if (out->made[LS_METRIC_TOP_K] && out->k > outputs)
    return ls_fail(LS_ECONFIG, "eval.top_k is %jd, and there are %jd classes", out->k, outputs);
  if (any_outcome(out)) LS_NEW(out->outcome, outputs);
  if (any_ranking(out)) LS_NEW(out->auc, outputs);
  if (any_ranking(out)) LS_NEW(out->average_precision, outputs);
  if (out->made[LS_METRIC_PER_TARGET]) LS_NEW(out->target, outputs);
  return LS_OK;
}

void ls_figures_free(ls_figures *f) {
  LS_FREE(f->outcome);
  LS_FREE(f->confusion);
  LS_FREE(f->auc);
  LS_FREE(f->average_precision);
  LS_FREE(f->target);
}

ls_status ls_figures_begin(ls_figures *f, int64_t rows, int64_t blocks, int64_t first,
                           int64_t own) {
  const size_t n = (size_t)f->outputs;
  f->blocks = blocks;
  if (f->outcome) memset(f->outcome, 0, n * sizeof *f->outcome);
  if (f->confusion) memset(f->confusion, 0, n * n * sizeof *f->confusion);
  if (any_sum(f)) LS_NEW(f->block, blocks);
  return any_ranking(f) ? ls_ranking_new(rows, first, own, f->outputs, &f->ranking) : LS_OK;
}

void ls_figures_end(ls_figures *f) {
  LS_FREE(f->block);
  ls_ranking_free(&f->ranking);
}

/* ---- a block ---- */

static double z_of(const ls_answers *a, int64_t r, int64_t c) {
  return ls_dtype_get(a->type, a->z, r * a->ld + c) - (a->norm ? a->norm[c] : 0);
}
static double p_of(const ls_answers *a, int64_t r, int64_t c) {
  return a->p ? ls_dtype_get(a->type, a->p, r * a->ld + c) : ls_exponential(z_of(a, r, c));
}
/* 1 or 0; of soft targets something between. */
static double target_of(const ls_figures *f, const ls_answers *a, int64_t r, int64_t c) {
  return a->targets ? ls_dtype_get(a->type, a->targets, r * f->outputs + c) : a->labels[r] == c;
}
static bool is_of(const ls_figures *f, const ls_answers *a, int64_t r, int64_t c) {
  return a->labels ? a->labels[r] == c : target_of(f, a, r, c) > 0.5;
}

/* In whole numbers, so that the order of adding them does not matter. taken -1: for none, since it
 * has no numbers. */
static void count_class(ls_figures *f, int64_t label, int64_t taken) {
  if (f->confusion && taken >= 0) f->confusion[label * f->outputs + taken]++;
  if (!f->outcome) return;
  f->outcome[label].found += label == taken;
  f->outcome[label].missed += label != taken;
  if (taken >= 0) f->outcome[taken].mistaken += label != taken;
}

static void count_yes(ls_figures *f, const ls_answers *a, int64_t r) {
  for (int64_t c = 0; f->outcome && c < f->outputs; c++) {
    const bool is = is_of(f, a, r, c), taken = z_of(a, r, c) > 0;
    f->outcome[c].found += is && taken;
    f->outcome[c].missed += is && !taken;
    f->outcome[c].mistaken += !is && taken;
  }
}

/* Probabilities within (0, 0.1], (0.1, 0.2], ...; 0 is in the first. */
static void put_in_bin(figure_sums *sums, double p, double is) {
  if (isnan(p)) return;
  const int i = (int)ceil(p * LS_BINS) - 1;
  ls_bin *bin = &sums->bin[i < 0 ? 0 : i];
  bin->count++;
  bin->p += p;
  bin->fraction += is;
}

/* The largest number's, of equal ones the first; -1 where there are none. *ahead: how many are
 * before the sample's own; of one without numbers, all. */
static int64_t class_of(const ls_figures *f, const ls_answers *a, int64_t r, int64_t *ahead) {
  const int64_t label = a->labels[r];
  const double own = z_of(a, r, label);
  double most = -INFINITY;
  int64_t best = -1, before = 0;
  for (int64_t c = 0; c < f->outputs; c++) {
    const double z = z_of(a, r, c);
    before += z > own || (z == own && c < label);
    if (!(z > most)) continue;
    most = z;
    best = c;
  }
  *ahead = own == own ? before : f->outputs;
  return best;
}

static void take_class(ls_figures *f, const ls_answers *a, int64_t r, figure_sums *sums) {
  int64_t ahead;
  const int64_t taken = class_of(f, a, r, &ahead);
  count_class(f, a->labels[r], taken);
  if (sums) sums->in_top += ahead < f->k;
  if (f->made[LS_METRIC_RELIABILITY] && taken >= 0)
    put_in_bin(sums, p_of(a, r, taken), taken == a->labels[r]);
}

static void take_yes(ls_figures *f, const ls_answers *a, int64_t r, figure_sums *sums) {
  count_yes(f, a, r);
  for (int64_t c = 0; f->made[LS_METRIC_RELIABILITY] && c < f->outputs; c++)
    put_in_bin(sums, p_of(a, r, c), target_of(f, a, r, c));
}

/* Brier 1950: the sum over the classes; over outputs of yes and no the mean. */
static double brier_of(const ls_figures *f, const ls_answers *a, int64_t r) {
  double sum = 0;
  for (int64_t c = 0; c < f->outputs; c++) {
    const double e = p_of(a, r, c) - target_of(f, a, r, c);
    sum += e * e;
  }
  return a->labels ? sum : sum / (double)f->outputs;
}

void ls_figures_take(ls_figures *f, const ls_answers *a) {
  figure_sums *sums = f->block ? &f->block[a->block] : NULL;
  for (int64_t r = 0; r < a->rows; r++) {
    if (a->labels)
      take_class(f, a, r, sums);
    else
      take_yes(f, a, r, sums);
    if (f->made[LS_METRIC_BRIER]) sums->brier += brier_of(f, a, r);
    for (int64_t c = 0; f->ranking && c < f->outputs; c++)
      ls_ranking_put(f->ranking, a->first + r, c, p_of(a, r, c), is_of(f, a, r, c));
  }
}

/* ---- what they come to ---- */

static double fraction(double part, double rest) {
  return part + rest > 0 ? part / (part + rest) : (double)NAN;
}

double ls_precision_of(const ls_outcome *o) { return fraction(o->found, o->mistaken); }
double ls_recall_of(const ls_outcome *o) { return fraction(o->found, o->missed); }
double ls_f1_of(const ls_outcome *o) { return fraction(2 * o->found, o->missed + o->mistaken); }

/* A mean of what is known. */
typedef struct {
  double sum, n;
} mean;
static void add(mean *m, double value) {
  if (isnan(value)) return;
  m->sum += value;
  m->n++;
}
static double mean_of(mean m) { return m.n > 0 ? m.sum / m.n : (double)NAN; }

static double mean_of_all(const double *value, int64_t n) {
  mean m = {0};
  for (int64_t c = 0; c < n; c++) add(&m, value[c]);
  return mean_of(m);
}

/* f1, f1_micro and balanced_accuracy. */
static void make_outcomes(const ls_figures *f, int64_t rows, bool classes, double *value) {
  mean f1 = {0}, recall = {0};
  ls_outcome all = {0};
  for (int64_t c = 0; c < f->outputs; c++) {
    const ls_outcome *o = &f->outcome[c];
    const double no = (double)rows - o->found - o->missed;
    add(&f1, ls_f1_of(o));
    add(&recall, ls_recall_of(o));
    if (!classes) add(&recall, fraction(no - o->mistaken, o->mistaken));
    all.found += o->found;
    all.missed += o->missed;
    all.mistaken += o->mistaken;
  }
  value[LS_METRIC_F1] = mean_of(f1);
  value[LS_METRIC_F1_MICRO] = ls_f1_of(&all);
  value[LS_METRIC_BALANCED_ACCURACY] = mean_of(recall);
}

static double total(const ls_figures *f, const double *first) {
  return ls_tree_sum(first, f->blocks, SUMS);
}

static void make_bins(ls_figures *f) {
  for (int i = 0; i < LS_BINS; i++) {
    const ls_bin *sum = &f->block->bin[i];
    const double n = total(f, &sum->count);
    const bool any = n > 0;
    f->bin[i] = (ls_bin){n, any ? total(f, &sum->p) / n : (double)NAN,
                         any ? total(f, &sum->fraction) / n : (double)NAN};
  }
}

void ls_figures_make(ls_figures *f, ls_comm *comm, int64_t rows, bool classes, double *value) {
  const int64_t n = f->outputs, each = sizeof *f->outcome / sizeof(double);
  if (f->confusion) ls_comm_sum(comm, f->confusion, n * n);
  if (f->outcome) {
    ls_comm_sum(comm, (double *)f->outcome, n * each);
    make_outcomes(f, rows, classes, value);
  }
  if (f->block) {
    ls_comm_sum(comm, (double *)f->block, f->blocks * SUMS);
    make_bins(f);
    if (f->made[LS_METRIC_TOP_K])
      value[LS_METRIC_TOP_K] = total(f, &f->block->in_top) / (double)rows;
    if (f->made[LS_METRIC_BRIER])
      value[LS_METRIC_BRIER] = total(f, &f->block->brier) / (double)rows;
  }
  if (!f->ranking) return;
  ls_ranking_make(f->ranking, comm, f->auc, f->average_precision);
  value[LS_METRIC_AUC] = mean_of_all(f->auc, n);
  value[LS_METRIC_AVERAGE_PRECISION] = mean_of_all(f->average_precision, n);
}
