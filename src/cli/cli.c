/* cli.c - what commands share behind the command line: the config, with the ranks agreed on it, and
 * stdout. Rank 0 alone reads files; the others parse the text that they are told (load -> tell). */
#include "cli/cli.h"

#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/print.h"
#include "comm/library.h"
#include "config/origin.h"
#include "io/h5version.h"
#include "io/regular.h"
#include "model/blas.h"
#include "model/gemm.h"

enum { CONFIG_BYTES_MAX = 16 << 20 };

/* ---- config ---- */

static ls_status read_config(const char *file, char **text, size_t *bytes) {
  struct stat info;
  const ls_status status = ls_file_read(file, text, bytes, CONFIG_BYTES_MAX);
  if (status == LS_OK) return status;
  if (ls_file_in(file, "config.yaml"))
    return ls_fail(LS_ECONFIG, "config: '%s' is a run folder; %s/config.yaml is its config", file,
                   file);
  if (stat(file, &info) == 0 && info.st_size > CONFIG_BYTES_MAX)
    return ls_fail(LS_ECONFIG, "config: %s; data are named in one", ls_error_text());
  return ls_fail(status == LS_FAIL ? LS_FAIL : LS_ECONFIG, "config: %s", ls_error_text());
}

#define DATASETS "/usr/share/datasets/" /* where Debian's packages have them */

/* FOLDER/NAME-small, where it is there; takes `folder`. */
static char *small_in(char *folder, const char *name) {
  char *small = folder ? ls_mem_format("%s/%s-small", folder, name) : NULL;
  if (small && access(small, F_OK) != 0) LS_FREE(small);
  LS_FREE(folder);
  return small;
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
static char *find_small(const ls_config *config) {
  const char *dir = config->data.dir, *slash = dir ? strrchr(dir, '/') : NULL;
  if (!slash || access(dir, F_OK) == 0) return NULL;
  if (ls_origin_find(config, "data.dir").source != LS_SOURCE_FILE) return NULL;
  char *small = small_in(data_beside(config->file), slash + 1);
  if (!small && strncmp(dir, DATASETS, strlen(DATASETS)) == 0)
    small = small_in(data_installed(), slash + 1);
  return small;
}

static ls_status parse(const ls_cli *cli, const char *file, const char *text, size_t bytes,
                       const char *const *override, ls_config **out) {
  char *const *settings = (char *const *) override;
  int count = 0;
  while (settings && settings[count]) count++;
  if (!cli->command->plugins) return ls_config_parse(file, text, bytes, settings, count, out);
  return ls_config_parse_and_load(file, text, bytes, settings, count, out);
}

/* A config as rank 0 tells the others of it. */
typedef struct {
  char *text;
  size_t bytes;
  char *small; /* a folder to take in place of data.dir, or NULL */
} told;

/* In one block: the text, NUL, the folder or nothing, NUL, how long the text is. Collective, the
 * status is this rank's own. */
static ls_status tell(ls_comm *comm, ls_status mine, told *t) {
  const size_t length = t->small ? strlen(t->small) : 0;
  size_t all = t->bytes + length + 2 + sizeof t->bytes;
  if (ls_comm_rank(comm) == 0 && mine == LS_OK) {
    mine = ls_mem_grow((void **)&t->text, all + 1, 1);
    if (mine == LS_OK && t->small) memcpy(t->text + t->bytes + 1, t->small, length);
    if (mine == LS_OK) memcpy(t->text + all - sizeof t->bytes, &t->bytes, sizeof t->bytes);
  }
  mine = ls_comm_bcast_part(comm, mine, (void **)&t->text, &all, 0);
  if (ls_comm_rank(comm) == 0 || mine != LS_OK || !t->text) return mine;
  memcpy(&t->bytes, t->text + all - sizeof t->bytes, sizeof t->bytes);
  if (t->text[t->bytes + 1]) t->small = ls_mem_text(t->text + t->bytes + 1);
  return LS_OK;
}

static void take_small(ls_config *config, char *small) {
  if (!small) return;
  ls_log(LS_LOG_WARN,
         "%s: not there (apt-get install dataset-%s); going on with the small part of it in %s",
         config->data.dir, strrchr(config->data.dir, '/') + 1, small);
  LS_FREE(config->data.dir);
  config->data.dir = small;
}

/* Rank 0 reads, parses, and finds the data's small part, an example's, which runs at once, before
 * anything is installed; the others parse what they are told. */
static ls_status load(ls_cli *cli, const char *file, const char *const *override, told *t,
                      ls_config **out) {
  const bool root = !cli->comm || ls_comm_rank(cli->comm) == 0;
  ls_status status = root ? read_config(file, &t->text, &t->bytes) : LS_OK;
  if (root && status == LS_OK) status = parse(cli, file, t->text, t->bytes, override, out);
  if (!cli->comm) return status;
  if (root && status == LS_OK) t->small = find_small(*out);
  status = tell(cli->comm, status, t);
  if (!root && status == LS_OK && t->text)
    status = parse(cli, file, t->text, t->bytes, override, out);
  status = ls_comm_agree(cli->comm, status);
  if (status != LS_OK) {
    LS_FREE(t->small);
    return status;
  }
  ls_comm_watchdog(cli->comm, (*out)->watchdog);
  take_small(*out, t->small);
  return LS_OK;
}

ls_status ls_cli_config(ls_cli *cli, const char *file, const char *const *override,
                        ls_config **out) {
  told t = {0};
  const ls_status status = load(cli, file, override, &t, out);
  LS_FREE(t.text);
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

bool ls_cli_is_stdout(const char *out) {
  return strcmp(out, "-") == 0 || strcmp(out, "/dev/stdout") == 0;
}

ls_status ls_cli_stdout(const ls_cli *cli, const char *out) {
  if (!cli->json || !ls_cli_is_stdout(out)) return LS_OK;
  return ls_fail(LS_EUSAGE, "-o %s and --json both want stdout", out);
}

bool ls_cli_is_config(const char *name) {
  return ls_path_ends_in(name, ".yaml") || ls_path_ends_in(name, ".yml");
}

ls_status ls_cli_run(ls_cli *cli) {
  told t = {0};
  ls_status status = LS_OK;
  if (cli->verb->config) status = load(cli, cli->args[0], cli->args + 1, &t, &cli->config);
  cli->text = t.text;
  cli->bytes = t.bytes;
  if (status == LS_OK) status = cli->verb->run(cli, cli->options);
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
