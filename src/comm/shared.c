/* shared.c - memory that the ranks of a node share. It is a file without a name, handed on through
 * /proc: no cleaner of /dev/shm takes it from a running job, nothing is left of a killed one, and a
 * container with a small /dev/shm does not limit it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "comm/comm_private.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; the C library's headers may be older than the kernel */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

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

/* The file behind a block, as the node's first rank tells the others of it. */
typedef struct {
  int maker, fd; /* its process, and what that has it open as; -1: there is none */
  bool huge;     /* in huge pages, but for its end */
} shared_file;

/* A block's addresses: as many as it has bytes, or all of its huge pages'. */
static void give_back(void *data, size_t bytes) {
  munmap(data, bytes >= LS_HUGE_PAGE ? ls_mem_in_huge_pages(bytes) : bytes);
}

/* The block's addresses begin where a huge page can; false: errno says why. */
static bool map(int fd, ls_shared *out) {
  const bool large = out->bytes >= LS_HUGE_PAGE;
  void *at = large ? ls_mem_map(out->bytes) : NULL;
  if (large && !at) return false;
  void *data =
      mmap(at, out->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
  if (data != MAP_FAILED)
    out->data = data;
  else if (at)
    give_back(at, out->bytes);
  return data != MAP_FAILED;
}

/* Shared memory comes in pages of 4 KB, whatever private memory has: Linux' setting for it says
 * `never` nearly everywhere. Asked for one by one (from Linux 6.1 on) huge pages are given all the
 * same: the first byte of each is taken, and then made a page of its own. Two ranks take a tenth
 * less time for large weights so (bench/README.md). */
static bool take_huge_pages(int fd, const ls_shared *out) {
  size_t at = 0;
  for (; at + LS_HUGE_PAGE <= out->bytes; at += LS_HUGE_PAGE)
    if (posix_fallocate(fd, (off_t)at, 1) != 0 ||
        madvise((char *)out->data + at, LS_HUGE_PAGE, MADV_COLLAPSE) != 0)
      return false;
  return at > 0;
}

static ls_status create(shared_file *made, ls_shared *out) {
  if (out->bytes > ls_comm_host_memory()) return no_room(out->bytes, "the host has less left");
  made->fd = memfd_create("lockstep", MFD_CLOEXEC);
  if (made->fd < 0) return ls_fail(LS_EIO, "cannot make shared memory: %s", strerror(errno));
  int error = ftruncate(made->fd, (off_t)out->bytes) == 0 && map(made->fd, out) ? 0 : errno;
  if (!error) made->huge = take_huge_pages(made->fd, out);
  if (!error) error = posix_fallocate(made->fd, 0, (off_t)out->bytes);
  if (!error) return LS_OK;
  if (out->data) give_back(out->data, out->bytes);
  out->data = NULL;
  close(made->fd);
  made->fd = -1;
  return no_room(out->bytes, strerror(error));
}

/* What the node's first rank has made. Where its pages are few, they are all mapped now: random
 * rows of the data would cost each rank that is first to read one a page fault. */
static ls_status join(ls_comm *comm, const shared_file *made, ls_shared *out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", made->maker, made->fd);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return ls_fail(LS_EIO,
                   "cannot open the shared memory of rank %d as %s: %s; where the ranks of a host "
                   "do not see each other's processes, set LOCKSTEP_RANKS_PER_NODE=1",
                   comm->rank - comm->node_rank, path, strerror(errno));
  const int error = map(fd, out) ? 0 : errno;
  close(fd);
  if (error) return ls_fail(LS_EIO, "cannot map shared memory: %s", strerror(error));
  if (made->huge) madvise(out->data, out->bytes, MADV_POPULATE_WRITE);
  return LS_OK;
}

/* Nodes may differ in size, and every rank must meet the same collectives: the agreement is
 * everyone's. It tells of the lowest rank that failed, so where a block was not made, of its maker.
 */
ls_status ls_comm_shared_after(ls_comm *comm, ls_status mine, size_t bytes, ls_shared *out) {
  *out = (ls_shared){.bytes = bytes ? bytes : 1};
  const bool alone = comm->node_size == 1, first = comm->node_rank == 0;
  shared_file made = {.maker = (int)getpid(), .fd = -1};
  ls_status status = mine;
  if (alone && mine == LS_OK)
    status = ls_mem_new(&out->data, out->bytes, 1);
  else if (first && mine == LS_OK)
    status = create(&made, out);
  const int mine_to_close = made.fd;
  ls_comm_node_bcast(comm, &made, sizeof made);
  if (!first && made.fd >= 0 && mine == LS_OK) status = join(comm, &made, out);
  if (!first && made.fd < 0 && status == LS_OK)
    status = ls_fail(LS_EIO, "the first rank of this host could not make shared memory");
  if (out->data) comm->shared_bytes += out->bytes;
  status = ls_comm_agree(comm, status); /* all have it open */
  if (mine_to_close >= 0) close(mine_to_close);
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
    give_back(block->data, block->bytes);
  *block = (ls_shared){0};
}

size_t ls_comm_shared_bytes(const ls_comm *comm) { return comm->shared_bytes; }
size_t ls_comm_private_bytes(const ls_comm *comm) {
  return ls_mem_bytes() - (comm->node_size == 1 ? comm->shared_bytes : 0);
}
