/* format.h - how files become rows: a table of formats, each one file of statics and a row. Private to data/ and the data commands. */
#ifndef LS_DATA_FORMAT_H
#define LS_DATA_FORMAT_H

#include "data/data.h"

/* What x is stored as in memory: bytes stay bytes, everything else becomes a real of the run's precision. */
typedef enum { LS_CELL_U8, LS_CELL_F32, LS_CELL_F64 } ls_cell;
static inline size_t ls_cell_size(ls_cell cell) { return cell == LS_CELL_U8 ? 1 : cell == LS_CELL_F32 ? sizeof(float) : sizeof(double); }

typedef struct {
  int64_t rows, features;
  int64_t outputs; /* columns of y */
  bool bytes;      /* x are unsigned bytes */
} ls_shape;

typedef struct ls_format ls_format;

/* An open source: its rows come in order, once. Each format's own struct begins with this one. */
typedef struct {
  const ls_format *format;
  ls_shape shape;
  ls_data_file file[2]; /* digest and samples are there once the last row has been read */
  int files;
} ls_reader;

struct ls_format {
  const char *name; /* data.type */
  /* LS_EDATA, located. *out is NULL on failure. */
  ls_status (*open)(const ls_data_spec *spec, ls_split split, ls_reader **out);
  /* The next `rows` rows: x (rows, features) cells, y (rows, outputs). cell is LS_CELL_U8 only where shape.bytes. After the last row
   * the end of the file is checked too. */
  ls_status (*read)(ls_reader *reader, int64_t rows, ls_cell cell, void *x, double *y);
  /* Where a value stands, for messages: "FILE: sample 17", "FILE:18: column 3". column < 0: y's column -1 - column. */
  void (*place)(const ls_reader *reader, int64_t row, int64_t column, char *text, size_t size);
  void (*close)(ls_reader *reader);
};

extern const ls_format ls_format_idx;
const ls_format *ls_format_find(const char *name); /* NULL: no such format */

/* Open the source of a split; *out is NULL where the spec names none. */
ls_status ls_reader_open(const ls_data_spec *spec, ls_split split, ls_reader **out);
void ls_reader_close(ls_reader **reader);

#endif
