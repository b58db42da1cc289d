/* plan.c - begin with build: keys, seeds, counts, then every run by name. A drawn value is a
 * random number of the stream that the key's hash names, so that more trials, or another key,
 * change none of it (drawn). */
#include "cli/sweep/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/elementary.h"
#include "base/mem.h"
#include "base/rng.h"
#include "config/number.h"

enum { RUNS_MAX = 1000000 };
#define TRIAL "trial-" /* begins the names of runs' folders */

/* ---- texts ---- */

/* Up to the next comma that is not within brackets, braces or quotes. */
static size_t item_length(const char *text) {
  int depth = 0;
  char quote = 0;
  size_t n = 0;
  for (; text[n] && (text[n] != ',' || depth > 0 || quote); n++) {
    const char c = text[n];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else {
      depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    }
  }
  return n;
}

static ls_status split(const char *option, const char *text, ls_texts *out) {
  for (const char *at = text;; at++) {
    const size_t n = item_length(at);
    if (n == 0) return ls_fail(LS_EUSAGE, "%s: a value is empty", option);
    LS_TRY(ls_texts_add(out, ls_mem_format("%.*s", (int)n, at)));
    at += n;
    if (!*at) return LS_OK;
  }
}

/* ---- SPEC ---- */

static ls_status check_range(const char *option, const ls_vary *v) {
  if (!(v->lo < v->hi))
    return ls_fail(LS_EUSAGE, "%s: a range is LO:HI or LO:HI:log, and LO is the smaller", option);
  if (v->kind == LS_VARY_LOG && v->lo <= 0)
    return ls_fail(LS_EUSAGE, "%s: only numbers above 0 have a logarithm", option);
  const bool fits =
      floor(v->lo) == v->lo && floor(v->hi) == v->hi && fabs(v->lo) < 1e15 && fabs(v->hi) < 1e15;
  if (v->whole && !fits) return ls_fail(LS_EUSAGE, "%s: %s takes whole numbers", option, v->key);
  return LS_OK;
}

/* LO:HI or LO:HI:log; *is false where the text is no range, but a list. */
static ls_status read_range(const char *option, const char *text, ls_vary *v, bool *is) {
  const char *end;
  char *hi;
  *is = false;
  if (ls_number_begin(text, &end, &v->lo) || !end || *end != ':') return LS_OK;
  *is = true;
  const char *last = strchr(end + 1, ':');
  hi = last ? ls_mem_format("%.*s", (int)(last - end - 1), end + 1) : ls_mem_text(end + 1);
  const bool good = !ls_number_parse(hi, &v->hi) && (!last || strcmp(last, ":log") == 0);
  LS_FREE(hi);
  v->kind = last ? LS_VARY_LOG : LS_VARY_RANGE;
  if (!good) return ls_fail(LS_EUSAGE, "%s: a range is LO:HI or LO:HI:log, two numbers", option);
  return check_range(option, v);
}

/* No key is varied that another option, or the sweep itself, sets; nor one of those before it. */
static ls_status check_key(const char *option, const char *key, const ls_vary *before, int count) {
  static const char *const own[][2] = {{"seed", "--seeds LIST says which seeds"},
                                       {"data.fold", "--folds K makes the folds"},
                                       {"output.dir", "-o DIR holds all runs"}};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(key, own[i][0]) == 0) return ls_fail(LS_EUSAGE, "%s: %s", option, own[i][1]);
  for (int i = 0; i < count; i++)
    if (strcmp(before[i].key, key) == 0) return ls_fail(LS_EUSAGE, "%s: given twice", option);
  return LS_OK;
}

/* Into vary[count]; those before it are read. */
static ls_status read_vary(const char *given, ls_vary *vary, int count) {
  ls_vary *v = &vary[count];
  const char *equal = strchr(given, '=');
  bool range;
  if (!equal || equal == given || !equal[1])
    return ls_fail(LS_EUSAGE, "--vary %s: it is KEY=A,B,C or KEY=LO:HI or KEY=LO:HI:log", given);
  char *option = ls_mem_format("--vary %s", given);
  v->key = ls_mem_format("%.*s", (int)(equal - given), given);
  v->whole = ls_config_key_is_whole(v->key);
  ls_status status = check_key(option, v->key, vary, count);
  if (status == LS_OK) status = read_range(option, equal + 1, v, &range);
  if (status == LS_OK && !range) status = split(option, equal + 1, &v->list);
  LS_FREE(option);
  return status;
}

static ls_status read_varies(const ls_sweep_asked *asked, ls_sweep_plan *plan) {
  int count = 0;
  while (asked->vary && asked->vary[count]) count++;
  LS_NEW(plan->vary, count);
  while (plan->varies < count) {
    const int i = plan->varies++; /* counted first: it is freed, however far it was read */
    LS_TRY(read_vary(asked->vary[i], plan->vary, i));
  }
  return LS_OK;
}

/* ---- LIST ---- */

static ls_status add_seeds(const char *item, ls_sweep_plan *plan) {
  int64_t first, last;
  const char *dash = strchr(item, '-');
  char *head = dash ? ls_mem_format("%.*s", (int)(dash - item), item) : ls_mem_text(item);
  const bool good = !ls_integer_parse(head, &first) &&
                    !ls_integer_parse(dash ? dash + 1 : item, &last) && first >= 0 &&
                    first <= last && last - first < RUNS_MAX;
  LS_FREE(head);
  if (!good)
    return ls_fail(LS_EUSAGE, "--seeds %s: it is a list like 1,2,5 or 1-5 of whole numbers", item);
  LS_GROW(plan->seed, plan->seeds + last - first + 1);
  for (int64_t s = first; s <= last; s++) {
    for (int64_t i = 0; i < plan->seeds; i++)
      if (plan->seed[i] == (uint64_t)s) return ls_fail(LS_EUSAGE, "--seeds: %jd is there twice", s);
    plan->seed[plan->seeds++] = (uint64_t)s;
  }
  return LS_OK;
}

static ls_status read_seeds(const char *given, ls_sweep_plan *plan) {
  ls_texts items = {0};
  if (!given) {
    LS_NEW(plan->seed, 1);
    plan->seed[plan->seeds++] = plan->draws;
    return LS_OK;
  }
  ls_status status = split("--seeds", given, &items);
  for (int64_t i = 0; status == LS_OK && i < items.count; i++)
    status = add_seeds(items.text[i], plan);
  ls_texts_free(&items);
  return status;
}

/* ---- how many ---- */

static ls_status count_trials(const ls_sweep_asked *asked, ls_sweep_plan *plan) {
  bool ranges = false;
  int64_t grid = 1;
  for (int i = 0; i < plan->varies; i++) {
    ranges = ranges || plan->vary[i].kind != LS_VARY_LIST;
    if (plan->vary[i].kind == LS_VARY_LIST) grid *= plan->vary[i].list.count;
    if (grid > RUNS_MAX) return ls_fail(LS_EUSAGE, "--vary: more than %d trials", RUNS_MAX);
  }
  if (asked->trials < 0 || asked->trials > RUNS_MAX)
    return ls_fail(LS_EUSAGE, "--trials %jd: it is 1 to %d", asked->trials, RUNS_MAX);
  if (ranges && asked->trials == 0)
    return ls_fail(LS_EUSAGE,
                   "--vary has a range, whose values are drawn: --trials N says how many");
  if (plan->varies == 0 && asked->trials > 0)
    return ls_fail(LS_EUSAGE,
                   "--trials says how often values of a range are drawn, and no key is varied: "
                   "--vary KEY=LO:HI");
  if (!ranges && asked->trials > 0)
    return ls_fail(LS_EUSAGE,
                   "--trials says how often values of a range are drawn, and there is none: the "
                   "lists make %jd trials, one of each combination",
                   grid);
  plan->trials = ranges ? asked->trials : grid;
  if (asked->folds != 0 && (asked->folds < 2 || asked->folds > RUNS_MAX))
    return ls_fail(LS_EUSAGE, "--folds %jd: it is 2 or more", asked->folds);
  plan->folds = asked->folds;
  return LS_OK;
}

static char *name_of(const ls_sweep_run *run) {
  if (run->fold < 0) return ls_mem_format(TRIAL "%jd-seed-%ju", run->trial, run->seed);
  return ls_mem_format(TRIAL "%jd-fold-%jd-seed-%ju", run->trial, run->fold, run->seed);
}

int64_t ls_sweep_trial_of(const char *folder) {
  const size_t length = strlen(TRIAL);
  const int64_t trial = strncmp(folder, TRIAL, length) == 0 ? atoll(folder + length) : 0;
  return trial > 0 ? trial : 0;
}

static ls_status list_runs(ls_sweep_plan *plan) {
  const int64_t folds = plan->folds > 0 ? plan->folds : 1, each = folds * plan->seeds;
  plan->each = each;
  if (plan->trials * each > RUNS_MAX)
    return ls_fail(LS_EUSAGE, "%jd trials x %jd folds x %jd seeds are more than %d runs",
                   plan->trials, folds, plan->seeds, RUNS_MAX);
  LS_NEW(plan->run, plan->trials * each);
  for (; plan->runs < plan->trials * each; plan->runs++) {
    ls_sweep_run *run = &plan->run[plan->runs];
    run->trial = plan->runs / each + 1;
    run->fold = plan->folds > 0 ? plan->runs % each / plan->seeds : -1;
    run->seed = plan->seed[plan->runs % plan->seeds];
    run->name = name_of(run);
  }
  return LS_OK;
}

static ls_status build(const ls_sweep_asked *asked, ls_sweep_plan *plan) {
  LS_TRY(read_varies(asked, plan));
  LS_TRY(read_seeds(asked->seeds, plan));
  LS_TRY(count_trials(asked, plan));
  return list_runs(plan);
}

ls_status ls_sweep_plan_new(const ls_sweep_asked *asked, const ls_config *base,
                            ls_sweep_plan **out) {
  LS_NEW(*out, 1);
  (*out)->draws = base->seed;
  ls_status status = build(asked, *out);
  if (status != LS_OK) ls_sweep_plan_free(out);
  return status;
}

void ls_sweep_plan_free(ls_sweep_plan **out) {
  ls_sweep_plan *plan = *out;
  if (!plan) return;
  for (int64_t i = 0; i < plan->runs; i++) LS_FREE(plan->run[i].name);
  for (int i = 0; i < plan->varies; i++) {
    LS_FREE(plan->vary[i].key);
    ls_texts_free(&plan->vary[i].list);
  }
  LS_FREE(plan->vary);
  LS_FREE(plan->seed);
  LS_FREE(plan->run);
  LS_FREE(*out);
}

/* ---- values ---- */

static const char *listed(const ls_sweep_plan *plan, int vary, int64_t trial) {
  int64_t turn = trial - 1;
  for (int i = plan->varies - 1; i > vary; i--)
    if (plan->vary[i].kind == LS_VARY_LIST) turn /= plan->vary[i].list.count;
  return plan->vary[vary].list.text[turn % plan->vary[vary].list.count];
}

static double in_range(const ls_vary *v, double x) { return fmin(fmax(x, v->lo), v->hi); }

static double drawn(const ls_sweep_plan *plan, const ls_vary *v, int64_t trial) {
  const uint64_t stream = ls_rng_stream(LS_STREAM_SWEEP, XXH3_64bits(v->key, strlen(v->key)));
  const double u = ls_rng_uniform(plan->draws, stream, (uint64_t)trial),
               hi = v->whole ? v->hi + 1 : v->hi;
  const double x = v->kind == LS_VARY_LOG ? v->lo * ls_exponential(u * ls_logarithm(hi / v->lo))
                                          : v->lo + u * (hi - v->lo);
  return in_range(v, v->whole ? floor(x) : x);
}

char *ls_sweep_value(const ls_sweep_plan *plan, int vary, int64_t trial) {
  const ls_vary *v = &plan->vary[vary];
  char text[LS_NUMBER_TEXT];
  double value;
  if (v->kind == LS_VARY_LIST) return ls_mem_text(listed(plan, vary, trial));
  snprintf(text, sizeof text, v->whole ? "%.15g" : "%.4g", drawn(plan, v, trial));
  (void)ls_number_parse(text, &value);
  ls_number_print(in_range(v, value), text); /* rounded, it may have left the range */
  return ls_mem_text(text);
}

ls_status ls_sweep_settings(const ls_sweep_plan *plan, int64_t trial, const ls_sweep_run *run,
                            ls_texts *out) {
  for (int i = 0; i < plan->varies; i++) {
    char *value = ls_sweep_value(plan, i, trial);
    const ls_status status = ls_texts_add(out, ls_mem_format("%s=%s", plan->vary[i].key, value));
    LS_FREE(value);
    LS_TRY(status);
  }
  if (!run) return LS_OK;
  if (run->fold >= 0)
    LS_TRY(ls_texts_add(out, ls_mem_format("data.fold={k: %jd, n: %jd}", plan->folds, run->fold)));
  return ls_texts_add(out, ls_mem_format("seed=%ju", run->seed));
}

static const char *last_word(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot ? dot + 1 : key;
}

char *ls_sweep_label(const ls_sweep_plan *plan, int64_t trial, bool brief) {
  ls_buffer text = {0};
  ls_buffer_add(&text, "%s", "");
  for (int i = 0; i < plan->varies; i++) {
    const char *key = brief ? last_word(plan->vary[i].key) : plan->vary[i].key;
    char *value = ls_sweep_value(plan, i, trial);
    ls_buffer_add(&text, " %s=%s", key, value);
    LS_FREE(value);
  }
  return text.text;
}
