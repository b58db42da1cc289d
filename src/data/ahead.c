/* ahead.c - a thread that fills one window while minibatches are taken from the other. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "data/stream.h"

/* Rows that lie closer together than GAP are read with what is between; the system fetches
 * SPANS_AHEAD such spans while one is read. */
enum { GAP_BYTES = 64 << 10, SPANS_AHEAD = 32, STEPS_MAX = 1 << 14, DIGIT = 11 };

typedef struct {
  int64_t row, slot;
} want; /* row of the file that goes into a slot of a window */

typedef struct {
  int64_t first, steps; /* steps that it holds; 0: none */
  int64_t *start;       /* (most_steps + 1) slot where each begins */
  char *x, *y;          /* (most_rows, features) cells; (most_rows) targets as kept */
  ls_status status;
  char error[1024];
} window;

struct ls_stream {
  const ls_data *data;
  ls_share share;
  int64_t most_rows, most_steps; /* of a window */
  window window[2];
  int now; /* the window that batches are taken from; the other one is the thread's while `busy` */
  int64_t *index;     /* (most rows of a share) */
  want *want, *other; /* (most_rows) each */
  ls_span span;
  pthread_t thread;
  bool started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool busy;
  atomic_bool quit;
};

/* ---- which rows a window's steps need, in the order of the file ---- */

/* Digit by digit, from the last one. qsort would allocate, and take ten times as long. */
static void sort_by_row(ls_stream *s, int64_t n) {
  uint64_t most = (uint64_t)s->data->part[0].shape.rows;
  for (int shift = 0; shift < 63 && most >> shift > 0; shift += DIGIT) {
    int64_t start[1 << DIGIT] = {0};
    for (int64_t k = 0; k < n; k++) start[(uint64_t)s->want[k].row >> shift & ((1 << DIGIT) - 1)]++;
    for (int64_t d = 0, sum = 0, count; d < 1 << DIGIT; d++, sum += count)
      count = start[d], start[d] = sum;
    for (int64_t k = 0; k < n; k++)
      s->other[start[(uint64_t)s->want[k].row >> shift & ((1 << DIGIT) - 1)]++] = s->want[k];
    want *sorted = s->other;
    s->other = s->want;
    s->want = sorted;
  }
}

static int64_t list_rows(ls_stream *s, window *w) {
  int64_t slots = 0, total, first, rows;
  for (w->steps = 0; w->steps < s->most_steps; w->steps++) {
    w->start[w->steps] = slots;
    rows = ls_share_samples(&s->share, w->first + w->steps, s->index, &total, &first);
    for (int64_t k = 0; k < rows; k++, slots++)
      s->want[slots] = (want){ls_cut_row(&s->data->cut[0], s->index[k]), slots};
  }
  w->start[w->steps] = slots;
  sort_by_row(s, slots);
  return slots;
}

static int64_t span_end(const ls_stream *s, int64_t lo, int64_t slots) {
  int64_t width = (int64_t)ls_stream_x_width(s->data), hi = lo + 1;
  while (hi < slots && (s->want[hi].row - s->want[hi - 1].row) * width <= GAP_BYTES + width &&
         s->want[hi].row - s->want[lo].row < s->span.rows)
    hi++;
  return hi;
}

/* ---- the thread ---- */

static ls_status fill_span(ls_stream *s, window *w, const want *it, int64_t wants) {
  const ls_data *data = s->data;
  ls_source *source = data->ahead;
  size_t x_width = ls_stream_x_width(data), y_width = ls_stream_y_width(data);
  int64_t outputs = data->part[0].shape.outputs, row = it[0].row;
  const ls_part *train = &data->part[0];
  size_t raw_width = (size_t)data->features * ls_dtype_size(train->raw);
  bool scales = data->x_affine && train->cell != LS_U8;
  LS_TRY(source->format->read_at(source, row, it[wants - 1].row - row + 1, train->raw, s->span.x,
                                 s->span.y));
  for (int64_t k = 0; k < wants; k++) {
    char *x = w->x + (size_t)it[k].slot * x_width, *y = w->y + (size_t)it[k].slot * y_width;
    const char *from = s->span.x + (size_t)(it[k].row - row) * raw_width;
    if (scales)
      ls_scale_cells(data->x_affine, train->raw, train->cell, 1, from, x);
    else
      memcpy(x, from, x_width);
    LS_TRY(ls_target_keep(data, source, it[k].row, 1, s->span.y + (it[k].row - row) * outputs,
                          outputs, y));
  }
  return LS_OK;
}

/* All inputs of a window are checked at once. Only where one is not finite it matters which row of
 * the file it is of. */
static ls_status finish(const ls_stream *s, window *w, int64_t slots) {
  const ls_data *data = s->data;
  ls_dtype cell = data->part[0].cell;
  int64_t n = slots * data->features, bad = ls_first_not_finite(cell, w->x, n);
  for (int64_t k = 0; k < slots && bad < n; k++)
    if (s->want[k].slot == bad / data->features)
      return ls_check_finite(data->ahead, s->want[k].row, 1, cell,
                             w->x + (size_t)s->want[k].slot * ls_stream_x_width(data));
  return LS_OK;
}

static ls_status fill(ls_stream *s, window *w) {
  ls_source *source = s->data->ahead;
  int64_t slots = list_rows(s, w), soon = 0,
          ahead = 0; /* `ahead` spans up to `soon` are on their way */
  for (int64_t lo = 0, hi, end; lo < slots && !s->quit; lo = hi, ahead--) {
    for (; soon < slots && ahead < SPANS_AHEAD; soon = end, ahead++) {
      end = span_end(s, soon, slots);
      source->format->soon(source, s->want[soon].row, s->want[end - 1].row - s->want[soon].row + 1);
    }
    hi = span_end(s, lo, slots);
    LS_TRY(fill_span(s, w, s->want + lo, hi - lo));
  }
  return s->quit ? LS_OK : finish(s, w, slots);
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

/* ---- up and down ---- */

/* A step's rows in two windows, and what sorts them. */
static int64_t step_bytes(const ls_stream *s, int64_t rows) {
  int64_t row =
      2 * (int64_t)(ls_stream_x_width(s->data) + ls_stream_y_width(s->data) + sizeof(want));
  return rows * row + 2 * (int64_t)sizeof(int64_t);
}

/* No rank has more rows of a minibatch: all come to the same verdict. */
static int64_t widest(const ls_stream *s) {
  const ls_share *share = &s->share;
  int64_t slices = (share->slices + s->data->ranks - 1) / s->data->ranks,
          own = ls_share_most(share);
  int64_t rows = slices * (share->plan.batch / share->slices) + slices;
  if (rows > share->plan.batch) rows = share->plan.batch;
  return rows > own ? rows : own;
}

static ls_status size_windows(ls_stream *s) {
  const ls_data *data = s->data;
  int64_t rows = widest(s), one = step_bytes(s, rows),
          need = (ls_stream_budget(one) * data->sharers >> 20) + 1;
  s->most_steps = data->window_bytes / one;
  if (s->most_steps < 1)
    return ls_fail(LS_ECONFIG,
                   "data.budget: too little to read ahead: a minibatch's %lld samples of one rank, "
                   "twice, take %lld bytes, and there are %lld; "
                   "set data.budget=%lld or more, or train.batch smaller",
                   (long long)rows, (long long)one, (long long)data->window_bytes, (long long)need);
  if (s->most_steps > STEPS_MAX) s->most_steps = STEPS_MAX;
  if (s->most_steps > s->share.plan.steps) s->most_steps = s->share.plan.steps;
  s->most_rows = s->most_steps * ls_share_most(&s->share);
  return LS_OK;
}

static ls_status room(int64_t rows, size_t width, char **out) {
  void *block;
  LS_TRY(ls_mem_new(&block, (size_t)rows, width));
  *out = block;
  return LS_OK;
}

static ls_status allocate(ls_stream *s) {
  const ls_data *data = s->data;
  int64_t rows = ls_share_most(&s->share);
  LS_TRY(size_windows(s));
  for (int i = 0; i < 2; i++) {
    LS_NEW(s->window[i].start, s->most_steps + 1);
    LS_TRY(room(s->most_rows, ls_stream_x_width(data), &s->window[i].x));
    LS_TRY(room(s->most_rows, ls_stream_y_width(data), &s->window[i].y));
  }
  LS_NEW(s->index, rows);
  LS_NEW(s->want, s->most_rows);
  LS_NEW(s->other, s->most_rows);
  return ls_span_new(data, (data->budget - data->window_bytes) / 2, &s->span);
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
    LS_FREE(s->window[i].x);
    LS_FREE(s->window[i].y);
  }
  LS_FREE(s->index);
  LS_FREE(s->want);
  LS_FREE(s->other);
  LS_FREE(s->span.x);
  LS_FREE(s->span.y);
  LS_FREE(*out);
}

/* ---- minibatches ---- */

/* The thread sleeps until the first window is asked for, under the mutex. */
void ls_stream_move(ls_stream *s, const ls_share *share) {
  pthread_mutex_lock(&s->mutex);
  s->share.plan = share->plan;
  pthread_mutex_unlock(&s->mutex);
}

static bool holds(const window *w, int64_t step) {
  return step >= w->first && step < w->first + w->steps;
}

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

ls_status ls_stream_batch(ls_stream *s, int64_t step, ls_batch *out) {
  if (!holds(&s->window[s->now], step)) advance(s, step);
  const window *w = &s->window[s->now];
  if (w->status != LS_OK) return ls_fail(w->status, "%s", w->error);
  int64_t slot = w->start[step - w->first], rows = w->start[step - w->first + 1] - slot;
  ls_stream_convert(s->data, w->x + (size_t)slot * ls_stream_x_width(s->data), rows, out->x,
                    out->ldx);
  size_t y_width = ls_stream_y_width(s->data),
         target = (size_t)s->data->outputs * ls_dtype_size(s->data->precision);
  for (int64_t k = 0, n; k < rows; k += n) {
    n = rows - k < s->data->scratch.rows ? rows - k : s->data->scratch.rows;
    ls_target_copy(s->data, w->y + (size_t)(slot + k) * y_width, s->data->counter, 0, n,
                   out->labels ? out->labels + k : NULL,
                   out->targets ? (char *)out->targets + (size_t)k * target : NULL);
  }
  return LS_OK;
}
