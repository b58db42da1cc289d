/* tell.h - what rank 0 has read, told to the ranks that do not read; and that each node's first one
 * has read the same. Collective, as far as each status is to be agreed on. Private to data/. */
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
  int64_t files;                      /* of all */
  int64_t failed;                     /* nothing has been found */
} ls_facts;

/* `mine`: have they been found? LS_EINTERNAL where another node has found other ones, on that node,
 * and where rank 0 has failed. */
ls_status ls_tell_facts(ls_comm *comm, ls_status mine, ls_facts *facts);

/* What reading finds. */
typedef struct {
  int64_t *outputs;
  ls_affine **affine[2]; /* of x, of y; NULL: there is none */
  ls_data_file **file;   /* (files) */
  int *files;
} ls_findings;

/* Bytes to tell it in, where so many columns of x and y may be scaled. */
size_t ls_tell_room(int64_t scaled, int64_t files);
/* room: so many bytes. `mine` as above; LS_EINTERNAL where another node has read other files. */
ls_status ls_tell_findings(ls_comm *comm, ls_status mine, void *room, size_t bytes,
                           const ls_findings *found);

#endif
