/* downpour.c - Downpour SGD (Dean and others, 2012). Each host's first rank holds a shard of the
 * parameters; every rank fetches them, makes gradients of its own minibatches and pushes the sum of
 * these, to which the optimizer is applied in the shards, with what it keeps there. Between two
 * fetches a rank's copy goes on by its own gradients. The loop around it is asynchronous.c's; begin
 * with `ways`, what this mode does in it. */
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "comm/server.h"
#include "comm/sum.h"
#include "train/asynchronous.h"

/* Gradients that have not been pushed yet, and what they were made from. */
typedef struct {
  char *sum;             /* (n) real: a minibatch's where each is pushed, else `room` */
  int64_t updates, step; /* step: of the last */
  int64_t seen, least;   /* updates of others that their copies had: sum, least */
} pending;

typedef struct {
  ls_server *server;
  int vectors, slot[LS_SLOTS_MAX]; /* slot[v - 1]: number of vector v among the optimizer's */
  char *vector[1 + LS_SLOTS_MAX];  /* this rank's copies, (n) real each: weights, slots in use */
  char *room;                      /* NULL where each gradient is pushed at once */
  pending kept;
  int64_t since;   /* minibatches since the last fetch */
  int64_t others;  /* updates of others in the copy */
  int64_t written; /* by this rank, in all legs */
  void (*sum)(void *, const void *, const void *, int64_t);
} downpour;

static downpour *own(const ls_run *run) { return run->asynchronous->own; }

static void close_server(ls_run *run) {
  downpour *d = own(run);
  if (!d) return;
  ls_server_free(&d->server);
  LS_FREE(d->room);
  LS_FREE(run->asynchronous->own);
}

/* ---- the optimizer ---- */

typedef struct {
  const ls_run *run;
  const char *gradient; /* (n) real, the sum over `updates` minibatches */
  int64_t updates, step;
} work;

/* Parameters [at, end) of one tensor; vector[] begin with parameter lo. */
static void change_span(const work *w, int tensor, int64_t at, int64_t end, int64_t lo,
                        char *const *vector) {
  const ls_run *run = w->run;
  const downpour *d = own(run);
  const ls_optim_spec *spec = &run->config->optimizer;
  const size_t size = ls_dtype_size(run->config->precision), from = (size_t)(at - lo) * size;
  ls_optim_span span = {.n = end - at,
                        .first = at,
                        .tensor = tensor,
                        .precision = (int)run->config->precision,
                        .p = vector[0] + from,
                        .g = w->gradient + (size_t)at * size,
                        .lr = run->lr,
                        .t = run->state.t + w->step - run->state.global_step + 1,
                        .global_step = w->step,
                        .weight_decay = spec->weight_decay * (double)w->updates,
                        .seed = run->config->seed,
                        .hyper = spec->hyper};
  for (int v = 1; v < d->vectors; v++) span.slot[d->slot[v - 1]] = vector[v] + from;
  spec->ops->update(&span);
}

/* An ls_server_change: the optimizer on parameters [lo, lo + n), but for frozen tensors. */
static void change(void *context, int64_t lo, int64_t n, char *const *vector) {
  const work *w = context;
  int tensors;
  const ls_tensor *tensor = ls_model_tensors(w->run->model, &tensors);
  for (int i = 0; i < tensors; i++) {
    int64_t at = tensor[i].offset, end = at + tensor[i].rows * tensor[i].cols;
    at = ls_max(at, lo);
    end = ls_min(end, lo + n);
    if (at < end && !tensor[i].frozen) change_span(w, i, at, end, lo, vector);
  }
}

/* ---- fetch and push ---- */

static void fetch(ls_run *run, bool slots) {
  downpour *d = own(run);
  d->others = ls_server_made(d->server) - d->written;
  ls_server_fetch(d->server, d->vector, slots ? d->vectors : 1);
  d->since = 0;
}

static void push(ls_run *run) {
  downpour *d = own(run);
  pending *kept = &d->kept;
  work all = {run, kept->sum, kept->updates, kept->step};
  if (kept->updates == 0) return;
  ls_server_push(d->server, change, &all);
  const int64_t others = ls_server_count(d->server, kept->updates) - d->written;
  ls_asynchronous_note(run, kept->updates, kept->updates * others - kept->seen,
                       others - kept->least);
  d->written += kept->updates;
  *kept = (pending){0};
}

static void keep(ls_run *run, char *gradient, int64_t step) {
  downpour *d = own(run);
  pending *kept = &d->kept;
  if (kept->updates == 0) {
    kept->sum = gradient;
    kept->least = d->others;
    if (d->room)
      kept->sum = memcpy(d->room, gradient,
                         (size_t)run->parameters * ls_dtype_size(run->config->precision));
  } else {
    d->sum(kept->sum, kept->sum, gradient, run->parameters);
  }
  kept->updates++;
  kept->step = step;
  kept->seen += d->others;
  kept->least = ls_min(kept->least, d->others);
}

/* ---- ls_ways ---- */

static void begin(ls_run *run, int64_t end) {
  downpour *d = own(run);
  d->since = run->config->downpour_fetch; /* a leg begins with a fetch */
  ls_server_open(d->server, d->vector, run->state.global_step, end);
}

static int64_t take(ls_run *run) { return ls_server_take(own(run)->server); }
static void stop(ls_run *run) { ls_server_stop(own(run)->server); }

static void read_weights(ls_run *run, bool anew) {
  const int64_t every = run->config->downpour_fetch;
  if (anew) push(run); /* what is kept would not be in the newer copy */
  if (anew || own(run)->since >= every) fetch(run, every > 1);
}

/* Looked at where a push is next: elsewhere it would be one more question a minibatch. */
static int64_t behind(ls_run *run) {
  const downpour *d = own(run);
  if (d->kept.updates + 1 < run->config->downpour_push) return 0;
  return ls_server_made(d->server) - d->written - d->others;
}

static void write_gradient(ls_run *run, void *gradient, int64_t step) {
  downpour *d = own(run);
  work mine = {run, gradient, 1, step};
  keep(run, gradient, step);
  if (d->kept.updates >= run->config->downpour_push) push(run);
  if (++d->since < run->config->downpour_fetch) change(&mine, 0, run->parameters, d->vector);
}

static void settle(ls_run *run) {
  push(run);
  ls_comm_barrier(run->comm);
  fetch(run, true);
}

static const ls_ways ways = {.close = close_server,
                             .begin = begin,
                             .take = take,
                             .stop = stop,
                             .read = read_weights,
                             .behind = behind,
                             .write = write_gradient,
                             .settle = settle};

/* The copies are where a checkpoint looks for weights and slots. */
static void name_vectors(const ls_run *run, downpour *d) {
  d->vector[0] = ls_exchange_weights(run->exchange);
  d->vectors = 1;
  for (int s = 0; s < run->config->optimizer.ops->slots; s++) {
    if (!ls_update_slot(run->update, s)) continue;
    d->slot[d->vectors - 1] = s;
    d->vector[d->vectors++] = ls_update_slot(run->update, s);
  }
}

static ls_status downpour_open(ls_run *run) {
  const ls_config *c = run->config;
  const int64_t bytes = run->parameters * (int64_t)ls_dtype_size(c->precision);
  downpour *d;
  LS_TRY(ls_asynchronous_open(run, &ways));
  LS_COMM_NEW(run->comm, d, 1);
  run->asynchronous->own = d;
  d->sum = LS_REAL_OF(c->precision, ls_sum);
  name_vectors(run, d);
  if (c->downpour_push > 1) LS_COMM_NEW(run->comm, d->room, bytes);
  return ls_server_new(run->comm, run->parameters, ls_update_grid(run->parameters), d->vectors,
                       c->precision, &d->server);
}

const ls_mode ls_mode_downpour = {.name = "downpour",
                                  .apart = true,
                                  .open = downpour_open,
                                  .close = ls_asynchronous_close,
                                  .advance = ls_asynchronous_advance,
                                  .staleness = ls_asynchronous_staleness};
