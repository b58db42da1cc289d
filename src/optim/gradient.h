/* gradient.h - the two compilations of gradient_real.c. */
#ifndef LS_OPTIM_GRADIENT_H
#define LS_OPTIM_GRADIENT_H

#include <stdint.h>

#include "base/real.h"

void ls_gradient_clip_f32(void *block, int64_t n, double limit);
void ls_gradient_clip_f64(void *block, int64_t n, double limit);
void ls_gradient_add_f32(void *block, int64_t n, double factor, const double *what);
void ls_gradient_add_f64(void *block, int64_t n, double factor, const double *what);
void ls_gradient_times_f32(void *block, int64_t n, double factor);
void ls_gradient_times_f64(void *block, int64_t n, double factor);
/* a += fraction (b - a): from one vector a step towards another. */
void ls_gradient_approach_f32(void *a, const void *b, int64_t n, double fraction);
void ls_gradient_approach_f64(void *a, const void *b, int64_t n, double fraction);
/* a += factor b, the factor rounded first. */
void ls_gradient_along_f32(void *a, const void *b, int64_t n, double factor);
void ls_gradient_along_f64(void *a, const void *b, int64_t n, double factor);
/* The sum of a[i] b[i] in double, in the order of `squares`. */
double ls_gradient_dot_f32(const void *a, const void *b, int64_t n);
double ls_gradient_dot_f64(const void *a, const void *b, int64_t n);
double ls_gradient_squares_f32(const void *block, int64_t n);
double ls_gradient_squares_f64(const void *block, int64_t n);

#endif
