/* npy.c - the magic, the length of the rest, and that padded with blanks. */
#include "io/npy.h"

#include "base/mem.h"

void ls_npy_begin(FILE *to, const char *type, int64_t rows, int64_t columns) {
  enum { BEFORE = 10, REST = 128 - BEFORE };
  char *shape =
      columns > 0 ? ls_mem_format("%jd, %jd", rows, columns) : ls_mem_format("%jd,", rows);
  char *head =
      ls_mem_format("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
  fwrite("\x93NUMPY\x01\x00\x76\x00", 1, BEFORE, to);
  fprintf(to, "%-*s\n", REST - 1, head);
  ls_mem_free(shape);
  ls_mem_free(head);
}
