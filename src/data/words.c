/* words.c - the list itself: what stands for "missing" as it is spelt, whole words only. */
#include "data/words.h"

#include <string.h>
#include <strings.h>

bool ls_word_is(const char *text, size_t length, const char *word, bool any_case) {
  const size_t n = strlen(word);
  return length == n && (any_case ? strncasecmp(text, word, n) : strncmp(text, word, n)) == 0;
}

bool ls_word_missing(const char *text, size_t length, char *const *words, bool any_case) {
  static const char *const usual[] = {"",    "?",    "NA",   "N/A",  "na",   "n/a",  "NaN", "nan",
                                      "NAN", "-nan", "+nan", "null", "NULL", "None", NULL};
  bool missing = false, may_be = length == 0 || strchr("?Nn+-", *text);
  for (int i = 0; may_be && usual[i] && !missing; i++)
    missing = ls_word_is(text, length, usual[i], any_case);
  for (; words && *words && !missing; words++) missing = ls_word_is(text, length, *words, false);
  return missing;
}
