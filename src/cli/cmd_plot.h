/* cmd_plot.h - between the plot command (cmd_plot.c) and its larger pictures: plot_path.c and
 * plot_sweep.c. */
#ifndef LS_CLI_CMD_PLOT_H
#define LS_CLI_CMD_PLOT_H

#include "view/plot.h"
#include "view/runs.h"

typedef struct {
  const char *out; /* -o */
  const char *by, *metric, *data, *zoom;
  int64_t steps; /* of a path: how many updates are drawn */
  bool keep_script, surface, together, linear;
} ls_plot_options;

/* Two parameters over the contour lines (or the surface) of the cost of the training data, which
 * the run's own model computes from its config.yaml; --data FILE in place of its data. LS_EDATA
 * where a run has not logged two weights a step. */
ls_status ls_plot_path(const ls_runs *runs, const ls_plot_options *options);

/* What a sweep's trials came to against each varied key, or (by: KEY,KEY) as shades over two. */
ls_status ls_plot_sweep(const char *dir, const ls_plot_options *options);

#endif
