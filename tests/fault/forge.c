/* forge FILE OUT SEED - FILE, a checkpoint, with a lie or some in its index, header, fields or
 * tensors, sealed again with right digests: what someone can make who wants to deceive. Says what
 * the lies are.
 * forge FILE OUT SEED COUNT - try COUNT of them, seeds SEED, SEED + 1 ...: each is read, and must
 * be refused as data (65), or be a checkpoint that says what it said before in all that a lie was
 * not about. A crash, or any other answer, is a fault: exit 70, and OUT is the file. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "checkpoint/index.h"
#include "checkpoint/read.h"
#include "io/regular.h"

typedef struct {
  char *data; /* (bytes) the file */
  size_t bytes;
  ls_block block;
  ls_layout toc;        /* as it was, */
  uint64_t index, rows; /* and where */
  uint64_t seed, drawn;
  bool index_lies; /* about the index or where it is: then nothing else may have changed */
  char what[512];  /* the lies, in words */
} forgery;

static uint64_t draw(forgery *f, uint64_t below) {
  return ls_rng_u64(f->seed, 1, f->drawn++) % below;
}

static void say(forgery *f, const char *text) {
  size_t length = strlen(f->what);
  snprintf(f->what + length, sizeof f->what - length, "%s%s", length ? ", " : "", text);
}

/* ---- values that have broken programs before ---- */

static int64_t bad_integer(forgery *f, int64_t was) {
  static const int64_t value[] = {
      0,    1,         2,         -1,         -2,        63,        64,
      4096, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MAX - 63};
  switch (draw(f, 5)) {
    case 0:
      return (int64_t)((uint64_t)was + draw(f, 9) - 4);
    case 1:
      return (int64_t)((uint64_t)was ^ UINT64_C(1) << draw(f, 64));
    case 2:
      return (int64_t)(UINT64_C(1) << draw(f, 64));
    default:
      return value[draw(f, sizeof value / sizeof *value)];
  }
}

static double bad_real(forgery *f, double was) {
  const double value[] = {
      0,      -0.0,   1,    -1,     (double)NAN, (double)INFINITY, -(double)INFINITY,       1e308,
      -1e308, 1e-320, 1e38, 3.5e38, was + 1,     was * 2,          nextafter(was, INFINITY)};
  return value[draw(f, sizeof value / sizeof *value)];
}

static void spoil_bytes(forgery *f, char *at, size_t bytes) {
  static const char letter[] = "\0 /.-0189afxz_:{}[]\n\xff";
  at += draw(f, bytes);
  *at = draw(f, 2) ? letter[draw(f, sizeof letter)] : (char)(*at ^ (1 << draw(f, 8)));
}

static void spoil_value(forgery *f, const ls_h5_item *item) {
  char *at = f->data + item->offset + draw(f, (uint64_t)item->count) * (uint64_t)item->width;
  int64_t integer;
  double real;
  float single;
  if (item->type == LS_FIXED_TEXT) {
    spoil_bytes(f, at, (size_t)item->width);
  } else if (item->type == LS_F32) {
    memcpy(&single, at, sizeof single);
    single = (float)bad_real(f, (double)single);
    memcpy(at, &single, sizeof single);
  } else if (item->type == LS_F64) {
    memcpy(&real, at, sizeof real);
    real = bad_real(f, real);
    memcpy(at, &real, sizeof real);
  } else {
    memcpy(&integer, at, sizeof integer);
    integer = bad_integer(f, integer);
    memcpy(at, &integer, sizeof integer);
  }
}

/* ---- the lies ---- */

static void lie_in_field(forgery *f) {
  const ls_h5_item *item = &f->toc.item[draw(f, (uint64_t)f->toc.items)];
  spoil_value(f, item);
  say(f, item->path);
}

static char *any_row(forgery *f) {
  return f->data + f->index + draw(f, f->rows) * sizeof(ls_h5_row);
}

static void lie_in_index(forgery *f) {
  static const size_t number[] = {offsetof(ls_h5_row, rank), offsetof(ls_h5_row, dim),
                                  offsetof(ls_h5_row, dim) + 8, offsetof(ls_h5_row, offset),
                                  offsetof(ls_h5_row, bytes)};
  char *row = any_row(f), *other = any_row(f), was[48];
  int64_t value;
  f->index_lies = true;
  say(f, "index of ");
  say(f, ((ls_h5_row *)(void *)row)->path);
  size_t at = number[draw(f, 5)];
  switch (draw(f, 6)) {
    case 0: /* another row's place, type and shape, or the whole row */
      memcpy(row + LS_H5_PATH, other + LS_H5_PATH, sizeof was);
      return;
    case 1:
      memcpy(was, row + LS_H5_PATH, sizeof was);
      memcpy(row + LS_H5_PATH, other + LS_H5_PATH, sizeof was);
      memcpy(other + LS_H5_PATH, was, sizeof was);
      return;
    case 2:
      spoil_bytes(f, row, LS_H5_PATH + LS_H5_TYPE);
      return;
    default:
      memcpy(&value, row + at, sizeof value);
      value = bad_integer(f, value);
      memcpy(row + at, &value, sizeof value);
  }
}

static void lie_in_header(forgery *f) {
  f->index_lies = true;
  say(f, "header");
  if (draw(f, 2))
    f->block.index = (uint64_t)bad_integer(f, (int64_t)f->block.index);
  else
    f->block.rows = (uint64_t)bad_integer(f, (int64_t)f->block.rows);
}

/* HDF5's own bytes, mostly, which only HDF5 reads. */
static void lie_anywhere(forgery *f) {
  say(f, "a byte anywhere");
  spoil_bytes(f, f->data + LS_CKPT_BLOCK, f->bytes - LS_CKPT_BLOCK);
}

static const ls_h5_item *item_of(const forgery *f, const char *path) {
  return ls_layout_find(&f->toc, path);
}

/* Fields that others repeat, made to agree: deceivers can do that too. */
static void agree(forgery *f) {
  const ls_h5_item *step = item_of(f, "/meta/global_step"), *text = item_of(f, "/config/text"),
                   *digest = item_of(f, "/config/digest");
  memcpy(&f->block.step, f->data + step->offset, sizeof f->block.step);
  memcpy(f->data + item_of(f, "/data/epoch")->offset, f->data + item_of(f, "/meta/epoch")->offset,
         8);
  memcpy(f->data + item_of(f, "/data/position")->offset,
         f->data + item_of(f, "/meta/samples_seen")->offset, 8);
  ls_digest_hex(f->data + text->offset, strnlen(f->data + text->offset, text->bytes),
                f->data + digest->offset);
}

static void seal(forgery *f) {
  ls_sha256(f->data + LS_CKPT_BLOCK, f->bytes - LS_CKPT_BLOCK, f->block.sha);
  ls_block_write(&f->block, f->data);
}

static void tell_lies(forgery *f) {
  f->what[0] = 0;
  for (uint64_t lies = 1 + draw(f, 3); lies > 0; lies--) {
    uint64_t kind = draw(f, 8);
    if (kind < 4 || f->block.version == 1)
      (kind < 7 ? lie_in_field : lie_anywhere)(f);
    else if (kind < 6)
      lie_in_index(f);
    else
      (kind == 6 ? lie_in_header : lie_anywhere)(f);
  }
  if (draw(f, 4)) agree(f);
  seal(f);
}

/* ---- trying them ---- */

static bool same_text(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* What no single lie can change in a file that is still believed. */
static bool same_run(const ls_checkpoint *a, const ls_checkpoint *b) {
  bool same = a->precision == b->precision && a->tensors == b->tensors && a->slots == b->slots &&
              a->slices == b->slices && a->seed == b->seed && a->inputs == b->inputs &&
              a->outputs == b->outputs && a->x_affine.n == b->x_affine.n &&
              same_text(a->config_text, b->config_text);
  for (int i = 0; same && i < a->tensors; i++)
    same = a->tensor[i].rows == b->tensor[i].rows && a->tensor[i].cols == b->tensor[i].cols;
  return same;
}

static bool same_numbers(const ls_checkpoint *a, const ls_checkpoint *b) {
  size_t bytes = (size_t)a->parameters * ls_dtype_size(a->precision);
  bool same = memcmp(&a->state, &b->state, sizeof a->state) == 0 &&
              memcmp(a->weights, b->weights, bytes) == 0;
  for (int s = 0; same && s < a->slots; s++) same = memcmp(a->slot[s], b->slot[s], bytes) == 0;
  return same;
}

static void write_file(const char *path, const char *data, size_t bytes) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || close(fd) != 0) abort();
}

static ls_status open_forgery(const char *path, forgery *f) {
  LS_TRY(ls_file_read(path, &f->data, &f->bytes, 1 << 26));
  LS_TRY(ls_block_verify(path, f->data, f->bytes, &f->block));
  f->index = f->block.index;
  f->rows = f->block.rows;
  return ls_index_read(path, f->data, f->bytes, &f->block, &f->toc);
}

/* Lies about the index must be seen, or have changed nothing; the others' run must be the same. */
static const char *judge(const forgery *f, ls_status status, const ls_checkpoint *truth,
                         const ls_checkpoint *c) {
  if (status == LS_EDATA) return NULL;
  if (status != LS_OK) return "another status than 65";
  if (!same_run(truth, c)) return "another run";
  return f->index_lies && !strchr(f->what, ',') && !same_numbers(truth, c) ? "other numbers" : NULL;
}

static ls_status try(const char *path, const char *out, uint64_t seed, int64_t count) {
  ls_checkpoint *truth, *c;
  forgery whole = {0};
  int64_t tried = 0, refused = 0;
  const char *wrong = NULL;
  LS_TRY(ls_checkpoint_read(path, &truth));
  LS_TRY(open_forgery(path, &whole));
  char *data = malloc(whole.bytes);
  if (!data) abort();
  for (; tried < count && !wrong; tried++) {
    forgery f = whole;
    f.data = memcpy(data, whole.data, whole.bytes);
    f.seed = seed + (uint64_t)tried;
    tell_lies(&f);
    write_file(out, f.data, f.bytes);
    ls_status status = ls_checkpoint_read(out, &c);
    refused += status != LS_OK;
    wrong = judge(&f, status, truth, c);
    if (wrong)
      printf("seed %llu: %s: %s (status %d: %s)\n", (unsigned long long)f.seed, f.what, wrong,
             status, status == LS_OK ? "" : ls_error_text());
    ls_checkpoint_free(&c);
  }
  free(data);
  ls_checkpoint_free(&truth);
  ls_layout_free(&whole.toc);
  LS_FREE(whole.data);
  printf("%s: %lld forgeries from seed %llu on, %lld refused, the others as good as before\n", path,
         (long long)tried, (unsigned long long)seed, (long long)refused);
  if (!wrong) unlink(out);
  if (ls_mem_live() != 0) wrong = "memory is left";
  return wrong ? ls_fail(LS_EINTERNAL, "%s", wrong) : LS_OK;
}

static ls_status one(const char *path, const char *out, uint64_t seed) {
  forgery f = {.seed = seed};
  LS_TRY(open_forgery(path, &f));
  tell_lies(&f);
  write_file(out, f.data, f.bytes);
  printf("%s\n", f.what);
  return LS_OK;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 5) return LS_EUSAGE;
  uint64_t seed = strtoull(argv[3], NULL, 10);
  ls_status status =
      argc == 5 ? try(argv[1], argv[2], seed, atoll(argv[4])) : one(argv[1], argv[2], seed);
  if (status != LS_OK) ls_log(LS_LOG_ERROR, "%s", ls_error_text());
  return (int)status;
}
