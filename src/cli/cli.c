/* cli.c - what commands share behind the command line: the config, with the ranks agreed on it, and
 * stdout. */
#include "cli/cli.h"

#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/print.h"
#include "comm/library.h"
#include "config/origin.h"
#include "io/h5version.h"
#include "io/regular.h"
#include "model/blas.h"
#include "model/gemm.h"

enum { CONFIG_BYTES_MAX = 16 << 20 };

/* ---- config ---- */

static ls_status read_config(ls_cli *cli, const char *file, char **text, size_t *bytes) {
  ls_status status = LS_OK;
  if (!cli->comm || ls_comm_rank(cli->comm) == 0)
    status = ls_file_read(file, text, bytes, CONFIG_BYTES_MAX);
  if (status != LS_OK)
    status = ls_fail(status == LS_FAIL ? LS_FAIL : LS_ECONFIG, "config: %s", ls_error_text());
  if (!cli->comm) return status;
  return ls_comm_bcast_block(cli->comm, status, (void **)text, bytes, 0);
}

#define DATASETS "/usr/share/datasets/" /* where Debian's packages have them */

/* FOLDER/NAME-small, where it is there; takes `folder`. */
static char *part_in(char *folder, const char *name) {
  char *part = folder ? ls_mem_format("%s/%s-small", folder, name) : NULL;
  if (part && access(part, F_OK) != 0) LS_FREE(part);
  LS_FREE(folder);
  return part;
}

/* ROOT/data for the config ROOT/examples/... */
static char *data_beside(const char *config) {
  const char *at = strstr(config, "examples/");
  if (!at || (at > config && at[-1] != '/')) return NULL;
  return ls_mem_format("%.*sdata", (int)(at - config), config);
}

static char *data_installed(void) {
  char program[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length < 0) return NULL;
  program[length] = '\0';
  return ls_mem_format("%s/" LOCKSTEP_DATA, dirname(program));
}

/* A small part of the examples' data comes with lockstep: of data.dir .../NAME it is NAME-small,
 * beside the examples or, for Debian's folders, where lockstep is installed. NULL where the data
 * are there, there is no such part, or the command line named the folder. */
static char *small_part(const ls_config *config) {
  const char *dir = config->data.dir, *slash = dir ? strrchr(dir, '/') : NULL;
  if (!slash || access(dir, F_OK) == 0) return NULL;
  if (ls_origin_find(config, "data.dir").source != LS_SOURCE_FILE) return NULL;
  char *part = part_in(data_beside(config->file), slash + 1);
  if (!part && strncmp(dir, DATASETS, strlen(DATASETS)) == 0)
    part = part_in(data_installed(), slash + 1);
  return part;
}

/* An example runs at once, before anything is installed. Rank 0 decides for all. */
static ls_status use_small_part(ls_cli *cli, ls_config *config) {
  char *part = ls_comm_rank(cli->comm) == 0 ? small_part(config) : NULL;
  void *block = part;
  size_t bytes = part ? strlen(part) : 0;
  if (part)
    ls_log(LS_LOG_WARN,
           "%s: not there (apt-get install dataset-%s); going on with the small part of it in %s",
           config->data.dir, strrchr(config->data.dir, '/') + 1, part);
  LS_TRY(ls_comm_bcast_block(cli->comm, LS_OK, &block, &bytes, 0));
  if (bytes > 0) {
    LS_FREE(config->data.dir);
    config->data.dir = block;
  } else {
    LS_FREE(block);
  }
  return LS_OK;
}

static ls_status parse(ls_cli *cli, const char *file, const char *text, size_t bytes,
                       const char *const *override, ls_config **out) {
  int overrides = 0;
  while (override && override[overrides]) overrides++;
  ls_status status = (cli->command->plugins ? ls_config_parse_and_load : ls_config_parse)(
      file, text, bytes, (char *const *) override, overrides, out);
  if (!cli->comm) return status;
  LS_TRY(ls_comm_agree(cli->comm, status));
  ls_comm_watchdog(cli->comm, (*out)->watchdog);
  return use_small_part(cli, *out);
}

ls_status ls_cli_config(ls_cli *cli, const char *file, const char *const *override,
                        ls_config **out) {
  char *text = NULL;
  size_t bytes = 0;
  LS_TRY(read_config(cli, file, &text, &bytes));
  ls_status status = parse(cli, file, text, bytes, override, out);
  LS_FREE(text);
  return status;
}

ls_status ls_cli_limit(const char *text, double *seconds) {
  int h, m, s = 0, end = 0;
  *seconds = 0;
  if (!text) return LS_OK;
  bool read = sscanf(text, "%d:%2d:%2d%n", &h, &m, &s, &end) == 3;
  if (!read) {
    s = 0;
    read = sscanf(text, "%d:%2d%n", &h, &m, &end) == 2;
  }
  const bool good = read && text[end] == '\0' && h >= 0 && m >= 0 && m <= 59 && s >= 0 && s <= 59;
  if (good) *seconds = 3600.0 * h + 60.0 * m + s;
  if (*seconds > 0) return LS_OK;
  return ls_fail(LS_EUSAGE, "--time-limit %s: write it as H:MM or H:MM:SS", text);
}

ls_status ls_cli_threads(int threads) {
  if (threads >= 0 && threads <= 1024) return LS_OK;
  return ls_fail(LS_EUSAGE, "--threads %d: it is 1 to 1024", threads);
}

bool ls_cli_is_config(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

ls_status ls_cli_run(ls_cli *cli) {
  ls_status status = LS_OK;
  if (cli->part->config) status = read_config(cli, cli->args[0], &cli->text, &cli->bytes);
  if (status == LS_OK && cli->part->config)
    status = parse(cli, cli->args[0], cli->text, cli->bytes, cli->args + 1, &cli->config);
  if (status == LS_OK) status = cli->part->run(cli, cli->options);
  ls_config_free(&cli->config);
  LS_FREE(cli->text);
  return status;
}

void ls_cli_version(const ls_cli *cli) {
  json_t *v = json_object(), *precisions = json_pack("[s, s]", "float32", "float64"),
         *libraries = json_object();
  ls_put(libraries, "mpi", ls_mpi_version());
  ls_put(libraries, "hdf5", ls_h5_version());
  ls_put(libraries, "libyaml", yaml_get_version_string());
  ls_put(libraries, "jansson", jansson_version_str());
  ls_put(libraries, "zlib", zlibVersion());
  ls_put(libraries, "openssl", OpenSSL_version(OPENSSL_VERSION));
  ls_put(v, "name", "lockstep");
  ls_put(v, "version", LOCKSTEP_VERSION);
  ls_put(v, "kernel", ls_gemm_choose(LS_F32)->name);
  ls_put(v, "blas", ls_blas_open() == LS_OK ? ls_blas_name() : ls_error_text());
  ls_put(v, "precisions", precisions);
  ls_put(v, "libraries", libraries);
  ls_print(
      cli, v,
      "lockstep {version}\nkernel: {kernel} ({*precisions}{,}{.}{/})\ntrain.gemm=blas: {blas}\n"
      "{libraries.mpi}, HDF5 {libraries.hdf5}\nlibyaml {libraries.libyaml}, "
      "jansson {libraries.jansson}, zlib {libraries.zlib}, {libraries.openssl}\n");
}
