/* agree.c - start-up agreement: every rank must be the same program with the same command line,
 * config and data, or the bits are worth nothing, and the ranks might wait for each other for ever.
 */
#include "train/agree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"

enum { ITEMS = 2, NAMED = 4 };

static uint64_t binary_digest(void) {
  uint64_t digest = 0;
  struct stat st;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &st) == 0) {
    void *image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image != MAP_FAILED) {
      digest = XXH3_64bits(image, (size_t)st.st_size);
      munmap(image, (size_t)st.st_size);
    }
  }
  if (fd >= 0) close(fd);
  return digest;
}

/* All but the name of the program and the number of threads, which may be each rank's own. */
static uint64_t command_digest(int argc, char *const *argv) {
  uint64_t digest = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--threads") == 0)
      i++;
    else if (strncmp(argv[i], "--threads=", 10) != 0)
      digest = XXH3_64bits_withSeed(argv[i], strlen(argv[i]), digest + 1);
  }
  return digest;
}

static uint64_t data_digest(const ls_data *data) {
  int count;
  const ls_data_file *file = ls_data_files(data, &count);
  uint64_t digest = 0;
  for (int i = 0; i < count; i++)
    digest = XXH3_64bits_withSeed(file[i].digest, strlen(file[i].digest), digest + 1);
  return digest;
}

/* (ITEMS) digests of this rank, and what they are of. */
static ls_status compare(ls_comm *comm, const uint64_t *mine, const char *const *what) {
  char text[1024] = "";
  int odd = 0, ranks = ls_comm_size(comm);
  uint64_t *all = ls_comm_scratch(comm); /* (ranks, ITEMS) */
  if (ranks == 1) return LS_OK;
  ls_comm_at(comm, "start-up agreement");
  ls_comm_allgather(comm, mine, all, ITEMS * sizeof *all);
  for (int i = ITEMS; i < ranks * ITEMS; i++)
    if (all[i] != all[i % ITEMS] && odd++ < NAMED)
      snprintf(text + strlen(text), sizeof text - strlen(text),
               "%srank %d (%s) has %s than rank 0 (%s)", odd > 1 ? "; " : "", i / ITEMS,
               ls_comm_host_of(comm, i / ITEMS), what[i % ITEMS], ls_comm_host_of(comm, 0));
  return odd == 0 ? LS_OK : ls_fail(LS_EINTERNAL, "the ranks are not the same run: %s", text);
}

ls_status ls_launch_agree(ls_comm *comm, int argc, char *const *argv) {
  static const char *const what[ITEMS] = {"another lockstep binary", "another command line"};
  return compare(comm, (uint64_t[ITEMS]){binary_digest(), command_digest(argc, argv)}, what);
}

ls_status ls_run_agree(const ls_run *run) {
  static const char *const what[ITEMS] = {"another config", "other data"};
  char *config = ls_config_dump(run->config, LS_DUMP_PLAIN);
  uint64_t mine[ITEMS] = {XXH3_64bits(config, strlen(config)), data_digest(run->data)};
  LS_FREE(config);
  return compare(run->comm, mine, what);
}

/* Our own kernels are the same program's. */
ls_status ls_products_agree(const ls_run *run) {
  static const char *const what[ITEMS] = {"another BLAS for train.gemm: blas"};
  const char *products = ls_model_products(run->model);
  if (run->config->gemm == LS_GEMM_OWN) return LS_OK;
  return compare(run->comm, (uint64_t[ITEMS]){XXH3_64bits(products, strlen(products))}, what);
}
