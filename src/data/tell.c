#include "data/tell.h"

#include <string.h>

#include "base/mem.h"
#include "data/scale.h"

enum { PATH_ROOM = 4096 };

ls_status ls_tell_facts(ls_comm *comm, ls_facts *facts) {
  ls_comm_node_bcast(comm, facts, sizeof *facts);
  ls_facts first = *facts;
  ls_comm_bcast(comm, &first, sizeof first, 0);
  ls_status same = LS_OK;
  if (memcmp(&first, facts, sizeof first) != 0)
    same = ls_fail(LS_EINTERNAL,
                   "the data are not those of rank 0: %lld training samples of %lld features "
                   "here, %lld of %lld there",
                   (long long)facts->rows[0], (long long)facts->features, (long long)first.rows[0],
                   (long long)first.features);
  return same;
}

ls_status ls_tell_affine(ls_comm *comm, ls_affine **affine) {
  struct {
    int64_t n, logs;
  } size = {*affine ? (*affine)->n : 0, *affine ? (*affine)->logs : 0};
  ls_comm_node_bcast(comm, &size, sizeof size);
  const int64_t n = size.n;
  if (n == 0) return LS_OK;
  LS_TRY(ls_comm_agree(comm, *affine ? LS_OK : ls_affine_new(n, size.logs > 0, affine)));
  if (size.logs > 0) ls_comm_node_bcast(comm, (*affine)->log, (size_t)n * sizeof(int64_t));
  ls_comm_node_bcast(comm, (*affine)->shift, (size_t)n * sizeof(double));
  ls_comm_node_bcast(comm, (*affine)->divisor, (size_t)n * sizeof(double));
  return LS_OK;
}

typedef struct {
  ls_data_file file;
  char path[PATH_ROOM];
} wire;

/* To the node's other ranks. */
static void tell_node(ls_comm *comm, ls_data_file *list, int files, wire *wires) {
  for (int i = 0; i < files; i++) {
    wires[i].file = list[i];
    if (list[i].path) strncpy(wires[i].path, list[i].path, PATH_ROOM - 1);
  }
  ls_comm_node_bcast(comm, wires, (size_t)files * sizeof *wires);
  for (int i = 0; i < files; i++) {
    char *path = list[i].path;
    list[i] = wires[i].file;
    list[i].path = path ? path : ls_mem_text(wires[i].path);
  }
}

/* first: (files) rank 0's. */
static ls_status compare(const ls_data_file *mine, const wire *first, int files) {
  for (int i = 0; i < files; i++) {
    const ls_data_file *its = &first[i].file;
    if (its->bytes != mine[i].bytes || strcmp(its->digest, mine[i].digest) != 0)
      return ls_fail(
          LS_EINTERNAL,
          "%s: rank 0 reads other data under this name: %lld bytes, %s; here %lld bytes, %s",
          mine[i].path, (long long)its->bytes, its->digest, (long long)mine[i].bytes,
          mine[i].digest);
  }
  return LS_OK;
}

/* Room for what is told; and are there as many as rank 0 has? */
static ls_status make_room(ls_data_file **list, int count, int firsts, wire **wires) {
  if (count != firsts)
    return ls_fail(LS_EINTERNAL, "there are %d data files here, rank 0 has %d", count, firsts);
  if (!*list) LS_TRY(ls_mem_new((void **)list, (size_t)count, sizeof **list));
  return ls_mem_new((void **)wires, (size_t)count, sizeof **wires);
}

ls_status ls_tell_files(ls_comm *comm, ls_data_file **list, int *files) {
  wire *wires = NULL; /* (count) */
  int count = *files;
  ls_comm_node_bcast(comm, &count, sizeof count);
  int firsts = count;
  ls_comm_bcast(comm, &firsts, sizeof firsts, 0);
  ls_status status = ls_comm_agree(comm, make_room(list, count, firsts, &wires));
  if (status == LS_OK) {
    *files = count;
    tell_node(comm, *list, count, wires);
    ls_comm_bcast(comm, wires, (size_t)count * sizeof *wires, 0);
    status = ls_comm_agree(comm, compare(*list, wires, count));
  }
  LS_FREE(wires);
  return status;
}
