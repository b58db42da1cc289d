/* zip.h - a file within a zip archive, read from front to back. */
#ifndef LS_IO_ZIP_H
#define LS_IO_ZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct ls_zip ls_zip;

bool ls_zip_begins(const void *head, size_t bytes); /* does an archive begin so? */
/* member NULL: the only file of it, folders and what systems leave there beside. LS_EDATA where
 * there are several, with their names, or none; for what is damaged, locked or packed otherwise
 * than by deflate. */
ls_status ls_zip_open(const char *archive, const char *member, ls_zip **out);
void ls_zip_close(ls_zip **zip);
/* Up to `bytes` of the file; less only at its end. */
ls_status ls_zip_read(ls_zip *zip, void *data, size_t bytes, size_t *got);
ls_status ls_zip_rewind(ls_zip *zip);

#endif
