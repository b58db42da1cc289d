/* json.h - the little that is missing from jansson: numbers that are not finite become null, one
 * line an object. */
#ifndef LS_IO_JSON_H
#define LS_IO_JSON_H

#include <jansson.h>

json_t *ls_json_real(double value);       /* a real, or null where JSON has no such number */
char *ls_json_line(const json_t *object); /* compact, keys in the order set, 17 significant digits;
                                             ls_mem text without newline */
/* The same for people: blanks behind , and :, numbers as short as they can be where 15 digits say
 * each; takes the reference. */
char *ls_json_text(json_t *object);

#endif
