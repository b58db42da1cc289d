/* ahead.c - of two windows one is taken from, the other is filled by the thread while `busy`. A
 * window's rows are listed by step, sorted by row (digit by digit: qsort would allocate), read
 * in spans. Begin with ls_ahead_batch -> advance; the thread is read_ahead -> fill. */
#include "data/ahead.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "base/thread.h"

/* The system fetches SPANS_AHEAD spans while one is read. */
enum { SPANS_AHEAD = 32, STEPS_MAX = 1 << 14, DIGIT = 11 };

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

struct ls_ahead {
  const ls_stream *stream;
  const ls_recipe *recipe;
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
static void sort_by_row(ls_ahead *s, int64_t n) {
  uint64_t most = (uint64_t)s->stream->base.args.rows[0];
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

static int64_t list_rows(ls_ahead *s, window *w) {
  int64_t slots = 0, total, first, rows;
  for (w->steps = 0; w->steps < s->most_steps; w->steps++) {
    w->start[w->steps] = slots;
    rows = ls_share_samples(&s->share, w->first + w->steps, s->index, &total, &first);
    for (int64_t k = 0; k < rows; k++, slots++)
      s->want[slots] = (want){ls_cut_row(ls_store_train(&s->stream->base), s->index[k]), slots};
  }
  w->start[w->steps] = slots;
  sort_by_row(s, slots);
  return slots;
}

static int64_t span_end(const ls_ahead *s, int64_t lo, int64_t slots) {
  int64_t width = (int64_t)ls_recipe_x(s->recipe), hi = lo + 1;
  while (hi < slots && (s->want[hi].row - s->want[hi - 1].row) * width <= LS_STREAM_GAP + width &&
         s->want[hi].row - s->want[lo].row < s->span.rows)
    hi++;
  return hi;
}

/* ---- the thread ---- */

static ls_status fill_span(ls_ahead *s, window *w, const want *it, int64_t wants) {
  const ls_recipe *r = s->recipe;
  ls_source *source = s->stream->ahead;
  int64_t first = it[0].row;
  LS_TRY(ls_source_read_at(source, first, it[wants - 1].row - first + 1, r->raw, s->span.x,
                           s->span.y));
  for (int64_t k = 0; k < wants; k++) {
    const int64_t row = it[k].row - first;
    const ls_chunk one = {.source = source,
                          .first = it[k].row,
                          .rows = 1,
                          .x = s->span.x + (size_t)row * ls_recipe_raw(r),
                          .y = s->span.y + row * r->columns,
                          .stride = r->columns};
    LS_TRY(ls_recipe_keep_x(r, &one, w->x + (size_t)it[k].slot * ls_recipe_x(r)));
    LS_TRY(ls_recipe_keep_y(r, &one, w->y + (size_t)it[k].slot * ls_recipe_y(r)));
  }
  return LS_OK;
}

static ls_status fill(ls_ahead *s, window *w) {
  ls_source *source = s->stream->ahead;
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
  return LS_OK;
}

static void *read_ahead(void *arg) {
  ls_ahead *s = arg;
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
  s->stream->ahead->format->rest(
      s->stream->ahead); /* what it has open would end with this thread */
  return NULL;
}

static ls_status start(ls_ahead *s) {
  pthread_mutex_init(&s->mutex, NULL);
  pthread_cond_init(&s->changed, NULL);
  ls_status status = ls_thread_start(&s->thread, "the thread that reads ahead", read_ahead, s);
  s->started = status == LS_OK;
  return status;
}

/* ---- up and down ---- */

/* A step's rows in two windows, and what sorts them. */
static int64_t step_bytes(const ls_ahead *s, int64_t rows) {
  int64_t row = 2 * (int64_t)(ls_recipe_x(s->recipe) + ls_recipe_y(s->recipe) + sizeof(want));
  return rows * row + 2 * (int64_t)sizeof(int64_t);
}

/* No rank has more rows of a minibatch: all come to the same verdict. */
static int64_t widest(const ls_ahead *s) {
  const ls_share *share = &s->share;
  int64_t slices = (share->slices + s->stream->ranks - 1) / s->stream->ranks,
          own = ls_share_most(share);
  int64_t rows = slices * (share->calendar.batch / share->slices) + slices;
  return ls_max(ls_min(rows, share->calendar.batch), own);
}

static ls_status size_windows(ls_ahead *s) {
  const ls_stream *stream = s->stream;
  int64_t rows = widest(s), one = step_bytes(s, rows),
          need = (ls_stream_budget(one) * stream->sharers >> 20) + 1;
  s->most_steps = stream->window_bytes / one;
  if (s->most_steps < 1)
    return ls_fail(LS_ECONFIG,
                   "data.budget: too little to read ahead: a minibatch's %jd samples of one rank, "
                   "twice, take %jd bytes, and there are %jd; "
                   "set data.budget=%jd or more, or train.batch smaller",
                   rows, one, stream->window_bytes, need);
  s->most_steps = ls_min(s->most_steps, ls_min(STEPS_MAX, s->share.calendar.steps));
  s->most_rows = s->most_steps * ls_share_most(&s->share);
  return LS_OK;
}

static ls_status allocate(ls_ahead *s) {
  const ls_stream *stream = s->stream;
  LS_TRY(size_windows(s));
  size_t rows = (size_t)s->most_rows;
  for (int i = 0; i < 2; i++) {
    LS_NEW(s->window[i].start, s->most_steps + 1);
    LS_TRY(ls_mem_new((void **)&s->window[i].x, rows, ls_recipe_x(s->recipe)));
    LS_TRY(ls_mem_new((void **)&s->window[i].y, rows, ls_recipe_y(s->recipe)));
  }
  LS_NEW(s->index, ls_share_most(&s->share));
  LS_NEW(s->want, rows);
  LS_NEW(s->other, rows);
  return ls_span_new(s->recipe, (stream->budget - stream->window_bytes) / 2, &s->span);
}

ls_status ls_ahead_new(const ls_stream *stream, const ls_share *share, ls_ahead **out) {
  LS_NEW(*out, 1);
  (*out)->stream = stream;
  (*out)->recipe = stream->base.args.recipe;
  (*out)->share = *share;
  ls_status status = allocate(*out);
  if (status == LS_OK) status = start(*out);
  if (status != LS_OK) ls_ahead_free(out);
  return status;
}

void ls_ahead_free(ls_ahead **out) {
  ls_ahead *s = *out;
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
  ls_span_free(&s->span);
  LS_FREE(*out);
}

/* ---- minibatches ---- */

/* The thread sleeps until the first window is asked for, under the mutex. */
void ls_ahead_move(ls_ahead *s, const ls_share *share) {
  pthread_mutex_lock(&s->mutex);
  s->share.calendar = share->calendar;
  pthread_mutex_unlock(&s->mutex);
}

static bool holds(const window *w, int64_t step) {
  return step >= w->first && step < w->first + w->steps;
}

/* Have the thread fill the other window from `step` on; it must be idle. */
static void ask(ls_ahead *s, int64_t step) {
  s->window[1 - s->now].first = step;
  s->busy = true;
  pthread_cond_broadcast(&s->changed);
}

static void wait_idle(ls_ahead *s) {
  while (s->busy) pthread_cond_wait(&s->changed, &s->mutex);
}

/* Make the window with `step` the present one, and the one behind it the next. */
static void advance(ls_ahead *s, int64_t step) {
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

ls_status ls_ahead_batch(ls_ahead *s, int64_t step, int64_t from, ls_batch *out) {
  if (!holds(&s->window[s->now], step)) advance(s, step);
  const window *w = &s->window[s->now];
  if (w->status != LS_OK) return ls_fail(w->status, "%s", w->error);
  const int64_t slot = w->start[step - w->first] + from, rows = out->rows;
  assert(slot + rows <= w->start[step - w->first + 1]);
  ls_recipe_give(s->recipe, w->x + (size_t)slot * ls_recipe_x(s->recipe),
                 w->y + (size_t)slot * ls_recipe_y(s->recipe), NULL, rows, out);
  return LS_OK;
}
