/* RUN/config.yaml and RUN/record.json: how a result came about. */
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
  for (int i = 0; i < checkpoint->files; i++)
    json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s}", "path", checkpoint->file[i].path,
                                          "bytes", (json_int_t)checkpoint->file[i].bytes, "samples",
                                          (json_int_t)checkpoint->file[i].samples, "digest",
                                          checkpoint->file[i].digest));
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

static json_t *record(const ls_trainer *t) {
  struct utsname os = {0};
  char now[32], run_id[LS_RUN_ID];
  ls_run_id(&t->layout.checkpoint, run_id);
  const ls_state *s = &t->run->state;
  time_t clock = time(NULL) - (time_t)(ls_time() - t->started);
  uname(&os);
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime(&clock));
  json_t *o = json_object();
  json_object_set_new(o, "argv", arguments(t->options));
  json_object_set_new(o, "lockstep", json_string(LOCKSTEP_VERSION));
  json_object_set_new(o, "git", json_string(LOCKSTEP_GIT));
  json_object_set_new(o, "compiler", json_string(__VERSION__));
  json_object_set_new(o, "mpi", json_string(ls_comm_library(t->comm)));
  json_object_set_new(o, "os", json_sprintf("%s %s", os.sysname, os.release));
  json_object_set_new(o, "cpu", cpu_model());
  json_object_set_new(o, "kernel", json_string(ls_model_kernel(t->run->model)));
  json_object_set_new(o, "blas_core",
                      json_sprintf(t->config->gemm == LS_GEMM_BLAS ? "%s" : "lockstep %s",
                                   ls_model_kernel(t->run->model)));
  json_object_set_new(o, "ranks", json_integer(ls_comm_size(t->comm)));
  json_object_set_new(o, "threads", json_integer(ls_team_size(t->run->team)));
  json_object_set_new(o, "hosts", hosts_of(t->comm));
  json_object_set_new(o, "mode", json_string(t->run->mode->name));
  json_object_set_new(o, "exchange", json_string(ls_exchange_kind(t->run->exchange)));
  json_object_set_new(o, "run_id", json_string(run_id));
  json_object_set_new(o, "started", json_string(now));
  json_object_set_new(o, "data", data_files(&t->layout.checkpoint));
  if (s->restored)
    json_object_set_new(o, "restored",
                        json_pack("{s:I, s:s, s:o}", "global_step", (json_int_t)s->best_step,
                                  "metric", t->best_metric, "value", ls_json_real(s->best_value)));
  return o;
}

static ls_status write_text(const char *dir, const char *name, char *text) {
  ls_status status = ls_durable_write(dir, name, text, strlen(text), true);
  LS_FREE(text);
  return status;
}

ls_status ls_record_write(const ls_trainer *t) {
  json_t *o = record(t);
  char *line = ls_json_line(o);
  ls_status status = write_text(t->dir, "record.json", ls_mem_format("%s\n", line));
  if (status == LS_OK)
    status = write_text(t->dir, "config.yaml", ls_config_dump(t->config, LS_DUMP_PLAIN));
  LS_FREE(line);
  json_decref(o);
  return status;
}
