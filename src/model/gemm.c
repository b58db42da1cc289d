#include "model/gemm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "model/reference.h"

#define LS_DECLARE(isa) extern const ls_gemm ls_gemm_##isa##_f32, ls_gemm_##isa##_f64
LS_DECLARE(portable);
#if defined(__x86_64__)
LS_DECLARE(avx2);
LS_DECLARE(avx512);
#endif

/* Best first. */
static const struct {
  const ls_gemm *kernel[2];
  int feature;
} choices[] = {
#if defined(__x86_64__)
    {{&ls_gemm_avx512_f32, &ls_gemm_avx512_f64}, 2},
    {{&ls_gemm_avx2_f32, &ls_gemm_avx2_f64}, 1},
#endif
    {{&ls_gemm_portable_f32, &ls_gemm_portable_f64}, 0},
};
enum { CHOICES = sizeof choices / sizeof *choices };

static int cpu_has(int feature) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (feature == 1) return avx2;
  if (feature == 2)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
  return feature == 0;
}

const ls_gemm *ls_gemm_named(const char *name, ls_precision precision) {
  for (int i = 0; i < CHOICES; i++)
    if (strcmp(choices[i].kernel[0]->name, name) == 0 && cpu_has(choices[i].feature))
      return choices[i].kernel[precision];
  return NULL;
}

const ls_gemm *ls_gemm_choose(ls_precision precision) {
#ifdef LS_MUTANTS
  if (ls_mutant("blas")) return ls_reference_gemm(precision);
#endif
  const char *wanted = getenv("LOCKSTEP_KERNEL");
  const ls_gemm *kernel = wanted ? ls_gemm_named(wanted, precision) : NULL;
  for (int i = 0; !kernel; i++)
    if (cpu_has(choices[i].feature)) kernel = choices[i].kernel[precision];
  return kernel; /* a name the CPU can't serve: the best it can, with the same bits */
}

int64_t ls_leading(int64_t n, ls_precision precision) {
  int64_t line = 64 / (int64_t)ls_real_size(precision), ld = (n + line - 1) / line * line;
  return ld % (64 * line) == 0 ? ld + line : ld;
}
