/* How many halvings the exchange takes between nodes that are not there: maps of nodes as a cluster
 * would give them. */
#include "base/mem.h"
#include "comm/comm_private.h"
#include "comm/cost.h"
#include "comm/exchange_kind.h"
#include "test.h"

enum { NODES_MAX = LS_SLICES_MAX };

/* Nodes of `ranks` ranks each, one slice a rank, float32. */
static int steps_of(int nodes, int ranks, int64_t parameters, int slices, bool forced) {
  static int first[NODES_MAX + 1];
  for (int k = 0; k <= nodes; k++) first[k] = k * ranks;
  ls_comm comm = {.nodes = nodes, .node_size = ranks, .size = nodes * ranks, .node_first = first};
  const ls_exchange x = {.comm = &comm, .n = parameters, .size = 4, .slices = slices};
  return ls_halving_steps(&x, nodes, forced);
}

/* By hand, for nodes of one rank: a halving saves messages of 0.5 us, those of the flags too, and
 * costs one of 2.5 us and the sums of half a column, written and read at 8 GB/s. 16 nodes, no
 * halving: 2 (2 + 15/2) + 15/2 = 26.5 us; one: 2 (2.5 + 2 + 7/2) = 16 us, and 4 n / 8e3 us for n
 * parameters of a rank: worth it below 21,000. */
static void chosen_where_messages_cost_more_than_sums(void **unused) {
  (void)unused;
  static const struct {
    int nodes, ranks;
    int64_t parameters;
    int steps;
  } row[] = {
      {2, 1, 1000, 1},   /* the flags go along */
      {16, 1, 20900, 1}, /* just worth it */
      {16, 1, 21100, 0}, /* and not any more */
      {16, 8, 17000, 1}, /* a column is an eighth */
      {64, 1, 17000, 3},   {64, 1, 670000, 0},    {256, 16, 670000, 5},
      {256, 1, 670000, 0}, {256, 16, 8500000, 1}, /* sums for several ranks are written anyway */
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const int steps =
        steps_of(row[i].nodes, row[i].ranks, row[i].parameters, row[i].nodes * row[i].ranks, false);
    if (steps != row[i].steps)
      fail_msg("%d nodes of %d, %lld parameters: %d halvings, not %d", row[i].nodes, row[i].ranks,
               (long long)row[i].parameters, steps, row[i].steps);
  }
}

static void as_many_as_can_be(void **unused) {
  (void)unused;
  assert_int_equal(steps_of(16, 4, 8500000, 64, true), 4);
  assert_int_equal(steps_of(12, 4, 8500000, 48, true), 2); /* blocks of 4, three of them */
  assert_int_equal(steps_of(7, 4, 8500000, 28, true), 0);
  assert_int_equal(steps_of(16, 2, 1000, 48, true),
                   0); /* three slices a node: no node of the tree */
}

static void never_on_nodes_of_two_kinds(void **unused) {
  (void)unused;
  int first[] = {0, 2, 4, 6, 7}; /* 2 + 2 + 2 + 1 */
  ls_comm comm = {.nodes = 4, .node_size = 2, .size = 7, .node_first = first};
  const ls_exchange x = {.comm = &comm, .n = 1000, .size = 4, .slices = 8};
  assert_int_equal(ls_halving_steps(&x, 4, true), 0);
}

/* What rank 5 keeps of as many ranks as there may be, a parameter and a slice each; in bytes for
 * each of them. */
static double bytes_a_rank(const ls_exchange_ops *ops, int ranks, int per_node) {
  static int first[LS_SLICES_MAX + 1], node_of[LS_SLICES_MAX];
  const int nodes = (ranks + per_node - 1) / per_node;
  const size_t before = ls_mem_bytes();
  for (int r = 0; r < ranks; r++) node_of[r] = r / per_node;
  for (int k = 0; k <= nodes; k++) first[k] = k < nodes ? k * per_node : ranks;
  ls_comm comm = {.rank = 5,
                  .size = ranks,
                  .node_rank = 5 % per_node,
                  .node_size = per_node,
                  .nodes = nodes,
                  .node_number = 5 / per_node,
                  .node_of = node_of,
                  .node_first = first};
  ls_exchange_spec spec = {.n = ranks, .grid = 1, .slices = ranks, .precision = LS_F32};
  ls_exchange *x = NULL;
  assert_int_equal(ls_exchange_prepare(&x, &comm, ops, &spec), LS_OK);
  const double bytes = (double)(ls_mem_bytes() - before) / ranks;
  assert_int_equal(x->sources, ranks);
  ls_exchange_free(&x);
  assert_int_equal(ls_mem_bytes(), before);
  return bytes;
}

static void memory_for_each_rank_of_the_job(void **unused) {
  (void)unused;
  static const struct {
    const ls_exchange_ops *ops;
    int ranks, per_node;
  } row[] = {
      {&ls_exchange_shared, 65536, 16}, {&ls_exchange_shared, 65536, 1},
      {&ls_exchange_banded, 65536, 16}, {&ls_exchange_banded, 65535, 12},
      {&ls_exchange_halved, 65536, 1},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const double bytes = bytes_a_rank(row[i].ops, row[i].ranks, row[i].per_node);
    print_message("%s, %d ranks, %d a node: %.0f bytes for each\n", row[i].ops->name, row[i].ranks,
                  row[i].per_node, bytes);
    assert_true(bytes < 128);
  }
}

/* The sources at work on simulated nodes of one rank, in microseconds (scripts/simulate,
 * docs/scaling.md); halvings: what the model takes, or as many as can be. */
static void within_fifteen_percent_of_the_simulation(void **unused) {
  (void)unused;
  static const struct {
    int nodes;
    double parameters;
    bool most;
    double us;
  } row[] = {
      {8, 17000, false, 34.3},    {8, 670000, false, 761.6},  {8, 8500000, false, 9552.8},
      {16, 17000, false, 44.0},   {16, 670000, false, 775.3}, {16, 8500000, false, 9634.8},
      {64, 17000, false, 64.4},   {8, 17000, true, 46.2},     {8, 670000, true, 1267.2},
      {8, 8500000, true, 15946},  {16, 17000, true, 56.7},    {16, 670000, true, 1383.9},
      {16, 8500000, true, 17088}, {64, 17000, true, 69.4},    {64, 670000, true, 1532.6},
      {64, 670000, false, 802.7}, {256, 17000, false, 78.0},  {256, 17000, true, 80.3},
      {512, 17000, false, 81.7},  {512, 17000, true, 83.6},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const ls_cost_shape shape = {
        .nodes = row[i].nodes, .node_size = 1, .bytes = 4 * row[i].parameters};
    const ls_cost cost = ls_cost_of(&shape, &ls_cost_usual, ls_cost_halvings(&shape, row[i].most));
    const double us = 1e6 * (cost.messages + cost.network + cost.sums);
    if (!(us > 0.85 * row[i].us && us < 1.15 * row[i].us))
      fail_msg("%d nodes, %.0f parameters: %.1f us, simulated %.1f", row[i].nodes,
               row[i].parameters, us, row[i].us);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chosen_where_messages_cost_more_than_sums),
      cmocka_unit_test(as_many_as_can_be),
      cmocka_unit_test(never_on_nodes_of_two_kinds),
      cmocka_unit_test(memory_for_each_rank_of_the_job),
      cmocka_unit_test(within_fifteen_percent_of_the_simulation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
