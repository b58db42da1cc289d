/* decimal.h - text to number, fast, exact, and deaf to the locale. */
#ifndef LS_DATA_DECIMAL_H
#define LS_DATA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

/* [+-] digits [. digits] [e [+-] digits] and nothing else; the nearest double (infinite where there is none). false: no number. */
bool ls_decimal(const char *text, size_t length, double *value);

#endif
