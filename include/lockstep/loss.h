/* lockstep/loss.h - the ABI of losses in a plug-in.
 *
 * A loss is a pure function of one sample: it reads the network's outputs y and the sample's
 * targets t and returns what that sample costs. It knows nothing of minibatches, weights of
 * samples, ranks or precisions, so that sums over samples have the same bits on any number of ranks
 * without its help. It must not depend on anything else: no static variables, no rand().
 *
 * A plug-in is a shared library that defines  const ls_loss_ops *lockstep_loss(void);
 * Compile with: cc -shared -fPIC -O2 -ffp-contract=off -I<lockstep>/include mine.c -o mine.so */
#ifndef LOCKSTEP_LOSS_H
#define LOCKSTEP_LOSS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LS_LOSS_ABI 1
enum { LS_LOSS_OUTPUTS_MAX = 1024 };

typedef struct {
  uint32_t abi; /* LS_LOSS_ABI */
  const char *name;
  const char *help; /* one sentence with the formula */
  /* The loss of outputs y (n) and targets t (n) of a sample, 1 <= n <= LS_LOSS_OUTPUTS_MAX, as
   * trained (scaled where data.scale scales). slope (n), or NULL where nobody asks: its derivative
   * by each y, which is compared with differences of the loss before a run begins, with n of 1 to
   * 4. */
  double (*loss)(const double *y, const double *t, int64_t n, double *slope);
} ls_loss_ops;

/* What a plug-in defines. */
__attribute__((visibility("default"))) const ls_loss_ops *lockstep_loss(void);

#ifdef __cplusplus
}
#endif
#endif
