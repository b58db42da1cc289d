/* format.h - how files become rows: a table of formats, each one file of statics and a row, and
 * the sources that they open, of one file or of several as one. Private to data/ and the data
 * commands. */
#ifndef LS_DATA_FORMAT_H
#define LS_DATA_FORMAT_H

#include "data/source.h"

extern const ls_format ls_format_idx, ls_format_csv, ls_format_hdf5, ls_format_npy;
const ls_format *ls_format_find(const char *name); /* NULL: no such format */
/* Those that have `read_at`, for messages: "hdf5"; ls_mem text. */
char *ls_formats_of_streams(void);
/* formats/idx.c. Do these bytes begin an IDX file? Then it holds numbers of *type. */
bool ls_idx_magic(const unsigned char head[4], ls_dtype *type);

/* Open the source of a split, of one file or several; *out is NULL where the spec names none.
 * `what.file` and `skipped` are ignored. */
ls_status ls_source_open(const ls_opening *what, ls_source **out);
/* The sources of all splits, agreeing in width; NULL where there is none. Close what is open also
 * on failure. classes: y are class numbers, or columns that become such, unless some row has shares
 * of several classes: then all of them are numbers, with shape.soft (not looked for where quick).
 */
ls_status ls_sources_open(const ls_data_spec *spec, bool classes, bool quick, ls_source *source[3]);
void ls_sources_close(ls_source *source[3]);

#endif
