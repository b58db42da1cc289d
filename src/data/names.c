/* names.c - a sorted array with room to grow, searched by halves. Whether the names are numbers
 * is counted as they come (count), so that nobody has to know before the last one; then a class
 * is the number itself, and their list need not be complete. */
#include "data/names.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/nearest.h"

enum { LISTED = 160 };

ls_status ls_names_new(ls_names **out) {
  LS_NEW(*out, 1);
  (*out)->numbers = true;
  return LS_OK;
}

void ls_names_free(ls_names **out) {
  ls_names *names = *out;
  if (!names) return;
  for (int64_t i = 0; i < names->count; i++) LS_FREE(names->text[i]);
  LS_FREE(names->text);
  LS_FREE(names->number);
  LS_FREE(*out);
}

static int compare(const char *name, const char *text, size_t length) {
  int order = strncmp(name, text, length);
  return order ? order : name[length] != 0;
}

int64_t ls_names_find(const ls_names *names, const char *text, size_t length, bool *found) {
  int64_t lo = 0, hi = names->count;
  *found = false;
  while (lo < hi && !*found) {
    int64_t middle = lo + (hi - lo) / 2;
    int order = compare(names->text[middle], text, length);
    *found = order == 0;
    if (*found)
      lo = middle;
    else if (order < 0)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo;
}

bool ls_names_number(const ls_names *names, const char *text, double *number) {
  bool found;
  if (names->numbers) return ls_decimal(text, strlen(text), number);
  int64_t at = ls_names_find(names, text, strlen(text), &found);
  if (found) *number = (double)(names->number ? names->number[at] : at);
  return found;
}

ls_status ls_names_meant(const ls_names *names, const char *text, ls_status status) {
  const char **words, *near;
  char list[LISTED] = "";
  size_t used = 0;
  LS_NEW(words, names->count + 1);
  if (names->count > 0) memcpy(words, names->text, (size_t)names->count * sizeof *words);
  near = ls_nearest(text, words);
  LS_FREE(words);
  for (int64_t k = 0; k < names->count && used < sizeof list; k++)
    used +=
        (size_t)snprintf(list + used, sizeof list - used, "%s'%s'", k ? ", " : "", names->text[k]);
  char *otherwise = ls_mem_format("; they have %s%s", list, used < sizeof list ? "" : " ...");
  status = ls_fail_near(status, near, otherwise, "%s", ls_error_text());
  ls_mem_free(otherwise);
  return status;
}

static ls_status grow(ls_names *names) {
  LS_GROW(names->text, 2 * names->room + 16);
  names->room = 2 * names->room + 16;
  return LS_OK;
}

/* The next name is one, too: are all numbers, with one at least? */
static void count(ls_names *names, const char *text, size_t length, bool doubtful) {
  double value;
  if (ls_decimal(text, length, &value))
    names->digits++;
  else if (!doubtful)
    names->others++;
  names->numbers = names->digits > 0 && names->others == 0;
}

ls_status ls_names_add(ls_names *names, const char *text, size_t length, bool doubtful) {
  bool found;
  int64_t at = ls_names_find(names, text, length, &found);
  if (found) return LS_OK;
  count(names, text, length, doubtful);
  if (names->count == LS_NAMES_MAX)
    return names->numbers ? LS_OK
                          : ls_fail(LS_EDATA,
                                    "more than %d different classes; is this column a quantity, "
                                    "for a regression loss?",
                                    LS_NAMES_MAX);
  if (names->count == names->room) LS_TRY(grow(names));
  memmove(names->text + at + 1, names->text + at,
          (size_t)(names->count - at) * sizeof *names->text);
  names->text[at] = ls_mem_format("%.*s", (int)length, text);
  names->count++;
  return LS_OK;
}

static ls_status number(const ls_texts *texts, ls_names *names) {
  bool found;
  for (int64_t i = 0; i < texts->count; i++)
    LS_TRY(ls_names_add(names, texts->text[i], strlen(texts->text[i]), false));
  LS_NEW(names->number, names->count);
  for (int64_t i = 0; i < texts->count; i++)
    names->number[ls_names_find(names, texts->text[i], strlen(texts->text[i]), &found)] = i;
  names->numbers = false;
  return LS_OK;
}

ls_status ls_names_of(const ls_texts *texts, ls_names **out) {
  LS_TRY(ls_names_new(out));
  ls_status status = number(texts, *out);
  if (status != LS_OK) ls_names_free(out);
  return status;
}

ls_status ls_names_begin(const ls_opening *what, ls_names **own, ls_names **out) {
  const ls_texts *known = what->spec->classes_named;
  if (!what->first) LS_TRY(known ? ls_names_of(known, own) : ls_names_new(own));
  *out = what->first ? what->first->names : *own;
  return LS_OK;
}
