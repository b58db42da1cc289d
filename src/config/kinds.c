/* kinds.c - reading one value of each kind, and saying what is wrong with it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/number.h"
#include "config/origin.h"
#include "config/read.h"

#define FIELD(type, base, offset) (*(type *)((char *)(base) + (offset)))

static bool refuse(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, const char *why) {
  const char *what = ls_key_describe(rd->arena, key), *hint = "";
  if (node->kind != LS_NODE_SCALAR || ls_node_is_null(node)) {
    why = node->kind == LS_NODE_MAP ? "a mapping" : node->kind == LS_NODE_LIST ? "a list" : "nothing";
    ls_report_add(rd->report, node->at, path, "%s, where %s must be %s", why, key->name, what);
    return false;
  }
  const char *const words[] = {key->word ? key->word : "", "true", "false", NULL};
  if (key->choices)
    hint = ls_report_hint(rd->report, node->text, key->choices);
  else if (key->word || key->kind == LS_KEY_BOOL || key->kind == LS_KEY_FLAG)
    hint = ls_report_hint(rd->report, node->text, words);
  ls_report_add(rd->report, node->at, path, "'%s' %s: %s must be %s%s", node->text, why, key->name, what, hint);
  return false;
}

static const char *in_quotes = "is in quotes, which makes it a text";

static bool out_of_range(const ls_key *key, double value) {
  if (key->open_min ? value <= key->min : value < key->min) return true;
  return key->open_max ? value >= key->max : value > key->max;
}

static bool read_int(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, int64_t *out) {
  const char *why = node->quoted ? in_quotes : ls_integer_parse(node->text, out);
  if (!why && out_of_range(key, (double)*out)) why = "is out of range";
  return why ? refuse(rd, key, node, path, why) : true;
}

static bool read_real(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, double *out) {
  int64_t whole;
  const char *why = node->quoted ? in_quotes : key->kind == LS_KEY_WHOLE ? ls_integer_parse(node->text, &whole) : NULL;
  if (!why) why = ls_number_parse(node->text, out);
  if (!why && out_of_range(key, *out)) why = "is out of range";
  return why ? refuse(rd, key, node, path, why) : true;
}

static bool read_bool(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, bool *out) {
  *out = strcmp(node->text, "true") == 0;
  if (!node->quoted && (*out || strcmp(node->text, "false") == 0)) return true;
  return refuse(rd, key, node, path, node->quoted ? in_quotes : "is neither");
}

/* The number of the choice, or -1. */
static int choice(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path) {
  for (int i = 0; key->choices[i]; i++)
    if (strcmp(node->text, key->choices[i]) == 0) return i;
  refuse(rd, key, node, path, "is no choice");
  return -1;
}

static bool read_choice(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, void *base) {
  static const ls_hyper none[] = {{0}};
  static const ls_optim_ops optimizer_to_load = {.name = "plugin", .hyper = none};
  static const ls_schedule_ops schedule_to_load = {.name = "plugin", .hyper = none};
  int i = choice(rd, key, node, path);
  if (i < 0) return false;
  const char *name = key->choices[i];
  bool plugin = strcmp(name, "plugin") == 0;
  if (key->kind == LS_KEY_SWITCH) FIELD(bool, base, key->at) = i == 1;
  if (key->kind == LS_KEY_ENUM) FIELD(int, base, key->at) = i;
  if (key->kind == LS_KEY_INDEX) FIELD(double, base, key->at) = i;
  if (key->kind == LS_KEY_WORD) FIELD(const char *, base, key->at) = name;
  if (key->kind == LS_KEY_NAME) FIELD(char *, base, key->at) = ls_mem_text(strcmp(name, "none") == 0 ? "" : name);
  if (key->kind == LS_KEY_OPTIMIZER) ((ls_optim_spec *)base)->ops = plugin ? &optimizer_to_load : ls_optim_find(name);
  if (key->kind == LS_KEY_SCHEDULE) ((ls_schedule_spec *)base)->ops = plugin ? &schedule_to_load : ls_schedule_find(name);
  return true;
}

static bool read_text(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, char **out) {
  if (!node->text[0]) return refuse(rd, key, node, path, "is empty");
  *out = ls_mem_text(node->text);
  return true;
}

static bool read_set(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, void *base) {
  if (node->kind != LS_NODE_LIST) return refuse(rd, key, node, path, "is no list");
  bool good = true;
  for (const ls_node *item = node->child; item; item = item->next) {
    int i = item->kind == LS_NODE_SCALAR ? choice(rd, key, item, path) : -1;
    if (item->kind != LS_NODE_SCALAR) refuse(rd, key, item, path, "");
    if (i >= 0) (&FIELD(bool, base, key->at))[i] = true;
    good = good && i >= 0;
  }
  if (key->extra) FIELD(bool, base, key->extra) = true;
  return good;
}

/* ---- quantities with units ---- */

static const struct {
  const char *name;
  ls_every_unit unit;
  double factor;
} units[] = {
    {"", LS_EVERY_STEPS, 1},       {"step", LS_EVERY_STEPS, 1},    {"steps", LS_EVERY_STEPS, 1},
    {"epoch", LS_EVERY_EPOCHS, 1}, {"epochs", LS_EVERY_EPOCHS, 1}, {"s", LS_EVERY_SECONDS, 1},
    {"m", LS_EVERY_SECONDS, 60},   {"min", LS_EVERY_SECONDS, 60},  {"h", LS_EVERY_SECONDS, 3600},
};

/* NULL, or what is wrong. */
static const char *quantity(const char *text, ls_every *out) {
  const char *unit, *why = ls_quantity_parse(text, &out->n, &unit);
  if (why) return why;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(unit, units[i].name) != 0) continue;
    out->unit = units[i].unit;
    out->n *= units[i].factor;
    return NULL;
  }
  return "has an unknown unit";
}

static bool read_every(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, ls_every *out) {
  static const char *const names[] = {"never", "steps", "epochs", "time"};
  if (strcmp(node->text, "never") == 0) {
    *out = (ls_every){LS_EVERY_NEVER, 0};
    return true;
  }
  const char *why = quantity(node->text, out);
  if (why) return refuse(rd, key, node, path, why);
  if (out->unit != LS_EVERY_SECONDS && out->n != floor(out->n)) return refuse(rd, key, node, path, "is not a whole number");
  if (out->n <= 0 || out->n > 0x1p53) return refuse(rd, key, node, path, "is out of range");
  for (int i = 0; key->choices[i]; i++)
    if (strcmp(key->choices[i], names[out->unit]) == 0) return true;
  return refuse(rd, key, node, path, "has a unit that does not fit here");
}

static bool read_seconds(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, double *out) {
  ls_every time;
  const char *why = quantity(node->text, &time);
  if (!why && time.unit != LS_EVERY_SECONDS) why = "is no time";
  if (!why && (time.n <= 0 || time.n > 1e9)) why = "is out of range";
  *out = why ? 0 : time.n;
  return why ? refuse(rd, key, node, path, why) : true;
}

static bool read_steps(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, double *out, bool *epochs) {
  ls_every steps = {0};
  const char *why = quantity(node->text, &steps);
  if (!why && steps.unit == LS_EVERY_SECONDS) why = "is a time";
  if (!why && steps.unit == LS_EVERY_STEPS && steps.n != floor(steps.n)) why = "is not a whole number";
  if (!why && (out_of_range(key, steps.n) || steps.n > 0x1p53)) why = "is out of range";
  if (!why && steps.unit == LS_EVERY_EPOCHS && !epochs) why = "must be given in steps";
  if (why) return refuse(rd, key, node, path, why);
  *out = steps.n;
  if (epochs) *epochs = steps.unit == LS_EVERY_EPOCHS;
  return true;
}

static bool read_list(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, void *base) {
  if (node->kind != LS_NODE_LIST) return refuse(rd, key, node, path, "is no list");
  int count = 0;
  bool good = true;
  for (const ls_node *item = node->child; item; item = item->next, count++) {
    double *out = &FIELD(double, base, key->list) + count;
    if (count == LS_LIST_MAX) {
      ls_report_add(rd->report, item->at, path, "more than %d values in a list", LS_LIST_MAX);
      return false;
    }
    if (item->kind != LS_NODE_SCALAR)
      good = refuse(rd, key, item, path, "");
    else if (key->kind == LS_KEY_STEPLIST)
      good = read_steps(rd, key, item, path, out, &FIELD(bool, base, key->extra) + count) && good;
    else
      good = read_real(rd, key, item, path, out) && good;
  }
  FIELD(double, base, key->at) = count;
  return good;
}

/* ---- sources, plug-ins, layers ---- */

static bool read_columns(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, char ***out) {
  bool one = node->kind == LS_NODE_SCALAR;
  long count = one ? 1 : ls_node_count(node), i = 0;
  if (node->kind == LS_NODE_MAP || count == 0) return refuse(rd, key, node, path, "");
  if (ls_mem_new((void **)out, (size_t)count + 1, sizeof **out) != LS_OK) return refuse(rd, key, node, path, ls_error_text());
  for (const ls_node *item = one ? node : node->child; item; item = one ? NULL : item->next) {
    if (item->kind != LS_NODE_SCALAR || ls_node_is_null(item) || !item->text[0]) return refuse(rd, key, item, path, "is empty");
    (*out)[i++] = ls_mem_text(item->text);
  }
  return true;
}

static bool read_validation(ls_reader *rd, const ls_key *key, ls_node *node, const char *path, ls_data_spec *data) {
  if (node->kind == LS_NODE_SCALAR) return read_real(rd, key, node, path, &data->validation);
  ls_key source = *key;
  source.at = offsetof(ls_data_spec, source) + LS_SPLIT_VALIDATION * sizeof(ls_source_spec);
  source.kind = LS_KEY_SECTION;
  return ls_section_read(rd, &source, node, path, data);
}

static bool read_plugin(ls_reader *rd, const ls_key *key, const ls_node *node, const char *path, void *base) {
  bool optimizer = key->kind == LS_KEY_OPTIMIZER_FILE, none = strcmp(node->text, "none") == 0;
  ls_optim_spec *o = base;
  ls_schedule_spec *s = base;
  if (optimizer ? !o->ops : !s->ops) return true; /* the type is wrong already */
  bool plugin = strcmp(optimizer ? o->ops->name : s->ops->name, "plugin") == 0;
  if (plugin == none) return none ? refuse(rd, key, node, path, "is no file") : refuse(rd, key, node, path, "goes with type plugin only");
  if (none) return true;
  ls_status status = optimizer ? ls_optim_load(node->text, &o->ops) : ls_schedule_load(node->text, &s->ops);
  if (status != LS_OK) return refuse(rd, key, node, path, ls_error_text());
  return read_text(rd, key, node, path, optimizer ? &o->file : &s->file);
}

/* All items, with their errors; then the list with every repeat written out. */
static bool read_layers(ls_reader *rd, const ls_key *key, ls_node *node, const char *path, ls_config *config) {
  if (node->kind != LS_NODE_LIST || !node->child) return refuse(rd, key, node, path, "is no list");
  ls_key section = {key->name, LS_KEY_SECTION, .sub = key->sub, .by_type = key->by_type, .help = key->help};
  ls_layer_item *item = ls_arena_new(rd->arena, (size_t)ls_node_count(node) * sizeof *item);
  int64_t items = 0, layers = 0;
  bool good = true;
  for (ls_node *it = node->child; it; it = it->next, items++) {
    good = ls_section_read(rd, &section, it, ls_arena_format(rd->arena, "%s[%d]", path, (int)items), &item[items]) && good;
    layers += item[items].repeat;
  }
  if (!good) return false;
  if (layers > LS_LAYERS_MAX || ls_mem_new((void **)&config->layer, (size_t)layers, sizeof *config->layer) != LS_OK) {
    ls_report_add(rd->report, node->at, path, "%lld layers, and %d are the most", (long long)layers, LS_LAYERS_MAX);
    return false;
  }
  const ls_node *it = node->child;
  for (int64_t i = 0; i < items; i++, it = it->next)
    for (int64_t k = 0; k < item[i].repeat; k++) {
      ls_origin_add(config, ls_arena_format(rd->arena, "%s[%d]", path, config->layers), it->at);
      config->layer[config->layers++] = item[i].spec;
    }
  return true;
}

/* A word in place of the value: its number, or nothing at all. */
static bool read_word(const ls_key *key, void *base) {
  if (key->kind == LS_KEY_INT) FIELD(int64_t, base, key->at) = key->word_value;
  return true;
}

bool ls_key_read(ls_reader *rd, const ls_key *key, ls_node *node, const char *path, void *base) {
  bool plugin = key->kind == LS_KEY_OPTIMIZER_FILE || key->kind == LS_KEY_SCHEDULE_FILE;
  bool scalar = node->kind == LS_NODE_SCALAR;
  if (scalar && ls_key_later(path, node->text)) {
    ls_report_add(rd->report, node->at, path, "'%s' is not available yet", node->text);
    return false;
  }
  if (key->kind == LS_KEY_SECTION) return ls_section_read(rd, key, node, path, base);
  if (key->kind == LS_KEY_LAYERS) return read_layers(rd, key, node, path, base);
  if (scalar && ls_node_is_null(node)) return refuse(rd, key, node, path, "");
  if (scalar && key->word && !plugin && strcmp(node->text, key->word) == 0) return read_word(key, base);
  if (key->kind == LS_KEY_SET) return read_set(rd, key, node, path, base);
  if (key->kind == LS_KEY_COLUMNS) return read_columns(rd, key, node, path, &FIELD(char **, base, key->at));
  if (key->kind == LS_KEY_VALIDATION) return read_validation(rd, key, node, path, base);
  if (key->kind == LS_KEY_REALS || key->kind == LS_KEY_STEPLIST) return read_list(rd, key, node, path, base);
  if (!scalar) return refuse(rd, key, node, path, "");
  if (plugin) return read_plugin(rd, key, node, path, base);
  switch (key->kind) {
    case LS_KEY_INT:
      return read_int(rd, key, node, path, &FIELD(int64_t, base, key->at));
    case LS_KEY_REAL:
    case LS_KEY_WHOLE:
      return read_real(rd, key, node, path, &FIELD(double, base, key->at));
    case LS_KEY_BOOL:
      return read_bool(rd, key, node, path, &FIELD(bool, base, key->at));
    case LS_KEY_FLAG: {
      bool flag;
      bool good = read_bool(rd, key, node, path, &flag);
      FIELD(double, base, key->at) = flag;
      return good;
    }
    case LS_KEY_TEXT:
      return read_text(rd, key, node, path, &FIELD(char *, base, key->at));
    case LS_KEY_EVERY:
      return read_every(rd, key, node, path, &FIELD(ls_every, base, key->at));
    case LS_KEY_SECONDS:
      return read_seconds(rd, key, node, path, &FIELD(double, base, key->at));
    case LS_KEY_STEPS:
      return read_steps(rd, key, node, path, &FIELD(double, base, key->at), key->extra ? &FIELD(bool, base, key->extra) : NULL);
    default:
      return read_choice(rd, key, node, path, base);
  }
}
