/* cmd_data.h - between the verbs of lockstep data (cmd_data.c): data_import.c, and data_columns.c,
 * which is data info of a CSV file. */
#ifndef LS_CLI_CMD_DATA_H
#define LS_CLI_CMD_DATA_H

#include "cli/commands.h"
#include "cli/print.h"
#include "data/survey.h"

typedef struct {
  const char *out, *x, *y, *test, *validation;
  bool no_header, transpose, classes, single, pack, gaps, force;
  int64_t seed;
} ls_data_options;

/* A single CSV file, column by column. */
ls_status ls_data_info_csv(ls_cli *cli, const char *path);
/* Samples and targets of `data import`, and of `data split` with these fractions for test and
 * validation. */
ls_status ls_data_import(ls_cli *cli, const ls_data_options *options, double test,
                         double validation);

#endif
