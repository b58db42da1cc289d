/* logarithm.h - log and its inverse in double, from the polynomials of vmath.h: the same bits on
 * every machine, and in programs that write these polynomials out. */
#ifndef LS_BASE_LOGARITHM_H
#define LS_BASE_LOGARITHM_H

double ls_logarithm(double x); /* natural; NaN unless x > 0 */
double ls_exponential(double x);

#endif
