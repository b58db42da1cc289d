/* block.c - the user block in front of the HDF5 file, and its digests. Little-endian,
 * like the file: 0 magic (8)  8 header version (u32)  12 block bytes (u32)  16 payload bytes (u64)
 * 24 global_step (i64) 32 SHA-256 of the payload (32)  64 XXH3-64 of bytes 0..63 (u64)
 * Version 1, of format 1.0: 72 zeros to 4096. Version 2: 72 where the index begins (u64)  80 its
 * rows (u64)  88 XXH3-64 of bytes 0..87 (u64)  96 zeros to 4096 */
#include "checkpoint/block.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alive.h"
#include "io/regular.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "files are little-endian, and so is the memory that is copied into them");

enum {
  AT_VERSION = 8,
  AT_SIZE = 12,
  AT_PAYLOAD = 16,
  AT_STEP = 24,
  AT_SHA = 32,
  AT_SUM = 64,
  AT_INDEX = 72,
  AT_ROWS = 80,
  AT_SUM_2 = 88
};
static const char magic[AT_VERSION] = {(char)0x89, 'L', 'S', 'C', 'K', '\r', '\n', 0x1a};

void ls_sha256(const void *data, size_t bytes, unsigned char *out) {
  unsigned length = 0;
  int done = EVP_Digest(data, bytes, out, &length, EVP_sha256(), NULL);
  assert(done == 1 && length == LS_CKPT_SHA);
  (void)done;
}

void ls_digest_hex(const void *data, size_t bytes, char *out) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, bytes));
  for (int i = 0; i < LS_CKPT_DIGEST / 2; i++) {
    out[2 * i] = "0123456789abcdef"[canonical.digest[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[canonical.digest[i] & 15];
  }
  out[LS_CKPT_DIGEST] = 0;
}

static void write_sum(char *block, int place) {
  uint64_t sum = XXH3_64bits(block, (size_t)place);
  memcpy(block + place, &sum, sizeof sum);
}

void ls_run_id(const char *config_text, const ls_data_file *file, int files, char *out) {
  XXH3_state_t *hash = XXH3_createState();
  XXH3_128bits_reset(hash);
  XXH3_128bits_update(hash, config_text, strlen(config_text));
  for (int i = 0; i < files; i++) XXH3_128bits_update(hash, file[i].digest, strlen(file[i].digest));
  XXH128_hash_t id = XXH3_128bits_digest(hash);
  XXH3_freeState(hash);
  snprintf(out, LS_RUN_ID, "%016llx%016llx", (unsigned long long)id.high64,
           (unsigned long long)id.low64);
}

void ls_block_write(const ls_block *block, void *out) {
  const uint32_t version = (uint32_t)block->version, size = LS_CKPT_BLOCK;
  char *at = out;
  memset(at, 0, LS_CKPT_BLOCK);
  memcpy(at, magic, sizeof magic);
  memcpy(at + AT_VERSION, &version, sizeof version);
  memcpy(at + AT_SIZE, &size, sizeof size);
  memcpy(at + AT_PAYLOAD, &block->payload, sizeof block->payload);
  memcpy(at + AT_STEP, &block->step, sizeof block->step);
  memcpy(at + AT_SHA, block->sha, sizeof block->sha);
  write_sum(at, AT_SUM);
  if (block->version == 1) return;
  memcpy(at + AT_INDEX, &block->index, sizeof block->index);
  memcpy(at + AT_ROWS, &block->rows, sizeof block->rows);
  write_sum(at, AT_SUM_2);
}

ls_status ls_block_read(const char *name, const void *in, ls_block *block) {
  const char *at = in;
  uint32_t version;
  char again[LS_CKPT_BLOCK];
  memcpy(&version, at + AT_VERSION, sizeof version);
  memcpy(&block->payload, at + AT_PAYLOAD, sizeof block->payload);
  memcpy(&block->step, at + AT_STEP, sizeof block->step);
  memcpy(block->sha, at + AT_SHA, sizeof block->sha);
  memcpy(&block->index, at + AT_INDEX, sizeof block->index);
  memcpy(&block->rows, at + AT_ROWS, sizeof block->rows);
  block->version = version == 1 ? 1 : LS_CKPT_HEADER;
  if (memcmp(at, magic, sizeof magic))
    return ls_fail(LS_EDATA, "'%s' is not a lockstep checkpoint, or its first bytes are damaged",
                   name);
  ls_block_write(block, again); /* whatever differs from what we would have written is damage */
  if (!memcmp(again, at, LS_CKPT_BLOCK)) return LS_OK;
  const uint64_t sum = XXH3_64bits(at, AT_SUM);
  if (version != (uint32_t)block->version && !memcmp(at + AT_SUM, &sum, sizeof sum))
    return ls_fail(LS_EIO, "'%s' has a header of version %u; this lockstep reads 1 to %d", name,
                   version, LS_CKPT_HEADER);
  return ls_fail(LS_EDATA, "'%s' is damaged: its header does not match its own checksum", name);
}

static ls_status check_payload(const char *name, const ls_block *block, uint64_t bytes) {
  if (bytes == block->payload) return LS_OK;
  return ls_fail(LS_EDATA,
                 "'%s' is damaged: it should have %llu bytes behind its header and has %llu", name,
                 (unsigned long long)block->payload, (unsigned long long)bytes);
}

static ls_status check_sha(const char *name, const ls_block *block, const unsigned char *sha) {
  if (!memcmp(sha, block->sha, LS_CKPT_SHA)) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' is damaged: its SHA-256 is not the one in its header", name);
}

ls_status ls_block_verify(const char *name, const void *data, size_t bytes, ls_block *block) {
  unsigned char sha[LS_CKPT_SHA];
  if (bytes < LS_CKPT_BLOCK)
    return ls_fail(LS_EDATA, "'%s' is shorter than a checkpoint's header", name);
  LS_TRY(ls_block_read(name, data, block));
  LS_TRY(check_payload(name, block, bytes - LS_CKPT_BLOCK));
  ls_sha256((const char *)data + LS_CKPT_BLOCK, bytes - LS_CKPT_BLOCK, sha);
  return check_sha(name, block, sha);
}

/* ---- the same of a file, without holding it in memory ---- */

static ssize_t read_some(int fd, void *out, size_t bytes) {
  ssize_t got;
  ls_alive();
  do got = read(fd, out, bytes);
  while (got < 0 && errno == EINTR);
  return got;
}

static ls_status read_block(int fd, const char *path, ls_block *block) {
  char data[LS_CKPT_BLOCK] = {0};
  size_t used = 0;
  for (ssize_t got; used < sizeof data; used += (size_t)got) {
    got = read_some(fd, data + used, sizeof data - used);
    if (got < 0) return ls_fail(LS_EIO, "cannot read '%s': %s", path, strerror(errno));
    if (got == 0) return ls_fail(LS_EDATA, "'%s' is shorter than a checkpoint's header", path);
  }
  return ls_block_read(path, data, block);
}

/* Hash to the end; *bytes counts. */
static ls_status hash_rest(int fd, const char *path, EVP_MD_CTX *hash, uint64_t *bytes,
                           unsigned char *sha) {
  char chunk[1 << 16];
  ssize_t got;
  for (*bytes = 0; (got = read_some(fd, chunk, sizeof chunk)) > 0; *bytes += (uint64_t)got)
    EVP_DigestUpdate(hash, chunk, (size_t)got);
  EVP_DigestFinal_ex(hash, sha, NULL);
  return got < 0 ? ls_fail(LS_EIO, "cannot read '%s': %s", path, strerror(errno)) : LS_OK;
}

static ls_status check_rest(int fd, const char *path, const ls_block *block) {
  unsigned char sha[LS_CKPT_SHA];
  uint64_t bytes;
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
    EVP_MD_CTX_free(hash);
    return ls_fail(LS_FAIL, "out of memory for a SHA-256");
  }
  ls_status status = hash_rest(fd, path, hash, &bytes, sha);
  EVP_MD_CTX_free(hash);
  if (status == LS_OK) status = check_payload(path, block, bytes);
  return status == LS_OK ? check_sha(path, block, sha) : status;
}

static ls_status with_file(const char *path, bool whole, ls_block *block) {
  int fd = -1;
  LS_TRY(ls_regular_open(path, O_RDONLY, &fd));
  ls_status status = read_block(fd, path, block);
  if (status == LS_OK && whole) status = check_rest(fd, path, block);
  close(fd);
  return status;
}

ls_status ls_block_peek(const char *path, ls_block *block) { return with_file(path, false, block); }

ls_status ls_checkpoint_verify(const char *path) {
  ls_block block = {0};
  return with_file(path, true, &block);
}
