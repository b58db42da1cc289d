/* groups.c - begin at the bottom: ls_sweep_train -> work -> take, train_aside. While a run
 * trains its messages are kept and then put into its log.txt; its failure becomes a file of its
 * folder and not the group's. Groups stop one another through claims.h. */
#include "cli/sweep/groups.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/sweep/claims.h"
#include "cli/sweep/journal.h"
#include "train/train.h"

enum { SAID = 1 << 16 }; /* bytes of messages that a run's log.txt gets from one start of it */

typedef struct {
  const ls_sweep_job *job;
  ls_comm *comm; /* of the group */
  bool root;     /* its rank 0 */
  double looked; /* when it was last asked whether others stop */
  bool stop;
  int64_t next; /* runs before this one are taken */
  ls_log_sink sink;
  pthread_mutex_t lock;
  size_t said;
  char text[SAID];
} group;

/* ---- configs ---- */

ls_status ls_sweep_parse(const ls_sweep_job *job, const ls_texts *settings, ls_config **out) {
  const char **all;
  int n = 0, given = 0;
  char *data = job->data_dir ? ls_mem_format("data.dir=\"%s\"", job->data_dir) : NULL;
  while (job->override[given]) given++;
  LS_NEW(all, given + 1 + settings->count);
  for (int i = 0; i < given; i++) all[n++] = job->override[i];
  if (data) all[n++] = data;
  for (int64_t i = 0; i < settings->count; i++) all[n++] = settings->text[i];
  ls_status status =
      ls_config_parse_and_load(job->file, job->text, job->bytes, (char *const *)all, n, out);
  LS_FREE(all);
  LS_FREE(data);
  return status;
}

static ls_status ask_for_metric(const ls_sweep_job *job, ls_config *config) {
  const char *name = job->sweep->metric;
  bool test;
  const ls_metric metric = ls_sweep_metric_of(name, &test);
  const bool whole = ls_metric_table[metric].made != LS_MADE_ALWAYS;
  if (!ls_metric_fits(config, metric))
    return ls_fail(LS_EUSAGE, "--metric %s: there is none with the loss %s", name, config->loss);
  if (whole && !test && !ls_metric_validates(name) && !config->eval_on[LS_SPLIT_TRAIN])
    return ls_fail(LS_EUSAGE,
                   "--metric %s: it is made of a whole split: eval.on must name train for it, or "
                   "take val_%s",
                   name, name);
  if (!ls_config_wants(config, metric)) ls_config_want(config, metric);
  return LS_OK;
}

ls_status ls_sweep_config(const ls_sweep_job *job, int64_t trial, const ls_sweep_run *run,
                          ls_config **out) {
  ls_texts settings = {0};
  *out = NULL;
  ls_status status = ls_sweep_settings(job->sweep->plan, trial, run, &settings);
  if (status == LS_OK) status = ls_sweep_parse(job, &settings, out);
  if (status == LS_OK) status = ask_for_metric(job, *out);
  ls_texts_free(&settings);
  return status;
}

/* ---- what a run says goes into its folder ---- */

static void keep_line(void *arg, ls_log_level level, const char *line) {
  static const char *const word[] = {"error: ", "warning: ", "", ""};
  group *g = arg;
  pthread_mutex_lock(&g->lock);
  const size_t room = sizeof g->text - g->said;
  const int length = snprintf(g->text + g->said, room, "%s%s%s", word[level], line,
                              *line && line[strlen(line) - 1] == '\n' ? "" : "\n");
  if (length > 0 && (size_t)length < room) g->said += (size_t)length;
  pthread_mutex_unlock(&g->lock);
}

/* Nothing hangs on it, so a failure is no failure. */
static void write_log(const group *g, const ls_sweep_run *run) {
  char *path = ls_mem_format("%s/%s/log.txt", g->job->sweep->dir, run->name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd >= 0) {
    if (write(fd, g->text, g->said) < 0) ls_log(LS_LOG_DEBUG, "%s cannot be written", path);
    close(fd);
  }
  LS_FREE(path);
}

/* ---- stopping ---- */

static double time_left(const group *g) { return g->job->limit - (ls_time() - g->job->started); }

/* Has this rank been asked to stop, or another group? */
static bool is_over(group *g) {
  if (g->job->limit > 0 && time_left(g) <= 0) g->stop = true;
  if (ls_train_signalled() || ls_claims_stopped(g->job->sweep->dir)) g->stop = true;
  return g->stop;
}

/* For the loop: a look at the folder twice a second. */
static bool others_stop(void *arg) {
  enum { LOOKS = 2 };
  group *g = arg;
  const double now = ls_time();
  if (now - g->looked < 1.0 / LOOKS) return g->stop;
  g->looked = now;
  if (ls_claims_stopped(g->job->sweep->dir)) g->stop = true;
  return g->stop;
}

/* ---- a run ---- */

static ls_status train(group *g, const ls_sweep_run *run) {
  const ls_sweep_job *job = g->job;
  char *dir = ls_mem_format("%s/%s", job->sweep->dir, run->name);
  ls_config *config = NULL;
  ls_train_result result = {0};
  const ls_train_options options = {
      .dir = dir,
      .resume = LS_RESUME_AUTO,
      .threads = job->threads,
      .time_limit = job->limit > 0 ? time_left(g) : 0,
      .until = job->until,
      .progress = "none",
      .stops = others_stop,
      .arg = g,
      .data = job->data ? job->data[run - job->sweep->plan->run] : NULL,
      .argc = job->argc,
      .argv = job->argv};
  ls_status status = ls_comm_agree(g->comm, ls_sweep_config(job, run->trial, run, &config));
  if (status == LS_OK) {
    ls_comm_watchdog(g->comm, config->watchdog);
    status = ls_train(g->comm, config, &options, &result);
  }
  json_decref(result.understood);
  LS_FREE(result.dir);
  ls_config_free(&config);
  LS_FREE(dir);
  return ls_comm_finish(g->comm, status);
}

/* What the folder does not tell by itself. */
static ls_status note_failure(const group *g, const ls_sweep_run *run, ls_status failed,
                              const char *text) {
  ls_sweep_row row = {0};
  LS_TRY(ls_sweep_row_read(g->job->sweep->dir, run->name, &row));
  const bool over = row.over;
  ls_sweep_row_free(&row);
  return over ? LS_OK : ls_sweep_row_fail(g->job->sweep->dir, run->name, failed, text);
}

static ls_status train_aside(group *g, const ls_sweep_run *run) {
  ls_status status = LS_OK;
  g->said = 0;
  ls_log_divert(&g->sink);
  const ls_status ended = train(g, run);
  ls_log_divert(NULL);
  if (ended == LS_ESTOPPED) g->stop = true;
  if (!g->root) return LS_OK;
  char *why = ls_mem_text(ls_error_text());
  if (ended != LS_OK && ended != LS_ESTOPPED) status = note_failure(g, run, ended, why);
  write_log(g, run);
  LS_FREE(why);
  return status;
}

/* ---- one after the other ---- */

/* *index: the next run that is this group's; -1: there is none. */
static ls_status take(group *g, int64_t *index) {
  const ls_sweep_job *job = g->job;
  bool mine = false;
  *index = -1;
  for (; !is_over(g) && !mine && g->next < job->sweep->plan->runs; g->next++) {
    if (job->sweep->over[g->next]) continue;
    LS_TRY(ls_claims_take(job->sweep->dir, g->next, &mine));
    if (mine) *index = g->next;
  }
  return LS_OK;
}

static ls_status work(group *g) {
  for (;;) {
    int64_t index = -1;
    LS_TRY(ls_comm_agree(g->comm, g->root ? take(g, &index) : LS_OK));
    ls_comm_bcast(g->comm, &index, sizeof index, 0);
    if (index < 0) return LS_OK;
    LS_TRY(ls_comm_agree(g->comm, train_aside(g, &g->job->sweep->plan->run[index])));
  }
}

static int group_of(const ls_comm *whole, const ls_sweep_job *job) {
  const int rank = ls_comm_rank(whole), size = ls_comm_size(whole);
  return job->ranks > 0 ? rank / job->ranks : (int)((int64_t)rank * job->groups / size);
}

ls_status ls_sweep_train(ls_comm *whole, const ls_sweep_job *job) {
  group *g;
  LS_COMM_NEW(whole, g, 1);
  g->job = job;
  pthread_mutex_init(&g->lock, NULL);
  ls_status status = ls_comm_split(whole, group_of(whole, job), &g->comm);
  if (status == LS_OK) {
    g->root = ls_comm_rank(g->comm) == 0;
    g->sink = (ls_log_sink){ls_comm_rank(g->comm), LS_LOG_INFO, keep_line, g};
    ls_lock *alive = NULL;
    status = ls_comm_agree(
        g->comm, g->root ? ls_claims_join(job->sweep->dir, group_of(whole, job), &alive) : LS_OK);
    if (status == LS_OK) status = work(g);
    ls_lock_release(&alive);
    if (g->root && (g->stop || ls_train_signalled() || status != LS_OK))
      ls_claims_stop(job->sweep->dir);
    ls_comm_close(&g->comm);
  }
  pthread_mutex_destroy(&g->lock);
  LS_FREE(g);
  return status;
}
