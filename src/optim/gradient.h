/* gradient.h - loops over a gradient, each compiled for float and for double (gradient_real.c):
 * what gradient.c, averages and L-BFGS are made of. */
#ifndef LS_OPTIM_GRADIENT_H
#define LS_OPTIM_GRADIENT_H

#include <stdint.h>

#include "base/real.h"

/* Every component cut to [-limit, limit]; NaN stays. */
void ls_gradient_clip_f32(void *g, int64_t n, double limit);
void ls_gradient_clip_f64(void *g, int64_t n, double limit);
/* g += factor what. */
void ls_gradient_add_f32(void *g, int64_t n, double factor, const double *what);
void ls_gradient_add_f64(void *g, int64_t n, double factor, const double *what);
void ls_gradient_times_f32(void *g, int64_t n, double factor);
void ls_gradient_times_f64(void *g, int64_t n, double factor);
/* a += fraction (b - a): from one vector a step towards another. */
void ls_gradient_approach_f32(void *a, const void *b, int64_t n, double fraction);
void ls_gradient_approach_f64(void *a, const void *b, int64_t n, double fraction);
/* a += factor b, the factor rounded first. */
void ls_gradient_along_f32(void *a, const void *b, int64_t n, double factor);
void ls_gradient_along_f64(void *a, const void *b, int64_t n, double factor);
/* The sum of a[i] b[i] in double, in one fixed order (gradient_real.c). */
double ls_gradient_dot_f32(const void *a, const void *b, int64_t n);
double ls_gradient_dot_f64(const void *a, const void *b, int64_t n);
double ls_gradient_squares_f32(const void *g, int64_t n);
double ls_gradient_squares_f64(const void *g, int64_t n);

#endif
