/* buffer.c - room is doubled, so that a text of many parts costs no more than twice its length. */
#include "base/buffer.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

void ls_buffer_add(ls_buffer *buffer, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *more = ls_mem_vformat(format, args);
  va_end(args);
  const size_t length = strlen(more), end = buffer->length + length;
  if (end + 1 > buffer->room) {
    buffer->room = 2 * (end + 128);
    char *wider = ls_mem_must(buffer->room);
    if (buffer->text) memcpy(wider, buffer->text, buffer->length);
    ls_mem_free(buffer->text);
    buffer->text = wider;
  }
  memcpy(buffer->text + buffer->length, more, length + 1);
  buffer->length = end;
  ls_mem_free(more);
}
