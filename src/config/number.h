/* number.h - numbers as the config writes them, in any locale. Each parser returns NULL, or what is
 * wrong with the text ("is not a number"). */
#ifndef LS_CONFIG_NUMBER_H
#define LS_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum { LS_NUMBER_TEXT = 32 };

/* A C decimal number, the whole text: 20, -0.5, .5, 1e-6. */
const char *ls_number_parse(const char *text, double *out);
/* The number that the text begins with; *end is behind it, NULL where there is none. */
const char *ls_number_begin(const char *text, const char **end, double *out);
/* A whole number: 60000, 6e4, 10.0; not 20.5. */
const char *ls_integer_parse(const char *text, int64_t *out);
/* The shortest text that reads back as exactly `value`. */
void ls_number_print(double value, char out[LS_NUMBER_TEXT]);

#endif
