/* Going on from a checkpoint: which one, and does the config still mean the same run. */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "train/trainer.h"

/* Sections and keys that a resume may change: they do not touch the numbers of the steps to come.
 */
static const char *const free_keys[] = {"train.epochs",
                                        "train.steps",
                                        "train.exchange",
                                        "eval.",
                                        "guard.",
                                        "data.dir",
                                        "data.load",
                                        "data.budget",
                                        "data.limit.test",
                                        "data.limit.validation",
                                        NULL};

static bool matches(const char *key, const char *pattern) {
  size_t n = strlen(pattern);
  return strncmp(key, pattern, n) == 0 &&
         (key[n] == '\0' || pattern[n - 1] == '.' || key[n] == '.' || key[n] == '[');
}

static bool is_free(const char *key, const char *const *allow) {
  for (int i = 0; free_keys[i]; i++)
    if (matches(key, free_keys[i])) return true;
  for (int i = 0; allow && allow[i]; i++)
    if (matches(key, allow[i])) return true;
  return false;
}

/* Every difference is listed; any that is neither free nor allowed refuses the resume. */
static ls_status check_config(const ls_config *config, const ls_checkpoint *c, const char *path,
                              const char *const *allow) {
  ls_config *old;
  char *text, **keys;
  if (ls_config_parse(path, c->config_text, strlen(c->config_text), NULL, 0, &old) != LS_OK)
    return ls_fail_prefix(LS_EDATA, "%s: the config in this checkpoint can't be read", path);
  old->slices = c->slices; /* also where the text says 0, one a rank */
  int count = ls_config_diff(old, config, LS_DUMP_CHECKPOINT, &text, &keys), refused = 0;
  char *which = ls_mem_text("");
  for (int i = 0; i < count; i++) {
    if (!is_free(keys[i], allow)) {
      char *longer = ls_mem_format("%s --allow %s", which, keys[i]);
      LS_FREE(which);
      which = longer;
      refused++;
    }
    LS_FREE(keys[i]);
  }
  ls_status status = LS_OK;
  if (refused > 0)
    status = ls_fail(LS_ECONFIG, "the config is not the one of %s:\n%sgo on all the same with:%s",
                     path, text, which);
  else if (count > 0)
    ls_log(LS_LOG_INFO, "changed since %s:\n%s", path, text);
  LS_FREE(which);
  LS_FREE(keys);
  LS_FREE(text);
  ls_config_free(&old);
  return status;
}

/* The file to go on from, or NULL for a fresh start. */
static ls_status choose(const ls_train_options *o, const char *dir, char **path) {
  *path = NULL;
  if (o->resume == LS_RESUME_FILE) {
    *path = ls_mem_text(o->resume_file);
    return LS_OK;
  }
  if (access(dir, F_OK) == 0) LS_TRY(ls_checkpoint_newest(dir, !o->dry_run, path));
  if (!*path && o->resume == LS_RESUME_NEWEST)
    return ls_fail(LS_EDATA, "%s: no checkpoint to resume from; --resume=auto would start afresh",
                   dir);
  return LS_OK;
}

static ls_status find(ls_config *config, const ls_train_options *o, const char *dir,
                      ls_checkpoint **out, char **path) {
  LS_TRY(choose(o, dir, path));
  if (!*path) return LS_OK;
  LS_TRY(ls_checkpoint_read(*path, out));
  if (config->slices == 0 || config->slices == -1 || !config->slices_given)
    config->slices = (*out)->slices; /* the checkpoint's slices rule */
  ls_forget_target_scaling(config, *path, *out);
  return check_config(config, *out, *path, o->allow);
}

ls_status ls_resume_find(ls_comm *comm, ls_config *config, const ls_train_options *o,
                         const char *dir, ls_checkpoint **out, char **path) {
  *out = NULL;
  *path = NULL;
  if (o->resume == LS_RESUME_NO) return LS_OK;
  LS_TRY(ls_comm_agree(comm, ls_comm_rank(comm) == 0 ? find(config, o, dir, out, path) : LS_OK));
  ls_comm_bcast(comm, &config->slices, sizeof config->slices, 0);
  return LS_OK;
}

ls_status ls_resume_check_data(const ls_trainer *t, const ls_checkpoint *c) {
  const ls_checkpoint_plan *p = &t->plan.plan;
  for (int i = 0; i < p->files && i < c->files; i++)
    if (strcmp(p->file[i].digest, c->file[i].digest) != 0 && !ls_without("data-check"))
      return ls_fail(LS_EDATA,
                     "%s: has changed since the checkpoint was made (%lld bytes, digest %s; then "
                     "%lld bytes, %s)",
                     p->file[i].path, (long long)p->file[i].bytes, p->file[i].digest,
                     (long long)c->file[i].bytes, c->file[i].digest);
  if (p->files != c->files)
    return ls_fail(LS_EDATA, "the data are %d files, the checkpoint was made with %d", p->files,
                   c->files);
  return LS_OK;
}
