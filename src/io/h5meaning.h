/* h5meaning.h - what the attributes of a dataset say of its values, by the CF conventions that
 * NetCDF files follow: value = stored * scale_factor + add_offset, in double; _FillValue,
 * missing_value and what lies outside valid_range, valid_min and valid_max are missing, and become
 * NaN. These are all compared with what is stored. HDF5's own fill value (of the dataset's
 * creation) means nothing, unless it is NetCDF's for what was never written and there is no
 * _FillValue. Private to io/. */
#ifndef LS_IO_H5MEANING_H
#define LS_IO_H5MEANING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/h5core.h"

enum { LS_H5_MISSING_MAX = 16 };

/* A value as stored, of any type of numbers. */
typedef union {
  double real;
  int64_t whole; /* of uint64 the same bits */
} ls_h5_stored;

typedef struct {
  ls_dtype kind; /* of what is stored, after _Unsigned: LS_F64, LS_I64 or LS_U64 */
  bool reread;   /* _Unsigned: its numbers are signed ones */
  uint64_t mask; /* the bits of such a value; else all */
  bool packed;
  double scale, offset;
  int missing;
  ls_h5_stored value[2 * LS_H5_MISSING_MAX]; /* (missing) that mean none, of two attributes, or one
                                                and NetCDF's fill */
  bool ranged;
  double least, most; /* of what is stored; infinite: no limit */
} ls_h5_meaning;

/* text: the same for people, "" where the attributes say nothing. LS_EDATA, without file and
 * dataset in front, for attributes that make no sense. */
ls_status ls_h5_meaning_read(const ls_h5object *object, ls_h5_meaning *out, char *text,
                             size_t size);
/* Do values mean anything but themselves? */
static inline bool ls_h5_meaning_any(const ls_h5_meaning *m) {
  return m->packed || m->missing > 0 || m->ranged || m->reread;
}
/* The type that values are read as: 8 bytes each. */
hid_t ls_h5_meaning_type(const ls_h5_meaning *m);
/* n values as read -> cells, rounded once; U8 only of whole numbers that mean themselves. */
void ls_h5_meaning_apply(const ls_h5_meaning *m, const ls_h5_stored *in, int64_t n, ls_dtype cell,
                         void *out);

#endif
