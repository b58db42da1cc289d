/* c.c - export to C99: NAME.c, NAME.h and, where there are many numbers, NAME_weights.c. Here is
 * how C says things (c_language), and the two entry points; which passes there are says code.c.
 * Begin with ls_export_c. */
#include <string.h>

#include "base/mem.h"
#include "export/code.h"
#include "export/export.h"

enum {
  APART = 10000,   /* more parameters than these are in a file of their own */
  MOST = 10000000, /* and more are none: a compiler takes 4 s and 0.3 to 0.6 GB for each million */
  A_LINE = 6
};

/* ---- the language ---- */

static void put_number(double value, ls_dtype precision, char out[48]) {
  snprintf(out, 48, "%a%s", value, precision == LS_F32 ? "f" : "");
}

/* "g, y" with `before` in front of each. */
static void put_list(FILE *to, const char *list, const char *before) {
  for (const char *at = list; *at;) {
    const int length = (int)strcspn(at, ",");
    fprintf(to, "%s%.*s", before, length, at);
    at += length;
    if (*at) fputs(", ", to);
    at += strspn(at, ", ");
  }
}

static void put_formula(FILE *to, const ls_formula *f, const char *body) {
  const bool one_line = strchr(body, '\n')[1] == 0;
  fprintf(to, "static real %s(", f->name);
  put_list(to, f->args, "real ");
  if (one_line) {
    fprintf(to, ") { return %.*s; }\n\n", (int)strcspn(body, "\n") - 4, body + strlen("v = "));
    return;
  }
  fprintf(to, ") {\n  real v%s%s;\n", *f->locals ? ", " : "", f->locals);
  for (const char *at = body; *at; at += strcspn(at, "\n") + 1)
    fprintf(to, "  %.*s;\n", (int)strcspn(at, "\n"), at);
  fputs("  return v;\n}\n\n", to);
}

#define POWER_OF_TWO(name, type, magic, number, whole, bits, bias, shift)                         \
  {                                                                                               \
    name, "/* 2^n from n + " magic " */\nstatic " type " " name "(" type                          \
          " n_magic) {\n  union {\n    " number " number;\n    " whole " bits; /* " bits          \
          " of them */\n  } u;\n  u.number = n_magic;\n  u.bits = (u.bits + " bias "u) << " shift \
          ";\n  return u.number;\n}\n\n"                                                          \
  }
#define SINGLE "float", "unsigned int", "32", "127", "23"
#define DOUBLE "double", "unsigned long long", "64", "1023", "52"
#define POWER(...) POWER_OF_TWO(__VA_ARGS__)

static const ls_piece single[] = {{"lanes", "enum { lanes = 16 };\n"},
                                  POWER("power_of_two", "real", "magic", SINGLE),
                                  {NULL, NULL}};
static const ls_piece twice[] = {{"lanes", "enum { lanes = 8 };\n"},
                                 POWER("power_of_two", "real", "magic", DOUBLE),
                                 {NULL, NULL}};

static const ls_piece library[] = {
    {"dense",
     "/* z = x w + b: of each output one chain of fused products, in the order of the inputs */\n"
     "static void dense(int n, int m, const real *restrict x, const real *restrict w,\n"
     "                  const real *restrict b, real *restrict z) {\n"
     "  for (int j = 0; j < m; j++) z[j] = b[j];\n"
     "  for (int i = 0; i < n; i++, w += m)\n"
     "    for (int j = 0; j < m; j++) z[j] = fused(x[i], w[j], z[j]);\n}\n\n"},
    {"dense_back",
     "static void dense_back(int n, int m, const real *restrict g, const real *restrict w,\n"
     "                       real *restrict d) {\n"
     "  for (int i = 0; i < n; i++, w += m) {\n"
     "    real sum = 0;\n"
     "    for (int j = 0; j < m; j++) sum = fused(g[j], w[j], sum);\n"
     "    d[i] = sum;\n  }\n}\n\n"},
    {"add",
     "static void add(int n, const real *x, const real *more, real *y) {\n"
     "  for (int i = 0; i < n; i++) y[i] = x[i] + more[i];\n}\n\n"},
    {"add_to",
     "static void add_to(int n, const real *more, real *sum) {\n"
     "  for (int i = 0; i < n; i++) sum[i] += more[i];\n}\n\n"},
    {"copy",
     "static void copy(int n, const real *from, real *to) {\n"
     "  for (int i = 0; i < n; i++) to[i] = from[i];\n}\n\n"},
    {"lanes_sum",
     "static real lanes_sum(real lane[lanes]) {\n"
     "  for (int h = lanes / 2; h > 0; h /= 2)\n"
     "    for (int i = 0; i < h; i++) lane[i] += lane[i + h];\n"
     "  return lane[0];\n}\n\n"},
    {"row_sum",
     "static real row_sum(int n, const real *x) {\n"
     "  real lane[lanes] = {0};\n"
     "  for (int i = 0; i < n; i++) lane[i % lanes] += x[i];\n"
     "  return lanes_sum(lane);\n}\n\n"},
    {"row_dot",
     "static real row_dot(int n, const real *x, const real *y) {\n"
     "  real lane[lanes] = {0};\n"
     "  for (int i = 0; i < n; i++) lane[i % lanes] += x[i] * y[i];\n"
     "  return lanes_sum(lane);\n}\n\n"},
    {"softmax_layer",
     "static void softmax_layer(int n, const real *z, real *y) {\n"
     "  real top = z[0];\n"
     "  for (int i = 1; i < n; i++) top = merge(z[i], top, z[i] > top);\n"
     "  for (int i = 0; i < n; i++) y[i] = exp_of(z[i] - top);\n"
     "  const real sum = row_sum(n, y);\n"
     "  for (int i = 0; i < n; i++) y[i] /= sum;\n}\n\n"},
    {"softmax_back",
     "static void softmax_back(int n, const real *y, const real *g, real *d) {\n"
     "  const real mean = row_dot(n, g, y);\n"
     "  for (int i = 0; i < n; i++) d[i] = y[i] * (g[i] - mean);\n}\n\n"},
    {"ascending_layer",
     "/* of each group the first is what it is, and each other one more than the one before */\n"
     "static void ascending_layer(int n, int group, const real *z, real *y) {\n"
     "  for (int i = 0; i < n; i++) y[i] = i % group == 0 ? z[i] : y[i - 1] + softplus_of(z[i]);\n"
     "}\n\n"},
    {"ascending_back",
     "static void ascending_back(int n, int group, const real *z, const real *g, real *d) {\n"
     "  real sum = 0;\n"
     "  for (int i = n - 1; i >= 0; i--) {\n"
     "    sum += g[i];\n"
     "    d[i] = i % group == 0 ? sum : softplus_slope(sum, z[i]);\n"
     "    if (i % group == 0) sum = 0;\n  }\n}\n\n"},
    {"mean_variance_layer",
     "/* of each two the first is what it is, and the second above 0 */\n"
     "static void mean_variance_layer(int n, const real *z, real *y) {\n"
     "  for (int i = 0; i < n; i++) y[i] = i % 2 == 0 ? z[i] : softplus_of(z[i]) + "
     "least_variance;\n}\n\n"},
    {"mean_variance_back",
     "static void mean_variance_back(int n, const real *z, const real *g, real *d) {\n"
     "  for (int i = 0; i < n; i++) d[i] = i % 2 == 0 ? g[i] : softplus_slope(g[i], z[i]);\n"
     "}\n\n"},
    {"layer_norm",
     "static void layer_norm(int n, const real *x, const real *gain, const real *b, real *normal,\n"
     "                       real *scale, real *y) {\n"
     "  const real mean = row_sum(n, x) / (real)n;\n"
     "  for (int i = 0; i < n; i++) normal[i] = x[i] - mean;\n"
     "  *scale = 1 / (real)sqrt((double)(row_dot(n, normal, normal) / (real)n) + 1e-5);\n"
     "  for (int i = 0; i < n; i++) {\n"
     "    normal[i] *= *scale;\n"
     "    y[i] = normal[i] * gain[i] + b[i];\n  }\n}\n\n"},
    {"layer_norm_back",
     "static void layer_norm_back(int n, const real *gain, const real *normal, const real *scale,\n"
     "                            const real *g, real *d) {\n"
     "  for (int i = 0; i < n; i++) d[i] = g[i] * gain[i];\n"
     "  const real mean = row_sum(n, d) / (real)n, slope = row_dot(n, d, normal) / (real)n;\n"
     "  for (int i = 0; i < n; i++) d[i] = (d[i] - mean - normal[i] * slope) * *scale;\n}\n\n"},
    POWER("wide_power_of_two", "double", "1.5 * 2^52", DOUBLE),
    {"exponential",
     "static double exponential(double x) {\n"
     "  static const double term[] = {1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040,\n"
     "                                1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800,\n"
     "                                1. / 479001600, 1. / 6227020800.};\n"
     "  const double magic = 6755399441055744.; /* rounds to an integer */\n"
     "  x = x < -746. ? -746. : x;\n"
     "  x = x > 710. ? 710. : x;\n"
     "  const double n = ((x * 1.44269504088896340736) + magic) - magic,\n"
     "               r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10,\n"
     "               k = n * 0.5 + magic, m = (n - (k - magic)) + magic;\n"
     "  double sum = term[11];\n"
     "  for (int i = 10; i >= 0; i--) sum = sum * r + term[i];\n"
     "  return ((1 + (r + (r * r) * sum)) * wide_power_of_two(k)) * wide_power_of_two(m);\n}\n\n"},
    {"logarithm",
     "/* of a number that is not > 0: not a number */\n"
     "static double logarithm(double x) {\n"
     "  union {\n    double number;\n    unsigned long long bits; /* 64 of them */\n  } u;\n"
     "  if (!(x > 0)) return NAN;\n"
     "  if (!(x < HUGE_VAL)) return x;\n"
     "  u.number = x;\n"
     "  long long n = (long long)((u.bits - 0x3fe6a09e667f3bcdu) >> 52);\n"
     "  n = (n ^ 0x800) - 0x800;\n"
     "  u.bits -= (unsigned long long)n << 52;\n"
     "  const double s = (u.number - 1) / (u.number + 1), p = s * s;\n"
     "  double sum = 1. / 23;\n"
     "  for (int i = 10; i > 0; i--) sum = sum * p + 1. / (2 * i + 1);\n"
     "  return (double)n * 6.93147180369123816490e-01 +\n"
     "         ((double)n * 1.90821492927058770002e-10 + (2 * s + (2 * s) * (p * sum)));\n}\n\n"},
    {NULL, NULL}};

/* ---- the files ---- */

static const ls_language c_language;

static const char *type_of(bool wide) { return wide ? "double" : "float"; }

static void put_array(FILE *to, const char *name, int64_t n) {
  fprintf(to, "  real %s[%jd];\n", name, n);
}

static void put_numbers(const ls_code_numbers *numbers, const char *before, const char *name,
                        FILE *to) {
  char text[48];
  fprintf(to, "%sconst %s %s_%s[%jd] = {", before, type_of(numbers->precision == LS_F64), name,
          numbers->name, numbers->n);
  for (int64_t i = 0; i < numbers->n; i++) {
    put_number(ls_dtype_get(numbers->precision, numbers->values, i), numbers->precision, text);
    fprintf(to, "%s%s%s", i % A_LINE == 0 ? "\n  " : " ", text, i + 1 < numbers->n ? "," : "");
  }
  fputs("\n};\n", to);
}

/* A text of the data as a literal. */
static void put_text(FILE *to, const char *text) {
  fputc('"', to);
  for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
    if (*at < ' ' || *at == 127)
      fprintf(to, "\\%03o", *at);
    else
      fprintf(to, "%s%c", strchr("\\\"?", *at) ? "\\" : "", *at);
  }
  fputc('"', to);
}

static void put_texts(const ls_texts *texts, const char *name, const char *what, FILE *to) {
  fprintf(to, "const char *const %s_%s[%jd] = {", name, what, texts->count);
  for (int64_t i = 0; i < texts->count; i++) {
    fputs(i > 0 ? ", " : "", to);
    put_text(to, texts->text[i]);
  }
  fputs("};\n", to);
}

static void write_header(const ls_net *net, const char *name, FILE *to) {
  const ls_texts *texts;
  const char *what;
  ls_code_about(net, "//", to);
  fprintf(to,
          "#ifndef LOCKSTEP_EXPORT_%s_H\n#define LOCKSTEP_EXPORT_%s_H\n\n"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
          "enum { %s_inputs = %jd, %s_outputs = %jd };\n",
          name, name, name, net->x.n, name, net->y.n);
  for (int i = 0; ls_net_texts(net, i, &what, &texts); i++)
    fprintf(to, "extern const char *const %s_%s[%jd];\n", name, what, texts->count);
  fprintf(
      to,
      "\n/* The outputs y (outputs) for the inputs x (inputs), both in the units of the training "
      "data. Reentrant. */\n"
      "void %s_predict(const %s *x, %s *y);\n"
      "/* The derivatives (outputs, inputs) of the outputs by the inputs, row by row. */\n"
      "void %s_jacobian(const %s *x, %s *jacobian);\n\n"
      "#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
      name, type_of(net->x.wide), type_of(net->y.wide), name, type_of(net->x.wide),
      type_of(net->y.wide));
}

static const char head[] =
    "#ifdef __cplusplus /* C++17 takes this file too */\n"
    "#define restrict __restrict\n"
    "#endif\n"
    "#if defined(__FAST_MATH__) || (defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0)\n"
    "#error \"compile this file without -ffast-math and -Ofast, on 32-bit x86 with -mfpmath=sse\"\n"
    "#endif\n"
    "/* a * b + c is two roundings where it does not say fused. What gcc 12 makes of rows of + and "
    "-\n"
    " * beside each other (vfmaddsub) is one whatever is asked for. */\n"
    "#if defined(__GNUC__) && !defined(__clang__)\n"
    "#pragma GCC optimize(\"fp-contract=off\", \"no-tree-slp-vectorize\")\n"
    "#else\n"
    "#pragma STDC FP_CONTRACT OFF\n"
    "#endif\n\n"
    "/* While it computes, lockstep rounds to nearest and takes numbers that are too small to be\n"
    " * normal for 0; the caller's mode comes back. Elsewhere such numbers stay what they are. */\n"
    "#if defined(__x86_64__) && defined(__GNUC__)\n"
    "typedef unsigned int mode;\n"
    "static mode enter(void) {\n"
    "  const mode before = __builtin_ia32_stmxcsr();\n"
    "  __builtin_ia32_ldmxcsr(0x9fc0);\n"
    "  return before;\n}\n"
    "static void leave(mode before) { __builtin_ia32_ldmxcsr(before); }\n"
    "#elif defined(__aarch64__) && defined(__GNUC__)\n"
    "typedef unsigned long long mode;\n"
    "static void leave(mode before) { __asm__ volatile(\"msr fpcr, %0\" : : \"r\"(before)); }\n"
    "static mode enter(void) {\n"
    "  mode before;\n"
    "  __asm__ volatile(\"mrs %0, fpcr\" : \"=r\"(before));\n"
    "  leave(1u << 24);\n"
    "  return before;\n}\n"
    "#else\n"
    "typedef int mode;\n"
    "static mode enter(void) { return 0; }\n"
    "static void leave(mode before) { (void)before; }\n"
    "#endif\n"
    "#ifdef __GNUC__ /* what is computed stays between the two */\n"
    "#define APART __attribute__((noinline))\n"
    "#else\n"
    "#define APART\n"
    "#endif\n\n";

/* Input i as a double in its own units, then scaled. */
static void write_inputs(const ls_net *net, const char *name, FILE *to) {
  fprintf(to, "  for (int i = 0; i < %jd; i++) {\n    const double own = ", net->x.n);
  if (net->missing.n > 0)
    fprintf(to, "x[i] != x[i] ? %s_x_missing[i] : (double)x[i];\n", name);
  else
    fputs("(double)x[i];\n", to);
  fputs("    t->x[i] = (real)", to);
  if (net->x.log)
    fprintf(to,
            "(((%s_x_log[i] != 0 ? logarithm(own) : own) - %s_x_shift[i]) / %s_x_divisor[i]);\n",
            name, name, name);
  else if (net->x.affine)
    fprintf(to, "((own - %s_x_shift[i]) / %s_x_divisor[i]);\n", name, name);
  else
    fputs("own;\n", to);
  fputs("  }\n", to);
}

static void write_forward(const ls_net *net, const char *name, const char *before, FILE *to) {
  fputs("typedef struct {\n", to);
  ls_code_trace(net, to, put_array);
  fprintf(to, "} trace;\n\nstatic void forward(const %s *x, trace *t) {\n", type_of(net->x.wide));
  write_inputs(net, name, to);
  ls_code_forward(net, &c_language, before, to);
  fputs("}\n\n", to);
}

/* Value i of a side in its own units, from t.AT[i] as scaled. */
static void write_own(const ls_net_side *side, const char *which, const char *at, const char *name,
                      FILE *to) {
  if (!side->affine) return;
  fprintf(to, "static double own_%s(const trace *t, int i) {\n", which);
  fprintf(to, "  const double own = (double)t->%s[i] * %s_%s_divisor[i] + %s_%s_shift[i];\n", at,
          name, which, name, which);
  if (side->log)
    fprintf(to, "  return %s_%s_log[i] != 0 ? exponential(own) : own;\n}\n", name, which);
  else
    fputs("  return own;\n}\n", to);
}

/* The derivative of this by that. */
static void write_slope(const ls_net_side *side, const char *which, const char *name, FILE *to) {
  if (!side->log) return;
  fprintf(to,
          "static double slope_%s(const trace *t, int i) {\n"
          "  return %s_%s_log[i] != 0 ? %s_%s_divisor[i] * own_%s(t, i) : %s_%s_divisor[i];\n}\n",
          which, name, which, name, which, which, name, which);
}

/* " * flux_y_divisor[k]" */
static void put_slope(const ls_net_side *side, const char *operator, const char * which,
                      const char *index, const char *name, FILE *to) {
  if (side->log)
    fprintf(to, " %s slope_%s(&t, %s)", operator, which, index);
  else if (side->affine)
    fprintf(to, " %s %s_%s_divisor[%s]", operator, name, which, index);
}

static void write_predict(const ls_net *net, const char *name, FILE *to) {
  const char *x = type_of(net->x.wide), *y = type_of(net->y.wide);
  char last[16];
  ls_code_output(net, last);
  write_own(&net->y, "y", last, name, to);
  fprintf(to, "APART static void predict(const %s *x, %s *y) {\n  trace t;\n  forward(x, &t);\n", x,
          y);
  fprintf(to, "  for (int i = 0; i < %jd; i++) y[i] = ", net->y.n);
  if (net->y.affine)
    fprintf(to, "(%s)own_y(&t, i);\n", y);
  else
    fprintf(to, "t.%s[i];\n", last);
  fprintf(to,
          "}\n\nvoid %s_predict(const %s *x, %s *y) {\n"
          "  const mode before = enter();\n  predict(x, y);\n  leave(before);\n}\n\n",
          name, x, y);
}

static void write_jacobian(const ls_net *net, const char *name, const char *before, FILE *to) {
  const char *x = type_of(net->x.wide), *y = type_of(net->y.wide);
  char last[16];
  ls_code_output(net, last);
  if (net->x.log) write_own(&net->x, "x", "x", name, to);
  write_slope(&net->x, "x", name, to);
  write_slope(&net->y, "y", name, to);
  fputs("static void backward(const trace *t, trace *d) {\n", to);
  ls_code_backward(net, &c_language, before, to);
  fprintf(to,
          "}\n\nAPART static void jacobian_rows(const %s *x, %s *row) {\n"
          "  trace t, d;\n  forward(x, &t);\n"
          "  for (int k = 0; k < %jd; k++, row += %jd) {\n"
          "    for (int i = 0; i < %jd; i++) d.%s[i] = i == k;\n"
          "    backward(&t, &d);\n"
          "    for (int i = 0; i < %jd; i++) row[i] = (%s)((double)d.x[i]",
          x, y, net->y.n, net->x.n, net->y.n, last, net->x.n, y);
  put_slope(&net->y, "*", "y", "k", name, to);
  put_slope(&net->x, "/", "x", "i", name, to);
  fprintf(to,
          ");\n  }\n}\n\nvoid %s_jacobian(const %s *x, %s *jacobian) {\n"
          "  const mode before = enter();\n  jacobian_rows(x, jacobian);\n  leave(before);\n}\n",
          name, x, y);
}

static void write_program(const ls_net *net, const char *name, FILE *to) {
  char *before = ls_mem_format("%s_", name);
  write_forward(net, name, before, to);
  write_predict(net, name, to);
  write_jacobian(net, name, before, to);
  ls_mem_free(before);
}

static const ls_language c_language = {
    .call = "  ",
    .call_end = ";\n",
    .member = "->",
    .constant = "static const real %s = %s;\n",
    .between = "",
    .elementwise = {"static void @_layer(int n, const real *z, real *y) {\n"
                    "  for (int i = 0; i < n; i++) y[i] = @_of(z[i]);\n}\n\n",
                    "static void @_back(int n, const real *v, const real *g, real *d) {\n"
                    "  for (int i = 0; i < n; i++) d[i] = @_slope(g[i], v[i]);\n}\n\n"},
    .typed = {single, twice},
    .library = library,
    .number = put_number,
    .formula = put_formula,
    .program = write_program,
};

static void write_tensors(const ls_net *net, const char *before, const char *name, FILE *to) {
  ls_code_numbers numbers;
  for (int i = 0; ls_code_tensor(net, i, &numbers); i++) put_numbers(&numbers, before, name, to);
}

static void declare_tensors(const ls_net *net, const char *name, FILE *to) {
  ls_code_numbers numbers;
  for (int i = 0; ls_code_tensor(net, i, &numbers); i++)
    fprintf(to, "extern const %s %s_%s[%jd];\n", type_of(numbers.precision == LS_F64), name,
            numbers.name, numbers.n);
}

static ls_status write_weights(const ls_net *net, ls_export *to) {
  FILE *weights;
  LS_TRY(ls_export_file(to, "_weights.c", &weights));
  ls_code_about(net, "//", weights);
  fprintf(weights, "// The numbers of %s.c.\n\n", to->stem);
  declare_tensors(net, to->name, weights);
  write_tensors(net, "", to->name, weights);
  return LS_OK;
}

/* The header stands in an #include, and <math.h> is one of the compiler's. */
static ls_status refuse_stem(const char *stem) {
  if (!strpbrk(stem, "\"\\\n\r") && strcmp(stem, "math") != 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "export: '%s.h' cannot stand in an #include; give -o another name",
                 stem);
}

ls_status ls_export_c(const ls_net *net, ls_export *to) {
  const bool apart = net->checkpoint->parameters > APART;
  ls_code_numbers numbers;
  const ls_texts *texts;
  const char *what;
  FILE *program, *header;
  LS_TRY(refuse_stem(to->stem));
  if (net->checkpoint->parameters > MOST)
    return ls_fail(LS_ECONFIG,
                   "'%s': %jd parameters are more than the %d that a compiler takes in reasonable "
                   "time; export to onnx or npz",
                   net->path, net->checkpoint->parameters, MOST);
  LS_TRY(ls_export_file(to, ".c", &program));
  LS_TRY(ls_export_file(to, ".h", &header));
  write_header(net, to->name, header);
  ls_code_about(net, "//", program);
  fprintf(program,
          "#include \"%s.h\"\n\n#include <math.h>\n\n%stypedef %s real;\n"
          "#define fused %s /* a * b + c with one rounding */\n"
          "#define merge(a, b, first) ((first) ? (a) : (b))\n\n",
          to->stem, head, type_of(net->precision == LS_F64),
          net->precision == LS_F64 ? "fma" : "fmaf");
  if (apart)
    declare_tensors(net, to->name, program);
  else
    write_tensors(net, "static ", to->name, program);
  for (int i = 0; ls_code_scaling(net, i, &numbers); i++)
    put_numbers(&numbers, "static ", to->name, program);
  for (int i = 0; ls_net_texts(net, i, &what, &texts); i++)
    put_texts(texts, to->name, what, program);
  fputc('\n', program);
  LS_TRY(ls_code_program(net, &c_language, to->name, program));
  return apart ? write_weights(net, to) : LS_OK;
}
