/* h5text.h - lists of texts: the names, units and classes that go with datasets of numbers. */
#ifndef LS_IO_H5TEXT_H
#define LS_IO_H5TEXT_H

#include <stdint.h>

#include "base/status.h"
#include "io/child.h"

typedef struct {
  char **text; /* (count), ls_mem */
  int64_t count;
} ls_texts;

void ls_texts_free(ls_texts *texts);

/* The texts of a dataset, or of an attribute of one (attribute NULL: the dataset's own), one text
 * or a list, of fixed width or not. None where there is no such thing, or where it holds no texts:
 * they are a comfort only. LS_EDATA where the file can't be read at all. */
ls_status ls_h5_texts(const char *file, const char *dataset, const char *attribute, ls_texts *out);

extern const ls_child_job ls_h5_texts_job; /* for ls_child_main */

#endif
