/* heading.c - the order in which a text is tried: a name, a number or range of numbers, two
 * names with a dash between, at any dash. Begin at the bottom; messages (no_column) guess what
 * was meant. */
#include "data/heading.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"

/* The name that is meant; NULL: none is near. */
static const char *meant(const ls_heading *h, const char *name) {
  const char **names, *near = NULL;
  if (!h->name || ls_mem_new((void **)&names, (size_t)h->columns + 1, sizeof *names) != LS_OK)
    return NULL;
  memcpy(names, h->name, (size_t)h->columns * sizeof *names);
  near = ls_nearest(name, names);
  LS_FREE(names);
  return near;
}

/* Of "-1", "0", "2:5" and "1-": how columns are counted; false: the name is none of them. */
static bool is_counted(const char *name) {
  const size_t sign = strspn(name, "-"), digits = strspn(name + sign, "0123456789");
  return digits > 0 && strspn(name, "0123456789-:") == strlen(name);
}

static ls_status no_column(const ls_heading *h, const char *name) {
  const bool undivided = h->columns == 1 && h->separator;
  const char *near = undivided || is_counted(name) ? NULL : meant(h, name);
  char list[400] = "", other[100] = "";
  size_t length = 0;
  if (near) return ls_fail(LS_EDATA, "%s: no column '%s'; did you mean '%s'?", h->path, name, near);
  for (int64_t k = 0; h->name && k < h->columns && length < sizeof list; k++)
    length += (size_t)snprintf(list + length, sizeof list - length, "%s'%s'", k ? ", " : ": ",
                               h->name[k]);
  if (undivided)
    snprintf(other, sizeof other, "; fields are separated by %s here (data.separator)",
             h->separator);
  else if (is_counted(name))
    snprintf(other, sizeof other, "; numbers count from 1 to %jd, and a range is written 1-3",
             h->columns);
  return ls_fail(LS_EDATA, "%s: no column '%s'; there are %jd%s%s%s", h->path, name, h->columns,
                 list, length >= sizeof list ? " ..." : "", other);
}

ls_status ls_heading_name(const ls_heading *h, const char *name, size_t length, int64_t *column) {
  int same = 0;
  *column = -1;
  for (int64_t k = 0; h->name && k < h->columns; k++)
    if (strncmp(h->name[k], name, length) == 0 && !h->name[k][length]) *column = k, same++;
  if (same <= 1 || length == 0) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %d columns are named '%.*s'; give the column's number", h->path,
                 same, (int)length, name);
}

/* "a-d", where a and d are names; *lo is -1 where it is no such thing. */
static ls_status find_between(const ls_heading *h, const char *name, int64_t *lo, int64_t *hi) {
  *lo = -1;
  for (const char *dash = strchr(name, '-'); dash && *lo < 0; dash = strchr(dash + 1, '-')) {
    LS_TRY(ls_heading_name(h, name, (size_t)(dash - name), lo));
    if (*lo >= 0) LS_TRY(ls_heading_name(h, dash + 1, strlen(dash + 1), hi));
    if (*lo >= 0 && *hi < 0) *lo = -1;
  }
  if (*lo < 0 || *lo <= *hi) return LS_OK;
  return ls_fail(LS_EDATA, "%s: '%s': column '%s' comes before '%s'", h->path, name, h->name[*hi],
                 h->name[*lo]);
}

static bool find_numbers(const ls_heading *h, const char *name, int64_t *lo, int64_t *hi) {
  int64_t first, last;
  int used = 0;
  if (sscanf(name, "%19jd-%19jd%n", &first, &last, &used) != 2 || name[used]) {
    used = 0;
    if (sscanf(name, "%19jd%n", &first, &used) != 1 || name[used]) return false;
    last = first;
  }
  *lo = first - 1;
  *hi = last - 1;
  return first >= 1 && first <= last && last <= h->columns;
}

ls_status ls_heading_find(const ls_heading *h, const char *name, int64_t *lo, int64_t *hi,
                          bool *numbered) {
  LS_TRY(ls_heading_name(h, name, strlen(name), lo));
  *hi = *lo;
  const bool named = *lo >= 0;
  *numbered = !named && find_numbers(h, name, lo, hi);
  if (!named && !*numbered) LS_TRY(find_between(h, name, lo, hi));
  return *lo >= 0 ? LS_OK : no_column(h, name);
}
