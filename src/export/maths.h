/* maths.h - what predict computes beside sums of products, as formulas that are text: the exported
 * languages write them out, so that there is one description of them beside base/vmath.h and
 * model/activation_real.c, from which the numbers come. tests/cli/test_export.sh compares the bits.
 *
 * A formula is made of + - * / and comparisons with parentheses around each, of other formulas, of
 * merge(a, b, c) (a where c holds, else b), power_of_two and constants by name: C and Fortran read
 * all of that alike. */
#ifndef LS_EXPORT_MATHS_H
#define LS_EXPORT_MATHS_H

#include "base/real.h"

typedef struct {
  const char *name, *value; /* value: as a text of the language */
} ls_constant;

typedef struct {
  const char *name;
  const char *args;   /* "x", or several: "g, y" */
  const char *locals; /* what it sets beside its value v */
  const char *body;   /* lines "n = (x * log2e)"; the last one sets v */
} ls_formula;

/* The numbers of one precision; all are exactly what a real of it can be. */
enum { LS_MATHS_TERMS = 24, LS_MATHS_CONSTANTS = 24 };
typedef struct {
  int exp_terms, log_terms, erfc_terms;
  double exp_term[LS_MATHS_TERMS], log_term[LS_MATHS_TERMS], erfc_term[LS_MATHS_TERMS];
  struct {
    const char *name;
    double value;
  } constant[LS_MATHS_CONSTANTS]; /* end with name NULL */
} ls_maths;
void ls_maths_f32(ls_maths *out);
void ls_maths_f64(ls_maths *out);

/* Formulas, those that others need first; the bodies of those that are series over terms are made
 * by ls_maths_series: lines of a text that ls_mem_free frees. number: a text of the language. */
extern const ls_formula ls_formulas[]; /* end with name NULL */
typedef void ls_number_text(double value, ls_dtype precision, char out[48]);
char *ls_maths_series(const ls_formula *formula, const ls_maths *maths, ls_dtype precision,
                      ls_number_text *number);

#endif
