/* plot_numbers.c - the second half of plot_layout.h, greedily: a number takes the first of
 * eight places around its point that touches nothing. Points that stand alone go first, then
 * round numbers (20, 40 before 17). Begin at the bottom: number_curve -> place -> is_free. */
#include <math.h>

#include "base/mem.h"
#include "view/plot_layout.h"

enum { MARK = 4, APART = 24, TOUCH = 7, NUMBERS_MAX = 200 };

/* ---- marks ---- */

static ls_spot spot_of(const ls_frame *f, const ls_curve *c, int64_t i) {
  return ls_frame_spot(f, c->x[i], c->y[i], c->z ? c->z[i] : 0);
}

static bool nearby(ls_spot a, ls_spot b, double pixels) {
  return hypot(a.x - b.x, a.y - b.y) < pixels;
}

ls_status ls_marks_choose(const ls_frame *f, const ls_curve *c, int64_t **index, int64_t *n) {
  LS_NEW(*index, c->n);
  *n = 0;
  for (int64_t i = 0; i < c->n; i++) {
    if (!ls_frame_shows(f, c->x[i], c->y[i])) continue;
    bool touches = false;
    for (int64_t k = 0; k < *n && !touches; k++)
      touches = nearby(spot_of(f, c, i), spot_of(f, c, (*index)[k]), TOUCH);
    if (!touches) (*index)[(*n)++] = i;
  }
  return LS_OK;
}

/* ---- what a number must not touch ---- */

static ls_box around(double x, double y, double wide, double high) {
  return (ls_box){x - wide / 2, x + wide / 2, y - high / 2, y + high / 2};
}

static bool overlap(const ls_box *a, const ls_box *b) {
  return a->left < b->right && b->left < a->right && a->bottom < b->top && b->bottom < a->top;
}

/* Narrow [*from, *past], a stretch of a line, to where it is between lo and hi. */
static void clip(double at, double by, double lo, double hi, double *from, double *past) {
  if (by == 0) {
    if (at < lo || at > hi) *past = -1;
    return;
  }
  double a = (lo - at) / by, b = (hi - at) / by;
  *from = fmax(*from, fmin(a, b));
  *past = fmin(*past, fmax(a, b));
}

bool ls_box_meets_line(const ls_box *b, ls_spot p, ls_spot q) {
  double from = 0, past = 1;
  clip(p.x, q.x - p.x, b->left, b->right, &from, &past);
  clip(p.y, q.y - p.y, b->bottom, b->top, &from, &past);
  return from <= past;
}

static bool curve_touches(const ls_frame *f, const ls_curve *c, const ls_box *box) {
  for (int64_t i = 1; i < c->n; i++)
    if (ls_box_meets_line(box, spot_of(f, c, i - 1), spot_of(f, c, i))) return true;
  return false;
}

static bool minimum_touches(const ls_frame *f, const ls_box *box) {
  const ls_grid *g = f->panel->grid;
  if (!g || f->panel->surface || !isfinite(g->x_min)) return false;
  ls_spot at = ls_frame_spot(f, g->x_min, g->y_min, 0);
  ls_box mark = around(at.x, at.y, 16, 16);
  return overlap(box, &mark);
}

typedef struct {
  const ls_plot_layout *layout;
  const ls_frame *frame;
  ls_number *number; /* (NUMBERS_MAX) */
  int n;
} numbers;

static ls_box box_of(const numbers *s, double value, double x, double y) {
  const ls_type *t = &s->layout->type;
  char text[32];
  int digits = snprintf(text, sizeof text, "%.0f", value);
  return around(x, y, digits * t->digit + 2, t->number + 1);
}

static bool is_free(const numbers *s, const ls_box *box) {
  const ls_box *f = &s->frame->box;
  bool flat = !s->frame->panel->surface;
  if (flat && (box->left < f->left || box->right > f->right || box->bottom < f->bottom ||
               box->top > f->top))
    return false;
  for (int i = 0; i < s->n; i++) {
    ls_box other = box_of(s, s->number[i].value, s->number[i].x, s->number[i].y);
    if (overlap(box, &other)) return false;
  }
  ls_box wider = {box->left - MARK, box->right + MARK, box->bottom - MARK, box->top + MARK};
  const ls_panel *p = s->frame->panel;
  for (int k = 0; k < p->curves; k++)
    if (curve_touches(s->frame, &p->curve[k], p->curve[k].kind == LS_CURVE_PATH ? &wider : box))
      return false;
  return !minimum_touches(s->frame, box);
}

/* ---- where it may stand ---- */

static bool place(numbers *s, const ls_curve *c, int64_t i) {
  static const double side[][2] = {{1, 1}, {-1, 1}, {1, -1}, {-1, -1},
                                   {0, 1}, {0, -1}, {1, 0},  {-1, 0}};
  ls_spot at = spot_of(s->frame, c, i);
  ls_box size = box_of(s, c->number[i], 0, 0);
  for (int k = 0; k < 8; k++) {
    bool corner = k < 4;
    double away = MARK + (corner ? 1 : 3), x = at.x + side[k][0] * (size.right + away),
           y = at.y + side[k][1] * (size.top + away);
    ls_box box = box_of(s, c->number[i], x, y);
    if (!is_free(s, &box)) continue;
    s->number[s->n++] = (ls_number){x, y, c->number[i], c->style};
    return true;
  }
  return false;
}

/* Between points that lie close only round numbers are wanted: 20, 40, ... rather than 17, 21. */
static int roundness(double number) {
  static const int round[] = {100, 50, 20, 10, 5, 2, 1};
  int k = 0;
  while (fmod(number, round[k]) != 0 && k < 6) k++;
  return k;
}

static bool is_lonely(const ls_frame *f, const ls_curve *c, int64_t i) {
  ls_spot at = spot_of(f, c, i);
  bool before = i > 0 && nearby(at, spot_of(f, c, i - 1), APART),
       behind = i + 1 < c->n && nearby(at, spot_of(f, c, i + 1), APART);
  return !before && !behind;
}

static bool has_one_near(const numbers *s, const ls_curve *c, int64_t i) {
  ls_spot at = spot_of(s->frame, c, i);
  for (int k = 0; k < s->n; k++)
    if (s->number[k].style == c->style &&
        nearby(at, (ls_spot){s->number[k].x, s->number[k].y}, APART))
      return true;
  return false;
}

/* First those that stand alone, in order, then the others, the roundest first. */
static void number_curve(numbers *s, const ls_curve *c) {
  for (int pass = -1; pass < 7; pass++)
    for (int64_t i = 0; i < c->n && s->n < NUMBERS_MAX; i++) {
      if (!ls_frame_shows(s->frame, c->x[i], c->y[i])) continue;
      bool lonely = i == 0 || is_lonely(s->frame, c, i);
      if (lonely != (pass < 0) || (!lonely && roundness(c->number[i]) != pass)) continue;
      if (!has_one_near(s, c, i)) place(s, c, i);
    }
}

ls_status ls_numbers_place(const ls_plot_layout *l, const ls_frame *f, ls_number **out, int *n) {
  numbers s = {.layout = l, .frame = f};
  LS_NEW(*out, NUMBERS_MAX);
  s.number = *out;
  for (int k = 0; k < f->panel->curves; k++)
    if (f->panel->curve[k].kind == LS_CURVE_PATH) number_curve(&s, &f->panel->curve[k]);
  *n = s.n;
  return LS_OK;
}
