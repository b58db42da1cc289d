/* iotrap.h - the log that libiotrap.so writes and crash reads: every call that changes files of one
 * folder, in order. */
#ifndef LS_TESTS_IOTRAP_H
#define LS_TESTS_IOTRAP_H

#include <stdint.h>

typedef enum {
  IO_OPEN = 'O', /* a: name in the folder, "" the folder itself; bytes: 1 if it was created, 2 if it
                    was cut to nothing */
  IO_CLOSE = 'X',  /* fd */
  IO_WRITE = 'W',  /* fd, offset, bytes; the data follow the record */
  IO_CUT = 'T',    /* fd, bytes: new size */
  IO_SYNC = 'S',   /* fd; error: it failed, so what was not on the disk may be lost although a later
                      one succeeds */
  IO_RENAME = 'R', /* a to b */
  IO_LINK = 'L',   /* a to b */
  IO_UNLINK = 'U', /* a */
  IO_COMMITTED = 'M' /* "committed N ..." went to stderr; offset: N */
} io_kind;

enum { IO_NAME = 96 };

typedef struct {
  int32_t kind, fd, error, unused;
  int64_t offset, bytes;
  char a[IO_NAME], b[IO_NAME];
} io_record;

#endif
