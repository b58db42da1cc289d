/* data_info.c - lockstep data info: shapes, types, ranges, classes, values that are missing,
 * samples that occur twice. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cmd_data.h"
#include "data/columns.h"
#include "data/survey.h"
#include "io/h5.h"

enum { COLUMNS_SHOWN = 40 };

typedef struct {
  ls_cli *cli;
  const char *name; /* of the data */
  ls_data_spec spec;
  bool classes;
  ls_source *source[3];
  ls_survey survey[3];
  ls_columns columns;
} info;

/* ---- surveys of splits ---- */

static ls_status survey(info *i) {
  LS_TRY(ls_sources_open(&i->spec, i->classes, false, i->source));
  bool bytes = true;
  for (int s = 0; s < 3; s++) bytes = bytes && (!i->source[s] || i->source[s]->shape.bytes);
  for (int s = 0; s < 3; s++)
    if (i->source[s]) LS_TRY(ls_survey_read(i->source[s], bytes, &i->survey[s]));
  return ls_columns_of(i->source[0], &i->columns);
}

static json_t *spread_json(const ls_spread *s) {
  return json_pack("{s:o, s:o, s:o, s:o, s:I}", "min", ls_json_real(s->least), "max",
                   ls_json_real(s->most), "mean", ls_json_real(s->mean), "deviation",
                   ls_json_real(ls_spread_deviation(s)), "not_finite", (json_int_t)s->not_finite);
}

static json_t *survey_json(const info *i, int s) {
  const ls_survey *v = &i->survey[s];
  json_t *o =
      json_pack("{s:I, s:I, s:s, s:o, s:I}", "samples", (json_int_t)v->shape.rows, "features",
                (json_int_t)v->shape.features, "type", v->shape.bytes ? "uint8" : "real", "x",
                spread_json(&v->x), "repeated", (json_int_t)v->repeated);
  if (s != LS_SPLIT_TRAIN)
    json_object_set_new(o, "also_in_train", json_integer(ls_survey_common(&i->survey[0], v)));
  if (v->classes > 0) {
    json_t *counts = json_array();
    for (int64_t c = 0; c < v->classes; c++)
      json_array_append_new(counts, json_integer(v->count[c]));
    json_object_set_new(o, "classes", counts);
  } else if (v->shape.outputs > 0) {
    json_object_update_new(o, json_pack("{s:I, s:o}", "targets", (json_int_t)v->shape.outputs, "y",
                                        spread_json(&v->y)));
  }
  return o;
}

static json_t *columns_json(const info *i, int which) {
  json_t *list = json_array();
  const ls_texts *name = &i->columns.name[which], *unit = &i->columns.unit[which];
  for (int64_t k = 0; k < name->count; k++)
    json_array_append_new(
        list, json_pack("{s:o, s:o}", "name", ls_data_text(name->text[k]), "unit",
                        unit->count && *unit->text[k] ? ls_data_text(unit->text[k]) : json_null()));
  return list;
}

static void print_json(const info *i) {
  assert(i->source[0]);
  json_t *splits = json_object(), *files = json_array(), *names = json_array();
  for (int s = 0; s < 3; s++) {
    if (!i->source[s]) continue;
    json_object_set_new(splits, ls_split_names[s], survey_json(i, s));
    for (int k = 0; k < i->source[s]->files; k++) {
      const ls_data_file *f = &i->source[s]->file[k];
      json_array_append_new(files, json_pack("{s:o, s:I, s:I, s:s}", "path", ls_data_text(f->path),
                                             "bytes", (json_int_t)f->bytes, "samples",
                                             (json_int_t)f->samples, "digest", f->digest));
    }
  }
  for (int64_t c = 0; c < i->columns.classes.count; c++)
    json_array_append_new(names, ls_data_text(i->columns.classes.text[c]));
  ls_out_json(i->cli, json_pack("{s:o, s:s, s:o, s:{s:s, s:s}, s:{s:o, s:o}, s:o, s:o}", "data",
                                ls_data_text(i->name), "type", i->spec.type, "splits", splits,
                                "stored", "x", i->columns.stored[0], "y", i->columns.stored[1],
                                "columns", "x", columns_json(i, 0), "y", columns_json(i, 1),
                                "class_names", names, "files", files));
}

static void print_spread(const ls_cli *cli, const char *title, const ls_spread *s) {
  ls_out(cli, "  %-10s %g to %g, mean %.6g, deviation %.6g", title, s->least, s->most, s->mean,
         ls_spread_deviation(s));
  ls_out(cli, s->not_finite ? ", %lld NOT FINITE OR MISSING\n" : "\n", (long long)s->not_finite);
}

static void print_split(const info *i, int s) {
  const ls_survey *v = &i->survey[s];
  const ls_cli *cli = i->cli;
  ls_out(cli, "%s: %lld samples of %lld %s\n", ls_split_names[s], (long long)v->shape.rows,
         (long long)v->shape.features, v->shape.bytes ? "bytes" : "numbers");
  print_spread(cli, "inputs", &v->x);
  if (v->classes == 0 && v->shape.outputs > 0) print_spread(cli, "targets", &v->y);
  const char *y = i->columns.stored[1];
  if (s == LS_SPLIT_TRAIN && *i->columns.stored[0])
    ls_out(cli, "  stored     inputs %s%s%s\n", i->columns.stored[0], *y ? "; targets " : "", y);
  if (v->repeated)
    ls_out(cli, "  repeated   %lld samples have the inputs of an earlier one\n",
           (long long)v->repeated);
  int64_t common = s == LS_SPLIT_TRAIN ? 0 : ls_survey_common(&i->survey[0], v);
  if (common)
    ls_out(cli, "  leak       %lld samples have the inputs of a training sample\n",
           (long long)common);
}

static void print_columns(const info *i, int which) {
  const ls_texts *name = &i->columns.name[which], *unit = &i->columns.unit[which];
  if (name->count == 0) return;
  ls_out(i->cli, "columns of %s:\n ", which == 0 ? "the inputs" : "the targets");
  for (int64_t k = 0; k < name->count && k < COLUMNS_SHOWN; k++) {
    bool known = unit->count && *unit->text[k];
    ls_out(i->cli, "%s %s%s%s%s", k ? "," : "", name->text[k], known ? " [" : "",
           known ? unit->text[k] : "", known ? "]" : "");
  }
  ls_out(i->cli, name->count > COLUMNS_SHOWN ? ", and %lld more\n" : "\n",
         (long long)name->count - COLUMNS_SHOWN);
}

static void print_classes(const info *i) {
  assert(i->source[0]);
  int64_t classes = 0;
  for (int s = 0; s < 3; s++)
    if (i->survey[s].classes > classes) classes = i->survey[s].classes;
  if (classes == 0) return;
  const ls_texts *names = &i->columns.classes;
  ls_out(i->cli, "classes:\n");
  for (int64_t c = 0; c < classes; c++) {
    ls_out(i->cli, "  %-10lld", (long long)c);
    for (int s = 0; s < 3; s++)
      if (i->source[s])
        ls_out(i->cli, " %9lld %s",
               (long long)(c < i->survey[s].classes ? i->survey[s].count[c] : 0),
               ls_split_names[s]);
    ls_out(i->cli, "%s%s\n", c < names->count ? "  " : "", c < names->count ? names->text[c] : "");
  }
}

static void print_file(const info *i, const ls_data_file *file) {
  ls_out(i->cli, "  %s  %lld bytes, %s\n", file->path, (long long)file->bytes, file->digest);
}

/* One that several splits are in comes once. */
static bool shown_before(const info *i, int split, const char *path) {
  bool before = false;
  for (int s = 0; s < split; s++)
    for (int k = 0; i->source[s] && k < i->source[s]->files; k++)
      before = before || !strcmp(i->source[s]->file[k].path, path);
  return before;
}

static void print(const info *i) {
  ls_out(i->cli, "%s: %s\n", i->name, i->spec.type);
  for (int s = 0; s < 3; s++)
    if (i->source[s]) print_split(i, s);
  for (int which = 0; which < 2; which++) print_columns(i, which);
  print_classes(i);
  ls_out(i->cli, "files:\n");
  for (int s = 0; s < 3; s++)
    for (int k = 0; i->source[s] && k < i->source[s]->files; k++)
      if (!shown_before(i, s, i->source[s]->file[k].path)) print_file(i, &i->source[s]->file[k]);
}

static ls_status show(info *i) {
  ls_status status = survey(i);
  if (status == LS_OK && i->cli->json) print_json(i);
  if (status == LS_OK && !i->cli->json) print(i);
  for (int s = 0; s < 3; s++) ls_survey_free(&i->survey[s]);
  ls_columns_free(&i->columns);
  ls_sources_close(i->source);
  return status;
}

/* ---- an HDF5 file of any make: its datasets ---- */

typedef struct {
  ls_cli *cli;
  const char *path;
  json_t *list;
} datasets;

/* One that can be read as samples shows its range too. */
static void show_dataset(void *arg, const char *name, const char *dims, const char *type) {
  datasets *d = arg;
  ls_data_spec spec = {.type = (char *)"hdf5",
                       .inputs = true,
                       .source = {{.file = (char *)d->path, .x = (char *)name}}};
  ls_source *source[3] = {0};
  ls_survey v = {0};
  ls_columns columns = {0};
  bool ok = ls_sources_open(&spec, false, false, source) == LS_OK &&
            ls_columns_of(source[0], &columns) == LS_OK &&
            ls_survey_read(source[0], source[0]->shape.bytes, &v) == LS_OK;
  bool more = ok && strcmp(columns.stored[0], type) != 0; /* shape of a sample, packing */
  if (d->list) {
    json_t *o =
        json_pack("{s:o, s:s, s:s}", "name", ls_data_text(name), "dims", dims, "type", type);
    if (ok) json_object_set_new(o, "x", spread_json(&v.x));
    if (more) json_object_set_new(o, "stored", json_string(columns.stored[0]));
    if (!ok) json_object_set_new(o, "problem", ls_data_text(ls_error_text()));
    json_array_append_new(d->list, o);
  } else {
    ls_out(d->cli, "%s: %s, %s\n", name, dims, type);
    if (more) ls_out(d->cli, "  stored     %s\n", columns.stored[0]);
    if (ok) print_spread(d->cli, "values", &v.x);
    if (!ok) ls_out(d->cli, "  not usable as samples: %s\n", ls_error_text());
  }
  ls_survey_free(&v);
  ls_columns_free(&columns);
  ls_sources_close(source);
}

static ls_status show_datasets(ls_cli *cli, const char *path) {
  datasets d = {cli, path, cli->json ? json_array() : NULL};
  ls_status status = ls_h5_list(path, show_dataset, &d);
  if (!d.list) return status;
  if (status == LS_OK)
    ls_out_json(cli, json_pack("{s:o, s:s, s:o}", "data", ls_data_text(path), "type", "hdf5",
                               "datasets", d.list));
  else
    json_decref(d.list);
  return status;
}

/* ---- one name ---- */

static ls_status show_config(ls_cli *cli, const char *name) {
  ls_config *config;
  LS_TRY(ls_cli_config(cli, name, NULL, 0, &config));
  info i = {
      .cli = cli, .name = name, .spec = config->data, .classes = ls_config_has_classes(config)};
  i.spec.weights = NULL;
  ls_status status = show(&i);
  ls_config_free(&config);
  return status;
}

static ls_status show_array(ls_cli *cli, const char *path, const char *type) {
  info i = {.cli = cli, .name = path};
  i.spec = (ls_data_spec){.type = (char *)type, .inputs = true, .source = {{.file = (char *)path}}};
  return show(&i);
}

ls_status ls_data_info(ls_cli *cli, const char *name) {
  const ls_format *format = NULL;
  if (ls_is_config(name)) return show_config(cli, name);
  ls_data_spec guessed;
  ls_status status = ls_data_guess(name, &guessed);
  if (status == LS_OK) {
    info i = {.cli = cli, .name = name, .spec = guessed};
    i.spec.weights = NULL;
    status = show(&i);
    ls_data_guess_free(&guessed);
    return status;
  }
  char *why = ls_mem_text(ls_error_text());
  status = ls_format_sniff(name, &format);
  if (status != LS_OK) ls_fail(status, "%s", why);
  LS_FREE(why);
  LS_TRY(status);
  if (strcmp(format->name, "hdf5") == 0) return show_datasets(cli, name);
  if (strcmp(format->name, "csv") == 0) return ls_data_info_csv(cli, name);
  return show_array(cli, name, format->name);
}
