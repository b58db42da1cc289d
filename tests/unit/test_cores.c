/* Whose a core is, where the ranks of a node may use others' too. */
#include <sched.h>

#include "base/cores.h"
#include "test.h"

enum { RANKS = 8 };

static void allow(ls_cores *set, int first, int last) {
  for (int core = first; core <= last; core++) set->bit[core / 64] |= (uint64_t)1 << (core % 64);
}

/* 8 ranks in a cpuset of 8 of a machine's 64 cores, bound to nothing. */
static void ranks_of_a_small_cpuset_share_it(void **unused) {
  (void)unused;
  ls_cores set[RANKS] = {0};
  for (int r = 0; r < RANKS; r++) allow(&set[r], 56, 63);
  assert_int_equal(ls_cores_all(set, RANKS), 8);
  for (int r = 0; r < RANKS; r++) assert_int_equal(ls_cores_share(set, RANKS, r), 1);
  assert_int_equal(ls_cores_share(set, 2, 0), 4);
  assert_int_equal(ls_cores_share(set, 3, 2), 2);
  assert_int_equal(ls_cores_share(set, 1, 0), 8);
}

static void bound_ranks_have_theirs(void **unused) {
  (void)unused;
  ls_cores set[RANKS] = {0};
  for (int r = 0; r < RANKS; r++) allow(&set[r], 16 * r, 16 * r + 15);
  assert_int_equal(ls_cores_all(set, RANKS), 128);
  for (int r = 0; r < RANKS; r++) assert_int_equal(ls_cores_share(set, RANKS, r), 16);
}

/* Two on each of two sockets, one of them free to go everywhere: thirds of a core make whole ones.
 */
static void ranks_that_overlap_share_what_they_overlap_in(void **unused) {
  (void)unused;
  ls_cores set[3] = {0};
  allow(&set[0], 0, 5);
  allow(&set[1], 0, 5);
  allow(&set[2], 0, 11);
  assert_int_equal(ls_cores_share(set, 3, 0), 2);
  assert_int_equal(ls_cores_share(set, 3, 1), 2);
  assert_int_equal(ls_cores_share(set, 3, 2), 8);
}

static void more_ranks_than_cores_have_one_each(void **unused) {
  (void)unused;
  ls_cores set[RANKS] = {0};
  for (int r = 0; r < RANKS; r++) allow(&set[r], 0, 1);
  assert_int_equal(ls_cores_all(set, RANKS), 2);
  for (int r = 0; r < RANKS; r++) assert_int_equal(ls_cores_share(set, RANKS, r), 1);
}

/* This process's own: what its mask allows, and no more after it is narrowed. */
static void the_mask_is_read(void **unused) {
  (void)unused;
  ls_cores mine;
  cpu_set_t before, one;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  ls_cores_mine(&mine);
  assert_in_range(ls_cores_all(&mine, 1), 1, CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int p = 0; p < CPU_SETSIZE && CPU_COUNT(&one) == 0; p++)
    if (CPU_ISSET(p, &before)) CPU_SET(p, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  ls_cores_mine(&mine);
  assert_int_equal(ls_cores_all(&mine, 1), 1);
  assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_of_a_small_cpuset_share_it),
      cmocka_unit_test(bound_ranks_have_theirs),
      cmocka_unit_test(ranks_that_overlap_share_what_they_overlap_in),
      cmocka_unit_test(more_ranks_than_cores_have_one_each),
      cmocka_unit_test(the_mask_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
