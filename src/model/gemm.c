/* gemm.c - the list of kernels, best first: the first that the CPU has is taken, or the one
 * that LOCKSTEP_KERNEL names. The choice is free because all give the same bits; the BLAS,
 * which does not, is never chosen here but asked for. */
#include "model/gemm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "model/cpu.h"

#define LS_DECLARE(isa) extern const ls_gemm ls_gemm_##isa##_f32, ls_gemm_##isa##_f64
LS_DECLARE(portable);
LS_DECLARE(blas);
#if defined(__x86_64__)
LS_DECLARE(avx2);
LS_DECLARE(avx512);
#elif defined(__aarch64__)
LS_DECLARE(neon);
#endif

/* Best first. */
static const struct {
  const ls_gemm *kernel[2];
  ls_cpu_feature feature;
} choices[] = {
#if defined(__x86_64__)
    {{&ls_gemm_avx512_f32, &ls_gemm_avx512_f64}, LS_CPU_AVX512},
    {{&ls_gemm_avx2_f32, &ls_gemm_avx2_f64}, LS_CPU_AVX2},
#elif defined(__aarch64__)
    {{&ls_gemm_neon_f32, &ls_gemm_neon_f64}, LS_CPU_ANY}, /* every such CPU has them */
#endif
    {{&ls_gemm_portable_f32, &ls_gemm_portable_f64}, LS_CPU_ANY},
};
enum { CHOICES = sizeof choices / sizeof *choices };

const ls_gemm *ls_gemm_named(const char *name, ls_dtype precision) {
  for (int i = 0; i < CHOICES; i++)
    if (strcmp(choices[i].kernel[0]->name, name) == 0 && ls_cpu_has(choices[i].feature))
      return choices[i].kernel[precision];
  return NULL;
}

bool ls_gemm_cpu_is_slow(void) {
#if defined(__FP_FAST_FMAF) || defined(__aarch64__)
  return false; /* what the compiler may take for granted has an instruction for it */
#else
  int best = 0;
  while (!ls_cpu_has(choices[best].feature)) best++;
  return best == CHOICES - 1;
#endif
}

/* ---- the choice ---- */

#ifdef LS_MUTANTS
/* All rows of a part in one product, as a BLAS would: its slices are not kept apart. */
static const ls_gemm *apart[2];
static void merge_slices(const ls_weight_gradient *g, ls_dtype precision) {
  for (int p = 0; p < g->parts; p++) {
    const int64_t row[] = {g->slice_row[g->node[p].lo - g->slice_lo],
                           g->slice_row[g->node[p].hi - g->slice_lo]};
    const ls_tree_node all = {.lo = 0, .hi = 1};
    ls_weight_gradient part = *g;
    part.slice_row = row;
    part.slice_lo = 0;
    part.parts = 1;
    part.node = &all;
    part.grad = g->grad + p;
    apart[precision]->weight_gradient(&part);
  }
}
static void merge_f32(const ls_weight_gradient *g) { merge_slices(g, LS_F32); }
static void merge_f64(const ls_weight_gradient *g) { merge_slices(g, LS_F64); }

static const ls_gemm *merging(const ls_gemm *kernel, ls_dtype precision) {
  static ls_gemm merged[2];
  if (!ls_mutant("slices-merged")) return kernel;
  apart[precision] = kernel;
  merged[precision] = *kernel;
  merged[precision].weight_gradient = precision == LS_F32 ? merge_f32 : merge_f64;
  return &merged[precision];
}
#else
#define merging(kernel, precision) (kernel)
#endif

const ls_gemm *ls_gemm_choose(ls_dtype precision) {
  const char *wanted = getenv("LOCKSTEP_KERNEL");
  const ls_gemm *kernel = wanted ? ls_gemm_named(wanted, precision) : NULL;
  for (int i = 0; !kernel; i++)
    if (ls_cpu_has(choices[i].feature)) kernel = choices[i].kernel[precision];
  return merging(kernel, precision); /* a name the CPU cannot serve: the best it can, with the same
                                        bits */
}

const ls_gemm *ls_gemm_by_blas(ls_dtype precision) {
  return merging(precision == LS_F32 ? &ls_gemm_blas_f32 : &ls_gemm_blas_f64, precision);
}
