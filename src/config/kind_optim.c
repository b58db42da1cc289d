/* kind_optim.c - the types of optimizers and schedules: by name out of their tables, or a plug-in
 * that the key `file` loads; a plug-in's loss. */
#include <string.h>

#include "base/mem.h"
#include "config/kinds.h"

static bool is_plugin(const ls_value *v) { return strcmp(v->node->text, "plugin") == 0; }

/* Does a file belong to the type, and is it there? */
static bool has_file(const ls_value *v, bool plugin, bool *good) {
  bool none = strcmp(v->node->text, "none") == 0;
  *good = none != plugin;
  if (plugin && none) ls_key_refuse(v, "is no library, and type plugin needs one");
  if (!plugin && !none) ls_key_refuse(v, "goes with type plugin only");
  return plugin && !none;
}

/* The file is kept where the library could be had. */
static bool take_file(const ls_value *v, ls_status loaded) {
  if (loaded == LS_OK) return ls_kind_text.parse(v);
  if (loaded == LS_FAIL)
    ls_report_broken(v->rd->report);
  else
    ls_key_refuse(v, ls_node_arena_format(v->arena, "cannot be used (%s)", ls_error_text()));
  return false;
}

/* ---- optimizers and schedules: the same words, each with structs of its own ---- */

#define BY_NAME(what)                                                                          \
  static bool parse_##what(const ls_value *v) {                                                \
    ls_##what##_spec *spec = v->base;                                                          \
    const bool good = ls_value_choice(v) >= 0;                                                 \
    if (good) spec->ops = ls_##what##_find(v->node->text);                                     \
    if (good && is_plugin(v)) spec->ops = &ls_##what##_not_loaded;                             \
    return good;                                                                               \
  }                                                                                            \
  static bool parse_##what##_file(const ls_value *v) {                                         \
    ls_##what##_spec *spec = v->base;                                                          \
    bool good = true;                                                                          \
    if (!spec->ops) return true; /* the type is wrong, and that has been said */               \
    if (!has_file(v, spec->ops == &ls_##what##_not_loaded, &good)) return good;                \
    return take_file(v, v->rd->plugins ? ls_##what##_load(v->node->text, &spec->ops) : LS_OK); \
  }                                                                                            \
  static json_t *print_##what(const ls_value *v) {                                             \
    const ls_##what##_spec *spec = v->base;                                                    \
    return json_string(spec->file ? "plugin" : spec->ops->name);                               \
  }                                                                                            \
  static const char *explain_##what(const char *choice) {                                      \
    const ls_##what##_ops *ops = ls_##what##_find(choice);                                     \
    return ops ? ops->help : NULL;                                                             \
  }
BY_NAME(optim)
BY_NAME(schedule)

/* ---- losses: only the file; the name is a row of the losses ---- */

static bool parse_loss_file(const ls_value *v) {
  ls_config *config = v->base;
  bool good = true;
  if (!config->loss) return true;
  if (!has_file(v, strcmp(config->loss, "plugin") == 0, &good)) return good;
  return take_file(v, v->rd->plugins ? ls_loss_load(v->node->text, &config->own_loss) : LS_OK);
}

#define FILE_OF \
  ls_print_text, NULL, ls_schema_text, .words = "the file of a plug-in", .free = ls_free_text
#define CHOICE ls_describe_choice, ls_schema_choice
const ls_kind ls_kind_optim = LS_KIND(parse_optim, print_optim, CHOICE, .explain = explain_optim);
const ls_kind ls_kind_schedule =
    LS_KIND(parse_schedule, print_schedule, CHOICE, .explain = explain_schedule);
const ls_kind ls_kind_optim_file = LS_KIND(parse_optim_file, FILE_OF);
const ls_kind ls_kind_schedule_file = LS_KIND(parse_schedule_file, FILE_OF);
const ls_kind ls_kind_loss_file = LS_KIND(parse_loss_file, FILE_OF);
