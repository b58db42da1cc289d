/* h5helper.h - the process that reads one HDF5 file for another one (io/child.h), and what the two
 * say to each other. HDF5 does not survive every file: what it parses, it parses where it may crash
 * or hang. Private to io/, but for its job.
 *
 * The path comes first. Then questions, each with two texts behind it, a dataset and an attribute
 * of it; any number of them, one after the other. */
#ifndef LS_IO_H5HELPER_H
#define LS_IO_H5HELPER_H

#include "io/child.h"
#include "io/h5plain.h"

typedef enum {
  LS_H5_ASK_LIST,  /* ls_h5_entry each, then one of an empty path */
  LS_H5_ASK_TEXTS, /* ls_h5_answer_texts; a block of so many bytes */
  LS_H5_ASK_SET,   /* ls_h5_answer_set; where its pieces begin, (pieces) int64 */
  LS_H5_ASK_ROWS   /* blocks of at most ls_h5_rows_together rows */
} ls_h5_ask;

typedef struct {
  ls_h5_ask what;
  int32_t transpose; /* SET */
  int32_t set;       /* ROWS: number of an opened one */
  ls_dtype cell;
  int64_t lo, rows;
} ls_h5_question;

typedef struct {
  int64_t count, bytes;
} ls_h5_answer_texts;

typedef struct {
  ls_h5_shape shape;
  ls_h5_layout layout;
  int32_t set;
} ls_h5_answer_set;

/* In front of every answer: its bytes, which are the error's text where the status says so. */
typedef struct {
  int32_t status;
  int64_t bytes;
} ls_h5_answer;

int64_t ls_h5_rows_together(int64_t width, ls_dtype cell);

#endif
