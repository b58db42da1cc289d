/* triangular.c - a cyclical learning rate (Smith, arXiv 1506.01186): from `low` up to lr and back,
 * for ever. */
#include <lockstep/optim.h>
#include <math.h>

enum { HALF, LOW };
static const ls_hyper keys[] = {[HALF] = {.name = "half",
                                          .type = LS_HYPER_STEPS,
                                          .min = 1,
                                          .max = 0x1p53,
                                          .required = 1,
                                          .help = "updates from low to lr; \"2 epochs\" works too"},
                                [LOW] = {.name = "low",
                                         .type = LS_HYPER_REAL,
                                         .min = 0,
                                         .max = INFINITY,
                                         .open_max = 1,
                                         .help = "the lowest rate"},
                                {0}};

static double rate(const ls_schedule_args *a) {
  int64_t half = (int64_t)a->hyper[HALF], place = a->step % (2 * half);
  double height =
      (double)(place < half ? place : 2 * half - place) / (double)half; /* 0, up to 1, down again */
  return a->hyper[LOW] + (a->lr - a->hyper[LOW]) * height;
}

static const char *check(const ls_schedule_args *a) {
  return a->hyper[LOW] <= a->lr ? 0 : "low must not be above optimizer.lr";
}

const ls_schedule_ops *lockstep_schedule(void) {
  static const ls_schedule_ops ops = {
      LS_OPTIM_ABI, "triangular", "a cyclical learning rate (arXiv 1506.01186)", keys, rate, check};
  return &ops;
}
