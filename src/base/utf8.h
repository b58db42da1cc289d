/* utf8.h - is a text UTF-8? Names of columns and classes go into JSON, HDF5 and Python, which take
 * nothing else. */
#ifndef LS_BASE_UTF8_H
#define LS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Does a character of UTF-8 begin with this byte, or is it a later one of it? */
static inline bool ls_utf8_begins(char c) { return ((unsigned char)c & 0xc0) != 0x80; }
/* Its first byte that begins no character of UTF-8 (RFC 3629); NULL: all of it is. */
const char *ls_utf8_wrong(const char *text);
/* Which other kind of Unicode a text is in that begins so, as iconv calls it: "utf-16le"; NULL:
 * none. */
const char *ls_utf8_instead(const char *text, size_t bytes);

#endif
