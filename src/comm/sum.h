/* sum.h - dst[i] = a[i] + b[i] for i in [0, n); dst may be a or b. The only arithmetic of the
 * exchange. */
#ifndef LS_COMM_SUM_H
#define LS_COMM_SUM_H
#include <stdint.h>
void ls_sum_f32(void *dst, const void *a, const void *b, int64_t n);
void ls_sum_f64(void *dst, const void *a, const void *b, int64_t n);
#endif
