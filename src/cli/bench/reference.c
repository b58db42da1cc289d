/* reference.c - both sides make the same products of the same random numbers, BLAS slice by
 * slice, ours with the slices in one call, as in training. Begin with ls_reference_run
 * beside ls_reference_run_own. */
#include "cli/bench/reference.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

/* ---- a step's products ---- */

typedef struct {
  int64_t in, out, ldin, ldout;
  void *x, *y, *dx, *dy;      /* (rows, ld) */
  void *w, *dw_blas, *dw_own; /* (in, out) */
} stage;

struct ls_reference {
  ls_dtype precision;
  int layers, slices;
  int64_t rows;
  int64_t *slice_row;
  void *work;
  stage *stage;
};

static void *at(const ls_reference *r, void *block, int64_t i) {
  return (char *)block + (size_t)i * ls_dtype_size(r->precision);
}

static ls_status numbers(const ls_reference *r, int64_t count, uint64_t stream, void **out) {
  LS_TRY(ls_mem_new(out, (size_t)count, ls_dtype_size(r->precision)));
  for (int64_t i = 0; i < count && stream; i++) {
    double value = ls_rng_uniform(1, stream, (uint64_t)i) - 0.5;
    ls_dtype_put(r->precision, *out, i, value);
  }
  return LS_OK;
}

static ls_status open_stage(const ls_reference *r, stage *s, int64_t in, int64_t out) {
  const int64_t ldin = ls_leading(in, r->precision), ldout = ls_leading(out, r->precision);
  *s = (stage){.in = in, .out = out, .ldin = ldin, .ldout = ldout};
  LS_TRY(numbers(r, r->rows * ldin, 1, &s->x));
  LS_TRY(numbers(r, r->rows * ldout, 0, &s->y));
  LS_TRY(numbers(r, r->rows * ldin, 0, &s->dx));
  LS_TRY(numbers(r, r->rows * ldout, 2, &s->dy));
  LS_TRY(numbers(r, in * out, 3, &s->w));
  LS_TRY(numbers(r, in * out, 0, &s->dw_blas));
  return numbers(r, in * out, 0, &s->dw_own);
}

static ls_status open_stages(ls_reference *r, const int64_t *width) {
  LS_NEW(r->stage, r->layers);
  LS_NEW(r->slice_row, r->slices + 1);
  LS_TRY(ls_mem_new(&r->work, (size_t)(r->rows + 1) * LS_GEMM_WORK, ls_dtype_size(r->precision)));
  for (int s = 0; s <= r->slices; s++) r->slice_row[s] = ls_tree_row(r->rows, r->slices, s);
  for (int l = 0; l < r->layers; l++) LS_TRY(open_stage(r, &r->stage[l], width[l], width[l + 1]));
  return LS_OK;
}

ls_status ls_reference_new(const int64_t *width, int layers, int64_t rows, int slices,
                           ls_dtype precision, ls_reference **out) {
  ls_reference *r;
  LS_NEW(r, 1);
  *r = (ls_reference){.precision = precision, .layers = layers, .slices = slices, .rows = rows};
  ls_status status = open_stages(r, width);
  if (status != LS_OK) ls_reference_free(&r);
  *out = r;
  return status;
}

void ls_reference_free(ls_reference **reference) {
  ls_reference *r = *reference;
  if (!r) return;
  for (int l = 0; r->stage && l < r->layers; l++) {
    stage *s = &r->stage[l];
    void *block[] = {s->x, s->y, s->dx, s->dy, s->w, s->dw_blas, s->dw_own};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) ls_mem_free(block[i]);
  }
  LS_FREE(r->stage);
  LS_FREE(r->slice_row);
  LS_FREE(r->work);
  LS_FREE(*reference);
}

void ls_reference_run(ls_reference *r, ls_reference_product *product) {
  for (int i = 0; i < r->slices; i++) {
    const int64_t lo = r->slice_row[i], m = r->slice_row[i + 1] - lo;
    for (int l = 0; l < r->layers; l++) {
      const stage *s = &r->stage[l];
      product(r->precision, (ls_blas_transposed){0}, m, s->out, s->in, at(r, s->x, lo * s->ldin),
              s->ldin, s->w, s->out, 0, at(r, s->y, lo * s->ldout), s->ldout);
    }
    for (int l = r->layers - 1; l >= 0; l--) {
      const stage *s = &r->stage[l];
      const void *dy = at(r, s->dy, lo * s->ldout);
      product(r->precision, (ls_blas_transposed){.a = true}, s->in, s->out, m,
              at(r, s->x, lo * s->ldin), s->ldin, dy, s->ldout, i > 0, s->dw_blas, s->out);
      if (l)
        product(r->precision, (ls_blas_transposed){.b = true}, m, s->in, s->out, dy, s->ldout, s->w,
                s->out, 0, at(r, s->dx, lo * s->ldin), s->ldin);
    }
  }
}

static void own_gradient(const ls_reference *r, const stage *s, const ls_gemm *gemm) {
  ls_tree_node node[LS_PARTS_MAX];
  ls_tree_cover(r->slices, 0, r->slices, node);
  gemm->weight_gradient(&(ls_weight_gradient){.hi = s->in,
                                              .n = s->out,
                                              .x = s->x,
                                              .ldx = s->ldin,
                                              .d = s->dy,
                                              .ldd = s->ldout,
                                              .slice_row = r->slice_row,
                                              .parts = 1,
                                              .node = node,
                                              .grad = &s->dw_own,
                                              .work = r->work});
}

void ls_reference_run_own(ls_reference *r, const ls_gemm *gemm) {
  for (int l = 0; l < r->layers; l++) {
    const stage *s = &r->stage[l];
    gemm->multiply(&(ls_multiply){.m = r->rows,
                                  .n = s->out,
                                  .k = s->in,
                                  .a = s->x,
                                  .lda = s->ldin,
                                  .b = s->w,
                                  .ldb = s->out,
                                  .c = s->y,
                                  .ldc = s->ldout,
                                  .work = r->work});
  }
  for (int l = r->layers - 1; l >= 0; l--) {
    const stage *s = &r->stage[l];
    own_gradient(r, s, gemm);
    if (!l) continue;
    gemm->multiply(&(ls_multiply){.m = r->rows,
                                  .n = s->in,
                                  .k = s->out,
                                  .a = s->dy,
                                  .lda = s->ldout,
                                  .b = s->w,
                                  .ldb = s->out,
                                  .transposed = true,
                                  .c = s->dx,
                                  .ldc = s->ldin,
                                  .work = r->work});
  }
}

double ls_reference_flops(const ls_reference *r) {
  double flops = 0;
  for (int l = 0; l < r->layers; l++)
    flops += (l ? 6.0 : 4.0) * (double)r->stage[l].in * (double)r->stage[l].out * (double)r->rows;
  return flops;
}

double ls_reference_difference(const ls_reference *r) {
  double worst = 0;
  for (int l = 0; l < r->layers; l++) {
    const stage *s = &r->stage[l];
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < s->in * s->out; i++) {
      const double own = ls_dtype_get(r->precision, s->dw_own, i);
      const double other = ls_dtype_get(r->precision, s->dw_blas, i);
      largest = fmax(largest, fabs(other));
      difference = fmax(difference, fabs(own - other));
    }
    worst = fmax(worst, difference / largest);
  }
  return worst;
}
