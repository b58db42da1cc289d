/* plot_layout.h - what is where on a picture, in pixels from its lower left corner: axes, tics and
 * legend (plot_layout.c), numbers beside the points of paths (plot_numbers.c). All that is written
 * but the legend of a terminal is placed here, so that a test can tell from a kept script that
 * nothing covers anything. */
#ifndef LS_VIEW_PLOT_LAYOUT_H
#define LS_VIEW_PLOT_LAYOUT_H

#include "view/plot.h"

/* Sizes of text. On a terminal a letter is a cell, taken for 8 by 16 pixels. */
typedef struct {
  double letter, line;       /* width of a letter; height of a line of text */
  double digit, number;      /* width and height of a digit beside a point */
  double name_above, margin; /* height of a panel's title; space around panels */
} ls_type;

typedef struct {
  double left, right, bottom, top;
} ls_box;

typedef struct {
  double lo, hi, step; /* step: between tics; on a logarithmic scale a factor, from `first` */
  double first;
  char format[16];       /* gnuplot's, of the tics */
  int letters;           /* of the longest tic */
  const ls_texts *names; /* in place of numbers, for 0, 1, ... */
  bool log;
  bool bare; /* a logarithmic scale whose decades are too short for tics between them */
} ls_axis;

/* A panel on the picture. */
typedef struct {
  const ls_panel *panel;
  ls_box box; /* between the axes; of a surface, where gnuplot is to centre its cube */
  ls_axis x, y, z;
  bool bar; /* a bar of colours to its right */
} ls_frame;

typedef struct {
  const ls_curve *curve; /* NULL: the minimum's mark */
  double x, y;           /* left end, middle */
} ls_legend_entry;

typedef struct {
  ls_type type;
  bool plain; /* characters */
  double width, height;
  ls_frame frame[LS_PLOT_PANELS];
  int frames, entries, letters; /* letters: of a name in the legend at most */
  ls_legend_entry *entry;       /* (entries) */
  double level_lo, level_hi;    /* costs of the contour lines of all panels */
} ls_plot_layout;

/* columns: the terminal's, for kind "-". */
ls_status ls_plot_layout_new(const ls_panel *panel, int panels, bool plain, int columns,
                             ls_plot_layout **out);
void ls_plot_layout_free(ls_plot_layout **layout);

enum { LS_LEVELS = 10, LS_VIEW_TILT = 48, LS_VIEW_TURN = 28 }; /* degrees, of a surface */
/* The k-th of LS_LEVELS contour lines: costs above the lowest halve, so that rings in a bowl are
 * spaced alike. */
double ls_level(const ls_grid *grid, int k);

typedef struct {
  double x, y;
} ls_spot;
/* Where a point is; z: on a surface. */
ls_spot ls_frame_spot(const ls_frame *frame, double x, double y, double z);
/* Is a part of the straight line from p to q in the box, whose edges belong to it? */
bool ls_box_meets_line(const ls_box *box, ls_spot p, ls_spot q);
/* Are the numbers of a logarithmic scale powers of ten? */
bool ls_by_decades(double lo, double hi);
bool ls_frame_shows(const ls_frame *frame, double x, double y);

/* A curve's points that are marked: the others would touch one before them. */
ls_status ls_marks_choose(const ls_frame *frame, const ls_curve *curve, int64_t **index,
                          int64_t *n);

/* The number of an iterate, beside it. */
typedef struct {
  double x, y; /* its middle */
  double value;
  int style;
} ls_number;
/* Of those that would touch a number, a mark or a line there are none. */
ls_status ls_numbers_place(const ls_plot_layout *layout, const ls_frame *frame, ls_number **out,
                           int *n);

#endif
