/* utf8.c - a character is wrong by its first byte or by the range of its second (no overlong
 * forms, no surrogates, nothing beyond U+10FFFF); after that only 10xxxxxx is left to check. */
#include "base/utf8.h"

#include <string.h>

/* How many bytes a character has that begins with `first`, and the range of its second; 0: no
 * character does. */
static int length_of(unsigned char first, unsigned char *lo, unsigned char *hi) {
  *lo = 0x80;
  *hi = 0xbf;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0; /* shorter ones exist, or there is no such point */
  if (first == 0xe0) *lo = 0xa0;
  if (first == 0xed) *hi = 0x9f; /* surrogates */
  if (first == 0xf0) *lo = 0x90;
  if (first == 0xf4) *hi = 0x8f;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

const char *ls_utf8_wrong(const char *text) {
  unsigned char lo, hi;
  for (const unsigned char *p = (const unsigned char *)text; *p;) {
    const int n = length_of(*p, &lo, &hi);
    int k = 1;
    for (; k < n && p[k] >= lo && p[k] <= hi; k++) lo = 0x80, hi = 0xbf;
    if (k < n || n == 0) return (const char *)p;
    p += n;
  }
  return NULL;
}

const char *ls_utf8_instead(const char *text, size_t bytes) {
  if (bytes >= 4 && memcmp(text, "\xff\xfe\0", 4) == 0) return "utf-32";
  if (bytes >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
    return "utf-16";
  if (bytes < 4 || !text[0] == !text[1] || !text[0] != !text[2] || !text[1] != !text[3])
    return NULL;
  return text[0] ? "utf-16le" : "utf-16be"; /* without a mark: every other byte is 0 */
}
