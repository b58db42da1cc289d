/* dataset.c - the text is cut at two places: ":/" ends a file's name, the last "[" begins
 * columns, if all behind it reads as such; else it belongs to the name. */
#include "data/formats/dataset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Digits at *at, or `none` where there are none. */
static int64_t number(const char **at, int64_t none) {
  char *end = (char *)*at;
  int64_t value = isdigit((unsigned char)**at) ? strtoll(*at, &end, 10) : none;
  *at = end;
  return value;
}

/* "[2]", "[0:2]", "[3:]", "[:3]" to the end of the text. */
static bool read_columns(const char *at, ls_dataset *d) {
  const char *begin = ++at;
  d->lo = number(&at, 0);
  bool one = at > begin && *at == ']';
  d->hi = d->lo + 1;
  if (!one && *at++ != ':') return false;
  if (!one) d->hi = number(&at, -1);
  return strcmp(at, "]") == 0;
}

ls_dataset ls_dataset_of(const char *text) {
  const char *colon = text[0] == '/' ? NULL : strstr(text, ":/");
  ls_dataset d = {.here = colon ? colon + 1 : text};
  const char *columns = strrchr(d.here, '[');
  if (colon) d.file = (int)(colon - text);
  d.some = columns && read_columns(columns, &d);
  d.path = d.some ? (int)(columns - d.here) : (int)strlen(d.here);
  return d;
}
