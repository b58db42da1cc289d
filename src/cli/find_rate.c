/* find_rate.c - a run like any other, whose config gets an exponential schedule from LO to HI.
 * Begin with ls_find_rate -> train -> take_steps; `judge` finds the lowest and the steepest
 * point of the smoothed loss, and a tenth of the lowest's rate is suggested. */
#include "cli/find_rate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "cli/print.h"
#include "config/number.h"
#include "train/mode.h"
#include "train/trainer.h"
#include "view/plot.h"

enum { STEPS = 300, STEPS_MIN = 20, STEPS_MAX = 1000000, SHOWN = 24 };
static const double LO = 1e-7, HI = 10, MEMORY = 0.95, BLOWN_UP = 4, MARGIN = 10;

/* An update at a rate: the loss of its minibatch before it, and the mean over the ones before,
 * weighted by how long ago they are. */
typedef struct {
  double lr, loss, smoothed;
} attempt;

typedef struct {
  double lo, hi;
  int64_t steps;
  attempt *at;              /* (steps) */
  int64_t n;                /* made */
  double least;             /* of the smoothed losses so far */
  bool ended;               /* the loss grew too far before all rates were tried */
  int64_t lowest, steepest; /* attempts; -1: none */
} test;

/* ---- what is asked for ---- */

static ls_status read_range(const char *text, test *t) {
  const char *end;
  t->lo = LO;
  t->hi = HI;
  if (!*text) return LS_OK;
  const bool good = !ls_number_begin(text, &end, &t->lo) && end && *end == ':' &&
                    !ls_number_parse(end + 1, &t->hi) && t->lo > 0 && t->lo < t->hi;
  return good
             ? LS_OK
             : ls_fail(LS_EUSAGE, "--find=%s: rates LO:HI, both above 0, LO the smaller one", text);
}

static ls_status check(const ls_cli *cli, const ls_find_rate_options *o, test *t) {
  LS_TRY(read_range(o->range, t));
  t->steps = o->steps > 0 ? o->steps : STEPS;
  if (t->steps < STEPS_MIN || t->steps > STEPS_MAX)
    return ls_fail(LS_EUSAGE, "--find: --steps is %d to %d", STEPS_MIN, STEPS_MAX);
  if (ls_mode_of(cli->config)->apart)
    return ls_fail(LS_ECONFIG,
                   "--find makes one update after the other: train.mode=synchronous, whose rates "
                   "are a start for the others");
  if (cli->config->then.optimizer.ops)
    return ls_fail(LS_ECONFIG, "--find: then=none finds the rate of the first optimizer");
  if (ls_config_lbfgs(cli->config))
    return ls_fail(LS_ECONFIG, "--find: lbfgs searches for its step itself, and has no rate");
  LS_NEW(t->at, t->steps);
  return LS_OK;
}

/* The config with another rate and another end. */
static ls_status make_config(const ls_cli *cli, const test *t, ls_config **out) {
  char lo[LS_NUMBER_TEXT], growth[LS_NUMBER_TEXT];
  ls_texts all = {0};
  ls_number_print(t->lo, lo);
  ls_number_print(t->hi / t->lo, growth);
  char *const own[] = {
      ls_mem_format("optimizer.lr=%s", lo),
      ls_mem_format("schedule={type: exponential, decay_rate: %s, decay_steps: %jd}", growth,
                    t->steps - 1),
      ls_mem_text("train.nonfinite=skip")};
  ls_status status = LS_OK;
  for (int i = 1; status == LS_OK && cli->args[i]; i++)
    status = ls_texts_add(&all, ls_mem_text(cli->args[i]));
  for (int i = 0; i < 3; i++) {
    const ls_status added = ls_texts_add(&all, own[i]);
    if (status == LS_OK) status = added;
  }
  if (status == LS_OK)
    status = ls_config_parse_and_load(cli->args[0], cli->text, cli->bytes, all.text, (int)all.count,
                                      out);
  ls_texts_free(&all);
  return status;
}

/* ---- the test ---- */

/* The mean so far, of one more loss. */
static double smooth(const test *t, double loss) {
  const double n = (double)t->n;
  if (t->n == 0) return loss;
  const double before = t->at[t->n - 1].smoothed * (1 - ls_power(MEMORY, n));
  return (MEMORY * before + (1 - MEMORY) * loss) / (1 - ls_power(MEMORY, n + 1));
}

static bool has_blown_up(const test *t, const attempt *p) {
  return t->n >= STEPS_MIN / 2 && p->smoothed > BLOWN_UP * fabs(t->least);
}

static void keep(test *t, const attempt *p) {
  t->at[t->n++] = *p;
  t->least = fmin(t->least, p->smoothed);
}

static ls_status take_steps(ls_run *run, test *t) {
  while (t->n < t->steps && !t->ended) {
    uint32_t flags = 0;
    const int64_t seen = run->state.samples_seen;
    LS_TRY(ls_run_step(run, false, false, &flags));
    const double loss = ls_step_loss(run, run->state.samples_seen - seen);
    const attempt p = {run->lr, loss, smooth(t, loss)};
    t->ended = (flags & LS_FLAG_NONFINITE) || !isfinite(loss) || has_blown_up(t, &p);
    if (isfinite(loss)) keep(t, &p);
  }
  return LS_OK;
}

static ls_status train(ls_cli *cli, test *t) {
  ls_config *config = NULL;
  ls_run *run = NULL;
  ls_status status = ls_comm_agree(cli->comm, make_config(cli, t, &config));
  if (status == LS_OK) ls_comm_watchdog(cli->comm, config->watchdog);
  if (status == LS_OK) status = ls_run_new(cli->comm, config, ls_mode_of(config), 0, &run);
  if (status == LS_OK && config->init.kind == LS_INIT_FILE) status = ls_state_load_weights(run);
  if (status == LS_OK) status = take_steps(run, t);
  ls_run_free(&run);
  ls_config_free(&config);
  return status;
}

/* ---- what it says ---- */

/* Where the smoothed loss is lowest; and before that, where it falls fastest with the logarithm of
 * the rate: the slope of a straight line through a tenth of the points around. */
static void judge(test *t) {
  const int64_t half = t->steps / 20 > 1 ? t->steps / 20 : 1;
  double least = INFINITY, steepest = 0;
  t->lowest = t->steepest = -1;
  for (int64_t i = 0; i < t->n; i++) {
    if (!(t->at[i].smoothed < least)) continue;
    least = t->at[i].smoothed;
    t->lowest = i;
  }
  for (int64_t i = half; i + half < t->n && i <= t->lowest; i++) {
    double slope = 0;
    for (int64_t k = -half; k <= half; k++) slope += (double)k * t->at[i + k].smoothed;
    if (!(slope < steepest)) continue;
    steepest = slope;
    t->steepest = i;
  }
}

/* One significant digit: more are not known. */
static double rounded(double rate) {
  char text[LS_NUMBER_TEXT];
  double value = rate;
  snprintf(text, sizeof text, "%.0e", rate);
  (void)ls_number_parse(text, &value);
  return value;
}

/* The loss has fallen, by more than it goes up and down. */
static bool has_learned(const test *t) {
  if (t->steepest < 0) return false;
  const double first = t->at[t->steps / 20].smoothed;
  return t->at[t->lowest].smoothed < first - 0.02 * fabs(first);
}

static double suggestion(const test *t) {
  return has_learned(t) ? rounded(t->at[t->lowest].lr / MARGIN) : (double)NAN;
}

static json_t *points(const test *t, int64_t most) {
  json_t *list = json_array();
  const int64_t each = (t->n + most - 1) / most;
  for (int64_t i = 0; i < t->n; i++) {
    if (i % each != 0 && i != t->n - 1 && i != t->lowest) continue;
    json_t *item = ls_put_item(list);
    ls_put(item, "global_step", i);
    ls_put(item, "lr", t->at[i].lr);
    ls_put(item, "loss", t->at[i].loss);
    ls_put(item, "smoothed", t->at[i].smoothed);
    if (i == t->lowest) ls_put(item, "_note", "lowest");
  }
  return list;
}

static const char look[] =
    "learning-rate range test: {updates} updates, rates from {from:.3g} to {to:.3g}\n"
    " global_step           lr        loss    smoothed\n"
    "{*_rows}{global_step:12} {lr:12.4g} {loss:11.5g} {smoothed:11.5g}{?_note}   {_note}{/}\n{/}"
    "{?ended}stopped: the loss has grown to four times its lowest, or is not finite\n{/}"
    "{?suggested}suggested: optimizer.lr={suggested:.10g}\n"
    "because: the smoothed loss falls fastest at {steepest:.2g}, and is lowest at {lowest:.2g}: a "
    "tenth of that is safe from what comes behind\n"
    "{|}no suggestion: the loss has not fallen at any of these rates; try others with "
    "--find=LO:HI, more --steps, or look at the data\n{/}";

static void print(const ls_cli *cli, const test *t) {
  json_t *o = json_object();
  const double suggested = suggestion(t);
  ls_put(o, "updates", t->n);
  ls_put(o, "from", t->lo);
  ls_put(o, "to", t->n > 0 ? t->at[t->n - 1].lr : (double)NAN);
  ls_put_bool(o, "ended", t->ended);
  ls_put(o, "lowest", t->lowest >= 0 ? t->at[t->lowest].lr : (double)NAN);
  ls_put(o, "steepest", t->steepest >= 0 ? t->at[t->steepest].lr : (double)NAN);
  ls_put(o, "suggested", suggested);
  ls_put(o, "rates", points(t, t->steps));
  ls_put(o, "_rows", points(t, SHOWN));
  ls_print(cli, o, look);
}

static void print_csv(const ls_cli *cli, const test *t) {
  ls_out(cli, "global_step,lr,loss,smoothed\n");
  for (int64_t i = 0; i < t->n; i++)
    ls_out(cli, "%jd,%.17g,%.17g,%.17g\n", i, t->at[i].lr, t->at[i].loss, t->at[i].smoothed);
}

/* From a little below the lowest loss to a little above the first, where a wild end would leave
 * nothing to be seen of that. */
static void choose_view(const test *t, ls_panel *panel) {
  double least = INFINITY, first = -INFINITY;
  for (int64_t i = 0; i < t->n; i++) {
    least = fmin(least, fmin(t->at[i].loss, t->at[i].smoothed));
    if (i <= t->lowest) first = fmax(first, t->at[i].loss);
  }
  const double room = 0.08 * (first - least);
  panel->view = (ls_view){t->at[0].lr, t->at[t->n - 1].lr, least - room, first + 3 * room};
}

static ls_status draw_points(const test *t, const ls_find_rate_options *o, double *x) {
  double *loss = x + t->n, *smoothed = loss + t->n, suggested = suggestion(t);
  char title[160], name[64];
  for (int64_t i = 0; i < t->n; i++) {
    x[i] = t->at[i].lr;
    loss[i] = t->at[i].loss;
    smoothed[i] = t->at[i].smoothed;
  }
  ls_panel panel = {.title = title,
                    .x_label = "learning rate",
                    .y_label = "loss of the minibatch",
                    .log_x = true};
  choose_view(t, &panel);
  const double at[] = {suggested, suggested}, ends[] = {panel.view.y_lo, panel.view.y_hi};
  ls_curve curve[] = {{.name = "loss", .n = t->n, .x = x, .y = loss, .style = 5},
                      {.name = "smoothed", .n = t->n, .x = x, .y = smoothed},
                      {.name = name, .n = 2, .x = at, .y = ends, .style = 2}};
  snprintf(title, sizeof title, "learning-rate range test, %jd updates", t->n);
  snprintf(name, sizeof name, "suggested: %.10g", suggested);
  panel.curve = curve;
  panel.curves = isfinite(suggested) ? 3 : 2;
  return ls_plot(&panel, 1, o->out, o->keep_script);
}

static ls_status draw(const test *t, const ls_find_rate_options *o) {
  double *room;
  LS_NEW(room, 3 * t->n);
  const ls_status status = draw_points(t, o, room);
  LS_FREE(room);
  return status;
}

/* Rank 0. */
static ls_status show(const ls_cli *cli, const ls_find_rate_options *o, test *t) {
  judge(t);
  if (t->n == 0)
    return ls_fail(LS_EDIVERGED,
                   "the loss is not finite before the first update: look at the data");
  if (o->out) LS_TRY(draw(t, o));
  if (o->csv)
    print_csv(cli, t);
  else if (!o->out || strcmp(o->out, "-") != 0)
    print(cli, t);
  return LS_OK;
}

ls_status ls_find_rate(ls_cli *cli, const ls_find_rate_options *o) {
  test t = {.least = INFINITY};
  ls_status status = ls_comm_agree(cli->comm, check(cli, o, &t));
  if (status == LS_OK) status = train(cli, &t);
  if (status == LS_OK)
    status = ls_comm_agree(cli->comm, ls_comm_rank(cli->comm) == 0 ? show(cli, o, &t) : LS_OK);
  LS_FREE(t.at);
  return status;
}
