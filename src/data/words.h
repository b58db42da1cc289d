/* words.h - what people write where a value is missing. Private to data/. */
#ifndef LS_DATA_WORDS_H
#define LS_DATA_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Is a text this word, in whatever capitals where any_case? */
bool ls_word_is(const char *text, size_t length, const char *word, bool any_case);
/* Is it nothing, NA, N/A, nan, null, None, ?, or one of `words` (NULL-terminated; NULL: none)?
 * Where a number belongs (any_case) in whatever capitals; where a name does only as listed in
 * words.c, since "none", "Na" and "Nan" are names too. */
bool ls_word_missing(const char *text, size_t length, char *const *words, bool any_case);

#endif
