/* One rank's failure is everyone's, whoever it is and whatever was to be communicated; and what the
 * watchdog takes for work. */
#include <unistd.h>

#include "base/alive.h"
#include "base/mem.h"
#include "comm/comm.h"
#include "test.h"

static ls_comm *comm;
static int me, ranks;
static size_t before_shared;

/* Every rank has the status and the text of `who`. */
static void expect(ls_status status, ls_status want, int who, const char *text) {
  char name[96];
  snprintf(name, sizeof name, "rank %d (%s)", who, ls_comm_host_of(comm, who));
  assert_int_equal(status, want);
  assert_non_null(strstr(ls_error_text(), text));
  if (ranks > 1 && (who > 0 || want == LS_FAIL)) assert_non_null(strstr(ls_error_text(), name));
}

static void agreements(void **state) {
  (void)state;
  for (int who = 0; who < ranks; who++) {
    ls_status mine = me == who ? ls_fail(LS_FAIL, "out of memory: %d bytes", 7) : LS_OK;
    expect(ls_comm_agree(comm, mine), LS_FAIL, who, "out of memory: 7 bytes");
    mine = me == who ? ls_fail(LS_EDATA, "a bad file") : LS_OK;
    expect(ls_comm_agree(comm, mine), LS_EDATA, who, "a bad file");
  }
}

/* One that all have heard of is named once; another of its code is a failure of its own. */
static void survived_failures(void **state) {
  (void)state;
  ls_status mine = me == ranks - 1 ? ls_fail(LS_FAIL, "out of memory: 7 bytes") : LS_OK;
  expect(ls_comm_agree(comm, mine), LS_FAIL, ranks - 1, "out of memory: 7 bytes");
  mine = ls_fail(LS_FAIL, "while reading: %s", ls_error_text());
  expect(ls_comm_agree(comm, mine), LS_FAIL, ranks - 1, "out of memory: 7 bytes");
  if (ranks > 1) assert_ptr_equal(strstr(ls_error_text(), "while"), ls_error_text());
  mine = me == 0 ? ls_fail(LS_FAIL, "out of memory: 8 bytes") : LS_OK;
  expect(ls_comm_agree(comm, mine), LS_FAIL, 0, "out of memory: 8 bytes");
}

static void agreement_needs_no_memory(void **state) {
  (void)state;
  int64_t before = ls_mem_total();
  ls_status mine = me == ranks - 1 ? ls_fail(LS_EDATA, "a bad file") : LS_OK;
  assert_int_equal(ls_comm_agree(comm, mine), LS_EDATA);
  assert_int_equal(ls_mem_total(), before);
}

static ls_status make_all(int64_t count, char **block) {
  LS_COMM_NEW(comm, *block, count);
  return LS_OK;
}

static void memory_for_all_or_none(void **state) {
  (void)state;
  char *block = NULL;
  assert_int_equal(make_all(10, &block), LS_OK);
  LS_FREE(block);
  expect(make_all(me == ranks - 1 ? INT64_MAX : 10, &block), LS_FAIL, ranks - 1, "out of memory");
  LS_FREE(block);
}

static void blocks(void **state) {
  (void)state;
  for (int root = 0; root < ranks; root++) {
    void *block = me == root ? ls_mem_text("a text") : NULL;
    size_t bytes = me == root ? 6 : 99;
    assert_int_equal(ls_comm_bcast_block(comm, LS_OK, &block, &bytes, root), LS_OK);
    assert_int_equal(bytes, 6);
    assert_string_equal(block, "a text");
    LS_FREE(block);
    for (int who = 0; who < ranks; who++) { /* also another than the root */
      void *none = NULL;
      ls_status mine = me == who ? ls_fail(LS_EIO, "a bad disk") : LS_OK;
      bytes = 6;
      if (me == root) none = ls_mem_text("a text");
      expect(ls_comm_bcast_block(comm, mine, &none, &bytes, root), LS_EIO, who, "a bad disk");
      LS_FREE(none);
    }
  }
}

/* Of less than a huge page, of a few and an end, one after the other: zeroed, and what each rank of
 * the node writes is there for the others; all of it is given back. */
static void shared_memory(void **state) {
  (void)state;
  const size_t sizes[] = {1, 4097, LS_HUGE_PAGE, 3 * (size_t)LS_HUGE_PAGE + 5};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    ls_shared block;
    assert_int_equal(ls_comm_shared_new(comm, sizes[k], &block), LS_OK);
    char *at = block.data;
    if (sizes[k] >= LS_HUGE_PAGE && ls_comm_node_size(comm) > 1)
      assert_int_equal((uintptr_t)at % LS_HUGE_PAGE, 0);
    for (size_t i = 0; i < sizes[k]; i += 511) assert_int_equal(at[i], 0);
    ls_comm_node_barrier(comm);
    const int node_ranks = ls_comm_node_size(comm);
    const size_t apart = (sizes[k] - 1) / (size_t)node_ranks; /* from one rank's byte to the next */
    at[(size_t)ls_comm_node_rank(comm) * apart] = 7;
    ls_comm_node_barrier(comm);
    for (int r = 0; r < node_ranks; r++) assert_int_equal(at[(size_t)r * apart], 7);
    assert_int_equal(ls_comm_shared_bytes(comm), before_shared + sizes[k]);
    ls_comm_node_barrier(comm);
    ls_comm_shared_free(comm, &block);
    assert_int_equal(ls_comm_shared_bytes(comm), before_shared);
  }
}

/* Rank 0 takes longer than the watchdog allows, and says now and then that it is at work. */
static void work_is_no_hang(void **state) {
  (void)state;
  if (ranks == 1 || ls_comm_node_count(comm) > 1)
    return; /* signs of life are seen on one's own node */
  ls_comm_watchdog(comm, 0.5);
  for (int i = 0; me == 0 && i < 8; i++) {
    ls_alive();
    usleep(100000);
  }
  ls_comm_barrier(comm);
  ls_comm_watchdog(comm, LS_WATCHDOG_SECONDS);
}

int main(void) {
  if (ls_comm_open(&comm) != LS_OK) return 1;
  me = ls_comm_rank(comm);
  ranks = ls_comm_size(comm);
  before_shared = ls_comm_shared_bytes(comm);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agreements),
      cmocka_unit_test(survived_failures),
      cmocka_unit_test(agreement_needs_no_memory),
      cmocka_unit_test(blocks),
      cmocka_unit_test(memory_for_all_or_none),
      cmocka_unit_test(shared_memory),
      cmocka_unit_test(work_is_no_hang),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  failed = (int)ls_comm_or(comm, failed != 0);
  ls_comm_close(&comm);
  if (ls_mem_live() != 0) printf("%lld blocks not freed\n", (long long)ls_mem_live());
  return failed || ls_mem_live() != 0;
}
