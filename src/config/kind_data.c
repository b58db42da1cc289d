/* kind_data.c - what the sections data and train say about samples: columns, weights of
 * classes, sources. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/emit.h"
#include "config/kinds.h"
#include "config/section.h"

/* ---- columns ---- */

static bool parse_columns(const ls_value *v) {
  bool one = v->node->kind == LS_NODE_SCALAR;
  size_t count = one ? 1 : (size_t)ls_node_count(v->node);
  if (v->node->kind == LS_NODE_MAP || count == 0) return ls_key_refuse(v, "");
  char **column = ls_mem_must((count + 1) * sizeof *column);
  LS_FIELD(v, char **) = column;
  ls_node *item = one ? v->node : v->node->child;
  for (size_t i = 0; i < count; i++, item = item->next) {
    ls_value single = *v;
    single.node = item;
    if (item->kind != LS_NODE_SCALAR || ls_node_is_null(item) || !item->text[0])
      return ls_key_refuse(&single, "is empty");
    column[i] = ls_mem_text(item->text);
  }
  return true;
}

static json_t *print_columns(const ls_value *v) {
  json_t *list = json_array();
  for (char **column = LS_FIELD(v, char **); column && *column; column++)
    json_array_append_new(list, json_string(*column));
  return list;
}

static json_t *print_datasets(const ls_value *v) {
  char **dataset = LS_FIELD(v, char **);
  return dataset && dataset[0] && !dataset[1] ? json_string(dataset[0]) : print_columns(v);
}

static json_t *schema_datasets(const ls_key *key) {
  return ls_schema_either(ls_schema_text(key), ls_schema_list(ls_schema_text(key)));
}

static json_t *schema_columns(const ls_key *key) {
  return ls_schema_list(ls_schema_number_or_text(key));
}

static void free_columns(const ls_value *v) {
  char ***columns = &LS_FIELD(v, char **);
  for (char **column = *columns; column && *column; column++) LS_FREE(*column);
  LS_FREE(*columns);
}

static bool parse_texts(const ls_value *v) {
  if (v->node->kind == LS_NODE_LIST && !v->node->child) return true;
  return parse_columns(v);
}

/* ---- which layers of a file ---- */

/* "3" or "0-2". */
static bool is_range(const char *text) {
  int lo, hi, end = 0;
  if (sscanf(text, "%4d%n-%4d%n", &lo, &end, &hi, &end) == 1) hi = lo;
  return end > 0 && !text[end] && lo >= 0 && lo <= hi;
}

static bool parse_take(const ls_value *v) {
  ls_init_spec *init = v->base;
  const int choice = ls_value_find(v, v->key->choices);
  if (choice >= 0) {
    init->take = (ls_init_take)choice;
    return true;
  }
  if (!parse_columns(v)) return false;
  init->take = LS_TAKE_LISTED;
  ls_value one = *v;
  for (long i = 0; init->layers[i]; i++) {
    if (is_range(init->layers[i])) continue;
    if (v->node->kind == LS_NODE_LIST) one.node = ls_node_item(v->node, i);
    return ls_key_refuse(&one, "is neither the number of a layer (from 0) nor a range such as 0-2");
  }
  return true;
}

static json_t *print_take(const ls_value *v) {
  const ls_init_spec *init = v->base;
  return init->layers ? print_columns(v) : json_string(v->key->choices[init->take]);
}

static json_t *schema_take(const ls_key *key) {
  return ls_schema_either(ls_schema_choice(key), schema_columns(key));
}

/* ---- what takes the place of something ---- */

static bool parse_fill(const ls_value *v) {
  const int i = ls_value_find(v, v->key->choices);
  int *how = &LS_FIELD_AT(v, given, int);
  if (i >= 0) {
    *how = i < LS_MISSING_FILL ? i : LS_MISSING_REFUSE; /* the last one: none */
    return true;
  }
  bool good = ls_value_real(v, &LS_FIELD(v, double));
  if (good) *how = LS_MISSING_FILL;
  return good;
}

static json_t *print_fill(const ls_value *v) {
  const int how = LS_FIELD_AT(v, given, int);
  if (how != LS_MISSING_FILL) return json_string(v->key->choices[how]);
  return ls_emit_number(LS_FIELD(v, double));
}

static const char *describe_fill(const ls_value *v) {
  return ls_node_arena_format(v->arena, "a number, or one of %s",
                              ls_describe_words(v->arena, v->key->choices));
}

static json_t *schema_fill(const ls_key *key) {
  return ls_schema_either(ls_schema_real(key), ls_schema_choice(key));
}

/* ---- weights of classes ---- */

static bool parse_weight(const ls_value *v, ls_node *item, double *weight) {
  const ls_key number = {.name = item->key,
                         .kind = &ls_kind_real,
                         .min = v->key->min,
                         .max = v->key->max,
                         .open_max = v->key->open_max};
  const char *path = ls_node_arena_format(v->arena, "%s.%s", v->path, item->key);
  return ls_key_parse(&(ls_value){v->arena, &number, weight, item, path, v->rd});
}

/* What a class is called, or its number, with a weight; which classes there are is known when the
 * data are. */
static bool parse_classes(const ls_value *v) {
  ls_class_weights *out = &LS_FIELD(v, ls_class_weights);
  if (v->node->kind == LS_NODE_SCALAR) {
    out->balanced = ls_value_choice(v) == 0;
    return out->balanced;
  }
  if (v->node->kind == LS_NODE_LIST || !v->node->child) return ls_key_refuse(v, "");
  out->item = ls_mem_must((size_t)ls_node_count(v->node) * sizeof *out->item);
  bool good = true;
  for (ls_node *item = v->node->child; item; item = item->next) {
    ls_class_weight *class = &out->item[out->count++];
    class->name = ls_mem_text(item->key);
    good = parse_weight(v, item, &class->weight) && good;
  }
  return good;
}

static json_t *print_classes(const ls_value *v) {
  const ls_class_weights *weights = &LS_FIELD(v, ls_class_weights);
  if (!ls_class_weights_given(weights)) return json_string(v->key->word);
  if (weights->balanced) return json_string(v->key->choices[0]);
  json_t *map = json_object();
  for (int i = 0; i < weights->count; i++)
    ls_put(map, weights->item[i].name, ls_emit_number(weights->item[i].weight));
  return map;
}

static const char *describe_classes(const ls_value *v) {
  return ls_node_arena_format(v->arena, "%s, a mapping of classes to numbers >= 0",
                              v->key->choices[0]);
}

static json_t *schema_classes(const ls_key *key) {
  json_t *weights =
      json_pack("{s:s, s:o}", "type", "object", "additionalProperties", ls_schema_real(key));
  return ls_schema_either(ls_schema_choice(key), weights);
}

static void free_classes(const ls_value *v) {
  ls_class_weights *weights = &LS_FIELD(v, ls_class_weights);
  for (int i = 0; i < weights->count; i++) LS_FREE(weights->item[i].name);
  LS_FREE(weights->item);
}

/* ---- scaling of columns ---- */

/* The section that each column has: the key's rows, in the struct of one. */
static ls_key scaling_of(const ls_key *key, const char *name) {
  return (ls_key){.name = name, .kind = &ls_kind_section, .sub = key->sub, .by_type = key->by_type};
}

static bool parse_scalings(const ls_value *v) {
  ls_named_scalings *out = &LS_FIELD(v, ls_named_scalings);
  if (v->node->kind != LS_NODE_MAP) return ls_key_refuse(v, "");
  if (!v->node->child) return true;
  out->item = ls_mem_must((size_t)ls_node_count(v->node) * sizeof *out->item);
  bool good = true;
  for (ls_node *item = v->node->child; item; item = item->next) {
    const ls_key section = scaling_of(v->key, item->key);
    const char *path = ls_node_arena_format(v->arena, "%s.%s", v->path, item->key);
    ls_named_scaling *column = &out->item[out->count++];
    column->name = ls_mem_text(item->key);
    good =
        ls_key_parse(&(ls_value){v->arena, &section, &column->scaling, item, path, v->rd}) && good;
  }
  return good;
}

static json_t *print_scalings(const ls_value *v) {
  const ls_named_scalings *columns = &LS_FIELD(v, ls_named_scalings);
  const ls_key section = scaling_of(v->key, "");
  json_t *map = json_object();
  for (int i = 0; i < columns->count; i++) {
    ls_named_scaling *column = &columns->item[i];
    ls_put(map, column->name,
           ls_section_print(&(ls_value){.key = &section, .base = &column->scaling}));
  }
  return map;
}

static json_t *schema_scalings(const ls_key *key) {
  const ls_key section = scaling_of(key, "");
  return json_pack("{s:s, s:o}", "type", "object", "additionalProperties",
                   ls_section_schema(&section));
}

static void free_scalings(const ls_value *v) {
  ls_named_scalings *columns = &LS_FIELD(v, ls_named_scalings);
  for (int i = 0; i < columns->count; i++) LS_FREE(columns->item[i].name);
  LS_FREE(columns->item);
}

/* ---- sources ---- */

/* The place goes with them, for messages about the data. */
static bool parse_source(const ls_value *v) {
  ls_source_spec *source = &LS_FIELD(v, ls_source_spec);
  source->line = v->node->at.line;
  source->column = v->node->at.column;
  return ls_section_parse(v);
}

/* What is drawn as a section of the data's own struct. */
static ls_key drawn_of(const ls_key *key) {
  return (ls_key){.name = key->name, .kind = &ls_kind_section, .sub = key->drawn};
}

/* A mapping with one of its keys is meant as that. */
static bool is_drawn(const ls_value *v) {
  bool drawn = !v->key->sub || v->node->kind != LS_NODE_MAP;
  for (const ls_key *row = v->key->drawn; row->name; row++)
    drawn = drawn || ls_node_get(v->node, row->name);
  return drawn;
}

static bool parse_validation(const ls_value *v) {
  ls_validation_spec *validation = &((ls_data_spec *)v->base)->validation;
  ls_key key = drawn_of(v->key);
  ls_value drawn = *v;
  drawn.key = &key;
  key.lone = "share";
  if (v->node->kind == LS_NODE_SCALAR) {
    *validation = (ls_validation_spec){.how = LS_DRAW_RANDOM, .seed = 1, .bare = true};
    return ls_value_real(v, &validation->share);
  }
  return is_drawn(v) ? ls_section_parse(&drawn) : parse_source(v);
}

static json_t *print_validation(const ls_value *v) {
  const ls_data_spec *data = v->base;
  ls_key key = drawn_of(v->key);
  ls_value drawn = *v;
  drawn.key = &key;
  if (data->validation.share > 0) return ls_section_print(&drawn);
  return v->key->sub ? ls_section_print(v) : json_string(v->key->word);
}

static const char *describe_validation(const ls_value *v) {
  return ls_node_arena_format(v->arena, "%s, a mapping", ls_describe_range(v, "a number"));
}

static json_t *schema_validation(const ls_key *key) {
  ls_key drawn = drawn_of(key);
  json_t *either = ls_schema_either(ls_schema_real(key), ls_section_schema(&drawn));
  return key->sub ? ls_schema_either(either, ls_section_schema(key)) : either;
}

static void free_validation(const ls_value *v) {
  ls_key key = drawn_of(v->key);
  ls_section_free(&(ls_value){.key = &key, .base = v->base});
  if (v->key->sub) ls_section_free(v);
}

const ls_kind ls_kind_columns =
    LS_KIND(parse_columns, print_columns, NULL, schema_columns, .words = "a list of columns",
            .free = free_columns, .nested = true);
const ls_kind ls_kind_datasets =
    LS_KIND(parse_columns, print_datasets, NULL, schema_datasets, .words = "a text, or a list",
            .free = free_columns, .nested = true);
const ls_kind ls_kind_texts =
    LS_KIND(parse_texts, print_columns, NULL, schema_columns, .words = "a list of texts",
            .free = free_columns, .nested = true);
const ls_kind ls_kind_take = LS_KIND(parse_take, print_take, NULL, schema_take,
                                     .words = "all, fitting, or a list of layers by number",
                                     .free = free_columns, .nested = true);
const ls_kind ls_kind_fill = LS_KIND(parse_fill, print_fill, describe_fill, schema_fill);
const ls_kind ls_kind_classes = LS_KIND(parse_classes, print_classes, describe_classes,
                                        schema_classes, .free = free_classes, .nested = true);
const ls_kind ls_kind_scalings = LS_KIND(parse_scalings, print_scalings, NULL, schema_scalings,
                                         .words = "a mapping of columns to types",
                                         .free = free_scalings, .nested = true, .items = ".NAME");
const ls_kind ls_kind_source = LS_KIND(parse_source, ls_section_print, ls_section_describe,
                                       ls_section_schema, .free = ls_section_free, .nested = true);
const ls_kind ls_kind_validation =
    LS_KIND(parse_validation, print_validation, describe_validation, schema_validation,
            .free = free_validation, .nested = true);
