/* cmd_plot.c - lockstep plot: pictures of runs from their metrics.jsonl: cost, rate and
 * comparison. The path of weights is plot_path.c's, a sweep by what was varied plot_sweep.c's.
 * Begin at the bottom, with the verbs: each a maker of panels (make_cost ...) for draw. */
#include "cli/cmd_plot.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/sweep/owner.h"
#include "config/metric.h"
#include "view/mean.h"

#define STEP_LABEL "global_step (weight updates)"

/* ---- a picture: panels, and what has been made for them ---- */

typedef struct {
  ls_panel panel[LS_PLOT_PANELS];
  int panels;
  void **made; /* (room) texts and arrays, freed with the picture */
  int count;
} picture;

static void *own(picture *p, void *block) { return p->made[p->count++] = block; }

/* The next panel, with room for so many curves and a rectangle. */
static ls_status add_panel(picture *p, const ls_plot_options *o, int curves, ls_panel **out) {
  ls_curve *curve;
  LS_NEW(curve, curves + 1);
  *out = &p->panel[p->panels++];
  (*out)->curve = own(p, curve);
  (*out)->linear = o->linear;
  return LS_OK;
}

static ls_curve *add_curve(ls_panel *panel, ls_curve curve) {
  panel->curve[panel->curves] = curve;
  return &panel->curve[panel->curves++];
}

/* ---- details, enlarged ---- */

static const ls_view nothing = {INFINITY, -INFINITY, INFINITY, -INFINITY};

static ls_view joined(ls_view a, ls_view b) {
  return (ls_view){fmin(a.x_lo, b.x_lo), fmax(a.x_hi, b.x_hi), fmin(a.y_lo, b.y_lo),
                   fmax(a.y_hi, b.y_hi)};
}

/* What a curve takes up from x on. */
static ls_view extent(const ls_curve *c, double x_from) {
  ls_view v = nothing;
  for (int64_t i = 0; i < c->n; i++) {
    const double x = c->x[i], y = c->y[i];
    if (isfinite(x) && isfinite(y) && x >= x_from) v = joined(v, (ls_view){x, x, y, y});
  }
  return v;
}

/* The later half of each curve: one that ends early has its minimum there too. */
static ls_view later_halves(const ls_panel *p) {
  ls_view v = nothing;
  for (int k = 0; k < p->curves; k++) {
    const ls_view all = extent(&p->curve[k], -INFINITY);
    const double middle = (all.x_lo + all.x_hi) / 2;
    ls_view half = extent(&p->curve[k], middle);
    half.x_lo = middle;
    v = joined(v, half);
  }
  const double room = p->log_y ? 0 : 0.05 * (v.y_hi - v.y_lo);
  return (ls_view){v.x_lo, v.x_hi, v.y_lo - room, v.y_hi + room};
}

static ls_status choose_detail(const ls_panel *whole, const char *zoom, ls_view *detail) {
  ls_view all = nothing;
  for (int k = 0; k < whole->curves; k++) all = joined(all, extent(&whole->curve[k], -INFINITY));
  if (strcmp(zoom, "min") == 0)
    *detail = later_halves(whole);
  else
    LS_TRY(ls_plot_zoom_within(zoom, &all, detail));
  if (!(detail->y_lo < detail->y_hi))
    return ls_fail(LS_EDATA, "--zoom min: nothing is there to be enlarged; use x0:x1,y0:y1");
  if (ls_plot_any_in(whole, detail)) return LS_OK;
  return ls_fail(LS_EDATA, "--zoom %s: no curve is there; they are in x %g to %g and y %g to %g",
                 zoom, all.x_lo, all.x_hi, all.y_lo, all.y_hi);
}

static ls_status add_rectangle(picture *p, ls_panel *panel, const ls_view *v) {
  double *x;
  LS_NEW(x, 10);
  own(p, x);
  double low = panel->log_y && v->y_lo <= 0 ? 1e-30 * v->y_hi : v->y_lo;
  for (int i = 0; i < 5; i++) {
    x[i] = i == 1 || i == 2 ? v->x_hi : v->x_lo;
    x[5 + i] = i == 2 || i == 3 ? v->y_hi : low;
  }
  add_curve(panel, (ls_curve){.n = 5, .x = x, .y = x + 5, .kind = LS_CURVE_RECTANGLE});
  return LS_OK;
}

/* Behind each panel a second one that shows a part of it. */
static ls_status enlarge(picture *p, const ls_plot_options *o) {
  if (2 * p->panels > LS_PLOT_PANELS)
    return ls_fail(LS_EUSAGE, "--zoom: at most %d runs, each with its enlarged part",
                   LS_PLOT_PANELS / 2);
  for (int i = p->panels - 1; i >= 0; i--) {
    ls_panel *whole = &p->panel[2 * i], *detail = &p->panel[2 * i + 1];
    *whole = p->panel[i];
    *detail = *whole;
    LS_TRY(choose_detail(whole, o->zoom, &detail->view));
    detail->title = "the rectangle, enlarged";
    LS_TRY(add_rectangle(p, whole, &detail->view));
  }
  p->panels *= 2;
  return LS_OK;
}

/* ---- cost: a panel a run ---- */

/* Epochs where there are some to join by a line, else steps. */
static bool by_epoch(const ls_history *h, const ls_plot_options *o) {
  if (o->by) return strcmp(o->by, "epoch") == 0;
  return h->epoch.n > 1 || h->step.n == 0;
}

static ls_status make_cost(const ls_runs *runs, const ls_plot_options *o, picture *p) {
  if (runs->n > LS_PLOT_PANELS)
    return ls_fail(LS_EUSAGE,
                   "at most %d runs beside one another; plot compare lays more over one another",
                   LS_PLOT_PANELS);
  for (int i = 0; i < runs->n; i++) {
    const ls_history *h = runs->item[i].history;
    bool epochs = by_epoch(h, o);
    ls_history_column x = epochs ? LS_H_EPOCH : LS_H_STEP;
    const ls_history_events *e = epochs || h->step.n == 0 ? &h->epoch : &h->step;
    ls_panel *panel;
    LS_TRY(add_panel(p, o, 2, &panel));
    panel->title = own(p, ls_runs_title(runs, i));
    panel->x_label = epochs ? "epoch" : STEP_LABEL;
    panel->whole_x = true;
    panel->y_label = "loss (mean over samples)";
    add_curve(panel,
              (ls_curve){.name = "loss", .n = e->n, .x = e->column[x], .y = e->column[LS_H_LOSS]});
    if (ls_history_has(&h->epoch, LS_H_VAL_LOSS))
      add_curve(panel, (ls_curve){.name = "val_loss",
                                  .n = h->epoch.n,
                                  .x = h->epoch.column[x],
                                  .y = h->epoch.column[LS_H_VAL_LOSS],
                                  .style = 1});
  }
  ls_plot_same_y(p->panel, p->panels);
  return o->zoom ? enlarge(p, o) : LS_OK;
}

/* ---- lr: a curve a group, runs that differ in their seed have the same rate ---- */

static ls_status make_lr(const ls_runs *runs, const ls_plot_options *o, picture *p) {
  ls_panel *panel;
  LS_TRY(add_panel(p, o, runs->groups, &panel));
  for (int g = 0; g < runs->groups; g++) {
    const ls_history *h = ls_runs_first(runs, g)->history;
    const ls_history_events *e = h->step.n > 0 ? &h->step : &h->epoch;
    add_curve(panel, (ls_curve){.name = own(p, ls_runs_label(runs, g)),
                                .n = e->n,
                                .x = e->column[LS_H_STEP],
                                .y = e->column[LS_H_LR],
                                .style = g,
                                .kind = ls_plot_rate_kind(e->column[LS_H_LR], e->n)});
  }
  panel->title = runs->groups == 1 ? panel->curve[0].name : NULL;
  panel->x_label = STEP_LABEL;
  panel->whole_x = true;
  panel->y_label = "learning rate";
  ls_plot_same_y(panel, 1);
  return LS_OK;
}

/* ---- compare: a panel a metric, a curve a group, with its spread ---- */

static int64_t longest(const ls_runs *runs, int group) {
  int64_t n = 0;
  for (int i = 0; i < runs->n; i++)
    if (ls_runs_counts(&runs->item[i], group) && runs->item[i].history->epoch.n > n)
      n = runs->item[i].history->epoch.n;
  return n;
}

/* Seconds count from the beginning: of a run that was resumed, those that it was trained. */
static double x_at(const ls_history_events *e, ls_history_column by, int64_t epoch) {
  double seconds = 0;
  if (by != LS_H_SECONDS) return e->column[by][epoch];
  for (int64_t i = 0; i <= epoch; i++) seconds += e->column[by][i];
  return seconds;
}

/* Mean of a group's runs, and one standard deviation to each side; (epochs) each. */
typedef struct {
  double *x, *mean, *low, *high;
} band;

static void mean_at(const ls_runs *runs, int group, ls_history_column c, ls_history_column by,
                    int64_t epoch, const band *out) {
  ls_mean at = {0}, value = {0};
  bool lost = false;
  for (int i = 0; i < runs->n; i++) {
    const ls_history_events *events = &runs->item[i].history->epoch;
    if (!ls_runs_counts(&runs->item[i], group) || epoch >= events->n) continue;
    ls_mean_add(&at, x_at(events, by, epoch));
    ls_mean_add(&value, events->column[c][epoch]);
    lost = lost || isinf(events->column[c][epoch]);
  }
  const double mean = value.n == 0 && lost ? INFINITY : ls_mean_value(&value),
               spread = value.n > 1 ? ls_mean_deviation(&value) : 0;
  out->x[epoch] = ls_mean_value(&at);
  out->mean[epoch] = mean;
  out->low[epoch] = mean - spread;
  out->high[epoch] = mean + spread;
}

static ls_status add_group(const ls_runs *runs, int group, ls_history_column c,
                           ls_history_column by, picture *p, ls_panel *panel) {
  int64_t n = longest(runs, group);
  int seeds = ls_runs_size(runs, group);
  double *x;
  LS_NEW(x, 4 * n);
  const band b = {x, x + n, x + 2 * n, x + 3 * n};
  for (int64_t e = 0; e < n; e++) mean_at(runs, group, c, by, e, &b);
  char *label = own(p, ls_runs_label(runs, group));
  ls_curve *curve = add_curve(
      panel, (ls_curve){.name = label, .n = n, .x = own(p, x), .y = b.mean, .style = group});
  if (seeds == 1) return LS_OK;
  const size_t letters = strlen(label);
  const bool named = label[letters - 1] == ')'; /* within the same brackets */
  curve->name = own(p, ls_mem_format("%.*s%s%d %ss)", (int)(letters - named), label,
                                     named ? ", " : " (", seeds, ls_runs_unit(runs, group)));
  curve->low = b.low;
  curve->high = b.high;
  return LS_OK;
}

static bool any_has(const ls_runs *runs, ls_history_column c) {
  bool found = false;
  for (int i = 0; i < runs->n; i++)
    found = found || ls_history_has(&runs->item[i].history->epoch, c);
  return found;
}

static ls_status find_metric(const ls_runs *runs, const char *name, ls_history_column *out) {
  *out = ls_history_column_of(name);
  if (any_has(runs, *out)) return LS_OK;
  if (*out < LS_H_ASKED || ls_metric_of(name) < LS_NUMBERS)
    return ls_fail(LS_EDATA, "no run has %s in its epochs", name);
  const char *near = ls_nearest(name, ls_history_names);
  if (!near) near = ls_nearest(name, ls_metric_followed);
  if (near) return ls_fail(LS_EUSAGE, "--metric %s: did you mean '%s'?", name, near);
  return ls_fail(LS_EUSAGE,
                 "--metric %s: loss, accuracy, val_loss, lr, samples_per_s, staleness_mean or "
                 "another number of the epoch events",
                 name);
}

/* The metric asked for; else the loss, and beside it that of validation or the accuracy, or its
 * enlarged part. */
static ls_status make_compare(const ls_runs *runs, const ls_plot_options *o, picture *p) {
  const bool seconds = o->by && strcmp(o->by, "seconds") == 0;
  const ls_history_column by = seconds ? LS_H_SECONDS : LS_H_EPOCH;
  ls_history_column metric[2] = {LS_H_LOSS};
  int count = 1;
  ls_runs_tell_again(runs);
  if (o->metric)
    LS_TRY(find_metric(runs, o->metric, metric));
  else if (!o->zoom && any_has(runs, LS_H_VAL_LOSS))
    metric[count++] = LS_H_VAL_LOSS;
  else if (!o->zoom && any_has(runs, LS_H_ACCURACY))
    metric[count++] = LS_H_ACCURACY;
  for (int i = 0; i < count; i++) {
    ls_panel *panel;
    LS_TRY(add_panel(p, o, runs->groups, &panel));
    for (int g = 0; g < runs->groups; g++) LS_TRY(add_group(runs, g, metric[i], by, p, panel));
    panel->x_label = seconds ? "seconds of training and evaluation" : "epoch";
    panel->whole_x = !seconds;
    panel->y_label = o->metric ? o->metric : ls_history_names[metric[i]];
    panel->title = runs->groups == 1 ? panel->curve[0].name : NULL;
    ls_plot_same_y(panel, 1);
  }
  return o->zoom ? enlarge(p, o) : LS_OK;
}

/* ---- the command ---- */

static ls_status check(const ls_cli *cli, const ls_plot_options *o) {
  if (!o->out)
    return ls_fail(LS_EUSAGE, "where to? -o FILE.svg, .png or .pdf, or -o - for the terminal");
  if (o->by && strcmp(cli->verb->name, "compare") != 0 && strcmp(o->by, "epoch") != 0 &&
      strcmp(o->by, "step") != 0)
    return ls_fail(LS_EUSAGE, "--by %s: use epoch or step", o->by);
  ls_view zoom;
  if (o->zoom && strcmp(o->zoom, "min") != 0) LS_TRY(ls_plot_zoom(o->zoom, &zoom));
  if (o->steps < 1) return ls_fail(LS_EUSAGE, "--steps is positive");
  return ls_cli_stdout(cli, o->out);
}

typedef ls_status (*maker)(const ls_runs *, const ls_plot_options *, picture *);

static ls_status draw_made(const ls_runs *runs, const ls_plot_options *o, maker make) {
  picture p = {0};
  /* a panel needs its curves, title and rectangle, a curve at most two texts and one array */
  LS_NEW(p.made, 3 * LS_PLOT_PANELS + 3 * 2 * (runs->groups + runs->n));
  ls_status status = make(runs, o, &p);
  if (status == LS_OK) status = ls_plot(p.panel, p.panels, o->out, o->keep_script);
  for (int i = 0; i < p.count; i++) LS_FREE(p.made[i]);
  LS_FREE(p.made);
  return status;
}

static void tell_done(const ls_cli *cli, const ls_plot_options *o, int runs) {
  json_t *done = json_object();
  ls_put(done, "plot", cli->verb->name);
  ls_put(done, "file", o->out);
  ls_put(done, "runs", runs);
  ls_print(cli, done, NULL);
}

/* steps: how many step events the picture wants at most; make NULL: the path of weights. */
static ls_status draw(const ls_cli *cli, const ls_plot_options *o, int64_t steps, maker make) {
  ls_runs *runs;
  LS_TRY(check(cli, o));
  LS_TRY(ls_runs_read(cli->args, steps, o->metric, &runs));
  for (int i = 0; i < runs->n; i++)
    if (runs->item[i].history->stride > 1)
      ls_log(LS_LOG_INFO, "%s: of its step events every %jdth is drawn", runs->item[i].path,
             runs->item[i].history->stride);
  ls_status status = make ? draw_made(runs, o, make) : ls_plot_path(runs, o);
  if (status == LS_OK) tell_done(cli, o, runs->n);
  ls_runs_free(&runs);
  return status;
}

static ls_status cost(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_DRAWN, make_cost);
}
static ls_status lr(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_DRAWN, make_lr);
}
static ls_status path(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_ALL, NULL);
}
/* A sweep's folder that stands alone is drawn by what was varied, unless time is asked for; else
 * all of its runs. */
static ls_status compare(ls_cli *cli, const void *given) {
  const ls_plot_options *o = given;
  const char *dir = cli->args[0];
  const bool time = o->by && (strcmp(o->by, "epoch") == 0 || strcmp(o->by, "seconds") == 0);
  const bool sweep = dir && !cli->args[1] && ls_sweep_owner_is(dir);
  if (sweep && time)
    return ls_fail(LS_EUSAGE, "--by %s is of runs: give those of the sweep, %s/trial-*", o->by,
                   dir);
  if (!sweep && o->by && !time)
    return ls_fail(
        LS_EUSAGE,
        "--by %s: use epoch or seconds; keys are of one sweep's folder that stands alone", o->by);
  if (!sweep) return draw(cli, given, 0, make_compare);
  LS_TRY(check(cli, o));
  LS_TRY(ls_plot_sweep(dir, o));
  tell_done(cli, o, 1);
  return LS_OK;
}

#define OPTION(member, ...) LS_OPTION(ls_plot_options, member, __VA_ARGS__)
static const ls_option plot_options[] = {
    OPTION(out, "output", 'o', "FILE", "FILE.svg, .png or .pdf; - draws on the terminal"),
    OPTION(by, "by", 0, "epoch|step|seconds|KEY|KEY,KEY",
           "the x axis: epoch, step (cost), seconds (compare); of a sweep a key or two"),
    OPTION(metric, "metric", 0, "NAME", "compare: this member of the epoch events only"),
    OPTION(linear, "linear", 0, NULL,
           "cost, lr, compare: no logarithmic scale, whatever values span"),
    OPTION(surface, "surface", 0, NULL,
           "path: on the surface of the cost instead of its contour lines"),
    OPTION(together, "together", 0, NULL, "path: of several runs over one set of contour lines"),
    OPTION(zoom, "zoom", 0, "X0:X1,Y0:Y1|min",
           "path, compare, cost: an enlarged part; min: the minimum, or the later half"),
    OPTION(steps, "steps", 0, "N", "path: the first N updates (default 1000)"),
    OPTION(data, "data", 0, "FILE",
           "path: the training data of the contours, where the run's have moved"),
    OPTION(keep_script, "keep-script", 0, NULL,
           "leave the gnuplot script, with its data, beside FILE"),
    {0}};

const ls_command ls_command_plot = {
    .name = "plot",
    .help = "pictures of runs: cost, rate, path of the weights, comparison",
    .usage =
        "Usage: lockstep plot cost|lr|path|compare RUN... -o FILE.svg|.png|.pdf|- "
        "[options]\n"
        "\nExamples:\n"
        "  lockstep plot cost runs/a -o cost.svg                # loss and val_loss against the "
        "epoch\n"
        "  lockstep plot cost runs/a runs/b -o -                # side by side, in the terminal\n"
        "  lockstep plot compare runs/sgd-* runs/adam-* -o c.pdf  # seeds: mean and spread\n"
        "  lockstep plot compare runs/a runs/b --by seconds -o c.svg  # cost against time\n"
        "  lockstep plot compare runs/search -o s.svg           # a sweep: val_loss against each "
        "varied key\n"
        "  lockstep plot compare runs/search --by optimizer.lr,train.batch -o two.svg  # shades "
        "over two keys\n"
        "  lockstep plot path runs/toy -o path.svg              # two parameters over contour "
        "lines of the cost\n"
        "  lockstep plot path runs/sgd runs/adam --together --zoom min -o path.svg\n"
        "  lockstep plot path runs/toy --surface -o path.png    # the same over the surface\n",
    .options = plot_options,
    .size = sizeof(ls_plot_options),
    .defaults = &(const ls_plot_options){.steps = 1000},
    .verb = {{.name = "cost", .run = cost},
             {.name = "lr", .run = lr},
             {.name = "path", .run = path},
             {.name = "compare", .run = compare}}};
