/* plot_script.c - the gnuplot script of a picture, with its data. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "view/plot.h"
#include "view/terminal.h"

enum { POINTS_MAX = 4000, COLUMNS_MAX = 3, LEVELS = 10, NUMBERS_MAX = 100 };

static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000"};
static const char *const dashes[] = {"1", "(10,5)", "(2,4)", "(12,4,2,4)"};
enum { PALETTE = sizeof palette / sizeof *palette, DASHES = sizeof dashes / sizeof *dashes };

static const char *color_of(const ls_curve *c) { return palette[c->color % PALETTE]; }
/* Where the colours begin anew, the dashes differ. */
static const char *dash_of(const ls_curve *c) {
  return dashes[(c->dash + c->color / PALETTE) % DASHES];
}

/* ---- texts and data ---- */

static void quoted(FILE *to, const char *text) {
  fputc('\'', to);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', to);
    fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
  }
  fputc('\'', to);
}

static void setting(FILE *to, const char *name, const char *text) {
  if (!text) return;
  fprintf(to, "set %s ", name);
  quoted(to, text);
  fputc('\n', to);
}

static void number(FILE *to, double value) {
  if (isfinite(value))
    fprintf(to, " %.9g", value);
  else
    fprintf(to, " NaN");
}

static void point(FILE *to, const ls_curve *c, int64_t i) {
  number(to, c->x[i]);
  number(to, c->y[i]);
  if (c->low)
    number(to, c->low[i]), number(to, c->high[i]);
  else if (c->z)
    number(to, c->z[i]);
  fputc('\n', to);
}

/* More points than a picture can show: of each stretch its lowest and its highest, so that no spike
 * is lost. */
static void thinned(FILE *to, const ls_curve *c) {
  int64_t stretches = POINTS_MAX / 2;
  for (int64_t s = 0; s < stretches; s++) {
    int64_t from = s * c->n / stretches, past = (s + 1) * c->n / stretches, low = from, high = from;
    for (int64_t i = from; i < past; i++) {
      if (c->y[i] < c->y[low]) low = i;
      if (c->y[i] > c->y[high]) high = i;
    }
    point(to, c, low < high ? low : high);
    if (low != high) point(to, c, low < high ? high : low);
  }
}

static void curve_data(FILE *to, const ls_curve *c, int panel, int k) {
  fprintf(to, "$curve%d_%d << EOD\n", panel, k);
  if (c->n > POINTS_MAX && !c->path)
    thinned(to, c);
  else
    for (int64_t i = 0; i < c->n; i++) point(to, c, i);
  fprintf(to, "EOD\n");
}

/* Is there a number within a twentieth of the picture already? A path that swings to and fro comes
 * back to where it was. */
static bool is_covered(const ls_curve *c, const ls_grid *grid, const int64_t *shown_at, int64_t n,
                       int64_t i) {
  for (int64_t k = 0; k < n; k++) {
    double dx = (c->x[i] - c->x[shown_at[k]]) / (grid->x_hi - grid->x_lo),
           dy = (c->y[i] - c->y[shown_at[k]]) / (grid->y_hi - grid->y_lo);
    if (dx * dx + dy * dy <= 0.05 * 0.05) return true;
  }
  return false;
}

/* Numbers of iterates, those left out that would cover another. */
static void number_data(FILE *to, const ls_curve *c, const ls_grid *grid, int panel, int k) {
  int64_t shown_at[NUMBERS_MAX], n = 0;
  fprintf(to, "$number%d_%d << EOD\n", panel, k);
  for (int64_t i = 0; i < c->n && n < NUMBERS_MAX; i++) {
    if (is_covered(c, grid, shown_at, n, i)) continue;
    shown_at[n++] = i;
    number(to, c->x[i]), number(to, c->y[i]);
    fprintf(to, " %.0f", c->number[i]);
    if (c->z) number(to, c->z[i]);
    fputc('\n', to);
  }
  fprintf(to, "EOD\n");
}

static void grid_data(FILE *to, const ls_grid *g, int panel) {
  fprintf(to, "$grid%d << EOD\n", panel);
  for (int64_t iy = 0; iy < g->n; iy++) {
    for (int64_t ix = 0; ix < g->n; ix++) {
      number(to, g->x_lo + (g->x_hi - g->x_lo) * (double)ix / (double)(g->n - 1));
      number(to, g->y_lo + (g->y_hi - g->y_lo) * (double)iy / (double)(g->n - 1));
      number(to, g->z[iy * g->n + ix]);
      fputc('\n', to);
    }
    fputc('\n', to);
  }
  fprintf(to, "EOD\n");
}

static void panel_data(FILE *to, const ls_panel *p, int number_of_panel) {
  for (int k = 0; k < p->curves; k++) {
    curve_data(to, &p->curve[k], number_of_panel, k);
    if (p->curve[k].path && p->grid) number_data(to, &p->curve[k], p->grid, number_of_panel, k);
  }
  if (p->grid) grid_data(to, p->grid, number_of_panel);
}

/* ---- settings ---- */

static void terminal(FILE *to, const char *kind, int panels) {
  int columns = panels < COLUMNS_MAX ? panels : COLUMNS_MAX,
      rows = (panels + COLUMNS_MAX - 1) / COLUMNS_MAX;
  int w = columns == 1 ? 760 : 560 * columns, h = (columns == 1 ? 500 : 460) * rows;
  if (strcmp(kind, "svg") == 0)
    fprintf(to, "set terminal svg size %d,%d noenhanced font 'Helvetica,15' background '#ffffff'\n",
            w, h);
  if (strcmp(kind, "png") == 0)
    fprintf(to, "set terminal pngcairo size %d,%d noenhanced font 'Sans,11' background '#ffffff'\n",
            w, h);
  if (strcmp(kind, "pdf") == 0)
    fprintf(to, "set terminal pdfcairo size %.2f,%.2f noenhanced font 'Sans,12'\n", w / 130.0,
            h / 130.0);
  if (strcmp(kind, "-") != 0) return;
  int wide = ls_terminal_columns(1);
  int unknown = 79 * (columns > 2 ? 2 : columns);
  fprintf(to, "set terminal dumb size %d,%d noenhanced\n", wide > 40 ? wide - 1 : unknown,
          24 * rows);
}

static void common_settings(FILE *to, bool plain) {
  fputs("set encoding utf8\nset datafile missing 'NaN'\n", to);
  fputs("set key above center horizontal maxrows 4 samplen 3 width 2\n", to);
  if (plain) return;
  fputs(
      "set border 3 lw 1 lc rgb '#555555'\nset tics nomirror\nset grid lt 1 lw 0.6 lc rgb "
      "'#dddddd'\n",
      to);
}

/* Characters can't stand upright: on a terminal the y label goes into the title. */
static void axes(FILE *to, const ls_panel *p, bool plain) {
  char title[256];
  bool both = plain && !p->grid && p->y_label;
  snprintf(title, sizeof title, "%s%s%s", p->title ? p->title : "", both ? ": " : "",
           both ? p->y_label : "");
  setting(to, "title", title);
  setting(to, "xlabel", p->x_label);
  setting(to, "ylabel", both ? "" : p->y_label);
  fprintf(to, p->log_y ? "set logscale y\nset format y '%%g'\n"
                       : "unset logscale\nset format y '%%g'\n");
  if (p->y_lo < p->y_hi)
    fprintf(to, "set yrange [%.9g:%.9g]\n", p->y_lo, p->y_hi);
  else
    fputs("set autoscale y\n", to);
  int named = 0;
  for (int k = 0; k < p->curves; k++) named += p->curve[k].name != NULL;
  fputs(named > 1 || p->grid ? "set key on\n" : "set key off\n", to);
}

/* ---- curves over axes ---- */

static void titled(FILE *to, const char *name) {
  fputs(name ? " title " : " notitle", to);
  if (name) quoted(to, name);
}

static int64_t shown(const ls_curve *c) {
  int64_t n = 0;
  for (int64_t i = 0; i < c->n; i++) n += isfinite(c->y[i]) != 0;
  return n;
}

static void plot_curves(FILE *to, const ls_panel *p, int panel, bool plain, const char *before) {
  for (int k = 0; k < p->curves; k++) {
    const ls_curve *c = &p->curve[k];
    if (!c->low || plain) continue;
    fprintf(to,
            "%s $curve%d_%d using 1:3:4 with filledcurves fs transparent solid 0.18 noborder lc "
            "rgb '%s' notitle",
            before, panel, k, color_of(c));
    before = ",";
  }
  for (int k = 0; k < p->curves; k++) {
    const ls_curve *c = &p->curve[k];
    bool points = c->path || shown(c) <= 20;
    fprintf(to, "%s $curve%d_%d using 1:2 with %s lw %s dt %s%s lc rgb '%s'", before, panel, k,
            points ? "linespoints pt 7 ps 0.6" : "lines", c->path ? "1.5" : "2", dash_of(c), "",
            color_of(c));
    titled(to, c->name);
    before = ",";
  }
  for (int k = 0; k < p->curves; k++)
    if (p->curve[k].path && p->grid)
      fprintf(
          to,
          ", $number%d_%d using 1:2:3 with labels offset 0.7,0.7 font ',10' tc rgb '%s' notitle",
          panel, k, color_of(&p->curve[k]));
  fputc('\n', to);
}

/* Levels that halve towards the lowest value: evenly spaced rings in a bowl. */
static void contour_levels(FILE *to, const ls_grid *g) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < g->n * g->n; i++) {
    if (g->z[i] < low) low = g->z[i];
    if (g->z[i] > high && isfinite(g->z[i])) high = g->z[i];
  }
  fputs("set cntrparam levels discrete ", to);
  for (int k = LEVELS; k >= 1; k--)
    fprintf(to, "%.9g%s", low + (high - low) * ldexp(0.8, 1 - k), k > 1 ? "," : "\n");
}

static void plot_contours(FILE *to, const ls_panel *p, int panel, bool plain) {
  const ls_grid *g = p->grid;
  fputs("set contour base\nunset surface\n", to);
  contour_levels(to, g);
  fprintf(to,
          "set table $ring%d\nsplot $grid%d using 1:2:3 notitle\nunset table\nunset contour\nset "
          "surface\n",
          panel, panel);
  fprintf(to, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", g->x_lo, g->x_hi, g->y_lo,
          g->y_hi);
  fputs(
      "set palette defined (0 '#08306b', 0.5 '#4292c6', 1 '#b5d3e9')\nset logscale cb\nset format "
      "cb '%g'\n",
      to);
  setting(to, "cblabel", p->z_label);
  fprintf(to, "plot $ring%d using 1:2:3 with lines lw 1.2 %s notitle,", panel,
          plain ? "lt 0" : "lc palette");
  if (isfinite(g->x_min))
    fprintf(to,
            " '+' using (%.9g):(%.9g) every ::0::0 with points pt 1 ps 1.4 lw 1.5 lc rgb '#000000' "
            "title 'minimum',",
            g->x_min, g->y_min);
  plot_curves(to, p, panel, plain, "");
}

static void plot_surface(FILE *to, const ls_panel *p, int panel) {
  const ls_grid *g = p->grid;
  setting(to, "zlabel", p->z_label);
  fputs(
      "set key off\nset zlabel rotate by 90 offset -2,0\nset view 34,15,0.95,1.3\nset xyplane "
      "0\nset border 31 lc rgb '#888888'\nset "
      "ztics\nset format z '%g'\n",
      to);
  fputs(
      "set palette defined (0 '#4292c6', 0.5 '#9ecae1', 1 '#e8f1fa')\nunset colorbox\nset pm3d "
      "border lc rgb '#ffffff' lw 0.3\n",
      to);
  fprintf(to, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", g->x_lo, g->x_hi, g->y_lo,
          g->y_hi);
  fprintf(to, "splot $grid%d using 1:2:3 with pm3d notitle", panel);
  for (int k = 0; k < p->curves; k++) {
    const ls_curve *c = &p->curve[k];
    fprintf(to, ", $curve%d_%d using 1:2:3 with linespoints pt 7 ps 0.6 lw 1.5 dt %s lc rgb '%s'",
            panel, k, dash_of(c), color_of(c));
    titled(to, c->name);
    fprintf(
        to,
        ", $number%d_%d using 1:2:4:3 with labels offset 0.7,0.7 font ',10' tc rgb '%s' notitle",
        panel, k, color_of(c));
  }
  fputc('\n', to);
}

ls_status ls_plot_script(FILE *to, const ls_panel *panel, int panels, const char *kind,
                         const char *save_as) {
  bool plain = strcmp(kind, "-") == 0;
  terminal(to, kind, panels);
  if (save_as) setting(to, "output", save_as);
  common_settings(to, plain);
  for (int i = 0; i < panels; i++) panel_data(to, &panel[i], i);
  int columns = panels < COLUMNS_MAX ? panels : COLUMNS_MAX;
  if (panels > 1)
    fprintf(to, "set multiplot layout %d,%d\n", (panels + columns - 1) / columns, columns);
  for (int i = 0; i < panels; i++) {
    const ls_panel *p = &panel[i];
    axes(to, p, plain);
    if (p->grid && p->surface)
      plot_surface(to, p, i);
    else if (p->grid)
      plot_contours(to, p, i, plain);
    else
      plot_curves(to, p, i, plain, "plot");
  }
  if (panels > 1) fputs("unset multiplot\n", to);
  return ferror(to) ? ls_fail(LS_EIO, "can't write the script of the plot") : LS_OK;
}

bool ls_plot_wants_log(const double *y, int64_t n) {
  double low = INFINITY, high = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(y[i])) continue;
    if (y[i] <= 0) return false;
    if (y[i] < low) low = y[i];
    if (y[i] > high) high = y[i];
  }
  return high > 100 * low;
}
