/* onednn.c - dnnl_sgemm out of the library that CMake found, loaded when it is asked for: only its
 * version and this one function are known here. */
#include "cli/bench/onednn.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LOCKSTEP_ONEDNN /* the file that CMake found */
#define LOCKSTEP_ONEDNN ""
#endif

typedef struct {
  int major, minor, patch; /* and more */
} version;

/* dnnl_sgemm of oneapi/dnnl/dnnl.h, row-major. */
static int (*sgemm)(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                    int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

static void *find(void *library, const char *symbol) {
  return library ? dlsym(library, symbol) : NULL;
}

const char *ls_onednn_open(void) {
  static char name[48];
  const version *(*ask)(void);
  setenv("OMP_NUM_THREADS", "1", 1); /* which it reads when it is loaded */
  void *library = *LOCKSTEP_ONEDNN ? dlopen(LOCKSTEP_ONEDNN, RTLD_NOW | RTLD_LOCAL) : NULL;
  void *product = find(library, "dnnl_sgemm"), *asked = find(library, "dnnl_version");
  if (!product || !asked) return NULL;
  memcpy(&sgemm, &product, sizeof product);
  memcpy(&ask, &asked, sizeof asked);
  snprintf(name, sizeof name, "oneDNN %d.%d.%d", ask()->major, ask()->minor, ask()->patch);
  return name;
}

void ls_onednn_product(ls_dtype precision, ls_blas_transposed transposed, int64_t m, int64_t n,
                       int64_t k, const void *a, int64_t lda, const void *b, int64_t ldb,
                       double beta, void *c, int64_t ldc) {
  (void)precision;
  sgemm(transposed.a ? 'T' : 'N', transposed.b ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, (float)beta,
        c, ldc);
}
