/* block.c - the block is little-endian as it lies in memory. A block that was read is written
 * once more, and whatever differs from it is damage, gaps and zeros included. Begin with
 * ls_block_read; files are hashed in pieces, without holding them. */
#include "checkpoint/block.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alive.h"
#include "base/typed.h"
#include "io/regular.h"
#include "io/signature.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "files are little-endian, and so is the memory that is copied into them");
_Static_assert(sizeof(ls_block) == LS_CKPT_BLOCK, "the block has no gaps");

static const char magic[8] = {(char)0x89, 'L', 'S', 'C', 'K', '\r', '\n', 0x1a};

void ls_sha256(const void *data, size_t bytes, unsigned char *out) {
  unsigned length = 0;
  int done = EVP_Digest(data, bytes, out, &length, EVP_sha256(), NULL);
  assert(done == 1 && length == LS_CKPT_SHA);
  (void)done;
}

void ls_block_write(const ls_block *block, void *out) {
  ls_block b = *block;
  memcpy(b.magic, magic, sizeof magic);
  b.size = LS_CKPT_BLOCK;
  b.sum = XXH3_64bits(&b, offsetof(ls_block, sum));
  if (b.version == 1) b.index = b.rows = 0;
  b.sum_2 = b.version == 1 ? 0 : XXH3_64bits(&b, offsetof(ls_block, sum_2));
  memset(b.zeros, 0, sizeof b.zeros);
  memcpy(out, &b, sizeof b);
}

/* Something else that is known, a text, or a checkpoint that is damaged. */
static ls_status no_checkpoint(const char *name, const void *data, size_t bytes) {
  const ls_signature *known = ls_signature_of(data, bytes);
  if (known && known != ls_signature_hdf5) {
    ls_fail(LS_EDATA, "'%s' is no checkpoint but %s", name, known->what);
    return known->wrapper ? ls_fail_remedy(LS_EDATA, known->remedy, name) : LS_EDATA;
  }
  if (bytes > 0 && !memchr(data, 0, bytes))
    return ls_fail(LS_EDATA, "'%s' is no checkpoint but a text", name);
  if (bytes < LS_CKPT_BLOCK)
    return ls_fail(LS_EDATA, "'%s' is shorter than a checkpoint's header", name);
  return ls_fail(LS_EDATA, "'%s' is not a lockstep checkpoint, or its first bytes are damaged",
                 name);
}

ls_status ls_block_read(const char *name, const void *in, ls_block *block) {
  ls_block again;
  memcpy(block, in, sizeof *block);
  if (memcmp(block->magic, magic, sizeof magic)) return no_checkpoint(name, in, LS_CKPT_BLOCK);
  bool known = block->version == 1 || block->version == LS_CKPT_HEADER;
  if (!known && block->sum == XXH3_64bits(in, offsetof(ls_block, sum)))
    return ls_fail(LS_EIO, "'%s' has a header of version %u; this lockstep reads 1 to %d", name,
                   block->version, LS_CKPT_HEADER);
  ls_block_write(block, &again); /* whatever differs from what we would have written is damage */
  if (known && !memcmp(&again, in, sizeof again)) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' is damaged: its header does not match its own checksum", name);
}

static ls_status check_rest(const char *name, const ls_block *block, uint64_t bytes,
                            const unsigned char *sha) {
  if (bytes != block->payload)
    return ls_fail(LS_EDATA,
                   "'%s' is damaged: it should have %ju bytes behind its header and has %ju", name,
                   block->payload, bytes);
  if (!memcmp(sha, block->sha, LS_CKPT_SHA)) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' is damaged: its SHA-256 is not the one in its header", name);
}

ls_status ls_block_verify(const char *name, const void *data, size_t bytes, ls_block *block) {
  unsigned char sha[LS_CKPT_SHA];
  if (bytes < LS_CKPT_BLOCK) return no_checkpoint(name, data, bytes);
  LS_TRY(ls_block_read(name, data, block));
  ls_sha256((const char *)data + LS_CKPT_BLOCK, bytes - LS_CKPT_BLOCK, sha);
  return check_rest(name, block, bytes - LS_CKPT_BLOCK, sha);
}

/* ---- the same of a file, without holding it in memory ---- */

/* Up to `bytes`; fewer at the end of the file. */
static ls_status read_some(int fd, const char *path, char *out, size_t bytes, size_t *got) {
  for (*got = 0; *got < bytes;) {
    ls_alive();
    ssize_t n = read(fd, out + *got, bytes - *got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ls_fail(LS_EIO, "cannot read '%s': %s", path, strerror(errno));
    if (n == 0) return LS_OK;
    *got += (size_t)n;
  }
  return LS_OK;
}

static ls_status read_block(int fd, const char *path, ls_block *block) {
  char data[LS_CKPT_BLOCK];
  size_t got;
  LS_TRY(read_some(fd, path, data, sizeof data, &got));
  if (got < sizeof data) return no_checkpoint(path, data, got);
  return ls_block_read(path, data, block);
}

static ls_status hash_rest(int fd, const char *path, EVP_MD_CTX *hash, uint64_t *bytes) {
  char chunk[1 << 16];
  size_t got;
  *bytes = 0;
  do {
    LS_TRY(read_some(fd, path, chunk, sizeof chunk, &got));
    EVP_DigestUpdate(hash, chunk, got);
    *bytes += got;
  } while (got == sizeof chunk);
  return LS_OK;
}

static ls_status verify_rest(int fd, const char *path, const ls_block *block) {
  unsigned char sha[LS_CKPT_SHA];
  uint64_t bytes;
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  ls_status status = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1
                         ? hash_rest(fd, path, hash, &bytes)
                         : ls_fail(LS_FAIL, "out of memory for a SHA-256");
  if (status == LS_OK) {
    EVP_DigestFinal_ex(hash, sha, NULL);
    status = check_rest(path, block, bytes, sha);
  }
  EVP_MD_CTX_free(hash);
  return status;
}

static ls_status with_file(const char *path, bool whole, ls_block *block) {
  int fd = -1;
  LS_TRY(ls_regular_open(path, O_RDONLY, &fd));
  ls_status status = read_block(fd, path, block);
  if (status == LS_OK && whole) status = verify_rest(fd, path, block);
  close(fd);
  return status;
}

ls_status ls_block_peek(const char *path, ls_block *block) { return with_file(path, false, block); }

ls_status ls_checkpoint_verify(const char *path) {
  ls_block block;
  return with_file(path, true, &block);
}
