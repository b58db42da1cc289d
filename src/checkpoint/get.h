/* get.h - the fields of a checkpoint out of bytes where a list of datasets says they are. */
#ifndef LS_CHECKPOINT_GET_H
#define LS_CHECKPOINT_GET_H

#include "checkpoint/fields.h"

typedef struct {
  const char *name; /* for messages */
  const char *data;
  const ls_layout *toc; /* which lie within data */
} ls_fields_source;

/* Rows [first, behind) of ls_fields into c, which owns them. LS_EDATA, with the field, for what is
 * missing or has another type or shape; whether values agree is not looked at, but for the lengths
 * of lists. */
ls_status ls_fields_get(const ls_fields_source *from, int first, int behind, ls_checkpoint *c);

#endif
