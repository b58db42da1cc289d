/* Shares that are drawn: exact counts, both sides in their order and together everything, groups
 * whole, and pinned down for ever. */
#include "base/mem.h"
#include "data/drawn.h"
#include "test.h"

static void place(ls_drawn *d, int64_t n, void **memory) {
  assert_int_equal(ls_mem_new(memory, ls_drawn_bytes(n), 1), LS_OK);
  ls_drawn_lay(d, n, *memory);
}

/* Every sample is on one side, and found there by its number. */
static void check(const ls_drawn *d) {
  int64_t at[2] = {0};
  for (int64_t i = 0; i < d->n; i++) {
    bool taken = ls_drawn_is(d, i);
    assert_int_equal(ls_drawn_sample(d, taken, at[taken]++), i);
  }
  assert_int_equal(at[true], *d->taken);
}

static void random_share(void **state) {
  (void)state;
  static const int64_t size[] = {2, 3, 63, 64, 65, 511, 512, 513, 1024, 5000};
  for (size_t k = 0; k < sizeof size / sizeof *size; k++)
    for (int64_t count = 1; count < size[k]; count += 1 + size[k] / 7) {
      ls_drawn d, again;
      void *memory, *other;
      place(&d, size[k], &memory);
      place(&again, size[k], &other);
      ls_drawn_random(&d, 0, count, 1);
      ls_drawn_random(&again, 0, count, 2);
      assert_int_equal(*d.taken, count);
      check(&d);
      if (size[k] > 500 && count > 1)
        assert_memory_not_equal(d.bits, again.bits, (size_t)size[k] / 8);
      LS_FREE(memory);
      LS_FREE(other);
    }
}

static void evenly_spread(void **state) {
  (void)state;
  enum { N = 100000, SHARE = 20000 };
  int64_t tenth[10] = {0};
  ls_drawn d;
  void *memory;
  place(&d, N, &memory);
  ls_drawn_random(&d, 0, SHARE, 7);
  for (int64_t i = 0; i < SHARE; i++) tenth[ls_drawn_sample(&d, true, i) * 10 / N]++;
  for (int k = 0; k < 10; k++) assert_in_range(tenth[k], 1800, 2200); /* 5 deviations */
  LS_FREE(memory);
}

/* A run's validation must be the same for ever: these numbers never change. */
static void golden(void **state) {
  (void)state;
  static const int64_t expected[] = {232, 243, 309, 486, 702, 906};
  ls_drawn d;
  void *memory;
  place(&d, 1000, &memory);
  ls_drawn_random(&d, 0, 6, 1);
  for (int i = 0; i < 6; i++) assert_int_equal(ls_drawn_sample(&d, true, i), expected[i]);
  LS_FREE(memory);
}

static void groups(void **state) {
  (void)state;
  enum { N = 700, GROUPS = 23 };
  uint64_t key[N];
  for (int64_t seed = 0; seed < 20; seed++) {
    int side[GROUPS], size[GROUPS] = {0};
    ls_drawn d;
    void *memory;
    int64_t found, most = 140, least = N;
    memset(side, -1, sizeof side);
    for (int i = 0; i < N; i++) size[i * i % GROUPS]++, key[i] = (uint64_t)(i * i % GROUPS) << 40;
    place(&d, N, &memory);
    assert_int_equal(ls_drawn_groups(&d, most, (uint64_t)seed, key, &found), LS_OK);
    check(&d);
    for (int i = 0; i < N; i++) {
      int g = i * i % GROUPS, taken = ls_drawn_is(&d, i);
      if (side[g] < 0) side[g] = taken;
      assert_int_equal(side[g], taken);
    }
    int64_t there = 0;
    for (int g = 0; g < GROUPS; g++) {
      there += size[g] > 0;
      if (size[g] > 0 && side[g] == 0 && size[g] < least) least = size[g];
    }
    assert_int_equal(found, there);
    assert_true(*d.taken <= most && *d.taken + least > most); /* no other group would fit */
    LS_FREE(memory);
  }
}

static void no_group_fits(void **state) {
  (void)state;
  uint64_t key[10] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  ls_drawn d;
  void *memory;
  int64_t found;
  place(&d, 10, &memory);
  assert_int_equal(ls_drawn_groups(&d, 4, 1, key, &found), LS_OK);
  assert_true(found == 2 && *d.taken == 0);
  LS_FREE(memory);
}

/* Every sample is in one of the parts, groups are whole, and no part is empty. */
static void parts(void **state) {
  (void)state;
  enum { N = 600, GROUPS = 11, K = 4 };
  uint64_t key[N];
  int times[N] = {0}, part_of[GROUPS];
  memset(part_of, -1, sizeof part_of);
  for (int i = 0; i < N; i++) key[i] = (uint64_t)(i % 100 * (i % 7) % GROUPS);
  for (int64_t n = 0; n < K; n++) {
    ls_drawn d;
    void *memory;
    int64_t found;
    place(&d, N, &memory);
    assert_int_equal(ls_drawn_fold(&d, K, n, 3, key, &found), LS_OK);
    check(&d);
    assert_int_equal(found, GROUPS);
    assert_true(*d.taken > 0);
    for (int i = 0; i < N; i++) {
      if (!ls_drawn_is(&d, i)) continue;
      times[i]++;
      assert_true(part_of[key[i]] < 0 || part_of[key[i]] == n);
      part_of[key[i]] = (int)n;
    }
    LS_FREE(memory);
  }
  for (int i = 0; i < N; i++) assert_int_equal(times[i], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_share), cmocka_unit_test(evenly_spread), cmocka_unit_test(golden),
      cmocka_unit_test(groups),       cmocka_unit_test(no_group_fits), cmocka_unit_test(parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
