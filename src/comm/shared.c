/* Memory that the ranks of a node share. It is a file without a name, handed on through /proc: no
 * cleaner of /dev/shm takes it from a running job, nothing is left of a killed one, and a container
 * with a small /dev/shm does not limit it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "comm/comm_private.h"

/* What Linux thinks it could still hand out. Asking for more is an error here, and not a killed
 * process later. */
size_t ls_comm_host_memory(void) {
  char line[256];
  unsigned long long kilobytes = 0;
  FILE *file = fopen("/proc/meminfo", "r");
  if (!file) return SIZE_MAX;
  while (fgets(line, sizeof line, file) && sscanf(line, "MemAvailable: %llu kB", &kilobytes) != 1) {
  }
  fclose(file);
  return kilobytes ? (size_t)kilobytes * 1024 : SIZE_MAX;
}

static ls_status no_room(size_t bytes, const char *why) {
  return ls_fail(LS_EIO,
                 "no room for %.1f MB of memory that the ranks of a host share: %s; --dry-run says "
                 "what a run takes",
                 (double)bytes / 1e6, why);
}

static ls_status create(size_t bytes, int *fd) {
  if (bytes > ls_comm_host_memory()) return no_room(bytes, "the host has less left");
  *fd = memfd_create("lockstep", MFD_CLOEXEC);
  if (*fd < 0) return ls_fail(LS_EIO, "cannot make shared memory: %s", strerror(errno));
  const int error = posix_fallocate(*fd, 0, (off_t)bytes);
  if (!error) return LS_OK;
  close(*fd);
  *fd = -1;
  return no_room(bytes, strerror(error));
}

/* Map the block that node rank 0, process `maker`, has open as `fd`. */
static ls_status map(ls_comm *comm, int maker, int fd, ls_shared *out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", maker, fd);
  const int mine = comm->node_rank == 0 ? fd : open(path, O_RDWR | O_CLOEXEC);
  if (mine < 0)
    return ls_fail(LS_EIO,
                   "cannot open the shared memory of rank %d as %s: %s; where the ranks of a host "
                   "do not see each other's processes, set LOCKSTEP_RANKS_PER_NODE=1",
                   comm->rank - comm->node_rank, path, strerror(errno));
  void *data = mmap(NULL, out->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mine, 0);
  const int error = errno;
  if (mine != fd || comm->node_rank != 0) close(mine);
  if (data == MAP_FAILED) return ls_fail(LS_EIO, "cannot map shared memory: %s", strerror(error));
  out->data = data;
  comm->shared_bytes += out->bytes;
  return LS_OK;
}

/* Nodes may differ in size, and every rank must meet the same collectives: the agreement is
 * everyone's. It tells of the lowest rank that failed, so where a block was not made, of its maker.
 */
ls_status ls_comm_shared_after(ls_comm *comm, ls_status mine, size_t bytes, ls_shared *out) {
  *out = (ls_shared){.bytes = bytes ? bytes : 1};
  const bool alone = comm->node_size == 1;
  struct {
    int maker, fd;
  } block = {(int)getpid(), -1};
  ls_status status = mine;
  if (alone && mine == LS_OK)
    status = ls_mem_new(&out->data, out->bytes, 1);
  else if (comm->node_rank == 0 && mine == LS_OK)
    status = create(out->bytes, &block.fd);
  const int made = block.fd;
  ls_comm_node_bcast(comm, &block, sizeof block);
  if (alone && out->data) comm->shared_bytes += out->bytes;
  if (!alone && block.fd >= 0 && mine == LS_OK) status = map(comm, block.maker, block.fd, out);
  if (!alone && block.fd < 0 && status == LS_OK)
    status = ls_fail(LS_EIO, "the first rank of this host could not make shared memory");
  status = ls_comm_agree(comm, status); /* all have it open */
  if (made >= 0) close(made);
  if (status != LS_OK) ls_comm_shared_free(comm, out);
  return status;
}

ls_status ls_comm_shared_new(ls_comm *comm, size_t bytes, ls_shared *out) {
  return ls_comm_shared_after(comm, LS_OK, bytes, out);
}

void ls_comm_shared_free(ls_comm *comm, ls_shared *block) {
  if (block->data) comm->shared_bytes -= block->bytes;
  if (block->data && comm->node_size == 1)
    ls_mem_free(block->data);
  else if (block->data)
    munmap(block->data, block->bytes);
  *block = (ls_shared){0};
}

size_t ls_comm_shared_bytes(const ls_comm *comm) { return comm->shared_bytes; }
size_t ls_comm_private_bytes(const ls_comm *comm) {
  return ls_mem_bytes() - (comm->node_size == 1 ? comm->shared_bytes : 0);
}
