/* cmd_plot.c - lockstep plot: pictures of runs from their metrics.jsonl: cost, rate and comparison;
 * the path of weights is plot_path.c's. */
#include "cli/cmd_plot.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/print.h"

enum { PANELS_MAX = 12, METRICS_MAX = 4 };

char *ls_plot_title(const ls_runs *runs, int item) {
  const ls_runs_item *it = &runs->item[item];
  if (!it->config) return ls_mem_text(it->path);
  char *label = ls_runs_label(runs, it->group);
  bool named = strstr(label, it->path) != NULL;
  char *title = named ? ls_mem_text(label) : ls_mem_format("%s (%s)", it->path, label);
  LS_FREE(label);
  return title;
}

static ls_history_column column_by_name(const char *name) {
  int c = 0;
  while (ls_history_names[c] && strcmp(ls_history_names[c], name) != 0) c++;
  return (ls_history_column)c;
}

/* ---- cost: a panel a run ---- */

/* Epochs where there are some to join by a line, else steps. */
static bool by_epoch(const ls_history *h, const ls_plot_options *o) {
  if (o->by) return strcmp(o->by, "epoch") == 0;
  return h->epoch.n > 1 || h->step.n == 0;
}

static int cost_curves(const ls_history *h, bool epochs, ls_curve out[2]) {
  const ls_history_events *e = epochs || h->step.n == 0 ? &h->epoch : &h->step;
  int n = 0;
  out[n++] = (ls_curve){.name = "loss",
                        .n = e->n,
                        .x = e->column[epochs ? LS_H_EPOCH : LS_H_STEP],
                        .y = e->column[LS_H_LOSS]};
  if (ls_history_has(&h->epoch, LS_H_VAL_LOSS))
    out[n++] = (ls_curve){.name = "val_loss",
                          .n = h->epoch.n,
                          .x = h->epoch.column[epochs ? LS_H_EPOCH : LS_H_STEP],
                          .y = h->epoch.column[LS_H_VAL_LOSS],
                          .color = 1,
                          .dash = 1};
  return n;
}

/* One scale for all curves, and one range for all panels, so that they can be compared by eye. */
static void share_axis(ls_panel *panel, int panels) {
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < panels; i++)
    for (int k = 0; k < panel[i].curves; k++) {
      const ls_curve *c = &panel[i].curve[k];
      for (int64_t j = 0; j < c->n; j++) {
        if (!isfinite(c->y[j])) continue;
        low = fmin(low, c->y[j]);
        high = fmax(high, c->y[j]);
      }
    }
  bool log_y = low > 0 && high > 100 * low;
  for (int i = 0; i < panels; i++) {
    panel[i].log_y = log_y;
    if (!(low < high) || (panels == 1 && !log_y)) continue; /* alone, gnuplot chooses round ends */
    panel[i].y_lo = log_y ? low / 1.3 : low - 0.03 * (high - low);
    panel[i].y_hi = log_y ? high * 1.3 : high + 0.03 * (high - low);
  }
}

static ls_status plot_cost(const ls_runs *runs, const ls_plot_options *o) {
  ls_panel panel[PANELS_MAX] = {0};
  ls_curve curve[PANELS_MAX][2];
  char *title[PANELS_MAX];
  if (runs->n > PANELS_MAX)
    return ls_fail(LS_EUSAGE,
                   "at most %d runs beside one another; plot compare lays more over one another",
                   PANELS_MAX);
  for (int i = 0; i < runs->n; i++) {
    const ls_history *h = runs->item[i].history;
    bool epochs = by_epoch(h, o);
    title[i] = ls_plot_title(runs, i);
    panel[i] = (ls_panel){.title = title[i],
                          .x_label = epochs ? "epoch" : "global_step (weight updates)",
                          .y_label = "loss (mean over samples)"};
    panel[i].curve = curve[i];
    panel[i].curves = cost_curves(h, epochs, curve[i]);
  }
  share_axis(panel, runs->n);
  ls_status status = ls_plot(panel, runs->n, o->out, o->keep_script);
  for (int i = 0; i < runs->n; i++) LS_FREE(title[i]);
  return status;
}

/* ---- lr: a curve a group, runs that differ in their seed have the same rate ---- */

static ls_status plot_lr(const ls_runs *runs, const ls_plot_options *o) {
  ls_curve *curve;
  LS_NEW(curve, runs->groups);
  for (int g = 0; g < runs->groups; g++) {
    const ls_history *h = ls_runs_first(runs, g)->history;
    const ls_history_events *e = h->step.n > 0 ? &h->step : &h->epoch;
    curve[g] = (ls_curve){.name = ls_runs_label(runs, g),
                          .n = e->n,
                          .x = e->column[LS_H_STEP],
                          .y = e->column[LS_H_LR],
                          .color = g,
                          .dash = g % 4};
  }
  ls_panel panel = {.title = runs->groups == 1 ? curve[0].name : "learning rate",
                    .x_label = "global_step (weight updates)",
                    .y_label = "learning rate",
                    .curve = curve,
                    .curves = runs->groups};
  share_axis(&panel, 1);
  ls_status status = ls_plot(&panel, 1, o->out, o->keep_script);
  for (int g = 0; g < runs->groups; g++) LS_FREE(curve[g].name);
  LS_FREE(curve);
  return status;
}

/* ---- compare: a panel a metric, a curve a group, with its spread ---- */

/* Mean and standard deviation over a group's runs, epoch by epoch; block: (4, n) for x, mean, low,
 * high. */
static void group_curve(const ls_runs *runs, int group, ls_history_column c, int64_t n,
                        double *block) {
  for (int64_t e = 0; e < n; e++) {
    double sum = 0, square = 0, x = NAN;
    int count = 0;
    for (int i = 0; i < runs->n; i++) {
      const ls_history_events *events = &runs->item[i].history->epoch;
      if (runs->item[i].group != group || e >= events->n) continue;
      double y = events->column[c][e];
      x = events->column[LS_H_EPOCH][e];
      if (!isfinite(y)) continue;
      count++;
      sum += y;
      square += y * y;
    }
    double mean = count > 0 ? sum / count : (double)NAN;
    double deviation = count > 1 ? sqrt(fmax(0, (square - count * mean * mean) / (count - 1))) : 0;
    block[e] = x;
    block[n + e] = mean;
    block[2 * n + e] = mean - deviation;
    block[3 * n + e] = mean + deviation;
  }
}

static int64_t longest(const ls_runs *runs, int group) {
  int64_t n = 0;
  for (int i = 0; i < runs->n; i++)
    if (runs->item[i].group == group && runs->item[i].history->epoch.n > n)
      n = runs->item[i].history->epoch.n;
  return n;
}

static ls_status make_curve(const ls_runs *runs, int group, ls_history_column c, ls_curve *out) {
  int64_t n = longest(runs, group);
  int seeds = ls_runs_size(runs, group);
  double *block;
  LS_NEW(block, 4 * n);
  group_curve(runs, group, c, n, block);
  char *label = ls_runs_label(runs, group);
  *out = (ls_curve){.n = n, .x = block, .y = block + n, .color = group, .dash = group % 4};
  out->name = seeds > 1 ? ls_mem_format("%s (%d seeds)", label, seeds) : ls_mem_text(label);
  if (seeds > 1) out->low = block + 2 * n, out->high = block + 3 * n;
  LS_FREE(label);
  return LS_OK;
}

static ls_status make_panel(const ls_runs *runs, ls_history_column c, ls_panel *panel) {
  panel->x_label = "epoch";
  panel->y_label = ls_history_names[c];
  LS_NEW(panel->curve, runs->groups);
  for (int g = 0; g < runs->groups; g++, panel->curves++)
    LS_TRY(make_curve(runs, g, c, &panel->curve[g]));
  share_axis(panel, 1);
  panel->title = runs->groups == 1 ? panel->curve[0].name : ls_history_names[c];
  return LS_OK;
}

static bool any_has(const ls_runs *runs, ls_history_column c) {
  bool found = false;
  for (int i = 0; i < runs->n; i++)
    found = found || ls_history_has(&runs->item[i].history->epoch, c);
  return found;
}

/* The metric asked for; else the loss, and beside it that of validation or the accuracy. */
static ls_status choose_metrics(const ls_runs *runs, const ls_plot_options *o,
                                ls_history_column *metric, int *count) {
  *count = 0;
  if (!o->metric) {
    metric[(*count)++] = LS_H_LOSS;
    if (any_has(runs, LS_H_VAL_LOSS))
      metric[(*count)++] = LS_H_VAL_LOSS;
    else if (any_has(runs, LS_H_ACCURACY))
      metric[(*count)++] = LS_H_ACCURACY;
    return LS_OK;
  }
  ls_history_column c = column_by_name(o->metric);
  const char *near = ls_nearest(o->metric, ls_history_names);
  if (c == LS_H_COLUMNS && near)
    return ls_fail(LS_EUSAGE, "--metric %s: did you mean '%s'?", o->metric, near);
  if (c == LS_H_COLUMNS)
    return ls_fail(LS_EUSAGE,
                   "--metric %s: one of loss, accuracy, val_loss, val_accuracy, lr, samples_per_s",
                   o->metric);
  if (!any_has(runs, c)) return ls_fail(LS_EDATA, "no run has %s in its epochs", o->metric);
  metric[(*count)++] = c;
  return LS_OK;
}

static ls_status plot_compare(const ls_runs *runs, const ls_plot_options *o) {
  ls_history_column metric[METRICS_MAX];
  ls_panel panel[METRICS_MAX] = {0};
  int count;
  LS_TRY(choose_metrics(runs, o, metric, &count));
  ls_status status = LS_OK;
  for (int i = 0; i < count && status == LS_OK; i++)
    status = make_panel(runs, metric[i], &panel[i]);
  if (status == LS_OK) status = ls_plot(panel, count, o->out, o->keep_script);
  for (int i = 0; i < count; i++) {
    for (int g = 0; g < panel[i].curves; g++) {
      LS_FREE(panel[i].curve[g].name);
      LS_FREE(panel[i].curve[g].x); /* the block of all four */
    }
    LS_FREE(panel[i].curve);
  }
  return status;
}

/* ---- the command ---- */

static ls_status check(const ls_cli *cli, const ls_plot_options *o) {
  if (!o->out)
    return ls_fail(LS_EUSAGE, "where to? -o FILE.svg, .png or .pdf, or -o - for the terminal");
  if (o->by && strcmp(o->by, "epoch") != 0 && strcmp(o->by, "step") != 0)
    return ls_fail(LS_EUSAGE, "--by %s: use epoch or step", o->by);
  if (o->steps < 1) return ls_fail(LS_EUSAGE, "--steps is positive");
  if (cli->json && strcmp(o->out, "-") == 0)
    return ls_fail(LS_EUSAGE, "-o - and --json both want stdout");
  return LS_OK;
}

/* steps: how many step events the picture wants at most. */
static ls_status draw(const ls_cli *cli, const ls_plot_options *o, int64_t steps,
                      ls_status (*plot)(const ls_runs *, const ls_plot_options *)) {
  ls_runs *runs;
  LS_TRY(check(cli, o));
  LS_TRY(ls_runs_read(cli->args, steps, &runs));
  for (int i = 0; i < runs->n; i++)
    if (runs->item[i].history->stride > 1)
      ls_log(LS_LOG_INFO, "%s: of its step events every %lldth is drawn", runs->item[i].path,
             (long long)runs->item[i].history->stride);
  ls_status status = plot(runs, o);
  if (status == LS_OK) {
    json_t *done = json_object();
    ls_put(done, "plot", cli->part->name);
    ls_put(done, "file", o->out);
    ls_put(done, "runs", runs->n);
    ls_print(cli, done, NULL);
  }
  ls_runs_free(&runs);
  return status;
}

static ls_status cost(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_DRAWN, plot_cost);
}
static ls_status lr(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_DRAWN, plot_lr);
}
static ls_status path(ls_cli *cli, const void *given) {
  return draw(cli, given, LS_HISTORY_ALL, ls_plot_path);
}
static ls_status compare(ls_cli *cli, const void *given) {
  return draw(cli, given, 0, plot_compare);
}

#define OPTION(member, ...) LS_OPTION(ls_plot_options, member, __VA_ARGS__)
static const ls_option plot_options[] = {
    OPTION(out, "output", 'o', "FILE", "FILE.svg, .png or .pdf; - draws on the terminal"),
    OPTION(by, "by", 0, "epoch|step", "cost: what is on the x axis"),
    OPTION(metric, "metric", 0, "NAME", "compare: this member of the epoch events only"),
    OPTION(surface, "surface", 0, NULL,
           "path: on the surface of the cost instead of its contour lines"),
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
        "[--keep-script]\n"
        "\nExamples:\n"
        "  lockstep plot cost runs/a -o cost.svg                # loss and val_loss against the "
        "epoch\n"
        "  lockstep plot cost runs/a runs/b -o -                # side by side, in the terminal\n"
        "  lockstep plot compare runs/sgd-* runs/adam-* -o c.pdf  # runs that differ in their seed "
        "become a mean with its spread\n"
        "  lockstep plot path runs/toy -o path.svg              # two parameters over contour "
        "lines of the cost\n"
        "  lockstep plot path runs/toy --surface -o path.png    # the same over the surface\n",
    .options = plot_options,
    .size = sizeof(ls_plot_options),
    .defaults = &(const ls_plot_options){.steps = 1000},
    .part = {{.name = "cost", .run = cost},
             {.name = "lr", .run = lr},
             {.name = "path", .run = path},
             {.name = "compare", .run = compare}}};
