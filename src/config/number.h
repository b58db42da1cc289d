/* number.h - numbers as the config writes them, in any locale. */
#ifndef LS_CONFIG_NUMBER_H
#define LS_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

enum { LS_NUMBER_TEXT = 32 };

/* A C decimal number, the whole text: 20, -0.5, .5, 1e-6. NULL, or what is wrong with it ("is not a
 * number"). */
const char *ls_number_parse(const char *text, double *out);
/* A whole number: 60000, 6e4, 10.0; not 20.5. */
const char *ls_integer_parse(const char *text, int64_t *out);
/* The shortest text that reads back as exactly `value`. */
void ls_number_print(double value, char out[LS_NUMBER_TEXT]);
/* "10 epochs", "30m", "100" (steps, whole): NULL, or what is wrong with it. */
const char *ls_every_parse(const char *text, ls_every *out);

#endif
