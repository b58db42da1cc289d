/* plot.h - pictures by gnuplot: curves in one or more panels, paths over contour lines or a
 * surface (plot.c: gnuplot at work; plot_script.c: what it is told; plot_layout.c: what is where).
 *
 * Colours are those of Okabe and Ito, told apart by the colour-blind too; dashes and marks differ
 * as well, for print without colour. */
#ifndef LS_VIEW_PLOT_H
#define LS_VIEW_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/texts.h"

enum { LS_PLOT_PANELS = 12 }; /* in a picture at most */

typedef enum {
  LS_CURVE_LINE,
  LS_CURVE_STEPS,     /* a line that keeps each value up to the next point */
  LS_CURVE_PATH,      /* iterates: points, joined, with their numbers */
  LS_CURVE_RECTANGLE, /* what another panel shows enlarged */
  LS_CURVE_DOTS,      /* points that nothing joins, with low and high as bars */
  LS_CURVE_SHADES     /* squares, the darker the smaller the style: 0 to 4 */
} ls_curve_kind;

typedef struct {
  const char *name; /* in the legend; NULL: not there */
  int64_t n;
  const double *x, *y;      /* (n); NaN: not there; y infinite: a gap */
  const double *z;          /* (n) heights of a path on a surface, else NULL */
  const double *low, *high; /* (n) a band around y, or NULL */
  const double *number;     /* (n) of a path */
  int style;                /* which colour, dash and mark, from 0 */
  ls_curve_kind kind;
} ls_curve;

/* What a panel shows; a range whose ends are equal: as much as the curves need. */
typedef struct {
  double x_lo, x_hi, y_lo, y_hi;
} ls_view;

bool ls_curve_is_dotted(const ls_curve *curve); /* dots or shades */

/* Heights over a rectangle: z[iy * n + ix] at the ix-th of n equally spaced x, the iy-th of n y. */
typedef struct {
  int64_t n; /* odd */
  ls_view view;
  double *z;           /* (n, n) */
  double x_min, y_min; /* where it is lowest, marked; NaN: no mark */
} ls_grid;

typedef struct {
  const char *title, *x_label, *y_label; /* labels with their units; NULL: none */
  const char *z_label;                   /* with a grid */
  ls_view view;                          /* with a grid: the grid's rectangle */
  ls_curve *curve;                       /* (curves) */
  const ls_grid *grid;                   /* contour lines under the curves, or NULL */
  int curves;
  const ls_texts *x_names, *y_names; /* of the values 0, 1, ... of an axis that has no numbers */
  bool log_x, log_y;
  bool linear;  /* log_y is not wanted, whatever the values */
  bool surface; /* the grid as a surface instead */
  bool whole_x; /* x counts something: no tics between whole numbers */
} ls_panel;

/* Draw panels beside one another into `out`: .svg, .png, .pdf, or "-" for characters on stdout.
 * keep_script leaves `out` with .gp for its extension, data included. LS_EUSAGE: another kind of
 * file; LS_EDATA: no point to draw; LS_EIO: it cannot be written; LS_FAIL: no gnuplot. */
ls_status ls_plot(const ls_panel *panel, int panels, const char *out, bool keep_script);
/* The script alone; save_as: the name in `set output`, or NULL for stdout. */
ls_status ls_plot_script(FILE *to, const ls_panel *panel, int panels, const char *kind,
                         const char *save_as);
/* The kind of a file by its name: "svg", "png", "pdf", "-"; NULL for others. */
const char *ls_plot_kind(const char *out);

/* What --zoom takes but for min: "x0:x1,y0:y1", numbers that grow; one that is left out is NaN, and
 * `within` the whole's. LS_EUSAGE for others. */
ls_status ls_plot_zoom(const char *text, ls_view *out);
ls_status ls_plot_zoom_within(const char *text, const ls_view *whole, ls_view *out);
/* Is any piece of its curves in the view? */
bool ls_plot_any_in(const ls_panel *panel, const ls_view *view);

/* Of rates (n), one an update: steps where at least half of the updates keep the rate of the one
 * before, so that a jump is upright; else a line. */
ls_curve_kind ls_plot_rate_kind(const double *rate, int64_t n);

/* One range of y for all panels, so that they can be compared by eye; logarithmic where positive
 * values span more than two decades. */
void ls_plot_same_y(ls_panel *panel, int panels);

#endif
