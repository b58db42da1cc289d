/* cpu.c - what the two names stand for: AVX2 is that and FMA, AVX-512 is F, DQ, VL and BW on
 * top of both. */
#include "model/cpu.h"

bool ls_cpu_has(ls_cpu_feature feature) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (feature == LS_CPU_AVX2) return avx2;
  if (feature == LS_CPU_AVX512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
  return feature == LS_CPU_ANY;
}
