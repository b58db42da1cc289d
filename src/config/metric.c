/* metric.c - the header's lists of metrics spelt out three times: as rows, as names, and as
 * what a run can follow ("val_" in front for validation). */
#include "config/metric.h"

#include <stddef.h>
#include <string.h>

#define ROW(constant, name, better, needs, made) \
  {name, LS_##better, LS_NEEDS_##needs, LS_MADE_##made},
#define NAME(constant, name, ...) name,
#define OF_VALIDATION(constant, name, ...) "val_" name,

const ls_metric_row ls_metric_table[] = {LS_METRIC_NUMBERS(ROW) LS_METRIC_LISTS(ROW)};
const char *const ls_metric_names[] = {LS_METRIC_NUMBERS(NAME) LS_METRIC_LISTS(NAME) NULL};
const char *const ls_metric_followed[] = {
    "none", LS_METRIC_NUMBERS(NAME) LS_METRIC_NUMBERS(OF_VALIDATION) NULL};

const char *const ls_metric_prefix[] = {"", "val_", "test_", "all_"};

bool ls_metric_validates(const char *name) { return strncmp(name, "val_", 4) == 0; }

ls_metric ls_metric_of(const char *name) {
  int m = 0;
  if (ls_metric_validates(name)) name += 4;
  while (m < LS_METRICS && strcmp(ls_metric_table[m].name, name) != 0) m++;
  return (ls_metric)m;
}

bool ls_metric_better(const char *name, double value, double than, double by) {
  const ls_metric m = ls_metric_of(name);
  const bool higher = m < LS_METRICS && ls_metric_table[m].better == LS_HIGHER;
  return higher ? value > than + by : value < than - by;
}
