#include "io/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

json_t *ls_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

char *ls_json_line(const json_t *object) {
  char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
  char *own = ls_mem_text(text ? text : "null");
  free(text);
  return own;
}
