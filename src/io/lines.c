/* lines.c - one buffer, of which [begin, end) is not yet given out: reading forward adds behind
 * it, reading backward in front of it. Begin with ls_lines_next, then ls_lines_previous. */
#include "io/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"
#include "io/regular.h"

enum { BLOCK = 1 << 18 };

struct ls_lines {
  const char *name;
  int fd;
  size_t block;
  char *data; /* (room); [begin, end) is text that was read and not yet given out */
  size_t room, begin, end;
  int64_t offset; /* in the file, of data[begin] */
  bool at_end;    /* forward: nothing more comes; backward: the search from the end has begun */
};

ls_status ls_lines_new(int fd, const char *name, size_t block, ls_lines **out) {
  ls_lines *l;
  LS_NEW(l, 1);
  *l = (ls_lines){.name = name, .fd = fd, .block = block ? block : BLOCK};
  *out = l;
  return LS_OK;
}

void ls_lines_free(ls_lines **lines) {
  if (!*lines) return;
  LS_FREE((*lines)->data);
  LS_FREE(*lines);
}

static ls_status failed(const ls_lines *l) {
  return ls_fail(LS_EIO, "cannot read '%s': %s", l->name, strerror(errno));
}

/* Move what is there so that `front` bytes are free before it and `back` behind it. */
static ls_status make_room(ls_lines *l, size_t front, size_t back) {
  size_t used = l->end - l->begin;
  if (used > LS_LINE_MAX)
    return ls_fail(LS_EDATA, "'%s' has a line of more than %d bytes", l->name, LS_LINE_MAX);
  if (l->room < front + used + back) {
    size_t room = 2 * used + front + back;
    char *larger;
    LS_TRY(ls_mem_new((void **)&larger, room, 1));
    if (used > 0) memcpy(larger + front, l->data + l->begin, used);
    LS_FREE(l->data);
    l->data = larger;
    l->room = room;
  } else if (used > 0) {
    memmove(l->data + front, l->data + l->begin, used);
  }
  l->begin = front;
  l->end = front + used;
  return LS_OK;
}

static void give(const ls_lines *l, size_t from, size_t bytes, ls_line *line) {
  *line = (ls_line){l->data + from, bytes, l->offset + (int64_t)(from - l->begin)};
}

/* ---- forward ---- */

static ls_status read_on(ls_lines *l) {
  ssize_t got;
  ls_alive();
  LS_TRY(make_room(l, 0, l->block));
  do got = read(l->fd, l->data + l->end, l->block);
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed(l);
  l->at_end = got == 0;
  l->end += (size_t)got;
  return LS_OK;
}

ls_status ls_lines_next(ls_lines *l, ls_line *line) {
  *line = (ls_line){0};
  for (size_t seen = 0;;) { /* bytes that hold no newline */
    size_t used = l->end - l->begin;
    const char *at = used > seen ? memchr(l->data + l->begin + seen, '\n', used - seen) : NULL;
    if (at) {
      size_t bytes = (size_t)(at - (l->data + l->begin));
      give(l, l->begin, bytes, line);
      l->begin += bytes + 1;
      l->offset += (int64_t)bytes + 1;
      return LS_OK;
    }
    if (l->at_end) return LS_OK;
    seen = used;
    LS_TRY(read_on(l));
  }
}

/* ---- backward ---- */

static ls_status read_before(ls_lines *l) {
  size_t bytes = l->offset < (int64_t)l->block ? (size_t)l->offset : l->block;
  LS_TRY(make_room(l, bytes, 0));
  ssize_t got = ls_file_fill_at(l->fd, l->data, bytes, l->offset - (int64_t)bytes);
  if (got >= 0 && (size_t)got < bytes) errno = EIO; /* it has become shorter */
  if (got < 0 || (size_t)got < bytes) return failed(l);
  l->begin = 0;
  l->offset -= (int64_t)bytes;
  return LS_OK;
}

/* Place in data behind the last newline of the `used` bytes that lie there, or -1 where all of the
 * file in front of them has none. */
static ls_status behind_newline(ls_lines *l, size_t without, ssize_t *place) {
  for (size_t seen = without;;) { /* bytes at the end that hold no newline */
    size_t used = l->end - l->begin;
    const char *at = used > seen ? memrchr(l->data + l->begin, '\n', used - seen) : NULL;
    *place = at ? at - l->data + 1 : -1;
    if (at || l->offset == 0) return LS_OK;
    seen = used > without ? used : without;
    LS_TRY(read_before(l));
  }
}

/* From here on data[end - 1] is a newline, or nothing is left. */
static ls_status start_at_end(ls_lines *l) {
  ssize_t place;
  l->offset = lseek(l->fd, 0, SEEK_END);
  if (l->offset < 0) return failed(l);
  l->at_end = true;
  LS_TRY(behind_newline(l, 0, &place));
  l->end = place < 0 ? l->begin : (size_t)place;
  return LS_OK;
}

ls_status ls_lines_previous(ls_lines *l, ls_line *line) {
  ssize_t place;
  *line = (ls_line){0};
  if (!l->at_end) LS_TRY(start_at_end(l));
  if (l->end == l->begin && l->offset == 0) return LS_OK;
  LS_TRY(behind_newline(l, 1, &place));
  size_t from = place < 0 ? l->begin : (size_t)place;
  give(l, from, l->end - 1 - from, line);
  l->end = from;
  return LS_OK;
}
