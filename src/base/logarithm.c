#define LS_REAL_BITS 64 /* `real` is double here */
#include "base/logarithm.h"

#include <math.h>

#include "base/vmath.h"

double ls_logarithm(double x) { return x > 0 ? ls_ln(x) : (double)NAN; }
double ls_exponential(double x) { return ls_exp(x); }
