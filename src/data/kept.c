/* kept.c - a bit a sample (drawn.h) over each source, set in one pass where neither x nor y has
 * a NaN that drops it. */
#include "data/kept.h"

#include <math.h>

bool ls_kept_asked(const ls_data_spec *spec) {
  const ls_missing_spec *missing = &spec->missing;
  return !spec->inputs && (missing->x_how == LS_MISSING_DROP || missing->y == LS_MISSING_Y_DROP);
}

size_t ls_kept_room(const ls_data_spec *spec, const int64_t rows[3]) {
  size_t room = 0;
  if (!ls_kept_asked(spec)) return 0;
  for (int s = 0; s < 3; s++) room += ls_drawn_bytes(rows[s]);
  return room;
}

void ls_kept_lay(const int64_t rows[3], void *memory, ls_drawn kept[3]) {
  char *at = memory;
  for (int s = 0; s < 3; s++) {
    ls_drawn_lay(&kept[s], rows[s], at);
    at += ls_drawn_bytes(rows[s]);
  }
}

typedef struct {
  ls_drawn *kept;
  int64_t n[2]; /* values of x, of y that drop a sample */
} search;

static bool has_nan(const double *value, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (isnan(value[i])) return true;
  return false;
}

static void keep(void *arg, int64_t row, const double *x, const double *y) {
  const search *s = arg;
  if (!has_nan(x, s->n[0]) && !has_nan(y, s->n[1])) ls_drawn_take(s->kept, row);
}

ls_status ls_kept_find(const ls_data_spec *spec, ls_source *source[3], ls_drawn kept[3]) {
  for (int i = 0; i < 3; i++) {
    if (!source[i]) continue;
    const ls_shape *shape = &source[i]->shape;
    search s = {&kept[i],
                {spec->missing.x_how == LS_MISSING_DROP ? shape->features : 0,
                 spec->missing.y == LS_MISSING_Y_DROP ? shape->outputs : 0}};
    LS_TRY(ls_source_visit(source[i], keep, &s));
    ls_drawn_count(&kept[i]);
  }
  return LS_OK;
}
