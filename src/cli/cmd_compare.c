/* cmd_compare.c - a table of runs; those that differ in their seed only are one line: mean +-
 * standard deviation. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "view/runs.h"
#include "view/text.h"

enum { COLUMNS = LS_FINALS + 3, CELL = 96 };

typedef struct {
  char text[COLUMNS][CELL];
} line;

/* ---- cells ---- */

/* "done", or how many ended how: "2 done, 1 dead". */
static void exits(const ls_runs *runs, int group, char *out, size_t size) {
  int counted = 0, total = ls_runs_size(runs, group);
  size_t used = 0;
  out[0] = '\0';
  for (int i = 0; i < runs->n && used < size; i++) {
    const ls_runs_item *item = &runs->item[i];
    int same = 0, before = 0;
    if (item->group != group) continue;
    for (int k = 0; k < runs->n; k++) {
      bool equal =
          runs->item[k].group == group && strcmp(runs->item[k].verdict, item->verdict) == 0;
      same += equal;
      before += equal && k < i;
    }
    if (before > 0) continue;
    const char *comma = counted++ ? ", " : "";
    int more = same == total
                   ? snprintf(out, size, "%s", item->verdict)
                   : snprintf(out + used, size - used, "%s%d %s", comma, same, item->verdict);
    used += (size_t)more;
  }
}

static void run_cell(const ls_runs *runs, int group, char *out, size_t size) {
  int n = ls_runs_size(runs, group);
  const char *path = ls_runs_first(runs, group)->path;
  if (n > 1)
    snprintf(out, size, "%s +%d seed%s", path, n - 1, n > 2 ? "s" : "");
  else
    snprintf(out, size, "%s", path);
}

static void value_cell(ls_final what, double mean, double deviation, char *out) {
  char a[LS_TEXT], b[LS_TEXT];
  bool share =
      what == LS_FINAL_ACCURACY || what == LS_FINAL_VAL_ACCURACY || what == LS_FINAL_TEST_ACCURACY;
  if (what == LS_FINAL_SPEED)
    snprintf(out, CELL, "%s", ls_text_count(mean, a));
  else if (isnan(deviation) || what == LS_FINAL_EPOCHS)
    snprintf(out, CELL, "%s", ls_text_number(mean, share ? 'f' : 'g', share ? 4 : 6, a));
  else
    snprintf(out, CELL, "%s +- %s", ls_text_number(mean, share ? 'f' : 'g', share ? 4 : 6, a),
             ls_text_number(deviation, share ? 'f' : 'g', share ? 4 : 2, b));
}

static void fill(const ls_runs *runs, int group, line *out) {
  char *label = ls_runs_label(runs, group);
  run_cell(runs, group, out->text[0], CELL);
  snprintf(out->text[1], CELL, "%s", label);
  LS_FREE(label);
  for (int k = 0; k < LS_FINALS; k++) {
    double mean, deviation;
    ls_runs_mean(runs, group, k, &mean, &deviation);
    value_cell(k, mean, deviation, out->text[2 + k]);
  }
  exits(runs, group, out->text[COLUMNS - 1], CELL);
}

/* ---- the table ---- */

static bool column_used(const line *lines, int rows, int column) {
  for (int r = 0; r < rows; r++)
    if (strcmp(lines[r].text[column], "-") != 0) return true;
  return false;
}

static void print_table(const ls_cli *cli, const line *lines, int rows) {
  const char *title[COLUMNS] = {"run", "optimizer"};
  memcpy(title + 2, ls_final_names, LS_FINALS * sizeof *title);
  title[LS_FINAL_SPEED + 2] = "samples/s";
  title[COLUMNS - 1] = "exit";
  for (int r = -1; r < rows; r++) {
    for (int c = 0; c < COLUMNS; c++) {
      size_t width = strlen(title[c]);
      for (int k = 0; k < rows; k++)
        width = strlen(lines[k].text[c]) > width ? strlen(lines[k].text[c]) : width;
      const char *cell = r < 0 ? title[c] : lines[r].text[c];
      if (!column_used(lines, rows, c)) continue;
      if (c == COLUMNS - 1)
        ls_out(cli, "  %s\n", cell);
      else
        ls_out(cli, "%s%*s", c ? "  " : "", c < 2 ? -(int)width : (int)width, cell);
    }
  }
}

/* ---- JSON ---- */

static void describe(json_t *object, const ls_config *c) {
  json_object_set_new(object, "optimizer",
                      c ? json_string(ls_optim_name(&c->optimizer)) : json_null());
  json_object_set_new(object, "lr", c ? ls_json_real(c->optimizer.lr) : json_null());
  json_object_set_new(object, "schedule",
                      c ? json_string(ls_schedule_name(&c->schedule)) : json_null());
}

static json_t *run_json(const ls_runs_item *item) {
  json_t *object =
      json_pack("{s:s, s:i, s:s}", "run", item->path, "group", item->group, "exit", item->verdict);
  json_object_set_new(object, "seed",
                      item->config ? json_integer((json_int_t)item->config->seed) : json_null());
  describe(object, item->config);
  for (int k = 0; k < LS_FINALS; k++)
    json_object_set_new(object, ls_final_names[k], ls_json_real(item->final[k]));
  return object;
}

static json_t *group_json(const ls_runs *runs, int group) {
  char *label = ls_runs_label(runs, group), exit[CELL];
  exits(runs, group, exit, sizeof exit);
  json_t *object =
      json_pack("{s:s, s:i, s:s}", "label", label, "runs", ls_runs_size(runs, group), "exit", exit);
  LS_FREE(label);
  describe(object, ls_runs_first(runs, group)->config);
  for (int k = 0; k < LS_FINALS; k++) {
    double mean, deviation;
    int n = ls_runs_mean(runs, group, k, &mean, &deviation);
    json_object_set_new(object, ls_final_names[k],
                        json_pack("{s:i, s:o, s:o}", "n", n, "mean", ls_json_real(mean), "sd",
                                  ls_json_real(deviation)));
  }
  return object;
}

static void print_json(const ls_cli *cli, const ls_runs *runs) {
  json_t *items = json_array(), *groups = json_array();
  for (int i = 0; i < runs->n; i++) json_array_append_new(items, run_json(&runs->item[i]));
  for (int g = 0; g < runs->groups; g++) json_array_append_new(groups, group_json(runs, g));
  ls_out_json(cli, json_pack("{s:o, s:o}", "runs", items, "groups", groups));
}

static ls_status print(const ls_cli *cli, const ls_runs *runs) {
  if (cli->json) {
    print_json(cli, runs);
    return LS_OK;
  }
  line *lines;
  LS_NEW(lines, runs->groups);
  for (int g = 0; g < runs->groups; g++) fill(runs, g, &lines[g]);
  print_table(cli, lines, runs->groups);
  LS_FREE(lines);
  return LS_OK;
}

ls_status ls_cmd_compare(ls_cli *cli) {
  struct poptOption option[] = {POPT_TABLEEND};
  const char **args;
  bool help;
  ls_runs *runs = NULL;
  LS_TRY(ls_cli_parse(cli, ls_command_find("compare"), option, &args, &help));
  if (help) return LS_OK;
  LS_TRY(ls_runs_read(args, 0, &runs));
  ls_status status = print(cli, runs);
  ls_runs_free(&runs);
  return status;
}
