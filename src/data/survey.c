/* survey.c - block by block, so that a source of any size passes: means and squares are joined
 * (Chan, Golub, LeVeque), inputs become a hash a row; sorted, equal ones are neighbours, and
 * two surveys are compared like two sorted lists. */
#include "data/survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clamp.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 1 << 22 };

/* Two passes over a block, then the blocks' means and squares are joined (Chan, Golub and LeVeque).
 */
void ls_spread_add(ls_spread *s, const double *value, int64_t n) {
  double sum = 0, squares = 0, count = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(value[i])) continue;
    if (s->count + count == 0) s->least = s->most = value[i];
    if (value[i] < s->least) s->least = value[i];
    if (value[i] > s->most) s->most = value[i];
    sum += value[i];
    count++;
  }
  s->not_finite += n - (int64_t)count;
  if (count == 0) return;
  double mean = sum / count, before = (double)s->count, delta = mean - s->mean;
  for (int64_t i = 0; i < n; i++)
    if (isfinite(value[i])) squares += (value[i] - mean) * (value[i] - mean);
  s->squares += squares + delta * delta * before * count / (before + count);
  s->mean += delta * count / (before + count);
  s->count += (int64_t)count;
}

double ls_spread_deviation(const ls_spread *s) {
  return s->count ? sqrt(s->squares / (double)s->count) : 0;
}

ls_status ls_constants_make(ls_constants *c, int64_t columns) {
  c->columns = c->same = columns;
  LS_NEW(c->at, columns);
  LS_NEW(c->value, columns);
  for (int64_t i = 0; i < columns; i++) {
    c->at[i] = i;
    c->value[i] = (double)NAN;
  }
  return LS_OK;
}

/* Those that have differed once are not looked at again. */
void ls_constants_look_less(ls_constants *c, ls_dtype cell, const void *row, double place) {
  int64_t same = 0;
  c->looked = true;
  for (int64_t k = 0; k < c->same; k++) {
    const int64_t i = c->at[k];
    const double given = ls_dtype_get(cell, row, i), v = given - place;
    if (isnan(c->value[i])) c->value[i] = v;
    const bool lost = place > 0 && v == given; /* in the rounding of a large number */
    if ((isnan(v) || v == c->value[i]) && !lost) c->at[same++] = i;
  }
  c->same = same;
}

void ls_constants_look(ls_constants *c, ls_dtype cell, const void *row) {
  ls_constants_look_less(c, cell, row, 0);
}

void ls_constants_free(ls_constants *c) {
  LS_FREE(c->at);
  LS_FREE(c->value);
}

/* ---- one source ---- */

typedef struct {
  ls_survey *out;
  bool classes;         /* so far */
  unsigned char *bytes; /* (step, features), or NULL */
  double *x;            /* (step, features) */
  double *y;            /* (step, outputs) */
  int64_t step;
} pass;

static void count_classes(pass *p, int64_t rows) {
  for (int64_t k = 0; k < rows && p->classes; k++) {
    double v = p->y[k];
    p->classes = v >= 0 && v < LS_SURVEY_CLASSES && v == floor(v);
    if (!p->classes) return;
    p->out->count[(int)v]++;
    if (v >= (double)p->out->classes) p->out->classes = (int64_t)v + 1;
  }
}

static void hash_rows(const pass *p, int64_t row, int64_t rows) {
  size_t width = (size_t)p->out->shape.features * (p->bytes ? 1 : sizeof(double));
  const char *from = p->bytes ? (const char *)p->bytes : (const char *)p->x;
  for (int64_t k = 0; k < rows; k++)
    p->out->hash[row + k] = XXH3_64bits(from + (size_t)k * width, width);
}

static ls_status read_rows(pass *p, ls_source *source, int64_t row, int64_t rows) {
  int64_t n = rows * source->shape.features;
  LS_TRY(ls_source_read(source, rows, p->bytes ? LS_U8 : LS_F64, p->bytes ? (void *)p->bytes : p->x,
                        p->y));
  for (int64_t i = 0; i < n && p->bytes; i++) p->x[i] = p->bytes[i];
  ls_spread_add(&p->out->x, p->x, n);
  ls_spread_add(&p->out->y, p->y, rows * source->shape.outputs);
  for (int64_t k = 0; k < rows; k++)
    ls_constants_look(&p->out->constant, LS_F64, p->x + k * source->shape.features);
  if (p->classes) count_classes(p, rows);
  hash_rows(p, row, rows);
  return LS_OK;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static ls_status read_all(pass *p, ls_source *source, bool bytes) {
  ls_survey *out = p->out;
  const ls_shape *shape = &out->shape;
  p->step = ls_max(CHUNK_BYTES / 8 / (shape->features + shape->outputs), 1);
  p->classes = shape->outputs == 1 && shape->classes <= LS_SURVEY_CLASSES;
  out->classes = shape->classes;
  LS_TRY(ls_constants_make(&out->constant, shape->features));
  LS_NEW(out->hash, shape->rows);
  LS_NEW(out->count, LS_SURVEY_CLASSES);
  LS_NEW(p->x, p->step * shape->features);
  LS_NEW(p->y, p->step * shape->outputs);
  if (bytes) LS_NEW(p->bytes, p->step * shape->features);
  for (int64_t row = 0, rows; row < shape->rows; row += rows) {
    rows = ls_min(shape->rows - row, p->step);
    LS_TRY(read_rows(p, source, row, rows));
  }
  if (!p->classes) out->classes = 0;
  qsort(out->hash, (size_t)shape->rows, sizeof *out->hash, by_value);
  for (int64_t i = 1; i < shape->rows; i++) out->repeated += out->hash[i] == out->hash[i - 1];
  return LS_OK;
}

ls_status ls_survey_read(ls_source *source, bool bytes, ls_survey *out) {
  pass p = {.out = out};
  *out = (ls_survey){.shape = source->shape};
  ls_status status = read_all(&p, source, bytes);
  LS_FREE(p.x);
  LS_FREE(p.y);
  LS_FREE(p.bytes);
  return status;
}

void ls_survey_free(ls_survey *survey) {
  ls_constants_free(&survey->constant);
  LS_FREE(survey->hash);
  LS_FREE(survey->count);
}

int64_t ls_survey_common(const ls_survey *a, const ls_survey *b) {
  int64_t common = 0, i = 0;
  for (int64_t k = 0; k < b->shape.rows; k++) {
    while (i < a->shape.rows && a->hash[i] < b->hash[k]) i++;
    common += i < a->shape.rows && a->hash[i] == b->hash[k];
  }
  return common;
}
