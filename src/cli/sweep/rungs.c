/* rungs.c - nothing is remembered: each look begins at rung 0 and decides every rung anew from the
 * folders, up to the first that has runs to train. Begin with ls_rungs_look -> look -> read_rung,
 * decide. Rungs are planned backwards, from the whole run in halves. */
#include "cli/sweep/rungs.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/sweep/journal.h"

static int64_t half(int64_t n) { return (n + 1) / 2; }

ls_rungs ls_rungs_plan(int64_t trials, int64_t epochs, int64_t first) {
  ls_rungs r = {.count = 1};
  if (first < 1) first = 1;
  int64_t n = trials, e = epochs;
  for (; r.count < LS_RUNGS_MAX && n > 1 && half(e) >= first && e > 1; r.count++) {
    n = half(n);
    e = half(e);
  }
  r.trials[0] = trials;
  r.epochs[r.count - 1] = epochs;
  for (int k = 1; k < r.count; k++) r.trials[k] = half(r.trials[k - 1]);
  for (int k = r.count - 1; k > 0; k--) r.epochs[k - 1] = half(r.epochs[k]);
  return r;
}

void ls_rung_text(const ls_sweep *s, char out[LS_RUNG_TEXT]) {
  *out = '\0';
  if (s->rungs.count > 1)
    snprintf(out, LS_RUNG_TEXT, "rung %d of %d, to epoch %jd: ", s->rung + 1, s->rungs.count,
             s->rungs.epochs[s->rung]);
}

/* ---- a rung ---- */

/* What a run came to in this rung, NaN: nothing that is known; *there: it has been trained so far,
 * or will not be. */
static ls_status read_value(const ls_sweep *s, int64_t i, double *value, bool *there) {
  const ls_sweep_row *row = &s->row[i];
  int64_t last;
  bool found = false;
  *there = row->over;
  if (s->rung < s->rungs.count - 1) {
    const int64_t epoch = s->rungs.epochs[s->rung];
    LS_TRY(ls_sweep_row_at(s->dir, s->plan->run[i].name, epoch, s->metric, &last, &found, value));
    /* a run that was killed at this very epoch may lack its checkpoint and its end event */
    *there = row->over || last > epoch || (last == epoch && row->paused);
  }
  if (!found && row->good) *value = ls_sweep_row_value(row, s->metric);
  return LS_OK;
}

/* value (runs): of the metric at the end of this rung. */
static ls_status read_rung(ls_sweep *s, double *value) {
  s->left = 0;
  for (int64_t i = 0; i < s->plan->runs; i++) {
    bool there = true;
    value[i] = (double)NAN;
    if (s->row[i].rung == s->rung) LS_TRY(read_value(s, i, &value[i], &there));
    s->over[i] = there;
    s->left += !there;
  }
  return LS_OK;
}

static void prune(ls_sweep_row *row) {
  if (row->over) return;
  row->over = true;
  snprintf(row->status, sizeof row->status, "pruned");
}

/* The better half goes on, as far as it has a value. */
static ls_status decide(const ls_sweep *s, const double *value) {
  const int64_t most = s->rungs.trials[s->rung + 1], each = s->plan->each;
  ls_sweep_trial *t;
  LS_TRY(ls_sweep_rank(s, value, &t));
  for (int64_t i = 0; i < s->plan->trials && t[i].rung == s->rung; i++) {
    ls_sweep_row *row = &s->row[(t[i].trial - 1) * each];
    const bool goes_on = i < most && !isnan(t[i].mean);
    for (int64_t k = 0; k < each; k++) {
      if (goes_on)
        row[k].rung = s->rung + 1;
      else
        prune(&row[k]);
    }
  }
  LS_FREE(t);
  return LS_OK;
}

static ls_status look(ls_sweep *s, double *value) {
  for (s->rung = 0; s->rung < s->rungs.count; s->rung++) {
    LS_TRY(read_rung(s, value));
    if (s->left > 0) return LS_OK;
    if (s->rung < s->rungs.count - 1) LS_TRY(decide(s, value));
  }
  return LS_OK;
}

ls_status ls_rungs_look(ls_sweep *s) {
  double *value;
  for (int64_t i = 0; i < s->plan->runs; i++) s->row[i].rung = 0;
  LS_NEW(value, s->plan->runs);
  const ls_status status = look(s, value);
  LS_FREE(value);
  return status;
}
