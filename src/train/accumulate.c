/* accumulate.c - train.accumulate: a minibatch that is larger than memory, in rounds. The gradient
 * of a node of the slice tree is the sum of its children's, so a node with more slices than may be
 * in memory is made from its children's, one after the other: the additions of the whole, in the
 * same order. Begin with ls_accumulate -> sum_node. */
#include "base/clamp.h"
#include "base/mem.h"
#include "base/tree.h"
#include "comm/sum.h"
#include "train/run.h"

int ls_accumulate_slices(const ls_run *run) {
  return (int)ls_max(run->slices / run->config->accumulate, 1);
}

static bool fits(const ls_run *run, const ls_tree_node *node) {
  return node->hi - node->lo <= ls_accumulate_slices(run);
}

static ls_tree_node left_of(const ls_tree_node *node) {
  const int level = node->level - 1, end = node->lo + (1 << level);
  return (ls_tree_node){node->lo, end < node->hi ? end : node->hi, level};
}

/* Without slices where the node is its left child. */
static ls_tree_node right_of(const ls_tree_node *node) {
  const int level = node->level - 1, lo = node->lo + (1 << level);
  return (ls_tree_node){lo, lo < node->hi ? node->hi : lo, level};
}

/* Nodes on the way down from `node` whose right child waits to be added. */
static int depth_of(const ls_run *run, const ls_tree_node *node) {
  int depth = 0;
  for (ls_tree_node at = *node; !fits(run, &at); at = left_of(&at)) {
    const ls_tree_node right = right_of(&at);
    depth += right.hi > right.lo;
  }
  return depth;
}

ls_status ls_accumulate_new(ls_run *run) {
  const ls_tree_node *node;
  void *const *grad;
  int depth = 0;
  const int parts = ls_exchange_parts(run->exchange, &node, &grad);
  if (run->config->accumulate == 1) return LS_OK;
  for (int i = 0; i < parts; i++) {
    const int own = depth_of(run, &node[i]);
    if (own > depth) depth = own;
  }
  for (int i = 0; i < depth; i++)
    LS_TRY(
        ls_mem_new(&run->spare[i], (size_t)run->parameters, ls_dtype_size(run->config->precision)));
  return LS_OK;
}

void ls_accumulate_free(ls_run *run) {
  for (int i = 0; i < LS_TREE_DEPTH; i++) LS_FREE(run->spare[i]);
}

typedef struct {
  void *sum;
  const void *more;
  int64_t n;
  ls_dtype precision;
} addition;

static void add_job(void *arg, int thread, int threads) {
  const addition *a = arg;
  const size_t size = ls_dtype_size(a->precision);
  int64_t lo, hi;
  ls_team_range(a->n, 64, thread, threads, &lo, &hi);
  char *sum = (char *)a->sum + (size_t)lo * size;
  const char *more = (const char *)a->more + (size_t)lo * size;
  if (a->precision == LS_F32)
    ls_sum_f32(sum, sum, more, hi - lo);
  else
    ls_sum_f64(sum, sum, more, hi - lo);
}

static void add(ls_run *run, void *sum, const void *more) {
  addition a = {sum, more, run->parameters, run->config->precision};
  ls_team_run(run->team, add_job, &a);
}

static bool one_round(ls_run *run, const ls_tree_node *node, void *grad, ls_batch *batch) {
  ls_run_load(run, node->lo, node->hi, batch);
  return ls_run_pass(run, batch, 1, node, &grad);
}

static bool sum_node(ls_run *run, const ls_tree_node *node, int depth, void *grad,
                     ls_batch *batch) {
  if (fits(run, node)) return one_round(run, node, grad, batch);
  const ls_tree_node left = left_of(node), right = right_of(node);
  bool finite = sum_node(run, &left, depth, grad, batch);
  if (right.hi == right.lo) return finite;
  finite &= sum_node(run, &right, depth + 1, run->spare[depth], batch);
  add(run, grad, run->spare[depth]);
  return finite;
}

bool ls_accumulate(ls_run *run, ls_batch *batch) {
  const ls_tree_node *node;
  void *const *grad;
  bool finite = true;
  const int parts = ls_exchange_parts(run->exchange, &node, &grad);
  for (int i = 0; i < parts; i++) finite &= sum_node(run, &node[i], 0, grad[i], batch);
  batch->slice_lo = run->slice_lo;
  batch->slice_hi = run->slice_hi;
  return finite;
}
