/* real.h - one numeric source, compiled for float and for double.
 *
 * A file *_real.c is compiled twice, with LS_REAL_BITS 32 and 64; `real` is its number type and
 * LS_R(name) its functions' suffix (name_f32, name_f64). Its header declares both with LS_REAL_BOTH
 * where others call them. */
#ifndef LS_BASE_REAL_H
#define LS_BASE_REAL_H

#include "base/dtype.h"

/* Of two functions, or tables, that one source made: those of a precision. */
#define LS_REAL_OF(precision, name) ((precision) == LS_F32 ? name##_f32 : name##_f64)

/* Leading dimension of rows of n numbers: whole cache lines; no multiple of 4 KiB, at which all
 * rows would meet in the same cache sets. */
static inline int64_t ls_leading(int64_t n, ls_dtype precision) {
  const int64_t line = 64 / (int64_t)ls_dtype_size(precision), ld = (n + line - 1) / line * line;
  return ld % (64 * line) == 0 ? ld + line : ld;
}

#define LS_PASTE_(a, b) a##b
#define LS_PASTE(a, b) LS_PASTE_(a, b)

#ifdef LS_REAL_BITS
#if LS_REAL_BITS == 32
typedef float real;
#define LS_R(name) LS_PASTE(name, _f32)
#define LS_REAL_DTYPE LS_F32
#else
typedef double real;
#define LS_R(name) LS_PASTE(name, _f64)
#define LS_REAL_DTYPE LS_F64
#endif
#endif

/* Plain elementwise loops: the compiler vectorises them for what the CPU has; without contraction
 * every clone gives the same bits (IEEE + - * / sqrt only). Off under sanitizers and valgrind
 * builds, whose start-up does not get on with ifuncs, and under clang, whose clones of static
 * functions have global symbols that clash between the two precisions. */
#if defined(__x86_64__) && !defined(LS_NO_CLONES) && !defined(__clang__)
#define LS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LS_CLONES
#endif

/* Loops over elements that may be written in place. */
#ifdef __clang__
#define LS_EACH _Pragma("clang loop vectorize(assume_safety)")
#else
#define LS_EACH _Pragma("GCC ivdep")
#endif

/* From here on numbers too small to be normal are 0, on this thread and those it starts. Moments of
 * weights that get no gradient decay into that range and stay there, where every operation costs a
 * hundred times more: most of an update, before this. */
static inline void ls_flush_denormals(void) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* FTZ, DAZ */
#elif defined(__aarch64__)
  __builtin_aarch64_set_fpcr(__builtin_aarch64_get_fpcr() | 1u << 24); /* FZ */
#endif
}

#endif
