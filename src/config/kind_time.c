/* kind_time.c - how often and how long: steps, epochs and times by the clock; lists of steps, and
 * of numbers. */
#include <math.h>
#include <string.h>

#include "config/emit.h"
#include "config/kinds.h"

static const struct {
  const char *name;
  ls_every_unit unit;
  double factor;
} units[] = {
    {"", LS_EVERY_STEPS, 1},       {"step", LS_EVERY_STEPS, 1},    {"steps", LS_EVERY_STEPS, 1},
    {"epoch", LS_EVERY_EPOCHS, 1}, {"epochs", LS_EVERY_EPOCHS, 1}, {"s", LS_EVERY_SECONDS, 1},
    {"m", LS_EVERY_SECONDS, 60},   {"min", LS_EVERY_SECONDS, 60},  {"h", LS_EVERY_SECONDS, 3600},
};

/* "10 epochs", "30m", "100" (steps, whole): NULL, or what is wrong with it. */
static const char *take(const char *text, ls_every *out) {
  const char *end, *wrong = ls_number_begin(text, &end, &out->n);
  if (wrong) return wrong;
  if (*end == ' ') end++;
  size_t i = 0;
  while (i < sizeof units / sizeof *units && strcmp(end, units[i].name) != 0) i++;
  if (i == sizeof units / sizeof *units) return "has an unknown unit";
  out->unit = units[i].unit;
  out->n *= units[i].factor;
  if (out->unit == LS_EVERY_STEPS && out->n != floor(out->n)) return "is not a whole number";
  return fabs(out->n) > 0x1p53 ? "is out of range" : NULL;
}

static json_t *print(ls_every every) {
  if (every.unit == LS_EVERY_NEVER || every.n == 0) return json_string("never");
  const char *unit = every.unit == LS_EVERY_STEPS ? "step" : "epoch", *plural = "";
  char number[LS_NUMBER_TEXT];
  if (every.unit == LS_EVERY_SECONDS)
    unit = "s";
  else if (every.n != 1)
    plural = "s";
  ls_number_print(every.n, number);
  return json_sprintf("%s %s%s", number, unit, plural);
}

/* ---- every: in some of the units ---- */

static bool parse_every(const ls_value *v) {
  static const char *const names[] = {"never", "steps", "epochs", "time"};
  ls_every *out = &LS_FIELD(v, ls_every);
  bool never = strcmp(v->node->text, names[LS_EVERY_NEVER]) == 0;
  *out = (ls_every){LS_EVERY_NEVER, 0};
  const char *why = never ? NULL : take(v->node->text, out);
  if (why) return ls_key_refuse(v, why);
  if (out->unit == LS_EVERY_EPOCHS && out->n != floor(out->n))
    return ls_key_refuse(v, "is not a whole number");
  if (!never && out->n <= 0) return ls_key_refuse(v, "is out of range");
  for (int i = 0; v->key->choices[i]; i++)
    if (strcmp(v->key->choices[i], names[out->unit]) == 0) return true;
  return ls_key_refuse(v, "has a unit that does not fit here");
}

static json_t *print_every(const ls_value *v) { return print(LS_FIELD(v, ls_every)); }

static const char *describe_every(const ls_value *v) {
  const char *text = "";
  for (const char *const *unit = v->key->choices + 1; *unit; unit++)
    if (strcmp(*unit, "time") == 0)
      text = ls_node_arena_format(v->arena, "%sa time (90 s, 30m, 2h) or ", text);
    else
      text = ls_node_arena_format(v->arena, "%sN %s or ", text, *unit);
  return ls_node_arena_format(v->arena, "%snever", text);
}

/* ---- seconds ---- */

static bool parse_seconds(const ls_value *v) {
  ls_every time;
  const char *why = take(v->node->text, &time);
  if (!why && time.unit != LS_EVERY_SECONDS) why = "is no time";
  if (!why && time.n <= 0) why = "is out of range";
  if (why) return ls_key_refuse(v, why);
  LS_FIELD(v, double) = time.n;
  return true;
}

static json_t *print_seconds(const ls_value *v) {
  return print((ls_every){LS_EVERY_SECONDS, LS_FIELD(v, double)});
}

/* ---- steps, also as epochs where the key can note that ---- */

static bool take_steps(const ls_value *v, double *out, bool *epochs) {
  ls_every steps;
  const char *why = take(v->node->text, &steps);
  bool in_epochs = !why && steps.unit == LS_EVERY_EPOCHS;
  if (!why && (steps.unit == LS_EVERY_SECONDS || (in_epochs && !v->key->epochs)))
    why = "has a unit that does not fit here";
  if (!why && !ls_value_in_range(v->key, steps.n)) why = "is out of range";
  if (why) return ls_key_refuse(v, why);
  *out = steps.n;
  if (v->key->epochs) *epochs = in_epochs;
  return true;
}

static bool parse_steps(const ls_value *v) {
  return take_steps(v, &LS_FIELD(v, double), &LS_FIELD_AT(v, epochs, bool));
}

static json_t *print_step(double value, bool epochs) {
  if (!epochs || value == 0) return ls_emit_number(value);
  return print((ls_every){LS_EVERY_EPOCHS, value});
}

static json_t *print_steps(const ls_value *v) {
  bool epochs = v->key->epochs && LS_FIELD_AT(v, epochs, bool);
  return print_step(LS_FIELD(v, double), epochs);
}

static const char *describe_steps(const ls_value *v) {
  const char *number = ls_describe_range(v, "a number");
  return ls_node_arena_format(v->arena, "%s of steps, or as 10 epochs", number);
}

/* ---- lists ---- */

typedef bool taker(const ls_value *v, double *out, bool *epochs);

static bool take_list(const ls_value *v, taker *take_item) {
  if (v->node->kind != LS_NODE_LIST) return ls_key_refuse(v, "is no list");
  double *out = &LS_FIELD_AT(v, list, double);
  bool *epochs = &LS_FIELD_AT(v, epochs, bool), good = true;
  int n = 0;
  for (ls_node *item = v->node->child; item; item = item->next, n++) {
    ls_value one = *v;
    one.node = item;
    if (n == LS_LIST_MAX) {
      ls_report_add(v->rd->report, item->at, v->path, "more than %d values in a list", LS_LIST_MAX);
      return false;
    }
    if (item->kind != LS_NODE_SCALAR)
      good = ls_key_refuse(&one, "");
    else
      good = take_item(&one, &out[n], &epochs[n]) && good;
  }
  LS_FIELD(v, double) = n;
  return good;
}

static bool take_real(const ls_value *v, double *out, bool *epochs) {
  (void)epochs;
  return ls_value_real(v, out);
}

static bool parse_reals(const ls_value *v) { return take_list(v, take_real); }

static bool parse_steplist(const ls_value *v) { return take_list(v, take_steps); }

static json_t *print_list(const ls_value *v) {
  if (v->key->word && LS_FIELD(v, double) == 0) return json_string(v->key->word);
  json_t *list = json_array();
  const double *value = &LS_FIELD_AT(v, list, double);
  const bool *epochs = &LS_FIELD_AT(v, epochs, bool);
  for (int i = 0; i < (int)LS_FIELD(v, double); i++)
    json_array_append_new(list, print_step(value[i], v->key->epochs && epochs[i]));
  return list;
}

static json_t *schema_reals(const ls_key *key) {
  (void)key;
  return ls_schema_list(ls_schema_type("number"));
}

static json_t *schema_steplist(const ls_key *key) {
  return ls_schema_list(ls_schema_number_or_text(key));
}

const ls_kind ls_kind_every =
    LS_KIND(parse_every, print_every, describe_every, ls_schema_number_or_text);
const ls_kind ls_kind_seconds =
    LS_KIND(parse_seconds, print_seconds, NULL, ls_schema_text, .words = "a time (90 s, 30m, 2h)");
const ls_kind ls_kind_steps =
    LS_KIND(parse_steps, print_steps, describe_steps, ls_schema_number_or_text);
const ls_kind ls_kind_reals = LS_KIND(parse_reals, print_list, NULL, schema_reals,
                                      .words = "a list of numbers", .nested = true);
const ls_kind ls_kind_steplist =
    LS_KIND(parse_steplist, print_list, NULL, schema_steplist,
            .words = "a list of steps, as 1000 or 10 epochs", .nested = true);
