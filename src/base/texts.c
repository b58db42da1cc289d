/* texts.c - the array is made anew, twice as long, when the texts and the NULL behind them fill it:
 * they are then one less than a power of two. */
#include "base/texts.h"

#include "base/mem.h"

ls_status ls_texts_add(ls_texts *texts, char *text) {
  const int64_t filled = texts->count + 1;
  ls_status status = LS_OK;
  if ((filled & (filled - 1)) == 0)
    status = ls_mem_grow((void **)&texts->text, 2 * (size_t)filled, sizeof *texts->text);
  if (status == LS_OK)
    texts->text[texts->count++] = text;
  else
    LS_FREE(text);
  return status;
}

void ls_texts_free(ls_texts *texts) {
  for (int64_t i = 0; i < texts->count; i++) LS_FREE(texts->text[i]);
  LS_FREE(texts->text);
  *texts = (ls_texts){0};
}
