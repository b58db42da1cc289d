/* blas.c - everything of the library is found by name when it is loaded (dlsym), no header of
 * it is needed; the variables that keep OpenBLAS, BLIS and MKL to one thread are set just
 * before. Begin with ls_blas_open; `judge` knows which of OpenBLAS's kernels are fast. */
#include "model/blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "model/cpu.h"

#ifndef LOCKSTEP_BLAS /* the file that CMake found */
#define LOCKSTEP_BLAS ""
#endif

/* cblas.h's numbers for row-major, plain and transposed. */
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

static struct {
  char name[96], advice[32];
  void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                int lda, const float *b, int ldb, float beta, float *c, int ldc);
  void (*dgemm)(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                int lda, const double *b, int ldb, double beta, double *c, int ldc);
} blas;

/* ---- loading ---- */

/* A function pointer out of dlsym, by the way POSIX asks for. */
static bool find(void *library, const char *symbol, void *slot) {
  void *found = dlsym(library, symbol);
  memcpy(slot, &found, sizeof found);
  return found != NULL;
}

/* What OpenBLAS, BLIS and MKL read when they are loaded. */
static void ask_for_one_thread(void) {
  static const char *const variables[] = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
                                          "BLIS_NUM_THREADS", "MKL_NUM_THREADS"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) setenv(variables[i], "1", 1);
  setenv("MKL_THREADING_LAYER", "SEQUENTIAL", 0);
}

/* Kernels of OpenBLAS that use fused multiply-adds; it takes CPUs that are newer than itself for
 * others, up to five times as slow. */
static bool is_fast(const char *core) {
  static const char *const fast[] = {"Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"};
  for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
    if (strcasecmp(core, fast[i]) == 0) return true;
  return false;
}

static void judge(const char *core) {
  const char *best = "Haswell";
  if (!ls_cpu_has(LS_CPU_AVX2) || is_fast(core)) return;
  if (ls_cpu_has(LS_CPU_AVX512)) best = "SkylakeX";
  snprintf(blas.advice, sizeof blas.advice, "OPENBLAS_CORETYPE=%s", best);
}

/* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": its first two words. */
static bool name_openblas(void *library) {
  char *(*config)(void), *(*core)(void);
  void (*set_threads)(int);
  if (!find(library, "openblas_get_config", &config) ||
      !find(library, "openblas_get_corename", &core))
    return false;
  if (find(library, "openblas_set_num_threads", &set_threads)) set_threads(1);
  const char *text = config();
  size_t words = strcspn(text, " ");
  if (text[words]) words += 1 + strcspn(text + words + 1, " ");
  snprintf(blas.name, sizeof blas.name, "%.*s %s", (int)words, text, core());
  judge(core());
  return true;
}

static bool name_blis(void *library) {
  const char *(*version)(void), *(*arch)(int);
  int (*id)(void);
  if (!find(library, "bli_info_get_version_str", &version) ||
      !find(library, "bli_arch_query_id", &id) || !find(library, "bli_arch_string", &arch))
    return false;
  snprintf(blas.name, sizeof blas.name, "BLIS %s %s", version(), arch(id()));
  return true;
}

static bool name_mkl(void *library) {
  void (*version)(char *, int);
  if (!find(library, "MKL_Get_Version_String", &version)) return false;
  version(blas.name, sizeof blas.name - 1);
  return true;
}

static void name_file(void) {
  snprintf(blas.name, sizeof blas.name, "%s", ls_path_name(LOCKSTEP_BLAS));
}

ls_status ls_blas_open(void) {
  if (blas.sgemm) return LS_OK;
  if (!*LOCKSTEP_BLAS)
    return ls_fail(LS_FAIL,
                   "this lockstep was built without a CBLAS; install one (Debian "
                   "libopenblas0), and build it again with cmake --fresh");
  ask_for_one_thread();
  void *library = dlopen(LOCKSTEP_BLAS, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return ls_fail(LS_FAIL, "cannot load the BLAS that this lockstep was built with: %s",
                   dlerror());
  if (!name_openblas(library) && !name_blis(library) && !name_mkl(library)) name_file();
  if (find(library, "cblas_dgemm", &blas.dgemm) && find(library, "cblas_sgemm", &blas.sgemm))
    return LS_OK;
  blas.sgemm = NULL;
  return ls_fail(LS_FAIL, "%s has no cblas_sgemm and cblas_dgemm", LOCKSTEP_BLAS);
}

const char *ls_blas_name(void) { return blas.name; }
const char *ls_blas_advice(void) { return *blas.advice ? blas.advice : NULL; }

/* ---- working ---- */

void ls_blas_product(ls_dtype precision, ls_blas_transposed transposed, int64_t m, int64_t n,
                     int64_t k, const void *a, int64_t lda, const void *b, int64_t ldb, double beta,
                     void *c, int64_t ldc) {
  const int ta = transposed.a ? TRANSPOSED : PLAIN, tb = transposed.b ? TRANSPOSED : PLAIN;
  if (m == 0 || n == 0) return;
  if (precision == LS_F32)
    blas.sgemm(ROW_MAJOR, ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, (float)beta,
               c, (int)ldc);
  else
    blas.dgemm(ROW_MAJOR, ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, beta, c,
               (int)ldc);
}
