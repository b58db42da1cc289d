/* texts.h - a list of texts: names of columns, their units, classes. */
#ifndef LS_BASE_TEXTS_H
#define LS_BASE_TEXTS_H

#include <stdint.h>

typedef struct {
  char **text; /* (count), ls_mem */
  int64_t count;
} ls_texts;

void ls_texts_free(ls_texts *texts);

#endif
