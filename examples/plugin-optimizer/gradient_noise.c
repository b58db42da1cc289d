/* gradient_noise.c - gradient descent with annealed Gaussian noise (Neelakantan et al., arXiv
 * 1511.06807): w = w - lr (g + N(0, eta / (1 + j)^gamma)), j = global_step.
 *
 * Every number drawn is a function of (seed, global_step, number of the parameter), so that it is
 * the same whichever rank updates the parameter, and after a resume. A generator with a state of
 * its own would break both. */
#include <lockstep/optim.h>
#include <math.h>

enum { ETA, GAMMA }; /* places in span->hyper: the order of the rows below */
static const ls_hyper keys[] = {[ETA] = {.name = "eta",
                                         .type = LS_HYPER_REAL,
                                         .value = 0.3,
                                         .min = 0,
                                         .max = INFINITY,
                                         .open_max = 1,
                                         .help = "variance at the start"},
                                [GAMMA] = {.name = "gamma",
                                           .type = LS_HYPER_REAL,
                                           .value = 0.55,
                                           .min = 0,
                                           .max = 10,
                                           .help = "how fast the noise dies down"},
                                {0}};

/* splitmix64's finaliser: a bijection of 64 bits that mixes well (Steele, Lea and Flood 2014) */
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static double uniform(uint64_t bits) {
  return ((double)(bits >> 12) + 0.5) * 0x1p-52;
} /* never 0 or 1 */

static double normal(uint64_t key, uint64_t parameter) { /* Box-Muller */
  uint64_t a = mix(key ^ mix(2 * parameter)), b = mix(key ^ mix(2 * parameter + 1));
  return sqrt(-2 * log(uniform(a))) * cos(6.283185307179586 * uniform(b));
}

static void update(const ls_optim_span *s) {
  uint64_t key = mix(s->seed ^ mix((uint64_t)s->global_step));
  double sigma = sqrt(s->hyper[ETA] / pow(1 + (double)s->global_step, s->hyper[GAMMA]));
  for (int64_t i = 0; i < s->n; i++) {
    double noise = sigma * normal(key, (uint64_t)(s->first + i));
    if (s->precision == LS_SPAN_F32) {
      float *w = (float *)s->p + i;
      *w -= (float)s->lr * (((const float *)s->g)[i] + (float)noise + (float)s->weight_decay * *w);
    } else {
      double *w = (double *)s->p + i;
      *w -= s->lr * (((const double *)s->g)[i] + noise + s->weight_decay * *w);
    }
  }
}

const ls_optim_ops *lockstep_optimizer(void) {
  static const ls_optim_ops ops = {
      .abi = LS_OPTIM_ABI,
      .name = "gradient_noise",
      .help = "gradient descent with annealed Gaussian noise (arXiv 1511.06807)",
      .hyper = keys,
      .update = update};
  return &ops;
}
