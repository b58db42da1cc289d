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
  return ls_comm_agree(comm, same);
}

ls_status ls_tell_affine(ls_comm *comm, ls_affine **affine) {
  int64_t n = *affine ? (*affine)->n : 0, logs = *affine ? (*affine)->logs : 0;
  ls_comm_node_bcast(comm, &n, sizeof n);
  ls_comm_node_bcast(comm, &logs, sizeof logs);
  if (n == 0) return LS_OK;
  LS_TRY(ls_comm_agree(comm, *affine ? LS_OK : ls_affine_new(n, logs > 0, affine)));
  if (logs > 0) ls_comm_node_bcast(comm, (*affine)->log, (size_t)n * sizeof(int64_t));
  ls_comm_node_bcast(comm, (*affine)->shift, (size_t)n * sizeof(double));
  ls_comm_node_bcast(comm, (*affine)->divisor, (size_t)n * sizeof(double));
  return LS_OK;
}

typedef struct {
  ls_data_file file;
  char path[PATH_ROOM];
} wire;

/* To the node's other ranks. */
static ls_status tell_files(ls_comm *comm, ls_data_file **list, int *files) {
  int count = *files;
  ls_comm_node_bcast(comm, &count, sizeof count);
  ls_status room = LS_OK;
  if (!*list) room = ls_mem_new((void **)list, (size_t)count, sizeof **list);
  LS_TRY(ls_comm_agree(comm, room));
  for (*files = 0; *files < count; ++*files) {
    ls_data_file *file = &(*list)[*files];
    wire one = {.file = *file};
    if (file->path) strncpy(one.path, file->path, PATH_ROOM - 1);
    ls_comm_node_bcast(comm, &one, sizeof one);
    one.file.path = file->path ? file->path : ls_mem_text(one.path);
    *file = one.file;
  }
  return LS_OK;
}

ls_status ls_tell_files(ls_comm *comm, ls_data_file **list, int *files) {
  LS_TRY(tell_files(comm, list, files));
  int count = *files;
  ls_comm_bcast(comm, &count, sizeof count, 0);
  ls_status same = LS_OK;
  if (count != *files)
    same = ls_fail(LS_EINTERNAL, "there are %d data files here, rank 0 has %d", *files, count);
  LS_TRY(ls_comm_agree(comm, same));
  for (int i = 0; i < count; i++) {
    const ls_data_file *mine = &(*list)[i];
    ls_data_file first = *mine;
    ls_comm_bcast(comm, &first, sizeof first, 0);
    if (first.bytes != mine->bytes || strcmp(first.digest, mine->digest) != 0)
      same = ls_fail(
          LS_EINTERNAL,
          "%s: rank 0 reads other data under this name: %lld bytes, %s; here %lld bytes, %s",
          mine->path, (long long)first.bytes, first.digest, (long long)mine->bytes, mine->digest);
    LS_TRY(ls_comm_agree(comm, same));
  }
  return LS_OK;
}
