/* tree.h - the fixed binary tree over the slices of a minibatch: why the bits do not depend on the
 * number of ranks.
 *
 * V slices are the leaves 0..V-1 of a full binary tree of P = 2^ceil(log2 V) leaves; leaves from V
 * on are absent (not zero: a node with no right child is its left child). A node is written (lo,
 * level): leaves [lo, lo + 2^level). sum(node) = sum(left child) + sum(right child), always in this
 * order. A rank owns slices [lo, hi); it sums each of the few maximal nodes inside its range
 * ("parts"), and whoever owns a piece of the gradient finishes the tree from all ranks' parts. With
 * R = 2^k ranks and V = 2^m slices each rank has one part. */
#ifndef LS_BASE_TREE_H
#define LS_BASE_TREE_H

#include <stdint.h>

enum { LS_SLICES_MAX = 65536, LS_PARTS_MAX = 32, LS_TREE_DEPTH = 17 };

typedef struct {
  int lo;    /* first slice */
  int hi;    /* one past the last slice that exists (<= lo + 2^level) */
  int level; /* the node covers 2^level leaves of the padded tree */
} ls_tree_node;

/* First slice of rank `rank` of `ranks`: floor(rank * slices / ranks). Rank r owns [first(r),
 * first(r+1)). */
int ls_tree_first(int slices, int ranks, int rank);
/* First row of slice `slice` among n rows cut into `slices`: floor(slice * n / slices). */
int64_t ls_tree_row(int64_t n, int slices, int slice);
/* The maximal tree nodes inside slices [lo, hi) of `slices`, in order; returns how many (at most
 * LS_PARTS_MAX). */
int ls_tree_cover(int slices, int lo, int hi, ls_tree_node *node);
/* Sum of `slices` doubles at x[0], x[stride], x[2 stride] ... in tree order. Used for every
 * statistic. */
double ls_tree_sum(const double *x, int64_t count, int64_t stride);

#endif
