#include "data/stream.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SPAN_BYTES = 8 << 20, GAP_BYTES = 64 << 10, STEPS_MAX = 1 << 14 };
static const int64_t NODE_BYTES = (int64_t)1 << 30,
                     RANK_BYTES_MIN = (int64_t)8 << 20; /* windows: of all ranks of a node; at least of one */

static size_t row_bytes(const ls_data *data) { return (size_t)data->features * ls_cell_size(data->part[0].cell); }

ls_status ls_stream_open(ls_comm *comm, const ls_data_spec *spec, ls_data *data) {
  ls_source *source[3] = {0};
  ls_opening train = {.spec = spec, .split = LS_SPLIT_TRAIN, .quick = true};
  ls_status status = ls_sources_open(spec, false, true, source);
  for (int s = 0; s < 3; s++) data->part[s].source = source[s];
  LS_TRY(status);
  if (!ls_source_any_row(source[0]))
    return ls_fail(LS_ECONFIG, "data.load: stream reads hdf5 only; lockstep data import makes such a file of any other");
  for (int s = 0; s < 3; s++)
    if (source[s] && data->part[s].cell != data->part[0].cell)
      return ls_fail(LS_EDATA, "%s: bytes in one split and other numbers in another can't be streamed", source[s]->file[0].path);
  LS_TRY(ls_source_open(&train, &data->ahead));
  int64_t width = (int64_t)row_bytes(data), budget = NODE_BYTES / ls_comm_node_size(comm);
  data->window_bytes = (budget > RANK_BYTES_MIN ? budget : RANK_BYTES_MIN) / 2;
  data->scratch_rows = SPAN_BYTES / width > LS_MEASURE_ROWS ? SPAN_BYTES / width : LS_MEASURE_ROWS;
  LS_NEW(data->counter, data->scratch_rows);
  for (int64_t k = 0; k < data->scratch_rows; k++) data->counter[k] = k;
  return ls_mem_new(&data->scratch, (size_t)data->scratch_rows, (size_t)width);
}

/* ---- at once ---- */

static ls_status file_rows(void *arg, int64_t lo, int64_t rows, const void **x) {
  const ls_data *data = arg;
  const ls_part *part = &data->part[0];
  *x = data->scratch;
  lo += data->cut[0].first;
  LS_TRY(part->source->format->read_at(part->source, lo, rows, part->cell, data->scratch));
  return ls_check_finite(part->source, lo, rows, part->cell, data->scratch);
}

ls_status ls_stream_measure(const ls_data *data, ls_matrix *m, ls_scale_kind kind, double by) {
  m->rows = file_rows;
  m->arg = (void *)(uintptr_t)data;
  return ls_affine_measure(m, kind, by, data->x_affine);
}

/* rows cells, row `row` of the source on: checked and scaled in place. */
static ls_status prepare(const ls_data *data, const ls_source *source, int64_t row, int64_t rows, void *cells) {
  ls_cell cell = data->part[0].cell;
  LS_TRY(ls_check_finite(source, row, rows, cell, cells));
  if (data->x_affine) ls_scale_cells(data->x_affine, cell, rows, cells);
  return LS_OK;
}

static void convert(const ls_data *data, const void *cells, int64_t rows, void *x, int64_t ldx) {
  ls_rows from = {cells, data->part[0].cell, data->features, data->bytes, data->x_affine};
  ls_gather(data->precision, &from, data->counter, 0, rows, x, ldx);
}

ls_status ls_stream_gather(const ls_data *data, const ls_part *part, const int64_t *index, int64_t offset, int64_t rows, void *x,
                           int64_t ldx) {
  size_t width = (size_t)ldx * ls_real_size(data->precision);
  for (int64_t k = 0, run; k < rows; k += run) {
    int64_t row = index[k] + offset;
    for (run = 1; k + run < rows && run < data->scratch_rows && index[k + run] == index[k] + run;) run++;
    LS_TRY(part->source->format->read_at(part->source, row, run, part->cell, data->scratch));
    LS_TRY(prepare(data, part->source, row, run, data->scratch));
    convert(data, data->scratch, run, (char *)x + (size_t)k * width, ldx);
  }
  return LS_OK;
}

/* ---- ahead, in a thread ---- */

typedef struct {
  int64_t row, slot;
} want; /* row of the file that goes into a slot of a window */

typedef struct {
  int64_t first, steps; /* steps that it holds; 0: none */
  int64_t *start;       /* (most_steps + 1) slot where each begins */
  char *cells;          /* (most_rows, features) cells */
  ls_status status;
  char error[1024];
} window;

struct ls_stream {
  const ls_data *data;
  ls_share share;
  int64_t most_rows, most_steps; /* of a window */
  window window[2];
  int now;        /* the window that batches are taken from; the other one is the thread's while `busy` */
  int64_t *index; /* (most rows of a share) */
  want *want;     /* (most_rows) */
  char *span;     /* (scratch_rows, features) cells */
  pthread_t thread;
  bool started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool busy;
  atomic_bool quit;
};

/* Which rows the window's steps need, in the order of the file. */
static int by_row(const void *a, const void *b) {
  int64_t x = ((const want *)a)->row, y = ((const want *)b)->row;
  return (x > y) - (x < y);
}

static int64_t list_rows(ls_stream *s, window *w) {
  int64_t slots = 0, total, first, rows;
  for (w->steps = 0; w->steps < s->most_steps; w->steps++) {
    w->start[w->steps] = slots;
    rows = ls_share_samples(&s->share, w->first + w->steps, s->index, &total, &first);
    for (int64_t k = 0; k < rows; k++, slots++) s->want[slots] = (want){s->data->cut[0].first + s->index[k], slots};
  }
  w->start[w->steps] = slots;
  qsort(s->want, (size_t)slots, sizeof *s->want, by_row);
  return slots;
}

/* Rows that lie close together are read as one span, with what lies between. */
static int64_t span_end(const ls_stream *s, int64_t lo, int64_t slots) {
  int64_t width = (int64_t)row_bytes(s->data), hi = lo + 1;
  while (hi < slots && (s->want[hi].row - s->want[hi - 1].row) * width <= GAP_BYTES + width &&
         s->want[hi].row - s->want[lo].row < s->data->scratch_rows)
    hi++;
  return hi;
}

static ls_status fill(ls_stream *s, window *w) {
  ls_source *source = s->data->ahead;
  size_t width = row_bytes(s->data);
  int64_t slots = list_rows(s, w);
  for (int64_t lo = 0, hi; lo < slots && !s->quit; lo = hi) {
    hi = span_end(s, lo, slots);
    int64_t row = s->want[lo].row;
    LS_TRY(source->format->read_at(source, row, s->want[hi - 1].row - row + 1, s->data->part[0].cell, s->span));
    for (int64_t k = lo; k < hi; k++) {
      char *to = w->cells + (size_t)s->want[k].slot * width;
      memcpy(to, s->span + (size_t)(s->want[k].row - row) * width, width);
      LS_TRY(prepare(s->data, source, s->want[k].row, 1, to));
    }
  }
  return LS_OK;
}

static void *read_ahead(void *arg) {
  ls_stream *s = arg;
  pthread_mutex_lock(&s->mutex);
  while (!s->quit) {
    window *w = &s->window[1 - s->now];
    if (s->busy) {
      pthread_mutex_unlock(&s->mutex);
      w->status = fill(s, w);
      if (w->status != LS_OK) strncpy(w->error, ls_error_text(), sizeof w->error - 1);
      pthread_mutex_lock(&s->mutex);
      s->busy = false;
      pthread_cond_broadcast(&s->changed);
    } else {
      pthread_cond_wait(&s->changed, &s->mutex);
    }
  }
  pthread_mutex_unlock(&s->mutex);
  s->data->ahead->format->rest(s->data->ahead); /* what it has open would end with this thread */
  return NULL;
}

/* The job's signals are for the main thread. */
static ls_status start(ls_stream *s) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_mutex_init(&s->mutex, NULL);
  pthread_cond_init(&s->changed, NULL);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  s->started = pthread_create(&s->thread, NULL, read_ahead, s) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return s->started ? LS_OK : ls_fail(LS_FAIL, "can't start the thread that reads ahead");
}

static ls_status allocate(ls_stream *s) {
  const ls_data *data = s->data;
  int64_t width = (int64_t)row_bytes(data), share = ls_share_most(&s->share);
  s->most_steps = share > 0 ? data->window_bytes / (width * share) : 1;
  if (s->most_steps < 1) s->most_steps = 1;
  if (s->most_steps > STEPS_MAX) s->most_steps = STEPS_MAX;
  if (s->most_steps > s->share.plan.steps) s->most_steps = s->share.plan.steps;
  s->most_rows = s->most_steps * share;
  for (int i = 0; i < 2; i++) {
    LS_NEW(s->window[i].start, s->most_steps + 1);
    LS_NEW(s->window[i].cells, s->most_rows * width);
  }
  LS_NEW(s->index, share);
  LS_NEW(s->want, s->most_rows);
  LS_NEW(s->span, data->scratch_rows * width);
  return LS_OK;
}

ls_status ls_stream_new(const ls_data *data, const ls_share *share, ls_stream **out) {
  LS_NEW(*out, 1);
  (*out)->data = data;
  (*out)->share = *share;
  ls_status status = allocate(*out);
  if (status == LS_OK) status = start(*out);
  if (status != LS_OK) ls_stream_free(out);
  return status;
}

void ls_stream_free(ls_stream **out) {
  ls_stream *s = *out;
  if (!s) return;
  if (s->started) {
    pthread_mutex_lock(&s->mutex);
    s->quit = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->mutex);
    pthread_cond_destroy(&s->changed);
  }
  for (int i = 0; i < 2; i++) {
    LS_FREE(s->window[i].start);
    LS_FREE(s->window[i].cells);
  }
  LS_FREE(s->index);
  LS_FREE(s->want);
  LS_FREE(s->span);
  LS_FREE(*out);
}

static bool holds(const window *w, int64_t step) { return step >= w->first && step < w->first + w->steps; }

/* Have the thread fill the other window from `step` on; it must be idle. */
static void ask(ls_stream *s, int64_t step) {
  s->window[1 - s->now].first = step;
  s->busy = true;
  pthread_cond_broadcast(&s->changed);
}

static void wait_idle(ls_stream *s) {
  while (s->busy) pthread_cond_wait(&s->changed, &s->mutex);
}

/* Make the window with `step` the present one, and the one behind it the next. */
static void advance(ls_stream *s, int64_t step) {
  pthread_mutex_lock(&s->mutex);
  wait_idle(s);
  if (!holds(&s->window[1 - s->now], step)) {
    ask(s, step);
    wait_idle(s);
  }
  s->now = 1 - s->now;
  ask(s, s->window[s->now].first + s->window[s->now].steps);
  pthread_mutex_unlock(&s->mutex);
}

ls_status ls_stream_batch(ls_stream *s, int64_t step, void *x, int64_t ldx) {
  if (!holds(&s->window[s->now], step)) advance(s, step);
  const window *w = &s->window[s->now];
  if (w->status != LS_OK) return ls_fail(w->status, "%s", w->error);
  size_t width = row_bytes(s->data), real = ls_real_size(s->data->precision);
  int64_t slot = w->start[step - w->first], rows = w->start[step - w->first + 1] - slot;
  for (int64_t k = 0, part; k < rows; k += part) {
    part = rows - k < s->data->scratch_rows ? rows - k : s->data->scratch_rows;
    convert(s->data, w->cells + (size_t)(slot + k) * width, part, (char *)x + (size_t)(k * ldx) * real, ldx);
  }
  return LS_OK;
}
