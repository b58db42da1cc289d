/* columns.c - begin at the bottom: ls_columns_of asks the format, drops lists that do not fit
 * the source's widths, and numbers the columns itself, inputs before targets, where the format
 * has no table of its own. Units are what stands in brackets at the end of a name. */
#include "data/columns.h"

#include <string.h>

#include "base/mem.h"
#include "data/names.h"
#include "data/trained.h"

const char *const ls_columns_path[2] = {"/columns/x", "/columns/y"};

void ls_columns_free(ls_columns *c) {
  for (int i = 0; i < 2; i++) {
    ls_texts_free(&c->name[i]);
    ls_texts_free(&c->unit[i]);
  }
  ls_texts_free(&c->classes);
  ls_texts_free(&c->called);
  ls_trained_free(&c->trained);
}

static ls_status texts_new(int64_t count, ls_texts *out) {
  LS_NEW(out->text, count);
  out->count = count;
  return LS_OK;
}

ls_status ls_columns_split(char *const *whole, int64_t count, ls_texts *names, ls_texts *units) {
  bool any = false;
  LS_TRY(texts_new(count, names));
  LS_TRY(texts_new(count, units));
  for (int64_t k = 0; k < count; k++) {
    const char *text = whole[k], *open = strrchr(text, '['), *end = text + strlen(text);
    const bool unit = open && open > text && end[-1] == ']';
    const char *bare = unit ? open : end; /* the end of the name */
    while (unit && bare > text + 1 && bare[-1] == ' ') bare--;
    names->text[k] = ls_mem_format("%.*s", (int)(bare - text), text);
    units->text[k] =
        unit ? ls_mem_format("%.*s", (int)(end - open) - 2, open + 1) : ls_mem_text("");
    any = any || unit;
  }
  if (!any) ls_texts_free(units);
  return LS_OK;
}

ls_status ls_columns_whole(const ls_texts *names, const ls_texts *units, ls_texts *out) {
  LS_TRY(texts_new(names->count, out));
  for (int64_t k = 0; k < names->count; k++) {
    const char *unit = units->count ? units->text[k] : "";
    out->text[k] = ls_mem_format(*unit ? "%s [%s]" : "%s%s", names->text[k], unit);
  }
  return LS_OK;
}

/* Names of x, then of y, where a format has no table of its own. */
static ls_status number_columns(const ls_source *source, ls_columns *c) {
  ls_trained *t = &c->trained;
  const int64_t n[2] = {source->shape.features, source->shape.outputs};
  ls_texts part[2] = {{0}};
  if (t->name.count > 0 || c->name[0].count + c->name[1].count == 0) return LS_OK;
  LS_TRY(texts_new(n[0] + n[1], &t->name));
  for (int i = 0; i < 2; i++) {
    LS_NEW(t->at[i], n[i]);
    t->n[i] = n[i];
    LS_TRY(ls_columns_whole(&c->name[i], &c->unit[i], &part[i]));
    for (int64_t k = 0; k < n[i]; k++) {
      int64_t at = i * n[0] + k;
      t->at[i][k] = at;
      t->name.text[at] = part[i].count ? part[i].text[k] : ls_mem_text("");
    }
    LS_FREE(part[i].text); /* the texts are the table's now */
  }
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
  if (status == LS_OK) status = number_columns(source, out);
  if (status != LS_OK) ls_columns_free(out);
  return status;
}
