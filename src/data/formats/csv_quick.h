/* csv_quick.h - the lines that most CSV files are made of: plain numbers, a separator or the line's
 * end right behind each. What is anything else is left to the rules (csv_text.h), where all
 * messages come from. */
#ifndef LS_DATA_FORMATS_CSV_QUICK_H
#define LS_DATA_FORMATS_CSV_QUICK_H

#include "data/formats/csv_text.h"
#include "data/source.h"

enum { LS_CSV_SKIP = -1, LS_CSV_Y = -2 };

/* Where the fields of a record go. */
typedef struct {
  int64_t columns;
  int64_t *to;  /* (columns; NULL: there is no quick way) k: feature k; LS_CSV_Y - k: column k of y;
                   LS_CSV_SKIP: nowhere */
  int64_t text; /* column that is taken as it stands, not as a number; -1: none */
} ls_csv_map;

/* The record at *at into x (features) cells and y; *text: the field of column map->text. false:
 * nothing has been taken. */
bool ls_csv_quick(const ls_csv_map *map, const ls_csv_text *c, ls_csv_cursor *at, ls_dtype cell,
                  void *x, double *y, ls_csv_field *text);

#endif
