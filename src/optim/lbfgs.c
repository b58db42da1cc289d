/* lbfgs.c - the rows of its keys, and a search without a stack: its whole state is the bracket
 * from `low`, the best step so far, to `high`. An answer moves one end, and the cubic through
 * both says the next question. Begin at the bottom: ls_search_answer. */
#include "optim/lbfgs.h"

#include <math.h>
#include <stdio.h>

/* ---- keys ---- */

static const ls_hyper keys[] = {
    [LS_LBFGS_PAIRS] = {.name = "history",
                        .type = LS_HYPER_INT,
                        .value = 10,
                        .min = 1,
                        .max = LS_PAIRS_MAX,
                        .help = "how many of the last steps the curvature is taken from"},
    [LS_LBFGS_C1] = {.name = "c1",
                     .type = LS_HYPER_REAL,
                     .value = 1e-4,
                     .min = 0,
                     .max = 0.5,
                     .open_min = 1,
                     .open_max = 1,
                     .help = "of the decrease that the slope promises, what a step must bring"},
    [LS_LBFGS_C2] = {.name = "c2",
                     .type = LS_HYPER_REAL,
                     .value = 0.9,
                     .min = 0,
                     .max = 1,
                     .open_min = 1,
                     .open_max = 1,
                     .help = "of the slope, what a step may leave, up or down"},
    [LS_LBFGS_EVALUATIONS] = {.name = "evaluations",
                              .type = LS_HYPER_INT,
                              .value = 20,
                              .min = 1,
                              .max = 1000,
                              .help = "how many losses and gradients one line search may take"},
    {0}};

static const char *check(const double *hyper) {
  if (hyper[LS_LBFGS_C1] < hyper[LS_LBFGS_C2]) return NULL;
  return "c1 must be below c2: else there may be no step that fulfils both";
}

const ls_optim_ops ls_optim_lbfgs = {
    .abi = LS_OPTIM_ABI,
    .name = "lbfgs",
    .help = "L-BFGS (Nocedal 1980) with a strong Wolfe line search, for train.batch: full",
    .hyper = keys,
    .check = check};

void ls_lbfgs_name(int pairs, int vector, char out[LS_PAIR_NAME]) {
  snprintf(out, LS_PAIR_NAME, "%c%02d", vector < pairs ? 's' : 'y', vector % pairs % 100);
}

/* ---- the line search ---- */

/* The lowest point of the cubic through two values and slopes; where values say nothing, where the
 * straight line through the slopes is 0. Perhaps not finite. */
static double lowest(const ls_search *s, const ls_probe *a, const ls_probe *b) {
  const double width = b->a - a->a;
  if (fabs(a->f - b->f) <= s->noise) return a->a - a->slope * width / (b->slope - a->slope);
  const double d1 = a->slope + b->slope - 3 * (a->f - b->f) / (a->a - b->a);
  const double square = d1 * d1 - a->slope * b->slope;
  if (!(square >= 0)) return (double)NAN;
  const double d2 = width < 0 ? -sqrt(square) : sqrt(square);
  return b->a - width * ((b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2));
}

/* Between the two, and well away from both: each question cuts a tenth off. */
static double between(const ls_search *s) {
  const double lo = s->low.a, width = s->high.a - lo;
  const double fraction = (lowest(s, &s->low, &s->high) - lo) / width;
  if (!isfinite(s->high.f) || !isfinite(s->high.slope) || !isfinite(fraction))
    return lo + width / 2;
  return lo + width * fmin(fmax(fraction, 0.1), 0.9);
}

/* Beyond the furthest, where it still goes down: at least twice as far, at most ten times. */
static double beyond(const ls_search *s, const ls_probe *before) {
  const double far = lowest(s, before, &s->low);
  return isfinite(far) ? fmin(fmax(far, 2 * s->low.a), 10 * s->low.a) : 4 * s->low.a;
}

void ls_search_begin(ls_search *s, const double *hyper, double f, double slope, double first,
                     double relative) {
  *s = (ls_search){.c1 = hyper[LS_LBFGS_C1],
                   .c2 = hyper[LS_LBFGS_C2],
                   .noise = relative * fabs(f),
                   .left = (int64_t)hyper[LS_LBFGS_EVALUATIONS],
                   .start = {0, f, slope},
                   .low = {0, f, slope},
                   .ask = first};
}

ls_search_state ls_search_answer(ls_search *s, double f, double slope) {
  const ls_probe here = {s->ask, f, slope}, before = s->low;
  const double most = s->start.f + s->c1 * here.a * s->start.slope + s->noise;
  const bool sound = isfinite(f) && isfinite(slope);
  const bool too_high = !sound || f > most || f > s->low.f + s->noise;
  if (!too_high && fabs(slope) <= -s->c2 * s->start.slope) return LS_SEARCH_FOUND;
  if (too_high) {
    s->high = here;
    s->bracketed = true;
  } else {
    const double onward = s->bracketed ? s->high.a - s->low.a : 1;
    if (slope * onward >= 0) {
      s->high = s->low;
      s->bracketed = true;
    }
    s->low = here;
  }
  if (--s->left <= 0) return LS_SEARCH_OVER;
  s->ask = s->bracketed ? between(s) : beyond(s, &before);
  return s->ask == s->low.a || s->ask == s->high.a ? LS_SEARCH_OVER : LS_SEARCH_ON;
}
