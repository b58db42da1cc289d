/* tell.h - what rank 0 of a node has read, told to the node's other ranks; and that all nodes have
 * read the same. All collective. Private to data/. */
#ifndef LS_DATA_TELL_H
#define LS_DATA_TELL_H

#include "comm/comm.h"
#include "data/data.h"

/* What opening the sources says of them. */
typedef struct {
  int64_t rows[3];                    /* of each; 0: there is none */
  int64_t features, columns, classes; /* of train, see ls_shape */
  int64_t bytes, single;              /* see ls_shape; of all */
  int64_t soft;                       /* see ls_shape */
  int64_t separator;                  /* an ls_separator: of train */
} ls_facts;

/* LS_EINTERNAL where another node has found other ones, on that node: to be agreed on. */
ls_status ls_tell_facts(ls_comm *comm, ls_facts *facts);
ls_status ls_tell_affine(ls_comm *comm, ls_affine **affine); /* NULL: there is none */
/* LS_EINTERNAL where another node has read other files. */
ls_status ls_tell_files(ls_comm *comm, ls_data_file **file, int *files);

#endif
