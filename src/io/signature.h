/* signature.h - what a file is by its first bytes: the one table of them. IDX, whose bytes say a
 * type and a rank too, is read by data/formats/idx.c; where HDF5's may stand else, by h5sign.h. */
#ifndef LS_IO_SIGNATURE_H
#define LS_IO_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

enum { LS_SIGNATURE_HEAD = 264 }; /* as many bytes tell all of them */

typedef struct {
  const char *what;   /* "a NumPy array" */
  const char *remedy; /* how it comes to be read, where it is given as something else */
  bool text;          /* a text: its first bytes alone tell that it is no table */
  bool wrapper;       /* the file that is meant is in it, or elsewhere: the remedy brings it */
} ls_signature;

/* NULL: nothing that is known. */
const ls_signature *ls_signature_of(const void *head, size_t bytes);
extern const ls_signature *const ls_signature_hdf5, *const ls_signature_npy;

#endif
