/* halving.c - nothing is remembered: each look begins at rung 0 and decides every rung anew
 * from the folders, up to the first that has runs to train. Begin with look -> read_rung,
 * decide. Rungs are planned backwards, from the whole run in halves. */
#include "cli/sweep/halving.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"

static int64_t half(int64_t n) { return (n + 1) / 2; }

ls_rung_plan ls_halving_plan(int64_t trials, int64_t epochs, int64_t first) {
  ls_rung_plan h = {.rungs = 1, .epochs = {epochs}, .trials = {trials}};
  if (first < 1) first = 1;
  for (int64_t n = trials, e = epochs; h.rungs < LS_RUNGS_MAX && n > 1 && half(e) >= first && e > 1;
       h.rungs++)
    n = half(n), e = half(e);
  for (int r = 1; r < h.rungs; r++) h.trials[r] = half(h.trials[r - 1]);
  h.epochs[h.rungs - 1] = epochs;
  for (int r = h.rungs - 1; r > 0; r--) h.epochs[r - 1] = half(h.epochs[r]);
  return h;
}

void ls_halving_text(const ls_rung_plan *halving, int rung, char out[LS_HALVING_TEXT]) {
  *out = '\0';
  if (halving->rungs > 1)
    snprintf(out, LS_HALVING_TEXT, "rung %d of %d, to epoch %lld: ", rung + 1, halving->rungs,
             (long long)halving->epochs[rung]);
}

/* ---- a rung ---- */

typedef struct {
  const ls_rung_plan *halving;
  const char *dir, *metric;
  const ls_sweep_plan *plan;
  ls_sweep_row *row;
  ls_sweep_stage *stage;
  double *value; /* (runs) of the metric at the end of this rung */
} judge;

/* What a run came to in a rung; *there: it has been trained so far, or will not be. */
static ls_status read_value(const judge *j, int64_t i, bool *there) {
  const ls_sweep_row *row = &j->row[i];
  const int rung = j->stage->rung;
  int64_t last;
  bool found = false;
  *there = row->over;
  if (rung < j->halving->rungs - 1) {
    const int64_t epoch = j->halving->epochs[rung];
    LS_TRY(ls_sweep_row_at(j->dir, j->plan->run[i].name, epoch, j->metric, &last, &found,
                           &j->value[i]));
    /* a run that was killed at this very epoch may lack its checkpoint and its end event */
    *there = row->over || last > epoch || (last == epoch && row->paused);
  }
  if (!found && row->good) j->value[i] = ls_sweep_row_value(row, j->metric);
  return LS_OK;
}

static ls_status read_rung(judge *j) {
  ls_sweep_stage *stage = j->stage;
  stage->left = 0;
  for (int64_t i = 0; i < j->plan->runs; i++) {
    bool there = true;
    j->value[i] = (double)NAN;
    if (j->row[i].rung == stage->rung) LS_TRY(read_value(j, i, &there));
    stage->over[i] = there;
    stage->left += !there;
  }
  return LS_OK;
}

static void prune(const judge *j, int64_t trial) {
  const int64_t each = j->plan->runs / j->plan->trials;
  for (int64_t i = (trial - 1) * each; i < trial * each; i++) {
    ls_sweep_row *row = &j->row[i];
    if (row->over) continue;
    row->over = true;
    snprintf(row->status, sizeof row->status, "pruned");
  }
}

static void promote(const judge *j, int64_t trial) {
  const int64_t each = j->plan->runs / j->plan->trials;
  for (int64_t i = (trial - 1) * each; i < trial * each; i++) j->row[i].rung = j->stage->rung + 1;
}

/* The better half goes on, as far as it has a value. */
static ls_status decide(const judge *j) {
  const int64_t most = j->halving->trials[j->stage->rung + 1];
  ls_sweep_trial *t;
  LS_TRY(ls_sweep_rank(j->plan, j->row, j->value, j->metric, &t));
  for (int64_t i = 0; i < j->plan->trials && t[i].rung == j->stage->rung; i++) {
    if (i < most && !isnan(t[i].mean))
      promote(j, t[i].trial);
    else
      prune(j, t[i].trial);
  }
  LS_FREE(t);
  return LS_OK;
}

static ls_status look(judge *j) {
  ls_sweep_stage *stage = j->stage;
  for (stage->rung = 0; stage->rung < j->halving->rungs; stage->rung++) {
    LS_TRY(read_rung(j));
    if (stage->left > 0) return LS_OK;
    if (stage->rung < j->halving->rungs - 1) LS_TRY(decide(j));
  }
  return LS_OK;
}

ls_status ls_halving_look(const ls_rung_plan *halving, const char *dir, const ls_sweep_plan *plan,
                          const char *metric, ls_sweep_row *row, ls_sweep_stage *stage) {
  judge j = {halving, dir, metric, plan, row, stage, NULL};
  for (int64_t i = 0; i < plan->runs; i++) row[i].rung = 0;
  LS_NEW(j.value, plan->runs);
  const ls_status status = look(&j);
  LS_FREE(j.value);
  return status;
}
