/* text.h - numbers as people read them in tables. Those that return `out` want room for
 * LS_TEXT bytes there. */
#ifndef LS_VIEW_TEXT_H
#define LS_VIEW_TEXT_H

#include <stdio.h>

enum { LS_TEXT = 32 };

/* 0:04:05, "2 d 03:04:05"; "-" if negative or not finite. */
char *ls_text_duration(double seconds, char *out);
char *ls_text_count(double value, char *out); /* three digits and k, M, G, T, P: 17.2 k */
/* %.<digits><kind>, kind g or f; "-" for NaN. */
char *ls_text_number(double value, char kind, int digits, char *out);

/* What a stream of open_memstream has got, and closes; ls_mem text. */
char *ls_text_of(FILE *memory, char **text);
/* A field of a CSV file, in quotes where it needs them; `before` is its beginning, and needs none.
 */
void ls_text_put_field(FILE *to, const char *before, const char *text);

#endif
