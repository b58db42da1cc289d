/* plot_path.c - how two weights went over the cost of the data. The cost at a point is what the
 * run's own model and data say (cost_at), so a picture takes some thousand evaluations. Begin with
 * draw. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd_plot.h"
#include "train/evaluate.h"
#include "train/mode.h"

enum { GRID = 121, PATHS_MAX = 6, SEARCH_MAX = 4000, SIDE = 20 };

/* w[0] is the weight, w[1] the bias: the intercept goes on the x axis, the slope on the y axis. */
typedef struct {
  ls_comm *comm;
  ls_config *config;
  ls_run *run;
  double *w0, *w1, *cost, *number; /* (points) */
  int64_t points;
  char *title, *z_label;
} scene;

/* The cost below one path or several, and what is drawn over it. */
typedef struct {
  const scene *scene; /* (scenes); the first computes the cost */
  int scenes;
  ls_grid grid;
  ls_curve curve[PATHS_MAX + 1];
  double rectangle[3][4 * SIDE + 1]; /* x, y, cost, all the way round */
} ground;

/* ---- the cost ---- */

static ls_status cost_at(const scene *s, double bias, double weight, double *out) {
  double *w = ls_exchange_weights(s->run->exchange);
  ls_score score;
  w[0] = weight;
  w[1] = bias;
  ls_run_weights_changed(s->run);
  LS_TRY(ls_evaluate(s->run, LS_SPLIT_TRAIN, &score, NULL));
  *out = score.value[LS_METRIC_LOSS];
  return LS_OK;
}

static ls_status open_config(const ls_runs_item *item, const char *data, ls_config **out) {
  const bool idx = item->config && strcmp(item->config->data.type, "idx") == 0;
  char *override = NULL;
  if (data) override = ls_mem_format("%s=%s", idx ? "data.dir" : "data.train.file", data);
  const ls_status status = ls_config_of_run(item->path, &override, data ? 1 : 0, out);
  LS_FREE(override);
  if (status != LS_EIO) return status;
  return ls_fail(LS_EDATA, "%s: the contours need the run's config: %s", item->path,
                 ls_error_text());
}

/* The run as it was before its first update, in double precision. */
static ls_status open_scene(scene *s, const ls_runs_item *item, const char *data) {
  LS_TRY(open_config(item, data, &s->config));
  if (s->config->loss_file)
    return ls_fail(LS_EDATA,
                   "%s: the contours need the loss, which is a plug-in's, and no run folder's "
                   "plug-in is loaded",
                   item->path);
  s->config->precision = LS_F64;
  LS_TRY(ls_comm_open_solo(&s->comm));
  if (ls_run_new(s->comm, s->config, &ls_mode_synchronous, 1, &s->run) != LS_OK)
    return ls_fail_prefix(
        LS_EDATA, "%s: the contours need the run's data (--data FILE where they have moved)",
        item->path);
  if (s->run->parameters != 2)
    return ls_fail(LS_EDATA, "%s: plot path draws models of 2 parameters, this one has %jd",
                   item->path, s->run->parameters);
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

/* Its points, and the cost at each. */
static ls_status read_path(scene *s, const ls_runs_item *item, int64_t steps) {
  const ls_history *h = item->history;
  int64_t n = h->step.n < steps ? h->step.n : steps;
  if (n < h->step.n)
    ls_log(LS_LOG_INFO, "%s: the first %jd of %jd updates (--steps N)", item->path, n, h->step.n);
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

static void widen(const double *x, int64_t n, double *lo, double *hi) {
  for (int64_t i = 0; i < n; i++) {
    *lo = fmin(*lo, x[i]);
    *hi = fmax(*hi, x[i]);
  }
}

/* Downhill along the axes from where the path ends, by steps that halve: good enough for a mark on
 * a picture. */
static ls_status find_lowest(const scene *s, double size, double *lowest) {
  double at[2] = {s->w0[s->points - 1], s->w1[s->points - 1]}, step = size / 4, best, cost;
  LS_TRY(cost_at(s, at[0], at[1], &best));
  for (int tries = 0; tries < SEARCH_MAX && step > 1e-5 * size; tries++) {
    bool moved = false;
    for (int k = 0; k < 4; k++) {
      double to[2] = {at[0] + (k == 0) * step - (k == 1) * step,
                      at[1] + (k == 2) * step - (k == 3) * step};
      LS_TRY(cost_at(s, to[0], to[1], &cost));
      if (!(cost < best)) continue;
      best = cost;
      memcpy(at, to, sizeof at);
      moved = true;
    }
    if (!moved) step /= 2;
  }
  memcpy(lowest, at, sizeof at);
  return LS_OK;
}

static void include(double value, double *lo, double *hi) {
  *lo = fmin(*lo, value);
  *hi = fmax(*hi, value);
  double margin = *hi > *lo ? 0.12 * (*hi - *lo) : fmax(1, fabs(*lo));
  *lo -= margin;
  *hi += margin;
}

/* A view of all paths and of the lowest point. */
static ls_status find_view(ground *g) {
  ls_view *v = &g->grid.view;
  *v = (ls_view){INFINITY, -INFINITY, INFINITY, -INFINITY};
  for (int i = 0; i < g->scenes; i++) {
    widen(g->scene[i].w0, g->scene[i].points, &v->x_lo, &v->x_hi);
    widen(g->scene[i].w1, g->scene[i].points, &v->y_lo, &v->y_hi);
  }
  double lowest[2], size = fmax(fmax(v->x_hi - v->x_lo, v->y_hi - v->y_lo), 1e-3);
  LS_TRY(find_lowest(&g->scene[0], size, lowest));
  g->grid.x_min = lowest[0];
  g->grid.y_min = lowest[1];
  include(lowest[0], &v->x_lo, &v->x_hi);
  include(lowest[1], &v->y_lo, &v->y_hi);
  return LS_OK;
}

static ls_status fill_grid(ground *g) {
  const ls_view *v = &g->grid.view;
  double *z;
  LS_NEW(z, GRID * GRID);
  g->grid.n = GRID;
  g->grid.z = z;
  for (int64_t iy = 0; iy < GRID; iy++) {
    const double y = v->y_lo + (v->y_hi - v->y_lo) * (double)iy / (GRID - 1);
    for (int64_t ix = 0; ix < GRID; ix++) {
      const double x = v->x_lo + (v->x_hi - v->x_lo) * (double)ix / (GRID - 1);
      LS_TRY(cost_at(&g->scene[0], x, y, z++));
    }
  }
  return LS_OK;
}

static void draw_paths(ground *g) {
  for (int i = 0; i < g->scenes; i++) {
    const scene *s = &g->scene[i];
    g->curve[i] = (ls_curve){.name = g->scenes > 1 ? s->title : "iterates",
                             .n = s->points,
                             .x = s->w0,
                             .y = s->w1,
                             .z = s->cost,
                             .number = s->number,
                             .style = i,
                             .kind = LS_CURVE_PATH};
  }
}

/* ---- a detail, enlarged ---- */

/* Around the minimum: as much as the later half of the updates needs, at most a quarter of the
 * whole and at least a fortieth. */
static ls_view around_minimum(const ground *g) {
  const ls_view *v = &g->grid.view;
  const double wide = v->x_hi - v->x_lo, high = v->y_hi - v->y_lo, x = g->grid.x_min,
               y = g->grid.y_min;
  double far = 0;
  for (const scene *s = g->scene; s < g->scene + g->scenes; s++)
    for (int64_t i = s->points / 2; i < s->points; i++)
      far = fmax(far, fmax(fabs(s->w0[i] - x) / wide, fabs(s->w1[i] - y) / high));
  const double half = fmin(0.125, fmax(0.0125, 1.15 * far));
  return (ls_view){x - half * wide, x + half * wide, y - half * high, y + half * high};
}

static ls_status choose_detail(const ground *whole, const char *zoom, ls_grid *detail) {
  *detail = whole->grid;
  detail->z = NULL;
  if (strcmp(zoom, "min") != 0) return ls_plot_zoom_within(zoom, &whole->grid.view, &detail->view);
  detail->view = around_minimum(whole);
  return LS_OK;
}

static ls_status draw_rectangle(ground *whole, const ls_view *detail) {
  double *x = whole->rectangle[0], *y = whole->rectangle[1], *z = whole->rectangle[2];
  for (int i = 0; i <= 4 * SIDE; i++) {
    double along = (double)(i % SIDE) / SIDE;
    int side = i / SIDE % 4;
    double right[] = {along, 1, 1 - along, 0}, up[] = {0, along, 1, 1 - along};
    x[i] = detail->x_lo + right[side] * (detail->x_hi - detail->x_lo);
    y[i] = detail->y_lo + up[side] * (detail->y_hi - detail->y_lo);
    LS_TRY(cost_at(&whole->scene[0], x[i], y[i], &z[i]));
  }
  whole->curve[whole->scenes] =
      (ls_curve){.n = 4 * SIDE + 1, .x = x, .y = y, .z = z, .kind = LS_CURVE_RECTANGLE};
  return LS_OK;
}

/* ---- the picture ---- */

static ls_status make_scene(scene *s, const ls_runs *runs, int which, const ls_plot_options *o) {
  const ls_runs_item *item = &runs->item[which];
  if (item->history->weights != 2)
    return ls_fail(LS_EDATA,
                   "%s: its step events hold no two weights; train with output.log_weights=true "
                   "output.step_every=1",
                   item->path);
  LS_TRY(open_scene(s, item, o->data));
  LS_TRY(read_path(s, item, o->steps));
  s->title = ls_runs_title(runs, which);
  return LS_OK;
}

/* Paths over one cost: it is the same for all of them where they begin and where they end. */
static ls_status same_cost(const scene *first, const scene *other) {
  for (int64_t k = 0; k < 2; k++) {
    int64_t i = k == 0 ? 0 : other->points - 1;
    double cost;
    LS_TRY(cost_at(first, other->w0[i], other->w1[i], &cost));
    if (fabs(cost - other->cost[i]) > 1e-9 * fmax(1, fabs(cost)))
      return ls_fail(LS_EDATA,
                     "--together: %s and %s have other costs, %s and %s, at the same weights; "
                     "without --together each has its own panel",
                     first->title, other->title, first->z_label, other->z_label);
  }
  return LS_OK;
}

static ls_panel panel_of(const ground *g, const ls_plot_options *o) {
  return (ls_panel){.title = g->scenes == 1 ? g->scene[0].title : NULL,
                    .x_label = "w0: intercept (b)",
                    .y_label = "w1: slope (W)",
                    .z_label = g->scene[0].z_label,
                    .view = g->grid.view,
                    .curve = (ls_curve *)g->curve,
                    .curves = g->scenes,
                    .grid = &g->grid,
                    .surface = o->surface};
}

/* A ground and, if asked for, the detail of it that is enlarged: g[0] and g[1]. */
static ls_status make_ground(ground *g, const scene *s, int scenes, const ls_plot_options *o,
                             ls_panel *panel) {
  g[0].scene = s;
  g[0].scenes = scenes;
  LS_TRY(find_view(&g[0]));
  LS_TRY(fill_grid(&g[0]));
  draw_paths(&g[0]);
  panel[0] = panel_of(&g[0], o);
  if (!o->zoom) return LS_OK;
  g[1].scene = s;
  g[1].scenes = scenes;
  LS_TRY(choose_detail(&g[0], o->zoom, &g[1].grid));
  LS_TRY(fill_grid(&g[1]));
  draw_paths(&g[1]);
  LS_TRY(draw_rectangle(&g[0], &g[1].grid.view));
  panel[0].curves++;
  panel[1] = panel_of(&g[1], o);
  panel[1].title = "the rectangle, enlarged";
  if (!ls_plot_any_in(&panel[1], &panel[1].view))
    ls_log(LS_LOG_WARN, "--zoom %s: no part of a path is there", o->zoom);
  return LS_OK;
}

static ls_status draw(const scene *s, int scenes, const ls_plot_options *o, ground *g) {
  ls_panel panel[2 * PATHS_MAX] = {0};
  int each = o->zoom ? 2 : 1, together = o->together ? scenes : 1, panels = 0;
  for (int i = 1; i < together; i++) LS_TRY(same_cost(&s[0], &s[i]));
  for (int i = 0; i < scenes; i += together, panels += each)
    LS_TRY(make_ground(&g[panels], &s[i], together, o, &panel[panels]));
  return ls_plot(panel, panels, o->out, o->keep_script);
}

ls_status ls_plot_path(const ls_runs *runs, const ls_plot_options *o) {
  scene scenes[PATHS_MAX] = {0};
  ground *g;
  if (ls_comm_launched())
    return ls_fail(LS_EUSAGE, "plot path computes on one process: start it without mpirun");
  if (runs->n > PATHS_MAX) return ls_fail(LS_EUSAGE, "at most %d paths in a picture", PATHS_MAX);
  LS_NEW(g, 2 * PATHS_MAX);
  ls_status status = LS_OK;
  for (int i = 0; i < runs->n && status == LS_OK; i++) status = make_scene(&scenes[i], runs, i, o);
  if (status == LS_OK) status = draw(scenes, runs->n, o, g);
  for (int i = 0; i < 2 * PATHS_MAX; i++) LS_FREE(g[i].grid.z);
  LS_FREE(g);
  for (int i = 0; i < runs->n; i++) close_scene(&scenes[i]);
  return status;
}
