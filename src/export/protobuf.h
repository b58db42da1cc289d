/* protobuf.h - as much of Protocol Buffers as writing takes: a message is fields one after the
 * other, each the number that says which it is, then a number or a count of bytes and these. */
#ifndef LS_EXPORT_PROTOBUF_H
#define LS_EXPORT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as {0}. */
typedef struct {
  char *data; /* (bytes), ls_mem */
  size_t bytes, room;
  bool failed; /* there was no memory, for this one or a part of it */
} ls_message;

void ls_message_int(ls_message *message, int field, int64_t value);
void ls_message_float(ls_message *message, int field, float value);
void ls_message_bytes(ls_message *message, int field, const void *data, size_t bytes);
void ls_message_text(ls_message *message, int field, const char *text);
/* `inner` becomes a field of `message`; it is empty then. */
void ls_message_inner(ls_message *message, int field, ls_message *inner);
void ls_message_free(ls_message *message);

#endif
