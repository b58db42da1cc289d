/* cmd_schedule.c - lockstep schedule: learning rates before training, from the config alone: the
 * data are never opened, but for --find, which is find_rate.c's. Begin with show: how long the run
 * is (measure), then which updates are worth a line. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/find_rate.h"
#include "cli/print.h"
#include "data/splits.h"
#include "view/plot.h"

enum { PLOT_POINTS = 4000, ROWS_MAX = 64, DECADES = 9, SCAN_MAX = 1 << 26, SCAN_UNKNOWN = 1 << 20 };
static const int64_t FAR = (int64_t)1 << 50;

typedef struct {
  const char *at, *out, *find;
  int64_t steps, samples;
  bool csv, keep_script;
} options;

typedef struct {
  int64_t step;
  char note[120];
} row;

typedef struct {
  ls_config *config;
  int64_t per_epoch, steps; /* 0: not known */
  int64_t searched;         /* from which update on lbfgs chooses (`then`); INT64_MAX: none */
  row row[ROWS_MAX];
  int rows;
} table;

/* ---- how long the run is ---- */

static int64_t steps_per_epoch(const ls_config *c, int64_t samples) {
  int64_t n = samples > 0 ? samples : c->data.limit[LS_SPLIT_TRAIN];
  if (c->batch == 0) return 1;
  if (n <= 0) return 0;
  n -= ls_data_held_out(&c->data, n);
  if (c->batch >= n) return 1;
  return c->data.drop_last ? n / c->batch : (n + c->batch - 1) / c->batch;
}

static bool uses_epochs(const ls_schedule_spec *s) {
  bool found = s->warmup_epochs;
  for (int i = 0; i < LS_HYPER_MAX; i++) {
    found = found || s->epochs[i];
    for (int k = 0; k < LS_LIST_MAX; k++) found = found || s->list_epochs[i][k];
  }
  return found;
}

static ls_status need_steps(const table *t, const char *what) {
  if (t->steps > 0) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "%s needs the number of steps, which is not known without the data: add --steps "
                 "N, --samples N or data.limit.train=N",
                 what);
}

/* Behind `then` a line search chooses each step, and no schedule. The batch is full: an epoch is an
 * update. */
static int64_t find_searched(const ls_then *then) {
  return then->optimizer.ops ? (int64_t)round(then->after) : INT64_MAX;
}

static ls_status measure(table *t, const options *o) {
  ls_config *c = t->config;
  t->per_epoch = steps_per_epoch(c, o->samples);
  if (t->per_epoch == 0 && uses_epochs(&c->schedule))
    return ls_fail(
        LS_EUSAGE,
        "the schedule counts in epochs, and the steps of an epoch are not known without the data: "
        "count in steps, set data.limit.train=N, or add --samples N");
  if (t->per_epoch > 0) ls_schedule_resolve(&c->schedule, t->per_epoch);
  ls_status status = ls_schedule_check(&c->schedule);
  if (status != LS_OK) return ls_fail_prefix(status, "%s: schedule", c->file);
  t->steps = c->steps > 0 ? c->steps : c->epochs * t->per_epoch;
  c->schedule.run = t->steps > 0 ? t->steps : o->steps;
  if (o->steps > 0) t->steps = o->steps;
  t->searched = find_searched(&c->then);
  if (t->steps > t->searched) t->steps = t->searched;
  return isnan(ls_schedule_at(&c->schedule, 0)) ? need_steps(t, "this schedule") : LS_OK;
}

/* ---- where the rate becomes small ---- */

static double rate(const table *t, int64_t step) {
  return ls_schedule_at(&t->config->schedule, step);
}

/* NaN where a line search chooses. */
static double shown(const table *t, int64_t step) {
  return step < t->searched ? rate(t, step) : (double)NAN;
}

/* The first step not before `from` whose rate is at most `target`: within the run by looking at
 * every step (a rate may rise again), behind it by bisection; -1: none before FAR. */
static int64_t first_below(const table *t, int64_t from, double target) {
  int64_t end = t->steps > 0 ? ls_clamp(t->steps, 0, SCAN_MAX) : SCAN_UNKNOWN;
  for (; from < end; from++)
    if (rate(t, from) <= target) return from;
  int64_t low = from - 1, high = from;
  for (; rate(t, high) > target; high = from + 2 * (high - from) + 1) {
    if (high > FAR) return -1;
    low = high;
  }
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (rate(t, middle) > target)
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* The first step not before `from` that has the run's highest rate. */
static int64_t highest(const table *t, int64_t from) {
  int64_t end = t->steps > 0 ? ls_clamp(t->steps, 0, SCAN_MAX) : SCAN_UNKNOWN, found = from;
  double most = rate(t, from);
  for (int64_t j = from + 1; j < end; j++) {
    double now = rate(t, j);
    if (now > most) found = j;
    most = fmax(now, most);
  }
  return found;
}

static void add_row(table *t, int64_t step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add_row(table *t, int64_t step, const char *format, ...) {
  if (t->rows == ROWS_MAX) return;
  row *r = &t->row[t->rows++];
  r->step = step;
  va_list args;
  va_start(args, format);
  vsnprintf(r->note, sizeof r->note, format, args);
  va_end(args);
}

static const char *behind(const table *t, int64_t step) {
  return t->steps > 0 && step >= t->steps ? ", after the end of this run" : "";
}

static int by_step(const void *a, const void *b) {
  const row *x = a, *y = b;
  return (x->step > y->step) - (x->step < y->step);
}

/* Those that the run reaches, and of the others the first. */
static void add_decades(table *t, int64_t from) {
  static const char *const fraction[DECADES] = {"1/10",   "1/100",  "1/1000", "1/10^4", "1/10^5",
                                                "1/10^6", "1/10^7", "1/10^8", "1/10^9"};
  double target = t->config->schedule.lr * (1 + 1e-15); /* rounding must not cost a step */
  for (int k = 0; k < DECADES; k++) {
    from = first_below(t, from, target / pow(10, k + 1));
    if (from < 0 || from >= t->searched) return;
    add_row(t, from, "%s of the initial rate%s", fraction[k], behind(t, from));
    if (*behind(t, from)) return;
  }
}

static void summary_rows(table *t) {
  int64_t warmup = (int64_t)t->config->schedule.warmup, top = highest(t, warmup);
  /* half an ulp at |g| = |w|: w - rate g rounds back to w */
  int bits = ilogb(ls_dtype_half_ulp(t->config->precision));
  add_row(t, 0, "first update");
  if (warmup > 1) add_row(t, warmup - 1, "warm-up is over");
  if (top > warmup) add_row(t, top, "highest rate");
  add_decades(t, top);
  int64_t found = first_below(t, top, ldexp(1, bits));
  if (found >= 0 && found < t->searched)
    add_row(t, found, "too small to move a %s weight where |g| = |w| (rate <= 2^%d)%s",
            ls_dtype_name(t->config->precision), bits, behind(t, found));
  if (t->steps > 1)
    add_row(t, t->steps - 1, "last update%s", t->steps < t->searched ? "" : " before lbfgs");
  qsort(t->row, (size_t)t->rows, sizeof *t->row, by_step);
}

/* --at J,J,... */
static ls_status rows_at(table *t, const char *list) {
  for (const char *at = list; *at;) {
    char *end;
    errno = 0;
    int64_t step = strtoll(at, &end, 10);
    if (end == at || step < 0 || errno || (*end != ',' && *end != '\0'))
      return ls_fail(LS_EUSAGE, "--at %s: steps are whole numbers from 0, with commas between them",
                     list);
    if (t->rows == ROWS_MAX)
      return ls_fail(LS_EUSAGE, "--at: at most %d steps; --steps N --csv prints all", ROWS_MAX);
    add_row(t, step, "%s", step < t->searched ? "" : "lbfgs: its line search chooses");
    at = *end ? end + 1 : end;
  }
  return LS_OK;
}

/* ---- output ---- */

static void print_csv(const ls_cli *cli, const table *t) {
  ls_out(cli, "global_step,lr\n");
  for (int i = 0; i < t->rows; i++)
    ls_out(cli, "%jd,%.17g\n", t->row[i].step, shown(t, t->row[i].step));
  for (int64_t j = 0; t->rows == 0 && j < t->steps; j++) ls_out(cli, "%jd,%.17g\n", j, rate(t, j));
}

/* The rates of --at are shown to their last bit. */
#define LOOK(width, digits)                                                     \
  "schedule: {schedule}, initial rate {lr:.10g}{?steps}, {steps} steps{/}"      \
  "{?steps_per_epoch}, {steps_per_epoch} step{steps_per_epoch:s} an epoch{/}\n" \
  "{?_then}optimizer: {optimizer}, from global_step {_then} on\n{/}"            \
  " global_step        epoch {_lr:" width                                       \
  "}\n"                                                                         \
  "{*rates}{global_step:12} {epoch:12.2f} {lr:" width "." digits "g}{?note}   {note}{/}\n{/}"

static void print_rates(const ls_cli *cli, const table *t, bool exact) {
  json_t *o = json_object(), *rates = json_array();
  char *optimizers = ls_config_optimizers(t->config, "");
  for (int i = 0; i < t->rows; i++) {
    const row *r = &t->row[i];
    json_t *item = ls_put_item(rates);
    ls_put(item, "global_step", r->step);
    ls_put(item, "lr", shown(t, r->step));
    if (t->per_epoch > 0) ls_put(item, "epoch", (double)r->step / (double)t->per_epoch);
    if (r->note[0]) ls_put(item, "note", (const char *)r->note);
  }
  ls_put(o, "optimizer", optimizers);
  if (t->searched < INT64_MAX) ls_put(o, "_then", t->searched);
  LS_FREE(optimizers);
  ls_put(o, "schedule", t->config->schedule.ops->name);
  ls_put(o, "lr", t->config->schedule.lr);
  ls_put(o, "steps", t->steps > 0 ? json_integer(t->steps) : json_null());
  ls_put(o, "steps_per_epoch", t->per_epoch > 0 ? json_integer(t->per_epoch) : json_null());
  ls_put(o, "rates", rates);
  ls_put(o, "_lr", "lr");
  ls_print(cli, o, exact ? LOOK("24", "17") : LOOK("14", "7"));
}

/* What the rate comes to after each cut, as far as that is worth a line: when, nobody knows. */
static void print_cuts(const ls_cli *cli, table *t, const ls_plateau *plateau) {
  ls_schedule_spec *s = &t->config->schedule;
  json_t *o = json_object(), *rates = json_array();
  double last = INFINITY;
  for (s->cuts = 0; rate(t, FAR) < last && last > 1e-9 * s->lr && s->cuts < ROWS_MAX; s->cuts++) {
    json_t *item = ls_put_item(rates);
    last = rate(t, FAR);
    ls_put(item, "cuts", s->cuts);
    ls_put(item, "lr", last);
  }
  ls_put(o, "schedule", s->ops->name);
  ls_put(o, "lr", s->lr);
  ls_put_bool(o, "known", false);
  ls_put(o, "metric", plateau->metric);
  ls_put(o, "patience", plateau->patience);
  ls_put(o, "rates", rates);
  ls_put(o, "_lr", "lr");
  ls_print(cli, o,
           "schedule: {schedule}, initial rate {lr:.10g}; when it is cut cannot be known "
           "beforehand:\nafter {patience} evaluations without a better {metric}\n"
           "        cuts {_lr:14}\n"
           "{*rates}{cuts:12} {lr:14.7g}\n{/}");
}

static ls_status show_plateau(const ls_cli *cli, table *t, const options *o,
                              const ls_plateau *plateau) {
  if (o->at || o->csv || o->out || o->steps > 0)
    return ls_fail(
        LS_ECONFIG,
        "schedule.type: plateau: which rate an update has is decided by evaluations "
        "while the run goes, and cannot be known beforehand; without --at, --csv, "
        "--steps and -o the rates are shown that it may have, and 'lockstep plot lr RUN' "
        "shows those that a run had");
  print_cuts(cli, t, plateau);
  return LS_OK;
}

static ls_status draw(const table *t, const options *o) {
  static double x[PLOT_POINTS], y[PLOT_POINTS];
  char title[160];
  int64_t n = t->steps < PLOT_POINTS ? t->steps : PLOT_POINTS;
  for (int64_t i = 0; i < n; i++) {
    int64_t j = n > 1 ? (int64_t)llround((double)i * (double)(t->steps - 1) / (double)(n - 1)) : 0;
    x[i] = (double)j;
    y[i] = rate(t, j);
  }
  snprintf(title, sizeof title, "%s, initial rate %g", t->config->schedule.ops->name,
           t->config->schedule.lr);
  ls_curve curve = {.n = n, .x = x, .y = y, .kind = ls_plot_rate_kind(y, n)};
  ls_panel panel = {.title = title,
                    .x_label = "global_step (weight updates)",
                    .y_label = "learning rate",
                    .whole_x = true,
                    .curve = &curve,
                    .curves = 1};
  ls_plot_same_y(&panel, 1);
  return ls_plot(&panel, 1, o->out, o->keep_script);
}

static ls_status show(const ls_cli *cli, table *t, const options *o) {
  ls_plateau plateau;
  LS_TRY(measure(t, o));
  if (ls_schedule_plateau(&t->config->schedule, &plateau)) return show_plateau(cli, t, o, &plateau);
  if (o->at) LS_TRY(rows_at(t, o->at));
  if (o->csv && !o->at) LS_TRY(need_steps(t, "--csv"));
  if (o->out) {
    LS_TRY(need_steps(t, "a plot"));
    LS_TRY(draw(t, o));
    if (strcmp(o->out, "-") == 0) return LS_OK;
  }
  if (o->csv) {
    print_csv(cli, t);
    return LS_OK;
  }
  if (!o->at) summary_rows(t);
  print_rates(cli, t, o->at != NULL);
  return LS_OK;
}

static ls_status check(const ls_cli *cli, const options *o) {
  if (o->steps < 0 || o->samples < 0)
    return ls_fail(LS_EUSAGE, "--steps and --samples are positive");
  if (o->csv && (cli->json || o->out))
    return ls_fail(LS_EUSAGE, "--csv goes with neither --json nor -o");
  if (o->out) LS_TRY(ls_cli_stdout(cli, o->out));
  if (o->at && o->steps) return ls_fail(LS_EUSAGE, "--at and --steps exclude each other");
  if (o->find && (o->at || o->samples))
    return ls_fail(LS_EUSAGE, "--find goes with neither --at nor --samples");
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  const ls_find_rate_options find = {o->find, o->steps, o->out, o->csv, o->keep_script};
  table t = {.config = cli->config};
  ls_status status = check(cli, o);
  if (status == LS_OK && o->find) return ls_find_rate(cli, &find);
  if (status == LS_OK && ls_comm_rank(cli->comm) == 0) status = show(cli, &t, o);
  return ls_comm_agree(cli->comm, status);
}

static const ls_option schedule_options[] = {
    LS_OPTION(options, steps, "steps", 0, "N",
              "look at the first N updates instead of the whole run"),
    LS_OPTION(options, at, "at", 0, "J,J,...",
              "the rates of the updates that see these global_step, from 0"),
    LS_OPTION(options, samples, "samples", 0, "N",
              "training samples, for the steps of an epoch, where data.limit.train has none"),
    LS_OPTION_OF(
        options, find, LS_OPTION_MAYBE, "find", 0, "LO:HI",
        "which rates are worth a look: train some updates at rates from LO to HI (1e-7 to 10)"),
    LS_OPTION(options, csv, "csv", 0, NULL,
              "global_step,lr lines with 17 significant digits; with --find also the losses"),
    LS_OPTION(options, out, "output", 'o', "FILE",
              "plot into FILE.svg, .png or .pdf; - draws on the terminal"),
    LS_OPTION(options, keep_script, "keep-script", 0, NULL,
              "leave the plot's gnuplot script beside it"),
    {0}};

const ls_command ls_command_schedule = {
    .name = "schedule",
    .help = "learning rates before training: table, CSV or plot",
    .usage =
        "Usage: lockstep schedule CONFIG [KEY=VALUE...] [--steps N | --at J,J,...] [--csv | "
        "-o FILE.svg]\n"
        "       lockstep schedule CONFIG [KEY=VALUE...] --find[=LO:HI] [--steps N] [--csv | -o "
        "FILE.svg]\n"
        "\nExamples:\n"
        "  lockstep schedule net.yaml                           # where the rate is 1/10, "
        "1/100 ... of the initial one\n"
        "  lockstep schedule net.yaml --at 0,1199,1200 --csv    # the rates that these updates "
        "use\n"
        "  lockstep schedule net.yaml schedule.decay_rate=0.5 --steps 5000 -o lr.svg\n"
        "  lockstep schedule net.yaml --find -o find.svg        # which rate to begin with\n",
    .parallel = true,
    .plugins = true,
    .options = schedule_options,
    .size = sizeof(options),
    .verb = {{.run = run, .config = true}}};
