/* nearest.c - Damerau-Levenshtein distance (insert, delete, replace, swap two neighbours) for "did
 * you mean"; capitals are no slips. */
#include "base/nearest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum { WORD_MAX = 40 };

static int min3(int a, int b, int c) {
  int least = a < b ? a : b;
  return least < c ? least : c;
}

static int distance(const char *a, size_t n, const char *b, size_t m) {
  int d[WORD_MAX + 1][WORD_MAX + 1];
  for (size_t i = 0; i <= n; i++) d[i][0] = (int)i;
  for (size_t j = 0; j <= m; j++) d[0][j] = (int)j;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      const bool other = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
      d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + other);
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped && d[i - 2][j - 2] + 1 < d[i][j]) d[i][j] = d[i - 2][j - 2] + 1;
    }
  return d[n][m];
}

const char *ls_nearest(const char *word, const char *const *words) {
  size_t length = strlen(word);
  if (!length || length > WORD_MAX) return NULL;
  const char *best = NULL;
  int least = 1 + (length > 3) + (length > 7); /* more slips than this is another word */
  for (; *words; words++) {
    const size_t other = strlen(*words);
    const bool begins = strncmp(word, *words, length) == 0;
    int slips = other > WORD_MAX ? WORD_MAX : distance(word, length, *words, other);
    if (slips > 2 && length > 4 && begins) slips = 2;              /* 'sched' */
    if (slips > 1 && begins && (*words)[length] == ' ') slips = 1; /* a unit behind it */
    const bool nearer = slips < least || (slips == least && !best);
    if (slips >= (int)other || !nearer) continue;
    best = *words;
    least = slips;
  }
  return best;
}

ls_status ls_fail_near(ls_status code, const char *near, const char *otherwise, const char *format,
                       ...) {
  va_list args;
  va_start(args, format);
  char *text = ls_mem_vformat(format, args);
  va_end(args);
  ls_status status = near ? ls_fail(code, "%s; did you mean '%s'?", text, near)
                          : ls_fail(code, "%s%s", text, otherwise);
  ls_mem_free(text);
  return status;
}
