/* cmd_inspect.c - lockstep inspect: what a checkpoint, a run folder or a data file holds. */
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/find.h"
#include "checkpoint/read.h"
#include "checkpoint/weights.h"
#include "cli/cli.h"
#include "io/json.h"
#include "view/history.h"

/* ---- a checkpoint ---- */

static void tensor_path(const ls_tensor *t, char *out, size_t size) {
  snprintf(out, size, "/model/%04d/%s", t->layer, t->name);
}

static bool is_matrix(const ls_tensor *t) { return t->rows > 1 || !strcmp(t->name, "W"); }

static json_t *tensors_json(const ls_checkpoint *c) {
  json_t *list = json_array();
  for (int i = 0; i < c->tensors; i++) {
    const ls_tensor *t = &c->tensor[i];
    char path[64];
    tensor_path(t, path, sizeof path);
    json_t *shape = is_matrix(t) ? json_pack("[I, I]", (json_int_t)t->rows, (json_int_t)t->cols)
                                 : json_pack("[I]", (json_int_t)t->cols);
    json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "name", path, "shape", shape, "dtype",
                                          ls_real_name(c->precision)));
  }
  return list;
}

static json_t *files_json(const ls_checkpoint *c) {
  json_t *list = json_array();
  for (int i = 0; i < c->files; i++)
    json_array_append_new(
        list, json_pack("{s:s, s:I, s:I, s:s}", "path", c->file[i].path, "bytes",
                        (json_int_t)c->file[i].bytes, "samples", (json_int_t)c->file[i].samples,
                        "digest", c->file[i].digest));
  return list;
}

static json_t *state_json(const ls_checkpoint *c) {
  const ls_state *s = &c->state;
  return json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "global_step",
                   (json_int_t)s->global_step, "epoch", (json_int_t)s->epoch, "samples_seen",
                   (json_int_t)s->samples_seen, "t", (json_int_t)s->t, "best_value",
                   ls_json_real(s->best_value), "best_step", (json_int_t)s->best_step, "early_bad",
                   (json_int_t)s->early_bad, "nonfinite_total", (json_int_t)s->nonfinite_total,
                   "nonfinite_row", (json_int_t)s->nonfinite_row, "rollbacks",
                   (json_int_t)s->rollbacks, "last_loss", ls_json_real(s->last_loss),
                   "last_grad_norm", ls_json_real(s->last_grad_norm));
}

static void checkpoint_json(const ls_cli *cli, const char *path, int64_t bytes, const char *hash,
                            const ls_checkpoint *c) {
  json_t *o = json_pack("{s:s, s:s, s:I, s:b, s:s}", "kind", "checkpoint", "file", path, "bytes",
                        (json_int_t)bytes, "verified", 1, "weights_hash", hash);
  json_object_update_new(o, state_json(c));
  json_object_set_new(o, "parameters", json_integer(c->parameters));
  json_object_set_new(o, "precision", json_string(ls_real_name(c->precision)));
  json_object_set_new(o, "tensors", tensors_json(c));
  json_t *slots = json_array();
  for (int i = 0; i < c->slots; i++) json_array_append_new(slots, json_string(c->slot_name[i]));
  json_object_set_new(o, "slots", slots);
  json_object_update_new(
      o, json_pack("{s:I, s:I, s:I, s:I, s:I}", "seed", (json_int_t)c->seed, "batch",
                   (json_int_t)c->batch, "slices", (json_int_t)c->slices, "inputs",
                   (json_int_t)c->inputs, "outputs", (json_int_t)c->outputs));
  json_object_set_new(o, "data", files_json(c));
  json_object_update_new(o, json_pack("{s:s, s:s, s:s, s:s}", "writer", c->writer, "run_id",
                                      c->run_id, "kernel", c->kernel, "config", c->config_text));
  ls_out_json(cli, o);
}

static void checkpoint_text(const ls_cli *cli, const char *path, int64_t bytes, const char *hash,
                            const ls_checkpoint *c) {
  const ls_state *s = &c->state;
  ls_out(cli, "%s: checkpoint of step %lld, verified\n\n", path, (long long)s->global_step);
  ls_out(cli, "  epochs finished  %lld, %lld samples seen, %lld updates, %lld not finite\n",
         (long long)s->epoch, (long long)s->samples_seen, (long long)s->t,
         (long long)s->nonfinite_total);
  ls_out(cli, "  last loss        %.9g\n", s->last_loss);
  if (!isnan(s->best_value))
    ls_out(cli, "  best metric      %.9g at step %lld\n", s->best_value, (long long)s->best_step);
  ls_out(cli, "  model            %lld parameters, %s, %lld inputs, %lld outputs\n",
         (long long)c->parameters, ls_real_name(c->precision), (long long)c->inputs,
         (long long)c->outputs);
  for (int i = 0; i < c->tensors; i++) {
    const ls_tensor *t = &c->tensor[i];
    char name[64];
    tensor_path(t, name, sizeof name);
    if (is_matrix(t))
      ls_out(cli, "    %-16s (%lld, %lld)\n", name, (long long)t->rows, (long long)t->cols);
    else
      ls_out(cli, "    %-16s (%lld)\n", name, (long long)t->cols);
  }
  ls_out(cli, "  weights          %s\n  optimizer slots ", hash);
  for (int i = 0; i < c->slots; i++) ls_out(cli, " %s", c->slot_name[i]);
  ls_out(cli, "%s\n", c->slots ? "" : " none");
  ls_out(cli, "  batch            %lld in %lld slices, seed %llu\n", (long long)c->batch,
         (long long)c->slices, (unsigned long long)c->seed);
  for (int i = 0; i < c->files; i++)
    ls_out(cli, "  data             %s: %lld samples, %lld bytes, %s\n", c->file[i].path,
           (long long)c->file[i].samples, (long long)c->file[i].bytes, c->file[i].digest);
  ls_out(cli, "  file             %lld bytes, by %s, kernel %s\n  run              %s\n\n%s",
         (long long)bytes, c->writer, c->kernel, c->run_id, c->config_text);
}

/* Texts of a file that may come from anyone: nothing in them may steer the terminal, and JSON takes
 * only UTF-8. */
static void tame(char *text) {
  json_t *utf8 = json_string(text);
  for (char *c = text; *c; c++)
    if ((*c >= 0 && *c < ' ' && *c != '\n') || *c == 0x7f || (*c < 0 && !utf8)) *c = '?';
  json_decref(utf8);
}

static ls_status inspect_checkpoint(const ls_cli *cli, const char *path, int64_t bytes) {
  ls_checkpoint *c;
  char hash[48];
  LS_TRY(ls_checkpoint_read(path, &c));
  char *text[] = {c->config_text, c->run_id, c->kernel, c->writer};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) tame(text[i]);
  for (int i = 0; i < c->slots; i++) tame(c->slot_name[i]);
  for (int i = 0; i < c->files; i++) tame(c->file[i].path), tame(c->file[i].digest);
  ls_weights_hash(c->weights, c->parameters, c->precision, hash);
  (cli->json ? checkpoint_json : checkpoint_text)(cli, path, bytes, hash, c);
  ls_checkpoint_free(&c);
  return LS_OK;
}

/* ---- a run folder ---- */

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

/* One row a checkpoint; without --verify only what names and headers say. */
static json_t *run_checkpoints(const char *dir, const ls_saved *row, int count, bool verify,
                               int *bad) {
  json_t *list = json_array();
  for (int i = 0; i < count; i++) {
    char path[PATH_MAX];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", dir, row[i].name);
    bool look = verify || row[i].step == INT64_MAX;
    ls_status status = look ? judge(path) : LS_OK;
    bool damaged = status != LS_OK;
    *bad += damaged;
    json_t *o = json_pack("{s:s, s:o, s:I, s:s}", "file", row[i].name, "global_step",
                          row[i].step == INT64_MAX ? json_null() : json_integer(row[i].step),
                          "bytes", (json_int_t)(stat(path, &info) == 0 ? info.st_size : 0),
                          "status", checkpoint_status(status, verify));
    if (damaged && verify) json_object_set_new(o, "error", json_string(ls_error_text()));
    json_array_append_new(list, o);
  }
  return list;
}

static json_t *run_metrics(const char *dir) {
  ls_history *h;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/metrics.jsonl", dir);
  if (access(path, F_OK) != 0) return json_null();
  if (ls_history_read(dir, 0, &h) != LS_OK) {
    ls_log(LS_LOG_WARN, "%s", ls_error_text());
    return json_null();
  }
  json_t *o = json_object();
  for (int c = 0; h->epoch.n && c < LS_H_COLUMNS; c++) {
    if (!ls_history_has(&h->epoch, c)) continue;
    double last = h->epoch.column[c][h->epoch.n - 1];
    bool whole = c == LS_H_EPOCH || c == LS_H_STEP;
    json_object_set_new(o, ls_history_names[c],
                        whole ? json_integer((json_int_t)last) : ls_json_real(last));
  }
  json_object_set_new(o, "exit", h->ended ? json_string(h->exit) : json_null());
  ls_history_free(&h);
  return o;
}

static void run_text(const ls_cli *cli, const char *dir, json_t *checkpoints, int damaged,
                     json_t *metrics) {
  size_t i;
  json_t *o;
  const char *key;
  ls_out(cli, "%s: run folder, %zu checkpoints, %d set aside as damaged\n\n", dir,
         json_array_size(checkpoints), damaged);
  json_array_foreach(checkpoints, i, o) {
    ls_out(cli, "  %-20s %12lld bytes  %s\n", json_string_value(json_object_get(o, "file")),
           (long long)json_integer_value(json_object_get(o, "bytes")),
           json_string_value(json_object_get(o, "status")));
  }
  if (!json_is_object(metrics)) return;
  ls_out(cli, "\nlast epoch:");
  json_object_foreach(metrics, key, o) if (json_is_number(o))
      ls_out(cli, "  %s %.9g", key, json_number_value(o));
  o = json_object_get(metrics, "exit");
  ls_out(cli, "\nthe run %s%s\n",
         json_is_string(o) ? "has ended: " : "has not ended, or was killed",
         json_is_string(o) ? json_string_value(o) : "");
}

static ls_status inspect_run(const ls_cli *cli, const char *dir, bool verify) {
  ls_saved *row;
  int count, damaged, bad = 0;
  LS_TRY(ls_checkpoint_list(dir, &row, &count, &damaged));
  json_t *checkpoints = run_checkpoints(dir, row, count, verify, &bad), *metrics = run_metrics(dir);
  LS_FREE(row);
  if (cli->json) {
    ls_out_json(cli,
                json_pack("{s:s, s:s, s:o, s:i, s:o}", "kind", "run", "run", dir, "checkpoints",
                          checkpoints, "set_aside", damaged, "last_epoch", metrics));
  } else {
    run_text(cli, dir, checkpoints, damaged, metrics);
    json_decref(checkpoints);
    json_decref(metrics);
  }
  return verify && bad ? ls_fail(LS_EDATA, "'%s': %d of %d checkpoints are damaged or unreadable",
                                 dir, bad, count)
                       : LS_OK;
}

/* ---- which of them ---- */

static bool is_run(const char *dir) {
  ls_saved *row;
  char path[PATH_MAX];
  int count = 0, damaged = 0;
  if (ls_checkpoint_list(dir, &row, &count, &damaged) == LS_OK) LS_FREE(row);
  snprintf(path, sizeof path, "%s/config.yaml", dir);
  return count || damaged || access(path, F_OK) == 0;
}

/* Whatever could have been a checkpoint is read as one, so that damage to its first bytes is found
 * too. */
static bool is_checkpoint(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  return !strncmp(name, "ckpt-", 5) || !strncmp(name, "final.h5", 8) || ls_checkpoint_probe(path);
}

/* Everything else is data's, and its command's. */
static ls_status inspect_data(const ls_cli *cli, const char *path) {
  const char *argv[] = {"info", "--", path};
  ls_cli sub = {.json = cli->json, .verbosity = cli->verbosity, .argc = 3, .argv = argv};
  ls_status status = ls_cmd_data(&sub);
  ls_cli_free(&sub);
  return status;
}

ls_status ls_cmd_inspect(ls_cli *cli) {
  int verify = 0;
  struct poptOption options[] = {
      {"verify", 0, POPT_ARG_NONE, &verify, 0, "read every byte; exit 65 on any damage", NULL},
      POPT_TABLEEND};
  const char **args;
  bool help;
  struct stat info;
  LS_TRY(ls_cli_parse(cli, ls_command_find("inspect"), options, &args, &help));
  if (help) return LS_OK;
  if (!args[0] || args[1])
    return ls_fail(LS_EUSAGE, "inspect takes one checkpoint, run folder or data file");
  if (stat(args[0], &info) != 0) return ls_fail(LS_EDATA, "cannot open '%s'", args[0]);
  if (S_ISDIR(info.st_mode))
    return is_run(args[0]) ? inspect_run(cli, args[0], verify) : inspect_data(cli, args[0]);
  return is_checkpoint(args[0]) ? inspect_checkpoint(cli, args[0], info.st_size)
                                : inspect_data(cli, args[0]);
}
