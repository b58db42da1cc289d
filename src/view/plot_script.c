/* plot_script.c - the gnuplot script of a picture, with its data. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "view/plot_layout.h"
#include "view/terminal.h"

enum { POINTS_MAX = 4000, FONT = 14, NUMBER_FONT = 11, UNKNOWN_COLUMNS = 79 };

static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000"};
static const char *const dashes[] = {"1", "(10,4)", "(3,3)", "(12,3,3,3)"};
static const int marks[] = {7, 5, 9, 13, 11}; /* gnuplot's: disc, square, triangle, ... */
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static const char *color_of(int style) { return palette[style % COUNT(palette)]; }
static const char *dash_of(int style) { return dashes[style % COUNT(dashes)]; }
static int mark_of(int style) { return marks[style % COUNT(marks)]; }

typedef struct {
  FILE *to;
  const ls_plot_layout *l;
  const char *kind; /* of the picture: svg, png, pdf, - */
  double text;      /* a pixel in the unit of the kind's fonts */
} script;

/* ---- texts and data ---- */

static void quoted(FILE *to, const char *text) {
  fputc('\'', to);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', to);
    fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
  }
  fputc('\'', to);
}

/* Its ends, which tell names apart, where it is too long; no character is cut in two. */
static char *shortened(const char *text, int most) {
  int bytes = (int)strlen(text), head = most / 3, tail = bytes - (most - head - 1);
  if (bytes <= most) return ls_mem_text(text);
  while (head > 0 && ((unsigned char)text[head] & 0xC0) == 0x80) head--;
  while (text[tail] && ((unsigned char)text[tail] & 0xC0) == 0x80) tail++;
  return ls_mem_format("%.*s\u2026%s", head, text, text + tail);
}

typedef struct {
  double x, y; /* pixels */
  const char *align;
  double angle; /* degrees */
  int font;     /* pixels */
  const char *color;
} writing;

/* `most`: letters that there is room for, 0: all. */
static void write_at(const script *s, const char *text, int most, writing w) {
  if (!text) return;
  char *fitting = shortened(text, most > 0 ? most : (int)strlen(text));
  fputs("set label ", s->to);
  quoted(s->to, fitting);
  fprintf(s->to, " at screen %.5f,%.5f %s front noenhanced", w.x / s->l->width, w.y / s->l->height,
          w.align);
  if (w.angle != 0) fprintf(s->to, " rotate by %.1f", w.angle);
  fprintf(s->to, " font ',%g' tc rgb '%s'\n", w.font * s->text, w.color);
  LS_FREE(fitting);
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
  if (c->n > POINTS_MAX && c->kind == LS_CURVE_LINE)
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

static ls_status panel_data(const script *s, int which) {
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

static void terminal(const script *s) {
  double w = s->l->width, h = s->l->height;
  if (strcmp(s->kind, "svg") == 0)
    fprintf(s->to,
            "set terminal svg size %.0f,%.0f enhanced font 'Helvetica,%d' background "
            "'#ffffff'\n",
            w, h, FONT);
  if (strcmp(s->kind, "png") == 0) /* two dots a pixel, for fine screens */
    fprintf(s->to,
            "set terminal pngcairo size %.0f,%.0f enhanced font 'Helvetica,%g' fontscale 2 "
            "linewidth 2 pointscale 2 background '#ffffff'\n",
            2 * w, 2 * h, FONT * s->text);
  if (strcmp(s->kind, "pdf") == 0)
    fprintf(s->to, "set terminal pdfcairo size %.2f,%.2f enhanced font 'Helvetica,%g'\n", w / 96,
            h / 96, FONT * s->text);
  if (s->l->plain) fprintf(s->to, "set terminal dumb size %.0f,%.0f noenhanced\n", w / 8, h / 16);
}

static void common_settings(const script *s) {
  fputs("set encoding utf8\nset datafile missing 'NaN'\nset clip two\nset key off\n", s->to);
  fputs("set tics nomirror\n", s->to);
  if (s->l->plain) return;
  fputs(
      "set border 3 lw 1 lc rgb '#555555'\nset tics textcolor rgb '#333333'\n"
      "set grid lt 1 lw 0.6 lc rgb '#e4e4e4'\n",
      s->to);
}

/* The scale of an earlier panel goes first: it would not take every range. */
static void axis(const script *s, char name, const ls_axis *a) {
  fprintf(s->to, "unset logscale %c\nset %crange [%.9g:%.9g]\nset %ctics %.9g\n", name, name, a->lo,
          a->hi, name, a->step);
  fprintf(s->to, "set format %c '%s'\n", name,
          s->l->plain && strchr(a->format, '{') ? "%g" : a->format);
  if (a->log) fprintf(s->to, "set logscale %c\n", name);
}

static void margins(const script *s, const ls_box *b) {
  double w = s->l->width, h = s->l->height;
  fprintf(s->to, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", b->left / w,
          b->right / w);
  fprintf(s->to, "set bmargin at screen %.5f\nset tmargin at screen %.5f\n", b->bottom / h,
          b->top / h);
}

/* ---- what is written ---- */

#define DARK "#222222"

/* Characters can't stand upright: on a terminal the y label goes into the title. */
static void plain_names(const script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  bool both = p->title && p->y_label;
  char *title = ls_mem_format("%s%s%s", p->title ? p->title : "", both ? ": " : "",
                              p->y_label ? p->y_label : "");
  double middle = (f->box.left + f->box.right) / 2;
  int most = (int)((f->box.right - f->box.left) / 8);
  write_at(s, title, most, (writing){middle, f->box.top + 16, "center", 0, FONT, DARK});
  write_at(s, p->x_label, most, (writing){middle, f->box.bottom - 44, "center", 0, FONT, DARK});
  LS_FREE(title);
}

static void flat_names(const script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  const ls_type *t = &s->l->type;
  double middle = (f->box.left + f->box.right) / 2, wide = f->box.right - f->box.left,
         left = f->box.left - f->y.letters * t->letter - 12 - t->line / 2,
         upright = (f->box.bottom + f->box.top) / 2, high = f->box.top - f->box.bottom;
  write_at(s, p->title, (int)(wide / t->letter),
           (writing){middle, f->box.top + t->line * 0.75, "center", 0, FONT, DARK});
  write_at(s, p->x_label, (int)(wide / t->letter),
           (writing){middle, f->box.bottom - 2.15 * t->line, "center", 0, FONT, DARK});
  write_at(s, p->y_label, (int)(high / t->letter),
           (writing){left, upright, "center", 90, FONT, DARK});
}

/* Along the edge between two corners of the floor, below its tics. */
static void edge_name(const script *s, const char *text, ls_spot a, ls_spot b) {
  double long_ = hypot(b.x - a.x, b.y - a.y), away = 42;
  double x = (a.x + b.x) / 2 + away * (b.y - a.y) / long_,
         y = (a.y + b.y) / 2 - away * (b.x - a.x) / long_;
  double angle = atan2(b.y - a.y, b.x - a.x) * 180 / M_PI;
  write_at(s, text, 0, (writing){x, y, "center", angle, FONT, DARK});
}

static void surface_names(const script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  ls_spot left = ls_frame_spot(f, f->x.lo, f->y.lo, f->z.lo),
          front = ls_frame_spot(f, f->x.hi, f->y.lo, f->z.lo),
          right = ls_frame_spot(f, f->x.hi, f->y.hi, f->z.lo),
          above = ls_frame_spot(f, f->x.lo, f->y.lo, f->z.hi),
          top = ls_frame_spot(f, f->x.lo, f->y.hi, f->z.hi);
  edge_name(s, p->x_label, left, front);
  edge_name(s, p->y_label, front, right);
  write_at(s, p->z_label, 0,
           (writing){left.x - 56, (left.y + above.y) / 2, "center", 90, FONT, DARK});
  write_at(
      s, p->title, (int)((right.x - left.x) / s->l->type.letter),
      (writing){(left.x + right.x) / 2, top.y + s->l->type.line * 0.75, "center", 0, FONT, DARK});
}

static void names(const script *s, const ls_frame *f) {
  if (s->l->plain)
    plain_names(s, f);
  else if (f->panel->grid && f->panel->surface)
    surface_names(s, f);
  else
    flat_names(s, f);
}

static ls_status path_numbers(const script *s, const ls_frame *f) {
  ls_number *number_at;
  int n;
  LS_TRY(ls_numbers_place(s->l, f, &number_at, &n));
  for (int i = 0; i < n; i++) {
    char text[32];
    snprintf(text, sizeof text, "%.0f", number_at[i].value);
    write_at(s, text, 0,
             (writing){number_at[i].x, number_at[i].y, "center", 0, NUMBER_FONT,
                       color_of(number_at[i].style)});
  }
  LS_FREE(number_at);
  return LS_OK;
}

static void legend_mark(const script *s, double x, double y, int mark, const char *color) {
  fprintf(s->to, "set label '' at screen %.5f,%.5f point pt %d ps %s lw 1.5 lc rgb '%s'\n",
          x / s->l->width, y / s->l->height, mark, mark == 1 ? "1.3" : "0.7", color);
}

static void legend_entry(const script *s, const ls_legend_entry *e) {
  const ls_curve *c = e->curve;
  double w = s->l->width, y = e->y / s->l->height;
  if (c)
    fprintf(s->to,
            "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 2 dt %s lc rgb "
            "'%s'\n",
            e->x / w, y, (e->x + 36) / w, y, dash_of(c->style), color_of(c->style));
  if (!c || c->kind == LS_CURVE_PATH)
    legend_mark(s, e->x + 18, e->y, c ? mark_of(c->style) : 1, c ? color_of(c->style) : "#000000");
  write_at(s, c ? c->name : "minimum", s->l->letters,
           (writing){e->x + 44, e->y, "left", 0, FONT, DARK});
}

static void legend(const script *s) {
  for (int i = 0; i < s->l->entries && !s->l->plain; i++) legend_entry(s, &s->l->entry[i]);
}

/* A terminal's lines are told apart by letters that gnuplot chooses. */
static void plain_legend(const script *s) {
  if (s->l->plain && s->l->entries > 0)
    fputs("set key at screen 0.98,1 right top vertical maxrows 100 samplen 3\n", s->to);
}

/* ---- curves ---- */

static void titled(const script *s, const char *name, bool first_panel) {
  if (!s->l->plain || !name || !first_panel) {
    fputs(" notitle", s->to);
    return;
  }
  char *fitting = shortened(name, s->l->letters);
  fputs(" title ", s->to);
  quoted(s->to, fitting);
  LS_FREE(fitting);
}

static int64_t shown(const ls_curve *c) {
  int64_t n = 0;
  for (int64_t i = 0; i < c->n; i++) n += isfinite(c->y[i]) != 0;
  return n;
}

static void band(const script *s, const ls_curve *c, int panel, int k) {
  if (!c->low || s->l->plain) return;
  fprintf(s->to,
          " $curve%d_%d using 1:3:4 with filledcurves fs transparent solid 0.18 noborder lc "
          "rgb '%s' notitle,",
          panel, k, color_of(c->style));
}

/* White below a path, wider than it, so that it is seen against whatever it lies on. */
static void path_curve(const script *s, const ls_curve *c, int panel, int k, const char *columns) {
  const char *color = color_of(c->style);
  if (!s->l->plain)
    fprintf(s->to, " $curve%d_%d using %s with lines lw 4 lc rgb '#ffffff' notitle,", panel, k,
            columns);
  fprintf(s->to, " $curve%d_%d using %s with %s lw 1.8 dt %s lc rgb '%s'", panel, k, columns,
          s->l->plain ? "linespoints" : "lines", dash_of(c->style), color);
  titled(s, c->name, panel == 0);
  if (!s->l->plain)
    fprintf(s->to, ", $mark%d_%d using %s with points pt %d ps 0.7 lc rgb '%s' notitle", panel, k,
            columns, mark_of(c->style), color);
  fputc(',', s->to);
}

static void one_curve(const script *s, const ls_curve *c, int panel, int k) {
  const char *points = shown(c) <= 20 ? "linespoints pt 7 ps 0.6" : "lines";
  bool line = c->kind == LS_CURVE_LINE;
  fprintf(s->to, " $curve%d_%d using 1:2 with %s lw %s dt %s lc rgb '%s'", panel, k,
          line ? points : "lines", line ? "2" : "1.2", line ? dash_of(c->style) : "1",
          line ? color_of(c->style) : "#444444");
  titled(s, c->name, panel == 0);
  fputc(',', s->to);
}

static void plot_curves(const script *s, int panel) {
  const ls_panel *p = s->l->frame[panel].panel;
  for (int k = 0; k < p->curves; k++) band(s, &p->curve[k], panel, k);
  for (int k = 0; k < p->curves; k++) {
    if (p->curve[k].kind == LS_CURVE_PATH)
      path_curve(s, &p->curve[k], panel, k, "1:2");
    else
      one_curve(s, &p->curve[k], panel, k);
  }
  fputs(" NaN notitle\n", s->to);
}

/* ---- contour lines and surfaces ---- */

static void color_bar(const script *s, const ls_frame *f) {
  double w = s->l->width, h = s->l->height;
  if (!f->bar) {
    fputs("unset colorbox\nset cblabel ''\n", s->to);
    return;
  }
  fprintf(s->to, "set colorbox user origin screen %.5f,%.5f size screen %.5f,%.5f\n",
          (f->box.right + 14) / w, f->box.bottom / h, 12 / w, (f->box.top - f->box.bottom) / h);
  write_at(
      s, f->panel->z_label, 0,
      (writing){f->box.right + 84, (f->box.bottom + f->box.top) / 2, "center", 90, FONT, DARK});
}

/* Whatever an earlier panel has set: the lines are looked for in the whole of this one. */
static void contour_lines(const script *s, const ls_frame *f, int panel) {
  const ls_grid *g = f->panel->grid;
  fputs("set format '%.9g'\nset contour base\nunset surface\nset cntrparam levels discrete ",
        s->to);
  for (int k = 0; k < LS_LEVELS; k++) fprintf(s->to, "%s%.9g", k > 0 ? "," : "", ls_level(g, k));
  fprintf(s->to,
          "\nset autoscale z\nset table $ring%d\nsplot $grid%d using 1:2:3 notitle\nunset "
          "table\nunset contour\nset surface\n",
          panel, panel);
}

static void plot_contours(const script *s, int panel) {
  const ls_frame *f = &s->l->frame[panel];
  const ls_grid *g = f->panel->grid;
  bool by_decades = s->l->level_lo > 0;
  contour_lines(s, f, panel); /* it has written through the formats of the axes */
  axis(s, 'x', &f->x);
  axis(s, 'y', &f->y);
  fputs("set palette defined (0 '#5f6b76', 1 '#c3ccd4')\nset format cb '%g'\n", s->to);
  fprintf(s->to, "set cbrange [%.9g:%.9g]\n%sset logscale cb\n", s->l->level_lo, s->l->level_hi,
          by_decades ? "" : "un");
  color_bar(s, f);
  fprintf(s->to, "plot $ring%d using 1:2:3 with lines lw 1 %s notitle,", panel,
          s->l->plain ? "lt 0" : "lc palette");
  if (ls_frame_shows(f, g->x_min, g->y_min)) {
    fprintf(s->to,
            " '+' using (%.9g):(%.9g) every ::0::0 with points pt 1 ps 1.4 lw 1.5 lc rgb "
            "'#000000'",
            g->x_min, g->y_min);
    titled(s, "minimum", panel == 0);
    fputc(',', s->to);
  }
  plot_curves(s, panel);
}

static void surface_settings(const script *s, const ls_frame *f) {
  fprintf(s->to, "set view %d,%d\nset xyplane 0\nset border 31 lc rgb '#999999'\n", LS_VIEW_TILT,
          LS_VIEW_TURN);
  axis(s, 'z', &f->z);
  fputs(
      "set palette defined (0 '#b9c4cd', 1 '#f3f5f7')\nset autoscale cb\nunset logscale cb\n"
      "unset colorbox\nset pm3d border lc rgb '#a9b4bd' lw 0.3\n",
      s->to);
}

static void plot_surface(const script *s, int panel) {
  const ls_frame *f = &s->l->frame[panel];
  surface_settings(s, f);
  fprintf(s->to, "splot $grid%d using 1:2:3 with pm3d notitle,", panel);
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

static ls_status draw_panel(const script *s, int which) {
  const ls_frame *f = &s->l->frame[which];
  margins(s, &f->box);
  axis(s, 'x', &f->x);
  axis(s, 'y', &f->y);
  names(s, f);
  LS_TRY(path_numbers(s, f));
  if (f->panel->grid && f->panel->surface)
    plot_surface(s, which);
  else if (f->panel->grid)
    plot_contours(s, which);
  else
    fputs("plot", s->to), plot_curves(s, which);
  fputs("unset label\nunset arrow\nset key off\n", s->to);
  return LS_OK;
}

static ls_status write_script(const script *s, const char *save_as) {
  terminal(s);
  if (save_as) {
    fputs("set output ", s->to);
    quoted(s->to, save_as);
    fputc('\n', s->to);
  }
  common_settings(s);
  for (int i = 0; i < s->l->frames; i++) LS_TRY(panel_data(s, i));
  if (s->l->frames > 1) fputs("set multiplot\n", s->to);
  legend(s);
  plain_legend(s);
  for (int i = 0; i < s->l->frames; i++) LS_TRY(draw_panel(s, i));
  if (s->l->frames > 1) fputs("unset multiplot\n", s->to);
  return ferror(s->to) ? ls_fail(LS_EIO, "can't write the script of the plot") : LS_OK;
}

ls_status ls_plot_script(FILE *to, const ls_panel *panel, int panels, const char *kind,
                         const char *save_as) {
  bool plain = strcmp(kind, "-") == 0;
  int wide = ls_terminal_columns(1);
  ls_plot_layout *layout;
  LS_TRY(ls_plot_layout_new(panel, panels, plain, wide > 40 ? wide - 1 : UNKNOWN_COLUMNS, &layout));
  script s = {to, layout, kind, strcmp(kind, "svg") == 0 ? 1 : 0.75};
  ls_status status = write_script(&s, save_as);
  ls_plot_layout_free(&layout);
  return status;
}
