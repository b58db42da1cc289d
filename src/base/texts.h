/* texts.h - a list of texts: names of columns, their units, classes. */
#ifndef LS_BASE_TEXTS_H
#define LS_BASE_TEXTS_H

#include <stdint.h>

#include "base/status.h"

typedef struct {
  char **text; /* (count), ls_mem */
  int64_t count;
} ls_texts;

/* At the end, of a list that has begun empty; text (ls_mem) is the list's from then on, also where
 * there is no memory. Behind the last one stands NULL. */
ls_status ls_texts_add(ls_texts *texts, char *text);
void ls_texts_free(ls_texts *texts);

#endif
