/* cmd_data.c - lockstep data: look into data files, bring them into one HDF5 file, split them. */
#include "cli/cmd_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

json_t *ls_data_text(const char *text) {
  json_t *string = json_string(text);
  if (string) return string;
  char *copy = ls_mem_text(text);
  for (char *at = copy; *at; at++)
    if (*at & 0x80) *at = '?';
  string = json_string(copy);
  LS_FREE(copy);
  return string;
}

bool ls_is_config(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static ls_status share(const char *text, const char *option, double *value) {
  char *end;
  *value = text ? strtod(text, &end) : 0;
  if (!text || (*text && !*end && *value > 0 && *value < 1)) return LS_OK;
  return ls_fail(LS_EUSAGE, "%s %s: a share between 0 and 1 is needed, such as 0.1", option, text);
}

static ls_status check_split(const ls_data_options *o) {
  if (o->test + o->validation <= 0)
    return ls_fail(LS_EUSAGE, "data split: how much goes where? --test 0.1, --validation 0.1");
  return o->test + o->validation < 1
             ? LS_OK
             : ls_fail(LS_EUSAGE, "data split: nothing is left to train on");
}

ls_status ls_cmd_data(ls_cli *cli) {
  static const char *const words[] = {"info", "import", "split", NULL};
  ls_data_options o = {.seed = 1};
  char *test = NULL, *validation = NULL;
  struct poptOption table[] = {
      {"output", 'o', POPT_ARG_STRING, &o.out, 0, "import, split: the HDF5 file to make", "OUT.h5"},
      {"x", 0, POPT_ARG_STRING, &o.x, 0, "inputs: CSV columns (a,b,3-7), HDF5 dataset", "X"},
      {"y", 0, POPT_ARG_STRING, &o.y, 0, "targets: CSV columns, HDF5 dataset, .npy file", "Y"},
      {"no-header", 0, POPT_ARG_NONE, &o.no_header, 0, "CSV: the first line is a sample", NULL},
      {"transpose", 0, POPT_ARG_NONE, &o.transpose, 0,
       "HDF5: samples are columns (Matlab, Julia, Fortran)", NULL},
      {"classes", 0, POPT_ARG_NONE, &o.classes, 0, "y are class numbers, or (CSV) names", NULL},
      {"float32", 0, POPT_ARG_NONE, &o.single, 0, "store reals in 4 bytes instead of 8", NULL},
      {"compress", 0, POPT_ARG_NONE, &o.pack, 0, "store with shuffle and gzip", NULL},
      {"test", 0, POPT_ARG_STRING, &test, 0, "split: share of the samples drawn for test", "F"},
      {"validation", 0, POPT_ARG_STRING, &validation, 0, "split: share drawn for validation", "F"},
      {"seed", 0, POPT_ARG_LONGLONG, &o.seed, 0,
       "split: another seed draws other samples (default 1)", "N"},
      {"force", 0, POPT_ARG_NONE, &o.force, 0, "replace OUT.h5 if it is there", NULL},
      POPT_TABLEEND};
  const char **args;
  bool help;
  LS_TRY(ls_cli_parse(cli, ls_command_find("data"), table, &args, &help));
  if (help) return LS_OK;
  const char *what = args[0] ? args[0] : "";
  bool info = strcmp(what, "info") == 0, import = strcmp(what, "import") == 0,
       split = strcmp(what, "split") == 0;
  if (!info && !import && !split) return ls_cli_unknown("data", args[0], words);
  if (!args[1])
    return ls_fail(LS_EUSAGE, "data %s: which data? a config, a folder of IDX files, or a file",
                   what);
  if (info)
    return args[2] ? ls_fail(LS_EUSAGE, "data info takes one name") : ls_data_info(cli, args[1]);
  if (!o.out) return ls_fail(LS_EUSAGE, "data %s: where to? -o OUT.h5", what);
  LS_TRY(share(test, "--test", &o.test));
  LS_TRY(share(validation, "--validation", &o.validation));
  if (split) LS_TRY(check_split(&o));
  if (import && o.test + o.validation > 0)
    return ls_fail(LS_EUSAGE, "--test and --validation belong to data split");
  return ls_data_import(cli, args + 1, &o);
}
