/* nearest.h - "did you mean 'x'?" */
#ifndef LS_BASE_NEAREST_H
#define LS_BASE_NEAREST_H

/* Nearest word within a sensible edit distance, or NULL. words: NULL-terminated. */
const char *ls_nearest(const char *word, const char *const *words);

#endif
