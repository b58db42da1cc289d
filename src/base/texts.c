#include "base/texts.h"

#include "base/mem.h"

void ls_texts_free(ls_texts *texts) {
  for (int64_t i = 0; i < texts->count; i++) LS_FREE(texts->text[i]);
  LS_FREE(texts->text);
  *texts = (ls_texts){0};
}
