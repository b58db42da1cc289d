/* Every exchange gives the tree's sum, bit for bit, on any number of ranks; mpi only to rounding.
 * Random shapes, printed seed. */
#include "base/mem.h"
#include "base/rng.h"
#include "comm/exchange.h"
#include "test.h"

static ls_comm *comm;
static uint64_t seed;

static float leaf(int64_t i, int slice, uint64_t trial) {
  return (float)ls_rng_normal(seed + trial, (uint64_t)slice, (uint64_t)i);
}

/* The tree by its definition: recursive, one parameter at a time. */
static float tree(int64_t i, int lo, int span, int slices, uint64_t trial) {
  if (span == 1) return leaf(i, lo, trial);
  float left = tree(i, lo, span / 2, slices, trial);
  return lo + span / 2 >= slices ? left : left + tree(i, lo + span / 2, span / 2, slices, trial);
}

static int padded(int slices) {
  int p = 1;
  while (p < slices) p *= 2;
  return p;
}

/* Of many elements only some are worth drawing; those of any place in a block are among them. */
static int64_t step_of(int64_t n) { return n > 10000 ? 13 : 1; }

static void fill_parts(ls_exchange *x, int64_t lo, int64_t hi, int64_t n, int slices,
                       uint64_t trial) {
  const ls_tree_node *node;
  void *const *grad;
  const int parts = ls_exchange_parts(x, &node, &grad);
  const int64_t step = step_of(n), begin = (lo + step - 1) / step * step;
  for (int p = 0; p < parts; p++)
    for (int64_t i = begin; i < hi; i += step)
      ((float *)grad[p])[i] = tree(i, node[p].lo, 1 << node[p].level, slices, trial);
}

/* Layers begin anywhere, also several at the same parameter. */
enum { LAYERS = 12 };
static int64_t layer[LAYERS];

static void draw_layers(ls_exchange_spec *spec, uint64_t trial) {
  spec->layer = layer;
  spec->layers = 1 + (int)(ls_rng_u64(seed, 4, trial) % LAYERS);
  for (int i = 1; i < spec->layers; i++) {
    const int64_t left = spec->n - layer[i - 1];
    layer[i] =
        layer[i - 1] + (int64_t)(ls_rng_u64(seed, 5 + (uint64_t)i, trial) % (uint64_t)left) / 3;
  }
}

/* One after the other, as a backward pass does; a rank may say nothing of it. */
static void write_layers(ls_exchange *x, const ls_exchange_spec *spec, uint64_t trial, bool says) {
  int64_t end = spec->n;
  for (int i = spec->layers - 1; i >= 0; i--) {
    fill_parts(x, layer[i], end, spec->n, spec->slices, trial);
    end = layer[i];
    if (says) ls_exchange_ready(x, end);
  }
}

/* What a trial exchanges, drawn by its number. The last one of a window's is enough for the team to
 * share. */
enum { TRIALS = 12, TEAM = 3, ENOUGH = 280000 };
static ls_team *team[TEAM + 1]; /* of so many threads */
static int most_bands;

static ls_exchange_spec draw(const char *kind, uint64_t trial) {
  const int ranks = ls_comm_size(comm);
  ls_exchange_spec spec = {.kind = kind, .precision = LS_F32, .team = team[trial % TEAM + 1]};
  spec.slices = ranks + (int)(ls_rng_u64(seed, 1, trial) % 40);
  spec.n = 1 + (int64_t)(ls_rng_u64(seed, 2, trial) % 3000);
  spec.grid = 1 + (int64_t)(ls_rng_u64(seed, 3, trial) % 300);
  if (trial == TRIALS - 1 && (strcmp(kind, "shared") == 0 || strcmp(kind, "halved") == 0))
    spec.n += ENOUGH, spec.slices = 2 * ranks + 1;
  if (strcmp(kind, "halved") == 0) spec.slices = ranks << trial % 4; /* or there are no halvings */
  draw_layers(&spec, trial);
  return spec;
}

/* The gradient itself as the new weights. */
static void update(ls_exchange *x, float *scratch, bool offers) {
  float *w = ls_exchange_weights(x);
  for (ls_stretch s = {0}; ls_exchange_next(x, &s);) {
    const float *g = s.hi > s.lo ? ls_exchange_grad(x, s.lo, s.hi - s.lo, scratch) : scratch;
    for (int64_t i = s.lo; i < s.hi; i++) w[i] = g[i - s.lo];
    if (offers) ls_exchange_offer(x, s.bands - 1);
  }
}

static void check(const ls_exchange_spec *spec, const float *w, int64_t lo, int64_t hi,
                  uint64_t trial, int round) {
  const int64_t step = step_of(spec->n);
  for (int64_t i = (lo + step - 1) / step * step; i < hi; i += step) {
    const float want = tree(i, 0, padded(spec->slices), spec->slices, trial * 2 + (uint64_t)round);
    if (strcmp(spec->kind, "mpi") == 0 ? fabsf(w[i] - want) > 1e-4f
                                       : memcmp(&w[i], &want, sizeof want) != 0)
      fail_msg("%s: seed %llu trial %llu: parameter %lld of %lld, %d slices: %.9g, not %.9g",
               spec->kind, (unsigned long long)seed, (unsigned long long)trial, (long long)i,
               (long long)spec->n, spec->slices, (double)w[i], (double)want);
  }
}

/* A layer's weights may be read before those behind it are there. */
static void await_layers(ls_exchange *x, const ls_exchange_spec *spec, uint64_t trial, int round) {
  for (int i = 0; i < spec->layers; i++) {
    const int64_t end = i + 1 < spec->layers ? layer[i + 1] : spec->n;
    ls_exchange_await(x, end);
    check(spec, ls_exchange_weights(x), i > 0 ? layer[i] : 0, end, trial, round);
  }
}

static void one_trial(const char *kind, uint64_t trial) {
  const ls_exchange_spec spec = draw(kind, trial);
  const int ranks = ls_comm_size(comm), rank = ls_comm_rank(comm);
  ls_exchange *x;
  float *scratch;
  assert_int_equal(ls_exchange_new(comm, &spec, &x), LS_OK);
  assert_int_equal(ls_mem_new((void **)&scratch, (size_t)spec.n, sizeof *scratch), LS_OK);
  most_bands = ls_exchange_bands(x) > most_bands ? ls_exchange_bands(x) : most_bands;
  for (int round = 0; round < 2; round++) {
    write_layers(x, &spec, trial * 2 + (uint64_t)round, (round + rank) % 3 > 0);
    assert_int_equal(ls_exchange_reduce(x, 1u << rank), (1u << ranks) - 1);
    const bool offers = (round + rank) % 2 > 0;
    update(x, scratch, offers);
    if (offers && ls_exchange_bands(x) > 1)
      await_layers(x, &spec, trial, round);
    else
      ls_exchange_publish(x);
    check(&spec, ls_exchange_weights(x), 0, spec.n, trial, round);
    ls_comm_barrier(comm); /* all have compared before anyone writes weights again */
  }
  LS_FREE(scratch);
  ls_exchange_free(&x);
}

static char shared_kind[] = "shared", tree_kind[] = "tree", mpi_kind[] = "mpi",
            auto_kind[] = "auto", halved_kind[] = "halved", banded_kind[] = "banded";

static void same_bits(void **state) {
  most_bands = 0;
  for (uint64_t trial = 0; trial < TRIALS; trial++) one_trial(*state, trial);
  if (*state == banded_kind && ls_comm_node_count(comm) > 1) assert_true(most_bands > 2);
}

int main(void) {
  if (ls_comm_open(&comm) != LS_OK) return 1;
  seed = test_seed();
  ls_comm_bcast(comm, &seed, sizeof seed, 0);
  if (ls_comm_rank(comm) == 0) printf("SEED=%llu\n", (unsigned long long)seed);
  for (int i = 1; i <= TEAM; i++)
    if (ls_team_new(i, &team[i]) != LS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(same_bits, shared_kind),
      cmocka_unit_test_prestate(same_bits, tree_kind),
      cmocka_unit_test_prestate(same_bits, mpi_kind),
      cmocka_unit_test_prestate(same_bits, auto_kind),
      cmocka_unit_test_prestate(same_bits, halved_kind),
      cmocka_unit_test_prestate(same_bits, banded_kind),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  failed = (int)ls_comm_or(comm, failed != 0);
  for (int i = 1; i <= TEAM; i++) ls_team_free(&team[i]);
  ls_comm_close(&comm);
  if (ls_mem_live() != 0) printf("%lld blocks not freed\n", (long long)ls_mem_live());
  return failed || ls_mem_live() != 0;
}
