/* maths_real.c - the numbers of base/vmath.h and model/activation_real.c, for those who write them
 * out. */
#include "base/vmath.h"
#include "export/maths.h"
#include "model/activation.h"

void LS_R(ls_maths)(ls_maths *out) {
  *out = (ls_maths){.exp_terms = LS_EXP_TERMS - 1,
                    .log_terms = LS_LOG_TERMS,
                    .erfc_terms = LS_ERFC_TERMS,
                    .constant = {{"zero", 0},
                                 {"half", 0.5},
                                 {"one", 1},
                                 {"two", 2},
                                 {"four", 4},
                                 {"magic", LS_MAGIC},
                                 {"log2e", (real)1.44269504088896340736},
                                 {"ln2_high", LS_LN2_HIGH},
                                 {"ln2_low", LS_LN2_LOW},
                                 {"exp_min", LS_EXP_MIN},
                                 {"exp_max", LS_EXP_MAX},
                                 {"expm1_min", LS_EXPM1_MIN},
                                 {"tanh_max", LS_TANH_MAX},
                                 {"leak", (real)0.01},
                                 {"root_half", (real)0.70710678118654752440},
                                 {"least_variance", (real)LS_VARIANCE_LEAST},
                                 {"density", (real)0.39894228040143267794}}};
  for (int i = 0; i < out->exp_terms; i++) out->exp_term[i] = ls_exp_term[i];
  for (int i = 0; i < out->log_terms; i++) out->log_term[i] = (real)(1. / (2 * (i + 1) + 1));
  for (int i = 0; i < out->erfc_terms; i++) out->erfc_term[i] = ls_erfc_series[i];
  out->erfc_term[0] = (real)(ls_erfc_series[0] / 2);
}
