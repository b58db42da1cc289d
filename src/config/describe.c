/* describe.c - what a key takes, in words. */
#include <math.h>
#include <string.h>

#include "config/number.h"
#include "config/read.h"

const char *ls_number_text(ls_node_arena *arena, double value) {
  char text[LS_NUMBER_TEXT];
  ls_number_print(value, text);
  return ls_node_arena_text(arena, text, strlen(text));
}

static const char *list_of(ls_node_arena *arena, const char *const *words) {
  const char *text = "";
  for (; *words; words++)
    text = ls_node_arena_format(arena, "%s%s%s", text, *text ? ", " : "", *words);
  return text;
}

static const char *limit(ls_node_arena *arena, double value) {
  return value == 0x1p53 ? "2^53" : ls_number_text(arena, value); /* the largest count */
}

static const char *range(ls_node_arena *arena, const ls_key *key, const char *what) {
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

static const char *units(ls_node_arena *arena, const ls_key *key) {
  const char *text = "";
  for (const char *const *unit = key->choices + 1; *unit; unit++)
    text = strcmp(*unit, "time") == 0
               ? ls_node_arena_format(arena, "%sa time (90 s, 30m, 2h) or ", text)
               : ls_node_arena_format(arena, "%sN %s or ", text, *unit);
  return ls_node_arena_format(arena, "%snever", text);
}

static const char *words_of(ls_node_arena *arena, const ls_key *key) {
  switch (key->kind) {
    case LS_KEY_SECTION:
    case LS_KEY_SOURCE:
      if (key->lone) return ls_node_arena_format(arena, "a mapping, or its %s alone", key->lone);
      return key->by_type ? "a mapping or the name of a type" : "a mapping";
    case LS_KEY_VALIDATION:
      return ls_node_arena_format(arena, "%s, a mapping", range(arena, key, "a number"));
    case LS_KEY_LAYERS:
      return "a list of layers";
    case LS_KEY_CLASSES:
      return ls_node_arena_format(arena, "%s, a mapping of classes to numbers >= 0",
                                  list_of(arena, key->choices));
    case LS_KEY_INT:
    case LS_KEY_REPEAT:
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
      return ls_node_arena_format(arena, "a list of %s", list_of(arena, key->choices));
    case LS_KEY_EVERY:
      return units(arena, key);
    case LS_KEY_SECONDS:
      return "a time (90 s, 30m, 2h)";
    case LS_KEY_COLUMNS:
      return "a list of columns";
    case LS_KEY_TEXTS:
      return "a list of texts";
    case LS_KEY_FILL:
      return ls_node_arena_format(arena, "a number, or %s", key->choices[0]);
    case LS_KEY_STEPS:
      return ls_node_arena_format(arena, "%s of steps, or as 10 epochs",
                                  range(arena, key, "a number"));
    case LS_KEY_REALS:
      return ls_node_arena_format(arena, "a list of numbers");
    case LS_KEY_STEPLIST:
      return "a list of steps, as 1000 or 10 epochs";
    default:
      return ls_node_arena_format(arena, "one of %s", list_of(arena, key->choices));
  }
}

const char *ls_key_describe(ls_node_arena *arena, const ls_key *key) {
  const char *words = words_of(arena, key);
  return key->word ? ls_node_arena_format(arena, "%s, or %s", words, key->word) : words;
}

const char *ls_key_default(ls_node_arena *arena, const ls_key *key) {
  if (ls_key_required(key)) return "";
  if (!key->hyper) return key->value;
  if (key->kind == LS_KEY_FLAG) return key->number != 0 ? "true" : "false";
  if (key->kind == LS_KEY_INDEX) return key->choices[(int)key->number];
  return key->kind == LS_KEY_REALS || key->kind == LS_KEY_STEPLIST
             ? "[]"
             : ls_number_text(arena, key->number);
}
