/* update.h - the optimizer at work: this rank's slots, and one update of its shard of the
 * parameters.
 *
 * The parameters are cut into pieces: a fixed grid of ls_update_grid(n) parameters, cut again
 * where tensors meet. Norms are sums over pieces (in order inside one, in tree order over them), so
 * neither ranks nor threads change their bits. */
#ifndef LS_TRAIN_UPDATE_H
#define LS_TRAIN_UPDATE_H

#include "base/team.h"
#include "comm/exchange.h"
#include "model/model.h"
#include "optim/optim.h"

typedef struct ls_update ls_update;

int64_t ls_update_grid(int64_t n); /* grid for n parameters; shards are multiples of it */
/* check_finite: look at every gradient before using it (policies skip and rollback). */
ls_status ls_update_new(ls_comm *comm, ls_exchange *exchange, ls_model *model,
                        const ls_optim_spec *spec, const ls_gradient_spec *gradient, uint64_t seed,
                        bool check_finite, ls_team *team, ls_update **out);
void ls_update_free(ls_update **update);
void *ls_update_slot(ls_update *update,
                     int slot);          /* (hi - lo) real of this rank's shard; NULL: not in use */
void ls_update_reset(ls_update *update); /* slots to their first values */

/* After ls_exchange_reduce: update number t (from 1) with rate lr. *norm: gradient norm before
 * clipping, made only where want_norm or where the update needs it, else NaN. Returns false, with
 * nothing changed, if check_finite and the gradient is not finite; collective where a norm is made.
 * Bands of the exchange are offered one by one. */
bool ls_update_step(ls_update *update, double lr, int64_t t, int64_t global_step, bool want_norm,
                    double *norm);
/* Of a mode that updates the weights itself; vectors are (hi - lo) real of this rank's shard.
 * gradient: after ls_exchange_reduce, the sum over the ranks to out; what is frozen is left as it
 * is there. dot: the sum of a[i] b[i] over all parameters but frozen ones, in the order of the
 * norms. Collective. */
void ls_update_gradient(ls_update *update, void *out);
double ls_update_dot(ls_update *update, const void *a, const void *b);
/* What of the last update went into summing the ranks' gradients, and into making deferred ones
 * (model.h), in seconds. */
double ls_update_reduce_seconds(const ls_update *update);
double ls_update_gradient_seconds(const ls_update *update);

#endif
