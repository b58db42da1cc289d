/* kind_choice.c - texts; words out of a list, alone or several; true and false. */
#include <string.h>

#include "base/mem.h"
#include "config/emit.h"
#include "config/kinds.h"

/* Where a choice's number or a yes is stored. */
static void put(const ls_value *v, int number) {
  void *field = &LS_FIELD(v, char);
  switch (v->key->kind->as) {
    case LS_AS_BOOL:
      *(bool *)field = number != 0;
      break;
    case LS_AS_NOT:
      *(bool *)field = number == 0;
      break;
    case LS_AS_ENUM:
      *(int *)field = number;
      break;
    case LS_AS_DOUBLE:
      *(double *)field = number;
  }
}

static int get(const ls_value *v) {
  if (v->key->kind->as == LS_AS_BOOL) return LS_FIELD(v, bool);
  if (v->key->kind->as == LS_AS_NOT) return !LS_FIELD(v, bool);
  if (v->key->kind->as == LS_AS_ENUM) return LS_FIELD(v, int);
  return (int)LS_FIELD(v, double);
}

/* ---- a text ---- */

static bool parse_text(const ls_value *v) {
  if (!v->node->text[0]) return ls_key_refuse(v, "is empty");
  LS_FIELD(v, char *) = ls_mem_text(v->node->text);
  return true;
}

/* NULL is the word, or nothing to print; "" is the choice none. */
json_t *ls_print_text(const ls_value *v) {
  const char *text = LS_FIELD(v, char *);
  if (!text) text = v->key->word;
  if (!text) return NULL;
  return json_string(*text ? text : "none");
}

json_t *ls_schema_type(const char *type) { return json_pack("{s:s}", "type", type); }

json_t *ls_schema_text(const ls_key *key) {
  (void)key;
  return ls_schema_type("string");
}

json_t *ls_schema_number_or_text(const ls_key *key) {
  return ls_schema_either(ls_schema_type("number"), ls_schema_text(key));
}

void ls_free_text(const ls_value *v) { LS_FREE(LS_FIELD(v, char *)); }

/* ---- true or false ---- */

static bool parse_bool(const ls_value *v) {
  bool yes = strcmp(v->node->text, "true") == 0;
  if (v->node->quoted) return ls_key_refuse(v, "is in quotes, which makes it a text");
  if (!yes && strcmp(v->node->text, "false") != 0) return ls_key_refuse(v, "is neither");
  put(v, yes);
  return true;
}

static json_t *print_bool(const ls_value *v) { return json_boolean(get(v)); }

static json_t *schema_bool(const ls_key *key) {
  (void)key;
  return ls_schema_type("boolean");
}

/* ---- one of them ---- */

int ls_value_find(const ls_value *v, const char *const *words) {
  for (int i = 0; v->node->kind == LS_NODE_SCALAR && words && words[i]; i++)
    if (strcmp(v->node->text, words[i]) == 0) return i;
  return -1;
}

int ls_value_choice(const ls_value *v) {
  int i = ls_value_find(v, v->key->choices);
  if (i < 0) ls_key_refuse(v, "is no choice");
  return i;
}

static bool parse_choice(const ls_value *v) {
  int i = ls_value_choice(v);
  if (i >= 0) put(v, i);
  return i >= 0;
}

static json_t *print_choice(const ls_value *v) { return json_string(v->key->choices[get(v)]); }

const char *ls_describe_words(ls_node_arena *arena, const char *const *words) {
  const char *text = "";
  for (; *words; words++)
    text = ls_node_arena_format(arena, "%s%s%s", text, *text ? ", " : "", *words);
  return text;
}

const char *ls_describe_choice(const ls_value *v) {
  return ls_node_arena_format(v->arena, "one of %s", ls_describe_words(v->arena, v->key->choices));
}

json_t *ls_schema_choice(const ls_key *key) {
  json_t *words = json_array();
  for (const char *const *word = key->choices; *word; word++)
    json_array_append_new(words, json_string(*word));
  return json_pack("{s:o}", "enum", words);
}

static bool parse_word(const ls_value *v) {
  int i = ls_value_choice(v);
  if (i >= 0) LS_FIELD(v, const char *) = v->key->choices[i];
  return i >= 0;
}

/* Of a layer that was made by hand NULL is the default. */
static json_t *print_word(const ls_value *v) {
  const char *text = LS_FIELD(v, char *);
  return json_string(text ? text : v->key->value);
}

static bool parse_name(const ls_value *v) {
  int i = ls_value_choice(v);
  if (i < 0) return false;
  const char *name = v->key->choices[i];
  LS_FIELD(v, char *) = ls_mem_text(strcmp(name, "none") == 0 ? "" : name);
  return true;
}

/* ---- several ---- */

static bool parse_set(const ls_value *v) {
  if (v->node->kind != LS_NODE_LIST) return ls_key_refuse(v, "is no list");
  bool good = true;
  for (ls_node *item = v->node->child; item; item = item->next) {
    ls_value one = *v;
    one.node = item;
    int i = ls_value_choice(&one);
    if (i >= 0) (&LS_FIELD(v, bool))[i] = true;
    good = good && i >= 0;
  }
  if (v->key->given) LS_FIELD_AT(v, given, bool) = true;
  return good;
}

static json_t *print_set(const ls_value *v) {
  const ls_key *key = v->key;
  if (key->given && !LS_FIELD_AT(v, given, bool)) return json_string(key->word);
  json_t *list = json_array();
  for (int i = 0; key->choices[i]; i++)
    if ((&LS_FIELD(v, bool))[i]) json_array_append_new(list, json_string(key->choices[i]));
  return list;
}

static const char *describe_set(const ls_value *v) {
  return ls_node_arena_format(v->arena, "a list of %s",
                              ls_describe_words(v->arena, v->key->choices));
}

static json_t *schema_set(const ls_key *key) { return ls_schema_list(ls_schema_choice(key)); }

#define CHOICE ls_describe_choice, ls_schema_choice
#define NUMBERED parse_choice, print_choice, CHOICE
#define BOOL parse_bool, print_bool, NULL, schema_bool, .words = "true or false"
const ls_kind ls_kind_bool = LS_KIND(BOOL, .as = LS_AS_BOOL);
const ls_kind ls_kind_unless = LS_KIND(BOOL, .as = LS_AS_NOT);
const ls_kind ls_kind_flag = LS_KIND(BOOL, .as = LS_AS_DOUBLE);
const ls_kind ls_kind_switch = LS_KIND(NUMBERED, .as = LS_AS_BOOL);
const ls_kind ls_kind_enum = LS_KIND(NUMBERED, .as = LS_AS_ENUM);
const ls_kind ls_kind_index = LS_KIND(NUMBERED, .as = LS_AS_DOUBLE);
const ls_kind ls_kind_word = LS_KIND(parse_word, print_word, CHOICE);
const ls_kind ls_kind_name = LS_KIND(parse_name, ls_print_text, CHOICE, .free = ls_free_text);
const ls_kind ls_kind_loss =
    LS_KIND(parse_name, ls_print_text, CHOICE, .free = ls_free_text, .explain = ls_loss_help);
const ls_kind ls_kind_activation =
    LS_KIND(parse_word, print_word, CHOICE, .explain = ls_activation_help);
const ls_kind ls_kind_set = LS_KIND(parse_set, print_set, describe_set, schema_set, .nested = true);
const ls_kind ls_kind_text = LS_KIND(parse_text, ls_print_text, NULL, ls_schema_text,
                                     .words = "a text", .free = ls_free_text);
