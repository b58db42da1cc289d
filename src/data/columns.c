#include "data/columns.h"

#include <string.h>

#include "base/mem.h"
#include "data/names.h"

const char *const ls_columns_path[2] = {"/columns/x", "/columns/y"};

void ls_columns_free(ls_columns *c) {
  for (int i = 0; i < 2; i++) {
    ls_texts_free(&c->name[i]);
    ls_texts_free(&c->unit[i]);
  }
  ls_texts_free(&c->classes);
}

static ls_status texts_new(int64_t count, ls_texts *out) {
  LS_NEW(out->text, count);
  out->count = count;
  return LS_OK;
}

ls_status ls_columns_split(const char *(*name)(const void *arg, int64_t k), const void *arg,
                           int64_t count, ls_texts *names, ls_texts *units) {
  bool any = false;
  LS_TRY(texts_new(count, names));
  LS_TRY(texts_new(count, units));
  for (int64_t k = 0; k < count; k++) {
    const char *whole = name(arg, k), *open = strrchr(whole, '[');
    size_t length = strlen(whole);
    bool unit = open && open > whole && whole[length - 1] == ']';
    int bare = (int)(unit ? open - whole : (long)length);
    while (unit && bare > 1 && whole[bare - 1] == ' ') bare--;
    names->text[k] = ls_mem_format("%.*s", bare, whole);
    units->text[k] =
        unit ? ls_mem_format("%.*s", (int)(whole + length - open) - 2, open + 1) : ls_mem_text("");
    any = any || unit;
  }
  if (!any) ls_texts_free(units);
  return LS_OK;
}

/* The classes that a CSV file's texts are. */
static ls_status classes_of(const ls_names *names, ls_texts *out) {
  LS_TRY(texts_new(names->count, out));
  for (int64_t c = 0; c < names->count; c++) out->text[c] = ls_mem_text(names->text[c]);
  return LS_OK;
}

/* A list for another number of columns is none. */
static void fit(ls_texts *texts, int64_t count) {
  if (texts->count != count) ls_texts_free(texts);
}

ls_status ls_columns_of(const ls_source *source, ls_columns *out) {
  *out = (ls_columns){0};
  ls_status status = source->format->columns ? source->format->columns(source, out) : LS_OK;
  if (status == LS_OK && source->names && !source->names->numbers)
    status = classes_of(source->names, &out->classes);
  for (int i = 0; i < 2; i++) {
    int64_t count = i == 0 ? source->shape.features : source->shape.outputs;
    fit(&out->name[i], count);
    fit(&out->unit[i], count);
  }
  if (status != LS_OK) ls_columns_free(out);
  return status;
}
