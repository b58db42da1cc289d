/* rng.h - random numbers that are a pure function of (seed, stream, index): Philox4x32-10 (Salmon
 * et al., SC11) from Random123. No state, so any rank can make any number, and a resumed run needs
 * nothing stored. */
#ifndef LS_BASE_RNG_H
#define LS_BASE_RNG_H

#include <stdint.h>

/* A stream is kind << 56 | whatever tells its members apart (tensor number, epoch, step ...). */
typedef enum {
  LS_STREAM_INIT = 1,
  LS_STREAM_ORDER,
  LS_STREAM_NOISE,
  LS_STREAM_DROPOUT,
  LS_STREAM_PLUGIN,
  LS_STREAM_SHARE,
  LS_STREAM_SWEEP
} ls_stream_kind;

static inline uint64_t ls_rng_stream(ls_stream_kind kind, uint64_t member) {
  return (uint64_t)kind << 56 | (member & 0x00ffffffffffffffULL);
}

uint64_t ls_rng_u64(uint64_t seed, uint64_t stream, uint64_t index);
/* In (0, 1): one of 2^52 values, never 0 or 1. */
double ls_rng_uniform(uint64_t seed, uint64_t stream, uint64_t index);
/* N(0, 1), by Box and Muller from one Philox block. */
double ls_rng_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* The same numbers for indices [first, first + n), many at a time: out (n). */
void ls_rng_uniforms(uint64_t seed, uint64_t stream, uint64_t first, int64_t n, double *out);
void ls_rng_normals(uint64_t seed, uint64_t stream, uint64_t first, int64_t n, double *out);
/* N(0, 1) cut at 2 standard deviations by redrawing (as TensorFlow's truncated_normal); redraws
 * come from the stream's own counter space. */
void ls_rng_truncated_normals(uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                              double *out);

#endif
