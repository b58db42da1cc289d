/* net.c - trained networks for other programs (lockstep/lockstep.h): what export/net.h says of
 * them, and train/apply.h computes, as predict does. A call takes a worker, which is memory for one
 * thread, or makes one (take_worker), so that threads need not wait for one another. Begin with
 * compute. */
#include "api/net.h"

#include <pthread.h>
#include <string.h>

#include "api/visit.h"
#include "base/clamp.h"
#include "base/mem.h"
#include "data/given.h"
#include "export/net.h"
#include "io/regular.h"
#include "train/apply.h"

/* Work space for one call at a time. */
typedef struct worker {
  struct worker *next;
  ls_model *model;
  ls_apply apply;
} worker;

struct lockstep_net {
  ls_net *net;
  pthread_mutex_t lock; /* over idle */
  worker *idle[2];      /* by ls_apply_what */
};

const char *lockstep_version(void) { return LOCKSTEP_VERSION; }

/* ---- up and down ---- */

typedef struct {
  const char *path;
  const void *data;
  size_t bytes;
  lockstep_net *net;
} opening;

static ls_status make_net(lockstep_net **out) {
  LS_NEW(*out, 1);
  pthread_mutex_init(&(*out)->lock, NULL);
  return LS_OK;
}

ls_status ls_api_net_open(const char *name, const void *data, size_t bytes, lockstep_net **out) {
  LS_TRY(make_net(out));
  return ls_net_open_bytes(name, data, bytes, &(*out)->net);
}

static ls_status refuse_folder(const char *path) {
  if (!ls_is_folder(path)) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' is a folder: name a checkpoint in it, such as '%s/final.h5'", path,
                 path);
}

static ls_status open_net(void *arg) {
  opening *o = arg;
  if (!o->path && !o->data) return ls_fail(LS_EUSAGE, "there is no checkpoint: NULL");
  if (!o->path) return ls_api_net_open("a checkpoint in memory", o->data, o->bytes, &o->net);
  LS_TRY(refuse_folder(o->path));
  LS_TRY(make_net(&o->net));
  return ls_net_open(o->path, &o->net->net);
}

static lockstep_status finish_opening(opening *o, lockstep_net **net, lockstep_error *error) {
  lockstep_status status = ls_visit(open_net, o, NULL, error);
  if (status != LOCKSTEP_OK) {
    lockstep_net_free(o->net);
    o->net = NULL;
  }
  *net = o->net;
  return status;
}

lockstep_status lockstep_net_open(const char *path, lockstep_net **net, lockstep_error *error) {
  return finish_opening(&(opening){.path = path}, net, error);
}

lockstep_status lockstep_net_open_buffer(const void *data, size_t bytes, lockstep_net **net,
                                         lockstep_error *error) {
  return finish_opening(&(opening){.data = data, .bytes = bytes}, net, error);
}

static void free_worker(worker *w) {
  ls_apply_close(&w->apply);
  ls_model_free(&w->model);
  LS_FREE(w);
}

static ls_status free_net(void *arg) {
  lockstep_net *net = arg;
  for (int what = 0; what < 2; what++)
    for (worker *w = net->idle[what], *next; w; w = next) {
      next = w->next;
      free_worker(w);
    }
  ls_net_free(&net->net);
  pthread_mutex_destroy(&net->lock);
  LS_FREE(net);
  return LS_OK;
}

void lockstep_net_free(lockstep_net *net) {
  if (net) ls_visit(free_net, net, NULL, NULL);
}

/* ---- what it is ---- */

/* What is said of a network that is NULL, because it could not be opened. */
static const ls_net nothing = {.precision = LS_F32};
static const ls_net *of(const lockstep_net *net) { return net ? net->net : &nothing; }

int64_t lockstep_net_inputs(const lockstep_net *net) { return of(net)->x.n; }
int64_t lockstep_net_outputs(const lockstep_net *net) { return of(net)->y.n; }
int lockstep_net_bits(const lockstep_net *net) {
  return net ? (int)(8 * ls_dtype_size(net->net->precision)) : 0;
}
int lockstep_net_has_classes(const lockstep_net *net) { return of(net)->classes; }
const char *lockstep_net_weights_hash(const lockstep_net *net) { return of(net)->hash; }

static const char *text_of(const ls_texts *texts, int64_t i) {
  return i >= 0 && i < texts->count ? texts->text[i] : "";
}
const char *lockstep_net_input_name(const lockstep_net *net, int64_t i) {
  return text_of(&of(net)->x.name, i);
}
const char *lockstep_net_input_unit(const lockstep_net *net, int64_t i) {
  return text_of(&of(net)->x.unit, i);
}
const char *lockstep_net_output_name(const lockstep_net *net, int64_t i) {
  return text_of(&of(net)->y.name, i);
}
const char *lockstep_net_output_unit(const lockstep_net *net, int64_t i) {
  return text_of(&of(net)->y.unit, i);
}

/* ---- computing ---- */

typedef struct {
  lockstep_net *net;
  ls_apply_what what;
  ls_dtype type; /* of x and out */
  int64_t rows;
  const void *x;
  void *out;
} call;

static ls_status make_worker(const ls_net *net, ls_apply_what what, worker *w) {
  const ls_checkpoint *c = net->checkpoint;
  LS_TRY(ls_apply_model(c, net->config, NULL, what, &w->model));
  ls_model_load(w->model, c->weights);
  return ls_apply_open(w->model, c, what, &w->apply);
}

/* An idle one, or a new one. */
static ls_status take_worker(lockstep_net *net, ls_apply_what what, worker **out) {
  pthread_mutex_lock(&net->lock);
  *out = net->idle[what];
  if (*out) net->idle[what] = (*out)->next;
  pthread_mutex_unlock(&net->lock);
  if (*out) return LS_OK;
  LS_NEW(*out, 1);
  ls_status status = make_worker(net->net, what, *out);
  if (status != LS_OK) free_worker(*out);
  return status;
}

static void give_worker(lockstep_net *net, ls_apply_what what, worker *w) {
  pthread_mutex_lock(&net->lock);
  w->next = net->idle[what];
  net->idle[what] = w;
  pthread_mutex_unlock(&net->lock);
}

static ls_status apply_rows(const call *c, ls_apply *a) {
  const ls_checkpoint *of = c->net->net->checkpoint;
  const ls_given_inputs inputs = {of->inputs, &of->x_affine, &c->net->net->missing};
  const size_t size = ls_dtype_size(c->type);
  for (int64_t row = 0; row < c->rows; row += LS_EVAL_ROWS) {
    const int64_t n = ls_clamp(c->rows - row, 0, LS_EVAL_ROWS);
    LS_TRY(ls_given_x(&inputs, c->type, row, n,
                      (const char *)c->x + (size_t)(row * of->inputs) * size, of->precision,
                      a->batch.x, a->batch.ldx));
    ls_apply_rows(a, n, c->type, (char *)c->out + (size_t)(row * a->width) * size);
  }
  return LS_OK;
}

static ls_status compute(void *arg) {
  const call *c = arg;
  worker *w;
  if (!c->net) return ls_fail(LS_EUSAGE, "the network is NULL");
  if (c->rows > 0 && (!c->x || !c->out))
    return ls_fail(LS_EUSAGE, "%jd rows, and %s is NULL", c->rows,
                   c->x ? "where the results go" : "x");
  if (c->rows < 0) return ls_fail(LS_EUSAGE, "%jd rows: there cannot be fewer than 0", c->rows);
  LS_TRY(take_worker(c->net, c->what, &w));
  ls_status status = apply_rows(c, &w->apply);
  give_worker(c->net, c->what, w);
  return status;
}

#define COMPUTE(verb, what, suffix, number, type)                                                  \
  lockstep_status lockstep_net_##verb##_##suffix(lockstep_net *net, int64_t rows, const number *x, \
                                                 number *out, lockstep_error *error) {             \
    call c = {net, what, type, rows, x, out};                                                      \
    return ls_visit(compute, &c, NULL, error);                                                     \
  }
COMPUTE(apply, LS_APPLY_OUTPUTS, f32, float, LS_F32)
COMPUTE(apply, LS_APPLY_OUTPUTS, f64, double, LS_F64)
COMPUTE(jacobian, LS_APPLY_SLOPES, f32, float, LS_F32)
COMPUTE(jacobian, LS_APPLY_SLOPES, f64, double, LS_F64)
