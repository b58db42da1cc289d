/* lockstep/optim.h - the ABI of optimizers and schedules, built in or in a plug-in.
 *
 * An optimizer is a pure kernel over a span of parameters: it reads the gradient g, updates its
 * slots and the parameters p, and knows nothing of tensors' loops, ranks or files. Its whole state
 * is its slots (one number per parameter and slot), so sharding over ranks, checkpoints and
 * resuming on another number of ranks work for every optimizer without its help. The same span of
 * parameters may come cut in any way, on any rank: results must depend only on what the span gives.
 *
 * A plug-in is a shared library that defines  const ls_optim_ops *lockstep_optimizer(void);
 * and/or                                      const ls_schedule_ops *lockstep_schedule(void);
 * Compile with: cc -shared -fPIC -O2 -ffp-contract=off -I<lockstep>/include mine.c -o mine.so */
#ifndef LOCKSTEP_OPTIM_H
#define LOCKSTEP_OPTIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LS_OPTIM_ABI 1
enum { LS_HYPER_MAX = 16, LS_SLOTS_MAX = 4, LS_NORMS_MAX = 4, LS_LIST_MAX = 64 };

typedef enum {
  LS_HYPER_REAL,    /* a number */
  LS_HYPER_INT,     /* a whole number */
  LS_HYPER_BOOL,    /* true or false: 1 or 0 */
  LS_HYPER_CHOICE,  /* one of `choices`: its index */
  LS_HYPER_STEPS,   /* weight updates; "10 epochs" is converted before a kernel sees it */
  LS_HYPER_REALS,   /* a list of numbers  (schedules only) */
  LS_HYPER_STEPLIST /* a list of steps    (schedules only) */
} ls_hyper_type;

/* One key of an optimizer or schedule: parses, documents, checks and prints it. */
typedef struct {
  const char *name;
  ls_hyper_type type;
  double value;           /* default; ignored where required */
  double min, max;        /* allowed range; use -INFINITY, INFINITY for none */
  int open_min, open_max; /* nonzero: min (max) itself is refused */
  int required;
  const char *const *choices; /* NULL-terminated, for LS_HYPER_CHOICE */
  const char *help;           /* one sentence */
} ls_hyper;

enum { LS_SPAN_F32 = 0, LS_SPAN_F64 = 1 };

typedef struct {
  int64_t n;     /* parameters in this span */
  int64_t first; /* number of the first one among all parameters (flat, W row-major then b, layer by
                    layer) */
  int tensor;    /* number of the tensor it lies in (0: W of layer 0, 1: b of layer 0, ...) */
  int precision; /* LS_SPAN_F32 or LS_SPAN_F64: the type behind p, g and slot */
  void *p;       /* (n) parameters, updated in place */
  const void
      *g; /* (n) gradient of the mean loss: clipped, with noise, weight decay NOT yet in it */
  void *slot[LS_SLOTS_MAX]; /* (n) each */
  double lr;                /* learning rate of this update, from the schedule */
  int64_t t; /* number of this update, from 1: bias correction is beta^t from this integer */
  int64_t global_step; /* t - 1 plus skipped steps; 0 at the first */
  double weight_decay;
  uint64_t seed;
  const double *hyper; /* values in the order of the ops' hyper rows */
  const double *norm;  /* (norms) square roots of the sums that `reduce` made over this tensor; NULL
                          without reduce */
} ls_optim_span;

typedef struct {
  uint32_t abi;     /* LS_OPTIM_ABI */
  const char *name; /* the word after `type:` */
  const char *help; /* one sentence with the formula's source */
  int slots;        /* 0..LS_SLOTS_MAX */
  const char *slot_name[LS_SLOTS_MAX];
  const ls_hyper *hyper; /* ends with name == NULL */
  int norms;             /* 0..LS_NORMS_MAX: how many sums of squares per tensor `reduce` makes */
  void (*update)(const ls_optim_span *span);
  void (*reduce)(const ls_optim_span *span,
                 double *sum); /* adds this span's share to sum[0..norms); may update slots first;
                                  NULL if none */
  double (*slot_start)(const double *hyper, int slot); /* first value of a slot; NULL: 0 */
  unsigned (*slots_used)(const double *hyper); /* bit i: slot i is needed with these values (else
                                                  its pointer is NULL); NULL: all */
  const char *(*check)(const double *hyper); /* NULL or what is wrong with the values together; NULL
                                                if none needed */
} ls_optim_ops;

typedef struct {
  double lr;                        /* optimizer.lr, the initial rate */
  int64_t step;                     /* global_step: 0 at the first update */
  const double *hyper;              /* scalars, in the order of the rows (lists: their length) */
  const double *list[LS_HYPER_MAX]; /* the list of row i, or NULL */
  int64_t run; /* updates that the whole run makes; 0: not known, and a rate that needs it is NAN */
  int64_t cuts; /* how often evaluations have cut the rate: schedule plateau's, else 0 */
} ls_schedule_args;

typedef struct {
  uint32_t abi;
  const char *name, *help;
  const ls_hyper *hyper;
  double (*rate)(const ls_schedule_args *args);
  const char *(*check)(const ls_schedule_args *args); /* NULL or what is wrong */
} ls_schedule_ops;

/* What a plug-in defines: one of these, or both. */
__attribute__((visibility("default"))) const ls_optim_ops *lockstep_optimizer(void);
__attribute__((visibility("default"))) const ls_schedule_ops *lockstep_schedule(void);

#ifdef __cplusplus
}
#endif
#endif
