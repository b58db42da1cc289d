/* csv.h - a CSV file that is being read, and what it takes beside csv.c, the format: csv_file.c
 * takes records and numbers one after the other, csv_choose.c says which columns are inputs,
 * targets and weights, csv_remedy.c what may mend a file that is refused. Private to these and data
 * info. */
#ifndef LS_DATA_FORMATS_CSV_H
#define LS_DATA_FORMATS_CSV_H

#include "data/formats/csv_quick.h"
#include "data/names.h"
#include "data/trained.h"

/* Where it can be said how the file is to be read. */
typedef enum {
  LS_CSV_BY_CONFIG,
  LS_CSV_BY_IMPORT, /* in a config too, which the command takes instead of the file */
  LS_CSV_BY_CHECKPOINT
} ls_csv_by;

typedef struct ls_csv ls_csv;
struct ls_csv {
  ls_source base;
  ls_csv_text text;
  ls_csv_cursor first, next; /* the record to be read next */
  int64_t columns;           /* of every record */
  ls_csv_field *field;       /* (columns) of the record taken last, */
  const char *taken;         /* which begins here */
  char **head;               /* (columns) names, or NULL */
  ls_csv_by by;
  bool by_name, by_number; /* how the config calls at least one of the columns */
  bool noted[2];           /* that a number, a range of numbers are names has been said */
  const ls_csv *before;    /* the first file, by which this one is separated; NULL: this is it */
  bool by_config;          /* it is a config that says what the columns are, no checkpoint */
  int64_t *x, *y;          /* (features), (outputs + weights): their columns */
  ls_texts value;          /* as in ls_trained, of x; none: all inputs are numbers */
  int64_t *run;            /* (features) ls_trained_run of each, where there are texts */
  ls_csv_map map;          /* for the quick way; to NULL: there is none */
  char *const *words;      /* that are missing besides the usual ones, or NULL */
  bool classes;
  ls_names *own_names; /* of the first source; the others look into it */
};

static inline const char *ls_csv_path(const ls_csv *c) { return c->base.file[0].path; }

/* ---- csv_file.c ---- */

/* Open the file up to its first record, with its header. */
ls_status ls_csv_start(ls_csv *c, const ls_opening *what);
/* The next record into c->field. LS_EDATA, located, where it has another shape. */
ls_status ls_csv_next(ls_csv *c);

/* Of the record taken last. */
static inline bool ls_csv_is_number(const ls_csv *c, int64_t column) {
  double value;
  return ls_csv_number(&c->text, c->field[column], &value);
}

/* How many of these n columns of it are numbers; column NULL: of the first n. */
static inline int64_t ls_csv_count_numbers(const ls_csv *c, const int64_t *column, int64_t n) {
  int64_t numbers = 0;
  for (int64_t i = 0; i < n; i++) numbers += ls_csv_is_number(c, column ? column[i] : i);
  return numbers;
}

/* A missing value becomes a NaN, which whoever reads the rows refuses, or counts. LS_EDATA,
 * located, for what is no number, infinite ones among them. */
ls_status ls_csv_value(const ls_csv *c, int64_t line, int64_t column, double *value);
bool ls_csv_infinite(ls_csv_field f, double *value);

/* "column 2 (name)", or "column 2" where it has none. */
void ls_csv_call(const ls_csv *c, int64_t column, char *text, size_t size);
/* "FILE:3: column 2 (name)" */
void ls_csv_place(const ls_csv *c, int64_t line, int64_t column, char *text, size_t size);
/* LS_EDATA: "PLACE: what: 'field'" */
ls_status ls_csv_bad(const ls_csv *c, int64_t line, int64_t column, const char *what);
/* LS_EDATA for a name that is not UTF-8: of a column, a class, a text that is an input. */
ls_status ls_csv_check_names(const ls_csv *c, const char *what, int64_t column,
                             const ls_names *names);

/* ---- csv_choose.c: as a config says it, or by the names that a checkpoint knows ---- */

/* c->x, c->y and the shape's numbers of them, of a file that has been started. */
ls_status ls_csv_choose(ls_csv *c, const ls_opening *what);

/* ---- csv_columns.c: as a config says it ---- */

/* The same by the config alone. */
ls_status ls_csv_choose_columns(ls_csv *c, const ls_opening *what);
/* The columns lo to hi that a config calls `name`. */
ls_status ls_csv_find(ls_csv *c, const char *name, int64_t *lo, int64_t *hi);
/* The header as other data know it: units apart and put back in one way. */
ls_status ls_csv_header(const ls_csv *c, ls_texts *out);

/* ---- csv_text_inputs.c: chosen columns of x that are texts become inputs, one a text ---- */

/* Of train: those that it has. */
ls_status ls_csv_collect_texts(ls_csv *c, const ls_opening *what);
/* The inputs are those of train's first source, or of what a checkpoint was trained on. */
ls_status ls_csv_follow_first(ls_csv *c, const ls_source *first);
ls_status ls_csv_follow_texts(ls_csv *c, const ls_trained *t);
/* c->run, of c->value. */
ls_status ls_csv_find_runs(ls_csv *c);

/* ---- csv_remedy.c ---- */

/* A failure with what may mend it behind its text, in the words of who can say it (c->by). */
/* Of a record of `fields` fields that begins at `at`; the one behind it is c->next. */
ls_status ls_csv_remedy_shape(const ls_csv *c, ls_status status, const ls_csv_cursor *at,
                              int64_t fields);
/* Of c->field[column], which is no number; the record taken last keeps that field alone. */
ls_status ls_csv_remedy_number(const ls_csv *c, ls_status status, int64_t line, int64_t column);
/* Of a column that the header does not have. */
ls_status ls_csv_remedy_column(const ls_csv *c, ls_status status);

/* Of a text as a whole that is no table of ours: framed by bars, or with another mark between the
 * fields. False: it is none of these. */
bool ls_csv_remedy_text(const ls_csv *c, ls_status status);

/* Is the first line, before any record is read, no header and no sample? What separates fields in
 * it says nothing then. */
bool ls_csv_first_odd(const ls_csv *c);
/* Does a header number its columns from 0, as pandas writes those of arrays, perhaps behind a
 * nameless one of the rows' numbers? */
bool ls_csv_counting(char *const *name, int64_t columns);
/* How many lines stand before the samples where the first one counts these and their inputs, as in
 * scikit-learn's tables: 1, or 2 with names in the second; 0: it does not count. */
int ls_csv_counted(const ls_csv *c);

#endif
