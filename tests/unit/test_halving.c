/* How many halvings the exchange takes between nodes that are not there: maps of nodes as a cluster
 * would give them. */
#include "comm/comm_private.h"
#include "comm/exchange_kind.h"
#include "test.h"

enum { NODES_MAX = 256 };

/* Nodes of `ranks` ranks each, one slice a rank, float32. */
static int steps_of(int nodes, int ranks, int64_t parameters, int slices, bool forced) {
  int first[NODES_MAX + 1];
  for (int k = 0; k <= nodes; k++) first[k] = k * ranks;
  ls_comm comm = {.nodes = nodes, .node_size = ranks, .size = nodes * ranks, .node_first = first};
  const ls_exchange x = {.comm = &comm, .n = parameters, .size = 4, .slices = slices};
  return ls_halving_steps(&x, nodes, forced);
}

/* By hand: a halving saves messages of 0.5 us, and costs one of 2.5 us and the sums of half a
 * column, written and read at 8 GB/s. 16 nodes, no halving: 2 (2 + 15/2) = 19 us; one: 2 (2.5 + 2 +
 * 7/2) = 16 us, and 4 n / 8e3 us for n parameters of a rank: worth it below 6,000. */
static void chosen_where_messages_cost_more_than_sums(void **unused) {
  (void)unused;
  static const struct {
    int nodes, ranks;
    int64_t parameters;
    int steps;
  } row[] = {
      {2, 1, 1000, 0},     /* nothing to save */
      {16, 1, 3985, 1},    /* one halving */
      {16, 1, 5990, 1},    /* just worth it */
      {16, 1, 6010, 0},    /* and not any more */
      {16, 8, 17000, 1},   /* a column is an eighth */
      {16, 16, 670000, 0}, /* a large network's sums cost more */
      {64, 1, 17000, 3},   {256, 16, 670000, 5}, {256, 16, 8500000, 0},
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chosen_where_messages_cost_more_than_sums),
      cmocka_unit_test(as_many_as_can_be),
      cmocka_unit_test(never_on_nodes_of_two_kinds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
