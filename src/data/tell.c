/* tell.c - what one rank has read, told to others, by walks over all of it that count, write and
 * read the bytes: so all three mean the same ones. Findings have a block of one size on every rank,
 * since who fails tells that too; who has read them compares the files with its own, who has not
 * takes all. Begin with ls_tell_findings -> pass_findings. */
#include "data/tell.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"

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
                 "the data are not those of rank 0: %jd training samples of %jd features in "
                 "%jd files here, %jd of %jd in %jd there",
                 own.rows[0], own.features, own.files, facts->rows[0], facts->features,
                 facts->files);
}

/* ---- walks ---- */

typedef struct {
  char *bytes; /* NULL: they are counted */
  size_t at;
  bool reads;
  ls_status status; /* of reading */
} pipe;

static void pass(pipe *p, void *value, size_t bytes) {
  if (p->status != LS_OK || bytes == 0) return;
  if (p->reads) memcpy(value, p->bytes + p->at, bytes);
  if (p->bytes && !p->reads) memcpy(p->bytes + p->at, value, bytes);
  p->at += bytes;
}

/* (count) of `size` bytes each, or NULL. */
static void pass_array(pipe *p, void **array, int64_t count, size_t size) {
  bool there = *array != NULL;
  pass(p, &there, sizeof there);
  if (!there || p->status != LS_OK) return;
  if (p->reads) p->status = ls_mem_new(array, (size_t)count, size);
  pass(p, *array, (size_t)count * size);
}

static void pass_text(pipe *p, ls_texts *texts, int64_t i) {
  int64_t length = p->reads ? 0 : (int64_t)strlen(texts->text[i]);
  char *text = p->reads ? NULL : texts->text[i];
  pass(p, &length, sizeof length);
  pass_array(p, (void **)&text, length + 1, 1);
  if (p->reads && text) p->status = ls_texts_add(texts, text);
}

static void pass_texts(pipe *p, ls_texts *texts) {
  int64_t count = texts->count;
  pass(p, &count, sizeof count);
  for (int64_t i = 0; i < count && p->status == LS_OK; i++) pass_text(p, texts, i);
}

/* ---- findings ---- */

static void pass_affine(pipe *p, ls_affine **affine) {
  int64_t n[2] = {0}; /* columns; of them logarithms */
  if (*affine) n[0] = (*affine)->n, n[1] = (*affine)->logs;
  pass(p, n, sizeof n);
  if (n[0] > 0 && p->reads && p->status == LS_OK) p->status = ls_affine_new(n[0], n[1] > 0, affine);
  if (n[0] == 0 || p->status != LS_OK) return;
  pass(p, (*affine)->shift, (size_t)n[0] * sizeof *(*affine)->shift);
  pass(p, (*affine)->divisor, (size_t)n[0] * sizeof *(*affine)->divisor);
  pass(p, (*affine)->log, (size_t)n[1] * sizeof *(*affine)->log);
}

static void pass_file(pipe *p, ls_data_file *file) {
  char path[PATH_ROOM] = "";
  if (!p->reads) snprintf(path, sizeof path, "%s", file->path ? file->path : "");
  pass(p, path, sizeof path);
  pass(p, &file->bytes, sizeof file->bytes);
  pass(p, &file->samples, sizeof file->samples);
  pass(p, file->digest, sizeof file->digest);
  if (p->reads) file->path = ls_mem_text(path);
}

static void pass_findings(pipe *p, const ls_findings *found) {
  int files = *found->files;
  pass(p, found->outputs, sizeof *found->outputs);
  for (int role = 0; role < 2; role++) pass_affine(p, found->affine[role]);
  pass(p, &files, sizeof files);
  if (p->reads && p->status == LS_OK)
    p->status = ls_mem_new((void **)found->file, (size_t)files, sizeof **found->file);
  for (int i = 0; i < files && p->status == LS_OK; i++) {
    pass_file(p, &(*found->file)[i]);
    *found->files = i + 1;
  }
}

size_t ls_tell_room(int64_t scaled, int64_t files) {
  const size_t column = 2 * sizeof(double) + sizeof(int64_t), rest = 16 * sizeof(int64_t);
  return rest + (size_t)scaled * column + (size_t)files * (sizeof(ls_data_file) + PATH_ROOM);
}

/* Do this node's first rank and rank 0 have read the same? */
static ls_status compare_files(const ls_findings *mine, const ls_findings *its) {
  if (*its->files != *mine->files)
    return ls_fail(LS_EINTERNAL, "there are %d data files here, rank 0 has %d", *mine->files,
                   *its->files);
  for (int i = 0; i < *mine->files; i++) {
    const ls_data_file *a = &(*mine->file)[i], *b = &(*its->file)[i];
    if (a->bytes != b->bytes || strcmp(a->digest, b->digest) != 0)
      return ls_fail(LS_EINTERNAL,
                     "%s: rank 0 reads other data under this name: %jd bytes, %s; here %jd bytes, "
                     "%s",
                     a->path, b->bytes, b->digest, a->bytes, a->digest);
  }
  return LS_OK;
}

static ls_status compare(pipe *p, const ls_findings *mine) {
  int64_t outputs;
  ls_affine *affine[2] = {NULL, NULL};
  ls_data_file *file = NULL;
  int files = 0;
  const ls_findings its = {&outputs, {&affine[0], &affine[1]}, &file, &files};
  pass_findings(p, &its);
  ls_status status = p->status == LS_OK ? compare_files(mine, &its) : p->status;
  for (int role = 0; role < 2; role++) ls_affine_free(&affine[role]);
  for (int i = 0; i < files; i++) LS_FREE(file[i].path);
  LS_FREE(file);
  return status;
}

ls_status ls_tell_findings(ls_comm *comm, ls_status mine, void *room, size_t bytes,
                           const ls_findings *found) {
  const bool root = ls_comm_rank(comm) == 0;
  bool failed = mine != LS_OK;
  pipe p = {.bytes = room, .reads = !root};
  if (root) pass(&p, &failed, sizeof failed);
  if (root && !failed) pass_findings(&p, found);
  assert(p.at <= bytes);
  ls_comm_bcast(comm, room, bytes, 0);
  if (mine != LS_OK || root) return mine;
  pass(&p, &failed, sizeof failed);
  if (failed) return rank_0_failed();
  if (ls_comm_node_rank(comm) == 0) return compare(&p, found);
  pass_findings(&p, found);
  return p.status;
}

/* ---- what rank 0 of a node alone knows of open data (data.h) ---- */

static void pass_trained(pipe *p, ls_trained *trained) {
  pass_texts(p, &trained->name);
  pass_texts(p, &trained->value);
  pass(p, &trained->places, sizeof trained->places);
  pass(p, trained->n, sizeof trained->n);
  for (int what = 0; what < 2; what++)
    pass_array(p, (void **)&trained->at[what], trained->n[what], sizeof *trained->at[what]);
}

static void pass_constants(pipe *p, ls_constants *c) {
  pass(p, &c->looked, sizeof c->looked);
  pass(p, &c->columns, sizeof c->columns);
  pass(p, &c->same, sizeof c->same);
  pass_array(p, (void **)&c->at, c->columns, sizeof *c->at);
  pass_array(p, (void **)&c->value, c->columns, sizeof *c->value);
}

static void pass_side(pipe *p, ls_account_side *side) {
  pass_texts(p, &side->name);
  pass_constants(p, &side->constant);
  pass_constants(p, &side->counting);
}

static void pass_account(pipe *p, ls_account *account, int64_t features) {
  for (int role = 0; role < 2; role++) pass_side(p, &account->side[role]);
  pass(p, &account->target, sizeof account->target);
  pass(p, &account->masked, sizeof account->masked);
  pass(p, &account->dropped, sizeof account->dropped);
  pass_array(p, (void **)&account->filled, features, sizeof *account->filled);
}

static void pass_data(pipe *p, ls_data *data) {
  pass_texts(p, &data->names);
  pass_trained(p, &data->trained);
  pass_account(p, &data->account, data->recipe.features);
  pass(p, &data->class_room, sizeof data->class_room);
  for (int split = 0; split < 2; split++)
    pass_array(p, (void **)&data->class_count[split], data->class_room,
               sizeof *data->class_count[split]);
}

ls_status ls_data_lend(ls_comm *comm, ls_data *data) {
  const bool tells = ls_comm_node_rank(comm) == 0;
  pipe count = {0};
  if (tells) pass_data(&count, data);
  ls_comm_node_bcast(comm, &count.at, sizeof count.at);
  pipe p = {.reads = !tells};
  ls_status status = ls_comm_agree(comm, ls_mem_new((void **)&p.bytes, count.at, 1));
  if (status == LS_OK) {
    if (tells) pass_data(&p, data);
    ls_comm_node_bcast(comm, p.bytes, count.at);
    p.at = tells ? p.at : 0;
    if (!tells) pass_data(&p, data);
    status = ls_comm_agree(comm, p.status);
  }
  LS_FREE(p.bytes);
  return status;
}
