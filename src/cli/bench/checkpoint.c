/* checkpoint.c - lockstep bench checkpoint: what a save costs the loop (stall) and the disk
 * (commit) for networks of 1, 10 and 100 million parameters with Adam's two slots, beside a plain
 * write and fsync of as many bytes. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "checkpoint/saver.h"
#include "cli/bench/bench.h"
#include "io/regular.h"

enum { SAVES = 5, SIZES_MAX = 16, WIDTH = 1000 };

typedef struct {
  double stall, commit, copy, plain; /* seconds, medians */
  size_t bytes;
  long peak_kb;
} cost;

static ls_status plain_write(const char *dir, const void *data, size_t bytes, double *seconds) {
  char *path = ls_mem_format("%s/bench-plain.tmp", dir);
  double start = ls_time();
  int fd;
  if (ls_regular_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, &fd) != LS_OK) {
    LS_FREE(path);
    return LS_EIO;
  }
  size_t done = 0;
  while (fd >= 0 && done < bytes) {
    ssize_t wrote = write(fd, (const char *)data + done,
                          bytes - done < (size_t)1 << 30 ? bytes - done : (size_t)1 << 30);
    if (wrote <= 0) break;
    done += (size_t)wrote;
  }
  bool good = fd >= 0 && done == bytes && fsync(fd) == 0;
  *seconds = ls_time() - start;
  ls_status status = good ? LS_OK : ls_fail(LS_EIO, "%s: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
  unlink(path);
  LS_FREE(path);
  return status;
}

static void fill(ls_image *image, const float *state, const ls_state *at, const ls_stats *sums,
                 int64_t n) {
  memcpy(ls_image_weights(image, 0), state, (size_t)n * sizeof *state);
  for (int s = 0; s < 2; s++)
    memcpy(ls_image_slot(image, s, 0), state + (s + 1) * n, (size_t)n * sizeof *state);
  ls_image_state(image, at, sums);
}

/* SAVES checkpoints, each waited for, and as many plain writes between them. other: room for a copy
 * of state. */
static ls_status measure(ls_saver *saver, const char *dir, float *state, char *other, int64_t n,
                         cost *c) {
  double stall[SAVES], commit[SAVES], copy[SAVES], plain[SAVES];
  ls_stats sums[1] = {{0}};
  ls_saver_outcome done = {0};
  for (int i = 0; i < SAVES; i++) {
    ls_state at = {
        .global_step = i + 1, .best_value = NAN, .last_loss = NAN, .last_grad_norm = NAN};
    char name[32];
    snprintf(name, sizeof name, "ckpt-%d.h5", i + 1);
    double start = ls_time();
    memcpy(other, state, (size_t)n * 3 * sizeof *state);
    copy[i] = ls_time() - start;
    start = ls_time();
    fill(ls_saver_begin(saver, true), state, &at, sums, n);
    ls_saver_submit(saver, i + 1, name, -1, 0);
    stall[i] = ls_time() - start;
    ls_saver_finish(saver);
    if (!ls_saver_poll(saver, &done) || done.status != LS_OK)
      return ls_fail(LS_EIO, "%s", done.error);
    commit[i] = done.commit_ms / 1e3;
    LS_TRY(plain_write(dir, state, c->bytes, &plain[i]));
    char *path = ls_mem_format("%s/%s", dir, name);
    unlink(path);
    LS_FREE(path);
  }
  c->stall = ls_bench_median(stall, SAVES);
  c->commit = ls_bench_median(commit, SAVES);
  c->copy = ls_bench_median(copy, SAVES);
  c->plain = ls_bench_median(plain, SAVES);
  return LS_OK;
}

static ls_status one_size(const char *dir, int64_t millions, cost *c) {
  static char *slot_name[] = {(char *)"m", (char *)"v"};
  int64_t n = millions * 1000000;
  ls_tensor tensor = {.layer = 0, .name = "W", .rows = n / WIDTH, .cols = WIDTH};
  ls_checkpoint like = {.precision = LS_F32,
                        .tensor = &tensor,
                        .tensors = 1,
                        .slots = 2,
                        .slot_name = slot_name,
                        .slices = 1,
                        .seed = 1,
                        .batch = 1,
                        .config_text = (char *)"bench: checkpoint\n",
                        .kernel = (char *)"none",
                        .inputs = n / WIDTH,
                        .outputs = WIDTH};
  float *state;
  char *other;
  struct rusage usage;
  ls_saver *saver = NULL;
  LS_NEW(state, 3 * n);
  for (int64_t i = 0; i < 3 * n; i++) state[i] = (float)i * 1e-6f;
  c->bytes = (size_t)(3 * n) * sizeof *state;
  ls_status status = ls_mem_new((void **)&other, c->bytes, 1);
  if (status == LS_OK) status = ls_saver_new(&like, dir, true, 1, &saver);
  if (status == LS_OK) status = measure(saver, dir, state, other, n, c);
  ls_saver_free(&saver);
  getrusage(RUSAGE_SELF, &usage);
  c->peak_kb = usage.ru_maxrss;
  LS_FREE(state);
  LS_FREE(other);
  return status;
}

static const char look[] =
    "parameters   state MB   stall ms    memcpy ms    commit ms plain write ms    peak MB\n"
    "{*sizes}{_millions:8} M {bytes*1e-6:10.0f} {stall_ms:10.2f} {memcpy_ms:12.2f} "
    "{commit_ms:12.1f} {plain_ms:14.1f} {peak_kb*1e-3:10.0f}\n{/}";

static void put_cost(json_t *o, int millions, const cost *c) {
  ls_put(o, "_millions", millions);
  ls_put(o, "parameters", millions * (int64_t)1000000);
  ls_put(o, "bytes", c->bytes);
  ls_put(o, "stall_ms", 1e3 * c->stall);
  ls_put(o, "memcpy_ms", 1e3 * c->copy);
  ls_put(o, "commit_ms", 1e3 * c->commit);
  ls_put(o, "plain_ms", 1e3 * c->plain);
  ls_put(o, "peak_kb", c->peak_kb);
}

/* In a folder of its own: a saver removes old checkpoints, and --dir may be somebody's run folder.
 */
ls_status ls_bench_checkpoint(ls_cli *cli, const void *given) {
  const ls_bench_options *o = given;
  if (ls_comm_size(cli->comm) > 1)
    return ls_fail(LS_EUSAGE, "bench checkpoint measures rank 0's work; run it without mpirun");
  int millions[SIZES_MAX], count = ls_bench_list(o->sizes, SIZES_MAX, millions);
  if (count == 0) return ls_fail(LS_EUSAGE, "--sizes %s: write it as 1,10,100", o->sizes);
  char *dir = ls_mem_format("%s/bench-XXXXXX", o->dir);
  json_t *answer = json_object(), *sizes = json_array();
  ls_put(answer, "sizes", sizes);
  ls_status status = LS_OK;
  if (!mkdtemp(dir))
    status = ls_fail(LS_EIO, "cannot make a folder in '%s': %s", o->dir, strerror(errno));
  for (int i = 0; i < count && status == LS_OK; i++) {
    cost c = {0};
    status = one_size(dir, millions[i], &c);
    put_cost(ls_put_item(sizes), millions[i], &c);
  }
  rmdir(dir); /* empty unless a save failed */
  if (status == LS_OK)
    ls_print(cli, answer, look);
  else
    json_decref(answer);
  LS_FREE(dir);
  return status;
}
