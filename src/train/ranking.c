/* ranking.c - output by output all ranks' numbers come together on every rank, by a sum over
 * zeros, and one rank sorts them: output c is rank c % ranks'. Ties go together and pairs are
 * counted in halves, so the order of samples says nothing. Begin with rank. */
#include "train/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "base/mem.h"

/* A sample: its number for an output, and 1 where it is what the output stands for, else 0. */
typedef struct {
  double score, is;
} judged;
enum { JUDGED = sizeof(judged) / sizeof(double) };

struct ls_ranking {
  int64_t rows, first, own, outputs;
  judged *mine; /* (outputs, own) */
  judged *all;  /* (rows): one output's, of all ranks */
};

ls_status ls_ranking_new(int64_t rows, int64_t first, int64_t own, int64_t outputs,
                         ls_ranking **out) {
  LS_NEW(*out, 1);
  **out = (ls_ranking){.rows = rows, .first = first, .own = own, .outputs = outputs};
  LS_NEW((*out)->mine, own * outputs);
  LS_NEW((*out)->all, rows);
  return LS_OK;
}

void ls_ranking_free(ls_ranking **ranking) {
  if (!*ranking) return;
  LS_FREE((*ranking)->mine);
  LS_FREE((*ranking)->all);
  LS_FREE(*ranking);
}

void ls_ranking_put(ls_ranking *r, int64_t row, int64_t output, double score, bool is) {
  r->mine[output * r->own + row - r->first] = (judged){score, is};
}

/* From the largest number down. */
static int compare(const void *a, const void *b) {
  const double x = ((const judged *)a)->score, y = ((const judged *)b)->score;
  return (x < y) - (x > y);
}

static bool any_nan(const judged *sample, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (isnan(sample[i].score)) return true;
  return false;
}

/* Samples with equal numbers go together, so their order does not matter; pairs are counted in
 * halves, whole numbers that are exact up to 2^53. */
static void rank(judged *sample, int64_t n, double *auc, double *precision) {
  double is = 0, not = 0, halves = 0, sum = 0;
  *auc = *precision = (double)NAN;
  if (any_nan(sample, n)) return;
  qsort(sample, (size_t)n, sizeof *sample, compare);
  for (int64_t i = 0, end; i < n; i = end) {
    double equal = 0;
    for (end = i; end < n && sample[end].score == sample[i].score; end++) equal += sample[end].is;
    const double others = (double)(end - i) - equal;
    halves += others * (2 * is + equal);
    is += equal;
    not += others;
    sum += equal * (is / (is + not ));
  }
  if (is > 0 && not > 0) *auc = halves / (2 * is * not );
  if (is > 0) *precision = sum / is;
}

void ls_ranking_make(ls_ranking *r, ls_comm *comm, double *auc, double *precision) {
  const int64_t me = ls_comm_rank(comm), ranks = ls_comm_size(comm);
  for (int64_t c = 0; c < r->outputs; c++) {
    ls_alive();
    memset(r->all, 0, (size_t)r->rows * sizeof *r->all);
    if (r->own > 0)
      memcpy(r->all + r->first, r->mine + c * r->own, (size_t)r->own * sizeof *r->all);
    ls_comm_sum(comm, (double *)r->all, r->rows * JUDGED);
    auc[c] = precision[c] = 0;
    if (c % ranks == me) rank(r->all, r->rows, &auc[c], &precision[c]);
  }
  ls_comm_sum(comm, auc, r->outputs);
  ls_comm_sum(comm, precision, r->outputs);
}
