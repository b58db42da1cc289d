/* record.c - RUN/config.yaml and RUN/record.json: how a result came about. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/durable.h"
#include "io/json.h"
#include "train/mode.h"
#include "train/trainer.h"

#ifndef LOCKSTEP_GIT
#define LOCKSTEP_GIT ""
#endif

static json_t *cpu_model(void) {
  char line[256], model[200] = "";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file) && !*model)
    if (strncmp(line, "model name", 10) == 0 && strchr(line, ':'))
      snprintf(model, sizeof model, "%s", strchr(line, ':') + 2);
  if (file) fclose(file);
  model[strcspn(model, "\n")] = '\0';
  return json_string(model);
}

static json_t *data_files(const ls_checkpoint *checkpoint) {
  json_t *list = json_array();
  for (int i = 0; i < checkpoint->files; i++) {
    const ls_data_file *file = &checkpoint->file[i];
    json_t *item = ls_put_item(list);
    ls_put(item, "path", json_string(file->path)); /* nothing, where it is no UTF-8 */
    ls_put(item, "bytes", file->bytes);
    ls_put(item, "samples", file->samples);
    ls_put(item, "digest", file->digest);
  }
  return list;
}

static json_t *arguments(const ls_train_options *o) {
  json_t *list = json_array();
  for (int i = 0; i < o->argc; i++) json_array_append_new(list, json_string(o->argv[i]));
  return list;
}

static json_t *hosts_of(const ls_comm *comm) {
  json_t *list = json_array();
  for (int r = 0; r < ls_comm_size(comm); r++)
    json_array_append_new(list, json_string(ls_comm_host_of(comm, r)));
  return list;
}

static json_t *restored(const ls_trainer *t) {
  json_t *o = json_object();
  ls_put(o, "global_step", t->run->state.best_step);
  ls_put(o, "metric", t->best_metric);
  ls_put(o, "value", t->run->state.best_value);
  return o;
}

static json_t *record(const ls_trainer *t) {
  const char *kernel = ls_model_kernel(t->run->model);
  struct utsname os = {0};
  char now[32], run_id[LS_RUN_ID];
  ls_run_id(&t->contents.checkpoint, run_id);
  time_t clock = time(NULL) - (time_t)(ls_time() - t->started);
  uname(&os);
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime(&clock));
  json_t *o = json_object();
  ls_put(o, "argv", arguments(t->options));
  ls_put(o, "lockstep", LOCKSTEP_VERSION);
  ls_put(o, "git", LOCKSTEP_GIT);
  ls_put(o, "compiler", __VERSION__);
  ls_put(o, "mpi", ls_comm_library(t->comm));
  ls_put(o, "os", json_sprintf("%s %s", os.sysname, os.release));
  ls_put(o, "cpu", cpu_model());
  ls_put(o, "kernel", kernel);
  ls_put(o, "blas_core",
         json_sprintf(t->config->gemm == LS_GEMM_BLAS ? "%s" : "lockstep %s", kernel));
  ls_put(o, "ranks", ls_comm_size(t->comm));
  ls_put(o, "threads", ls_team_size(t->run->team));
  ls_put(o, "hosts", hosts_of(t->comm));
  ls_put(o, "mode", t->run->mode->name);
  ls_put(o, "exchange", ls_exchange_kind(t->run->exchange));
  ls_put(o, "run_id", run_id);
  ls_put(o, "started", now);
  ls_put(o, "data", data_files(&t->contents.checkpoint));
  if (t->run->state.restored) ls_put(o, "restored", restored(t));
  return o;
}

ls_status ls_record_write(const ls_trainer *t) {
  LS_TRY(ls_json_write(t->dir, "record.json", record(t)));
  char *config = ls_config_dump(t->config, LS_DUMP_PLAIN);
  const ls_status status = ls_durable_write(t->dir, "config.yaml", config, strlen(config), true);
  LS_FREE(config);
  return status;
}
