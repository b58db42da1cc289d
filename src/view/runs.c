/* runs.c - two runs are a group if all keys in which their configs differ have the flag
 * LS_KEY_ALIKE; if none of these decides an order of samples either, they have the same numbers
 * (compare). Begin with read_all -> find_group; labels say only what tells groups apart. */
#include "view/runs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "view/mean.h"

enum { KEYS_MAX = 3, APART_MAX = 48 }; /* in a label, and how long they are */

const char *const ls_final_names[] = {
    "epochs",    "loss",          "accuracy",      "val_loss",       "val_accuracy",
    "test_loss", "test_accuracy", "samples_per_s", "staleness_mean", "staleness_max",
    NULL};

/* ---- what a run came to ---- */

static double last(const ls_history *h, ls_history_column c) {
  return h->epoch.n > 0 ? h->epoch.column[c][h->epoch.n - 1] : (double)NAN;
}

/* Over the epochs that have one (a run may have gone on in another mode): of means their mean, of
 * maxima the largest. */
static double mean_of(const ls_history *h, ls_history_column c) {
  double sum = 0;
  int64_t n = 0;
  for (int64_t i = 0; i < h->epoch.n; i++) {
    if (!isfinite(h->epoch.column[c][i])) continue;
    sum += h->epoch.column[c][i];
    n++;
  }
  return n > 0 ? sum / (double)n : (double)NAN;
}

static double most_of(const ls_history *h, ls_history_column c) {
  double most = (double)NAN;
  for (int64_t i = 0; i < h->epoch.n; i++) most = fmax(most, h->epoch.column[c][i]);
  return most;
}

/* What the end event says, else the last epoch. */
static void take_finals(ls_runs_item *item) {
  const ls_history *h = item->history;
  for (int k = 0; k < LS_FINALS; k++) {
    const ls_history_column of_epochs = ls_history_column_of(ls_final_names[k]);
    item->final[k] = ls_history_end(h, ls_final_names[k]);
    if (isnan(item->final[k]) && of_epochs < LS_H_ASKED) item->final[k] = last(h, of_epochs);
  }
  item->final[LS_FINAL_EPOCHS] = h->epoch.n > 0 ? last(h, LS_H_EPOCH) : 0;
  item->final[LS_FINAL_STALENESS_MEAN] = mean_of(h, LS_H_STALENESS_MEAN);
  item->final[LS_FINAL_STALENESS_MAX] = most_of(h, LS_H_STALENESS_MAX);
}

static const char *verdict(const ls_runs_item *item) {
  const ls_history *h = item->history;
  if (strcmp(h->exit, "diverged") == 0) return "diverged";
  if (h->epoch.n > 0 && !isfinite(last(h, LS_H_LOSS))) return "diverged";
  if (!h->ended) return "unfinished";
  return h->dead ? "dead" : h->exit;
}

bool ls_runs_good(const ls_runs_item *item) {
  return strcmp(item->verdict, "diverged") != 0 && strcmp(item->verdict, "dead") != 0;
}

/* ---- groups ---- */

/* What two runs have in common: all but what repeats may differ in, and the seed and the fold too.
 */
typedef struct {
  bool group, numbers;
} likeness;

static void note_difference(void *context, const char *key, unsigned flags, const char *before,
                            const char *after) {
  likeness *l = context;
  (void)key, (void)before, (void)after;
  l->group = l->group && (flags & LS_KEY_ALIKE);
  l->numbers = l->numbers && !(flags & LS_KEY_ORDER);
}

/* Ranks that do not wait for one another make other updates where there are more of them. */
static bool ranks_matter(const ls_config *c) { return c && strcmp(c->mode, "synchronous") != 0; }

static likeness compare(const ls_runs_item *a, const ls_runs_item *b) {
  likeness l = {a->config && b->config, a->config && b->config};
  if (l.group) ls_config_diff(a->config, b->config, note_difference, &l);
  if (ranks_matter(a->config)) l.group = l.group && a->history->ranks == b->history->ranks;
  l.numbers = l.numbers && l.group && !ranks_matter(a->config);
  return l;
}

/* Of two with the same numbers the one that came further counts. */
static void find_group(ls_runs *runs, int which) {
  ls_runs_item *item = &runs->item[which];
  item->group = item->same_as = -1;
  for (int k = 0; k < which; k++) {
    ls_runs_item *other = &runs->item[k];
    likeness l = compare(other, item);
    if (l.group) item->group = other->group;
    if (!l.numbers || other->same_as >= 0) continue;
    bool further = item->final[LS_FINAL_EPOCHS] > other->final[LS_FINAL_EPOCHS];
    if (further)
      other->same_as = which;
    else
      item->same_as = k;
  }
  if (item->group < 0) item->group = runs->groups++;
}

/* ---- reading ---- */

static ls_status read_all(const char *const *path, int64_t steps, const char *asked,
                          ls_runs *runs) {
  LS_NEW(runs->item, runs->n);
  for (int i = 0; i < runs->n; i++) {
    ls_runs_item *item = &runs->item[i];
    item->path = path[i];
    LS_TRY(ls_history_read_asked(path[i], steps, asked, &item->history));
    /* no config.yaml, or one of another version: the run still has its numbers */
    (void)ls_config_of_run(path[i], NULL, 0, &item->config);
    take_finals(item);
    item->verdict = verdict(item);
    find_group(runs, i);
  }
  return LS_OK;
}

ls_status ls_runs_read(const char *const *path, int64_t steps, const char *asked, ls_runs **out) {
  ls_runs *runs;
  LS_NEW(runs, 1);
  *out = runs;
  while (path[runs->n]) runs->n++;
  ls_status status = runs->n > 0 ? read_all(path, steps, asked, runs)
                                 : ls_fail(LS_EUSAGE, "which runs? name one folder or more");
  if (status != LS_OK) ls_runs_free(out);
  return status;
}

void ls_runs_free(ls_runs **runs) {
  if (!*runs) return;
  for (int i = 0; (*runs)->item && i < (*runs)->n; i++) {
    ls_history_free(&(*runs)->item[i].history);
    ls_config_free(&(*runs)->item[i].config);
  }
  LS_FREE((*runs)->item);
  LS_FREE(*runs);
}

/* ---- over a group ---- */

bool ls_runs_counts(const ls_runs_item *item, int group) {
  return item->group == group && item->same_as < 0;
}

const ls_runs_item *ls_runs_first(const ls_runs *runs, int group) {
  int i = 0;
  while (!ls_runs_counts(&runs->item[i], group)) i++;
  return &runs->item[i];
}

int ls_runs_size(const ls_runs *runs, int group) {
  int n = 0;
  for (int i = 0; i < runs->n; i++) n += ls_runs_counts(&runs->item[i], group);
  return n;
}

const char *ls_runs_unit(const ls_runs *runs, int group) {
  for (int i = 0; i < runs->n; i++) {
    const ls_config *c = runs->item[i].config;
    if (!c || !ls_runs_counts(&runs->item[i], group)) continue;
    if (c->data.fold.k > 0) return "run";
    for (int k = 0; k < i; k++)
      if (ls_runs_counts(&runs->item[k], group) && runs->item[k].config->seed == c->seed)
        return "run";
  }
  return "seed";
}

void ls_runs_tell_again(const ls_runs *runs) {
  for (int i = 0; i < runs->n; i++) {
    const ls_runs_item *item = &runs->item[i];
    if (item->same_as >= 0)
      ls_log(LS_LOG_WARN, "%s has config and seed of %s: the two count as one run", item->path,
             runs->item[item->same_as].path);
  }
}

static void short_label(const ls_runs_item *item, char *out, size_t size) {
  const ls_config *c = item->config;
  if (!c) {
    snprintf(out, size, "%s", item->path);
    return;
  }
  const bool constant = strcmp(c->schedule.ops->name, "constant") == 0;
  char *rate = ls_mem_format(" lr=%g%s%s", c->optimizer.lr, constant ? "" : ", ",
                             constant ? "" : ls_schedule_name(&c->schedule)),
       *optimizers = ls_config_optimizers(c, rate);
  int used = 0;
  if (ranks_matter(c)) used = snprintf(out, size, "%s on %d: ", c->mode, item->history->ranks);
  snprintf(out + used, size - (size_t)used, "%s", optimizers);
  LS_FREE(rate);
  LS_FREE(optimizers);
}

/* What a group has of its own among others that read like it, ", key=value" each. */
typedef struct {
  ls_buffer text;
  int keys;
} apart;

/* A key without its section: "decay_rate" of schedule.decay_rate. */
static void note_apart(void *context, const char *key, unsigned flags, const char *before,
                       const char *after) {
  apart *a = context;
  const char *dot = strchr(key, '.'), *name = dot ? dot + 1 : key;
  (void)before;
  if (flags & LS_KEY_ALIKE) return;
  char *added = ls_mem_format(", %s=%s", name, after);
  const bool known = a->keys > 0 && strstr(a->text.text, added);
  if (!known) ls_buffer_add(&a->text, "%s", added);
  a->keys += !known;
  LS_FREE(added);
}

/* What tells it from the others: keys, where they are few and short, or else its folder. */
static char *told_apart(const ls_runs_item *item, const char *label, apart *a) {
  const bool brief = a->keys <= KEYS_MAX && a->text.length <= APART_MAX;
  if (a->keys == 0) return ls_mem_text(label);
  return brief ? ls_mem_format("%s%s", label, a->text.text)
               : ls_mem_format("%s (%s)", label, item->path);
}

char *ls_runs_label(const ls_runs *runs, int group) {
  const ls_runs_item *item = ls_runs_first(runs, group);
  char mine[256], theirs[256];
  apart a = {0};
  short_label(item, mine, sizeof mine);
  for (int g = 0; g < runs->groups; g++) {
    const ls_runs_item *other = ls_runs_first(runs, g);
    short_label(other, theirs, sizeof theirs);
    if (g == group || strcmp(mine, theirs) != 0 || !item->config || !other->config) continue;
    ls_config_diff(other->config, item->config, note_apart, &a);
  }
  char *label = told_apart(item, mine, &a);
  LS_FREE(a.text.text);
  return label;
}

char *ls_runs_title(const ls_runs *runs, int item) {
  const ls_runs_item *it = &runs->item[item];
  if (!it->config) return ls_mem_text(it->path);
  char *label = ls_runs_label(runs, it->group);
  char usual[256];
  short_label(it, usual, sizeof usual);
  const bool alone = ls_runs_size(runs, it->group) == 1;
  const bool enough = strstr(label, it->path) || (alone && strcmp(label, usual) != 0);
  char *title = enough ? ls_mem_text(label) : ls_mem_format("%s (%s)", it->path, label);
  LS_FREE(label);
  return title;
}

typedef double (*getter)(const ls_runs_item *item, const void *what);

static int group_mean(const ls_runs *runs, int group, getter get, const void *what, double *mean,
                      double *deviation) {
  int good = 0;
  ls_mean all = {0};
  for (int i = 0; i < runs->n; i++)
    good += ls_runs_counts(&runs->item[i], group) && ls_runs_good(&runs->item[i]);
  for (int i = 0; i < runs->n; i++) {
    const ls_runs_item *item = &runs->item[i];
    if (ls_runs_counts(item, group) && (good == 0 || ls_runs_good(item)))
      ls_mean_add(&all, get(item, what));
  }
  *mean = ls_mean_value(&all);
  *deviation = ls_mean_deviation(&all);
  return (int)all.n;
}

static double final_of(const ls_runs_item *item, const void *what) {
  return item->final[*(const ls_final *)what];
}

int ls_runs_mean(const ls_runs *runs, int group, ls_final what, double *mean, double *deviation) {
  return group_mean(runs, group, final_of, &what, mean, deviation);
}

static double member_of(const ls_runs_item *item, const void *name) {
  return ls_history_end(item->history, name);
}

int ls_runs_end_mean(const ls_runs *runs, int group, const char *name, double *mean,
                     double *deviation) {
  return group_mean(runs, group, member_of, name, mean, deviation);
}
