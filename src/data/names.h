/* names.h - names of classes: sorted byte by byte, so that a class's number depends neither on the
 * order of samples nor on the locale. */
#ifndef LS_DATA_NAMES_H
#define LS_DATA_NAMES_H

#include "data/source.h"

enum { LS_NAMES_MAX = 1 << 16 };

struct ls_names {
  char **text; /* (count) sorted */
  int64_t count, room;
  int64_t *number; /* (count) the class that each is; NULL: its place */
  int64_t digits,
      others;   /* different names that are numbers; that are neither these nor doubtful */
  bool numbers; /* there are digits and no others: the class is the number itself */
};

ls_status ls_names_new(ls_names **out);
/* Of classes in order of their numbers, which need not be sorted; a name that comes twice is the
 * last one. */
ls_status ls_names_of(const ls_texts *texts, ls_names **out);
/* Those that a source looks into which is being opened: of the one opened first (NULL: it has
 * none), or *own, which is made here, with the classes that a checkpoint knows or none yet. */
ls_status ls_names_begin(const ls_opening *what, ls_names **own, ls_names **out);
void ls_names_free(ls_names **names);
/* The place of a name, or of the next one: *found says which. */
int64_t ls_names_find(const ls_names *names, const char *text, size_t length, bool *found);
/* The class that a text is; false: it is none of them. */
bool ls_names_number(const ls_names *names, const char *text, double *number);
/* A text is none of them: that failure again, with the name that is near or the first ones. */
ls_status ls_names_meant(const ls_names *names, const char *text, ls_status status);
/* Put a name in where it is new. More than LS_NAMES_MAX names are not kept. doubtful: a word such
 * as "none", which is a name among names, and a missing value among numbers. */
ls_status ls_names_add(ls_names *names, const char *text, size_t length, bool doubtful);

#endif
