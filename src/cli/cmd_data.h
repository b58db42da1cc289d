/* cmd_data.h - the parts of lockstep data. */
#ifndef LS_CLI_CMD_DATA_H
#define LS_CLI_CMD_DATA_H

#include "cli/cli.h"
#include "data/format.h"

/* What the options of `data import` and `data split` say. */
typedef struct {
  const char *out, *x, *y; /* -o, --x, --y */
  int no_header, transpose, classes, single, pack, force;
  double test, validation; /* split: shares to draw */
  long long seed;
} ls_data_options;

/* A text for JSON, with ? for what is not UTF-8. */
json_t *ls_data_text(const char *text);
/* name is a config by its ending. */
bool ls_is_config(const char *name);
ls_status ls_data_info(ls_cli *cli, const char *name);
/* A single CSV file, column by column. */
ls_status ls_data_info_csv(ls_cli *cli, const char *path);
ls_status ls_data_import(ls_cli *cli, const char **args, const ls_data_options *options);

#endif
