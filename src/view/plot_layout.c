/* plot_layout.c - begin with ls_plot_layout_new. The order is the secret: axes first, as their
 * tics' numbers set the margins; then the width of all and the legend's columns; last the
 * height, which grows with the legend (place_all). */
#include "view/plot_layout.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum {
  PLAIN_WIDE = 120,
  LEGEND_SAMPLE = 44,
  LEGEND_GAP = 22,
  LETTERS_MAX = 60,
  LETTERS_MIN = 20,
  BAR = 84
};

static const ls_type picture_type = {7.2, 19, 6.2, 11, 26, 14};
static const ls_type plain_type = {8, 16, 8, 16, 16, 8};

/* ---- axes ---- */

bool ls_by_decades(double lo, double hi) { return log10(hi / lo) > 3; }

/* 1, 2 or 5 times a power of ten, so that there are at most so many tics. */
static double round_step(double range, double most) {
  double raw = range / most, power = pow(10, floor(log10(raw)));
  static const double round[] = {1, 2, 5, 10};
  int i = 0;
  while (i < 3 && round[i] * power < raw * (1 - 1e-9)) i++;
  return round[i] * power;
}

static int letters_of(const char *format, double value) {
  char text[64];
  return snprintf(text, sizeof text, format, value);
}

static void linear_tics(ls_axis *a, bool whole, double most) {
  a->step = round_step(a->hi - a->lo, most);
  if (whole && a->step < 1) a->step = 1;
  int decimals = (int)fmax(0, -floor(log10(a->step) + 1e-9));
  bool far = fmax(fabs(a->lo), fabs(a->hi)) >= 1e7 || decimals > 5;
  snprintf(a->format, sizeof a->format, far ? "%%.3g" : "%%.%df", decimals);
  const char *format = a->format; /* one conversion, for a double */
  int low = far ? 9 : letters_of(format, ceil(a->lo / a->step) * a->step),
      high = far ? 9 : letters_of(format, floor(a->hi / a->step) * a->step);
  a->letters = low > high ? low : high;
}

/* 1, 2, 3, 5 or 10 decades, and so on, from 1 on: 1 itself has a tic. */
static void log_tics(ls_axis *a, double most) {
  static const double round[] = {1, 2, 3, 5, 10, 20, 30, 50};
  double decades = log10(a->hi / a->lo);
  int i = 0;
  while (i < 7 && round[i] * most < decades) i++;
  a->step = pow(10, round[i]);
  a->bare = decades > 0.8 * most;
  a->first = pow(a->step, ceil(log10(a->lo) / round[i] - 1e-9));
  snprintf(a->format, sizeof a->format, ls_by_decades(a->lo, a->hi) ? "10^{%%L}" : "%%g");
  a->letters = 5;
}

/* Half a place of room to each side. */
static void named_tics(ls_axis *a, double most) {
  enum { LETTERS_A_TIC = 8, LONGEST = 24 };
  const double places = (double)a->names->count;
  const int room = most > places ? (int)(LETTERS_A_TIC * most / places) : LETTERS_A_TIC;
  a->lo = -0.5;
  a->hi = places - 0.5;
  a->step = 1;
  a->letters = 1;
  snprintf(a->format, sizeof a->format, "%%g");
  for (int64_t i = 0; i < a->names->count; i++)
    if ((int)strlen(a->names->text[i]) > a->letters) a->letters = (int)strlen(a->names->text[i]);
  if (a->letters > room) a->letters = room;
  if (a->letters > LONGEST) a->letters = LONGEST;
}

static void make_tics(ls_axis *a, bool whole, double most) {
  if (a->names)
    named_tics(a, most);
  else if (a->log)
    log_tics(a, most);
  else
    linear_tics(a, whole, most);
}

static void take(ls_axis *a, double value) {
  if (!isfinite(value) || (a->log && value <= 0)) return;
  a->lo = fmin(a->lo, value);
  a->hi = fmax(a->hi, value);
}

/* Ends of a range that has none, or only one point. whole: a count, with its neighbours. */
static void open_up(ls_axis *a, bool whole) {
  if (a->lo < a->hi) return;
  if (a->lo > a->hi) a->lo = a->hi = a->log ? 1 : 0;
  double room = a->lo != 0 && !whole ? fabs(a->lo) : 1;
  if (a->log) {
    a->lo /= 2;
    a->hi *= 2;
    return;
  }
  a->lo -= room;
  a->hi += room;
}

/* x ends where the data end; y has a little room above and below. */
static void room_for_lines(ls_axis *y) {
  double factor = y->log ? pow(y->hi / y->lo, 0.04) : 0, room = 0.04 * (y->hi - y->lo);
  y->lo = y->log ? y->lo / factor : y->lo - room;
  y->hi = y->log ? y->hi * factor : y->hi + room;
}

bool ls_curve_is_dotted(const ls_curve *c) {
  return c->kind == LS_CURVE_DOTS || c->kind == LS_CURVE_SHADES;
}

static void fit(ls_axis *x, ls_axis *y, const ls_panel *p) {
  *x = (ls_axis){.lo = INFINITY, .hi = -INFINITY, .log = p->log_x};
  *y = (ls_axis){.lo = INFINITY, .hi = -INFINITY, .log = p->log_y};
  bool all_x = !(p->view.x_lo < p->view.x_hi);
  for (int k = 0; k < p->curves; k++) {
    const ls_curve *c = &p->curve[k];
    for (int64_t i = 0; i < c->n && c->kind != LS_CURVE_RECTANGLE; i++) {
      take(x, c->x[i]);
      if (!all_x && (c->x[i] < p->view.x_lo || c->x[i] > p->view.x_hi)) continue;
      take(y, c->y[i]);
      if (!c->low || !isfinite(c->y[i])) continue;
      take(y, c->low[i]);
      take(y, c->high[i]);
    }
  }
  open_up(x, p->whole_x);
  open_up(y, false);
  room_for_lines(y);
  if (p->curves > 0 && ls_curve_is_dotted(&p->curve[0])) room_for_lines(x);
}

static void set_ends(ls_axis *a, double lo, double hi) {
  a->lo = lo;
  a->hi = hi;
}

static void make_axes(ls_frame *f, double wide, double high) {
  const ls_panel *p = f->panel;
  fit(&f->x, &f->y, p);
  if (p->view.x_lo < p->view.x_hi) set_ends(&f->x, p->view.x_lo, p->view.x_hi);
  if (p->view.y_lo < p->view.y_hi) set_ends(&f->y, p->view.y_lo, p->view.y_hi);
  f->x.names = p->x_names;
  f->y.names = p->y_names;
  if (f->x.lo <= 0 || f->x.hi < 10 * f->x.lo) f->x.log = false;
  if (f->y.lo <= 0 || f->y.hi < 10 * f->y.lo) f->y.log = false;
  make_tics(&f->x, p->whole_x, wide / 60);
  make_tics(&f->y, false, high / 40);
}

void ls_plot_same_y(ls_panel *panel, int panels) {
  double lo = INFINITY, hi = -INFINITY, least = INFINITY;
  for (int i = 0; i < panels; i++)
    for (int k = 0; k < panel[i].curves; k++)
      for (int64_t j = 0; j < panel[i].curve[k].n; j++)
        if (isfinite(panel[i].curve[k].y[j])) {
          lo = fmin(lo, panel[i].curve[k].y[j]);
          hi = fmax(hi, panel[i].curve[k].y[j]);
        }
  bool wants_log = lo > 0 && hi > 100 * lo && !panel->linear;
  for (int i = 0; i < panels; i++) {
    ls_axis x, y;
    panel[i].log_y = wants_log;
    fit(&x, &y, &panel[i]);
    least = fmin(least, y.lo);
    hi = i == 0 ? y.hi : fmax(hi, y.hi);
  }
  for (int i = 0; i < panels && panels > 1; i++) {
    panel[i].view.y_lo = least;
    panel[i].view.y_hi = hi;
  }
}

/* ---- costs ---- */

static void grid_range(const ls_grid *g, double *lo, double *hi) {
  *lo = INFINITY;
  *hi = -INFINITY;
  for (int64_t i = 0; i < g->n * g->n; i++) {
    if (!isfinite(g->z[i])) continue;
    *lo = fmin(*lo, g->z[i]);
    *hi = fmax(*hi, g->z[i]);
  }
}

double ls_level(const ls_grid *grid, int k) {
  double lo, hi;
  grid_range(grid, &lo, &hi);
  return lo + (hi - lo) * ldexp(0.8, k + 1 - LS_LEVELS);
}

static void take_levels(ls_plot_layout *l, const ls_grid *g) {
  l->level_lo = fmin(l->level_lo, ls_level(g, 0));
  l->level_hi = fmax(l->level_hi, ls_level(g, LS_LEVELS - 1));
}

/* ---- the legend ---- */

static bool same_entry(const ls_curve *a, const ls_curve *b) {
  return a && b && a->style == b->style && a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

static void add_entry(ls_plot_layout *l, const ls_curve *curve) {
  for (int i = 0; i < l->entries; i++)
    if (same_entry(l->entry[i].curve, curve) || (!curve && !l->entry[i].curve)) return;
  l->entry[l->entries++].curve = curve;
}

/* What all panels have, once. A lone curve needs none: the title says what it is. */
static ls_status list_entries(ls_plot_layout *l, const ls_panel *panel, int panels) {
  int most = 1;
  for (int i = 0; i < panels; i++) most += panel[i].curves;
  LS_NEW(l->entry, most);
  for (int i = 0; i < panels; i++)
    for (int k = 0; k < panel[i].curves; k++)
      if (panel[i].curve[k].name) add_entry(l, &panel[i].curve[k]);
  for (int i = 0; i < panels; i++)
    if (panel[i].grid && !panel[i].surface && isfinite(panel[i].grid->x_min)) add_entry(l, NULL);
  if (l->entries == 1) l->entries = 0;
  return LS_OK;
}

static int longest_name(const ls_plot_layout *l) {
  size_t letters = 8;
  for (int i = 0; i < l->entries; i++)
    if (l->entry[i].curve && strlen(l->entry[i].curve->name) > letters)
      letters = strlen(l->entry[i].curve->name);
  return (int)letters;
}

static double entry_width(const ls_plot_layout *l) {
  return LEGEND_SAMPLE + l->letters * l->type.letter + LEGEND_GAP;
}

/* Columns of one width, as many as there is room for; fewer where that fills as few rows. */
static int legend_columns(const ls_plot_layout *l, double width) {
  int columns = (int)fmax(1, floor(width / entry_width(l)));
  if (l->plain || l->entries == 0) return 1;
  int rows = (l->entries + columns - 1) / columns;
  return (l->entries + rows - 1) / rows;
}

static double legend_height(const ls_plot_layout *l, int columns) {
  int rows = (l->entries + columns - 1) / columns;
  return rows > 0 ? rows * l->type.line + l->type.margin : 0;
}

/* Of many runs with long names: names as short as it takes to stand beside one another, so that the
 * legend is no higher than the panels, or as short as they may be. */
static int choose_columns(ls_plot_layout *l, double width, double high) {
  int columns = legend_columns(l, width);
  while (legend_height(l, columns) > high && l->letters > LETTERS_MIN) {
    l->letters--;
    columns = legend_columns(l, width);
  }
  return columns;
}

static void place_legend(ls_plot_layout *l, int columns) {
  double left = (l->width - columns * entry_width(l) + LEGEND_GAP) / 2;
  for (int i = 0; i < l->entries; i++) {
    l->entry[i].x = fmax(l->type.margin, left) + i % columns * entry_width(l);
    l->entry[i].y = l->height - l->type.margin / 2 - (i / columns + 0.5) * l->type.line;
  }
}

/* ---- panels ---- */

typedef struct {
  int columns, rows;
  double wide, high;                 /* of a panel's axes */
  double left, right, bottom, above; /* around them */
  double between;                    /* rows */
  double bar;                        /* to the right of all */
} sheet;

static void choose_size(sheet *s, int panels, bool plain, int terminal) {
  static const double wide[] = {600, 410, 330}, high[] = {370, 330, 270};
  s->columns = panels > 4 ? 3 : panels;
  if (panels == 3 || panels == 4) s->columns = 2;
  if (plain) s->columns = terminal >= PLAIN_WIDE && panels > 1 ? 2 : 1;
  s->rows = (panels + s->columns - 1) / s->columns;
  s->wide = wide[s->columns - 1];
  s->high = plain ? 17 * 16 : high[s->columns - 1];
}

static void choose_margins(sheet *s, ls_plot_layout *l) {
  const ls_type *t = &l->type;
  int letters = 0;
  bool titled = l->plain, surface = false;
  for (int i = 0; i < l->frames; i++) {
    ls_frame *f = &l->frame[i];
    make_axes(f, s->wide, s->high);
    if (f->y.letters > letters) letters = f->y.letters;
    titled = titled || f->panel->title;
    surface = surface || (f->panel->grid && f->panel->surface);
    bool last = i % s->columns == s->columns - 1 || i == l->frames - 1;
    f->bar = f->panel->grid && !f->panel->surface && last && !l->plain;
    if (f->bar) s->bar = BAR;
  }
  s->left = letters * t->letter + 12 + (l->plain ? 0 : t->line + 4);
  s->bottom = 2 * t->line + (l->plain ? t->line : 8);
  s->above = titled ? t->name_above : t->margin / 2;
  s->right = t->margin + 4;
  s->between = l->plain ? 0 : t->line / 2;
  if (!surface) return;
  s->left = 76;
  s->bottom = s->right = 62;
}

/* A surface's cube, turned and tilted, fills the room there is; gnuplot wants to know the box that
 * the untilted cube would fill. */
static void turn(ls_box *b) {
  double turned = cos(LS_VIEW_TURN * M_PI / 180) + sin(LS_VIEW_TURN * M_PI / 180),
         tilt = LS_VIEW_TILT * M_PI / 180;
  double x = (b->left + b->right) / 2, y = (b->bottom + b->top) / 2,
         wide = (b->right - b->left) / turned,
         high = (b->top - b->bottom) / (turned * cos(tilt) + sin(tilt));
  *b = (ls_box){x - wide / 2, x + wide / 2, y - high / 2, y + high / 2};
}

static void place_panel(const sheet *s, const ls_plot_layout *l, ls_frame *f, int which,
                        double below) {
  int column = which % s->columns, row = which / s->columns;
  double across = s->left + s->wide + s->right, up = s->above + s->high + s->bottom + s->between;
  f->box.left = column * across + s->left;
  f->box.right = f->box.left + s->wide;
  f->box.top = below - row * up - s->above;
  f->box.bottom = f->box.top - s->high;
  if (!f->panel->grid || !f->panel->surface) return;
  f->z = (ls_axis){.lo = INFINITY, .hi = -INFINITY};
  grid_range(f->panel->grid, &f->z.lo, &f->z.hi);
  open_up(&f->z, false);
  make_tics(&f->z, false, s->high / 70);
  if (!l->plain) turn(&f->box);
}

/* The legend takes less than a third of the height: the panels grow with it. */
static void place_all(sheet *s, ls_plot_layout *l, int terminal) {
  double edge = l->type.margin;
  if (l->plain) s->wide = (terminal * l->type.letter - edge) / s->columns - s->left - s->right;
  l->width = s->columns * (s->left + s->wide + s->right) + s->bar;
  l->letters = longest_name(l);
  double most = (l->width - 2 * edge - LEGEND_SAMPLE - LEGEND_GAP) / l->type.letter;
  if (l->letters > LETTERS_MAX) l->letters = LETTERS_MAX;
  if (l->letters > most) l->letters = (int)most;
  int columns = choose_columns(l, l->width - 2 * edge, 0.4 * s->rows * s->high);
  double legend = legend_height(l, columns), around = s->above + s->bottom;
  s->high = fmax(s->high, 2.2 * legend / s->rows - around);
  l->height = legend + s->rows * (s->high + around) + (s->rows - 1) * s->between + edge / 2;
  if (l->plain) l->height = ceil(l->height / 16) * 16;
  place_legend(l, columns);
  for (int i = 0; i < l->frames; i++) place_panel(s, l, &l->frame[i], i, l->height - legend);
}

ls_status ls_plot_layout_new(const ls_panel *panel, int panels, bool plain, int columns,
                             ls_plot_layout **out) {
  ls_plot_layout *l;
  sheet s = {0};
  LS_NEW(l, 1);
  *out = l;
  l->type = plain ? plain_type : picture_type;
  l->plain = plain;
  l->frames = panels;
  l->level_lo = INFINITY;
  l->level_hi = -INFINITY;
  for (int i = 0; i < panels; i++) {
    l->frame[i].panel = &panel[i];
    if (panel[i].grid) take_levels(l, panel[i].grid);
  }
  LS_TRY(list_entries(l, panel, panels));
  choose_size(&s, panels, plain, columns);
  choose_margins(&s, l);
  place_all(&s, l, columns);
  return LS_OK;
}

void ls_plot_layout_free(ls_plot_layout **layout) {
  if (!*layout) return;
  LS_FREE((*layout)->entry);
  LS_FREE(*layout);
}

/* ---- points ---- */

static double along(const ls_axis *a, double value) {
  if (a->log) return log(value / a->lo) / log(a->hi / a->lo);
  return (value - a->lo) / (a->hi - a->lo);
}

ls_spot ls_frame_spot(const ls_frame *f, double x, double y, double z) {
  const ls_box *b = &f->box;
  double wide = b->right - b->left, high = b->top - b->bottom, u = along(&f->x, x),
         v = along(&f->y, y);
  if (!f->panel->grid || !f->panel->surface)
    return (ls_spot){b->left + u * wide, b->bottom + v * high};
  double turned = LS_VIEW_TURN * M_PI / 180, tilt = LS_VIEW_TILT * M_PI / 180;
  u = 2 * u - 1;
  v = 2 * v - 1;
  double w = 2 * along(&f->z, z) - 1, far = v * cos(turned) - u * sin(turned);
  return (ls_spot){(b->left + b->right + wide * (u * cos(turned) + v * sin(turned))) / 2,
                   (b->bottom + b->top + high * (far * cos(tilt) + w * sin(tilt))) / 2};
}

bool ls_frame_shows(const ls_frame *f, double x, double y) {
  return x >= f->x.lo && x <= f->x.hi && y >= f->y.lo && y <= f->y.hi; /* false for NaN */
}
