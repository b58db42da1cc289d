/* h5.h - reading other people's HDF5: datasets of numbers, one sample a row, whatever their type,
 * byte order, layout and built-in filters.
 *
 * A file may say anything, so before a byte is read: no path leads out of the file (external and
 * user-defined links, external storage and virtual datasets are refused), every chunk has been
 * written, and what is declared fits what is stored. Damage that the library does not survive (it
 * crashes or hangs on some) ends a process of its own, not this one. Files are opened without
 * HDF5's locks: reading needs none, and many cluster file systems have none.
 *
 * Such a helper is started for a file when a question about it first comes up (io/h5helper.h). It
 * waits for more of them, from the same thread, until ls_h5_rest or until the thread has asked
 * about too many other files. Rows that lie in the file as they are (io/h5plain.h) are read
 * without it. */
#ifndef LS_IO_H5_H
#define LS_IO_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/status.h"
#include "base/texts.h"
#include "io/child.h"
#include "io/h5item.h"

enum { LS_H5_DIMS = 32 };

typedef struct {
  int dims;                /* 1 to LS_H5_DIMS */
  int64_t dim[LS_H5_DIMS]; /* transpose: the last one first */
  int64_t rows, width;     /* dim[0], product of the others */
  bool bytes, integer;     /* unsigned bytes; any whole numbers */
  bool single;             /* numbers that a float32 holds exactly */
  char type[24];           /* as stored: "uint8", "float64", "big-endian int16" ... */
  char meaning[120];       /* what its attributes say of its values, for people; "": nothing */
} ls_h5_shape;

typedef struct ls_h5set ls_h5set;

/* transpose: samples are the columns of the dataset, whose dimensions are taken in reverse.
 * LS_EDATA, naming file and dataset, for everything that is not as said above. It is known from
 * then on; file and helper are there only while it is read. Any thread may read, one a set. */
ls_status ls_h5set_open(const char *file, const char *dataset, bool transpose, ls_h5set **out);
void ls_h5set_close(ls_h5set **set);
const ls_h5_shape *ls_h5set_shape(const ls_h5set *set);
/* Rows [lo, lo + rows) will be read soon: where the file can be read without HDF5, the system
 * fetches them meanwhile. */
void ls_h5set_soon(const ls_h5set *set, int64_t lo, int64_t rows);
/* Rows [lo, lo + rows) as (rows, width) cells: LS_F32, LS_F64, and LS_U8 where shape.bytes. Values
 * are what the attributes of NetCDF's conventions say (io/h5meaning.h): unpacked, and NaN where
 * they are missing. */
ls_status ls_h5set_read(ls_h5set *set, int64_t lo, int64_t rows, ls_dtype cell, void *out);
/* The file is closed until the next read. */
void ls_h5set_rest(ls_h5set *set);

/* The texts of a dataset, or of an attribute of one (attribute NULL: the dataset's own), one text
 * or a list, of fixed width or not. None where there is no such thing, or where it holds no texts:
 * they are a comfort only. LS_EDATA where the file cannot be read at all. */
ls_status ls_h5_texts(const char *file, const char *dataset, const char *attribute, ls_texts *out);

typedef struct {
  char path[1024];
  char dims[256], type[32]; /* as text: "60000 x 784", "float32" */
  ls_h5_row place;          /* of a number or text that lies in the file as checkpoints have it;
                               offset -1: it does not */
} ls_h5_entry;

/* Call visit for every dataset that hard links lead to, in order of names. */
typedef void ls_h5_visit(void *arg, const ls_h5_entry *entry);
ls_status ls_h5_list(const char *file, ls_h5_visit *visit, void *arg);

/* The helpers of this thread end: before the thread does, and when there is nothing more to ask
 * for a while. */
void ls_h5_rest(void);

extern const ls_child_job ls_h5_job; /* for ls_child_main */

#endif
