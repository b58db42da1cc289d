/* What is in a run's folder: commits, the writer's thread, pruning, the lock, small files. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "checkpoint/find.h"
#include "checkpoint/saver.h"
#include "checkpoint_files.h"
#include "io/durable.h"
#include "io/lock.h"

static void commit_never_replaces(void **unused) {
  (void)unused;
  char *before, *after;
  size_t n;
  save("ckpt-5.h5", 5);
  slurp("ckpt-5.h5", &before, &n);
  save("ckpt-5.h5", 5); /* the same bytes are no conflict */
  ls_image *image = image_new(LS_F32, 6);
  assert_int_equal(ls_image_commit(image, folder, "ckpt-5.h5"), LS_EIO);
  slurp("ckpt-5.h5", &after, &n);
  assert_memory_equal(before, after, n);
  assert_false(exists(".tmp-ckpt-5.h5"));
  spill(".tmp-ckpt-6.h5", "left by a kill", 14);
  ok(ls_image_commit(image, folder, "ckpt-6.h5"));
  save("final.h5", 5);
  ok(ls_image_commit(image, folder, "final.h5"));
  assert_int_equal(ls_image_commit(image, at("nowhere"), "ckpt-6.h5"), LS_EIO);
  ls_image_free(&image);
  ls_mem_free(before);
  ls_mem_free(after);
  unlink(at("ckpt-5.h5")), unlink(at("ckpt-6.h5")), unlink(at("final.h5"));
}

static void one_run_at_a_time(void **unused) {
  (void)unused;
  ls_lock *lock, *second;
  char *text;
  size_t bytes;
  ok(ls_lock_take(folder, &lock));
  assert_int_equal(ls_lock_take(folder, &second), LS_EIO);
  assert_null(second);
  char pid[32];
  snprintf(pid, sizeof pid, "process %d", (int)getpid());
  assert_non_null(strstr(ls_error_text(), pid));
  assert_non_null(strstr(ls_error_text(), ".lock"));
  slurp(".lock", &text, &bytes);
  ls_lock_release(&lock);
  assert_false(exists(".lock"));
  spill(".lock", text, bytes); /* as a killed owner leaves it */
  ls_mem_free(text);
  ok(ls_lock_take(folder, &lock));
  ls_lock_release(&lock);
  pid_t child = fork(); /* a real owner that is killed */
  if (child == 0) _exit(ls_lock_take(folder, &lock) == LS_OK && raise(SIGKILL));
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && exists(".lock"));
  ok(ls_lock_take(folder, &lock));
  ls_lock_release(&lock);
  assert_int_equal(ls_lock_take(at("nowhere"), &lock), LS_EIO);
  setenv("LOCKSTEP_LOCK_BEAT", "0.01", 1); /* the owner that finds another's name has lost */
  ok(ls_lock_take(folder, &lock));
  spill(".lock", "host h pid 7 job - place - start 7 beat 0000000007\n", 49);
  for (int i = 0; i < 500 && ls_lock_check(lock) == LS_OK; i++) usleep(10000);
  assert_int_equal(ls_lock_check(lock), LS_EIO);
  ls_lock_release(&lock);
  assert_true(exists(".lock"));
  unlink(at(".lock"));
  unsetenv("LOCKSTEP_LOCK_BEAT");
}

static void small_files(void **unused) {
  (void)unused;
  char *data;
  size_t bytes;
  ok(ls_make_dirs(at("x/y//z/")));
  ok(ls_make_dirs(at("x/y/z")));
  ok(ls_durable_write(at("x/y/z"), "config.yaml", "one", 3, true));
  ok(ls_durable_write(at("x/y/z"), "config.yaml", "three", 5, true));
  assert_int_equal(ls_durable_write(at("x/y/z"), "config.yaml", "two", 3, false), LS_EIO);
  slurp("x/y/z/config.yaml", &data, &bytes);
  assert_true(bytes == 5 && !strcmp(data, "three"));
  ls_mem_free(data);
  assert_int_equal(ls_file_read(at("x/y/z/config.yaml"), &data, &bytes, 4), LS_EIO);
  assert_null(data);
  ok(ls_file_read(at("x/y/z/config.yaml"), &data, &bytes, 5));
  ls_mem_free(data);
  assert_int_equal(ls_make_dirs(at("x/y/z/config.yaml/w")), LS_EIO);
  assert_int_equal(ls_file_read(folder, &data, &bytes, 100000), LS_EIO);
  int ends[2]; /* a pipe has no size to ask for */
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "from a pipe", 11), 11);
  close(ends[1]);
  char name[32];
  snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
  ok(ls_file_read(name, &data, &bytes, 1000));
  assert_true(bytes == 11 && !strcmp(data, "from a pipe"));
  ls_mem_free(data);
  close(ends[0]);
}

/* ---- the writer ---- */

/* The writer waits here while a test has something to look at: fsync is the first thing of a commit
 * that no other file call makes. */
static _Atomic bool disk_held;
static _Atomic int disk_error;
int fsync(int fd) {
  while (disk_held) usleep(1000);
  if (disk_error) return errno = disk_error, -1;
  return (int)syscall(SYS_fsync, fd);
}

static ls_saver *saver_new(bool async, int64_t keep_last) {
  ls_checkpoint plan = plan_of(LS_F32);
  ls_saver *saver;
  ok(ls_saver_new(&plan, folder, async, keep_last, &saver));
  return saver;
}

static void submit(ls_saver *saver, int64_t step, int64_t best_step) {
  char name[32];
  ls_image *image = ls_saver_begin(saver, true);
  assert_non_null(image);
  fill(image, LS_F32, step);
  snprintf(name, sizeof name, "ckpt-%lld.h5", (long long)step);
  ls_saver_submit(saver, step, name, best_step, 0.5);
}

static void expect_outcome(ls_saver *saver, int64_t step, ls_status status) {
  ls_saver_outcome out;
  assert_true(ls_saver_poll(saver, &out));
  assert_int_equal(out.step, step);
  assert_int_equal(out.status, status);
  assert_true(out.stall_ms >= 500 && out.commit_ms > 0);
}

/* A save that was under way when another run took the folder over gives no file a name. */
static void lost_lock_stops_a_save(void **unused) {
  (void)unused;
  ls_lock *lock;
  ok(ls_lock_take(folder, &lock));
  ls_saver *saver = saver_new(true, 9);
  ls_saver_guard(saver, lock);
  submit(saver, 10, -1);
  ls_saver_finish(saver);
  expect_outcome(saver, 10, LS_OK);
  disk_held = true;
  submit(saver, 20, -1);
  assert_int_equal(unlink(at(".lock")), 0); /* the other one came, and has ended by now */
  disk_held = false;
  ls_saver_finish(saver);
  expect_outcome(saver, 20, LS_EIO);
  assert_int_equal(ls_lock_check(lock), LS_EIO);
  assert_int_equal(access(at("ckpt-10.h5"), F_OK), 0);
  assert_int_equal(access(at("ckpt-20.h5"), F_OK), -1);
  assert_int_equal(access(at(".tmp-ckpt-20.h5"), F_OK), -1);
  ls_saver_free(&saver);
  ls_lock_release(&lock);
  unlink(at("ckpt-10.h5"));
}

/* R10: what reaches the disk is the state at the step, however late; a full pair of buffers says
 * busy. */
static void snapshots_are_of_their_step(void **unused) {
  (void)unused;
  char *a, *b;
  size_t na, nb;
  ls_saver_outcome out;
  ls_saver *saver = saver_new(true, 9);
  disk_held = true;
  submit(saver, 10, -1);
  submit(saver, 20, -1); /* the image of step 10 is still on its way */
  assert_null(ls_saver_begin(saver, false));
  assert_false(ls_saver_poll(saver, &out));
  disk_held = false;
  submit(saver, 30, -1); /* waits for the first buffer */
  ls_saver_finish(saver);
  for (int64_t step = 10; step <= 30; step += 10) expect_outcome(saver, step, LS_OK);
  assert_false(ls_saver_poll(saver, &out));
  ls_saver_free(&saver);
  saver = saver_new(false, 9);
  ls_image *image = ls_saver_begin(saver, false);
  assert_ptr_equal(ls_saver_begin(saver, false), image); /* begun, not submitted: the same again */
  fill(image, LS_F32, 20);
  ls_saver_submit(saver, 20, "final.h5", -1, 0.5);
  expect_outcome(saver, 20, LS_OK);
  ls_saver_free(&saver);
  slurp("ckpt-20.h5", &a, &na);
  slurp("final.h5", &b, &nb);
  assert_int_equal(na, nb);
  assert_memory_equal(a, b, na);
  ls_mem_free(a);
  ls_mem_free(b);
  unlink(at("ckpt-10.h5")), unlink(at("ckpt-20.h5")), unlink(at("ckpt-30.h5")),
      unlink(at("final.h5"));
}

static void expect_steps(const char *want) {
  ls_saved *row;
  int count;
  char have[256] = "";
  ok(ls_checkpoint_list(folder, &row, &count, NULL));
  for (int i = 0; i < count; i++)
    snprintf(have + strlen(have), sizeof have - strlen(have), "%lld ", (long long)row[i].step);
  assert_string_equal(have, want);
  ls_mem_free(row);
}

static void pruning_keeps_newest_and_best(void **unused) {
  (void)unused;
  ls_saver_outcome out;
  ls_saver *saver = saver_new(false, 2);
  submit(saver, 10, -1);
  submit(saver, 20, 10);
  submit(saver, 30, 10);
  expect_steps("30 20 10 ");
  submit(saver, 40, 10);
  expect_steps("40 30 10 ");
  submit(saver, 50, 40);
  expect_steps("50 40 ");
  disk_error = EIO; /* a save that failed removes nothing */
  submit(saver, 60, 50);
  expect_steps("50 40 ");
  disk_error = 0;
  while (ls_saver_poll(saver, &out)) assert_int_equal(out.status, out.step == 60 ? LS_EIO : LS_OK);
  ls_saver_free(&saver);
  saver = saver_new(
      false,
      2); /* a resumed run; since then the disk has lost a file: it does not count as one of two */
  corrupt("ckpt-50.h5");
  submit(saver, 70, -1);
  expect_steps("70 50 40 ");
  submit(saver, 80, -1);
  expect_steps("80 70 ");
  ls_saver_free(&saver);
  saver = saver_new(false, 1);
  submit(saver, 90, -1);
  expect_steps("90 ");
  ls_saver_free(&saver);
  unlink(at("ckpt-90.h5"));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {TEST(commit_never_replaces),
                                     TEST(one_run_at_a_time),
                                     TEST(small_files),
                                     TEST(lost_lock_stops_a_save),
                                     TEST(snapshots_are_of_their_step),
                                     TEST(pruning_keeps_newest_and_best)};
  return RUN_TESTS(argc, argv, tests);
}
