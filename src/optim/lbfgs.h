/* lbfgs.h - what of L-BFGS is no matter of ranks: its keys, the names of its pairs in a checkpoint,
 * and the line search as a sequence of questions. At work: train/lbfgs.c. */
#ifndef LS_OPTIM_LBFGS_H
#define LS_OPTIM_LBFGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lockstep/optim.h"

/* The row of `type: lbfgs`. It is no kernel over a span: `update` is NULL. */
extern const ls_optim_ops ls_optim_lbfgs;
enum { LS_LBFGS_PAIRS, LS_LBFGS_C1, LS_LBFGS_C2, LS_LBFGS_EVALUATIONS }; /* its keys */
enum { LS_PAIRS_MAX = 32, LS_PAIR_NAME = 8 };

/* In checkpoints: of so many pairs, first all steps, s00 ..., then all changes of the gradient,
 * y00 ... */
void ls_lbfgs_name(int pairs, int vector, char out[LS_PAIR_NAME]);

/* Along a direction: how far, the value there, its slope. */
typedef struct {
  double a, f, slope;
} ls_probe;

/* A search for a step that fulfils the strong Wolfe conditions (Nocedal and Wright, 3.5 and 3.6),
 * of which each next question follows from the answers so far. Where values differ by no more than
 * their rounding, the slopes decide (Hager and Zhang's approximate Wolfe conditions). */
typedef struct {
  double c1, c2;
  double noise; /* what a value may be off by its rounding */
  int64_t left; /* questions that may still be asked */
  ls_probe start, low, high;
  bool bracketed; /* a good step lies between low and high */
  double ask;     /* the next question: value and slope at this step */
} ls_search;

typedef enum { LS_SEARCH_ON, LS_SEARCH_FOUND, LS_SEARCH_OVER } ls_search_state;

/* f and slope (below 0) at 0; relative: the rounding of f, as a fraction of it. */
void ls_search_begin(ls_search *search, const double *hyper, double f, double slope, double first,
                     double relative);
/* The answer to search->ask; f may be no number. FOUND: it is the step to take. OVER: no question
 * is left; low.a is the best step that was found, 0: none. */
ls_search_state ls_search_answer(ls_search *search, double f, double slope);

#endif
