/* share.c - what rank 0 of a node has read, told to the node's other ranks; and that all nodes have
 * read the same. */
#include <string.h>

#include "base/mem.h"
#include "data/data_private.h"

enum { PATH_ROOM = 4096 };

ls_status ls_share_shapes(ls_comm *comm, ls_data *data) {
  enum { ROWS, FEATURES, OUTPUTS, BYTES, SINGLE, FIELDS };
  int64_t shape[3][FIELDS], first[3][FIELDS];
  for (int s = 0; s < 3; s++) {
    const ls_shape *of = &data->part[s].shape;
    int64_t field[FIELDS] = {of->rows, of->features, of->outputs, of->bytes, of->single};
    memcpy(shape[s], field, sizeof field);
  }
  ls_comm_node_bcast(comm, shape, sizeof shape);
  for (int s = 0; s < 3; s++)
    data->part[s].shape = (ls_shape){.rows = shape[s][ROWS],
                                     .features = shape[s][FEATURES],
                                     .outputs = shape[s][OUTPUTS],
                                     .bytes = shape[s][BYTES] != 0,
                                     .single = shape[s][SINGLE] != 0};
  memcpy(first, shape, sizeof first);
  ls_comm_bcast(comm, first, sizeof first, 0);
  bool same = memcmp(first, shape, sizeof first) == 0;
  return ls_comm_agree(comm,
                       same ? LS_OK
                            : ls_fail(LS_EINTERNAL,
                                      "the data are not those of rank 0: %lld training samples of "
                                      "%lld features here, %lld of %lld there",
                                      (long long)shape[0][ROWS], (long long)shape[0][FEATURES],
                                      (long long)first[0][ROWS], (long long)first[0][FEATURES]));
}

static ls_status share_affine(ls_comm *comm, ls_affine **affine) {
  int64_t n = *affine ? (*affine)->n : 0;
  ls_comm_node_bcast(comm, &n, sizeof n);
  if (n == 0) return LS_OK;
  LS_TRY(ls_comm_agree(comm, *affine ? LS_OK : ls_affine_new(n, affine)));
  ls_comm_node_bcast(comm, (*affine)->shift, (size_t)n * sizeof(double));
  ls_comm_node_bcast(comm, (*affine)->divisor, (size_t)n * sizeof(double));
  return LS_OK;
}

typedef struct {
  ls_data_file file;
  char path[PATH_ROOM];
} wire;

static ls_status share_files(ls_comm *comm, ls_data *data) {
  int files = data->files;
  ls_comm_node_bcast(comm, &files, sizeof files);
  LS_TRY(ls_comm_agree(
      comm,
      data->file ? LS_OK : ls_mem_new((void **)&data->file, (size_t)files, sizeof *data->file)));
  for (data->files = 0; data->files < files; data->files++) {
    ls_data_file *file = &data->file[data->files];
    wire one = {.file = *file};
    if (file->path) strncpy(one.path, file->path, PATH_ROOM - 1);
    ls_comm_node_bcast(comm, &one, sizeof one);
    char *path = file->path ? file->path : ls_mem_text(one.path);
    *file = one.file;
    file->path = path;
  }
  return LS_OK;
}

/* Each node has read its own copy: they must be one. */
static ls_status compare_files(ls_comm *comm, const ls_data *data) {
  int files = data->files;
  ls_comm_bcast(comm, &files, sizeof files, 0);
  ls_status same = files == data->files
                       ? LS_OK
                       : ls_fail(LS_EINTERNAL, "there are %d data files here, rank 0 has %d",
                                 data->files, files);
  LS_TRY(ls_comm_agree(comm, same));
  for (int i = 0; i < data->files; i++) {
    ls_data_file first = data->file[i];
    ls_comm_bcast(comm, &first, sizeof first, 0);
    const ls_data_file *mine = &data->file[i];
    ls_status status = LS_OK;
    if (first.bytes != mine->bytes || strcmp(first.digest, mine->digest) != 0)
      status = ls_fail(
          LS_EINTERNAL,
          "%s: rank 0 reads other data under this name: %lld bytes, %s; here %lld bytes, %s",
          mine->path, (long long)first.bytes, first.digest, (long long)mine->bytes, mine->digest);
    LS_TRY(ls_comm_agree(comm, status));
  }
  return LS_OK;
}

ls_status ls_share_rest(ls_comm *comm, ls_data *data) {
  ls_comm_node_bcast(comm, &data->outputs, sizeof data->outputs);
  LS_TRY(share_files(comm, data));
  LS_TRY(share_affine(comm, &data->x_affine));
  LS_TRY(share_affine(comm, &data->y_affine));
  return compare_files(comm, data);
}
