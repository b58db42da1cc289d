/* Start-up agreement: every rank must be the same program with the same config and the same data, or the bits are worth nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "train/run.h"

enum { BINARY, CONFIG, DATA, ITEMS };
static const char *const item_names[] = {"another lockstep binary", "another config or command line", "other data"};

typedef struct {
  char host[64];
  uint64_t digest[ITEMS];
} identity;

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

static uint64_t data_digest(const ls_data *data) {
  int count;
  const ls_data_file *file = ls_data_files(data, &count);
  uint64_t digest = 0;
  for (int i = 0; i < count; i++) digest = XXH3_64bits_withSeed(file[i].digest, strlen(file[i].digest), digest + 1);
  return digest;
}

static ls_status compare(const identity *all, int ranks) {
  char text[1024] = "";
  int odd = 0;
  for (int r = 1; r < ranks; r++)
    for (int i = 0; i < ITEMS; i++)
      if (all[r].digest[i] != all[0].digest[i] && odd++ < 4)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%srank %d (%s) has %s than rank 0 (%s)", odd > 1 ? "; " : "", r,
                 all[r].host, item_names[i], all[0].host);
  return odd == 0 ? LS_OK : ls_fail(LS_EINTERNAL, "the ranks are not the same run: %s", text);
}

ls_status ls_run_agree(const ls_run *run) {
  int ranks = ls_comm_size(run->comm);
  if (ranks == 1) return LS_OK;
  identity mine = {0}, *all;
  char *config = ls_config_dump(run->config, LS_DUMP_PLAIN);
  snprintf(mine.host, sizeof mine.host, "%s", ls_comm_host(run->comm));
  mine.digest[BINARY] = binary_digest();
  mine.digest[CONFIG] = XXH3_64bits(config, strlen(config));
  mine.digest[DATA] = data_digest(run->data);
  LS_FREE(config);
  LS_NEW(all, ranks);
  ls_comm_at(run->comm, "start-up agreement");
  ls_comm_allgather(run->comm, &mine, all, sizeof mine);
  ls_status status = compare(all, ranks);
  LS_FREE(all);
  return status;
}
