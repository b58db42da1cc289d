/* utf8.h - is a text UTF-8? Names of columns and classes go into JSON, HDF5 and Python, which take
 * nothing else. */
#ifndef LS_BASE_UTF8_H
#define LS_BASE_UTF8_H

/* Its first byte that begins no character of UTF-8 (RFC 3629); NULL: all of it is. */
const char *ls_utf8_wrong(const char *text);

#endif
