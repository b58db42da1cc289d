/* plot.c - gnuplot at work: the script goes in, the picture comes out, through memory both times,
 * so that a picture that fails leaves no file. Begin with ls_plot. */
#include "view/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "io/durable.h"
#include "io/program.h"
#include "view/plot_layout.h"

const char *ls_plot_kind(const char *out) {
  static const char *const ending[] = {".svg", ".png", ".pdf", NULL};
  if (strcmp(out, "-") == 0) return "-";
  for (int i = 0; ending[i]; i++)
    if (ls_path_ends_in(out, ending[i])) return ending[i] + 1;
  return NULL;
}

/* "lo:hi" with what ends it; an end that is left out is NaN. */
static bool read_range(const char **text, char end, double *lo, double *hi) {
  double *const value[] = {lo, hi};
  const char after[] = {':', end};
  for (int i = 0; i < 2; i++) {
    char *past;
    *value[i] = strtod(*text, &past);
    if (past == *text) *value[i] = (double)NAN;
    if (*past != after[i] || (past != *text && !isfinite(*value[i]))) return false;
    *text = past + (*past != '\0');
  }
  return !(*lo >= *hi);
}

ls_status ls_plot_zoom(const char *text, ls_view *out) {
  const char *at = text;
  if (read_range(&at, ',', &out->x_lo, &out->x_hi) && read_range(&at, '\0', &out->y_lo, &out->y_hi))
    return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "--zoom %s: min, or x0:x1,y0:y1 with x0 < x1 and y0 < y1, as in 1.8:2.2,0.4:0.6; "
                 "an end that is left out is that of the picture",
                 text);
}

static double given_or(double given, double whole) { return isnan(given) ? whole : given; }

ls_status ls_plot_zoom_within(const char *text, const ls_view *whole, ls_view *out) {
  LS_TRY(ls_plot_zoom(text, out));
  *out = (ls_view){given_or(out->x_lo, whole->x_lo), given_or(out->x_hi, whole->x_hi),
                   given_or(out->y_lo, whole->y_lo), given_or(out->y_hi, whole->y_hi)};
  if (out->x_lo < out->x_hi && out->y_lo < out->y_hi) return LS_OK;
  return ls_fail(LS_EUSAGE, "--zoom %s: the picture is x %g to %g and y %g to %g", text,
                 whole->x_lo, whole->x_hi, whole->y_lo, whole->y_hi);
}

/* Of a curve's line from its i-th point to its k-th one. */
static bool is_in(const ls_view *v, const ls_curve *c, int64_t i, int64_t k) {
  const ls_spot from = {c->x[i], c->y[i]}, to = {c->x[k], c->y[k]};
  if (!isfinite(from.x + from.y + to.x + to.y)) return false;
  return ls_box_meets_line(&(ls_box){v->x_lo, v->x_hi, v->y_lo, v->y_hi}, from, to);
}

bool ls_plot_any_in(const ls_panel *panel, const ls_view *view) {
  for (const ls_curve *c = panel->curve; c < panel->curve + panel->curves; c++)
    for (int64_t i = 0; i < c->n && c->kind != LS_CURVE_RECTANGLE; i++)
      if (is_in(view, c, i, i > 0 ? i - 1 : 0)) return true;
  return false;
}

ls_curve_kind ls_plot_rate_kind(const double *rate, int64_t n) {
  int64_t kept = 0, changed = 0;
  for (int64_t i = 1; i < n; i++) {
    kept += rate[i] == rate[i - 1];
    changed += rate[i] != rate[i - 1];
  }
  return changed > 0 && kept >= changed ? LS_CURVE_STEPS : LS_CURVE_LINE;
}

/* An anonymous file with the script, to be read from its beginning. */
static ls_status script_file(const ls_panel *panel, int panels, const char *kind, int *fd) {
  *fd = memfd_create("plot", MFD_CLOEXEC);
  FILE *file = *fd >= 0 ? fdopen(dup(*fd), "w") : NULL;
  if (!file) return ls_fail(LS_FAIL, "no room for the script of the plot: %s", strerror(errno));
  ls_status status = ls_plot_script(file, panel, panels, kind, NULL);
  if (fclose(file) != 0 && status == LS_OK)
    status = ls_fail(LS_FAIL, "no room for the script of the plot: %s", strerror(errno));
  lseek(*fd, 0, SEEK_SET);
  return status;
}

/* What gnuplot complained of, in one line. */
static void complaint(int fd, char *text, size_t size) {
  ssize_t got = pread(fd, text, size - 1, 0);
  text[got > 0 ? got : 0] = '\0';
  for (char *c = text; *c; c++)
    if (*c == '\n') *c = ' ';
}

/* *picture is malloc'd. Through a pipe, because gnuplot does not look whether its writes succeed.
 */
static ls_status run_gnuplot(int script, char **picture, size_t *bytes) {
  const char *const argv[] = {"gnuplot", "-d", "-", NULL};
  int errors = memfd_create("errors", MFD_CLOEXEC), state;
  char text[600];
  int failed = ls_program_run(argv, script, errors, picture, bytes, &state);
  complaint(errors, text, sizeof text);
  close(errors);
  if (failed == ENOENT)
    return ls_fail(LS_FAIL,
                   "gnuplot is not installed: apt-get install gnuplot-nox (--keep-script still "
                   "writes the script with its data)");
  if (failed) return ls_fail(LS_FAIL, "cannot start gnuplot: %s", strerror(failed));
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0 || !*picture || *bytes == 0)
    return ls_fail(LS_FAIL, "gnuplot failed: %s", text);
  return LS_OK;
}

static ls_status keep(const ls_panel *panel, int panels, const char *kind, const char *out) {
  char *name = ls_mem_format("%.*s.gp", (int)(strrchr(out, '.') - out), out);
  FILE *file = fopen(name, "we");
  ls_status status = file ? ls_plot_script(file, panel, panels, kind, out) : LS_OK;
  if (!file || fclose(file) != 0) status = ls_fail(LS_EIO, "%s: %s", name, strerror(errno));
  LS_FREE(name);
  return status;
}

/* Whole or not at all. */
static ls_status deliver(const char *out, const void *picture, size_t bytes) {
  if (strcmp(out, "-") == 0) { /* main looks at stdout's errors */
    fwrite(picture, 1, bytes, stdout);
    return LS_OK;
  }
  char *dir = ls_path_folder(out);
  ls_status status = ls_durable_write(dir, ls_path_name(out), picture, bytes, true);
  LS_FREE(dir);
  return status;
}

static bool has_points(const ls_panel *panel, int panels) {
  for (int i = 0; i < panels; i++)
    for (int k = 0; k < panel[i].curves; k++)
      for (int64_t j = 0; j < panel[i].curve[k].n; j++)
        if (isfinite(panel[i].curve[k].x[j]) && isfinite(panel[i].curve[k].y[j])) return true;
  return false;
}

ls_status ls_plot(const ls_panel *panel, int panels, const char *out, bool keep_script) {
  const char *kind = ls_plot_kind(out);
  char *picture = NULL;
  size_t bytes = 0;
  int script;
  if (!kind)
    return ls_fail(LS_EUSAGE,
                   "-o %s: a picture's name ends in .svg, .png or .pdf; - draws on the terminal",
                   out);
  if (strcmp(kind, "-") == 0 && keep_script)
    return ls_fail(LS_EUSAGE, "--keep-script needs a file: -o NAME.svg, .png or .pdf");
  if (!has_points(panel, panels))
    return ls_fail(LS_EDATA, "nothing to draw: there is no point with finite values yet");
  if (keep_script) LS_TRY(keep(panel, panels, kind, out));
  ls_status status = script_file(panel, panels, kind, &script);
  if (status == LS_OK) status = run_gnuplot(script, &picture, &bytes);
  if (status == LS_OK) status = deliver(out, picture, bytes);
  free(picture);
  if (script >= 0) close(script);
  return status;
}
