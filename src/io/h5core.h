/* h5core.h - a file that the HDF5 library has open, and all that is asked of one dataset: where it
 * is, its type, its shape, whether its values lie in the file itself. Everything that reads HDF5
 * begins here, in the process that may crash (io/h5helper.h). Private to io/. */
#ifndef LS_IO_H5CORE_H
#define LS_IO_H5CORE_H

#include <hdf5.h>

#include "io/h5.h"

typedef struct {
  char *path;
  hid_t id;
  hid_t access; /* how links are followed and datasets opened */
} ls_h5core;

/* LS_EDATA, naming the file, where it is none. It stays open until the process ends. */
ls_status ls_h5core_open(const char *path, ls_h5core **out);
/* What ls_h5_list says. */
ls_status ls_h5core_list(const ls_h5core *core, ls_h5_visit *visit, void *arg);

/* A dataset as it is stored. */
typedef struct {
  const ls_h5core *core;
  char *name;
  hid_t id, type, plist; /* -1: not there */
  hid_t space; /* -1 where it is not known, or not looked at, as it would be in other files */
  H5T_class_t class;
  size_t width;  /* bytes of a value */
  char kind[24]; /* "uint8", "big-endian int16", "bool", "text" ... */
  bool truths;   /* bool: bytes of another name, 0 and 1, which are read as integers */
  int dims;      /* 0: a single value, or none */
  hsize_t extent[LS_H5_DIMS];
} ls_h5object;

/* A path of hard links, and soft ones within the file, to a dataset whose values lie in the file.
 * Else LS_EDATA, naming file and path. Close it in any case. */
ls_status ls_h5object_open(const ls_h5core *core, const char *name, ls_h5object *out);
void ls_h5object_close(ls_h5object *object);

/* Indices [lo, lo + count) of one dimension, all of the others, as `type` in the order of the
 * file. */
bool ls_h5object_read(const ls_h5object *object, int dimension, int64_t lo, int64_t count,
                      hid_t type, void *out);

#endif
