/* kind_number.c - numbers with a range. */
#include <math.h>
#include <string.h>

#include "config/emit.h"
#include "config/kinds.h"

static const char *const out_of_range = "is out of range";

/* ---- a range ---- */

bool ls_value_in_range(const ls_key *key, double x) {
  bool low = key->open_min ? x > key->min : x >= key->min;
  bool high = key->open_max ? x < key->max : x <= key->max;
  return low && high;
}

const char *ls_number_text(ls_node_arena *arena, double value) {
  char text[LS_NUMBER_TEXT];
  ls_number_print(value, text);
  return ls_node_arena_text(arena, text, strlen(text));
}

static const char *limit(ls_node_arena *arena, double value) {
  return value == 0x1p53 ? "2^53" : ls_number_text(arena, value); /* the largest count */
}

const char *ls_describe_range(const ls_value *v, const char *what) {
  const ls_key *key = v->key;
  ls_node_arena *arena = v->arena;
  bool low = key->min > -INFINITY, high = key->max < INFINITY;
  const char *from = limit(arena, key->min), *to = limit(arena, key->max);
  if (key->min == key->max) return from;
  if (low && high && !key->open_min && !key->open_max)
    return ls_node_arena_format(arena, "%s from %s to %s", what, from, to);
  if (low) what = ls_node_arena_format(arena, "%s %s %s", what, key->open_min ? ">" : ">=", from);
  if (high)
    what = ls_node_arena_format(arena, "%s%s %s %s", what, low ? " and" : "",
                                key->open_max ? "<" : "<=", to);
  return what;
}

static void put_limit(json_t *schema, const char *name, double value) {
  if (!isinf(value)) ls_put(schema, name, ls_emit_number(value));
}

static json_t *schema_range(const ls_key *key, const char *type) {
  json_t *schema = ls_schema_type(type);
  put_limit(schema, key->open_min ? "exclusiveMinimum" : "minimum", key->min);
  put_limit(schema, key->open_max ? "exclusiveMaximum" : "maximum", key->max);
  return schema;
}

/* ---- whole ---- */

static const char *quoted(const ls_value *v) {
  return v->node->quoted ? "is in quotes, which makes it a text" : NULL;
}

static bool take_whole(const ls_value *v, int64_t *out) {
  const char *why = quoted(v);
  if (!why) why = ls_integer_parse(v->node->text, out);
  if (!why && !ls_value_in_range(v->key, (double)*out)) why = out_of_range;
  return !why || ls_key_refuse(v, why);
}

static bool parse_int(const ls_value *v) { return take_whole(v, &LS_FIELD(v, int64_t)); }

static bool parse_whole(const ls_value *v) {
  int64_t n = 0;
  bool good = take_whole(v, &n);
  LS_FIELD(v, double) = (double)n;
  return good;
}

static json_t *print_int(const ls_value *v) {
  int64_t value = LS_FIELD(v, int64_t);
  if (v->key->word && value == v->key->word_value) return json_string(v->key->word);
  return json_integer(value);
}

static json_t *print_nothing(const ls_value *v) {
  (void)v;
  return NULL;
}

static const char *describe_whole(const ls_value *v) {
  return ls_describe_range(v, "a whole number");
}

static json_t *schema_whole(const ls_key *key) { return schema_range(key, "integer"); }

/* ---- real ---- */

bool ls_value_real(const ls_value *v, double *out) {
  const char *why = quoted(v);
  if (!why) why = ls_number_parse(v->node->text, out);
  if (!why && !ls_value_in_range(v->key, *out)) why = out_of_range;
  return !why || ls_key_refuse(v, why);
}

static bool parse_real(const ls_value *v) { return ls_value_real(v, &LS_FIELD(v, double)); }

static json_t *print_real(const ls_value *v) {
  double value = LS_FIELD(v, double);
  if (v->key->word && value == 0) return json_string(v->key->word);
  return ls_emit_number(value);
}

static const char *describe_real(const ls_value *v) { return ls_describe_range(v, "a number"); }

json_t *ls_schema_real(const ls_key *key) { return schema_range(key, "number"); }

const ls_kind ls_kind_int = LS_KIND(parse_int, print_int, describe_whole, schema_whole);
const ls_kind ls_kind_repeat = LS_KIND(parse_int, print_nothing, describe_whole, schema_whole);
const ls_kind ls_kind_whole = LS_KIND(parse_whole, print_real, describe_whole, schema_whole);
const ls_kind ls_kind_real = LS_KIND(parse_real, print_real, describe_real, ls_schema_real);
