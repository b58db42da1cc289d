/* The training loop allocates nothing and, on one rank, touches no page for the first time: what a
 * step needs was there before the loop. Network a of bench/, whole epochs and the short minibatches
 * at their ends, on the small Fashion-MNIST that comes with lockstep. */
#include <malloc.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "test.h"
#include "train/mode.h"

enum { WARMUP = 300, STEPS = 1200, TRIES = 3 };

static ls_comm *comm;

static const char text[] =
    "version: 1\n"
    "data: {type: idx, dir: " TESTS_DIR
    "/../data/fashion-mnist-small, scale: {type: divide, by: 255}}\n"
    "model: {layers: [{units: 20, activation: relu, repeat: 4}, {units: 10, activation: "
    "softmax}]}\n"
    "loss: cross_entropy\n"
    "optimizer: {type: adam, lr: 0.001}\n"
    "train: {steps: 100000, batch: 50}\n";

static void take_steps(ls_run *run, int count) {
  for (int i = 0; i < count; i++) {
    uint32_t flags = 0;
    assert_int_equal(ls_run_step(run, false, false, &flags), LS_OK);
    assert_int_equal(flags, 0);
  }
}

/* Of this thread alone: an MPI library's own threads do as they like. */
static long page_faults(void) {
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
  return usage.ru_minflt + usage.ru_majflt;
}

/* The least of a few tries: the kernel may move a page at any time, but a page that a step needs
 * anew would show in each of them. */
static long least_faults(ls_run *run) {
  long least = page_faults();
  for (int i = 0; i < TRIES && least > 0; i++) {
    long before = page_faults();
    take_steps(run, STEPS);
    long faults = page_faults() - before;
    if (faults < least) least = faults;
  }
  return least;
}

static void loop_allocates_nothing(void **state) {
  (void)state;
  ls_config *config;
  ls_run *run;
  assert_int_equal(ls_config_parse("test", text, strlen(text), NULL, 0, &config), LS_OK);
  if (ls_run_new(comm, config, ls_mode_of(config), 1, &run) != LS_OK)
    fail_msg("%s", ls_error_text());
  take_steps(run, WARMUP);
  int64_t blocks = ls_mem_total();
  size_t heap = mallinfo2().uordblks;
  if (ls_comm_size(comm) == 1)
    assert_int_equal(least_faults(run), 0);
  else
    take_steps(run, STEPS);
  assert_int_equal(ls_mem_total(), blocks);
  if (!ls_comm_launched())
    assert_int_equal(mallinfo2().uordblks, heap); /* nor by way of malloc itself */
  assert_true(run->state.epoch > 1);
  ls_run_free(&run);
  ls_config_free(&config);
}

int main(void) {
  if (ls_comm_open(&comm) != LS_OK) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(loop_allocates_nothing)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  failed = (int)ls_comm_or(comm, failed != 0);
  ls_comm_close(&comm);
  if (ls_mem_live() != 0) printf("%lld blocks not freed\n", (long long)ls_mem_live());
  return failed || ls_mem_live() != 0;
}
