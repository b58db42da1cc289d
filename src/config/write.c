/* write.c - struct fields back to nodes, and what a key takes in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/number.h"
#include "config/read.h"

#define FIELD(type, base, offset) (*(type const *)((const char *)(base) + (offset)))

/* quoted: a text, where JSON wants quotes and YAML may. */
static ls_node *scalar(ls_arena *arena, const char *text, bool quoted) {
  ls_node *node = ls_node_new(arena, LS_NODE_SCALAR, text);
  node->quoted = quoted;
  return node;
}

static const char *number(ls_arena *arena, double value) {
  char text[LS_NUMBER_TEXT];
  ls_number_print(value, text);
  return ls_arena_text(arena, text, strlen(text));
}

static ls_node *write_int(ls_arena *arena, const ls_key *key, int64_t value) {
  if (key->word && value == key->word_value) return scalar(arena, key->word, true);
  return scalar(arena, ls_arena_format(arena, "%lld", (long long)value), false);
}

static ls_node *write_real(ls_arena *arena, const ls_key *key, double value) {
  if (key->word && value == 0) return scalar(arena, key->word, true);
  return scalar(arena, number(arena, value), false);
}

static ls_node *write_text(ls_arena *arena, const ls_key *key, const char *text) {
  if (!text) return key->word ? scalar(arena, key->word, true) : NULL;
  return scalar(arena, *text ? text : "none", true);
}

static ls_node *write_set(ls_arena *arena, const ls_key *key, const void *base) {
  if (key->extra && !FIELD(bool, base, key->extra)) return scalar(arena, key->word, true);
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; key->choices[i]; i++)
    if ((&FIELD(bool, base, key->at))[i]) ls_node_append(list, scalar(arena, key->choices[i], true));
  return list;
}

static ls_node *write_every(ls_arena *arena, ls_every every) {
  if (every.unit == LS_EVERY_NEVER) return scalar(arena, "never", true);
  const char *unit = every.unit == LS_EVERY_SECONDS ? "s" : every.unit == LS_EVERY_STEPS ? "step" : "epoch";
  bool plural = every.unit != LS_EVERY_SECONDS && every.n != 1;
  return scalar(arena, ls_arena_format(arena, "%s %s%s", number(arena, every.n), unit, plural ? "s" : ""), true);
}

static ls_node *write_seconds(ls_arena *arena, double seconds) {
  return seconds == 0 ? scalar(arena, "never", true) : write_every(arena, (ls_every){LS_EVERY_SECONDS, seconds});
}

static ls_node *write_steps(ls_arena *arena, double value, bool epochs) {
  return epochs ? write_every(arena, (ls_every){LS_EVERY_EPOCHS, value}) : scalar(arena, number(arena, value), false);
}

static ls_node *write_list(ls_arena *arena, const ls_key *key, const void *base) {
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; i < (int)FIELD(double, base, key->at); i++) {
    bool epochs = key->kind == LS_KEY_STEPLIST && (&FIELD(bool, base, key->extra))[i];
    ls_node_append(list, write_steps(arena, (&FIELD(double, base, key->list))[i], epochs));
  }
  return list;
}

static ls_node *write_columns(ls_arena *arena, char *const *column) {
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (; column && *column; column++) ls_node_append(list, scalar(arena, *column, true));
  return list;
}

static ls_node *write_validation(ls_arena *arena, const ls_key *key, const ls_data_spec *data) {
  if (!data->source[LS_SPLIT_VALIDATION].file) return write_real(arena, key, data->validation);
  ls_key source = {key->name, LS_KEY_SECTION, .at = offsetof(ls_data_spec, source) + LS_SPLIT_VALIDATION * sizeof(ls_source_spec),
                   .sub = key->sub};
  return ls_section_write(arena, &source, data);
}

static ls_node *write_layers(ls_arena *arena, const ls_key *key, const ls_config *config) {
  ls_key section = {key->name, LS_KEY_SECTION, .sub = key->sub, .by_type = key->by_type};
  ls_node *list = ls_node_new(arena, LS_NODE_LIST, NULL);
  for (int i = 0; i < config->layers; i++) {
    ls_layer_item item = {config->layer[i], 0}; /* 0: every layer is written out */
    ls_node_append(list, ls_section_write(arena, &section, &item));
  }
  return list;
}

static ls_node *write_choice(ls_arena *arena, const ls_key *key, const void *base) {
  int i = key->kind == LS_KEY_SWITCH ? FIELD(bool, base, key->at)
          : key->kind == LS_KEY_ENUM ? FIELD(int, base, key->at)
                                     : (int)FIELD(double, base, key->at);
  return scalar(arena, key->choices[i], true);
}

ls_node *ls_key_write(ls_arena *arena, const ls_key *key, const void *base) {
  const ls_optim_spec *o = base;
  const ls_schedule_spec *s = base;
  switch (key->kind) {
    case LS_KEY_SECTION:
      return ls_section_write(arena, key, base);
    case LS_KEY_LAYERS:
      return write_layers(arena, key, base);
    case LS_KEY_VALIDATION:
      return write_validation(arena, key, base);
    case LS_KEY_INT:
      return write_int(arena, key, FIELD(int64_t, base, key->at));
    case LS_KEY_REAL:
      return write_real(arena, key, FIELD(double, base, key->at));
    case LS_KEY_WHOLE:
      return scalar(arena, number(arena, FIELD(double, base, key->at)), false);
    case LS_KEY_BOOL:
      return scalar(arena, FIELD(bool, base, key->at) ? "true" : "false", false);
    case LS_KEY_FLAG:
      return scalar(arena, FIELD(double, base, key->at) != 0 ? "true" : "false", false);
    case LS_KEY_WORD:
      return scalar(arena, FIELD(char *, base, key->at) ? FIELD(char *, base, key->at) : key->value, true);
    case LS_KEY_NAME:
    case LS_KEY_TEXT:
      return write_text(arena, key, FIELD(char *, base, key->at));
    case LS_KEY_SET:
      return write_set(arena, key, base);
    case LS_KEY_EVERY:
      return write_every(arena, FIELD(ls_every, base, key->at));
    case LS_KEY_SECONDS:
      return write_seconds(arena, FIELD(double, base, key->at));
    case LS_KEY_STEPS:
      return write_steps(arena, FIELD(double, base, key->at), key->extra && FIELD(bool, base, key->extra));
    case LS_KEY_REALS:
    case LS_KEY_STEPLIST:
      return write_list(arena, key, base);
    case LS_KEY_COLUMNS:
      return write_columns(arena, FIELD(char **, base, key->at));
    case LS_KEY_OPTIMIZER:
      return scalar(arena, o->file ? "plugin" : o->ops->name, true);
    case LS_KEY_SCHEDULE:
      return scalar(arena, s->file ? "plugin" : s->ops->name, true);
    case LS_KEY_OPTIMIZER_FILE:
      return o->file ? scalar(arena, o->file, true) : NULL;
    case LS_KEY_SCHEDULE_FILE:
      return s->file ? scalar(arena, s->file, true) : NULL;
    default:
      return write_choice(arena, key, base);
  }
}

static bool absent(const ls_key *section, const char *base) {
  static const char zeros[8];
  return section->word && memcmp(base + section->extra, zeros, sizeof zeros) == 0;
}

ls_node *ls_section_write(ls_arena *arena, const ls_key *section, const void *outer) {
  const char *base = (const char *)outer + section->at;
  if (absent(section, base)) return scalar(arena, section->word, true);
  ls_node *map = ls_node_new(arena, LS_NODE_MAP, NULL);
  const char *type = section->by_type ? ls_key_write(arena, section->sub, base)->text : NULL;
  ls_rows rows;
  ls_rows_get(&rows, section, type, base);
  for (int i = 0; i < rows.count; i++) {
    bool repeat = section->sub->kind == LS_KEY_WORD && strcmp(rows.row[i]->name, "repeat") == 0;
    ls_node *node = repeat ? NULL : ls_key_write(arena, rows.row[i], base);
    if (node) ls_node_put(map, rows.row[i]->name, node);
  }
  return map;
}

/* ---- words ---- */

static const char *list_of(ls_arena *arena, const char *const *words) {
  const char *text = "";
  for (; *words; words++) text = ls_arena_format(arena, "%s%s%s", text, *text ? ", " : "", *words);
  return text;
}

static const char *range(ls_arena *arena, const ls_key *key, const char *what) {
  bool low = key->min > -0x1p62, high = key->max < 0x1p62;
  const char *from = number(arena, key->min), *to = key->max < 0x1p31 ? number(arena, key->max) : ls_arena_format(arena, "%.0f", key->max);
  if (low && high && key->min == key->max) return from;
  if (low && high && !key->open_min && !key->open_max) return ls_arena_format(arena, "%s from %s to %s", what, from, to);
  if (low) what = ls_arena_format(arena, "%s %s %s", what, key->open_min ? ">" : ">=", from);
  if (high) what = ls_arena_format(arena, "%s%s %s %s", what, low ? " and" : "", key->open_max ? "<" : "<=", to);
  return what;
}

static const char *every_words(ls_arena *arena, const ls_key *key) {
  const char *text = "";
  for (const char *const *unit = key->choices; *unit; unit++) {
    const char *form = strcmp(*unit, "time") == 0 ? "a time as 90 s, 30m or 2h"
                       : **unit == 'n'            ? *unit
                                                  : ls_arena_format(arena, "N %s", *unit);
    text = ls_arena_format(arena, "%s%s%s", text, *text ? ", " : "", form);
  }
  return text;
}

static const char *words_of(ls_arena *arena, const ls_key *key) {
  switch (key->kind) {
    case LS_KEY_SECTION:
      return key->by_type ? "a mapping or a type's name" : "a mapping";
    case LS_KEY_LAYERS:
      return "a list of layers";
    case LS_KEY_VALIDATION:
      return ls_arena_format(arena, "%s, a source", range(arena, key, "a number"));
    case LS_KEY_INT:
    case LS_KEY_WHOLE:
      return range(arena, key, "a whole number");
    case LS_KEY_REAL:
      return range(arena, key, "a number");
    case LS_KEY_BOOL:
    case LS_KEY_FLAG:
      return "true or false";
    case LS_KEY_TEXT:
    case LS_KEY_OPTIMIZER_FILE:
    case LS_KEY_SCHEDULE_FILE:
      return "a text";
    case LS_KEY_SET:
      return ls_arena_format(arena, "a list of %s", list_of(arena, key->choices));
    case LS_KEY_EVERY:
      return every_words(arena, key);
    case LS_KEY_SECONDS:
      return "a time as 90 s, 30m or 2h";
    case LS_KEY_COLUMNS:
      return "a list of columns";
    case LS_KEY_STEPS:
      return ls_arena_format(arena, "%s, of steps or as 10 epochs", range(arena, key, "a number"));
    case LS_KEY_REALS:
      return ls_arena_format(arena, "a list of numbers");
    case LS_KEY_STEPLIST:
      return "a list of steps, as 1000 or 10 epochs";
    default:
      return ls_arena_format(arena, "one of %s", list_of(arena, key->choices));
  }
}

const char *ls_key_describe(ls_arena *arena, const ls_key *key) {
  const char *words = words_of(arena, key);
  return key->word && key->kind != LS_KEY_OPTIMIZER_FILE && key->kind != LS_KEY_SCHEDULE_FILE
             ? ls_arena_format(arena, "%s, or %s", words, key->word)
             : words;
}

const char *ls_key_default(ls_arena *arena, const ls_key *key) {
  if (ls_key_required(key)) return "";
  if (!key->hyper) return key->value;
  if (key->kind == LS_KEY_FLAG) return key->number != 0 ? "true" : "false";
  if (key->kind == LS_KEY_INDEX) return key->choices[(int)key->number];
  return key->kind == LS_KEY_REALS || key->kind == LS_KEY_STEPLIST ? "[]" : number(arena, key->number);
}
