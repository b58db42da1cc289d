/* files.h - where a format writes: streams into memory, one for each file that is made. */
#ifndef LS_EXPORT_FILES_H
#define LS_EXPORT_FILES_H

#include <stdio.h>

#include "base/status.h"

enum { LS_EXPORT_FILES = 3 };

/* Files on their way: written into memory, and to disk once all are whole. */
typedef struct {
  const char *name;              /* of what the files define, an identifier */
  const char *stem;              /* of the files' names: `-o dir/iris.c` has iris */
  char *file[LS_EXPORT_FILES];   /* "iris.c", "iris.h" */
  FILE *stream[LS_EXPORT_FILES]; /* where the format writes it */
  char *data[LS_EXPORT_FILES];
  size_t bytes[LS_EXPORT_FILES];
  int files;
} ls_export;

ls_status ls_export_no_memory(void); /* LS_FAIL */
/* The next file, stem + ending; the first one is the one that -o names. LS_FAIL without memory. */
ls_status ls_export_file(ls_export *to, const char *ending, FILE **out);

#endif
