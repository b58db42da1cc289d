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

/* ---- optimizers ---- */

static bool parse_optimizer(const ls_value *v) {
  ls_optim_spec *spec = v->base;
  bool good = ls_value_choice(v) >= 0;
  if (good) spec->ops = is_plugin(v) ? &ls_optim_not_loaded : ls_optim_find(v->node->text);
  return good;
}

static bool parse_optimizer_file(const ls_value *v) {
  ls_optim_spec *spec = v->base;
  bool good = true;
  if (!spec->ops) return true; /* the type is wrong, and that has been said */
  if (!has_file(v, spec->ops == &ls_optim_not_loaded, &good)) return good;
  return take_file(v, v->rd->plugins ? ls_optim_load(v->node->text, &spec->ops) : LS_OK);
}

static json_t *print_optimizer(const ls_value *v) {
  const ls_optim_spec *spec = v->base;
  return json_string(spec->file ? "plugin" : spec->ops->name);
}

static const char *explain_optimizer(const char *choice) {
  const ls_optim_ops *ops = ls_optim_find(choice);
  return ops ? ops->help : NULL;
}

/* ---- schedules: the same ---- */

static bool parse_schedule(const ls_value *v) {
  ls_schedule_spec *spec = v->base;
  bool good = ls_value_choice(v) >= 0;
  if (good) spec->ops = is_plugin(v) ? &ls_schedule_not_loaded : ls_schedule_find(v->node->text);
  return good;
}

static bool parse_schedule_file(const ls_value *v) {
  ls_schedule_spec *spec = v->base;
  bool good = true;
  if (!spec->ops) return true;
  if (!has_file(v, spec->ops == &ls_schedule_not_loaded, &good)) return good;
  return take_file(v, v->rd->plugins ? ls_schedule_load(v->node->text, &spec->ops) : LS_OK);
}

static json_t *print_schedule(const ls_value *v) {
  const ls_schedule_spec *spec = v->base;
  return json_string(spec->file ? "plugin" : spec->ops->name);
}

static const char *explain_schedule(const char *choice) {
  const ls_schedule_ops *ops = ls_schedule_find(choice);
  return ops ? ops->help : NULL;
}

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
const ls_kind ls_kind_optimizer = {parse_optimizer, print_optimizer, ls_describe_choice,
                                   ls_schema_choice, .explain = explain_optimizer};
const ls_kind ls_kind_schedule = {parse_schedule, print_schedule, ls_describe_choice,
                                  ls_schema_choice, .explain = explain_schedule};
const ls_kind ls_kind_optimizer_file = {parse_optimizer_file, FILE_OF};
const ls_kind ls_kind_schedule_file = {parse_schedule_file, FILE_OF};
const ls_kind ls_kind_loss_file = {parse_loss_file, FILE_OF};
