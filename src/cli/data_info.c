/* data_info.c - lockstep data info: shapes, types, ranges, classes, values that are missing,
 * samples that occur twice. Begin with ls_data_info, which says what kind of thing was named. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/cmd_data.h"
#include "data/columns.h"
#include "data/format.h"
#include "data/guess.h"
#include "data/names.h"
#include "data/survey.h"
#include "io/h5.h"
#include "io/regular.h"
#include "view/understood.h"

enum { COLUMNS_SHOWN = 40, CONSTANT_SHOWN = 12, WORDS_SHOWN = 6 };

typedef struct {
  ls_cli *cli;
  const char *name;        /* of the data */
  const ls_config *config; /* that names them, or NULL */
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
  for (int s = 0; s < 3; s++) {
    if (!i->source[s]) continue;
    LS_TRY(ls_survey_read(i->source[s], bytes, &i->survey[s]));
    if (i->config && !i->classes) i->survey[s].classes = 0; /* whole numbers, and no classes */
  }
  return ls_columns_of(i->source[0], &i->columns);
}

static json_t *spread_json(const ls_spread *s) {
  json_t *o = json_object();
  ls_put(o, "min", s->least);
  ls_put(o, "max", s->most);
  ls_put(o, "mean", s->mean);
  ls_put(o, "deviation", ls_spread_deviation(s));
  ls_put(o, "not_finite", s->not_finite);
  return o;
}

#define SPREAD(x)                                                        \
  "{" x ".min:g} to {" x ".max:g}, mean {" x ".mean:.6g}, deviation {" x \
  ".deviation:.6g}"                                                      \
  "{?" x ".not_finite}, {" x ".not_finite} NOT FINITE OR MISSING{/}\n"

static const char look[] =
    "{data}: {type}{?separator}, separator \"{separator}\", decimal \"{decimal}\"{/}\n"
    "{_understood}{?refused}train refuses it: {refused}\n{/}"
    "{*splits}{@}: {samples} sample{samples:s} of {features} {?_bytes}byte{|}number{/}"
    "{features:s}\n"
    "  inputs     " SPREAD("x") "{?y}  targets    " SPREAD("y") "{/}"
    "{?_stored}  stored     inputs {stored.x}{?stored.y}; targets {stored.y}{/}\n{/}"
    "{?_same}  constant   {constants} of the inputs: {*_same}{,}{.}{/}{?_others}, ...{/}\n{/}"
    "{?repeated}  repeated   {repeated} sample{repeated:s} with the inputs of an earlier one\n{/}"
    "{?also_in_train}  leak       {also_in_train} sample{also_in_train:s} with the inputs of a "
    "training sample\n"
    "{/}{/}"
    "{*_columns}columns of the {what}:\n  {*shown}{,}{name}{?unit} [{unit}]{/}{/}"
    "{?more}, and {more} more{/}\n{/}"
    "{?_classes}classes:\n{*_classes}  {#:-10}{*counts} {.:9} {@}{/}{?name}  {name}{/}\n{/}{/}"
    "files:\n{*files}{?_again}{|}  {path}  {bytes} bytes, {digest}\n{/}{/}";

/* Names, where there are some, else numbers from 1. */
static json_t *constant_json(const info *i, const ls_constants *c, int64_t most) {
  const ls_texts *name = &i->columns.name[0];
  json_t *list = json_array();
  for (int64_t k = 0; c->looked && k < c->same && k < most; k++) {
    char *text =
        name->count ? ls_mem_text(name->text[c->at[k]]) : ls_mem_format("%jd", c->at[k] + 1);
    json_array_append_new(list, json_string_nocheck(text));
    LS_FREE(text);
  }
  return list;
}

static json_t *split_json(const info *i, int s) {
  const ls_survey *v = &i->survey[s];
  json_t *o = json_object();
  ls_put(o, "samples", v->shape.rows);
  ls_put(o, "features", v->shape.features);
  ls_put(o, "type", v->shape.bytes ? "uint8" : "real");
  ls_put_bool(o, "_bytes", v->shape.bytes);
  ls_put(o, "x", spread_json(&v->x));
  ls_put(o, "constant", constant_json(i, &v->constant, v->constant.same));
  ls_put(o, "constants", v->constant.looked ? v->constant.same : 0);
  ls_put_bool(o, "_others", v->constant.same > CONSTANT_SHOWN);
  /* with a config it has been said already */
  if (!i->config) ls_put(o, "_same", constant_json(i, &v->constant, CONSTANT_SHOWN));
  ls_put(o, "repeated", v->repeated);
  if (s != LS_SPLIT_TRAIN) ls_put(o, "also_in_train", ls_survey_common(&i->survey[0], v));
  if (s == LS_SPLIT_TRAIN) ls_put_bool(o, "_stored", *i->columns.stored[0] != '\0');
  if (v->classes > 0) {
    ls_put(o, "classes", ls_list_whole(v->count, v->classes));
  } else if (v->shape.outputs > 0) {
    ls_put(o, "targets", v->shape.outputs);
    ls_put(o, "y", spread_json(&v->y));
  }
  return o;
}

static json_t *columns_json(const info *i, int which) {
  json_t *list = json_array();
  const ls_texts *name = &i->columns.name[which], *unit = &i->columns.unit[which];
  for (int64_t k = 0; k < name->count; k++) {
    json_t *column = ls_put_item(list);
    bool known = unit->count && *unit->text[k];
    ls_put(column, "name", name->text[k]);
    ls_put(column, "unit", known ? unit->text[k] : NULL);
  }
  return list;
}

/* For people: the first columns only. */
static void put_shown(json_t *list, const char *what, const json_t *columns) {
  size_t n = json_array_size(columns), shown = n < COLUMNS_SHOWN ? n : COLUMNS_SHOWN;
  if (n == 0) return;
  json_t *o = ls_put_item(list), *some = json_array();
  for (size_t k = 0; k < shown; k++) json_array_append(some, json_array_get(columns, k));
  ls_put(o, "what", what);
  ls_put(o, "shown", some);
  ls_put(o, "more", n - shown);
}

/* For people: how many of each class in each split. */
static json_t *classes_json(const info *i) {
  const ls_texts *names = &i->columns.classes;
  json_t *list = json_array();
  int64_t classes = 0;
  for (int s = 0; s < 3; s++)
    if (i->survey[s].classes > classes) classes = i->survey[s].classes;
  for (int64_t c = 0; c < classes; c++) {
    json_t *o = ls_put_item(list), *counts = json_object();
    for (int s = 0; s < 3; s++)
      if (i->source[s])
        ls_put(counts, ls_split_names[s], c < i->survey[s].classes ? i->survey[s].count[c] : 0);
    ls_put(o, "counts", counts);
    ls_put(o, "name", c < names->count ? names->text[c] : "");
  }
  return list;
}

/* One that several splits are in comes once for people. */
static bool shown_before(const json_t *files, const char *path) {
  size_t k;
  json_t *file;
  json_array_foreach(files, k, file) {
    if (strcmp(json_string_value(json_object_get(file, "path")), path) == 0) return true;
  }
  return false;
}

static void put_files(json_t *list, const ls_source *source) {
  for (int k = 0; k < source->files; k++) {
    const ls_data_file *f = &source->file[k];
    bool again = shown_before(list, f->path);
    json_t *file = ls_put_item(list);
    ls_put(file, "path", f->path);
    ls_put(file, "bytes", f->bytes);
    ls_put(file, "samples", f->samples);
    ls_put(file, "digest", f->digest);
    ls_put_bool(file, "_again", again);
  }
}

/* As train would read the data, and what it would say of them; or why it would not. */
static ls_status understand(const info *i, json_t *o) {
  ls_comm *comm;
  ls_data *data;
  LS_TRY(ls_comm_open_solo(&comm));
  ls_status status = ls_data_open(comm, &i->config->data, ls_config_target(i->config),
                                  i->config->precision, &data);
  if (status == LS_OK) {
    char *text = ls_understood_text(data);
    ls_put(o, "_understood", text);
    ls_put(o, "understood", ls_understood_json(data));
    LS_FREE(text);
    ls_data_close(comm, &data);
  } else {
    ls_put(o, "refused", ls_error_text());
  }
  ls_comm_close(&comm);
  return LS_OK;
}

static ls_status print(const info *i) {
  json_t *o = json_object(), *splits = json_object(), *files = json_array(), *shown = json_array();
  json_t *x = columns_json(i, 0), *y = columns_json(i, 1);
  for (int s = 0; s < 3; s++) {
    if (!i->source[s]) continue;
    ls_put(splits, ls_split_names[s], split_json(i, s));
    put_files(files, i->source[s]);
  }
  put_shown(shown, "inputs", x);
  put_shown(shown, "targets", y);
  ls_put(o, "data", i->name);
  ls_put(o, "type", i->spec.type);
  ls_separator separator = i->source[0]->separator;
  ls_put(o, "separator", separator == LS_SEPARATOR_AUTO ? NULL : ls_separator_names[separator]);
  if (separator != LS_SEPARATOR_AUTO) ls_put(o, "decimal", i->spec.csv.decimal_comma ? "," : ".");
  ls_put(o, "splits", splits);
  ls_put(o, "stored",
         json_pack("{s:s, s:s}", "x", i->columns.stored[0], "y", i->columns.stored[1]));
  ls_put(o, "columns", json_pack("{s:o, s:o}", "x", x, "y", y));
  ls_put(o, "class_names", ls_list_texts(i->columns.classes.text, i->columns.classes.count));
  ls_put(o, "files", files);
  ls_put(o, "_columns", shown);
  ls_put(o, "_classes", classes_json(i));
  ls_put(o, "_understood", "");
  ls_status status = i->config ? understand(i, o) : LS_OK;
  ls_print(i->cli, o, look);
  return status;
}

static ls_status show(info *i) {
  ls_status status = survey(i);
  if (status == LS_OK) status = print(i);
  for (int s = 0; s < 3; s++) ls_survey_free(&i->survey[s]);
  ls_columns_free(&i->columns);
  ls_sources_close(i->source);
  return status;
}

/* ---- an HDF5 file of any make: its datasets ---- */

static const char datasets_look[] =
    "{*datasets}{name}: {dims}, {type}\n{?stored}  stored     {stored}\n{/}"
    "{?x}  values     " SPREAD("x") "{/}{?texts}  labels     {texts} texts, {different} "
    "different:{*_words} '{.}'{/}{?_more} ...{/}\n{/}{?problem}  not usable as samples: "
    "{problem}\n{/}{/}";

typedef struct {
  const char *path;
  json_t *list;
} datasets;

/* Texts, which are labels; false: there are none. */
static bool add_texts(json_t *o, const char *path, const char *name) {
  ls_texts texts;
  ls_names *names = NULL;
  bool known = ls_h5_texts(path, name, NULL, &texts) == LS_OK && texts.count > 0 &&
               ls_names_new(&names) == LS_OK;
  for (int64_t k = 0; known && k < texts.count && names->count < LS_NAMES_MAX; k++)
    known = ls_names_add(names, texts.text[k], strlen(texts.text[k]), false) == LS_OK;
  if (known) {
    const int64_t shown = names->count < WORDS_SHOWN ? names->count : WORDS_SHOWN;
    ls_put(o, "texts", texts.count);
    ls_put(o, "different", names->count);
    ls_put(o, "_words", ls_list_texts(names->text, shown));
    ls_put_bool(o, "_more", names->count > shown);
  }
  ls_names_free(&names);
  ls_texts_free(&texts);
  return known;
}

/* A config is UTF-8, so it cannot name every dataset. */
static const char no_utf8[] =
    "its name is not UTF-8 text, so that no config can say it; h5copy -s NAME -d OTHER gives it "
    "another, or in Python: file.move(NAME, OTHER)";

/* One that can be read as samples shows its range too. */
static void add_dataset(void *arg, const ls_h5_entry *entry) {
  datasets *d = arg;
  char *x[] = {(char *)entry->path, NULL};
  ls_data_spec spec = {
      .type = (char *)"hdf5", .inputs = true, .source = {{.file = (char *)d->path, .x_cols = x}}};
  ls_source *source[3] = {0};
  ls_survey v = {0};
  ls_columns columns = {0};
  if (strstr(entry->path, "/_i_")) return; /* what PyTables finds rows of a table by */
  json_t *o = ls_put_item(d->list);
  ls_put(o, "name", (const char *)entry->path);
  ls_put(o, "dims", (const char *)entry->dims);
  ls_put(o, "type", (const char *)entry->type);
  if (ls_utf8_wrong(entry->path)) {
    ls_put(o, "problem", no_utf8);
    return;
  }
  if (strcmp(entry->type, "text") == 0 && add_texts(o, d->path, entry->path)) return;
  if (ls_sources_open(&spec, false, false, source) == LS_OK &&
      ls_columns_of(source[0], &columns) == LS_OK &&
      ls_survey_read(source[0], source[0]->shape.bytes, &v) == LS_OK) {
    ls_put(o, "x", spread_json(&v.x));
    if (strcmp(columns.stored[0], entry->type) != 0) /* shape of a sample, packing */
      ls_put(o, "stored", (const char *)columns.stored[0]);
  } else {
    ls_put(o, "problem", ls_error_text());
  }
  ls_survey_free(&v);
  ls_columns_free(&columns);
  ls_sources_close(source);
}

static ls_status show_datasets(ls_cli *cli, const char *path) {
  datasets d = {path, json_array()};
  json_t *o = json_object();
  ls_put(o, "data", path);
  ls_put(o, "type", "hdf5");
  ls_put(o, "datasets", d.list);
  ls_status status = ls_h5_list(path, add_dataset, &d);
  if (status == LS_OK)
    ls_print(cli, o, datasets_look);
  else
    json_decref(o);
  return status;
}

/* ---- one name ---- */

static ls_status show_config(ls_cli *cli, const char *name) {
  ls_config *config;
  LS_TRY(ls_cli_config(cli, name, NULL, &config));
  info i = {.cli = cli,
            .name = name,
            .config = config,
            .spec = config->data,
            .classes = ls_config_has_classes(config)};
  i.spec.unweighted = true;
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
  if (ls_cli_is_config(name)) return show_config(cli, name);
  ls_data_spec guessed;
  ls_status status = ls_data_guess(name, &guessed);
  if (status == LS_OK) {
    info i = {.cli = cli, .name = name, .spec = guessed};
    i.spec.unweighted = true;
    status = show(&i);
    ls_data_guess_free(&guessed);
    return status;
  }
  char *why = ls_mem_text(ls_error_text());
  status = ls_is_folder(name) ? LS_EDATA : ls_format_sniff(name, &format);
  if (status != LS_OK) ls_fail(status, "%s", why);
  LS_FREE(why);
  LS_TRY(status);
  if (strcmp(format->name, "hdf5") == 0) return show_datasets(cli, name);
  if (strcmp(format->name, "csv") == 0) return ls_data_info_csv(cli, name);
  return show_array(cli, name, format->name);
}
