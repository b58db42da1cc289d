/* gz.h - read a file from front to back, plain, gzip (several members too) or in a zip archive, as
 * its first bytes say, and digest what is on the disk. "a.zip/b.csv" names a file in an archive;
 * an archive of one file is that file. */
#ifndef LS_IO_GZ_H
#define LS_IO_GZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_gz ls_gz;

enum { LS_DIGEST_TEXT = 48 }; /* room for "xxh3-128:" and 32 hex digits */

/* LS_EDATA where the file is missing, unreadable or no regular file. */
ls_status ls_gz_open(const char *path, ls_gz **out);
void ls_gz_close(ls_gz **gz);
/* Up to `bytes` of the content; less only at its end. LS_EDATA for a damaged or truncated gzip
 * stream and for what follows it. */
ls_status ls_gz_read(ls_gz *gz, void *data, size_t bytes, size_t *got);
/* From here on it is read from its begin again. */
ls_status ls_gz_rewind(ls_gz *gz);
/* No file of this size holds more bytes of content (deflate expands at most 1,032 times): allocate
 * nothing above it. */
int64_t ls_gz_bound(const ls_gz *gz);
/* Bytes on the disk, and their XXH3-128 once the content has been read to its end. */
int64_t ls_gz_size(const ls_gz *gz);
void ls_gz_digest(const ls_gz *gz, char text[LS_DIGEST_TEXT]);

enum { LS_GZ_PAD = 8 };
/* All of the content, and LS_GZ_PAD times NUL behind it, into ls_mem; what it takes grows with what
 * is there, not with what a header claims. */
ls_status ls_gz_read_all(ls_gz *gz, char **data, size_t *bytes);

/* The same digest of any file. */
ls_status ls_file_digest(const char *path, int64_t *bytes, char text[LS_DIGEST_TEXT]);

#endif
