/* gradient_descent.c - the chapter's self-made optimizer (its section on developing your own): w =
 * w - lr dJ/dw. The same update as `type: sgd`, with the same bits. */
#include <lockstep/optim.h>

static void update_f32(const ls_optim_span *s) {
  float *w = s->p;
  const float *g = s->g;
  const float lr = (float)s->lr, decay = (float)s->weight_decay;
  for (int64_t i = 0; i < s->n; i++) w[i] -= lr * (g[i] + decay * w[i]);
}

static void update_f64(const ls_optim_span *s) {
  double *w = s->p;
  const double *g = s->g;
  for (int64_t i = 0; i < s->n; i++) w[i] -= s->lr * (g[i] + s->weight_decay * w[i]);
}

static void update(const ls_optim_span *s) {
  (s->precision == LS_SPAN_F32 ? update_f32 : update_f64)(s);
}

static const ls_hyper keys[] = {
    {0}}; /* none beside lr and weight_decay, which lockstep has for every optimizer */

const ls_optim_ops *lockstep_optimizer(void) {
  static const ls_optim_ops ops = {.abi = LS_OPTIM_ABI,
                                   .name = "gradient_descent",
                                   .help = "the chapter's self-made gradient descent",
                                   .hyper = keys,
                                   .update = update};
  return &ops;
}
