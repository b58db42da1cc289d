/* buffer.h - a text that grows. */
#ifndef LS_BASE_BUFFER_H
#define LS_BASE_BUFFER_H

#include <stddef.h>

/* Begins as {0}; `text` (ls_mem, NUL-terminated) is the caller's to free, and NULL where nothing
 * was added. */
typedef struct {
  char *text;
  size_t length, room;
} ls_buffer;
void ls_buffer_add(ls_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
