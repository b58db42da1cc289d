/* maths.c - the formulas, each after those it calls; three are series, whose bodies are made of
 * the precision's terms (horner, clenshaw). The order of operations in them is the bits: that
 * of base/vmath.h and model/activation_real.c. */
#include "export/maths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/text.h"

/* An activation f is f_of(z), and its derivative times g is f_slope(g, y) or (g, z): activation.h
 * says which of them it needs. */
const ls_formula ls_formulas[] = {
    /* x = n ln 2 + r, and (e^r - 1 - r) / r^2 */
    {"whole", "x", "", "v = ((x * log2e) + magic) - magic\n"},
    {"reduced", "x, n", "", "v = (x - (n * ln2_high)) - (n * ln2_low)\n"},
    {"exp_rest", "r", "", NULL},
    {"exp_of", "x", "a, n, r, k, m",
     "a = merge(exp_min, x, x < exp_min)\n"
     "a = merge(exp_max, a, a > exp_max)\n"
     "n = whole(a)\n"
     "r = reduced(a, n)\n"
     "k = (n * half) + magic\n"
     "m = (n - (k - magic)) + magic\n"
     "v = ((one + (r + ((r * r) * exp_rest(r)))) * power_of_two(k)) * power_of_two(m)\n"},
    {"expm1_of", "x", "a, n, r, s",
     "a = merge(expm1_min, x, x < expm1_min)\n"
     "n = whole(a)\n"
     "r = reduced(a, n)\n"
     "s = power_of_two(n + magic)\n"
     "v = (s * (r + ((r * r) * exp_rest(r)))) + (s - one)\n"},
    /* log(1 + x) = 2 s + 2 s (sum of s^(2 i) / (2 i + 1)), with s = x / (2 + x), p = s s */
    {"log1p_rest", "p", "", NULL},
    {"log1p_of", "x", "s, p",
     "s = x / (two + x)\n"
     "p = s * s\n"
     "v = (two * s) + ((two * s) * (p * log1p_rest(p)))\n"},
    /* the Chebyshev series of erfc at x */
    {"erfc_rest", "x", "a, b", NULL},
    {"erfc_of", "x", "t, u",
     "t = four / (four + x)\n"
     "u = (two * t) - one\n"
     "v = (t * exp_of((-x) * x)) * erfc_rest(u)\n"},
    {"magnitude", "x", "", "v = merge(-x, x, x < zero)\n"},
    {"relu_of", "z", "", "v = merge(zero, z, z < zero)\n"},
    {"relu_slope", "g, y", "", "v = merge(zero, g, y <= zero)\n"},
    {"leaky_relu_of", "z", "", "v = merge(leak * z, z, z < zero)\n"},
    {"leaky_relu_slope", "g, y", "", "v = merge(leak * g, g, y < zero)\n"},
    {"elu_of", "z", "",
     "v = merge(z, zero, z < zero)\n"
     "v = merge(expm1_of(v), z, z < zero)\n"},
    {"elu_slope", "g, y", "", "v = merge(g * (y + one), g, y < zero)\n"},
    {"tanh_of", "z", "a, e",
     "a = magnitude(z)\n"
     "a = merge(tanh_max, a, a > tanh_max)\n"
     "e = expm1_of(two * a)\n"
     "v = e / (e + two)\n"
     "v = merge(-v, v, z < zero)\n"},
    {"tanh_slope", "g, y", "", "v = g * (one - (y * y))\n"},
    {"sigmoid_of", "z", "e",
     "e = exp_of(-magnitude(z))\n"
     "v = merge(e, one, z < zero) / (one + e)\n"},
    {"sigmoid_slope", "g, y", "", "v = g * (y * (one - y))\n"},
    {"softplus_of", "z", "", "v = merge(zero, z, z < zero) + log1p_of(exp_of(-magnitude(z)))\n"},
    {"exp_slope", "g, y", "", "v = g * y\n"},
    {"softplus_slope", "g, z", "", "v = g * sigmoid_of(z)\n"},
    /* the normal distribution function */
    {"phi_of", "z", "",
     "v = half * erfc_of(magnitude(z) * root_half)\n"
     "v = merge(one - v, v, z > zero)\n"},
    {"gelu_of", "z", "", "v = z * phi_of(z)\n"},
    {"gelu_slope", "g, z", "",
     "v = g * (phi_of(z) + (z * (density * exp_of(((-half) * z) * z))))\n"},
    {NULL, NULL, NULL, NULL}};

/* v = ((last * x + term) * x + ...) */
static void horner(FILE *to, const char *x, const double *term, int terms, ls_dtype precision,
                   ls_number_text *number) {
  char text[48];
  number(term[terms - 1], precision, text);
  fprintf(to, "v = %s\n", text);
  for (int i = terms - 2; i >= 0; i--) {
    number(term[i], precision, text);
    fprintf(to, "v = (v * %s) + %s\n", x, text);
  }
}

/* Clenshaw's sum: next = 2 x a - b + term, where a was the last one and b the one before. The two
 * change places, so that each line overwrites the older one. */
static void clenshaw(FILE *to, const double *term, int terms, ls_dtype precision,
                     ls_number_text *number) {
  const char *last = "a", *before = "b";
  char text[48];
  fprintf(to, "a = zero\nb = zero\n");
  for (int i = terms - 1; i > 0; i--) {
    number(term[i], precision, text);
    fprintf(to, "%s = (((two * x) * %s) - %s) + %s\n", before, last, before, text);
    const char *next = before;
    before = last;
    last = next;
  }
  number(term[0], precision, text);
  fprintf(to, "v = ((x * %s) - %s) + %s\n", last, before, text);
}

char *ls_maths_series(const ls_formula *formula, const ls_maths *maths, ls_dtype precision,
                      ls_number_text *number) {
  char *text = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  if (!to) return ls_mem_text("");
  if (strcmp(formula->name, "exp_rest") == 0)
    horner(to, "r", maths->exp_term, maths->exp_terms, precision, number);
  else if (strcmp(formula->name, "log1p_rest") == 0)
    horner(to, "p", maths->log_term, maths->log_terms, precision, number);
  else
    clenshaw(to, maths->erfc_term, maths->erfc_terms, precision, number);
  return ls_text_of(to, &text);
}
