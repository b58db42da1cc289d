/* Losses for cli.loss: mse under another name, and every kind that must be refused. */
#include <lockstep/loss.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

enum {
  own_mse = 1,
  loss_abi,
  loss_null,
  loss_crash,
  loss_exit,
  loss_late,
  loss_abort,
  loss_slope,
  loss_nan,
  loss_none
};
#define IS(fault) (FAULT == (fault))

static double mse(const double *y, const double *t, int64_t n, double *slope) {
  static _Atomic int calls;
  double sum = 0;
  if (IS(loss_crash)) raise(SIGSEGV);
  if (IS(loss_exit)) exit(3);
  if (IS(loss_late) && ++calls > 2000) exit(3); /* in training */
  if (IS(loss_abort) && ++calls > 2000) abort();
  for (int64_t i = 0; i < n; i++) {
    const double e = y[i] - t[i];
    sum += e * e;
    if (slope) slope[i] = (IS(loss_slope) ? 1.99 : 2) * e / (double)n;
  }
  return IS(loss_nan) ? 0 / (sum - sum) : sum / (double)n;
}

const ls_loss_ops *lockstep_loss(void) {
  static const ls_loss_ops ops = {.abi = IS(loss_abi) ? LS_LOSS_ABI + 1 : LS_LOSS_ABI,
                                  .name = "own_mse",
                                  .help = "mean of (y - t)^2",
                                  .loss = IS(loss_none) ? NULL : mse};
  return IS(loss_null) ? NULL : &ops;
}
