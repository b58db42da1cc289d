/* mean.h - mean and spread of a few numbers, as of a group's runs: the one place for what compare,
 * sweep and the pictures say. */
#ifndef LS_VIEW_MEAN_H
#define LS_VIEW_MEAN_H

#include <stdint.h>

typedef struct {
  int64_t n;
  double sum, near, squares; /* near, squares: as in Welford 1962 */
} ls_mean;

/* What is not finite does not count. */
void ls_mean_add(ls_mean *mean, double value);
double ls_mean_value(const ls_mean *mean);     /* NaN for none */
double ls_mean_deviation(const ls_mean *mean); /* with n - 1; NaN for none and for one */
void ls_numbers_sort(double *x, int64_t n);    /* ascending */

#endif
