/* json.c - for programs 17 digits always; for people 15, if what they say reads back as the
 * same value, else 17. */
#include "io/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

json_t *ls_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static char *to_own(char *text) {
  char *own = ls_mem_text(text ? text : "null");
  free(text);
  return own;
}

char *ls_json_line(const json_t *object) {
  return to_own(json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17)));
}

char *ls_json_text(json_t *object) {
  char *text = json_dumps(object, JSON_REAL_PRECISION(15));
  json_t *back = text ? json_loads(text, 0, NULL) : NULL;
  if (!json_equal(back, object)) {
    free(text);
    text = json_dumps(object, JSON_REAL_PRECISION(17));
  }
  json_decref(back);
  json_decref(object);
  return to_own(text);
}
