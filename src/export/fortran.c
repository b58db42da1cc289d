/* fortran.c - export to Fortran 2008: a module, and where there are many numbers another one with
 * them. Numbers are decimals with as many digits as tell each from its neighbours. Built as c.c is:
 * begin with ls_export_fortran. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "export/code.h"
#include "export/export.h"

enum {
  APART = 10000,  /* more parameters than these are in a file of their own */
  MOST = 2000000, /* and more are none: see docs/export.md */
  A_LINE = 3,
  A_STATEMENT = 400, /* the standard has 255 lines */
  A_TEXT_LINE = 80
};

/* ---- the language ---- */

static void put_plain(double value, ls_dtype precision, const char *kind, char out[48]) {
  snprintf(out, 48, "%.*e_%s", precision == LS_F32 ? 8 : 16, value, kind);
}

/* Two operators do not stand beside each other. */
static void put_number(double value, ls_dtype precision, char out[48]) {
  char plain[48];
  put_plain(value, precision, "rk", plain);
  snprintf(out, 48, *plain == '-' ? "(%s)" : "%s", plain);
}

static void put_formula(FILE *to, const ls_formula *f, const char *body) {
  fprintf(to,
          "  elemental function %s(%s) result(v)\n    real(rk), intent(in) :: %s\n"
          "    real(rk) :: v%s%s\n",
          f->name, f->args, f->args, *f->locals ? ", " : "", f->locals);
  for (const char *at = body; *at; at += strcspn(at, "\n") + 1)
    fprintf(to, "    %.*s\n", (int)strcspn(at, "\n"), at);
  fprintf(to, "  end function %s\n\n", f->name);
}

#define POWER_OF_TWO(name, type, magic, whole, bias, shift)                                  \
  {                                                                                          \
    name, "  elemental function " name "(n_magic) result(v) ! 2^n from n + " magic           \
          "\n    real(" type "), intent(in) :: n_magic\n    real(" type                      \
          ") :: v\n    v = transfer(shiftl(transfer(n_magic, 0_" whole ") + " bias "_" whole \
          ", " shift "), v)\n  end function " name "\n\n"                                    \
  }

static const ls_piece single[] = {POWER_OF_TWO("power_of_two", "rk", "magic", "int32", "127", "23"),
                                  {NULL, NULL}};
static const ls_piece twice[] = {POWER_OF_TWO("power_of_two", "rk", "magic", "int64", "1023", "52"),
                                 {NULL, NULL}};

static const ls_piece library[] = {
    {"dense",
     "  ! z = x w + b: of each output one chain of fused products, in the order of the inputs\n"
     "  pure subroutine dense(n, m, x, w, b, z)\n"
     "    integer, intent(in) :: n, m\n"
     "    real(rk), intent(in) :: x(n), w(m, n), b(m)\n"
     "    real(rk), intent(out) :: z(m)\n"
     "    integer :: i, j\n"
     "    z = b\n"
     "    do i = 1, n\n"
     "      do j = 1, m\n"
     "        z(j) = fused(x(i), w(j, i), z(j))\n"
     "      end do\n"
     "    end do\n"
     "  end subroutine dense\n\n"},
    {"dense_back",
     "  pure subroutine dense_back(n, m, g, w, d)\n"
     "    integer, intent(in) :: n, m\n"
     "    real(rk), intent(in) :: g(m), w(m, n)\n"
     "    real(rk), intent(out) :: d(n)\n"
     "    integer :: i, j\n"
     "    d = 0\n"
     "    do i = 1, n\n"
     "      do j = 1, m\n"
     "        d(i) = fused(g(j), w(j, i), d(i))\n"
     "      end do\n"
     "    end do\n"
     "  end subroutine dense_back\n\n"},
    {"add",
     "  pure subroutine add(n, x, more, y)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: x(n), more(n)\n"
     "    real(rk), intent(out) :: y(n)\n"
     "    y = x + more\n"
     "  end subroutine add\n\n"},
    {"add_to",
     "  pure subroutine add_to(n, more, total)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: more(n)\n"
     "    real(rk), intent(inout) :: total(n)\n"
     "    total = total + more\n"
     "  end subroutine add_to\n\n"},
    {"copy",
     "  pure subroutine copy(n, from, to)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: from(n)\n"
     "    real(rk), intent(out) :: to(n)\n"
     "    to = from\n"
     "  end subroutine copy\n\n"},
    {"lanes_total",
     "  pure function lanes_total(lane) result(v)\n"
     "    real(rk), intent(in) :: lane(lanes)\n"
     "    real(rk) :: v, left(lanes)\n"
     "    integer :: h\n"
     "    left = lane\n"
     "    h = lanes / 2\n"
     "    do while (h > 0)\n"
     "      left(1:h) = left(1:h) + left(h + 1:2 * h)\n"
     "      h = h / 2\n"
     "    end do\n"
     "    v = left(1)\n"
     "  end function lanes_total\n\n"},
    {"row_sum",
     "  pure function row_sum(n, x) result(v)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: x(n)\n"
     "    real(rk) :: v, lane(lanes)\n"
     "    integer :: i, k\n"
     "    lane = 0\n"
     "    do i = 1, n\n"
     "      k = mod(i - 1, lanes) + 1\n"
     "      lane(k) = lane(k) + x(i)\n"
     "    end do\n"
     "    v = lanes_total(lane)\n"
     "  end function row_sum\n\n"},
    {"row_dot",
     "  pure function row_dot(n, x, y) result(v)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: x(n), y(n)\n"
     "    real(rk) :: v, lane(lanes)\n"
     "    integer :: i, k\n"
     "    lane = 0\n"
     "    do i = 1, n\n"
     "      k = mod(i - 1, lanes) + 1\n"
     "      lane(k) = lane(k) + (x(i) * y(i))\n"
     "    end do\n"
     "    v = lanes_total(lane)\n"
     "  end function row_dot\n\n"},
    {"softmax_layer",
     "  pure subroutine softmax_layer(n, z, y)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: z(n)\n"
     "    real(rk), intent(out) :: y(n)\n"
     "    real(rk) :: top\n"
     "    integer :: i\n"
     "    top = z(1)\n"
     "    do i = 2, n\n"
     "      top = merge(z(i), top, z(i) > top)\n"
     "    end do\n"
     "    y = exp_of(z - top)\n"
     "    y = y / row_sum(n, y)\n"
     "  end subroutine softmax_layer\n\n"},
    {"softmax_back",
     "  pure subroutine softmax_back(n, y, g, d)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: y(n), g(n)\n"
     "    real(rk), intent(out) :: d(n)\n"
     "    d = y * (g - row_dot(n, g, y))\n"
     "  end subroutine softmax_back\n\n"},
    {"ascending_layer",
     "  ! of each group the first is what it is, and each other one more than the one before\n"
     "  pure subroutine ascending_layer(n, group, z, y)\n"
     "    integer, intent(in) :: n, group\n"
     "    real(rk), intent(in) :: z(n)\n"
     "    real(rk), intent(out) :: y(n)\n"
     "    integer :: i\n"
     "    do i = 1, n\n"
     "      if (mod(i - 1, group) == 0) then\n"
     "        y(i) = z(i)\n"
     "      else\n"
     "        y(i) = y(i - 1) + softplus_of(z(i))\n"
     "      end if\n"
     "    end do\n"
     "  end subroutine ascending_layer\n\n"},
    {"ascending_back",
     "  pure subroutine ascending_back(n, group, z, g, d)\n"
     "    integer, intent(in) :: n, group\n"
     "    real(rk), intent(in) :: z(n), g(n)\n"
     "    real(rk), intent(out) :: d(n)\n"
     "    real(rk) :: total\n"
     "    integer :: i\n"
     "    total = 0\n"
     "    do i = n, 1, -1\n"
     "      total = total + g(i)\n"
     "      if (mod(i - 1, group) == 0) then\n"
     "        d(i) = total\n"
     "        total = 0\n"
     "      else\n"
     "        d(i) = softplus_slope(total, z(i))\n"
     "      end if\n"
     "    end do\n"
     "  end subroutine ascending_back\n\n"},
    {"mean_variance_layer",
     "  ! of each two the first is what it is, and the second above 0\n"
     "  pure subroutine mean_variance_layer(n, z, y)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: z(n)\n"
     "    real(rk), intent(out) :: y(n)\n"
     "    y = z\n"
     "    y(2::2) = softplus_of(z(2::2)) + least_variance\n"
     "  end subroutine mean_variance_layer\n\n"},
    {"mean_variance_back",
     "  pure subroutine mean_variance_back(n, z, g, d)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: z(n), g(n)\n"
     "    real(rk), intent(out) :: d(n)\n"
     "    d = g\n"
     "    d(2::2) = softplus_slope(g(2::2), z(2::2))\n"
     "  end subroutine mean_variance_back\n\n"},
    {"layer_norm",
     "  pure subroutine layer_norm(n, x, gain, b, normal, scale, y)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: x(n), gain(n), b(n)\n"
     "    real(rk), intent(out) :: normal(n), scale(1), y(n)\n"
     "    real(rk) :: variance\n"
     "    normal = x - (row_sum(n, x) / real(n, rk))\n"
     "    variance = row_dot(n, normal, normal) / real(n, rk)\n"
     "    scale(1) = 1.0_rk / real(sqrt(real(variance, real64) + 1.0e-5_real64), rk)\n"
     "    normal = normal * scale(1)\n"
     "    y = (normal * gain) + b\n"
     "  end subroutine layer_norm\n\n"},
    {"layer_norm_back",
     "  pure subroutine layer_norm_back(n, gain, normal, scale, g, d)\n"
     "    integer, intent(in) :: n\n"
     "    real(rk), intent(in) :: gain(n), normal(n), scale(1), g(n)\n"
     "    real(rk), intent(out) :: d(n)\n"
     "    real(rk) :: mean, slope\n"
     "    d = g * gain\n"
     "    mean = row_sum(n, d) / real(n, rk)\n"
     "    slope = row_dot(n, d, normal) / real(n, rk)\n"
     "    d = ((d - mean) - (normal * slope)) * scale(1)\n"
     "  end subroutine layer_norm_back\n\n"},
    POWER_OF_TWO("wide_power_of_two", "real64", "1.5 * 2^52", "int64", "1023", "52"),
    {"exponential",
     "  elemental function exponential(x) result(v)\n"
     "    real(real64), intent(in) :: x\n"
     "    real(real64), parameter :: magic = 6755399441055744.0_real64 ! rounds to an integer\n"
     "    real(real64), parameter :: term(12) = 1.0_real64 / [2.0_real64, 6.0_real64, &\n"
     "      24.0_real64, 120.0_real64, 720.0_real64, 5040.0_real64, 40320.0_real64, &\n"
     "      362880.0_real64, 3628800.0_real64, 39916800.0_real64, 479001600.0_real64, &\n"
     "      6227020800.0_real64]\n"
     "    real(real64) :: v, a, n, r, k, m\n"
     "    integer :: i\n"
     "    a = merge(-746.0_real64, x, x < -746.0_real64)\n"
     "    a = merge(710.0_real64, a, a > 710.0_real64)\n"
     "    n = ((a * 1.44269504088896340736_real64) + magic) - magic\n"
     "    r = (a - (n * 6.93147180369123816490e-01_real64)) - &\n"
     "      (n * 1.90821492927058770002e-10_real64)\n"
     "    k = (n * 0.5_real64) + magic\n"
     "    m = (n - (k - magic)) + magic\n"
     "    v = term(12)\n"
     "    do i = 11, 1, -1\n"
     "      v = (v * r) + term(i)\n"
     "    end do\n"
     "    v = (1.0_real64 + (r + ((r * r) * v))) * wide_power_of_two(k)\n"
     "    v = v * wide_power_of_two(m)\n"
     "  end function exponential\n\n"},
    {"logarithm",
     "  elemental function logarithm(x) result(v) ! of a number that is not > 0: not a number\n"
     "    real(real64), intent(in) :: x\n"
     "    real(real64) :: v, a, n, s, p\n"
     "    integer(int64) :: bits, whole\n"
     "    integer :: i\n"
     "    a = merge(x, 1.0_real64, x > 0.0_real64)\n"
     "    bits = transfer(a, bits)\n"
     "    whole = shifta(bits - int(z'3fe6a09e667f3bcd', int64), 52)\n"
     "    n = real(whole, real64)\n"
     "    a = transfer(bits - shiftl(whole, 52), a)\n"
     "    s = (a - 1.0_real64) / (a + 1.0_real64)\n"
     "    p = s * s\n"
     "    v = 1.0_real64 / 23.0_real64\n"
     "    do i = 10, 1, -1\n"
     "      v = (v * p) + (1.0_real64 / real(2 * i + 1, real64))\n"
     "    end do\n"
     "    v = (n * 6.93147180369123816490e-01_real64) + ((n * 1.90821492927058770002e-10_real64) + "
     "&\n"
     "      ((2.0_real64 * s) + ((2.0_real64 * s) * (p * v))))\n"
     "    v = merge(v, x, x <= huge(x))\n"
     "    v = merge(v, transfer(int(z'7ff8000000000000', int64), v), x > 0.0_real64)\n"
     "  end function logarithm\n\n"},
    {NULL, NULL}};

/* ---- the files ---- */

static const ls_language fortran;

static const char *kind_of(bool wide) { return wide ? "real64" : "real32"; }

static void put_array(FILE *to, const char *name, int64_t n) {
  fprintf(to, "    real(rk) :: %s(%jd)\n", name, n);
}

static void put_numbers(const ls_code_numbers *numbers, const char *access, FILE *to) {
  const char *kind = kind_of(numbers->precision == LS_F64);
  char text[48];
  fprintf(to, "  real(%s), save, %s :: %s(%jd)\n", kind, access, numbers->name, numbers->n);
  for (int64_t i = 0; i < numbers->n; i++) {
    const int64_t left = numbers->n - i, statement = left < A_STATEMENT ? left : A_STATEMENT;
    const bool last = i + 1 == numbers->n || i % A_STATEMENT == A_STATEMENT - 1;
    if (i % A_STATEMENT == 0)
      fprintf(to, "  data %s(%jd:%jd) / &\n", numbers->name, i + 1, i + statement);
    put_plain(ls_dtype_get(numbers->precision, numbers->values, i), numbers->precision, kind, text);
    fprintf(to, "%s%s%s", i % A_STATEMENT % A_LINE == 0 ? "    " : " ", text, last ? " /\n" : ",");
    if (!last && i % A_STATEMENT % A_LINE == A_LINE - 1) fputs(" &\n", to);
  }
}

/* A text of the data as a literal, on as many lines as it takes; what is no character is _. */
static void put_text(FILE *to, const char *text) {
  fputs("    '", to);
  for (int i = 0; text[i]; i++) {
    if (i % A_TEXT_LINE == A_TEXT_LINE - 1) fputs("&\n    &", to);
    if (text[i] == '\'') fputc('\'', to);
    fputc((unsigned char)text[i] < ' ' || text[i] == 127 ? '_' : text[i], to);
  }
  fputc('\'', to);
}

static void put_texts(const ls_texts *texts, const char *name, const char *what, FILE *to) {
  size_t width = 1;
  for (int64_t i = 0; i < texts->count; i++)
    width = strlen(texts->text[i]) > width ? strlen(texts->text[i]) : width;
  fprintf(to, "  character(len=%zu), save, protected, public :: %s_%s(%jd)\n", width, name, what,
          texts->count);
  for (int64_t i = 0; i < texts->count; i++) {
    fprintf(to, "  data %s_%s(%jd) / &\n", name, what, i + 1);
    put_text(to, texts->text[i]);
    fputs(" /\n", to);
  }
}

static void put_tensors(const ls_net *net, const char *access, FILE *to) {
  ls_code_numbers numbers;
  for (int i = 0; ls_code_tensor(net, i, &numbers); i++) put_numbers(&numbers, access, to);
}

static void write_head(const ls_net *net, const char *name, bool apart, FILE *to) {
  ls_code_numbers numbers;
  const ls_texts *texts;
  const char *what;
  const bool wide = net->precision == LS_F64;
  const char *c_kind = wide ? "c_double" : "c_float";
  ls_code_about(net, "!", to);
  fprintf(to,
          "! Compile it without -ffast-math and -Ofast; with gfortran on a processor's own "
          "instructions (-march=native)\n"
          "! -ffp-contract=off -fno-tree-slp-vectorize give lockstep's bits.\n"
          "module %s\n"
          "  use, intrinsic :: iso_c_binding, only: %s\n"
          "  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64\n",
          name, c_kind);
  if (apart) fprintf(to, "  use %s_weights\n", name);
  fprintf(to,
          "  implicit none\n  private\n"
          "  integer, parameter :: rk = %s, xk = %s, yk = %s, lanes = %d\n"
          "  integer, parameter, public :: %s_inputs = %jd\n"
          "  integer, parameter, public :: %s_outputs = %jd\n"
          "  public :: %s_predict, %s_jacobian\n\n"
          "  interface ! a * b + c with one rounding\n"
          "    pure function fused(a, b, c) bind(c, name='%s') result(v)\n"
          "      import :: %s\n"
          "      real(%s), value :: a, b, c\n"
          "      real(%s) :: v\n"
          "    end function fused\n"
          "  end interface\n\n",
          kind_of(wide), kind_of(net->x.wide), kind_of(net->y.wide), wide ? 8 : 16, name, net->x.n,
          name, net->y.n, name, name, wide ? "fma" : "fmaf", c_kind, c_kind, c_kind);
  if (!apart) put_tensors(net, "private", to);
  for (int i = 0; ls_code_scaling(net, i, &numbers); i++) put_numbers(&numbers, "private", to);
  for (int i = 0; ls_net_texts(net, i, &what, &texts); i++) put_texts(texts, name, what, to);
  fputs("\n  type :: trace\n", to);
  ls_code_trace(net, to, put_array);
  fputs("  end type trace\n\n", to);
}

/* The scaled inputs into the trace, then the layers. */
static void write_inputs(const ls_net *net, FILE *to) {
  fputs("    own = real(merge(sign(0.0_xk, x), x, abs(x) < tiny(x)), real64)\n", to);
  if (net->missing.n > 0) fputs("    own = merge(x_missing, own, own /= own)\n", to);
  if (net->x.log) fputs("    own = merge(logarithm(own), own, x_log > 0.5_real64)\n", to);
  fprintf(to, "    t%%x = real(%s, rk)\n", net->x.affine ? "(own - x_shift) / x_divisor" : "own");
}

static void write_forward(const ls_net *net, const char *name, FILE *to) {
  fprintf(to,
          "  pure subroutine forward(x, t)\n"
          "    real(xk), intent(in) :: x(%s_inputs)\n"
          "    type(trace), intent(inout) :: t\n"
          "    real(real64) :: own(%s_inputs)\n",
          name, name);
  write_inputs(net, to);
  ls_code_forward(net, &fortran, "", to);
  fputs("  end subroutine forward\n\n", to);
}

/* Values of a side in its own units, from those of t%AT as scaled. */
static void write_own(const ls_net_side *side, const char *which, const char *at, FILE *to) {
  fprintf(to, "    own_%s = (real(t%%%s, real64) * %s_divisor) + %s_shift\n", which, at, which,
          which);
  if (side->log)
    fprintf(to, "    own_%s = merge(exponential(own_%s), own_%s, %s_log > 0.5_real64)\n", which,
            which, which, which);
}

static void write_predict(const ls_net *net, const char *name, FILE *to) {
  char last[16];
  ls_code_output(net, last);
  fprintf(to,
          "  recursive subroutine predict(x, y)\n"
          "    real(xk), intent(in) :: x(%s_inputs)\n"
          "    real(yk), intent(out) :: y(%s_outputs)\n"
          "    type(trace) :: t\n",
          name, name);
  if (net->y.affine) fprintf(to, "    real(real64) :: own_y(%s_outputs)\n", name);
  fputs("    call forward(x, t)\n", to);
  if (net->y.affine) write_own(&net->y, "y", last, to);
  if (net->y.affine)
    fputs("    y = real(own_y, yk)\n", to);
  else
    fprintf(to, "    y = t%%%s\n", last);
  fputs("  end subroutine predict\n\n", to);
}

/* Derivatives of values in their own units by those as scaled: slope_y. */
static void write_slopes(const ls_net_side *side, const char *which, const char *at, FILE *to) {
  if (!side->affine) return;
  if (!side->log) {
    fprintf(to, "    slope_%s = %s_divisor\n", which, which);
    return;
  }
  write_own(side, which, at, to);
  fprintf(to, "    slope_%s = merge(%s_divisor * own_%s, %s_divisor, %s_log > 0.5_real64)\n", which,
          which, which, which, which);
}

static void declare_slopes(const ls_net_side *side, const char *which, const char *n, FILE *to) {
  if (side->affine) fprintf(to, "    real(real64) :: slope_%s(%s)\n", which, n);
  if (side->log) fprintf(to, "    real(real64) :: own_%s(%s)\n", which, n);
}

static void write_jacobian(const ls_net *net, const char *name, FILE *to) {
  char last[16], *inputs = ls_mem_format("%s_inputs", name),
                 *outputs = ls_mem_format("%s_outputs", name);
  ls_code_output(net, last);
  fputs(
      "  pure subroutine backward(t, d)\n"
      "    type(trace), intent(in) :: t\n"
      "    type(trace), intent(inout) :: d\n",
      to);
  ls_code_backward(net, &fortran, "", to);
  fprintf(to,
          "  end subroutine backward\n\n"
          "  recursive subroutine derive(x, jacobian)\n"
          "    real(xk), intent(in) :: x(%s)\n"
          "    real(yk), intent(out) :: jacobian(%s, &\n"
          "      %s)\n"
          "    type(trace) :: t, d\n"
          "    integer :: k\n",
          inputs, outputs, inputs);
  declare_slopes(&net->x, "x", inputs, to);
  declare_slopes(&net->y, "y", outputs, to);
  fputs("    call forward(x, t)\n", to);
  write_slopes(&net->x, "x", "x", to);
  write_slopes(&net->y, "y", last, to);
  fprintf(to,
          "    do k = 1, %s\n"
          "      d%%%s = 0\n"
          "      d%%%s(k) = 1\n"
          "      call backward(t, d)\n"
          "      jacobian(k, :) = real(real(d%%x, real64)%s%s, yk)\n"
          "    end do\n"
          "  end subroutine derive\n\n",
          outputs, last, last, net->y.affine ? " * slope_y(k)" : "",
          net->x.affine ? " / slope_x" : "");
  ls_mem_free(inputs);
  ls_mem_free(outputs);
}

/* What callers see: the inner procedure between two changes of the floating-point mode. */
static void write_entry(const char *name, const char *what, const char *inner, const char *result,
                        const char *shape, FILE *to) {
  fprintf(to,
          "  recursive subroutine %s_%s(x, %s)\n"
          "    use, intrinsic :: ieee_arithmetic\n"
          "    real(xk), intent(in) :: x(%s_inputs)\n"
          "    real(yk), intent(out) :: %s(%s)\n"
          "    type(ieee_round_type) :: rounding\n"
          "    logical :: gradual\n"
          "    gradual = .true.\n"
          "    call ieee_get_rounding_mode(rounding)\n"
          "    call ieee_set_rounding_mode(ieee_nearest)\n"
          "    if (ieee_support_underflow_control(1.0_rk)) then\n"
          "      call ieee_get_underflow_mode(gradual)\n"
          "      call ieee_set_underflow_mode(.false.)\n"
          "    end if\n"
          "    call %s(x, %s)\n"
          "    if (ieee_support_underflow_control(1.0_rk)) call ieee_set_underflow_mode(gradual)\n"
          "    call ieee_set_rounding_mode(rounding)\n"
          "  end subroutine %s_%s\n\n",
          name, what, result, name, result, shape, inner, result, name, what);
}

static void write_entries(const char *name, FILE *to) {
  char *shape = ls_mem_format("%s_outputs, &\n      %s_inputs", name, name),
       *outputs = ls_mem_format("%s_outputs", name);
  fputs("  ! The outputs for the inputs, both in the units of the training data.\n", to);
  write_entry(name, "predict", "predict", "y", outputs, to);
  fputs("  ! The derivatives of the outputs by the inputs.\n", to);
  write_entry(name, "jacobian", "derive", "jacobian", shape, to);
  ls_mem_free(shape);
  ls_mem_free(outputs);
}

static void write_program(const ls_net *net, const char *name, FILE *to) {
  write_forward(net, name, to);
  write_predict(net, name, to);
  write_jacobian(net, name, to);
  write_entries(name, to);
}

static const ls_language fortran = {
    .call = "    call ",
    .call_end = "\n",
    .member = "%",
    .between = "\ncontains\n\n",
    .elementwise = {"  pure subroutine @_layer(n, z, y)\n"
                    "    integer, intent(in) :: n\n"
                    "    real(rk), intent(in) :: z(n)\n"
                    "    real(rk), intent(out) :: y(n)\n"
                    "    y = @_of(z)\n"
                    "  end subroutine @_layer\n\n",
                    "  pure subroutine @_back(n, v, g, d)\n"
                    "    integer, intent(in) :: n\n"
                    "    real(rk), intent(in) :: v(n), g(n)\n"
                    "    real(rk), intent(out) :: d(n)\n"
                    "    d = @_slope(g, v)\n"
                    "  end subroutine @_back\n\n"},
    .constant = "  real(rk), parameter :: %s = %s\n",
    .typed = {single, twice},
    .library = library,
    .number = put_number,
    .formula = put_formula,
    .program = write_program,
};

static ls_status write_weights(const ls_net *net, ls_export *to) {
  FILE *file;
  LS_TRY(ls_export_file(to, "_weights.f90", &file));
  ls_code_about(net, "!", file);
  fprintf(file,
          "! The numbers of module %s.\n"
          "module %s_weights\n"
          "  use, intrinsic :: iso_fortran_env, only: real32, real64\n"
          "  implicit none\n  private\n",
          to->name, to->name);
  put_tensors(net, "protected, public", file);
  fprintf(file, "end module %s_weights\n", to->name);
  return LS_OK;
}

/* What the module has or uses beside its definitions: letter case counts nothing there. */
static ls_status refuse_taken(const ls_net *net, const char *name) {
  static const char taken[] =
      " abs backward c_double c_float derive forward fused huge ieee_arithmetic int int32 int64 "
      "iso_c_binding iso_fortran_env lanes merge mod predict real real32 real64 rk shifta shiftl "
      "sign sqrt tiny trace transfer x_log xk y_log yk ";
  ls_code_numbers numbers;
  char *word = ls_mem_format(" %s ", name);
  bool found = strcasestr(taken, word);
  LS_FREE(word);
  for (int i = 0; ls_code_tensor(net, i, &numbers); i++)
    found |= strcasecmp(numbers.name, name) == 0;
  for (int i = 0; ls_code_scaling(net, i, &numbers); i++)
    found |= strcasecmp(numbers.name, name) == 0;
  return found ? ls_code_taken(name) : LS_OK;
}

ls_status ls_export_fortran(const ls_net *net, ls_export *to) {
  const bool apart = net->checkpoint->parameters > APART;
  FILE *file;
  LS_TRY(refuse_taken(net, to->name));
  if (net->checkpoint->parameters > MOST)
    return ls_fail(LS_ECONFIG,
                   "'%s': %jd parameters are more than the %d that a Fortran compiler takes in "
                   "reasonable time; export to c, onnx or npz",
                   net->path, net->checkpoint->parameters, MOST);
  LS_TRY(ls_export_file(to, ".f90", &file));
  write_head(net, to->name, apart, file);
  LS_TRY(ls_code_program(net, &fortran, to->name, file));
  fprintf(file, "end module %s\n", to->name);
  return apart ? write_weights(net, to) : LS_OK;
}
