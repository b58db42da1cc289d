/* schedules.c - the built-in learning-rate schedules: rate of the update that sees global_step = j, in double. */
#include <math.h>
#include <stddef.h>

#include "optim/schedule.h"

enum { DECAY_RATE, DECAY_STEPS, STAIRCASE };
#define STEPS(key, start, must, text)                                                                                               \
  {                                                                                                                                 \
    .name = key, .type = LS_HYPER_STEPS, .value = start, .min = 0, .max = INFINITY, .open_min = 1, .open_max = 1, .required = must, \
    .help = text                                                                                                                    \
  }
#define RATE(text) \
  { .name = "decay_rate", .type = LS_HYPER_REAL, .min = 0, .max = INFINITY, .open_max = 1, .required = 1, .help = text }
#define STAIR \
  { .name = "staircase", .type = LS_HYPER_BOOL, .min = 0, .max = 1, .help = "whole multiples of decay_steps only: floor(j/d)" }

/* j/d, or its whole part by integer division: exact where a rounded quotient would not be. */
static double progress(const ls_schedule_args *a) {
  double steps = a->hyper[DECAY_STEPS];
  return a->hyper[STAIRCASE] != 0 ? (double)(a->step / (int64_t)steps) : (double)a->step / steps;
}

static const ls_hyper no_keys[] = {{0}};
static double constant_rate(const ls_schedule_args *a) { return a->lr; }
static const ls_schedule_ops constant = {
    .abi = LS_OPTIM_ABI, .name = "constant", .help = "the initial rate throughout", .hyper = no_keys, .rate = constant_rate};

static const ls_hyper inverse_keys[] = {[DECAY_RATE] = RATE("v in lr / (1 + v j/d)"),
                                        [DECAY_STEPS] = STEPS("decay_steps", 1, 0, "d, the unit of j in weight updates"),
                                        [STAIRCASE] = STAIR,
                                        {0}};
static double inverse_rate(const ls_schedule_args *a) { return a->lr / (1 + a->hyper[DECAY_RATE] * progress(a)); }
static const ls_schedule_ops inverse_time = {
    .abi = LS_OPTIM_ABI, .name = "inverse_time", .help = "lr / (1 + v j/d)", .hyper = inverse_keys, .rate = inverse_rate};

const ls_schedule_ops *const ls_schedule_table[] = {&constant, &inverse_time, NULL};
