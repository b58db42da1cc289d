/* json.c - for programs 17 digits always; for people 15, if what they say reads back as the
 * same value, else 17. */
#include "io/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/durable.h"

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

ls_status ls_json_write(const char *dir, const char *name, json_t *object) {
  char *line = ls_json_line(object), *text = ls_mem_format("%s\n", line);
  const ls_status status = ls_durable_write(dir, name, text, strlen(text), true);
  json_decref(object);
  LS_FREE(line);
  LS_FREE(text);
  return status;
}

void ls_put_json(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}
void ls_put_bool(json_t *object, const char *name, bool value) {
  ls_put_json(object, name, json_boolean(value));
}
void ls_put_whole(json_t *object, const char *name, int64_t value) {
  ls_put_json(object, name, json_integer(value));
}
void ls_put_real(json_t *object, const char *name, double value) {
  ls_put_json(object, name, ls_json_real(value));
}
void ls_put_text(json_t *object, const char *name, const char *value) {
  ls_put_json(object, name, value ? json_string_nocheck(value) : json_null());
}

json_t *ls_put_item(json_t *list) {
  json_t *item = json_object();
  json_array_append_new(list, item);
  return item;
}

json_t *ls_list_whole(const int64_t *value, int64_t n) {
  json_t *list = json_array();
  for (int64_t i = 0; i < n; i++) json_array_append_new(list, json_integer(value[i]));
  return list;
}

json_t *ls_list_texts(char *const *text, int64_t n) {
  json_t *list = json_array();
  for (int64_t i = 0; i < n; i++) json_array_append_new(list, json_string_nocheck(text[i]));
  return list;
}
