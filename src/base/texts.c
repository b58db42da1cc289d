/* texts.c - each text that is added makes the array anew, one longer and with NULL behind
 * it. */
#include "base/texts.h"

#include "base/mem.h"

ls_status ls_texts_add(ls_texts *texts, char *text) {
  ls_status status =
      ls_mem_grow((void **)&texts->text, (size_t)texts->count + 2, sizeof *texts->text);
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
