/* gz.c - layers, each of which knows only the one below: bytes of the disk, hashed as they come
 * (read_raw), or of an archive (read_bytes), the buffer (refill), inflate. Of an archive all
 * bytes are hashed at the end, as libzip reads where it likes. Begin with ls_gz_read. */
#include "io/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/mem.h"
#include "io/regular.h"
#include "io/zip.h"

enum {
  BUFFER = 1 << 17,
  PIECE = 1 << 20,
  DEFLATE_MAX = 1032
}; /* PIECE: hashed while it is in the cache */

struct ls_gz {
  char *path;         /* as it was given */
  char *archive;      /* where that is a file in one */
  const char *member; /* in path; NULL: it names no file of an archive */
  int fd;             /* of the file on the disk */
  int64_t size;       /* on the disk, when it was opened */
  ls_zip *zip;        /* the bytes are those of a file in this archive */
  bool digested;      /* of an archive: all of it has gone into hash */
  bool packed;        /* gzip */
  bool ended;         /* the last gzip member is complete */
  z_stream z;         /* next_in and avail_in are the unread part of buffer for plain files too */
  XXH3_state_t *hash;
  unsigned char *buffer; /* (BUFFER) */
};

/* ---- the raw bytes ---- */

/* "ARCHIVE/MEMBER": the longest beginning of the path that is a file. */
static bool split_path(ls_gz *gz) {
  struct stat about;
  char *copy = ls_mem_text(gz->path), *slash = copy;
  bool found = false;
  while (!found && (slash = strrchr(copy, '/')) && slash > copy) {
    *slash = 0;
    found = stat(copy, &about) == 0 && S_ISREG(about.st_mode);
  }
  if (found) gz->member = gz->path + (slash - copy) + 1;
  if (found)
    gz->archive = copy;
  else
    LS_FREE(copy);
  return found;
}

/* O_NONBLOCK: a FIFO must not make us wait for its writer. */
static int open_path(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

static bool is_of_windows(const char *path) {
  return strchr(path, '\\') || (*path && path[1] == ':');
}

static ls_status no_file(const ls_gz *gz) {
  const int error = errno;
  const char *way_out = "";
  if (error == ENOENT && is_of_windows(gz->path))
    way_out = "; folders are separated by / here (a drive of Windows is /mnt/c under WSL)";
  return ls_fail(LS_EDATA, "%s: cannot open it: %s%s", gz->path, strerror(error), way_out);
}

static ls_status open_regular(ls_gz *gz) {
  struct stat about;
  gz->fd = open_path(gz->path);
  if (gz->fd < 0 && errno == ENOTDIR && split_path(gz)) gz->fd = open_path(gz->archive);
  if (gz->fd < 0 || fstat(gz->fd, &about) != 0) return no_file(gz);
  if (!S_ISREG(about.st_mode))
    return ls_fail(LS_EDATA, "%s: not a regular file%s", gz->path,
                   S_ISDIR(about.st_mode) ? " but a folder" : "");
  gz->size = about.st_size;
  return LS_OK;
}

static ls_status read_raw(ls_gz *gz, void *data, size_t bytes, size_t *got) {
  ssize_t done = ls_file_fill(gz->fd, data, bytes);
  if (done < 0) return ls_fail(LS_EDATA, "%s: cannot read it: %s", gz->path, strerror(errno));
  XXH3_128bits_update(gz->hash, data, (size_t)done);
  *got = (size_t)done;
  int64_t end = (int64_t)lseek(gz->fd, 0, SEEK_CUR);
  if (done > 0 || end == gz->size) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: has changed while it was read: it ends after %jd bytes, and had %jd",
                 gz->path, end, gz->size);
}

static ls_status read_bytes(ls_gz *gz, void *data, size_t bytes, size_t *got) {
  return gz->zip ? ls_zip_read(gz->zip, data, bytes, got) : read_raw(gz, data, bytes, got);
}

static ls_status refill(ls_gz *gz) {
  size_t got = 0;
  LS_TRY(read_bytes(gz, gz->buffer, BUFFER, &got));
  gz->z.next_in = gz->buffer;
  gz->z.avail_in = (uInt)got;
  return LS_OK;
}

static int64_t file_offset(const ls_gz *gz) {
  return (int64_t)lseek(gz->fd, 0, SEEK_CUR) - gz->z.avail_in;
}

/* ---- up and down ---- */

static ls_status start(ls_gz *gz) {
  LS_TRY(open_regular(gz));
  LS_NEW(gz->buffer, BUFFER);
  gz->hash = XXH3_createState();
  if (!gz->hash) return ls_fail(LS_FAIL, "out of memory");
  XXH3_128bits_reset(gz->hash);
  return refill(gz);
}

/* An archive's file may be packed by gzip once more. */
static ls_status unpack(ls_gz *gz) {
  if (gz->member && !ls_zip_begins(gz->buffer, gz->z.avail_in))
    return ls_fail(LS_EDATA, "%s is a file, neither a folder nor a zip archive: there is no '%s'",
                   gz->archive, gz->member);
  if (ls_zip_begins(gz->buffer, gz->z.avail_in)) {
    LS_TRY(ls_zip_open(gz->member ? gz->archive : gz->path, gz->member, &gz->zip));
    LS_TRY(refill(gz));
  }
  gz->packed = gz->z.avail_in >= 2 && gz->buffer[0] == 0x1f && gz->buffer[1] == 0x8b;
  if (gz->packed && inflateInit2(&gz->z, 15 + 16) != Z_OK) return ls_fail(LS_FAIL, "out of memory");
  return LS_OK;
}

static ls_status open_packed(const char *path, ls_gz **out) {
  LS_NEW(*out, 1);
  (*out)->fd = -1;
  (*out)->path = ls_mem_text(path);
  ls_status status = start(*out);
  if (status != LS_OK) ls_gz_close(out);
  return status;
}

ls_status ls_gz_open(const char *path, ls_gz **out) {
  LS_TRY(open_packed(path, out));
  ls_status status = unpack(*out);
  if (status != LS_OK) ls_gz_close(out);
  return status;
}

void ls_gz_close(ls_gz **out) {
  ls_gz *gz = *out;
  if (!gz) return;
  if (gz->packed) inflateEnd(&gz->z);
  if (gz->fd >= 0) close(gz->fd);
  ls_zip_close(&gz->zip);
  LS_FREE(gz->archive);
  XXH3_freeState(gz->hash);
  LS_FREE(gz->buffer);
  LS_FREE(gz->path);
  LS_FREE(*out);
}

/* ---- reading ---- */

static ls_status damaged(const ls_gz *gz) {
  return ls_fail(LS_EDATA, "%s: damaged gzip data at byte %jd (%s); fetch or copy the file again",
                 gz->path, file_offset(gz), gz->z.msg ? gz->z.msg : "unexpected");
}

/* Behind a member: nothing, or another member. */
static ls_status next_member(ls_gz *gz) {
  if (gz->z.avail_in == 0) LS_TRY(refill(gz));
  if (gz->z.avail_in == 0) return LS_OK;
  if (gz->z.next_in[0] != 0x1f)
    return ls_fail(LS_EDATA,
                   "%s: garbage behind the gzip data at byte %jd; fetch or copy the file again",
                   gz->path, file_offset(gz));
  gz->ended = false;
  return inflateReset(&gz->z) == Z_OK ? LS_OK : damaged(gz);
}

static ls_status inflate_some(ls_gz *gz) {
  if (gz->z.avail_in == 0) LS_TRY(refill(gz));
  if (gz->z.avail_in == 0)
    return ls_fail(
        LS_EDATA,
        "%s: truncated: the gzip data break off at byte %jd; fetch or copy the file again",
        gz->path, file_offset(gz));
  int result = inflate(&gz->z, Z_NO_FLUSH);
  if (result == Z_STREAM_END) {
    gz->ended = true;
    return next_member(gz);
  }
  return result == Z_OK || result == Z_BUF_ERROR ? LS_OK : damaged(gz);
}

static ls_status inflate_part(ls_gz *gz, unsigned char *data, size_t bytes, size_t *got) {
  gz->z.next_out = data;
  gz->z.avail_out = bytes < UINT_MAX ? (uInt)bytes : UINT_MAX;
  while (gz->z.avail_out > 0 && !gz->ended) LS_TRY(inflate_some(gz));
  *got = (size_t)(gz->z.next_out - data);
  return LS_OK;
}

static ls_status copy_part(ls_gz *gz, unsigned char *data, size_t bytes, size_t *got) {
  if (gz->z.avail_in == 0 && bytes >= BUFFER)
    return read_bytes(gz, data, PIECE < bytes ? PIECE : bytes, got);
  if (gz->z.avail_in == 0) LS_TRY(refill(gz));
  *got = bytes < gz->z.avail_in ? bytes : gz->z.avail_in;
  memcpy(data, gz->z.next_in, *got);
  gz->z.next_in += *got;
  gz->z.avail_in -= (uInt)*got;
  return LS_OK;
}

static ls_status hash_rest(ls_gz *gz) {
  size_t got;
  do LS_TRY(read_raw(gz, gz->buffer, BUFFER, &got));
  while (got > 0);
  return LS_OK;
}

/* Of an archive, whose file stands somewhere in it, all bytes once. */
static ls_status hash_archive(ls_gz *gz) {
  gz->digested = true;
  XXH3_128bits_reset(gz->hash);
  if (lseek(gz->fd, 0, SEEK_SET) != 0) return ls_fail(LS_EDATA, "%s: cannot read it", gz->path);
  return hash_rest(gz);
}

ls_status ls_gz_read(ls_gz *gz, void *data, size_t bytes, size_t *got) {
  size_t part = 1;
  for (*got = 0; *got < bytes && part > 0; *got += part) {
    unsigned char *to = (unsigned char *)data + *got;
    LS_TRY(gz->packed ? inflate_part(gz, to, bytes - *got, &part)
                      : copy_part(gz, to, bytes - *got, &part));
  }
  return *got < bytes && gz->zip && !gz->digested ? hash_archive(gz) : LS_OK;
}

static ls_status rewind_bytes(ls_gz *gz) {
  if (gz->zip) return ls_zip_rewind(gz->zip);
  if (lseek(gz->fd, 0, SEEK_SET) != 0)
    return ls_fail(LS_EDATA, "%s: cannot read it again: %s", gz->path, strerror(errno));
  XXH3_128bits_reset(gz->hash);
  return LS_OK;
}

ls_status ls_gz_rewind(ls_gz *gz) {
  LS_TRY(rewind_bytes(gz));
  gz->ended = false;
  gz->z.avail_in = 0;
  return gz->packed && inflateReset(&gz->z) != Z_OK ? damaged(gz) : LS_OK;
}

ls_status ls_gz_read_all(ls_gz *gz, char **data, size_t *bytes) {
  size_t room = (size_t)gz->size + BUFFER, got;
  ls_status status = LS_OK;
  *data = NULL;
  for (*bytes = 0; status == LS_OK; room *= 2) {
    status = ls_mem_grow((void **)data, room + LS_GZ_PAD, 1);
    if (status == LS_OK) status = ls_gz_read(gz, *data + *bytes, room - *bytes, &got);
    if (status == LS_OK) *bytes += got;
    if (status == LS_OK && *bytes < room) return LS_OK;
  }
  LS_FREE(*data);
  return status;
}

static int64_t expanded(int64_t bytes) {
  return bytes > INT64_MAX / DEFLATE_MAX ? INT64_MAX : bytes * DEFLATE_MAX;
}

int64_t ls_gz_bound(const ls_gz *gz) {
  const int64_t bytes = gz->zip ? expanded(gz->size) : gz->size;
  return gz->packed ? expanded(bytes) : bytes;
}

int64_t ls_gz_size(const ls_gz *gz) { return gz->size; }

static void digest_text(const XXH3_state_t *state, char text[LS_DIGEST_TEXT]) {
  XXH128_hash_t digest = XXH3_128bits_digest(state);
  snprintf(text, LS_DIGEST_TEXT, "xxh3-128:%016jx%016jx", digest.high64, digest.low64);
}

void ls_gz_digest(const ls_gz *gz, char text[LS_DIGEST_TEXT]) { digest_text(gz->hash, text); }

ls_status ls_file_digest(const char *path, int64_t *bytes, char text[LS_DIGEST_TEXT]) {
  ls_gz *gz;
  LS_TRY(open_packed(path, &gz));
  ls_status status = hash_rest(gz);
  *bytes = (int64_t)lseek(gz->fd, 0, SEEK_CUR);
  digest_text(gz->hash, text);
  ls_gz_close(&gz);
  return status;
}
