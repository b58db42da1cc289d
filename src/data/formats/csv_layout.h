/* csv_layout.h - where the table of a text begins, and what separates its fields, where its first
 * line does not tell: a title before the header, or a header with another separator in a name. Only
 * for messages. Private to csv*.c. */
#ifndef LS_DATA_FORMATS_CSV_LAYOUT_H
#define LS_DATA_FORMATS_CSV_LAYOUT_H

#include "data/formats/csv_text.h"

typedef struct {
  int64_t line; /* physical, of the table's first record */
  ls_separator separator;
} ls_csv_layout;

/* The first of the first lines with several fields of which the records behind it have as many;
 * what stands before has hardly any. False: there is none. */
bool ls_csv_find_table(const ls_csv_text *text, ls_csv_layout *out);
/* A character of the first line that is no separator here and stands as often in the lines behind
 * it, *length of them side by side; 0: there is none. */
char ls_csv_foreign_mark(const ls_csv_text *text, size_t *length);

#endif
