/* scaling.c - first what holds for all columns, then each named one over it; a name is looked
 * for among datasets, then in the heading. Begin at the bottom: ls_scalings_of -> set_named ->
 * look_up. */
#include "data/scaling.h"

#include <string.h>

#include "base/mem.h"
#include "data/columns.h"
#include "data/heading.h"
#include "data/refuse.h"
#include "data/trained.h"

bool ls_scaling_measured(const ls_scaling *s) {
  ls_scale_kind kind = s->kind == LS_SCALE_LOG ? s->of_log : s->kind;
  return kind == LS_SCALE_STANDARD || kind == LS_SCALE_MINMAX;
}

bool ls_scale_logs(const ls_scale_spec *spec) {
  bool logs = spec->all.kind == LS_SCALE_LOG;
  for (int i = 0; i < spec->columns.count; i++)
    logs = logs || spec->columns.item[i].scaling.kind == LS_SCALE_LOG;
  return logs;
}

/* ---- which columns a name means ---- */

/* Of x, of y: the columns of the source, their numbers in the file's table, or among the inputs and
 * the targets behind them, and whether they are meant. */
typedef struct {
  ls_heading heading;
  int64_t n[2];
  int64_t *at[2]; /* (n); NULL: they are numbered as they stand */
  bool *meant[2]; /* (n) */
} search;

static int64_t place_of(const search *s, int role, int64_t k) {
  return s->at[role] ? s->at[role][k] : role * s->n[0] + k;
}

static bool any_meant(const search *s, int role) {
  bool any = false;
  for (int64_t k = 0; k < s->n[role]; k++) any = any || s->meant[role][k];
  return any;
}

/* A dataset, or columns of it; else what a table's columns are called. */
static ls_status look_up(const ls_source *train, search *s, const char *name) {
  int64_t lo, hi;
  bool numbered;
  for (int role = 0; role < 2; role++)
    memset(s->meant[role], 0, (size_t)s->n[role] * sizeof *s->meant[role]);
  if (train->format->mark) train->format->mark(train, name, s->meant);
  if (any_meant(s, 0) || any_meant(s, 1)) return LS_OK;
  LS_TRY(ls_heading_find(&s->heading, name, &lo, &hi, &numbered));
  for (int role = 0; role < 2; role++)
    for (int64_t k = 0; k < s->n[role]; k++)
      s->meant[role][k] = place_of(s, role, k) >= lo && place_of(s, role, k) <= hi;
  if (any_meant(s, 0) || any_meant(s, 1)) return LS_OK;
  return ls_fail(LS_ECONFIG, "data.scale.columns: '%s' is neither an input nor a target (%s)", name,
                 s->heading.path);
}

static ls_status set_columns(const ls_source *train, search *s, const ls_named_scalings *columns,
                             bool targets, ls_scaling *out[2]) {
  for (int i = 0; i < columns->count; i++) {
    LS_TRY(look_up(train, s, columns->item[i].name));
    if (any_meant(s, LS_ROLE_Y) && !targets)
      return ls_fail(LS_ECONFIG,
                     "data.scale.columns: '%s' is a target, and neither class numbers nor the "
                     "probabilities of binary_cross_entropy are ever scaled; leave it out",
                     columns->item[i].name);
    for (int role = 0; role < 2; role++)
      for (int64_t k = 0; k < s->n[role]; k++)
        if (s->meant[role][k]) out[role][k] = columns->item[i].scaling;
  }
  return LS_OK;
}

static ls_status set_named(const ls_source *train, const ls_scale_spec *spec, bool targets,
                           ls_scaling *out[2]) {
  ls_columns known;
  search s = {.n = {train->shape.features, train->shape.outputs}};
  LS_TRY(ls_columns_of(train, &known));
  const ls_trained *table = &known.trained;
  const bool tabled = table->name.count > 0;
  s.heading = (ls_heading){.path = train->file[0].path,
                           .name = tabled ? table->name.text : NULL,
                           .columns = tabled ? table->name.count : s.n[0] + s.n[1]};
  ls_status status = LS_OK;
  for (int role = 0; role < 2; role++) {
    if (tabled) s.n[role] = table->n[role], s.at[role] = table->at[role];
    if (status == LS_OK)
      status = ls_mem_new((void **)&s.meant[role], (size_t)s.n[role], sizeof *s.meant[role]);
  }
  if (status == LS_OK) status = set_columns(train, &s, &spec->columns, targets, out);
  for (int role = 0; role < 2; role++) LS_FREE(s.meant[role]);
  ls_columns_free(&known);
  return status;
}

/* ---- the whole ---- */

ls_status ls_scalings_of(const ls_source *train, const ls_scale_spec *spec, bool targets,
                         ls_scaling *out[2]) {
  const int64_t n[2] = {train->shape.features, train->shape.outputs};
  const bool both = targets && spec->all.kind != LS_SCALE_DIVIDE;
  if (!ls_scale_given(spec)) return LS_OK;
  for (int role = 0; role < 2; role++) {
    LS_NEW(out[role], n[role]);
    for (int64_t k = 0; k < n[role] && (role == LS_ROLE_X || both); k++) out[role][k] = spec->all;
  }
  if (spec->columns.count > 0) LS_TRY(set_named(train, spec, targets, out));
  for (int role = 0; role < 2; role++) {
    bool any = false;
    for (int64_t k = 0; k < n[role]; k++) any = any || out[role][k].kind != LS_SCALE_NONE;
    if (!any) LS_FREE(out[role]);
  }
  return LS_OK;
}
