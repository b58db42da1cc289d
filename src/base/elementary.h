/* elementary.h - elementary functions in double, of + - * / and comparisons alone: the same bits on
 * every machine, with every compiler and C library. Whatever can reach a weight, a rate or a figure
 * takes these, not libm's; sqrt and fma, which IEEE 754 rounds exactly, come from the machine. */
#ifndef LS_BASE_ELEMENTARY_H
#define LS_BASE_ELEMENTARY_H

/* Natural logarithm, to 2 units in the last place; NaN unless x > 0. */
double ls_logarithm(double x);
/* e^x, to 2 units in the last place. */
double ls_exponential(double x);
/* cos x for |x| <= 8, to 2 units in the last place of x or of the result. */
double ls_cosine(double x);
/* x^y for x >= 0 and y >= 0, rounded from 100 bits: a whole power that a double can hold is exact.
 * 1 where y is 0. */
double ls_power(double x, double y);

#endif
