/* plot_script.c - the gnuplot script of a picture, with its data: first all data, then panel by
 * panel its axes, names and curves. Where things are is plot_layout.c's, names and styles are
 * plot_words.c's. Begin at the bottom, with write_script. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "view/plot_words.h"
#include "view/terminal.h"

enum { POINTS_MAX = 4000, UNKNOWN_COLUMNS = 79 };

/* ---- data ---- */

static void number(FILE *to, double value) {
  if (isfinite(value))
    fprintf(to, " %.9g", value);
  else
    fprintf(to, " NaN");
}

/* A line goes on past what is not there, and ends where a value is not finite. */
static void point(FILE *to, const ls_curve *c, int64_t i) {
  if (isinf(c->y[i])) {
    fputc('\n', to);
    return;
  }
  number(to, c->x[i]);
  number(to, c->y[i]);
  if (c->low) number(to, c->low[i]);
  if (c->low) number(to, c->high[i]);
  if (c->z) number(to, c->z[i]);
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
  if (c->n > POINTS_MAX && (c->kind == LS_CURVE_LINE || c->kind == LS_CURVE_STEPS))
    thinned(to, c);
  else
    for (int64_t i = 0; i < c->n; i++) point(to, c, i);
  fprintf(to, "EOD\n");
}

static ls_status mark_data(FILE *to, const ls_frame *f, const ls_curve *c, int panel, int k) {
  int64_t *index, n;
  LS_TRY(ls_marks_choose(f, c, &index, &n));
  fprintf(to, "$mark%d_%d << EOD\n", panel, k);
  for (int64_t i = 0; i < n; i++) point(to, c, index[i]);
  fprintf(to, "EOD\n");
  LS_FREE(index);
  return LS_OK;
}

static void grid_data(FILE *to, const ls_grid *g, int panel) {
  const ls_view *v = &g->view;
  fprintf(to, "$grid%d << EOD\n", panel);
  for (int64_t iy = 0; iy < g->n; iy++) {
    for (int64_t ix = 0; ix < g->n; ix++) {
      number(to, v->x_lo + (v->x_hi - v->x_lo) * (double)ix / (double)(g->n - 1));
      number(to, v->y_lo + (v->y_hi - v->y_lo) * (double)iy / (double)(g->n - 1));
      number(to, g->z[iy * g->n + ix]);
      fputc('\n', to);
    }
    fputc('\n', to);
  }
  fprintf(to, "EOD\n");
}

static ls_status panel_data(const ls_script *s, int which) {
  const ls_frame *f = &s->l->frame[which];
  const ls_panel *p = f->panel;
  for (int k = 0; k < p->curves; k++) {
    curve_data(s->to, &p->curve[k], which, k);
    if (p->curve[k].kind == LS_CURVE_PATH) LS_TRY(mark_data(s->to, f, &p->curve[k], which, k));
  }
  if (p->grid) grid_data(s->to, p->grid, which);
  return LS_OK;
}

/* ---- settings ---- */

static void terminal(const ls_script *s) {
  double w = s->l->width, h = s->l->height;
  if (strcmp(s->kind, "svg") == 0)
    fprintf(s->to,
            "set terminal svg size %.0f,%.0f enhanced font 'Helvetica,%d' background "
            "'#ffffff'\n",
            w, h, LS_FONT);
  if (strcmp(s->kind, "png") == 0) /* two dots a pixel, for fine screens */
    fprintf(s->to,
            "set terminal pngcairo size %.0f,%.0f enhanced font 'Helvetica,%g' fontscale 2 "
            "linewidth 2 pointscale 2 background '#ffffff'\n",
            2 * w, 2 * h, LS_FONT * s->text);
  if (strcmp(s->kind, "pdf") == 0)
    fprintf(s->to, "set terminal pdfcairo size %.2f,%.2f enhanced font 'Helvetica,%g'\n", w / 96,
            h / 96, LS_FONT * s->text);
  if (s->l->plain) fprintf(s->to, "set terminal dumb size %.0f,%.0f noenhanced\n", w / 8, h / 16);
}

static void common_settings(const ls_script *s) {
  fputs("set encoding utf8\nset datafile missing 'NaN'\nset clip two\nset key off\n", s->to);
  fputs("set tics nomirror\n", s->to);
  if (s->l->plain) return;
  fputs(
      "set border 3 lw 1 lc rgb '#555555'\nset tics textcolor rgb '#333333'\n"
      "set grid lt 1 lw 0.6 lc rgb '#e4e4e4'\n",
      s->to);
}

/* Names in place of numbers, at 0, 1, 2 ... */
static void axis_names(const ls_script *s, char name, const ls_axis *a) {
  fprintf(s->to, "set %ctics (", name);
  for (int64_t i = 0; i < a->names->count; i++) {
    if (i > 0) fputc(',', s->to);
    ls_words_name(s, a->names->text[i], a->letters);
    fprintf(s->to, " %jd", i);
  }
  fputs(")\n", s->to);
}

/* The scale of an earlier panel goes first: it would not take every range. */
static void axis(const ls_script *s, char name, const ls_axis *a) {
  fprintf(s->to, "unset logscale %c\nset %crange [%.9g:%.9g]\nset %ctics ", name, name, a->lo,
          a->hi, name);
  if (a->log) fprintf(s->to, "%.9g,", a->first);
  fprintf(s->to, "%.9g\n", a->step);
  fprintf(s->to, "set format %c '%s'\n", name,
          s->l->plain && strchr(a->format, '{') ? "%g" : a->format);
  if (a->log) fprintf(s->to, "set logscale %c\n", name);
  /* By several decades gnuplot would not end making small tics. */
  const bool bare = a->log && (a->bare || a->step > 10);
  fprintf(s->to, "%s m%ctics%s\n", bare ? "unset" : "set", name, bare ? "" : " default");
  if (a->names) axis_names(s, name, a);
}

static void margins(const ls_script *s, const ls_box *b) {
  double w = s->l->width, h = s->l->height;
  fprintf(s->to, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", b->left / w,
          b->right / w);
  fprintf(s->to, "set bmargin at screen %.5f\nset tmargin at screen %.5f\n", b->bottom / h,
          b->top / h);
}

/* A terminal's lines are told apart by letters that gnuplot chooses. */
static void plain_legend(const ls_script *s) {
  if (s->l->plain && s->l->entries > 0)
    fputs("set key at screen 0.98,1 right top vertical maxrows 100 samplen 3\n", s->to);
}

/* ---- curves ---- */

static void titled(const ls_script *s, const char *name, bool first_panel) {
  if (!s->l->plain || !name || !first_panel) {
    fputs(" notitle", s->to);
    return;
  }
  fputs(" title ", s->to);
  ls_words_name(s, name, s->l->letters);
}

static int64_t shown(const ls_curve *c) {
  int64_t n = 0;
  for (int64_t i = 0; i < c->n; i++) n += isfinite(c->y[i]) != 0;
  return n;
}

static void band(const ls_script *s, const ls_curve *c, int panel, int k) {
  if (!c->low || s->l->plain || c->kind != LS_CURVE_LINE) return;
  fprintf(s->to,
          " $curve%d_%d using 1:3:4 with filledcurves fs transparent solid 0.18 noborder lc "
          "rgb '%s' notitle,",
          panel, k, ls_style_color(c->style));
}

/* White below a path, wider than it, so that it is seen against whatever it lies on. */
static void path_curve(const ls_script *s, const ls_curve *c, int panel, int k,
                       const char *columns) {
  const char *color = ls_style_color(c->style);
  if (!s->l->plain)
    fprintf(s->to, " $curve%d_%d using %s with lines lw 4 lc rgb '#ffffff' notitle,", panel, k,
            columns);
  fprintf(s->to, " $curve%d_%d using %s with %s lw 1.8 dt %s lc rgb '%s'", panel, k, columns,
          s->l->plain ? "linespoints" : "lines", ls_style_dash(c->style), color);
  titled(s, c->name, panel == 0);
  if (!s->l->plain)
    fprintf(s->to, ", $mark%d_%d using %s with points pt %d ps 0.7 lc rgb '%s' notitle", panel, k,
            columns, ls_style_mark(c->style), color);
  fputc(',', s->to);
}

static const char *joined(const ls_curve *c) {
  if (c->kind == LS_CURVE_STEPS) return "steps";
  return c->kind == LS_CURVE_LINE && shown(c) <= 20 ? "linespoints pt 7 ps 0.6" : "lines";
}

static void one_curve(const ls_script *s, const ls_curve *c, int panel, int k) {
  const bool line = c->kind != LS_CURVE_RECTANGLE;
  fprintf(s->to, " $curve%d_%d using 1:2 with %s lw %s dt %s lc rgb '%s'", panel, k, joined(c),
          line ? "2" : "1.2", line ? ls_style_dash(c->style) : "1",
          line ? ls_style_color(c->style) : "#444444");
  titled(s, c->name, panel == 0);
  fputc(',', s->to);
}

static void dotted_curve(const ls_script *s, const ls_curve *c, int panel, int k) {
  const bool shaded = c->kind == LS_CURVE_SHADES;
  const char *color = shaded ? ls_style_shade(c->style) : ls_style_color(c->style);
  if (c->low && !s->l->plain)
    fprintf(s->to,
            " $curve%d_%d using 1:2:3:4 with yerrorbars pt 7 ps 0.01 lw 1.2 lc rgb '%s' notitle,",
            panel, k, color);
  fprintf(s->to, " $curve%d_%d using 1:2 with points pt %d ps %s lc rgb '%s'", panel, k,
          shaded ? 5 : 7, shaded ? "1.6" : "0.7", color);
  titled(s, c->name, panel == 0);
  fputc(',', s->to);
}

/* Above all paths, which end there, and with white around it. */
static void minimum(const ls_script *s, int panel) {
  const ls_frame *f = &s->l->frame[panel];
  const ls_grid *g = f->panel->grid;
  if (!g || !ls_frame_shows(f, g->x_min, g->y_min)) return;
  for (int above = s->l->plain; above < 2; above++) {
    fprintf(s->to,
            " '+' using (%.9g):(%.9g) every ::0::0 with points pt 1 ps 1.4 lw %s lc rgb '%s'",
            g->x_min, g->y_min, above ? "1.5" : "5", above ? "#000000" : "#ffffff");
    titled(s, above ? "minimum" : NULL, panel == 0);
    fputc(',', s->to);
  }
}

static void plot_curves(const ls_script *s, int panel) {
  const ls_panel *p = s->l->frame[panel].panel;
  for (int k = 0; k < p->curves; k++) band(s, &p->curve[k], panel, k);
  for (int k = 0; k < p->curves; k++) {
    if (p->curve[k].kind == LS_CURVE_PATH)
      path_curve(s, &p->curve[k], panel, k, "1:2");
    else if (ls_curve_is_dotted(&p->curve[k]))
      dotted_curve(s, &p->curve[k], panel, k);
    else
      one_curve(s, &p->curve[k], panel, k);
  }
  minimum(s, panel);
  fputs(" NaN notitle\n", s->to);
}

/* ---- contour lines and surfaces ---- */

static void color_bar(const ls_script *s, const ls_frame *f) {
  double w = s->l->width, h = s->l->height;
  if (!f->bar) {
    fputs("unset colorbox\nset cblabel ''\n", s->to);
    return;
  }
  fprintf(s->to, "set colorbox user origin screen %.5f,%.5f size screen %.5f,%.5f\n",
          (f->box.right + 14) / w, f->box.bottom / h, 12 / w, (f->box.top - f->box.bottom) / h);
}

/* Whatever an earlier panel has set: the lines are looked for in the whole of this one. */
static void contour_lines(const ls_script *s, const ls_frame *f, int panel) {
  const ls_grid *g = f->panel->grid;
  fputs("set format '%.9g'\nset contour base\nunset surface\nset cntrparam levels discrete ",
        s->to);
  for (int k = 0; k < LS_LEVELS; k++) fprintf(s->to, "%s%.9g", k > 0 ? "," : "", ls_level(g, k));
  fprintf(s->to,
          "\nset autoscale z\nset table $ring%d\nsplot $grid%d using 1:2:3 notitle\nunset "
          "table\nunset contour\nset surface\n",
          panel, panel);
}

static void plot_contours(const ls_script *s, int panel) {
  const ls_frame *f = &s->l->frame[panel];
  bool by_decades = s->l->level_lo > 0;
  contour_lines(s, f, panel); /* it has written through the formats of the axes */
  axis(s, 'x', &f->x);
  axis(s, 'y', &f->y);
  fputs("set palette defined (0 '#5f6b76', 1 '#c3ccd4')\n", s->to);
  fprintf(s->to, "set format cb '%s'\n",
          by_decades && !s->l->plain && ls_by_decades(s->l->level_lo, s->l->level_hi) ? "10^{%L}"
                                                                                      : "%g");
  fprintf(s->to, "set cbrange [%.9g:%.9g]\n%sset logscale cb\n", s->l->level_lo, s->l->level_hi,
          by_decades ? "" : "un");
  color_bar(s, f);
  fprintf(s->to, "plot $ring%d using 1:2:3 with lines lw 1 %s notitle,", panel,
          s->l->plain ? "lt 0" : "lc palette");
  plot_curves(s, panel);
}

static void surface_settings(const ls_script *s, const ls_frame *f) {
  fprintf(s->to, "set view %d,%d\nset xyplane 0\nset border 31 lc rgb '#999999'\n", LS_VIEW_TILT,
          LS_VIEW_TURN);
  axis(s, 'z', &f->z);
  fputs(
      "set palette defined (0 '#b9c4cd', 1 '#f3f5f7')\nset autoscale cb\nunset logscale cb\n"
      "unset colorbox\nset pm3d border lc rgb '#a9b4bd' lw 0.3\n",
      s->to);
}

static void plot_surface(const ls_script *s, int panel) {
  const ls_frame *f = &s->l->frame[panel];
  surface_settings(s, f);
  /* Every second point: a mesh as fine as round contour lines need it would be a blot. */
  fprintf(s->to, "splot $grid%d every 2:2 using 1:2:3 with pm3d notitle,", panel);
  for (int k = 0; k < f->panel->curves; k++) {
    const ls_curve *c = &f->panel->curve[k];
    if (c->kind == LS_CURVE_PATH)
      path_curve(s, c, panel, k, "1:2:3");
    else
      fprintf(s->to, " $curve%d_%d using 1:2:3 with lines lw 1.5 lc rgb '#222222' notitle,", panel,
              k);
  }
  fputs(" NaN notitle\n", s->to);
}

/* ---- the whole ---- */

static ls_status draw_panel(const ls_script *s, int which) {
  const ls_frame *f = &s->l->frame[which];
  margins(s, &f->box);
  axis(s, 'x', &f->x);
  axis(s, 'y', &f->y);
  LS_TRY(ls_words_panel(s, f));
  if (f->panel->grid && f->panel->surface) {
    plot_surface(s, which);
  } else if (f->panel->grid) {
    plot_contours(s, which);
  } else {
    fputs("plot", s->to);
    plot_curves(s, which);
  }
  fputs("unset label\nunset arrow\nset key off\n", s->to);
  return LS_OK;
}

static ls_status write_script(const ls_script *s, const char *save_as) {
  terminal(s);
  if (save_as) {
    fputs("set output ", s->to);
    ls_words_quote(s->to, save_as);
    fputc('\n', s->to);
  }
  common_settings(s);
  for (int i = 0; i < s->l->frames; i++) LS_TRY(panel_data(s, i));
  if (s->l->frames > 1) fputs("set multiplot\n", s->to);
  ls_words_legend(s);
  plain_legend(s);
  for (int i = 0; i < s->l->frames; i++) LS_TRY(draw_panel(s, i));
  if (s->l->frames > 1) fputs("unset multiplot\n", s->to);
  return ferror(s->to) ? ls_fail(LS_EIO, "cannot write the script of the plot") : LS_OK;
}

ls_status ls_plot_script(FILE *to, const ls_panel *panel, int panels, const char *kind,
                         const char *save_as) {
  bool plain = strcmp(kind, "-") == 0;
  int wide = ls_terminal_columns(1);
  ls_plot_layout *layout;
  LS_TRY(ls_plot_layout_new(panel, panels, plain, wide > 40 ? wide - 1 : UNKNOWN_COLUMNS, &layout));
  const ls_script s = {to, layout, kind, strcmp(kind, "svg") == 0 ? 1 : 0.75};
  ls_status status = write_script(&s, save_as);
  ls_plot_layout_free(&layout);
  return status;
}
