/* plot_words.h - what plot_script.c writes, and what is written on a picture: names of axes and
 * panels, numbers beside points, the legend, each at its place of plot_layout.h. */
#ifndef LS_VIEW_PLOT_WORDS_H
#define LS_VIEW_PLOT_WORDS_H

#include "view/plot_layout.h"

enum { LS_FONT = 14 }; /* pixels */

typedef struct {
  FILE *to;
  const ls_plot_layout *l;
  const char *kind; /* of the picture: svg, png, pdf, - */
  double text;      /* a pixel in the unit of the kind's fonts */
} ls_script;

/* How a curve looks, in its panel and in the legend. */
const char *ls_style_color(int style);
const char *ls_style_dash(int style);
int ls_style_mark(int style);
const char *ls_style_shade(int style); /* of cells, dark to light */

void ls_words_quote(FILE *to, const char *text);
/* A name, quoted, and shortened where it has more letters than that. */
void ls_words_name(const ls_script *script, const char *name, int letters);
/* Of a panel: title, names of the axes and of the bar of colours, numbers of iterates. */
ls_status ls_words_panel(const ls_script *script, const ls_frame *frame);
void ls_words_legend(const ls_script *script);

#endif
