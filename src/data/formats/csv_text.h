/* csv_text.h - RFC 4180 and what is near to it: a text and its records. CRLF, LF or CR; quoted
 * fields with separators, lines and doubled quotes in them. Here alone it is known what separates
 * fields, marks decimals and begins comments. */
#ifndef LS_DATA_FORMATS_CSV_TEXT_H
#define LS_DATA_FORMATS_CSV_TEXT_H

#include "data/data.h"

typedef struct {
  const char *at;
  int64_t line; /* physical, from 1 */
} ls_csv_cursor;

/* Without its quotes and, where there are none, without the blanks around it; doubled quotes still
 * double. */
typedef struct {
  const char *text;
  size_t length;
} ls_csv_field;

typedef struct {
  const char *path; /* borrowed */
  char *text;       /* the file, LS_GZ_PAD times NUL behind it; LS_FREE */
  const char *end;
  ls_csv_cursor start; /* behind a byte order mark and comments */
  bool quotes;         /* there are any */
  bool lines;          /* a line is a record, and each separator ends a field */
  ls_separator separator;
  char mark; /* the separator's character, ' ' for blanks */
  bool decimal_comma, comment;
  const char *line_end; /* "LF", "CRLF", "CR" */
} ls_csv_text;

/* Read a file by io/gz.h, and set file->bytes and digest. out->separator: by the first line
 * where spec leaves it open. LS_EDATA for what is no text in UTF-8 or the like. */
ls_status ls_csv_open(const char *path, const ls_csv_spec *spec, ls_csv_text *out,
                      ls_data_file *file);
/* The same text with another separator. */
ls_csv_text ls_csv_separated(const ls_csv_text *text, ls_separator separator);
/* The record at *at, its first `room` fields into out; how many there are. LS_EDATA with file and
 * line for a quote that never ends. */
ls_status ls_csv_record(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out, int64_t room,
                        int64_t *fields);
/* Where `lines`: the field `column` of the line [at, end), counted from the nearer end of
 * `columns`. */
ls_csv_field ls_csv_field_of(const ls_csv_text *c, const char *at, const char *end, int64_t column,
                             int64_t columns);
/* ls_word_missing, also of what is within blanks and quotes. */
bool ls_csv_missing(ls_csv_field f, char *const *words, bool any_case);
const char *ls_csv_line_end(const ls_csv_text *c, const char *at); /* its mark, or the text's end */
bool ls_csv_ended(const ls_csv_text *c, const char *p); /* only blank lines are left from p on */
bool ls_csv_blank(const ls_csv_text *c, const char *p); /* the line that begins at p is empty */
/* From a line's begin to that of the next one that is no comment. */
void ls_csv_pass_comments(const ls_csv_text *c, ls_csv_cursor *at);
/* Does one of Excel's words for what it cannot compute begin here: "#N/A", "#DIV/0!"? */
bool ls_csv_excel_error(const char *p);
/* 1 for true, True, TRUE and 0 for false; false: it is neither. */
bool ls_csv_truth(ls_csv_field f, double *value);
/* The number that a field is, a truth's too; false: none. */
bool ls_csv_number(const ls_csv_text *c, ls_csv_field f, double *value);
char *ls_csv_unquoted(ls_csv_field f); /* ls_mem text, doubled quotes single */

#endif
