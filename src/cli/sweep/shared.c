/* shared.c - runs have the same data if the keys that say which samples there are differ in the
 * same way from the sweep's config (name_of). Begin with ls_sweep_data_open -> find_sets,
 * open_sets; a set of one run is opened only where its failure is the whole sweep's. */
#include "cli/sweep/shared.h"

#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

/* Data that runs share, by what determines them. */
typedef struct {
  int64_t first, runs; /* the first run that has them, and how many do */
  ls_config *config;   /* of that one, which the open data point into */
  ls_data *data;       /* NULL: each run opens its own */
} set;

struct ls_sweep_data {
  int64_t runs, sets;
  int64_t *of;    /* (runs) the set of each; -1: it is over */
  ls_data **lent; /* (runs) */
  set *set;       /* (sets) */
};

/* ---- which runs have the same data ---- */

/* Keys that say which samples there are, as they are kept. */
static void note(void *context, const char *key, unsigned flags, const char *before,
                 const char *after) {
  ls_buffer *to = context;
  (void)flags, (void)before;
  if (strncmp(key, "data.", 5) == 0 || strcmp(key, "train.class_weights") == 0 ||
      strcmp(key, "eval.on") == 0)
    ls_buffer_add(to, "%s=%s\n", key, after);
}

/* In what a run's data differ from those of the sweep's config; ls_mem. */
static char *name_of(const ls_config *base, const ls_config *config) {
  ls_buffer text = {0};
  ls_buffer_add(&text, "%d %d\n", (int)ls_config_target(config), (int)config->precision);
  ls_config_diff(base, config, note, &text);
  return text.text;
}

static ls_status place(ls_sweep_data *d, int64_t run, char *name, ls_texts *names) {
  int64_t i = 0;
  while (i < names->count && strcmp(names->text[i], name) != 0) i++;
  d->of[run] = i;
  if (i < names->count) {
    d->set[i].runs++;
    LS_FREE(name);
    return LS_OK;
  }
  d->set[d->sets++] = (set){.first = run, .runs = 1};
  return ls_texts_add(names, name);
}

/* Keys that no data hang on, so that the runs' configs need not be read to see it. */
static bool is_apart(const char *key) {
  static const char *const begin[] = {"optimizer",   "then",         "schedule",   "model",
                                      "train.batch", "train.epochs", "train.steps"};
  for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
    if (strncmp(key, begin[i], strlen(begin[i])) == 0) return true;
  return false;
}

static bool vary_apart(const ls_sweep_plan *plan) {
  for (int k = 0; k < plan->varies; k++)
    if (!is_apart(plan->vary[k].key)) return false;
  return true;
}

static ls_status sort_by_fold(ls_sweep_data *d, const ls_sweep_plan *plan, const bool *over,
                              bool stream, ls_texts *names) {
  for (int64_t i = 0; i < d->runs; i++) {
    d->of[i] = -1;
    if (over[i] || stream) continue;
    LS_TRY(place(d, i, ls_mem_format("%jd", plan->run[i].fold), names));
  }
  return LS_OK;
}

static ls_status sort_runs(ls_sweep_data *d, const ls_sweep_job *job, const bool *over,
                           const ls_config *base, ls_texts *names) {
  for (int64_t i = 0; i < d->runs; i++) {
    const ls_sweep_run *run = &job->sweep->plan->run[i];
    ls_config *config = NULL;
    d->of[i] = -1;
    if (over[i]) continue;
    LS_TRY(ls_sweep_config(job, run->trial, run, &config));
    ls_status status = config->data.stream ? LS_OK : place(d, i, name_of(base, config), names);
    ls_config_free(&config);
    LS_TRY(status);
  }
  return LS_OK;
}

/* Rank 0. */
static ls_status find_sets(ls_sweep_data *d, const ls_sweep_job *job, const bool *over) {
  ls_config *base = NULL;
  ls_texts names = {0};
  LS_TRY(ls_sweep_config(job, job->sweep->plan->run[0].trial, &job->sweep->plan->run[0], &base));
  const ls_status status = vary_apart(job->sweep->plan)
                               ? sort_by_fold(d, job->sweep->plan, over, base->data.stream, &names)
                               : sort_runs(d, job, over, base, &names);
  ls_texts_free(&names);
  ls_config_free(&base);
  return status;
}

/* ---- opening ---- */

/* Is there room for one more, as large as those that there are, and as much again for the runs? */
static bool has_room(ls_comm *whole, int64_t open) {
  const size_t each = open > 0 ? ls_comm_shared_bytes(whole) / (size_t)open : 0;
  return ls_comm_or(whole, each > 0 && ls_comm_host_memory() / 2 < each) == 0;
}

static ls_status open_set(ls_comm *whole, const ls_sweep_job *job, set *s) {
  const ls_sweep_run *run = &job->sweep->plan->run[s->first];
  LS_TRY(ls_comm_agree(whole, ls_sweep_config(job, run->trial, run, &s->config)));
  ls_config *c = s->config;
  c->data.whole = c->eval_on_given && c->eval_on[LS_SPLIT_ALL];
  LS_TRY(ls_data_open(whole, &c->data, ls_config_target(c), c->precision, &s->data));
  return ls_data_lend(whole, s->data);
}

static void close_set(ls_comm *whole, set *s) {
  ls_data_close(whole, &s->data);
  ls_config_free(&s->config);
}

/* Are they the same for all runs, but for the fold? */
static bool is_one(const ls_sweep_data *d, const ls_sweep_plan *plan) {
  return d->sets == (plan->folds > 0 ? plan->folds : 1) && d->of[0] == 0;
}

static ls_status open_sets(ls_comm *whole, const ls_sweep_job *job, bool begins, ls_sweep_data *d) {
  int64_t open = 0;
  const bool decisive = begins && is_one(d, job->sweep->plan);
  for (int64_t i = 0; i < d->sets; i++) {
    const bool needed = i == 0 && decisive;
    if (!needed && (d->set[i].runs < 2 || !has_room(whole, open))) continue;
    const ls_status status = open_set(whole, job, &d->set[i]);
    if (status == LS_OK) open++;
    if (status != LS_OK) close_set(whole, &d->set[i]);
    if (status != LS_OK && needed) return status;
  }
  return LS_OK;
}

ls_status ls_sweep_data_open(ls_comm *whole, const ls_sweep_job *job, const bool *over, bool begins,
                             ls_sweep_data **out) {
  LS_COMM_NEW(whole, *out, 1);
  ls_sweep_data *d = *out;
  d->runs = job->sweep->plan->runs;
  LS_COMM_NEW(whole, d->of, d->runs);
  LS_COMM_NEW(whole, d->set, d->runs);
  LS_COMM_NEW(whole, d->lent, d->runs);
  LS_TRY(ls_comm_agree(whole, ls_comm_rank(whole) == 0 ? find_sets(d, job, over) : LS_OK));
  ls_comm_bcast(whole, &d->sets, sizeof d->sets, 0);
  ls_comm_bcast(whole, d->of, (size_t)d->runs * sizeof *d->of, 0);
  ls_comm_bcast(whole, d->set, (size_t)d->sets * sizeof *d->set, 0);
  LS_TRY(open_sets(whole, job, begins, d));
  for (int64_t i = 0; i < d->runs; i++) d->lent[i] = d->of[i] < 0 ? NULL : d->set[d->of[i]].data;
  return LS_OK;
}

void ls_sweep_data_close(ls_comm *whole, ls_sweep_data **data) {
  ls_sweep_data *d = *data;
  if (!d) return;
  for (int64_t i = 0; d->set && i < d->sets; i++) close_set(whole, &d->set[i]);
  LS_FREE(d->set);
  LS_FREE(d->lent);
  LS_FREE(d->of);
  LS_FREE(*data);
}

ls_data *const *ls_sweep_data_lent(const ls_sweep_data *d) { return d->lent; }
