/* owner.c - the sweep's config lies in sweep.json as text; a later start parses it and compares
 * it key by key, output and checkpoint keys aside. Begin with compare; rebuild makes a plan of
 * the file for those that only read. */
#include "cli/sweep/owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/sweep/journal.h"
#include "config/number.h"
#include "io/regular.h"
#include "train/folder.h"

enum { BYTES_MAX = 64 << 20 };

static json_t *texts(const char *const *text) {
  json_t *list = json_array();
  for (int i = 0; text && text[i]; i++) json_array_append_new(list, json_string(text[i]));
  return list;
}

/* *out NULL: there is none. */
static ls_status read_file(const char *dir, json_t **out) {
  *out = NULL;
  if (!ls_file_in(dir, ls_folder_sweep)) return LS_OK;
  char *path = ls_mem_format("%s/%s", dir, ls_folder_sweep), *text = NULL;
  size_t bytes = 0;
  ls_status status = ls_regular_read(path, O_NOFOLLOW, &text, &bytes, BYTES_MAX);
  if (status == LS_OK) *out = json_loadb(text, bytes, 0, NULL);
  if (status == LS_OK && !json_is_object(*out)) {
    json_decref(*out);
    *out = NULL;
    status = ls_fail(LS_EDATA, "%s is damaged", path);
  }
  LS_FREE(text);
  LS_FREE(path);
  return status;
}

/* ---- for readers ---- */

char *ls_sweep_owner_metric(const char *dir) {
  json_t *owner;
  const bool read = read_file(dir, &owner) == LS_OK;
  const char *metric = read ? json_string_value(json_object_get(owner, "metric")) : NULL;
  char *own = ls_mem_text(metric && ls_sweep_metric_known(metric) ? metric : "val_loss");
  json_decref(owner);
  return own;
}

bool ls_sweep_owner_is(const char *dir) { return ls_file_in(dir, ls_folder_sweep); }

static bool has_range(const json_t *vary) {
  size_t i;
  json_t *item;
  json_array_foreach(vary, i, item) {
    const char *text = json_string_value(item);
    const char *equal = text ? strchr(text, '=') : NULL, *end;
    double lo;
    if (equal && !ls_number_begin(equal + 1, &end, &lo) && end && *end == ':') return true;
  }
  return false;
}

static ls_status rebuild(const char *dir, const json_t *owner, ls_sweep_plan **out) {
  const json_t *vary = json_object_get(owner, "vary");
  const char *config = json_string_value(json_object_get(owner, "config")), **words;
  const size_t count = json_array_size(vary);
  ls_config *base = NULL;
  if (!config) return ls_fail(LS_EDATA, "%s/%s is damaged", dir, ls_folder_sweep);
  LS_NEW(words, count + 1);
  for (size_t i = 0; i < count; i++) {
    words[i] = json_string_value(json_array_get(vary, i));
    if (!words[i]) words[i] = "";
  }
  const int64_t trials = json_integer_value(json_object_get(owner, "trials"));
  const ls_sweep_asked asked = {words, NULL, has_range(vary) ? trials : 0, 0};
  ls_status status = ls_config_parse(ls_folder_sweep, config, strlen(config), NULL, 0, &base);
  if (status == LS_OK) status = ls_sweep_plan_new(&asked, base, out);
  if (status != LS_OK)
    status = ls_fail(LS_EDATA, "%s/%s is damaged: %s", dir, ls_folder_sweep, ls_error_text());
  ls_config_free(&base);
  LS_FREE(words);
  return status;
}

ls_status ls_sweep_owner_plan(const char *dir, ls_sweep_plan **out) {
  json_t *owner;
  LS_TRY(read_file(dir, &owner));
  const ls_status status =
      owner ? rebuild(dir, owner, out) : ls_fail(LS_EDATA, "%s has no %s", dir, ls_folder_sweep);
  json_decref(owner);
  return status;
}

static int is_trial(const struct dirent *entry) { return ls_sweep_trial_of(entry->d_name) > 0; }

static bool is_folder(const char *dir, const char *name) {
  char *path = ls_mem_format("%s/%s", dir, name);
  const bool folder = ls_is_folder(path);
  LS_FREE(path);
  return folder;
}

ls_status ls_sweep_owner_trials(const char *dir, ls_texts *names) {
  struct dirent **entry;
  const int count = scandir(dir, &entry, is_trial, versionsort);
  ls_status status =
      ls_mem_new((void **)&names->text, (size_t)(count > 0 ? count : 0) + 1, sizeof *names->text);
  for (int i = 0; i < count; i++) {
    if (status == LS_OK && is_folder(dir, entry[i]->d_name))
      names->text[names->count++] = ls_mem_text(entry[i]->d_name);
    free(entry[i]);
  }
  if (count >= 0) free(entry);
  return status;
}

/* ---- is it the same? ---- */

typedef struct {
  char text[512];
} difference;

static void note(void *context, const char *key, unsigned flags, const char *before,
                 const char *after) {
  difference *d = context;
  const bool named =
      *d->text || strncmp(key, "output.", 7) == 0 || strncmp(key, "checkpoint.", 11) == 0;
  (void)flags;
  if (!named) snprintf(d->text, sizeof d->text, "%s was %s, and now is %s", key, before, after);
}

static void compare_configs(const char *then, const ls_config *base, difference *d) {
  ls_config *before = NULL;
  snprintf(d->text, sizeof d->text, "another config");
  if (ls_config_parse(ls_folder_sweep, then, strlen(then), NULL, 0, &before) == LS_OK) {
    d->text[0] = '\0';
    ls_config_diff(before, base, note, d);
  }
  ls_config_free(&before);
}

static json_t *seeds(const ls_sweep_plan *plan) {
  json_t *list = json_array();
  for (int64_t i = 0; i < plan->seeds; i++)
    json_array_append_new(list, json_integer((json_int_t)plan->seed[i]));
  return list;
}

static int64_t whole(const json_t *owner, const char *key) {
  return json_integer_value(json_object_get(owner, key));
}

/* Epochs of the first rung; 0: there is no halving. */
static int64_t first_rung(const ls_sweep *s) { return s->rungs.count > 1 ? s->rungs.epochs[0] : 0; }

/* What the rungs hang on. */
static void compare_halving(const json_t *owner, const ls_sweep *s, difference *d) {
  const int64_t then = whole(owner, "halving"), now = first_rung(s);
  const char *metric = json_string_value(json_object_get(owner, "metric"));
  json_t *of_now = seeds(s->plan);
  const bool same = metric && strcmp(metric, s->metric) == 0 &&
                    whole(owner, "trials") == s->plan->trials &&
                    json_equal(of_now, json_object_get(owner, "seeds"));
  json_decref(of_now);
  if (then > 0 && now > 0 && !same)
    snprintf(
        d->text, sizeof d->text,
        "with --halving, all trials, their seeds and --metric decide which goes on, and one of "
        "these is another now");
  if (then != now)
    snprintf(d->text, sizeof d->text,
             "its first rung has %jd epochs, and now %jd (0: no --halving)", then, now);
}

static ls_status compare(const ls_sweep *s, const json_t *owner, const char *const *vary,
                         const ls_config *base) {
  const char *then = json_string_value(json_object_get(owner, "config"));
  json_t *now = texts(vary);
  const bool same = json_equal(now, json_object_get(owner, "vary"));
  const int64_t folds = whole(owner, "folds");
  char *text = ls_config_dump(base, LS_DUMP_CHECKPOINT);
  difference d = {""};
  if (!then || strcmp(then, text) != 0) compare_configs(then ? then : "", base, &d);
  LS_FREE(text);
  json_decref(now);
  compare_halving(owner, s, &d);
  if (!same) snprintf(d.text, sizeof d.text, "it varies other keys, or with other values");
  if (folds != s->plan->folds)
    snprintf(d.text, sizeof d.text, "it has %jd folds, and this one %jd", folds, s->plan->folds);
  if (!*d.text) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "%s holds the runs of another sweep: %s; choose another folder with -o", s->dir,
                 d.text);
}

ls_status ls_sweep_owner_check(const ls_sweep *s, const char *const *vary, const ls_config *base,
                               bool *there) {
  json_t *owner;
  LS_TRY(read_file(s->dir, &owner));
  *there = owner != NULL;
  const ls_status status = owner ? compare(s, owner, vary, base) : LS_OK;
  json_decref(owner);
  return status;
}

/* ---- writing ---- */

static json_t *keys(const ls_sweep_plan *plan) {
  json_t *list = json_array();
  for (int k = 0; k < plan->varies; k++)
    json_array_append_new(list, json_string(plan->vary[k].key));
  return list;
}

ls_status ls_sweep_owner_write(const ls_sweep *s, const char *const *vary, const ls_cli *cli) {
  const ls_sweep_plan *plan = s->plan;
  char *config = ls_config_dump(cli->config, LS_DUMP_CHECKPOINT);
  json_t *owner = json_object();
  ls_put(owner, "argv", texts((const char *const *)cli->argv));
  ls_put(owner, "lockstep", LOCKSTEP_VERSION);
  ls_put(owner, "metric", s->metric);
  ls_put(owner, "keys", keys(plan));
  ls_put(owner, "vary", texts(vary));
  ls_put(owner, "trials", plan->trials);
  ls_put(owner, "folds", plan->folds);
  ls_put(owner, "seeds", seeds(plan));
  ls_put(owner, "halving", first_rung(s));
  ls_put(owner, "runs", plan->runs);
  ls_put(owner, "config", config);
  LS_FREE(config);
  return ls_json_write(s->dir, ls_folder_sweep, owner);
}
