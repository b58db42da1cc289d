/* share.c - what rank 0 of a node alone knows of open data, told to the node's other ranks (data.h,
 * ls_data_share). */
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"

/* One walk counts, writes and reads, so that all three mean the same bytes. */
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

static void pass_trained(pipe *p, ls_trained *trained) {
  pass_texts(p, &trained->name);
  pass_texts(p, &trained->value);
  pass(p, &trained->places, sizeof trained->places);
  pass(p, trained->n, sizeof trained->n);
  for (int what = 0; what < 2; what++)
    pass_array(p, (void **)&trained->at[what], trained->n[what], sizeof *trained->at[what]);
}

static void pass_side(pipe *p, ls_account_side *side) {
  ls_constants *c = &side->constant;
  pass_texts(p, &side->name);
  pass(p, &c->looked, sizeof c->looked);
  pass(p, &c->columns, sizeof c->columns);
  pass(p, &c->same, sizeof c->same);
  pass_array(p, (void **)&c->at, c->columns, sizeof *c->at);
  pass_array(p, (void **)&c->value, c->columns, sizeof *c->value);
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

ls_status ls_data_share(ls_comm *comm, ls_data *data) {
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
