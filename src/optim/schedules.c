/* schedules.c - the built-in learning-rate schedules: rate of the update that sees global_step = j,
 * in double. lr is optimizer.lr; decay functions follow TensorFlow 1's tf.train.* as the
 * chapter has them (docs/chapter.md). */
#include <math.h>
#include <stddef.h>

#include "base/elementary.h"
#include "optim/schedule.h"

#define LARGEST_STEP 0x1p53 /* steps are whole numbers held in doubles */
#define REAL(key, start, text, ...) \
  { .name = key, .type = LS_HYPER_REAL, .value = start, .help = text, __VA_ARGS__ }
#define STEPS(key, start, must, text)                                                        \
  {                                                                                          \
    .name = key, .type = LS_HYPER_STEPS, .value = start, .open_min = 1, .max = LARGEST_STEP, \
    .required = must, .help = text                                                           \
  }
#define FACTOR(key, text) \
  REAL(key, 0, text, .open_min = 1, .max = INFINITY, .open_max = 1, .required = 1)
#define RATE(text) REAL("decay_rate", 0, text, .max = INFINITY, .open_max = 1, .required = 1)
#define BOOL(key, text) \
  { .name = key, .type = LS_HYPER_BOOL, .max = 1, .help = text }
#define UNIT STEPS("decay_steps", 1, 0, "d, the weight updates that count as one unit of decay")
#define STAIRCASE BOOL("staircase", "whole units only: floor(j/d) for j/d")
#define OPS(word, text) \
  static const ls_schedule_ops word = {LS_OPTIM_ABI, #word, text, word##_keys, word##_rate, NULL}

/* floor(j/d) by integer division: exact where a rounded quotient would not be. */
static double whole(int64_t step, double every) { return (double)(step / (int64_t)every); }

static const ls_hyper constant_keys[] = {{0}};
static double constant_rate(const ls_schedule_args *a) { return a->lr; }
OPS(constant, "the initial rate throughout");

enum { BOUNDARIES, VALUES, AT_BOUNDARY };
enum { OLD, NEW };
static const char *const sides[] = {"old", "new", NULL};
static const ls_hyper piecewise_keys[] = {
    [BOUNDARIES] = {.name = "boundaries",
                    .type = LS_HYPER_STEPLIST,
                    .max = LARGEST_STEP,
                    .required = 1,
                    .help = "ascending steps at which the next value begins"},
    [VALUES] =
        {.name = "values",
         .type = LS_HYPER_REALS,
         .max = INFINITY,
         .open_max = 1,
         .required = 1,
         .help = "learning rates (absolute; optimizer.lr is not used), one more than boundaries"},
    [AT_BOUNDARY] =
        {.name = "at_boundary",
         .type = LS_HYPER_CHOICE,
         .max = 1,
         .choices = sides,
         .help = "which value the update with j = boundary uses: old (as TensorFlow) or new"},
    {0}};
static double piecewise_rate(const ls_schedule_args *a) {
  int passed = 0;
  double j = (double)a->step + (a->hyper[AT_BOUNDARY] == NEW ? 1 : 0);
  while (passed < (int)a->hyper[BOUNDARIES] && j > a->list[BOUNDARIES][passed]) passed++;
  return a->list[VALUES][passed];
}
static const char *piecewise_check(const ls_schedule_args *a) {
  return a->hyper[VALUES] == a->hyper[BOUNDARIES] + 1
             ? NULL
             : "values must be one more than boundaries: one before, between and after them";
}
static const ls_schedule_ops piecewise = {
    LS_OPTIM_ABI,   "piecewise",    "values[i] between boundaries",
    piecewise_keys, piecewise_rate, piecewise_check};

enum { EVERY, STEP_FACTOR };
#define EVERY_ROW [EVERY] = STEPS("every", 0, 1, "D, updates between two changes of the rate")
static const ls_hyper step_keys[] = {EVERY_ROW, {0}};
static double step_rate(const ls_schedule_args *a) {
  return a->lr / (whole(a->step, a->hyper[EVERY]) + 1);
}
OPS(step, "lr / floor(j/D + 1)");

static const ls_hyper step_multiplicative_keys[] = {
    EVERY_ROW, [STEP_FACTOR] = FACTOR("factor", "what the rate is multiplied by"), {0}};
static double step_multiplicative_rate(const ls_schedule_args *a) {
  return a->lr * ls_power(a->hyper[STEP_FACTOR], whole(a->step, a->hyper[EVERY]));
}
OPS(step_multiplicative, "lr factor^floor(j/D)");

enum { DECAY_RATE, DECAY_STEPS, STAIRS };
static double units(const ls_schedule_args *a) {
  return a->hyper[STAIRS] != 0 ? whole(a->step, a->hyper[DECAY_STEPS])
                               : (double)a->step / a->hyper[DECAY_STEPS];
}

static const ls_hyper inverse_time_keys[] = {RATE("v in lr / (1 + v j/d)"), UNIT, STAIRCASE, {0}};
static double inverse_time_rate(const ls_schedule_args *a) {
  return a->lr / (1 + a->hyper[DECAY_RATE] * units(a));
}
OPS(inverse_time, "lr / (1 + v j/d)");

static const ls_hyper exponential_keys[] = {
    FACTOR("decay_rate", "v in lr v^(j/d)"), UNIT, STAIRCASE, {0}};
static double exponential_rate(const ls_schedule_args *a) {
  return a->lr * ls_power(a->hyper[DECAY_RATE], units(a));
}
OPS(exponential, "lr v^(j/d)");

static const ls_hyper natural_exponential_keys[] = {
    RATE("v in lr e^(-v j/d)"), UNIT, STAIRCASE, {0}};
static double natural_exponential_rate(const ls_schedule_args *a) {
  return a->lr * ls_exponential(-a->hyper[DECAY_RATE] * units(a));
}
OPS(natural_exponential, "lr e^(-v j/d)");

enum { HORIZON, END, POWER, CYCLE };
#define HORIZON_ROW [HORIZON] = STEPS("decay_steps", 1, 0, "d, updates until the end")
static const ls_hyper polynomial_keys[] = {
    HORIZON_ROW,
    [END] = REAL("end", 1e-4, "rate at the end and after", .max = INFINITY, .open_max = 1),
    [POWER] = REAL("power", 1, "1: a straight line; 0.5: a root", .open_min = 1, .max = INFINITY,
                   .open_max = 1),
    [CYCLE] =
        BOOL("cycle", "begin again at every multiple of d, lower: d becomes d max(1, ceil(j/d))"),
    {0}};
static double polynomial_rate(const ls_schedule_args *a) {
  double d = a->hyper[HORIZON], j = (double)a->step;
  if (a->hyper[CYCLE] != 0 && a->step > 0) d *= whole(a->step - 1, d) + 1;
  return (a->lr - a->hyper[END]) * ls_power(1 - fmin(j, d) / d, a->hyper[POWER]) + a->hyper[END];
}
OPS(polynomial, "(lr - end) (1 - min(j,d)/d)^power + end");

/* From 1 where along = 0 down to `rest` where it is 1. */
static double half_wave(double along, double rest) {
  return (1 - rest) * (1 + ls_cosine(M_PI * along)) / 2 + rest;
}

enum { ALPHA = 1 };
#define ALPHA_ROW(at) [at] = REAL("alpha", 0, "the part of lr that is left at the end", .max = 1)
static const ls_hyper cosine_keys[] = {HORIZON_ROW, ALPHA_ROW(ALPHA), {0}};
static double cosine_rate(const ls_schedule_args *a) {
  double along = fmin((double)a->step, a->hyper[HORIZON]) / a->hyper[HORIZON];
  return a->lr * half_wave(along, a->hyper[ALPHA]);
}
OPS(cosine,
    "lr ((1-alpha) (1 + cos(pi min(j,d)/d))/2 + alpha) (Loshchilov and Hutter, arXiv 1608.03983)");

enum { FIRST, MULT, REST };
static const ls_hyper cosine_restarts_keys[] = {
    [FIRST] = STEPS("first", 0, 1, "d, updates of the first period"),
    [MULT] = REAL("mult", 1, "m, how many times longer each period is than the one before",
                  .min = 1, .max = 1000),
    ALPHA_ROW(REST),
    {0}};
/* Where period number i begins: d + d m + ... + d m^(i-1), exact for whole m. */
static double period_start(const ls_schedule_args *a, double i) {
  double d = a->hyper[FIRST], m = a->hyper[MULT];
  return m > 1 ? d * (ls_power(m, i) - 1) / (m - 1) : d * i;
}
/* The period that j is in; a logarithm may be rounded over an edge, which is then mended. */
static double period_of(const ls_schedule_args *a) {
  double d = a->hyper[FIRST], m = a->hyper[MULT], j = (double)a->step;
  if (!(m > 1)) return whole(a->step, d);
  double i = floor(ls_logarithm(1 + j * (m - 1) / d) / ls_logarithm(m));
  if (period_start(a, i) > j) return i - 1;
  return period_start(a, i + 1) <= j ? i + 1 : i;
}
static double cosine_restarts_rate(const ls_schedule_args *a) {
  double i = period_of(a), start = period_start(a, i), end = period_start(a, i + 1);
  return a->lr * half_wave(((double)a->step - start) / (end - start), a->hyper[REST]);
}
OPS(cosine_restarts,
    "cosine over periods of d, d m, d m^2, ... updates, each from lr again (Loshchilov and Hutter, "
    "arXiv 1608.03983)");

enum { CYCLE_STEPS, START, UP, FINAL };
#define PART(key, start, text) REAL(key, start, text, .max = 1)
static const ls_hyper one_cycle_keys[] = {
    [CYCLE_STEPS] = {.name = "steps",
                     .type = LS_HYPER_STEPS,
                     .max = LARGEST_STEP,
                     .help = "d, updates of the cycle; 0: as many as the run has"},
    [START] = PART("start", 0.04, "the part of lr that the first update has"),
    [UP] = PART("up", 0.3, "u, the part of the cycle in which the rate rises"),
    [FINAL] = PART("end", 1e-4, "the part of lr that is left at the end and after"),
    {0}};
static double one_cycle_rate(const ls_schedule_args *a) {
  const double *h = a->hyper, j = (double)a->step;
  double d = h[CYCLE_STEPS] > 0 ? h[CYCLE_STEPS] : (double)a->run, top = h[UP] * d;
  if (!(d > 0)) return NAN;
  if (j < top) return a->lr * (h[START] + (1 - h[START]) * (j / top));
  if (j < d) return a->lr * half_wave((j - top) / (d - top), h[FINAL]);
  return a->lr * h[FINAL];
}
OPS(one_cycle,
    "a straight line from start lr up to lr at j = u d, then a cosine down to end lr at j = d "
    "(Smith and Topin, arXiv 1708.07120)");

enum { CUT_FACTOR, PATIENCE, MIN_DELTA, COOLDOWN, MIN_LR };
#define EVALUATIONS(key, start, least, text)                                              \
  {                                                                                       \
    .name = key, .type = LS_HYPER_INT, .value = start, .min = least, .max = LARGEST_STEP, \
    .help = text                                                                          \
  }
static const ls_hyper plateau_keys[] = {
    [CUT_FACTOR] = REAL("factor", 0.1, "what the rate is multiplied by", .open_min = 1, .max = 1,
                        .open_max = 1),
    [PATIENCE] = EVALUATIONS("patience", 10, 1,
                             "evaluations without a better value after which the rate is cut"),
    [MIN_DELTA] = REAL("min_delta", 0, "a value counts as better only by more than this",
                       .max = INFINITY, .open_max = 1),
    [COOLDOWN] = EVALUATIONS("cooldown", 0, 0, "evaluations after a cut that do not count"),
    [MIN_LR] = REAL("min_lr", 0, "no cut goes below this rate", .max = INFINITY, .open_max = 1),
    {0}};
static double plateau_rate(const ls_schedule_args *a) {
  double rate = a->lr;
  for (int64_t i = 0; i < a->cuts && rate > a->hyper[MIN_LR]; i++)
    rate = fmax(rate * a->hyper[CUT_FACTOR], a->hyper[MIN_LR]);
  return rate;
}
static const char *plateau_check(const ls_schedule_args *a) {
  return a->hyper[MIN_LR] > a->lr ? "min_lr is more than optimizer.lr" : NULL;
}
static const ls_schedule_ops plateau = {
    LS_OPTIM_ABI, "plateau",    "the rate times factor whenever a metric no longer improves",
    plateau_keys, plateau_rate, plateau_check};
bool ls_schedule_plateau(const ls_schedule_spec *spec, ls_plateau *out) {
  const double *h = spec->hyper;
  if (spec->ops != &plateau) return false;
  *out = (ls_plateau){spec->metric, h[MIN_DELTA], (int64_t)h[PATIENCE], (int64_t)h[COOLDOWN]};
  return true;
}

const ls_schedule_ops *const ls_schedule_table[] = {&constant,
                                                    &piecewise,
                                                    &step,
                                                    &step_multiplicative,
                                                    &inverse_time,
                                                    &exponential,
                                                    &natural_exponential,
                                                    &polynomial,
                                                    &cosine,
                                                    &cosine_restarts,
                                                    &one_cycle,
                                                    &plateau,
                                                    NULL};
