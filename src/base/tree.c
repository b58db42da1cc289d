/* tree.c - no tree is ever built. Nodes are found by counting bits, and a sum is a binary
 * counter whose digit k is a finished node that waits for its right sibling. Begin with
 * ls_tree_sum; comm/exchange_kind.c folds whole gradients in the same way. */
#include "base/tree.h"

#include <assert.h>

int ls_tree_first(int slices, int ranks, int rank) { return (int)((int64_t)rank * slices / ranks); }

int64_t ls_tree_row(int64_t n, int slices, int slice) {
  /* n * slice may pass 2^63 for a full batch of many rows: split n. */
  return n / slices * slice + n % slices * slice / slices;
}

static int padded(int slices) {
  int leaves = 1;
  while (leaves < slices) leaves *= 2;
  return leaves;
}

int ls_tree_cover(int slices, int lo, int hi, ls_tree_node *node) {
  /* absent leaves belong to whoever has the last slice */
  const int end = hi == slices ? padded(slices) : hi;
  int count = 0;
  while (lo < hi) {
    int level = 0;
    while (lo % (2 << level) == 0 && lo + (2 << level) <= end) level++;
    assert(count < LS_PARTS_MAX);
    int past = lo + (1 << level);
    node[count++] = (ls_tree_node){lo, past < slices ? past : slices, level};
    lo = past;
  }
  return count;
}

/* A binary counter: sums of complete nodes wait, one a level, until their right sibling is there.
 */
double ls_tree_sum(const double *x, int64_t count, int64_t stride) {
  double wait[64];
  int depth = 0;
  for (int64_t i = 0; i < count; i++) {
    double sum = x[i * stride];
    for (int64_t k = i; k & 1; k >>= 1) sum = wait[--depth] + sum;
    wait[depth++] = sum;
  }
  if (depth == 0) return 0.0;
  double sum = wait[--depth];
  while (depth > 0)
    sum = wait[--depth] + sum; /* a missing right child: the node is its left child */
  return sum;
}
