/* hogwild.c - the ranks of a host update one copy of the weights without locks (Recht and others,
 * 2011): the weights are copied, and rate x gradient is taken off them as they are by then. The
 * loop around it is asynchronous.c's; begin with `ways`, what this mode does in it. */
#include "base/mem.h"
#include "comm/common.h"
#include "optim/relaxed.h"
#include "train/asynchronous.h"

typedef struct {
  ls_common *common;
  int64_t before; /* updates in the weights when they were last read */
  void (*copy)(const void *, void *, int64_t);
  void (*descend)(void *, const void *, int64_t, double, double);
} hogwild;

static hogwild *own(const ls_run *run) { return run->asynchronous->own; }

static void close_common(ls_run *run) {
  hogwild *h = own(run);
  if (h) ls_common_free(&h->common);
  LS_FREE(run->asynchronous->own);
}

static void copy_out(ls_run *run) {
  hogwild *h = own(run);
  h->copy(ls_common_weights(h->common), ls_exchange_weights(run->exchange), run->parameters);
}

static void begin(ls_run *run, int64_t end) {
  hogwild *h = own(run);
  if (ls_comm_rank(run->comm) == 0)
    h->copy(ls_exchange_weights(run->exchange), ls_common_weights(h->common), run->parameters);
  ls_common_open(h->common, run->state.global_step, end);
}

static int64_t take(ls_run *run) { return ls_common_take(own(run)->common); }
static void stop(ls_run *run) { ls_common_stop(own(run)->common); }

static void read_weights(ls_run *run, bool anew) {
  (void)anew;
  own(run)->before = ls_common_made(own(run)->common);
  copy_out(run);
}

static int64_t behind(ls_run *run) { return ls_common_made(own(run)->common) - own(run)->before; }

static void descend(ls_run *run, void *gradient, int64_t step) {
  const hogwild *h = own(run);
  const size_t size = ls_dtype_size(run->config->precision);
  char *g = gradient, *w = ls_common_weights(h->common);
  int tensors;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  (void)step;
  for (int i = 0; i < tensors; i++) {
    const size_t at = (size_t)tensor[i].offset * size;
    if (tensor[i].frozen) continue;
    h->descend(w + at, g + at, tensor[i].rows * tensor[i].cols, run->lr,
               run->config->optimizer.weight_decay);
  }
  const int64_t others = ls_common_count(h->common) - h->before;
  ls_asynchronous_note(run, 1, others, others);
}

static void settle(ls_run *run) {
  ls_common_meet(own(run)->common);
  copy_out(run);
}

static const ls_ways ways = {.close = close_common,
                             .begin = begin,
                             .take = take,
                             .stop = stop,
                             .read = read_weights,
                             .behind = behind,
                             .write = descend,
                             .settle = settle};

static ls_status hogwild_open(ls_run *run) {
  hogwild *h;
  const ls_dtype precision = run->config->precision;
  LS_TRY(ls_asynchronous_open(run, &ways));
  LS_COMM_NEW(run->comm, h, 1);
  run->asynchronous->own = h;
  h->copy = LS_REAL_OF(precision, ls_relaxed_copy);
  h->descend = LS_REAL_OF(precision, ls_relaxed_descend);
  return ls_common_new(run->comm, (size_t)run->parameters * ls_dtype_size(precision), &h->common);
}

const ls_mode ls_mode_hogwild = {.name = "hogwild",
                                 .apart = true,
                                 .open = hogwild_open,
                                 .close = ls_asynchronous_close,
                                 .advance = ls_asynchronous_advance,
                                 .staleness = ls_asynchronous_staleness};
