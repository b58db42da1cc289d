/* owner.c - the text "host H pid N job J place P start S beat B", always as long, and what
 * makes a process the same one: its number, when it began (/proc), and which boot and namespace
 * its number is of. */
#include "io/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A small file of /proc as text; "" where there is none. */
static void slurp(const char *path, char *text, size_t room) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? 0 : read(fd, text, room - 1);
  text[got > 0 ? got : 0] = 0;
  if (fd >= 0) close(fd);
}

/* When process `pid` began; 0 where it is gone, or /proc does not say. */
static unsigned long long start_of(long pid) {
  char path[64], text[1024], state;
  unsigned long long start;
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  slurp(path, text, sizeof text);
  const char *name_end = strrchr(text, ')');
  if (!name_end || sscanf(name_end + 1,
                          " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                          "%*s %*s %llu",
                          &state, &start) != 2)
    return 0;
  return state == 'Z' || state == 'X' ? 0 : start;
}

/* Process numbers are those of one boot of one kernel, in one namespace of it. */
static void find_place(char *place, size_t room) {
  char boot[64];
  struct stat space;
  slurp("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
  bool known = strlen(boot) >= 36 && stat("/proc/self/ns/pid", &space) == 0;
  if (known)
    snprintf(place, room, "%.36s/%ju", boot, space.st_ino);
  else
    snprintf(place, room, "-");
}

/* A requeued job keeps its number, and is a start more. */
static void find_job(char *job, size_t room) {
  const char *number = getenv("SLURM_JOB_ID"), *start = getenv("SLURM_RESTART_COUNT");
  if (number && *number)
    snprintf(job, room, "%s.%s", number, start && *start ? start : "0");
  else
    snprintf(job, room, "-");
}

void ls_owner_self(ls_owner *self) {
  *self = (ls_owner){.pid = (long)getpid(), .start = start_of((long)getpid()), .beat = 1};
  if (gethostname(self->host, sizeof self->host - 1) != 0) strcpy(self->host, "unknown");
  find_place(self->place, sizeof self->place);
  find_job(self->job, sizeof self->job);
}

bool ls_owner_parse(const char *text, ls_owner *who) {
  *who = (ls_owner){.host = "unknown", .job = "-", .place = "-"};
  int got = sscanf(text, "host %255s pid %ld job %63s place %63s start %llu beat %llu", who->host,
                   &who->pid, who->job, who->place, &who->start, &who->beat);
  if (got < 6) who->beat = 0;
  return got >= 3;
}

/* One beat's text is as long as another's, so that a reader never sees half of one. */
ls_status ls_owner_write(int fd, const char *path, const ls_owner *who) {
  char text[LS_OWNER_TEXT];
  int length =
      snprintf(text, sizeof text, "host %s pid %ld job %s place %s start %llu beat %010llu\n",
               who->host, who->pid, who->job, who->place, who->start, who->beat);
  if (pwrite(fd, text, (size_t)length, 0) != length || ftruncate(fd, length) != 0)
    return ls_fail(LS_EIO, "cannot write '%s': %s", path, strerror(errno));
  return LS_OK;
}

bool ls_owner_same(const ls_owner *a, const ls_owner *b) {
  return a->pid == b->pid && a->start == b->start && !strcmp(a->place, b->place) &&
         !strcmp(a->host, b->host);
}

bool ls_owner_near(const ls_owner *who, const ls_owner *self) {
  return *self->place != '-' && !strcmp(who->place, self->place);
}

bool ls_owner_lives(const ls_owner *who) {
  bool there = kill((pid_t)who->pid, 0) == 0 || errno == EPERM;
  return there && start_of(who->pid) == who->start;
}

bool ls_owner_requeued(const ls_owner *who, const ls_owner *self) {
  size_t number = strcspn(self->job, ".");
  return *self->job != '-' && !strncmp(who->job, self->job, number) && who->job[number] == '.' &&
         strcmp(who->job, self->job) != 0;
}
