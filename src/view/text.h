/* text.h - numbers as people read them in tables. Every function returns `out`, room for LS_TEXT
 * bytes. */
#ifndef LS_VIEW_TEXT_H
#define LS_VIEW_TEXT_H

enum { LS_TEXT = 32 };

char *ls_text_duration(double seconds,
                       char *out); /* 0:04:05, "2 d 03:04:05"; "-" if negative or not finite */
char *ls_text_count(double value, char *out); /* three digits and k, M, G, T, P: 17.2 k */
char *ls_text_number(double value, char kind, int digits,
                     char *out); /* %.<digits><kind>, kind g or f; "-" for NaN */

char *ls_text_word(const char *word); /* as one word of a shell; ls_mem text */

#endif
