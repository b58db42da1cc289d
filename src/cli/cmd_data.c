/* cmd_data.c - lockstep data: look into data files, bring them into one HDF5 file, split them. */
#include "cli/cmd_data.h"

#include <stdlib.h>

static ls_status info(ls_cli *cli, const void *given) {
  (void)given;
  return ls_data_info(cli, cli->args[0]);
}

static ls_status import(ls_cli *cli, const void *given) {
  const ls_data_options *o = given;
  if (!o->out) return ls_fail(LS_EUSAGE, "data import: where to? -o OUT.h5");
  return ls_data_import(cli, o, 0, 0);
}

static ls_status fraction(const char *text, const char *option, double *value) {
  char *end;
  *value = text ? strtod(text, &end) : 0;
  if (!text || (*text && !*end && *value > 0 && *value < 1)) return LS_OK;
  return ls_fail(LS_EUSAGE, "%s %s: a share between 0 and 1 is needed, such as 0.1", option, text);
}

static ls_status split(ls_cli *cli, const void *given) {
  const ls_data_options *o = given;
  double test, validation;
  if (!o->out) return ls_fail(LS_EUSAGE, "data split: where to? -o OUT.h5");
  LS_TRY(fraction(o->test, "--test", &test));
  LS_TRY(fraction(o->validation, "--validation", &validation));
  if (test + validation <= 0)
    return ls_fail(LS_EUSAGE, "data split: how much goes where? --test 0.1, --validation 0.1");
  if (test + validation >= 1) return ls_fail(LS_EUSAGE, "data split: nothing is left to train on");
  return ls_data_import(cli, o, test, validation);
}

#define OPTION(member, ...) LS_OPTION(ls_data_options, member, __VA_ARGS__)
static const ls_option data_options[] = {
    OPTION(out, "output", 'o', "OUT.h5", "import, split: the HDF5 file to make"),
    OPTION(x, "x", 0, "X", "inputs: CSV columns (a,b,3-7), HDF5 dataset"),
    OPTION(y, "y", 0, "Y", "targets: CSV columns, HDF5 dataset, .npy file"),
    OPTION(no_header, "no-header", 0, NULL, "CSV: the first line is a sample"),
    OPTION(transpose, "transpose", 0, NULL, "HDF5: samples are columns (Matlab, Julia, Fortran)"),
    OPTION(classes, "classes", 0, NULL, "y are class numbers, or (CSV) names"),
    OPTION(single, "float32", 0, NULL, "store reals in 4 bytes instead of 8"),
    OPTION(pack, "compress", 0, NULL, "store with shuffle and gzip"),
    OPTION(gaps, "keep-missing", 0, NULL, "what is missing stays so (NaN), for data.missing"),
    OPTION(test, "test", 0, "F", "split: share of the samples drawn for test", "split"),
    OPTION(validation, "validation", 0, "F", "split: share drawn for validation", "split"),
    OPTION(seed, "seed", 0, "N", "split: another seed draws other samples (default 1)", "split"),
    OPTION(force, "force", 0, NULL, "replace OUT.h5 if it is there"),
    {0}};

#define MANY "one name is wanted; several files are one pattern in quotes: 'sim-*.h5'"
#define WHICH "which data? a config, a folder of IDX files, or a file; " MANY

const ls_command ls_command_data = {
    .name = "data",
    .help = "look into, import or split data files",
    .usage =
        "Usage: lockstep data info DATA\n"
        "       lockstep data import DATA -o OUT.h5 [--x X] [--y Y] [options]\n"
        "       lockstep data split DATA -o OUT.h5 --test F [--validation F] [options]\n"
        "\nExamples:\n"
        "  lockstep data info /usr/share/datasets/fashion-mnist\n"
        "  lockstep data import table.csv --x a,b,3-7 --y price -o table.h5\n"
        "  lockstep data split table.csv --x a,b,3-7 --y price --test 0.1 --validation 0.1 -o "
        "table.h5\n",
    .options = data_options,
    .size = sizeof(ls_data_options),
    .defaults = &(const ls_data_options){.seed = 1},
    .verb = {
        {.name = "info", .run = info, .least = 1, .most = 1, .wanted = "data info: " WHICH},
        {.name = "import", .run = import, .least = 1, .most = 1, .wanted = "data import: " WHICH},
        {.name = "split", .run = split, .least = 1, .most = 1, .wanted = "data split: " WHICH}}};
