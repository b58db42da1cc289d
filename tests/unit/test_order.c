/* The order of samples: a bijection for every n, evenly mixed, another one each epoch, and pinned
 * down for ever. */
#include "data/order.h"
#include "test.h"

static unsigned char seen[1 << 20];

static int64_t sample_at(int64_t n, ls_order_kind kind, int64_t features, uint64_t seed,
                         int64_t epoch, int64_t position) {
  ls_order order;
  ls_order_init(&order, n, kind, features, seed, epoch);
  return ls_order_at(&order, position);
}

static void check(ls_order_kind kind, int64_t features, int64_t n, uint64_t seed, int64_t epoch) {
  ls_order order;
  ls_order_init(&order, n, kind, features, seed, epoch);
  memset(seen, 0, (size_t)n);
  for (int64_t p = 0; p < n; p++) {
    int64_t sample = ls_order_at(&order, p);
    assert_in_range(sample, 0, n - 1);
    assert_int_equal(seen[sample]++, 0);
  }
}

static void bijection_for_every_n(void **state) {
  (void)state;
  for (int64_t n = 1; n <= 1100; n++) check(LS_ORDER_SHUFFLE, 1, n, 7, n % 5);
  static const int64_t size[] = {4095, 4096, 4097, 60000, 65535, 65537, 1 << 20};
  for (size_t i = 0; i < sizeof size / sizeof *size; i++)
    check(LS_ORDER_SHUFFLE, 1, size[i], UINT64_MAX, 1000000);
}

/* Blocks: a bijection whatever n, block and what is left over; each pool has whole blocks of the
 * file, which come together, and what is left over comes in the last one. */
static void blocks(void **state) {
  (void)state;
  static const int64_t features[] = {1, LS_ORDER_BLOCK / 7, LS_ORDER_BLOCK / 3 + 1, LS_ORDER_BLOCK,
                                     INT64_C(1) << 40};
  static const int64_t size[] = {1,   2,   6,   7,   8,   63,  64,   65,
                                 127, 128, 129, 895, 896, 897, 5003, 90001};
  for (size_t f = 0; f < sizeof features / sizeof *features; f++)
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
      check(LS_ORDER_BLOCKS, features[f], size[i], 7, (int64_t)i);
  enum { B = 10, N = 200 * B + 3 }; /* 4 pools of 50 blocks */
  int64_t pool[201], moved = 0, last = -2;
  memset(pool, -1, sizeof pool);
  for (int64_t p = 0; p < N; p++) {
    int64_t sample = sample_at(N, LS_ORDER_BLOCKS, LS_ORDER_BLOCK / B, 3, 1, p), block = sample / B;
    int64_t at = p / (50 * B) < 4 ? p / (50 * B) : 3;
    assert_true(pool[block] < 0 || pool[block] == at);
    pool[block] = at;
    moved += sample != last + 1;
    last = sample;
  }
  assert_true(pool[200] == 3);
  assert_true(moved > N * 9 / 10);
}

static void sequential_is_identity(void **state) {
  (void)state;
  for (int64_t p = 0; p < 50; p++)
    assert_int_equal(sample_at(50, LS_ORDER_SEQUENTIAL, 1, 3, 9, p), p);
}

/* Huge sets work without any memory, and positions far apart stay distinct. */
static void huge_sets(void **state) {
  (void)state;
  int64_t n = INT64_C(3) << 60;
  int64_t a = sample_at(n, LS_ORDER_SHUFFLE, 1, 1, 0, n - 1),
          b = sample_at(n, LS_ORDER_SHUFFLE, 1, 1, 0, 0);
  assert_true(a >= 0 && a < n && b >= 0 && b < n && a != b);
}

/* Which permutation of n <= 5 this is, 0..n!-1. */
static int rank_of(const int64_t *p, int n) {
  int rank = 0;
  for (int i = 0; i < n; i++) {
    int smaller = 0;
    for (int j = i + 1; j < n; j++) smaller += p[j] < p[i];
    rank = rank * (n - i) + smaller;
  }
  return rank;
}

/* Over many epochs every permutation of a tiny set is about as frequent as every other. Chi square
 * of k - 1 degrees of freedom has standard deviation sqrt(2 (k - 1)); 6 of them are allowed, and
 * the numbers are always the same. */
static void small_sets_reach_every_permutation(void **state) {
  (void)state;
  for (int n = 2, cells = 2; n <= 5; n++, cells *= n) {
    int count[120] = {0};
    int draws = 400 * cells;
    for (int e = 0; e < draws; e++) {
      int64_t p[5];
      for (int i = 0; i < n; i++) p[i] = sample_at(n, LS_ORDER_SHUFFLE, 1, 42, e, i);
      count[rank_of(p, n)]++;
    }
    double chi = 0, expected = 400;
    for (int c = 0; c < cells; c++) chi += (count[c] - expected) * (count[c] - expected) / expected;
    double z = (chi - (cells - 1)) * (chi - (cells - 1)) / (2.0 * (cells - 1));
    if (chi > cells - 1 && z > 36) fail_msg("n %d: chi square %.1f of %d cells", n, chi, cells);
  }
}

/* Where a sample lands is independent of where it lay: chi square of a 16 x 16 table of (position,
 * sample) blocks, over several epochs, and the correlation of neighbours. */
static void mixes_well(void **state) {
  (void)state;
  enum { N = 6000, B = 16, EPOCHS = 20 };
  double count[B][B] = {{0}}, chi = 0, product = 0;
  for (int e = 0; e < EPOCHS; e++) {
    ls_order order;
    ls_order_init(&order, N, LS_ORDER_SHUFFLE, 1, 1, e);
    double last = 0;
    for (int p = 0; p < N; p++) {
      int64_t s = ls_order_at(&order, p);
      count[p * B / N][s * B / N] += 1;
      double centred = ((double)s - (N - 1) / 2.0) / N;
      product += p ? last * centred : 0;
      last = centred;
    }
  }
  double expected = (double)N * EPOCHS / (B * B);
  for (int i = 0; i < B; i++)
    for (int j = 0; j < B; j++)
      chi += (count[i][j] - expected) * (count[i][j] - expected) / expected;
  assert_true(chi > 225 - 6 * 21.2 && chi < 225 + 6 * 21.2); /* (B-1)^2 degrees of freedom */
  double correlation = product * 12 / ((double)N * EPOCHS);
  assert_true(correlation > -0.02 && correlation < 0.02);
}

/* Another seed or epoch is another order: as many agreements as chance gives (1 on average;
 * Poisson). */
static void seeds_and_epochs_differ(void **state) {
  (void)state;
  enum { N = 1000 };
  static const struct {
    uint64_t seed;
    int64_t epoch;
  } other[] = {{1, 1}, {2, 0}, {0, 0}, {1, 2}, {UINT64_C(1) << 32, 0}, {UINT64_C(1) << 63 | 1, 0}};
  for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
    int same = 0;
    for (int p = 0; p < N; p++)
      same += sample_at(N, LS_ORDER_SHUFFLE, 1, 1, 0, p) ==
              sample_at(N, LS_ORDER_SHUFFLE, 1, other[k].seed, other[k].epoch, p);
    assert_in_range(same, 0, 8);
  }
}

/* A checkpoint's resume depends on these numbers: they must never change. */
static void golden_order(void **state) {
  (void)state;
  static const int64_t expected[][6] = {{39586, 40415, 22426, 6232, 37567, 50791},
                                        {37304, 37063, 1961, 55012, 36792, 22954}};
  for (int e = 0; e < 2; e++)
    for (int p = 0; p < 6; p++)
      assert_int_equal(sample_at(60000, LS_ORDER_SHUFFLE, 1, 42, e, p), expected[e][p]);
}

/* A calendar that is moved: epoch 3 has been seen up to sample 48 in minibatches of 16 (8 of them
 * an epoch) when they become 24: updates go on with global_step 19, samples with 48. */
static void moved_plan(void **state) {
  (void)state;
  ls_calendar calendar;
  int64_t total;
  assert_int_equal(ls_calendar_make(120, 24, false, &calendar), LS_OK);
  assert_int_equal(ls_calendar_end(&calendar, 4), 20);
  calendar.moved = (19 - 2) - 2 * calendar.steps;
  calendar.moved_samples = 0;
  for (int64_t step = 19; step < 40; step++) {
    int64_t at = 2 * 120 + 48 + (step - 19) * 24, epoch = at / 120;
    assert_int_equal(ls_calendar_epoch(&calendar, step), epoch);
    assert_int_equal(ls_calendar_minibatch(&calendar, step, &total), at % 120);
    assert_int_equal(total, 24);
    assert_int_equal(ls_calendar_within(&calendar, step), at % 120 / 24);
    assert_int_equal(ls_calendar_samples(&calendar, epoch), epoch * 120);
  }
  assert_int_equal(ls_calendar_end(&calendar, 3), 22);
  assert_int_equal(ls_calendar_end(&calendar, INT64_MAX / 2), INT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bijection_for_every_n),
      cmocka_unit_test(blocks),
      cmocka_unit_test(sequential_is_identity),
      cmocka_unit_test(huge_sets),
      cmocka_unit_test(small_sets_reach_every_permutation),
      cmocka_unit_test(mixes_well),
      cmocka_unit_test(seeds_and_epochs_differ),
      cmocka_unit_test(golden_order),
      cmocka_unit_test(moved_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
