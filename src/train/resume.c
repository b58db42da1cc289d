/* resume.c - going on from a checkpoint, in two steps: before anything is built, which one, and
 * does the config still mean the same run (ls_resume_find); and once it is built, its state, at its
 * place in the data (ls_resume_apply). */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/find.h"
#include "train/infer.h"
#include "train/trainer.h"

static ls_status read_config(const char *path, const ls_checkpoint *c, ls_config **out) {
  ls_status status = ls_config_parse(path, c->config_text, strlen(c->config_text), NULL, 0, out);
  if (status != LS_OK)
    return ls_fail_prefix(status == LS_FAIL ? LS_FAIL : LS_EDATA,
                          "%s: the config in this checkpoint cannot be read", path);
  (*out)->slices = c->slices; /* also where the text says 0, one a rank */
  ls_config_was_written(*out);
  return LS_OK;
}

/* ---- what has changed ---- */

typedef struct {
  const char *const *allow;
  char *text;    /* every difference, a line each */
  char *refused; /* " --allow KEY" for each that is neither free nor allowed */
  char *fixed;   /* " KEY" for each that no run changes */
  bool pairs;    /* there are some of lbfgs, as many as its `history` */
} changes;

/* The key itself, or a section that it lies in; [] is any number. */
static bool names(const char *pattern, const char *key) {
  for (; *pattern; pattern++, key++) {
    if (*pattern != *key) return false;
    if (pattern[0] != '[' || pattern[1] != ']') continue;
    pattern++;
    key += strcspn(key, "]");
  }
  return *key == '\0' || *key == '.' || *key == '[';
}

static void append(char **text, char *longer) {
  LS_FREE(*text);
  *text = longer;
}

static bool is_fixed(const changes *all, const char *key, unsigned flags) {
  const bool history = strcmp(key, "optimizer.history") == 0 || strcmp(key, "then.history") == 0;
  return flags & LS_KEY_FIXED || (all->pairs && history);
}

static void note_change(void *context, const char *key, unsigned flags, const char *before,
                        const char *after) {
  changes *all = context;
  bool allowed = flags & LS_KEY_FREE;
  if (flags & LS_KEY_NOT_SAVED) return;
  for (int i = 0; all->allow && all->allow[i]; i++) allowed = allowed || names(all->allow[i], key);
  append(&all->text, ls_mem_format("%s%s: %s -> %s\n", all->text, key, before, after));
  if (is_fixed(all, key, flags))
    append(&all->fixed, ls_mem_format("%s %s", all->fixed, key));
  else if (!allowed)
    append(&all->refused, ls_mem_format("%s --allow %s", all->refused, key));
}

/* A share that is a lone number says nothing of `how`: a run that began with the last samples keeps
 * them. */
static void keep_share(const ls_config *old, ls_config *config) {
  ls_validation_spec *validation = &config->data.validation;
  if (!validation->bare || old->data.validation.how != LS_DRAW_LAST ||
      !(old->data.validation.share > 0))
    return;
  validation->how = LS_DRAW_LAST;
  ls_log(LS_LOG_INFO, "data.validation: the last samples, as the run began");
}

/* What the run has found in its files is no difference. */
static void keep_separator(const ls_config *old, ls_config *config) {
  ls_separator *separator = &config->data.csv.separator;
  if (*separator == LS_SEPARATOR_AUTO) *separator = old->data.csv.separator;
}

/* How another metric went says nothing of this one. */
static bool other_metric(const char *old, const char *now) {
  return old && now && strcmp(old, now) != 0;
}
static void keep_watches(const ls_config *old, const ls_config *config, ls_state *s) {
  if (other_metric(old->early_metric, config->early_metric)) s->early = ls_state_fresh.early;
  if (other_metric(old->schedule.metric, config->schedule.metric))
    s->plateau = ls_state_fresh.plateau;
}

/* What the run has settled on before is taken from the checkpoint. Then every difference is listed;
 * any that is neither free nor allowed refuses the resume. */
static ls_status settle_config(ls_config *config, ls_checkpoint *c, const char *path,
                               const char *const *allow) {
  ls_config *old;
  LS_TRY(read_config(path, c, &old));
  keep_share(old, config);
  keep_separator(old, config);
  keep_watches(old, config, &c->state);
  changes all = {allow, ls_mem_text(""), ls_mem_text(""), ls_mem_text(""),
                 ls_config_lbfgs(old) && ls_config_lbfgs(config)};
  ls_config_diff(old, config, note_change, &all);
  ls_status status = LS_OK;
  if (*all.fixed)
    status = ls_fail(LS_ECONFIG,
                     "the config is not the one of %s:\n%sno run changes its%s; another may begin "
                     "with these weights: model.init: {type: file, file: %s}",
                     path, all.text, all.fixed, path);
  else if (*all.refused)
    status = ls_fail(LS_ECONFIG, "the config is not the one of %s:\n%sgo on all the same with:%s",
                     path, all.text, all.refused);
  else if (*all.text)
    ls_log(LS_LOG_INFO, "changed since %s:\n%s", path, all.text);
  LS_FREE(all.text);
  LS_FREE(all.refused);
  LS_FREE(all.fixed);
  ls_config_free(&old);
  return status;
}

/* The file to go on from, or NULL for a fresh start. */
static ls_status choose(const ls_train_options *o, const char *dir, char **path,
                        ls_checkpoint **out) {
  if (o->resume == LS_RESUME_FILE) {
    *path = ls_mem_text(o->resume_file);
    return ls_checkpoint_read(*path, out);
  }
  if (access(dir, F_OK) == 0) LS_TRY(ls_checkpoint_newest(dir, !o->dry_run, path, out));
  if (!*path && o->resume == LS_RESUME_NEWEST)
    return ls_fail(LS_EDATA, "%s: no checkpoint to resume from; --resume=auto would start afresh",
                   dir);
  return LS_OK;
}

static ls_status find(ls_config *config, const ls_train_options *o, const char *dir,
                      ls_checkpoint **out, char **path) {
  LS_TRY(choose(o, dir, path, out));
  if (!*path) return LS_OK;
  if (config->slices == 0 || config->slices == -1 || !config->slices_given)
    config->slices = (*out)->slices; /* the checkpoint's slices rule */
  ls_forget_target_scaling(config, *path, *out);
  return settle_config(config, *out, *path, o->allow);
}

ls_status ls_resume_find(ls_comm *comm, ls_config *config, const ls_train_options *o,
                         const char *dir, ls_checkpoint **out, char **path) {
  *out = NULL;
  *path = NULL;
  if (o->resume == LS_RESUME_NO) return LS_OK;
  LS_TRY(ls_comm_agree(comm, ls_comm_rank(comm) == 0 ? find(config, o, dir, out, path) : LS_OK));
  struct {
    int64_t slices, how, separator;
  } known = {config->slices, config->data.validation.how, config->data.csv.separator};
  ls_comm_bcast(comm, &known, sizeof known, 0);
  config->slices = known.slices;
  config->data.validation.how = known.how;
  config->data.csv.separator = known.separator;
  return LS_OK;
}

static ls_status check_data(const ls_trainer *t, const ls_checkpoint *c) {
  const ls_checkpoint *ours = &t->contents.checkpoint;
  if (ours->files == 0 || c->files == 0) return LS_OK; /* a program's samples */
  for (int i = 0; i < ours->files && i < c->files; i++)
    if (strcmp(ours->file[i].digest, c->file[i].digest) != 0)
      return ls_fail(LS_EDATA,
                     "%s: has changed since the checkpoint was made (%jd bytes, digest %s; then "
                     "%jd bytes, %s)",
                     ours->file[i].path, ours->file[i].bytes, ours->file[i].digest,
                     c->file[i].bytes, c->file[i].digest);
  if (ours->files != c->files)
    return ls_fail(LS_EDATA, "the data are %d files, the checkpoint was made with %d",
                   (int)ours->files, (int)c->files);
  return LS_OK;
}

/* ---- where in the data ---- */

/* A checkpoint of format 1.0 does not say how its epoch began: all of them had the same minibatches
 * then, those of its config. */
static ls_status find_begin(const ls_run *run, const ls_config *old, ls_checkpoint *c) {
  ls_state *s = &c->state;
  ls_calendar was;
  int64_t rows;
  LS_TRY(ls_data_train_rows(run->data, &old->data, &rows));
  LS_TRY(ls_calendar_make(rows, c->batch, old->data.drop_last, &was));
  int64_t within = ls_calendar_within(&was, s->global_step);
  s->begin_step = s->global_step - within;
  s->begin_sample = s->samples_seen - within * c->batch;
  return s->begin_sample >= 0
             ? LS_OK
             : ls_fail(LS_EDATA, "the checkpoint's %jd samples seen do not go with its %jd steps",
                       s->samples_seen, s->global_step);
}

/* Of the keys that decide the order, the first that has changed (ls_mem). */
static void note_reordered(void *context, const char *key, unsigned flags, const char *before,
                           const char *after) {
  char **found = context;
  (void)before, (void)after;
  if (!*found && (flags & LS_KEY_ORDER)) *found = ls_mem_text(key);
}

/* In the middle of an epoch, behind `done` of its samples: can the others still come, each once? */
static ls_status check_middle(const ls_run *run, const ls_state *s, int64_t done,
                              const char *changed) {
  const ls_calendar *calendar = run->calendar;
  const int64_t epoch = s->epoch + 1;
  if (changed)
    return ls_fail(LS_ECONFIG,
                   "%s has changed, and the checkpoint stands behind %jd samples of epoch %jd: "
                   "which of them have been seen is lost with the old order; finish that epoch "
                   "first, with the config as it was and train.epochs=%jd, and change it then",
                   changed, done, epoch, epoch);
  if (done % calendar->batch == 0 && done < calendar->used) return LS_OK;
  return ls_fail(LS_ECONFIG,
                 "train.batch: the checkpoint stands behind %jd samples of epoch %jd, where no "
                 "minibatch of %jd can begin (%jd samples are used an epoch); take a batch that "
                 "divides %jd, or finish that epoch first, with the config as it was and "
                 "train.epochs=%jd",
                 done, epoch, calendar->batch, calendar->used, done, epoch);
}

/* *rest = count - epochs of `each`; false where that is no number. */
static bool less_epochs(int64_t count, int64_t epochs, int64_t each, int64_t *rest) {
  int64_t past;
  return !__builtin_mul_overflow(epochs, each, &past) && !__builtin_sub_overflow(count, past, rest);
}

/* What the calendar is moved by (data/order.h). */
static ls_status find_moved(const ls_run *run, ls_checkpoint *c, int64_t moved[2]) {
  ls_config *old;
  const ls_calendar *calendar = run->calendar;
  const ls_state *s = &c->state;
  LS_TRY(read_config("the checkpoint", c, &old));
  ls_status status = c->minor < 1 ? find_begin(run, old, c) : LS_OK;
  const int64_t done = s->samples_seen - s->begin_sample;
  if (status == LS_OK && done > 0) {
    char *changed = NULL;
    ls_config_diff(old, run->config, note_reordered, &changed);
    status = check_middle(run, s, done, changed);
    LS_FREE(changed);
  }
  ls_config_free(&old);
  LS_TRY(status);
  const bool fits =
      less_epochs(s->global_step - done / calendar->batch, s->epoch, calendar->steps, &moved[0]) &&
      less_epochs(s->begin_sample, s->epoch, calendar->used, &moved[1]);
  if (fits) return LS_OK;
  return ls_fail(LS_EDATA, "the checkpoint's epoch %jd is not possible", s->epoch);
}

/* Own products have the same bits on every CPU. */
static void compare_products(const ls_run *run, const ls_checkpoint *c) {
  const char *now = ls_model_products(run->model);
  if (run->config->gemm != LS_GEMM_BLAS || strcmp(c->kernel, now) == 0) return;
  ls_log(LS_LOG_WARN,
         "train.gemm: blas: the checkpoint's products were made by %s, from here on by %s: other "
         "bits than those of a run that went on there",
         c->kernel, now);
}

ls_status ls_resume_apply(ls_trainer *t, ls_checkpoint *c) {
  int64_t moved[2] = {0};
  ls_run *run = t->run;
  ls_state *s = &run->state;
  LS_TRY(ls_comm_agree(t->comm, c ? check_data(t, c) : LS_OK));
  if (c) compare_products(run, c);
  LS_TRY(ls_state_restore(run, &t->contents, c));
  LS_TRY(ls_comm_agree(t->comm, c ? find_moved(run, c, moved) : LS_OK));
  ls_comm_bcast(t->comm, moved, sizeof moved, 0);
  ls_run_move(run, moved[0], moved[1]);
  s->begin_step = s->global_step - ls_calendar_within(run->calendar, s->global_step);
  s->begin_sample = ls_calendar_samples(run->calendar, s->epoch);
  return LS_OK;
}
