/* kinds.c - reading one value of each kind, and saying what is wrong with it. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "config/number.h"
#include "config/origin.h"
#include "config/read.h"

typedef struct {
  ls_reader *rd;
  const ls_key *key;
  const ls_node *node;
  const char *path;
  void *base;
} value;

#define FIELD_AT(v, type, offset) ((type *)((char *)(v)->base + (offset)))
#define FIELD(v, type) (*FIELD_AT(v, type, (v)->key->at))

static bool refuse(const value *v, const char *why) {
  const char *what = ls_key_describe(v->rd->arena, v->key), *hint = "", *text = v->node->text;
  if (v->node->kind != LS_NODE_SCALAR || ls_node_is_null(v->node)) {
    ls_report_add(v->rd->report, v->node->at, v->path, "%s, where %s must be %s",
                  ls_node_kind_text(v->node), v->key->name, what);
    return false;
  }
  const char *const words[] = {v->key->word, NULL};
  if (v->key->word) hint = ls_report_hint(v->rd->report, text, words);
  if (v->key->choices && !*hint) hint = ls_report_hint(v->rd->report, text, v->key->choices);
  ls_place at = v->node->at.source == LS_SOURCE_DEFAULT ? v->node->key_at : v->node->at;
  ls_report_add(v->rd->report, at, v->path, "'%s' %s: %s must be %s%s", text, why, v->key->name,
                what, hint);
  return false;
}

/* The same kind of value, from an item of this list. */
static value item_of(const value *v, const ls_node *item) {
  return (value){v->rd, v->key, item, v->path, v->base};
}

static bool in_range(const ls_key *key, double x) {
  return (key->open_min ? x > key->min : x >= key->min) &&
         (key->open_max ? x < key->max : x <= key->max);
}

static const char *const in_quotes = "is in quotes, which makes it a text";

static bool read_int(const value *v) {
  int64_t *out = &FIELD(v, int64_t);
  const char *why = v->node->quoted ? in_quotes : ls_integer_parse(v->node->text, out);
  if (!why && !in_range(v->key, (double)*out)) why = "is out of range";
  return why ? refuse(v, why) : true;
}

static bool take_real(const value *v, double *out) {
  int64_t whole;
  const char *why = v->node->quoted ? in_quotes : NULL;
  if (!why && v->key->kind == LS_KEY_WHOLE) why = ls_integer_parse(v->node->text, &whole);
  if (!why) why = ls_number_parse(v->node->text, out);
  if (!why && !in_range(v->key, *out)) why = "is out of range";
  return why ? refuse(v, why) : true;
}

static bool read_real(const value *v) { return take_real(v, &FIELD(v, double)); }

static bool read_bool(const value *v) {
  bool yes = strcmp(v->node->text, "true") == 0;
  if (v->node->quoted) return refuse(v, in_quotes);
  if (!yes && strcmp(v->node->text, "false") != 0) return refuse(v, "is neither");
  if (v->key->kind == LS_KEY_FLAG)
    FIELD(v, double) = yes;
  else
    FIELD(v, bool) = yes;
  return true;
}

static bool read_text(const value *v) {
  if (!v->node->text[0]) return refuse(v, "is empty");
  FIELD(v, char *) = ls_mem_text(v->node->text);
  return true;
}

/* ---- choices ---- */

static bool is_later(const value *v) {
  for (const char *const *name = v->key->later; name && *name; name++)
    if (strcmp(v->node->text, *name) == 0) return true;
  return false;
}

/* The number of the choice, or -1 after a complaint. */
static int choice(const value *v) {
  for (int i = 0; v->node->kind == LS_NODE_SCALAR && v->key->choices[i]; i++)
    if (strcmp(v->node->text, v->key->choices[i]) == 0) return i;
  bool later = v->node->kind == LS_NODE_SCALAR && is_later(v);
  refuse(v, later ? "is not available yet" : "is no choice");
  return -1;
}

static bool read_choice(const value *v) {
  int i = choice(v);
  if (i < 0) return false;
  const char *name = v->key->choices[i];
  if (v->key->kind == LS_KEY_SWITCH) FIELD(v, bool) = i == 1;
  if (v->key->kind == LS_KEY_ENUM) FIELD(v, int) = i;
  if (v->key->kind == LS_KEY_INDEX) FIELD(v, double) = i;
  if (v->key->kind == LS_KEY_WORD) FIELD(v, const char *) = name;
  if (v->key->kind == LS_KEY_NAME)
    FIELD(v, char *) = ls_mem_text(strcmp(name, "none") == 0 ? "" : name);
  return true;
}

static bool read_set(const value *v) {
  if (v->node->kind != LS_NODE_LIST) return refuse(v, "is no list");
  bool good = true;
  for (const ls_node *item = v->node->child; item; item = item->next) {
    value one = item_of(v, item);
    int i = choice(&one);
    if (i >= 0) (&FIELD(v, bool))[i] = true;
    good = good && i >= 0;
  }
  if (v->key->extra) *FIELD_AT(v, bool, v->key->extra) = true;
  return good;
}

/* Type plugin has no rows until the key `file` has loaded it. */
static bool read_optimizer(const value *v) {
  int i = choice(v);
  ls_optim_spec *spec = v->base;
  if (i >= 0)
    spec->ops =
        strcmp(v->node->text, "plugin") == 0 ? &ls_optim_not_loaded : ls_optim_find(v->node->text);
  return i >= 0;
}

static bool read_schedule(const value *v) {
  int i = choice(v);
  ls_schedule_spec *spec = v->base;
  if (i >= 0)
    spec->ops = strcmp(v->node->text, "plugin") == 0 ? &ls_schedule_not_loaded
                                                     : ls_schedule_find(v->node->text);
  return i >= 0;
}

static bool read_plugin(const value *v) {
  bool optimizer = v->key->kind == LS_KEY_OPTIMIZER_FILE, none = strcmp(v->node->text, "none") == 0;
  ls_optim_spec *o = v->base;
  ls_schedule_spec *s = v->base;
  if (optimizer ? !o->ops : !s->ops) return true; /* the type is wrong, and that has been said */
  bool plugin = optimizer ? o->ops == &ls_optim_not_loaded : s->ops == &ls_schedule_not_loaded;
  if (!plugin) return none ? true : refuse(v, "goes with type plugin only");
  if (none) return refuse(v, "is no library, and type plugin needs one");
  if (!v->rd->plugins) return read_text(v);
  ls_status status =
      optimizer ? ls_optim_load(v->node->text, &o->ops) : ls_schedule_load(v->node->text, &s->ops);
  return status == LS_OK
             ? read_text(v)
             : refuse(v, ls_node_arena_format(v->rd->arena, "can't be used (%s)", ls_error_text()));
}

/* ---- quantities with units ---- */

static bool read_every(const value *v) {
  static const char *const names[] = {"never", "steps", "epochs", "time"};
  ls_every *out = &FIELD(v, ls_every);
  const char *why = NULL;
  if (strcmp(v->node->text, "never") == 0)
    *out = (ls_every){LS_EVERY_NEVER, 0};
  else
    why = ls_every_parse(v->node->text, out);
  if (why) return refuse(v, why);
  if (out->unit == LS_EVERY_EPOCHS && out->n != floor(out->n))
    return refuse(v, "is not a whole number");
  if (out->unit != LS_EVERY_NEVER && out->n <= 0) return refuse(v, "is out of range");
  for (int i = 0; v->key->choices[i]; i++)
    if (strcmp(v->key->choices[i], names[out->unit]) == 0) return true;
  return refuse(v, "has a unit that does not fit here");
}

static bool read_seconds(const value *v) {
  ls_every time;
  const char *why = ls_every_parse(v->node->text, &time);
  if (!why && time.unit != LS_EVERY_SECONDS) why = "is no time";
  if (!why && time.n <= 0) why = "is out of range";
  if (!why) FIELD(v, double) = time.n;
  return why ? refuse(v, why) : true;
}

/* epochs: where to say that the value is in epochs; NULL where it cannot be. */
static bool take_steps(const value *v, double *out, bool *epochs) {
  ls_every steps;
  const char *why = ls_every_parse(v->node->text, &steps);
  if (!why && (steps.unit == LS_EVERY_SECONDS || (steps.unit == LS_EVERY_EPOCHS && !epochs)))
    why = "has a unit that does not fit here";
  if (!why && !in_range(v->key, steps.n)) why = "is out of range";
  if (why) return refuse(v, why);
  *out = steps.n;
  if (epochs) *epochs = steps.unit == LS_EVERY_EPOCHS;
  return true;
}

static bool read_steps(const value *v) {
  return take_steps(v, &FIELD(v, double), v->key->extra ? FIELD_AT(v, bool, v->key->extra) : NULL);
}

static bool read_list(const value *v) {
  if (v->node->kind != LS_NODE_LIST) return refuse(v, "is no list");
  double *out = FIELD_AT(v, double, v->key->list);
  bool *epochs = FIELD_AT(v, bool, v->key->extra), steps = v->key->kind == LS_KEY_STEPLIST,
       good = true;
  int n = 0;
  for (const ls_node *item = v->node->child; item; item = item->next, n++) {
    value one = item_of(v, item);
    if (n == LS_LIST_MAX) {
      ls_report_add(v->rd->report, item->at, v->path, "more than %d values in a list", LS_LIST_MAX);
      return false;
    }
    bool read;
    if (item->kind != LS_NODE_SCALAR)
      read = refuse(&one, "");
    else if (steps)
      read = take_steps(&one, &out[n], &epochs[n]);
    else
      read = take_real(&one, &out[n]);
    good = good && read;
  }
  FIELD(v, double) = n;
  return good;
}

/* ---- data and layers ---- */

static bool read_fill(const value *v) {
  bool *there = FIELD_AT(v, bool, v->key->extra);
  for (int i = 0; v->key->choices[i]; i++)
    if (strcmp(v->node->text, v->key->choices[i]) == 0) return true;
  if (is_later(v)) return refuse(v, "is not available yet");
  *there = take_real(v, &FIELD(v, double));
  return *there;
}

static bool read_columns(const value *v) {
  bool one = v->node->kind == LS_NODE_SCALAR;
  long count = one ? 1 : ls_node_count(v->node), n = 0;
  if (v->node->kind == LS_NODE_LIST && count == 0 && v->key->kind == LS_KEY_TEXTS) return true;
  if (v->node->kind == LS_NODE_MAP || count == 0) return refuse(v, "");
  char ***out = &FIELD(v, char **);
  *out = ls_mem_must(((size_t)count + 1) * sizeof **out);
  for (const ls_node *item = one ? v->node : v->node->child; item; item = one ? NULL : item->next) {
    value single = item_of(v, item);
    if (item->kind != LS_NODE_SCALAR || ls_node_is_null(item) || !item->text[0])
      return refuse(&single, "is empty");
    (*out)[n++] = ls_mem_text(item->text);
  }
  return true;
}

/* What a class is called, or its number, with a weight; which classes there are is known when the
 * data are. */
static bool read_classes(const value *v) {
  ls_class_weights *out = &FIELD(v, ls_class_weights);
  if (v->node->kind == LS_NODE_SCALAR) {
    out->balanced = choice(v) == 0;
    return out->balanced;
  }
  long count = ls_node_count(v->node);
  if (v->node->kind == LS_NODE_LIST || count == 0) return refuse(v, "");
  out->item = ls_mem_must((size_t)count * sizeof *out->item);
  bool good = true;
  for (const ls_node *item = v->node->child; item; item = item->next) {
    ls_key number = {.name = item->key,
                     .kind = LS_KEY_REAL,
                     .min = v->key->min,
                     .max = v->key->max,
                     .open_max = v->key->open_max};
    value one = {v->rd, &number, item,
                 ls_node_arena_format(v->rd->arena, "%s.%s", v->path, item->key), v->base};
    double weight = 0;
    bool read = item->kind == LS_NODE_SCALAR && !ls_node_is_null(item) ? take_real(&one, &weight)
                                                                       : refuse(&one, "");
    out->item[out->count++] = (ls_class_weight){ls_mem_text(item->key), weight};
    good = good && read;
  }
  return good;
}

static bool read_section(const value *v) {
  return ls_section_read(v->rd, v->key, (ls_node *)v->node, v->path, v->base);
}

/* data.train, test, validation; the place goes with them, for messages about the data. */
static bool read_source(const value *v) {
  ls_source_spec *source = FIELD_AT(v, ls_source_spec, v->key->at);
  source->line = v->node->at.line;
  source->column = v->node->at.column;
  return read_section(v);
}

static bool read_validation(const value *v) {
  if (v->node->kind == LS_NODE_SCALAR) return take_real(v, &((ls_data_spec *)v->base)->validation);
  return read_source(v);
}

/* All items, with their errors; then the list with every repeat written out. */
static bool read_layers(const value *v) {
  if (v->node->kind != LS_NODE_LIST || !v->node->child) return refuse(v, "is no list");
  ls_config *config = v->base;
  ls_key section = *v->key;
  section.kind = LS_KEY_SECTION;
  section.name = "a layer";
  ls_layer_item *item =
      ls_node_arena_new(v->rd->arena, (size_t)ls_node_count(v->node) * sizeof *item);
  int64_t n = 0, layers = 0;
  bool good = true;
  for (ls_node *it = v->node->child; it; it = it->next, n++) {
    const char *path = ls_node_arena_format(v->rd->arena, "%s[%d]", v->path, (int)n);
    good = ls_section_read(v->rd, &section, it, path, &item[n]) && good;
    layers += item[n].repeat;
  }
  if (!good) return false;
  if (layers > LS_LAYERS_MAX) {
    ls_report_add(v->rd->report, v->node->at, v->path, "%lld layers, and %d are the most",
                  (long long)layers, LS_LAYERS_MAX);
    return false;
  }
  config->layer = ls_mem_must((size_t)layers * sizeof *config->layer);
  for (const ls_node *it = v->node->child; it; it = it->next, item++)
    for (int64_t k = 0; k < item->repeat; k++) {
      ls_origin_add(config, ls_node_arena_format(v->rd->arena, "%s[%d]", v->path, config->layers),
                    it->at);
      config->layer[config->layers++] = item->spec;
    }
  return true;
}

static bool (*const readers[])(const value *) = {
    [LS_KEY_SECTION] = read_section,
    [LS_KEY_INT] = read_int,
    [LS_KEY_REAL] = read_real,
    [LS_KEY_BOOL] = read_bool,
    [LS_KEY_SWITCH] = read_choice,
    [LS_KEY_ENUM] = read_choice,
    [LS_KEY_WORD] = read_choice,
    [LS_KEY_NAME] = read_choice,
    [LS_KEY_TEXT] = read_text,
    [LS_KEY_SET] = read_set,
    [LS_KEY_EVERY] = read_every,
    [LS_KEY_SECONDS] = read_seconds,
    [LS_KEY_COLUMNS] = read_columns,
    [LS_KEY_TEXTS] = read_columns,
    [LS_KEY_FILL] = read_fill,
    [LS_KEY_SOURCE] = read_source,
    [LS_KEY_VALIDATION] = read_validation,
    [LS_KEY_LAYERS] = read_layers,
    [LS_KEY_REPEAT] = read_int,
    [LS_KEY_CLASSES] = read_classes,
    [LS_KEY_OPTIMIZER] = read_optimizer,
    [LS_KEY_SCHEDULE] = read_schedule,
    [LS_KEY_OPTIMIZER_FILE] = read_plugin,
    [LS_KEY_SCHEDULE_FILE] = read_plugin,
    [LS_KEY_WHOLE] = read_real,
    [LS_KEY_FLAG] = read_bool,
    [LS_KEY_INDEX] = read_choice,
    [LS_KEY_STEPS] = read_steps,
    [LS_KEY_REALS] = read_list,
    [LS_KEY_STEPLIST] = read_list,
};

/* Kinds that see every node; the others see single values only. */
static const bool sees_all[LS_KEY_STEPLIST + 1] = {
    [LS_KEY_SECTION] = true, [LS_KEY_SET] = true,        [LS_KEY_COLUMNS] = true,
    [LS_KEY_SOURCE] = true,  [LS_KEY_VALIDATION] = true, [LS_KEY_LAYERS] = true,
    [LS_KEY_CLASSES] = true, [LS_KEY_REALS] = true,      [LS_KEY_STEPLIST] = true,
    [LS_KEY_TEXTS] = true};

bool ls_key_read(ls_reader *rd, const ls_key *key, ls_node *node, const char *path, void *base) {
  value v = {rd, key, node, path, base};
  bool single = node->kind == LS_NODE_SCALAR;
  if (single && key->word && strcmp(node->text, key->word) == 0) {
    if (key->kind == LS_KEY_INT)
      FIELD(&v, int64_t) = key->word_value; /* all others: nothing, and that is what is there */
    return true;
  }
  bool null = ls_node_is_null(node) && key->kind != LS_KEY_SECTION;
  return null || (!single && !sees_all[key->kind]) ? refuse(&v, "") : readers[key->kind](&v);
}
