/* plot_path.c - how two weights went over the cost of the data. The cost at a point is what the
 * run's own model and data say. */
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd_plot.h"
#include "io/regular.h"
#include "train/run.h"

enum { GRID = 61, PANELS_MAX = 6, CONFIG_MAX = 16 << 20, SEARCH_MAX = 4000 };

/* w[0] is the weight, w[1] the bias: the intercept goes on the x axis, the slope on the y axis. */
typedef struct {
  ls_comm *comm;
  ls_config *config;
  ls_run *run;
  double *w0, *w1, *cost, *number; /* (points) */
  int64_t points;
  double lowest[2];
  ls_grid grid;
  char *title, *z_label;
  ls_curve curve;
} scene;

/* ---- the cost ---- */

static ls_status cost_at(const scene *s, double bias, double weight, double *out) {
  double *w = ls_exchange_weights(s->run->exchange);
  ls_score score;
  w[0] = weight;
  w[1] = bias;
  ls_run_weights_changed(s->run);
  LS_TRY(ls_evaluate(s->run, LS_SPLIT_TRAIN, &score, NULL));
  *out = score.loss;
  return LS_OK;
}

static ls_status open_config(const ls_runs_item *item, const char *data, ls_config **out) {
  char *path = ls_mem_format("%s/config.yaml", item->path), *text = NULL, *override = NULL;
  size_t bytes = 0;
  if (data)
    override = ls_mem_format(item->config && strcmp(item->config->data.type, "idx") == 0
                                 ? "data.dir=%s"
                                 : "data.train.file=%s",
                             data);
  ls_status status = ls_regular_read(path, O_NOFOLLOW, &text, &bytes, CONFIG_MAX);
  if (status != LS_OK)
    status = ls_fail(LS_EDATA, "%s: the contours need the run's config: %s", item->path,
                     ls_error_text());
  if (status == LS_OK) status = ls_config_parse(path, text, bytes, &override, data ? 1 : 0, out);
  if (status == LS_OK) ls_config_was_written(*out);
  LS_FREE(text);
  LS_FREE(override);
  LS_FREE(path);
  return status;
}

/* The run as it was before its first update, in double precision. */
static ls_status open_scene(scene *s, const ls_runs_item *item, const char *data) {
  LS_TRY(open_config(item, data, &s->config));
  s->config->precision = LS_F64;
  LS_TRY(ls_comm_open_solo(&s->comm));
  if (ls_run_new(s->comm, s->config, 1, &s->run) != LS_OK)
    return ls_fail_prefix(
        LS_EDATA, "%s: the contours need the run's data (--data FILE where they have moved)",
        item->path);
  if (s->run->parameters != 2)
    return ls_fail(LS_EDATA, "%s: plot path draws models of 2 parameters, this one has %lld",
                   item->path, (long long)s->run->parameters);
  s->z_label = ls_mem_format("cost (%s)", s->config->loss);
  return LS_OK;
}

static void close_scene(scene *s) {
  ls_run_free(&s->run);
  ls_config_free(&s->config);
  if (s->comm) ls_comm_close(&s->comm);
  LS_FREE(s->w0);
  LS_FREE(s->w1);
  LS_FREE(s->cost);
  LS_FREE(s->number);
  LS_FREE(s->grid.z);
  LS_FREE(s->title);
  LS_FREE(s->z_label);
}

/* ---- the path ---- */

static void add_point(scene *s, double bias, double weight, double number) {
  if (!isfinite(bias) || !isfinite(weight)) return;
  s->w0[s->points] = bias;
  s->w1[s->points] = weight;
  s->number[s->points++] = number;
}

static ls_status take_path(scene *s, const ls_runs_item *item, int64_t steps) {
  const ls_history *h = item->history;
  int64_t n = h->step.n < steps ? h->step.n : steps;
  if (n < h->step.n)
    ls_log(LS_LOG_INFO, "%s: the first %lld of %lld updates (--steps N)", item->path, (long long)n,
           (long long)h->step.n);
  LS_NEW(s->w0, n + 1);
  LS_NEW(s->w1, n + 1);
  LS_NEW(s->cost, n + 1);
  LS_NEW(s->number, n + 1);
  const double *first = ls_exchange_weights(s->run->exchange);
  if (s->config->init.kind != LS_INIT_FILE) add_point(s, first[1], first[0], 0);
  for (int64_t i = 0; i < n; i++)
    add_point(s, h->step.column[LS_H_COLUMNS + 1][i], h->step.column[LS_H_COLUMNS][i],
              h->step.column[LS_H_STEP][i]);
  if (s->points == 0) return ls_fail(LS_EDATA, "%s: no weight was ever finite", item->path);
  for (int64_t i = 0; i < s->points; i++) LS_TRY(cost_at(s, s->w0[i], s->w1[i], &s->cost[i]));
  return LS_OK;
}

/* ---- the ground ---- */

static void bounds(const double *x, int64_t n, double *lo, double *hi) {
  *lo = *hi = x[0];
  for (int64_t i = 1; i < n; i++) {
    *lo = fmin(*lo, x[i]);
    *hi = fmax(*hi, x[i]);
  }
}

/* Downhill along the axes from where the path ends, by steps that halve: good enough for a mark on
 * a picture. */
static ls_status find_lowest(scene *s, double width, double height) {
  double at[2] = {s->w0[s->points - 1], s->w1[s->points - 1]}, step[2] = {width / 4, height / 4},
         best, cost;
  LS_TRY(cost_at(s, at[0], at[1], &best));
  for (int tries = 0; tries < SEARCH_MAX && step[0] > 1e-5 * width; tries++) {
    bool moved = false;
    for (int k = 0; k < 4; k++) {
      double to[2] = {at[0] + (k == 0) * step[0] - (k == 1) * step[0],
                      at[1] + (k == 2) * step[1] - (k == 3) * step[1]};
      LS_TRY(cost_at(s, to[0], to[1], &cost));
      if (!(cost < best)) continue;
      best = cost;
      memcpy(at, to, sizeof at);
      moved = true;
    }
    for (int k = 0; k < 2 && !moved; k++) step[k] /= 2;
  }
  memcpy(s->lowest, at, sizeof at);
  return LS_OK;
}

static void include(double value, double *lo, double *hi) {
  *lo = fmin(*lo, value);
  *hi = fmax(*hi, value);
  double margin = *hi > *lo ? 0.12 * (*hi - *lo) : fmax(1, fabs(*lo));
  *lo -= margin;
  *hi += margin;
}

static ls_status make_grid(scene *s) {
  ls_grid *g = &s->grid;
  bounds(s->w0, s->points, &g->x_lo, &g->x_hi);
  bounds(s->w1, s->points, &g->y_lo, &g->y_hi);
  double size = fmax(fmax(g->x_hi - g->x_lo, g->y_hi - g->y_lo), 1e-3);
  LS_TRY(find_lowest(s, size, size));
  g->n = GRID;
  g->x_min = s->lowest[0];
  g->y_min = s->lowest[1];
  include(g->x_min, &g->x_lo, &g->x_hi);
  include(g->y_min, &g->y_lo, &g->y_hi);
  LS_NEW(g->z, GRID * GRID);
  for (int64_t iy = 0; iy < GRID; iy++)
    for (int64_t ix = 0; ix < GRID; ix++)
      LS_TRY(cost_at(s, g->x_lo + (g->x_hi - g->x_lo) * (double)ix / (GRID - 1),
                     g->y_lo + (g->y_hi - g->y_lo) * (double)iy / (GRID - 1),
                     &g->z[iy * GRID + ix]));
  return LS_OK;
}

static ls_status make_scene(scene *s, const ls_runs *runs, int which, const ls_plot_options *o) {
  const ls_runs_item *item = &runs->item[which];
  if (item->history->weights != 2)
    return ls_fail(LS_EDATA,
                   "%s: its step events hold no two weights; train with output.log_weights=true "
                   "output.step_every=1",
                   item->path);
  LS_TRY(open_scene(s, item, o->data));
  LS_TRY(take_path(s, item, o->steps));
  LS_TRY(make_grid(s));
  s->title = ls_runs_title(runs, which);
  s->curve = (ls_curve){.name = "iterates",
                        .n = s->points,
                        .x = s->w0,
                        .y = s->w1,
                        .z = s->cost,
                        .color = 1,
                        .path = true,
                        .number = s->number};
  return LS_OK;
}

ls_status ls_plot_path(const ls_runs *runs, const ls_plot_options *o) {
  scene scenes[PANELS_MAX] = {0};
  ls_panel panel[PANELS_MAX] = {0};
  if (ls_comm_launched())
    return ls_fail(LS_EUSAGE, "plot path computes on one process: start it without mpirun");
  if (runs->n > PANELS_MAX)
    return ls_fail(LS_EUSAGE, "at most %d paths beside one another", PANELS_MAX);
  ls_status status = LS_OK;
  for (int i = 0; i < runs->n && status == LS_OK; i++) {
    status = make_scene(&scenes[i], runs, i, o);
    panel[i] = (ls_panel){.title = scenes[i].title,
                          .x_label = "w0: intercept (b)",
                          .y_label = "w1: slope (W)",
                          .z_label = scenes[i].z_label};
    panel[i].curve = &scenes[i].curve;
    panel[i].curves = 1;
    panel[i].grid = &scenes[i].grid;
    panel[i].surface = o->surface;
  }
  if (status == LS_OK) status = ls_plot(panel, runs->n, o->out, o->keep_script);
  for (int i = 0; i < runs->n; i++) close_scene(&scenes[i]);
  return status;
}
