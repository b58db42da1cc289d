/* plot_words.c - names of axes and panels, numbers of iterates and, but for a terminal, the
 * legend are gnuplot labels at places on the screen; what is too long keeps its ends, which
 * tell names apart (shortened). Here are the colours, dashes and marks of styles too. */
#include "view/plot_words.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { NUMBER_FONT = 11 };

static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000"};
static const char *const dashes[] = {"1", "(10,4)", "(3,3)", "(12,3,3,3)"};
static const int marks[] = {7, 5, 9, 13, 11}; /* gnuplot's: disc, square, triangle, ... */
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static const char *const shades[] = {"#08306b", "#2879b9", "#73b3d8", "#b9d6ea", "#e1e8ee"};

const char *ls_style_color(int style) { return palette[style % COUNT(palette)]; }
const char *ls_style_dash(int style) { return dashes[style % COUNT(dashes)]; }
int ls_style_mark(int style) { return marks[style % COUNT(marks)]; }
const char *ls_style_shade(int style) { return shades[style % COUNT(shades)]; }

/* ---- texts ---- */

void ls_words_quote(FILE *to, const char *text) {
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
  while (head > 0 && !ls_utf8_begins(text[head])) head--;
  while (text[tail] && !ls_utf8_begins(text[tail])) tail++;
  return ls_mem_format("%.*s\u2026%s", head, text, text + tail);
}

void ls_words_name(const ls_script *s, const char *name, int letters) {
  char *fitting = shortened(name, letters);
  ls_words_quote(s->to, fitting);
  LS_FREE(fitting);
}

/* A text in a place: its middle or, where it is said, its left end. */
typedef struct {
  double x, y;  /* pixels */
  double angle; /* degrees */
  bool left;
  int most; /* letters that there is room for, 0: all */
} writing;

static void write_in(const ls_script *s, const char *text, const writing *w, int font,
                     const char *color) {
  if (!text) return;
  char *fitting = shortened(text, w->most > 0 ? w->most : (int)strlen(text));
  fputs("set label ", s->to);
  ls_words_quote(s->to, fitting);
  fprintf(s->to, " at screen %.5f,%.5f %s front noenhanced", w->x / s->l->width,
          w->y / s->l->height, w->left ? "left" : "center");
  if (w->angle != 0) fprintf(s->to, " rotate by %.1f", w->angle);
  fprintf(s->to, " font ',%g' tc rgb '%s'\n", font * s->text, color);
  LS_FREE(fitting);
}

static void write_at(const ls_script *s, const char *text, writing w) {
  write_in(s, text, &w, LS_FONT, "#222222");
}

/* ---- of a panel ---- */

/* Characters cannot stand upright: on a terminal the y label goes into the title. */
static void plain_names(const ls_script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  bool both = p->title && p->y_label;
  char *title = ls_mem_format("%s%s%s", p->title ? p->title : "", both ? ": " : "",
                              p->y_label ? p->y_label : "");
  double middle = (f->box.left + f->box.right) / 2;
  int most = (int)((f->box.right - f->box.left) / 8);
  write_at(s, title, (writing){middle, f->box.top + 16, .most = most});
  write_at(s, p->x_label, (writing){middle, f->box.bottom - 44, .most = most});
  LS_FREE(title);
}

static void flat_names(const ls_script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  const ls_type *t = &s->l->type;
  double middle = (f->box.left + f->box.right) / 2, wide = f->box.right - f->box.left,
         left = f->box.left - f->y.letters * t->letter - 12 - t->line / 2,
         upright = (f->box.bottom + f->box.top) / 2, high = f->box.top - f->box.bottom;
  const int across = (int)(wide / t->letter), up = (int)(high / t->letter),
            beyond = (int)(1.12 * wide / t->letter); /* there is some room beside a panel too */
  write_at(s, p->title, (writing){middle, f->box.top + t->line * 0.75, .most = beyond});
  write_at(s, p->x_label, (writing){middle, f->box.bottom - 2.15 * t->line, .most = across});
  write_at(s, p->y_label, (writing){left, upright, .angle = 90, .most = up});
}

/* Along the edge between two corners of the floor, below its tics. */
static void edge_name(const ls_script *s, const char *text, ls_spot a, ls_spot b) {
  double long_ = hypot(b.x - a.x, b.y - a.y), away = 42;
  double x = (a.x + b.x) / 2 + away * (b.y - a.y) / long_,
         y = (a.y + b.y) / 2 - away * (b.x - a.x) / long_;
  double angle = atan2(b.y - a.y, b.x - a.x) * 180 / M_PI;
  write_at(s, text, (writing){x, y, .angle = angle});
}

static void surface_names(const ls_script *s, const ls_frame *f) {
  const ls_panel *p = f->panel;
  ls_spot left = ls_frame_spot(f, f->x.lo, f->y.lo, f->z.lo),
          front = ls_frame_spot(f, f->x.hi, f->y.lo, f->z.lo),
          right = ls_frame_spot(f, f->x.hi, f->y.hi, f->z.lo),
          above = ls_frame_spot(f, f->x.lo, f->y.lo, f->z.hi),
          top = ls_frame_spot(f, f->x.lo, f->y.hi, f->z.hi);
  edge_name(s, p->x_label, left, front);
  edge_name(s, p->y_label, front, right);
  const int across = (int)((right.x - left.x) / s->l->type.letter);
  write_at(s, p->z_label, (writing){left.x - 56, (left.y + above.y) / 2, .angle = 90});
  write_at(s, p->title,
           (writing){(left.x + right.x) / 2, top.y + s->l->type.line * 0.75, .most = across});
}

static void bar_name(const ls_script *s, const ls_frame *f) {
  const double middle = (f->box.bottom + f->box.top) / 2;
  write_at(s, f->panel->z_label, (writing){f->box.right + 84, middle, .angle = 90});
}

static void names(const ls_script *s, const ls_frame *f) {
  if (s->l->plain)
    plain_names(s, f);
  else if (f->panel->grid && f->panel->surface)
    surface_names(s, f);
  else
    flat_names(s, f);
  if (f->bar) bar_name(s, f);
}

static ls_status numbers(const ls_script *s, const ls_frame *f) {
  ls_number *number_at;
  int n;
  LS_TRY(ls_numbers_place(s->l, f, &number_at, &n));
  for (int i = 0; i < n; i++) {
    char text[32];
    snprintf(text, sizeof text, "%.0f", number_at[i].value);
    write_in(s, text, &(writing){.x = number_at[i].x, .y = number_at[i].y}, NUMBER_FONT,
             ls_style_color(number_at[i].style));
  }
  LS_FREE(number_at);
  return LS_OK;
}

ls_status ls_words_panel(const ls_script *s, const ls_frame *f) {
  names(s, f);
  return numbers(s, f);
}

/* ---- the legend ---- */

static void legend_mark(const ls_script *s, double x, double y, int mark, const char *color) {
  fprintf(s->to, "set label '' at screen %.5f,%.5f point pt %d ps %s lw 1.5 lc rgb '%s'\n",
          x / s->l->width, y / s->l->height, mark, mark == 1 ? "1.3" : "0.7", color);
}

static void legend_entry(const ls_script *s, const ls_legend_entry *e) {
  const ls_curve *c = e->curve;
  double w = s->l->width, y = e->y / s->l->height;
  if (c && c->kind == LS_CURVE_DOTS)
    legend_mark(s, e->x + 18, e->y, 7, ls_style_color(c->style));
  else if (c && c->kind == LS_CURVE_SHADES)
    legend_mark(s, e->x + 18, e->y, 5, ls_style_shade(c->style));
  else if (c)
    fprintf(s->to,
            "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 2 dt %s lc rgb "
            "'%s'\n",
            e->x / w, y, (e->x + 36) / w, y, ls_style_dash(c->style), ls_style_color(c->style));
  if (!c || c->kind == LS_CURVE_PATH)
    legend_mark(s, e->x + 18, e->y, c ? ls_style_mark(c->style) : 1,
                c ? ls_style_color(c->style) : "#000000");
  write_at(s, c ? c->name : "minimum",
           (writing){e->x + 44, e->y, .left = true, .most = s->l->letters});
}

void ls_words_legend(const ls_script *s) {
  for (int i = 0; i < s->l->entries && !s->l->plain; i++) legend_entry(s, &s->l->entry[i]);
}
