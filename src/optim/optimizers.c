/* optimizers.c - the table of optimizers: keys, ranges, slots. Their arithmetic is in the *_real.c
 * files; a new one is a kernel there and its rows here. docs/optimizers.md has the formulas. */
#include <math.h>
#include <stddef.h>

#include "optim/kernels.h"
#include "optim/optim.h"

#define UPDATE(name)                                                      \
  static void name##_update(const ls_optim_span *s) {                     \
    (s->precision == LS_SPAN_F32 ? ls_##name##_f32 : ls_##name##_f64)(s); \
  }
#define REDUCE(name)                                                                         \
  static void name##_reduce(const ls_optim_span *s, double *sum) {                           \
    (s->precision == LS_SPAN_F32 ? ls_##name##_reduce_f32 : ls_##name##_reduce_f64)(s, sum); \
  }

/* Its row, from the functions and keys that carry its name. */
#define OPTIMIZER(word, keys, text, ...)                     \
  UPDATE(word)                                               \
  static const ls_optim_ops word = {.abi = LS_OPTIM_ABI,     \
                                    .name = #word,           \
                                    .help = text,            \
                                    .hyper = keys,           \
                                    .update = word##_update, \
                                    __VA_ARGS__}

#define REAL(key, start, text, ...) \
  { .name = key, .type = LS_HYPER_REAL, .value = start, .help = text, __VA_ARGS__ }
#define FRACTION(key, start, text) REAL(key, start, text, .min = 0, .max = 1, .open_max = 1)
#define POSITIVE(key, start, text) \
  REAL(key, start, text, .min = 0, .max = INFINITY, .open_min = 1, .open_max = 1)
#define NOT_NEGATIVE(key, start, text) \
  REAL(key, start, text, .min = 0, .max = INFINITY, .open_max = 1)
#define BOOL(key, text) \
  { .name = key, .type = LS_HYPER_BOOL, .max = 1, .help = text }
#define CHOICE(key, start, words, text)                                                            \
  {                                                                                                \
    .name = key, .type = LS_HYPER_CHOICE, .value = start, .max = sizeof words / sizeof *words - 2, \
    .choices = words, .help = text                                                                 \
  }
#define EPSILON(start) \
  POSITIVE("epsilon", start, "keeps the division finite where the gradients are 0")
#define START                   \
  NOT_NEGATIVE(                 \
      "initial_accumulator", 0, \
      "where the accumulated squares start (TensorFlow 1: 1 for rmsprop, 0.1 for adagrad)")

static const char *const placements[] = {"outside", "inside", "hat", NULL};
static const char *const two_placements[] = {"outside", "inside", NULL};
#define PLACEMENT                                         \
  CHOICE("epsilon_placement", LS_OUTSIDE, two_placements, \
         "outside: sqrt(S) + epsilon; inside: sqrt(S + epsilon), as in the book")

static const ls_hyper no_keys[] = {{0}};
OPTIMIZER(sgd, no_keys, "gradient descent: w -= lr g", .slots = 0);

static const char *const momentum_forms[] = {"ewa", "classic", "tf", "ewa_delayed", NULL};
static const ls_hyper momentum_keys[] = {
    [LS_MOMENTUM] = FRACTION("momentum", 0.9, "m, the share of v that is kept at each update"),
    [LS_MOMENTUM_FORM] = CHOICE("form", LS_TF, momentum_forms,
                                "ewa: v = m v + (1-m) g, w -= lr v; classic: v = m v + lr g, w -= "
                                "v; tf: v = m v + g, w -= lr v; "
                                "ewa_delayed: ewa with the v of the update before"),
    [LS_MOMENTUM_NESTEROV] =
        BOOL("nesterov", "take the gradient's part one step ahead: w -= lr (g + m v) in form tf"),
    [LS_MOMENTUM_DAMPENING] =
        FRACTION("dampening", 0,
                 "v = m v + (1 - dampening) g from the second update on, as PyTorch (form tf)"),
    [LS_MOMENTUM_UNBIAS] = BOOL("bias_correction", "divide v by 1 - m^t (form ewa)"),
    {0}};
static const char *momentum_check(const double *hyper) {
  int form = (int)hyper[LS_MOMENTUM_FORM], ahead = hyper[LS_MOMENTUM_NESTEROV] != 0;
  if (hyper[LS_MOMENTUM_UNBIAS] != 0 && form != LS_EWA)
    return "bias_correction needs form: ewa, the only one whose v starts too small";
  if (hyper[LS_MOMENTUM_DAMPENING] != 0 && form != LS_TF) return "dampening needs form: tf";
  if (ahead && hyper[LS_MOMENTUM_DAMPENING] != 0) return "nesterov needs dampening: 0";
  if (ahead && hyper[LS_MOMENTUM_UNBIAS] != 0) return "nesterov does not go with bias_correction";
  if (ahead && form == LS_EWA_DELAYED)
    return "nesterov does not go with form: ewa_delayed, which looks back";
  return NULL;
}
OPTIMIZER(momentum, momentum_keys,
          "gradient descent with momentum (Polyak 1964; nesterov: Nesterov 1983)", .slots = 1,
          .slot_name = {"v"}, .check = momentum_check);

static const char *const rms_forms[] = {"pytorch", "tensorflow", NULL};
static const ls_hyper rms_keys[] = {
    [LS_RMS_RHO] =
        FRACTION("rho", 0.9, "decay of the mean of squared gradients S (beta2 in the book)"),
    [LS_RMS_EPSILON] = EPSILON(1e-8),
    [LS_RMS_PLACEMENT] = PLACEMENT,
    [LS_RMS_MOMENTUM] = FRACTION("momentum", 0, "momentum on the scaled gradient; 0: none"),
    [LS_RMS_CENTERED] = BOOL(
        "centered", "divide by the standard deviation: S minus the square of the mean gradient"),
    [LS_RMS_START] = START,
    [LS_RMS_FORM] = CHOICE("form", LS_PYTORCH, rms_forms,
                           "with momentum m and q the scaled gradient: pytorch: b = m b + q, w -= "
                           "lr b; tensorflow: b = m b + lr q, w -= b"),
    {0}};
static double rms_start(const double *hyper, int slot) {
  return slot == 0 ? hyper[LS_RMS_START] : 0;
}
static unsigned rms_slots(const double *hyper) {
  return 1u | (hyper[LS_RMS_MOMENTUM] != 0) << 1 | (hyper[LS_RMS_CENTERED] != 0) << 2;
}
OPTIMIZER(rmsprop, rms_keys, "RMSProp (Tieleman and Hinton 2012): w -= lr g / sqrt(mean of g^2)",
          .slots = 3, .slot_name = {"mean_square", "momentum", "mean_gradient"},
          .slot_start = rms_start, .slots_used = rms_slots);

static const ls_hyper adagrad_keys[] = {
    [LS_ADAGRAD_EPSILON] =
        NOT_NEGATIVE("epsilon", 1e-10, "keeps the division finite where the gradients are 0"),
    [LS_ADAGRAD_PLACEMENT] = PLACEMENT,
    [LS_ADAGRAD_START] = START,
    [LS_ADAGRAD_LR_DECAY] = NOT_NEGATIVE(
        "lr_decay", 0, "the rate is divided by 1 + (t-1) lr_decay, on top of the schedule"),
    {0}};
static double adagrad_start(const double *hyper, int slot) {
  return slot == 0 ? hyper[LS_ADAGRAD_START] : 0;
}
static const char *adagrad_check(const double *hyper) {
  if (hyper[LS_ADAGRAD_EPSILON] > 0 || hyper[LS_ADAGRAD_START] > 0) return NULL;
  return "epsilon and initial_accumulator cannot both be 0: a gradient of 0 would be divided by 0";
}
OPTIMIZER(adagrad, adagrad_keys,
          "Adagrad (Duchi, Hazan and Singer 2011): w -= lr g / sqrt(sum of g^2)", .slots = 1,
          .slot_name = {"sum_square"}, .slot_start = adagrad_start, .check = adagrad_check);

static const ls_hyper adadelta_keys[] = {
    [LS_ADADELTA_RHO] = FRACTION("rho", 0.9, "decay of both means"),
    [LS_ADADELTA_EPSILON] =
        POSITIVE("epsilon", 1e-6, "added in both roots; sets the size of the first updates"),
    {0}};
OPTIMIZER(adadelta, adadelta_keys, "Adadelta (Zeiler, arXiv 1212.5701); lr: 1 in the paper",
          .slots = 2, .slot_name = {"mean_square", "mean_update"});

#define BETAS                                                              \
  [LS_BETA1] = FRACTION("beta1", 0.9, "decay of the mean of gradients m"), \
  [LS_BETA2] = FRACTION("beta2", 0.999, "decay of the mean of squared gradients v")
static const ls_hyper adam_keys[] = {
    BETAS,
    [LS_EPSILON] = EPSILON(1e-8),
    [LS_ADAM_PLACEMENT] = CHOICE("epsilon_placement", LS_OUTSIDE, placements,
                                 "outside: sqrt(v^) + epsilon (PyTorch); inside: sqrt(v^ + "
                                 "epsilon) (the book); hat: TensorFlow 1"),
    [LS_ADAM_AMSGRAD] = BOOL("amsgrad", "divide by the largest v so far (arXiv 1904.09237)"),
    {0}};
static unsigned adam_slots(const double *hyper) { return hyper[LS_ADAM_AMSGRAD] != 0 ? 7 : 3; }
OPTIMIZER(adam, adam_keys,
          "Adam (Kingma and Ba, arXiv 1412.6980): w -= lr m^ / (sqrt(v^) + epsilon)", .slots = 3,
          .slot_name = {"m", "v", "vmax"}, .slots_used = adam_slots);
OPTIMIZER(adamw, adam_keys,
          "Adam with decoupled weight decay (arXiv 1711.05101): w *= 1 - lr weight_decay first",
          .slots = 3, .slot_name = {"m", "v", "vmax"}, .slots_used = adam_slots);

static const ls_hyper adamax_keys[] = {BETAS, [LS_EPSILON] = EPSILON(1e-8), {0}};
OPTIMIZER(adamax, adamax_keys,
          "Adam with the largest gradient in place of the mean square (arXiv 1412.6980, 7)",
          .slots = 2, .slot_name = {"m", "u"});

static const char *const nadam_forms[] = {"dozat", "ruder", NULL};
static const ls_hyper nadam_keys[] = {
    BETAS,
    [LS_EPSILON] = EPSILON(1e-8),
    [LS_NADAM_DECAY] = NOT_NEGATIVE("momentum_decay", 0.004,
                                    "psi in mu_t = beta1 (1 - 0.96^(t psi) / 2); form dozat"),
    [LS_NADAM_FORM] =
        CHOICE("form", LS_DOZAT, nadam_forms,
               "dozat: warmed-up momentum, as PyTorch; ruder: the survey's, beta1 throughout"),
    {0}};
OPTIMIZER(nadam, nadam_keys, "Adam with Nesterov momentum (Dozat 2016; Ruder, arXiv 1609.04747)",
          .slots = 2, .slot_name = {"m", "v"});

static const ls_hyper lars_keys[] = {
    [LS_LARS_MOMENTUM] = FRACTION("momentum", 0.9, "m in v = m v + lr local (g + weight_decay w)"),
    [LS_LARS_TRUST] =
        POSITIVE("trust", 0.001, "eta in local = eta |w| / (|g| + weight_decay |w| + epsilon)"),
    [LS_LARS_EPSILON] = NOT_NEGATIVE("epsilon", 1e-9, "added to the norm of the gradient"),
    {0}};
REDUCE(lars)
OPTIMIZER(lars, lars_keys,
          "a local rate for every W and b from the norms of w and g (arXiv 1708.03888)", .slots = 1,
          .slot_name = {"v"}, .norms = 2, .reduce = lars_reduce);

static const ls_hyper lamb_keys[] = {BETAS, [LS_EPSILON] = EPSILON(1e-6), {0}};
REDUCE(lamb)
OPTIMIZER(lamb, lamb_keys,
          "Adam's direction with a rate for every W and b from norms (arXiv 1904.00962)",
          .slots = 2, .slot_name = {"m", "v"}, .norms = 2, .reduce = lamb_reduce);

const ls_optim_ops *const ls_optim_table[] = {&sgd,      &momentum, &rmsprop, &adagrad,
                                              &adadelta, &adam,     &adamw,   &adamax,
                                              &nadam,    &lars,     &lamb,    NULL};
