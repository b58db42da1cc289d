/* protobuf.c - the wire format: a field's number times eight and its kind, numbers in sevens of
 * bits. A message within one is written first and then becomes bytes of it. Want of memory is
 * remembered, not returned. */
#include "export/protobuf.h"

#include <string.h>

#include "base/mem.h"

enum { NUMBER = 0, BYTES = 2, FOUR_BYTES = 5 }; /* what follows a field's number */

static void add(ls_message *m, const void *data, size_t bytes) {
  if (!m->failed && bytes > m->room - m->bytes) {
    const size_t room = 2 * m->room + bytes + 64;
    m->failed = ls_mem_grow((void **)&m->data, room, 1) != LS_OK;
    if (m->failed) return;
    m->room = room;
  }
  if (m->failed || bytes == 0) return;
  memcpy(m->data + m->bytes, data, bytes);
  m->bytes += bytes;
}

/* Seven bits a byte, the lowest first; the eighth says that there are more. */
static void add_number(ls_message *m, uint64_t value) {
  unsigned char byte[10];
  size_t n = 0;
  for (; value > 127; value >>= 7) byte[n++] = (unsigned char)(value & 127) | 128;
  byte[n++] = (unsigned char)value;
  add(m, byte, n);
}

static void add_field(ls_message *m, int field, int kind) {
  add_number(m, (uint64_t)field << 3 | (uint64_t)kind);
}

void ls_message_int(ls_message *m, int field, int64_t value) {
  add_field(m, field, NUMBER);
  add_number(m, (uint64_t)value);
}

void ls_message_float(ls_message *m, int field, float value) {
  add_field(m, field, FOUR_BYTES);
  add(m, &value, sizeof value);
}

void ls_message_bytes(ls_message *m, int field, const void *data, size_t bytes) {
  add_field(m, field, BYTES);
  add_number(m, bytes);
  add(m, data, bytes);
}

void ls_message_text(ls_message *m, int field, const char *text) {
  ls_message_bytes(m, field, text, strlen(text));
}

void ls_message_inner(ls_message *m, int field, ls_message *inner) {
  m->failed = m->failed || inner->failed;
  if (!m->failed) ls_message_bytes(m, field, inner->data, inner->bytes);
  ls_message_free(inner);
}

void ls_message_free(ls_message *m) {
  LS_FREE(m->data);
  *m = (ls_message){0};
}
