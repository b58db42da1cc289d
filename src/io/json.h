/* json.h - the little that is missing from jansson: numbers that are not finite become null,
 * members of all types are set in one way, an object is one line. */
#ifndef LS_IO_JSON_H
#define LS_IO_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

json_t *ls_json_real(double value);       /* a real, or null where JSON has no such number */
char *ls_json_line(const json_t *object); /* compact, keys in the order set, 17 significant digits;
                                             ls_mem text without newline */
/* The same for people: blanks behind , and :, numbers as short as they can be where 15 digits say
 * each; takes the reference. */
char *ls_json_text(json_t *object);

/* Durably DIR/NAME, in place of one that is there: the object on a line; takes the reference. */
ls_status ls_json_write(const char *dir, const char *name, json_t *object);

/* Set a member: a truth, a whole number, a real (null where it is not finite), a text (NULL:
 * null; that it is UTF-8 is not looked at) or a JSON value, whose reference it takes. */
#define ls_put(object, name, value) \
  _Generic((value), bool : ls_put_bool, int : ls_put_whole, unsigned : ls_put_whole,      \
           long : ls_put_whole, unsigned long : ls_put_whole, long long : ls_put_whole,   \
           double : ls_put_real, char * : ls_put_text, const char * : ls_put_text,        \
           json_t * : ls_put_json)(object, name, value)
void ls_put_bool(json_t *object, const char *name, bool value);
void ls_put_whole(json_t *object, const char *name, int64_t value);
void ls_put_real(json_t *object, const char *name, double value);
void ls_put_text(json_t *object, const char *name, const char *value);
void ls_put_json(json_t *object, const char *name, json_t *value);
/* A new object at the end of a list. */
json_t *ls_put_item(json_t *list);
/* Lists of numbers and of texts. */
json_t *ls_list_whole(const int64_t *value, int64_t n);
json_t *ls_list_texts(char *const *text, int64_t n);

#endif
