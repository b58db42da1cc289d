/* memtrap.c - for LD_PRELOAD: something happens at the n-th block of memory that lockstep asks for
 * (base/mem.c alone calls aligned_alloc), and the clock that people set jumps.
 *
 *   MEMTRAP        RANK:N:WHAT - at the N-th (from 1) block of that rank; WHAT: fail (there is no
 *                  memory), stop (as SIGSTOP), kill
 *   MEMTRAP_ALL    counts the blocks of the libraries too: malloc, calloc and realloc
 *   MEMTRAP_COUNT  a file's name: with "." and the rank behind it, it tells how many there were
 *   CLOCKTRAP      so many seconds after the start CLOCK_REALTIME falls back by an hour */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static struct {
  long at;
  char what[8];
  bool all, counts;
} trap;
static _Atomic long count;
static char count_name[256];
static long back = -1, start_second;

static int my_rank(void) {
  static const char *const name[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++)
    if (getenv(name[i])) return atoi(getenv(name[i]));
  return 0;
}

/* Not of the launcher and its shells, which inherit the environment. */
static bool is_lockstep(void) {
  char path[512] = "";
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  return n > 0 && strstr(strrchr(path, '/'), "lockstep");
}

__attribute__((constructor)) static void start(void) {
  const char *text = getenv("MEMTRAP"), *name = getenv("MEMTRAP_COUNT"),
             *jump = getenv("CLOCKTRAP");
  struct timespec now;
  int rank;
  long at;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  start_second = now.tv_sec;
  if (jump) back = atol(jump);
  if (!is_lockstep()) return;
  trap.all = getenv("MEMTRAP_ALL") != NULL;
  if (name) snprintf(count_name, sizeof count_name, "%s.%d", name, my_rank());
  if (text && sscanf(text, "%d:%ld:%7s", &rank, &at, trap.what) == 3 && rank == my_rank())
    trap.at = at;
  trap.counts = true;
}

__attribute__((destructor)) static void tell(void) {
  char text[32];
  if (!*count_name) return;
  int fd = open(count_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int n = snprintf(text, sizeof text, "%ld\n", atomic_load(&count));
  if (fd < 0 || write(fd, text, (size_t)n) != n) _exit(99);
  close(fd);
}

/* true: this block is not to be had. */
static bool is_trapped(bool own) {
  if (!trap.counts || !(own || trap.all) || ++count != trap.at) return false;
  if (strcmp(trap.what, "stop") == 0) raise(SIGSTOP);
  if (strcmp(trap.what, "kill") == 0) raise(SIGKILL);
  if (strcmp(trap.what, "fail") != 0) return false;
  errno = ENOMEM;
  return true;
}

void *aligned_alloc(size_t unit, size_t bytes) {
  return is_trapped(true) ? NULL : __libc_memalign(unit, bytes);
}
void *malloc(size_t bytes) { return is_trapped(false) ? NULL : __libc_malloc(bytes); }
void *calloc(size_t n, size_t bytes) { return is_trapped(false) ? NULL : __libc_calloc(n, bytes); }
void *realloc(void *block, size_t bytes) {
  return is_trapped(false) ? NULL : __libc_realloc(block, bytes);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME && back >= 0 && now->tv_sec - start_second < back)
    now->tv_sec += 3600;
  return result;
}
