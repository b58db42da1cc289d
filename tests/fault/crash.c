/* crash [-e] LOG WORK - the machine stops after each recorded call, and loses what a disk may lose;
 * what is found afterwards?
 *
 * The folder is kept twice, as the running system sees it and as the disk has it. Data reach the
 * disk with fsync of the file, names with fsync of the folder; without one, any part may be there
 * or not. Loss models, each at every crash point: kept   everything written so far is there lost
 * data that were not synced are gone (the file is as at its last fsync; or as long as now, with
 * zeros) torn   of data not synced some blocks are there and some are not names  of the changes to
 * names since the folder's last fsync any subset is there, with the data as in `lost` Promise: the
 * newest good checkpoint is at least the last one called committed, it holds what was saved, and no
 * file under a checkpoint's name is damaged. -e: only a crash at the end. Exit 0: kept; 1: broken,
 * with the first case of each model. */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "checkpoint/find.h"
#include "io/durable.h"
#include "iotrap.h"
#include "saves.h"

enum { FILES = 4096, NAMES = 64, FDS = 4096, PENDING = 256, BLOCK = 4096, SUBSETS = 64 };

typedef struct {
  char *now, *disk; /* data as seen, and as on the disk */
  size_t now_bytes, disk_bytes;
  bool failed; /* an fsync failed: what it should have written may be lost, whatever a later one
                  says */
} file;

typedef struct {
  char name[IO_NAME];
  int file;
} entry;

typedef struct {
  entry entry[NAMES];
  int count;
} names;

typedef struct {
  io_kind kind;
  char a[IO_NAME], b[IO_NAME];
  int file; /* IO_OPEN: the one made */
} change;

static struct {
  file file[FILES];
  int files;
  names now, disk;
  change pending[PENDING]; /* to names, since the folder's last fsync */
  int pendings;
  int fd[FDS]; /* file; -1: the folder */
  int64_t committed;
} sys;

/* ---- names ---- */

static int lookup(const names *n, const char *name) {
  for (int i = 0; i < n->count; i++)
    if (!strcmp(n->entry[i].name, name)) return n->entry[i].file;
  return -1;
}

static void drop(names *n, const char *name) {
  for (int i = 0; i < n->count; i++)
    if (!strcmp(n->entry[i].name, name)) n->entry[i--] = n->entry[--n->count];
}

static void set(names *n, const char *name, int f) {
  drop(n, name);
  assert(n->count < NAMES);
  snprintf(n->entry[n->count].name, IO_NAME, "%s", name);
  n->entry[n->count++].file = f;
}

static void apply(names *n, const change *c) {
  int f = c->kind == IO_OPEN ? c->file : lookup(n, c->a);
  if (f < 0) return; /* the change before it was lost */
  if (c->kind == IO_RENAME || c->kind == IO_UNLINK) drop(n, c->a);
  if (c->kind == IO_RENAME || c->kind == IO_LINK) set(n, c->b, f);
  if (c->kind == IO_OPEN) set(n, c->a, f);
}

static void change_names(io_kind kind, const char *a, const char *b, int f) {
  assert(sys.pendings < PENDING);
  change *c = &sys.pending[sys.pendings++];
  *c = (change){.kind = kind, .file = f};
  snprintf(c->a, IO_NAME, "%s", a);
  snprintf(c->b, IO_NAME, "%s", b);
  apply(&sys.now, c);
}

/* ---- the calls ---- */

static void resize(file *f, size_t bytes) {
  f->now = realloc(f->now, bytes + 1);
  if (bytes > f->now_bytes) memset(f->now + f->now_bytes, 0, bytes - f->now_bytes);
  f->now_bytes = bytes;
}

static void do_open(const io_record *r) {
  if (!*r->a) {
    sys.fd[r->fd] = -1;
    return;
  }
  int f = lookup(&sys.now, r->a);
  if (f < 0) {
    assert(sys.files < FILES);
    f = sys.files++;
    change_names(IO_OPEN, r->a, "", f);
  } else if (r->bytes == 2) {
    resize(&sys.file[f], 0);
  }
  sys.fd[r->fd] = f;
}

static void do_sync(const io_record *r) {
  if (sys.fd[r->fd] < 0) {
    if (r->error) return;
    sys.disk = sys.now;
    sys.pendings = 0;
    return;
  }
  file *f = &sys.file[sys.fd[r->fd]];
  f->failed = f->failed || r->error;
  if (f->failed) return;
  f->disk = realloc(f->disk, f->now_bytes + 1);
  f->disk_bytes = f->now_bytes;
  memcpy(f->disk, f->now, f->now_bytes);
}

static void step(const io_record *r, const char *data) {
  file *f = r->fd >= 0 && sys.fd[r->fd] >= 0 ? &sys.file[sys.fd[r->fd]] : NULL;
  switch ((io_kind)r->kind) {
    case IO_OPEN:
      do_open(r);
      break;
    case IO_CLOSE:
      break;
    case IO_WRITE:
      if ((size_t)(r->offset + r->bytes) > f->now_bytes) resize(f, (size_t)(r->offset + r->bytes));
      memcpy(f->now + r->offset, data, (size_t)r->bytes);
      break;
    case IO_CUT:
      resize(f, (size_t)r->bytes);
      break;
    case IO_SYNC:
      do_sync(r);
      break;
    case IO_RENAME:
    case IO_LINK:
    case IO_UNLINK:
      change_names((io_kind)r->kind, r->a, r->b, -1);
      break;
    case IO_COMMITTED:
      sys.committed = r->offset;
      break;
  }
}

/* ---- after the crash ---- */

typedef enum { KEPT, LOST, ZEROS, TORN } data_loss;
static const char *const loss_name[] = {"kept", "lost", "lost, length kept", "torn"};

static unsigned mix(unsigned x) { return (x ^ x >> 15) * 2654435761u ^ (x * 40503u) >> 7; }

/* What a file holds when the machine is up again; the caller frees it. */
static char *after(const file *f, data_loss loss, unsigned seed, size_t *bytes) {
  *bytes = loss == LOST ? f->disk_bytes : f->now_bytes;
  char *data = calloc(*bytes + 1, 1);
  size_t common = f->disk_bytes < *bytes ? f->disk_bytes : *bytes;
  if (common) memcpy(data, f->disk, common);
  for (size_t at = 0; at < *bytes; at += BLOCK)
    if (loss == KEPT || (loss == TORN && mix(seed + (unsigned)(at / BLOCK)) >> 8 & 1))
      memcpy(data + at, f->now + at, *bytes - at < BLOCK ? *bytes - at : BLOCK);
  return data;
}

static void clear(const char *dir) {
  DIR *d = opendir(dir);
  assert(d);
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_name[0] != '.' || !strncmp(e->d_name, ".tmp-", 5) || !strcmp(e->d_name, ".lock"))
      unlinkat(dirfd(d), e->d_name, 0);
  closedir(d);
}

static void materialise(const char *dir, const names *n, data_loss loss, unsigned seed) {
  clear(dir);
  for (int i = 0; i < n->count; i++) {
    char path[4096];
    size_t bytes;
    char *data = after(&sys.file[n->entry[i].file], loss, seed, &bytes);
    snprintf(path, sizeof path, "%s/%s", dir, n->entry[i].name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes) abort();
    close(fd);
    free(data);
  }
}

/* NULL, or which promise is broken. */
static const char *judge(const char *dir) {
  static char text[1024];
  char *path;
  ls_checkpoint *c;
  ls_saved *row;
  int count, damaged;
  if (ls_checkpoint_newest(dir, true, &path, &c) != LS_OK) return "no good checkpoint is left";
  if (ls_checkpoint_list(dir, &row, &count, &damaged) != LS_OK) abort();
  ls_mem_free(row);
  int64_t found = 0;
  bool right = true;
  if (c) {
    found = c->state.global_step;
    right = saves_is(c, found);
    ls_checkpoint_free(&c);
  }
  ls_mem_free(path);
  snprintf(text, sizeof text, "committed %lld, found %lld%s, %d damaged", (long long)sys.committed,
           (long long)found, right ? "" : " with other content", damaged);
  return found >= sys.committed && right && !damaged ? NULL : text;
}

typedef struct {
  const char *work;
  long cases, broken[4][2];
} tally;

static void try(tally *t, long point, const names *n, bool names_lost, data_loss loss,
                unsigned seed) {
  materialise(t->work, n, loss, seed);
  const char *broken = judge(t->work);
  t->cases++;
  if (broken && !t->broken[loss][names_lost]++)
    printf("crash after call %ld, data %s, names %s: %s\n", point, loss_name[loss],
           names_lost ? "lost" : "kept", broken);
}

/* Every subset of few pending changes, a sample of many: bit i of the subset says whether change i
 * is on the disk. */
static void crash(tally *t, long point) {
  enum { FEW = 6 };
  try(t, point, &sys.now, false, KEPT, 0);
  try(t, point, &sys.now, false, LOST, 0);
  try(t, point, &sys.now, false, ZEROS, 0);
  for (unsigned seed = 1; seed <= 4; seed++) try(t, point, &sys.now, false, TORN, seed * 7919);
  unsigned subsets = sys.pendings <= FEW ? 1u << sys.pendings : SUBSETS;
  for (unsigned s = 0; s + 1 < subsets; s++) {
    names n = sys.disk;
    for (int i = 0; i < sys.pendings; i++)
      if (sys.pendings <= FEW ? s >> i & 1 : s > 0 && mix(s * 1000 + (unsigned)i) >> 9 & 1)
        apply(&n, &sys.pending[i]);
    try(t, point, &n, true, LOST, 0);
  }
}

static long replay(FILE *log, tally *t, bool end_only) {
  io_record r;
  long point = 0;
  if (!end_only) crash(t, 0);
  while (fread(&r, sizeof r, 1, log) == 1) {
    char *data = r.kind == IO_WRITE ? malloc((size_t)r.bytes) : NULL;
    if (data && fread(data, 1, (size_t)r.bytes, log) != (size_t)r.bytes) abort();
    step(&r, data);
    free(data);
    point++;
    if (!end_only && r.kind != IO_CLOSE) crash(t, point);
  }
  if (end_only) crash(t, point);
  return point;
}

int main(int argc, char **argv) {
  bool end_only = argc > 1 && !strcmp(argv[1], "-e");
  if (argc != 3 + end_only) return 64;
  FILE *log = fopen(argv[1 + end_only], "rb");
  tally t = {.work = argv[2 + end_only]};
  if (!log) return 64;
  ls_log_set_level(LS_LOG_ERROR);
  long calls = replay(log, &t, end_only), broken = 0;
  fclose(log);
  for (int i = 0; i < 4; i++) broken += t.broken[i][0] + t.broken[i][1];
  printf("%ld calls, %ld crashes, last committed %lld: %ld broken\n", calls, t.cases,
         (long long)sys.committed, broken);
  for (int i = 0; i < sys.files; i++) free(sys.file[i].now), free(sys.file[i].disk);
  return broken > 0;
}
