/* cmd_inspect.c - lockstep inspect: what a checkpoint, a run folder or a data file holds. Begin
 * with run, which tells the three apart. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "checkpoint/find.h"
#include "checkpoint/read.h"
#include "checkpoint/weights.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "data/scale.h"
#include "data/trained.h"
#include "io/regular.h"
#include "view/history.h"

typedef struct {
  bool verify;
} options;

/* ---- a checkpoint ---- */

static const char checkpoint_look[] =
    "{file}: checkpoint of step {global_step}, verified\n\n"
    "  epochs finished  {epoch}, {samples_seen} samples seen, {t} updates, {nonfinite_total} not "
    "finite\n"
    "  last loss        {last_loss:.9g}\n"
    "{?best_step}  best metric      {best_value:.9g} at step {best_step}\n{/}"
    "{?plateau_cuts}  plateau          the rate has been cut {plateau_cuts} times\n{/}"
    "  model            {parameters} parameters, {precision}, {inputs} inputs, {outputs} outputs\n"
    "{*tensors}    {name:-16} ({*shape}{,}{.}{/})\n{/}"
    "  weights          {weights_hash}{?restored}, restored from step {best_step}{/}\n"
    "  optimizer slots {?slots}{*slots} {.}{/}{|} none{/}\n"
    "{?_apart}  mode             {mode}: bits depend on timing\n{/}"
    "  batch            {batch} in {slices} slice{slices:s}, seed {seed}\n"
    "{*_scaled}  scaled           {column}: ({?log}log {/}{_of} - {shift:.9g}) / {divisor:.9g}\n{/}"
    "{?_more}  scaled           and {_more} columns more (--json)\n{/}"
    "{*data}  data             {path}: {samples} samples, {bytes} bytes, {digest}\n{/}"
    "  file             {bytes} bytes, by {writer}, kernel {kernel}\n"
    "  run              {run_id}\n\n{config}";

static json_t *tensors_json(const ls_checkpoint *c) {
  json_t *list = json_array();
  for (int i = 0; i < c->tensors; i++) {
    const ls_tensor *t = &c->tensor[i];
    char path[64];
    snprintf(path, sizeof path, "/model/%04d/%s", t->layer, t->name);
    bool matrix = t->rows > 1 || strcmp(t->name, "W") == 0;
    const int64_t shape[] = {t->rows, t->cols};
    json_t *tensor = ls_put_item(list);
    ls_put(tensor, "name", path);
    ls_put(tensor, "shape", ls_list_whole(matrix ? shape : shape + 1, matrix ? 2 : 1));
    ls_put(tensor, "dtype", ls_dtype_name(c->precision));
  }
  return list;
}

static json_t *files_json(const ls_checkpoint *c) {
  json_t *list = json_array();
  for (int i = 0; i < c->files; i++) {
    json_t *file = ls_put_item(list);
    ls_put(file, "path", c->file[i].path);
    ls_put(file, "bytes", c->file[i].bytes);
    ls_put(file, "samples", c->file[i].samples);
    ls_put(file, "digest", c->file[i].digest);
  }
  return list;
}

enum { SCALED_SHOWN = 24 };

/* A column of x or y, by its name, or its number from 1. */
static json_t *scaled_json(const ls_affine *a, int64_t k, const char *of, const ls_texts *names) {
  char number[32];
  snprintf(number, sizeof number, "%s %jd", of, k + 1);
  json_t *o = json_object();
  ls_put(o, "column", names->count == a->n && *names->text[k] ? names->text[k] : number);
  ls_put(o, "_of", of);
  ls_put_bool(o, "log", ls_affine_is_log(a, k));
  ls_put(o, "shift", a->shift[k]);
  ls_put(o, "divisor", a->divisor[k]);
  return o;
}

static const char *column_of(const json_t *scaling, size_t k) {
  return json_string_value(json_object_get(json_array_get(scaling, k), "column"));
}

/* The column behind those that are scaled as column k is. */
static int64_t scaled_alike(const ls_affine *a, int64_t k) {
  int64_t end = k + 1;
  while (end < a->n && a->shift[end] == a->shift[k] && a->divisor[end] == a->divisor[k] &&
         ls_affine_is_log(a, end) == ls_affine_is_log(a, k))
    end++;
  return end;
}

/* For people: columns from..to, which are scaled alike, on one line. */
static json_t *alike_json(json_t *all, size_t from, size_t to) {
  json_t *one = json_deep_copy(json_array_get(all, from));
  if (to > from)
    json_object_set_new(one, "column",
                        json_sprintf("%s to %s", column_of(all, from), column_of(all, to)));
  return one;
}

static void put_scaling(json_t *o, const ls_checkpoint *c) {
  const ls_affine *const side[2] = {&c->x_affine, &c->y_affine};
  ls_texts inputs = {0};
  json_t *all = json_array(), *shown = json_array();
  size_t columns_shown = 0;
  if (c->trained.n[0] == c->inputs && ls_trained_names(&c->trained, LS_ROLE_X, &inputs) != LS_OK)
    ls_texts_free(&inputs);
  const ls_texts *const names[2] = {&inputs, &c->names};
  for (int role = 0; role < 2; role++)
    for (int64_t k = 0, end; k < side[role]->n; k = end) {
      const size_t first = json_array_size(all);
      end = scaled_alike(side[role], k);
      for (int64_t each = k; each < end; each++)
        json_array_append_new(all,
                              scaled_json(side[role], each, role == 0 ? "x" : "y", names[role]));
      if (json_array_size(shown) == SCALED_SHOWN) continue;
      columns_shown = json_array_size(all);
      json_array_append_new(shown, alike_json(all, first, columns_shown - 1));
    }
  ls_texts_free(&inputs);
  ls_put(o, "_more", json_array_size(all) - columns_shown);
  ls_put(o, "_scaled", shown);
  ls_put(o, "scaling", all);
}

static void put_state(json_t *o, const ls_state *s) {
  ls_put(o, "global_step", s->global_step);
  ls_put(o, "epoch", s->epoch);
  ls_put(o, "samples_seen", s->samples_seen);
  ls_put(o, "t", s->t);
  ls_put(o, "best_value", s->best_value);
  ls_put(o, "best_step", s->best_step);
  ls_put_bool(o, "restored", s->restored);
  ls_put(o, "early_value", s->early.value);
  ls_put(o, "early_bad", s->early.bad);
  ls_put(o, "plateau_value", s->plateau.value);
  ls_put(o, "plateau_bad", s->plateau.bad);
  ls_put(o, "plateau_rest", s->plateau_rest);
  ls_put(o, "plateau_cuts", s->plateau_cuts);
  ls_put(o, "nonfinite_total", s->nonfinite_total);
  ls_put(o, "nonfinite_row", s->nonfinite_row);
  ls_put(o, "rollbacks", s->rollbacks);
  ls_put(o, "last_loss", s->last_loss);
  ls_put(o, "last_grad_norm", s->last_grad_norm);
}

/* What a config says of train.mode, into the result; nothing where it could not be read. */
static void put_mode(json_t *o, ls_config *config) {
  ls_put(o, "mode", config ? config->mode : NULL);
  ls_put_bool(o, "_apart", config && strcmp(config->mode, "synchronous") != 0);
  ls_config_free(&config);
}

static ls_status inspect_checkpoint(const ls_cli *cli, const char *path, int64_t bytes) {
  ls_checkpoint *c;
  ls_config *config;
  char hash[48];
  LS_TRY(ls_checkpoint_read(path, &c));
  ls_weights_hash(c->weights, c->parameters, c->precision, hash);
  json_t *o = json_object();
  ls_put(o, "kind", "checkpoint");
  ls_put(o, "file", path);
  ls_put(o, "bytes", bytes);
  ls_put_bool(o, "verified", true);
  ls_put(o, "weights_hash", hash);
  put_state(o, &c->state);
  ls_put(o, "parameters", c->parameters);
  ls_put(o, "precision", ls_dtype_name(c->precision));
  ls_put(o, "tensors", tensors_json(c));
  ls_put(o, "slots", ls_list_texts(c->slot_name, c->slots));
  ls_put(o, "seed", c->seed);
  ls_put(o, "batch", c->batch);
  ls_put(o, "slices", c->slices);
  ls_put(o, "inputs", c->inputs);
  ls_put(o, "outputs", c->outputs);
  put_scaling(o, c);
  ls_put(o, "data", files_json(c));
  ls_put(o, "writer", c->writer);
  ls_put(o, "run_id", c->run_id);
  ls_put(o, "kernel", c->kernel);
  (void)ls_config_parse(path, c->config_text, strlen(c->config_text), NULL, 0, &config);
  put_mode(o, config);
  ls_put(o, "config", c->config_text);
  ls_checkpoint_free(&c);
  ls_print(cli, o, checkpoint_look);
  return LS_OK;
}

/* ---- a run folder ---- */

static const char run_look[] =
    "{run}: run folder, {_count} checkpoints, {set_aside} set aside as damaged\n"
    "{?_apart}train.mode {mode}: bits depend on timing\n{/}\n"
    "{*checkpoints}  {file:-20} {bytes:12} bytes  {status}\n{/}"
    "{?last_epoch}\nlast epoch:{*_numbers}  {@} {.:.9g}{/}"
    "\nthe run {?last_epoch.exit}has ended: {last_epoch.exit}{|}has not ended, or was killed{/}\n"
    "{/}";

static const char *checkpoint_status(ls_status status, bool verified) {
  if (status == LS_EDATA) return "damaged";
  if (status != LS_OK) return "unreadable";
  return verified ? "good" : "not verified";
}

/* As a resume would read it. */
static ls_status judge(const char *path) {
  ls_checkpoint *c;
  LS_TRY(ls_checkpoint_judge(path, &c));
  ls_checkpoint_free(&c);
  return LS_OK;
}

/* Without --verify only what names and headers say. */
static ls_status put_checkpoint(json_t *o, const char *dir, const ls_saved *saved, bool verify) {
  char path[PATH_MAX];
  struct stat info;
  snprintf(path, sizeof path, "%s/%s", dir, saved->name);
  bool known = saved->step != INT64_MAX;
  ls_status status = verify || !known ? judge(path) : LS_OK;
  ls_put(o, "file", saved->name);
  ls_put(o, "global_step", known ? json_integer(saved->step) : json_null());
  ls_put(o, "bytes", stat(path, &info) == 0 ? info.st_size : 0);
  ls_put(o, "status", checkpoint_status(status, verify));
  if (status != LS_OK && verify) ls_put(o, "error", ls_error_text());
  return status;
}

/* The numbers of the last epoch. */
static json_t *last_epoch(const ls_history *h) {
  json_t *o = json_object();
  for (int c = 0; h->epoch.n && c < LS_H_ASKED; c++) {
    if (!ls_history_has(&h->epoch, c)) continue;
    double last = h->epoch.column[c][h->epoch.n - 1];
    if (c == LS_H_EPOCH || c == LS_H_STEP)
      ls_put(o, ls_history_names[c], (int64_t)last);
    else
      ls_put(o, ls_history_names[c], last);
  }
  return o;
}

static void put_history(json_t *o, const char *dir) {
  ls_history *h;
  ls_put(o, "last_epoch", json_null());
  if (!ls_file_in(dir, "metrics.jsonl")) return;
  if (ls_history_read(dir, 0, &h) != LS_OK) {
    ls_log(LS_LOG_WARN, "%s", ls_error_text());
    return;
  }
  json_t *last = last_epoch(h);
  ls_put(o, "_numbers", json_copy(last));
  ls_put(last, "exit", h->ended ? h->exit : NULL);
  ls_put(o, "last_epoch", last);
  ls_history_free(&h);
}

static ls_status inspect_run(const ls_cli *cli, const char *dir, bool verify) {
  ls_saved *saved;
  ls_config *config;
  int count, set_aside, bad = 0;
  LS_TRY(ls_checkpoint_list(dir, &saved, &count, &set_aside));
  json_t *o = json_object(), *list = json_array();
  for (int i = 0; i < count; i++)
    bad += put_checkpoint(ls_put_item(list), dir, &saved[i], verify) != LS_OK;
  LS_FREE(saved);
  ls_put(o, "kind", "run");
  ls_put(o, "run", dir);
  ls_put(o, "checkpoints", list);
  ls_put(o, "_count", json_array_size(list));
  ls_put(o, "set_aside", set_aside);
  (void)ls_config_of_run(dir, NULL, 0, &config);
  put_mode(o, config);
  put_history(o, dir);
  ls_print(cli, o, run_look);
  if (!verify || bad == 0) return LS_OK;
  return ls_fail(LS_EDATA, "'%s': %d of %d checkpoints are damaged or unreadable", dir, bad, count);
}

/* ---- which of them ---- */

static bool is_run(const char *dir) {
  ls_saved *saved;
  int count = 0, damaged = 0;
  if (ls_checkpoint_list(dir, &saved, &count, &damaged) == LS_OK) LS_FREE(saved);
  return count || damaged || ls_file_in(dir, "config.yaml");
}

/* Whatever could have been a checkpoint is read as one, so that damage to its first bytes is found
 * too. */
static bool is_checkpoint(const char *path) {
  const char *name = ls_path_name(path);
  return !strncmp(name, "ckpt-", 5) || !strncmp(name, "final.h5", 8) || ls_checkpoint_probe(path);
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  const char *name = cli->args[0];
  struct stat info;
  if (stat(name, &info) != 0) {
    if (errno == ENOTDIR) return ls_data_info(cli, name); /* a file in an archive, perhaps */
    return ls_fail(LS_EDATA, "cannot open '%s': %s", name, strerror(errno));
  }
  if (S_ISDIR(info.st_mode) && is_run(name)) return inspect_run(cli, name, o->verify);
  if (!S_ISDIR(info.st_mode) && is_checkpoint(name))
    return inspect_checkpoint(cli, name, info.st_size);
  return ls_data_info(cli, name);
}

const ls_command ls_command_inspect = {
    .name = "inspect",
    .help = "what a checkpoint, a run folder or a data file holds",
    .usage =
        "Usage: lockstep inspect CKPT|RUN|DATA [--verify]\n"
        "\nExamples:\n"
        "  lockstep inspect runs/a                              # its config, checkpoints and "
        "last metrics\n"
        "  lockstep inspect runs/a/final.h5 --json              # tensors, global_step, "
        "weights_hash\n"
        "  lockstep inspect runs/a/final.h5 --verify            # exit 65 on any damage\n",
    .options = (const ls_option[]){LS_OPTION(options, verify, "verify", 0, NULL,
                                             "read every byte; exit 65 on any damage"),
                                   {0}},
    .size = sizeof(options),
    .verb = {{.run = run,
              .least = 1,
              .most = 1,
              .wanted = "inspect takes one checkpoint, run folder or data file"}}};
