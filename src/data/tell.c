/* tell.c - the message is one block of memory, the same size on every rank: a head, the
 * scalings' numbers, the files. Who has read compares it with its own, who has not takes it.
 * Begin with ls_tell_findings -> pack, unpack. */
#include "data/tell.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "data/scale.h"

enum { PATH_ROOM = 4096 };

static ls_status rank_0_failed(void) {
  return ls_fail(LS_EINTERNAL, "the data could not be read on rank 0");
}

ls_status ls_tell_facts(ls_comm *comm, ls_status mine, ls_facts *facts) {
  const ls_facts own = *facts;
  facts->failed = mine != LS_OK;
  ls_comm_bcast(comm, facts, sizeof *facts, 0);
  if (mine != LS_OK) return mine;
  if (facts->failed) return rank_0_failed(); /* whose own words are everyone's */
  if (ls_comm_node_rank(comm) != 0 || memcmp(facts, &own, sizeof own) == 0) return LS_OK;
  return ls_fail(LS_EINTERNAL,
                 "the data are not those of rank 0: %lld training samples of %lld features in "
                 "%lld files here, %lld of %lld in %lld there",
                 (long long)own.rows[0], (long long)own.features, (long long)own.files,
                 (long long)facts->rows[0], (long long)facts->features, (long long)facts->files);
}

/* In the room that all ranks have: this, the affines' numbers, the files. */
typedef struct {
  int64_t failed, outputs, files;
  struct {
    int64_t n, logs;
  } affine[2];
} head;

typedef struct {
  ls_data_file file;
  char path[PATH_ROOM];
} wire;

size_t ls_tell_room(int64_t scaled, int64_t files) {
  return sizeof(head) + (size_t)scaled * (2 * sizeof(double) + sizeof(int64_t)) +
         (size_t)files * sizeof(wire);
}

/* To or from `at`; returns what is behind. */
static char *copy(bool out, char *at, void *values, int64_t n, size_t size) {
  if (out)
    memcpy(at, values, (size_t)n * size);
  else
    memcpy(values, at, (size_t)n * size);
  return at + (size_t)n * size;
}

static char *copy_affine(bool out, char *at, ls_affine *a) {
  at = copy(out, at, a->shift, a->n, sizeof(double));
  at = copy(out, at, a->divisor, a->n, sizeof(double));
  return a->logs > 0 ? copy(out, at, a->log, a->n, sizeof(int64_t)) : at;
}

static char *pack(const ls_findings *found, head *h) {
  char *at = (char *)(h + 1);
  h->outputs = *found->outputs;
  h->files = *found->files;
  for (int role = 0; role < 2; role++) {
    ls_affine *a = *found->affine[role];
    if (!a) continue;
    h->affine[role].n = a->n;
    h->affine[role].logs = a->logs;
    at = copy_affine(true, at, a);
  }
  for (int i = 0; i < *found->files; i++) {
    wire w = {.file = (*found->file)[i]};
    if (w.file.path) strncpy(w.path, w.file.path, PATH_ROOM - 1);
    at = copy(true, at, &w, 1, sizeof w);
  }
  return at;
}

static ls_status take_files(const char *at, int files, const ls_findings *found) {
  LS_TRY(ls_mem_new((void **)found->file, (size_t)files, sizeof **found->file));
  for (*found->files = 0; *found->files < files; at += sizeof(wire)) {
    ls_data_file *file = &(*found->file)[(*found->files)++];
    memcpy(file, at, sizeof *file);
    file->path = ls_mem_text(at + offsetof(wire, path));
  }
  return LS_OK;
}

/* Do this node's first rank and rank 0 have read the same? */
static ls_status compare_files(const char *at, int files, const ls_findings *found) {
  if (files != *found->files)
    return ls_fail(LS_EINTERNAL, "there are %d data files here, rank 0 has %d", *found->files,
                   files);
  for (int i = 0; i < files; i++, at += sizeof(wire)) {
    const ls_data_file *mine = &(*found->file)[i];
    ls_data_file its;
    memcpy(&its, at, sizeof its);
    if (its.bytes != mine->bytes || strcmp(its.digest, mine->digest) != 0)
      return ls_fail(
          LS_EINTERNAL,
          "%s: rank 0 reads other data under this name: %lld bytes, %s; here %lld bytes, %s",
          mine->path, (long long)its.bytes, its.digest, (long long)mine->bytes, mine->digest);
  }
  return LS_OK;
}

static ls_status unpack(const head *h, bool reads, const ls_findings *found) {
  char *at = (char *)(h + 1);
  for (int role = 0; role < 2; role++) {
    const int64_t n = h->affine[role].n, logs = h->affine[role].logs;
    if (n > 0 && !reads) {
      LS_TRY(ls_affine_new(n, logs > 0, found->affine[role]));
      copy_affine(false, at, *found->affine[role]);
    }
    at += (size_t)n * 2 * sizeof(double) + (size_t)logs * sizeof(int64_t);
  }
  if (reads) return compare_files(at, (int)h->files, found);
  *found->outputs = h->outputs;
  return take_files(at, (int)h->files, found);
}

ls_status ls_tell_findings(ls_comm *comm, ls_status mine, void *room, size_t bytes,
                           const ls_findings *found) {
  head *h = room;
  const bool root = ls_comm_rank(comm) == 0;
  h->failed = mine != LS_OK;
  if (root && mine == LS_OK) {
    const char *end = pack(found, h);
    assert(end <= (char *)room + bytes);
    (void)end;
  }
  ls_comm_bcast(comm, room, bytes, 0);
  if (mine != LS_OK || root) return mine;
  return h->failed ? rank_0_failed() : unpack(h, ls_comm_node_rank(comm) == 0, found);
}
