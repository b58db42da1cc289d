/* exchange_shared.c - shared: one window a node holds the weights and every local rank's parts. A
 * rank reads the parts of its shard where they lie and updates the node's one copy of the weights
 * in place; a barrier on each side, which spins, then yields.
 *
 * With several nodes, the parts of a node are first summed as far as the slice tree allows
 * (neighbours on one node are mostly one subtree), and for each shard one rank of every other node,
 * its agent there, sends those sums to the owner and takes the new weights back into the node's
 * window. So what crosses the network does not grow with the ranks on a node. Many nodes that are
 * alike halve instead (exchange_halving.c). */
#include <sched.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "comm/exchange_kind.h"

enum { SPINS = 20000 };

/* One rank's line in the window: how many barriers it has reached, what it has written, and its
 * flags for the running reduce. */
typedef struct {
  _Alignas(64) _Atomic uint64_t reached;
  _Atomic uint64_t written; /* bands of its parts, of all reduces so far */
  _Atomic uint32_t flags;
} line;

/* Consecutive parts of one node that make up one node of the slice tree: parts [first, first +
 * count) of all. */
typedef struct {
  int node, lo, level, first, count;
} group;

/* A stretch of another node's rank's shard that this rank is the agent for: its sums go out, its
 * new weights come in. */
typedef struct {
  int owner;
  int64_t lo, count;
  char *out; /* (groups of this node that have to be summed, stretch) */
} errand;

/* What is sent together: sums of a band of layers, which may be behind others in the backward pass,
 * and its new weights, which others may be behind in the next forward pass. */
typedef struct {
  int errands;
  errand *errand;
  ls_letters come, go; /* group k of this node for errand e is letter e * own_groups + k of `go` */
  ls_letters news;     /* new weights: to the agents, and of the errands */
} band;

struct ls_window {
  line *lines; /* (ranks of the node) */
  uint64_t barriers;
  int spins;
  int parts, local;         /* of all ranks, in slice order; of this node's */
  int *part_node;           /* (parts) */
  ls_exchange_source *part; /* (parts) data only where it lies in this window */
  int groups;               /* of all nodes; this node's are [own_group, own_group + own_groups) */
  int own_group, own_groups;
  int sums_out;   /* own groups of several parts: to be summed before they are sent */
  group *group;   /* (groups) in slice order */
  int errands;    /* of all bands */
  errand *errand; /* band by band: of every owner's whose number fits this rank's (agent_of) */
  band *band;     /* (bands) */
  char *outbox;
  uint32_t flags, *flags_in; /* of this node; (nodes) of each other one */
  ls_letters words; /* they, to everyone this rank is an agent for, and from its own agents */
  struct ls_halving *halving; /* instead of bands and errands; NULL: there are errands */
  /* of the running step */
  int unsent;                  /* the last of the bands whose sums are not on their way */
  bool receives;               /* receiving has begun */
  uint64_t before;             /* bands of the reduces before it */
  int offered, begun, arrived; /* first bands whose new weights may go, have begun to, are here */
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* Everything that the node's others wrote before they reached this point is visible after it. */
static void window_barrier(ls_exchange *x) {
  struct ls_window *w = x->window;
  int ranks = x->comm->node_size, me = x->comm->node_rank;
  uint64_t goal = ++w->barriers;
  ls_comm_enter(x->comm);
  atomic_store_explicit(&w->lines[me].reached, goal, memory_order_release);
  for (int i = 1; i < ranks; i++) {
    line *other = &w->lines[(me + i) % ranks];
    for (int spin = 0; atomic_load_explicit(&other->reached, memory_order_acquire) < goal; spin++)
      if (spin < w->spins)
        relax();
      else
        sched_yield();
  }
  ls_comm_leave(x->comm);
}

/* ---- laying out: what every rank can work out alone ---- */

static int here(const ls_exchange *x) { return x->comm->node_number; }

static void list_parts(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  for (int r = 0, p = 0; r < comm->size; r++) {
    ls_tree_node node[LS_PARTS_MAX];
    const int count = ls_exchange_rank_parts(x, r, node);
    for (int i = 0; i < count; i++, p++) {
      w->part_node[p] = comm->node_of[r];
      w->part[p] = (ls_exchange_source){NULL, 0, node[i].level};
      w->local += comm->node_of[r] == here(x);
    }
  }
}

/* Join each node's parts into groups: a binary counter over all parts that never joins across
 * nodes. */
static void make_groups(ls_exchange *x) {
  struct ls_window *w = x->window;
  int lo = 0;
  for (int p = 0; p < w->parts; p++) {
    group g = {w->part_node[p], lo, w->part[p].level, p, 1};
    lo += 1 << g.level;
    while (w->groups > 0) {
      group *left = &w->group[w->groups - 1];
      if (left->node != g.node || left->level != g.level || left->lo % (2 << g.level) != 0) break;
      g = (group){g.node, left->lo, g.level + 1, left->first, left->count + g.count};
      w->groups--;
    }
    w->group[w->groups++] = g;
  }
  while (w->group[w->own_group].node != here(x)) w->own_group++;
  for (int k = w->own_group; k < w->groups && w->group[k].node == here(x); k++) {
    w->own_groups++;
    w->sums_out += w->group[k].count > 1;
  }
}

static int agent_of(const ls_comm *comm, int owner, int node) {
  const int first = comm->node_first[node];
  return first + owner % (comm->node_first[node + 1] - first);
}

/* The stretches of other nodes' ranks that this rank is the agent for. Each node begins with the
 * next node's, so that not all send to the same one first. */
static void list_errands(ls_exchange *x, int number) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  band *b = &w->band[number];
  const int behind = comm->node_first[here(x) + 1];
  b->errand = w->errand + w->errands;
  for (int i = 0; i < comm->size - comm->node_size; i++) {
    const int r = (behind + i) % comm->size;
    const int64_t lo = ls_exchange_lo(x, number, r), count = ls_exchange_hi(x, number, r) - lo;
    if (count == 0 || agent_of(comm, r, here(x)) != comm->rank) continue;
    b->errand[b->errands++] = (errand){r, lo, count, NULL};
  }
  w->errands += b->errands;
}

static int64_t bytes_out(const ls_exchange *x, const errand *e) {
  return x->window->sums_out * ls_round_up(e->count * (int64_t)x->size);
}

static ls_status new_outbox(ls_exchange *x) {
  struct ls_window *w = x->window;
  int64_t bytes = 0;
  for (int e = 0; e < w->errands; e++) bytes += bytes_out(x, &w->errand[e]);
  void *outbox;
  LS_TRY(ls_mem_new(&outbox, 1, (size_t)bytes));
  w->outbox = outbox;
  char *next = w->outbox;
  for (int e = 0; e < w->errands; e++) {
    w->errand[e].out = next;
    next += bytes_out(x, &w->errand[e]);
  }
  return LS_OK;
}

static int64_t inbox_bytes(const ls_exchange *x) {
  int64_t stretches = 0;
  for (int b = 0; b < x->bands; b++) stretches += ls_exchange_shard_bytes(x, b, x->comm->rank);
  return (x->window->groups - x->window->own_groups) * stretches;
}

static ls_status prepare_errands(ls_exchange *x) {
  struct ls_window *w = x->window;
  LS_NEW(w->errand, x->bands * (x->comm->size / x->comm->node_size + 1));
  LS_NEW(w->band, x->bands);
  for (int b = 0; b < x->bands; b++) {
    list_errands(x, b);
    LS_TRY(ls_letters_new(&w->band[b].come, w->groups));
    LS_TRY(ls_letters_new(&w->band[b].go, w->band[b].errands * w->own_groups));
    LS_TRY(ls_letters_new(&w->band[b].news, w->band[b].errands + x->comm->nodes));
  }
  LS_TRY(new_outbox(x));
  LS_NEW(w->flags_in, x->comm->nodes);
  LS_TRY(ls_letters_new(&w->words, x->comm->size / x->comm->node_size + 1 + x->comm->nodes));
  w->unsent = x->bands - 1;
  return ls_mem_new(&x->inbox, 1, (size_t)inbox_bytes(x));
}

enum { NEVER, CHEAPEST, ALWAYS }; /* halvings */

static ls_status prepare_window(ls_exchange *x, int halvings) {
  const ls_comm *comm = x->comm;
  struct ls_window *w;
  if (comm->nodes > 1) LS_TRY(ls_exchange_fits(x, ""));
  LS_NEW(w, 1);
  x->window = w;
  w->parts = x->sources;
  LS_NEW(w->part_node, w->parts);
  LS_NEW(w->part, w->parts);
  LS_NEW(w->group, w->parts);
  list_parts(x);
  make_groups(x);
  const int steps = halvings ? ls_halving_steps(x, w->groups, halvings == ALWAYS) : 0;
  if (steps == 0) return prepare_errands(x);
  ls_exchange_join_bands(x);
  return ls_halving_prepare(x, steps, w->local, &w->halving);
}

static ls_status shared_prepare(ls_exchange *x) { return prepare_window(x, CHEAPEST); }
static ls_status halved_prepare(ls_exchange *x) { return prepare_window(x, ALWAYS); }
static ls_status banded_prepare(ls_exchange *x) { return prepare_window(x, NEVER); }

/* ---- the window, and what lies where in it ---- */

static void place_parts(ls_exchange *x, char *next) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  ls_tree_node node[LS_PARTS_MAX];
  for (int r = 0, p = 0; r < comm->size; r++) {
    const int count = ls_exchange_rank_parts(x, r, node);
    for (int i = 0; i < count; i++, p++) {
      if (comm->node_of[r] != here(x)) continue;
      w->part[p].data = next;
      if (r == comm->rank) x->grad[i] = next;
      next += x->stride;
    }
  }
}

enum { SUMS = 0, WEIGHTS = LS_BANDS_MAX, FLAGS = 2 * LS_BANDS_MAX }; /* tags; of the first band */

/* What this rank's shard is summed from, band by band: local parts where they lie, other nodes'
 * groups as they come in, behind one another from each agent. */
static void link_inbox(ls_exchange *x) {
  struct ls_window *w = x->window;
  const int me = x->comm->rank;
  char *next = x->inbox;
  ls_exchange_source *source = x->source;
  for (int b = 0; b < x->bands; b++) {
    const int64_t lo = ls_exchange_lo(x, b, me), count = ls_exchange_hi(x, b, me) - lo;
    for (int k = 0; k < w->groups; k++) {
      const group *g = &w->group[k];
      if (g->node == here(x)) {
        for (int p = 0; p < g->count; p++) *source++ = w->part[g->first + p];
        continue;
      }
      *source++ = (ls_exchange_source){next, lo, g->level};
      if (count > 0)
        ls_letters_receive(x, &w->band[b].come, next, count, agent_of(x->comm, me, g->node),
                           SUMS + b);
      next += ls_exchange_shard_bytes(x, b, me);
    }
  }
  x->sources = (int)(source - x->source) / x->bands;
}

static char *weights_at(const ls_exchange *x, int64_t i) {
  return x->weights + i * (int64_t)x->size;
}

/* A single part is sent where it lies. */
static void link_errand(ls_exchange *x, const errand *e, int number) {
  struct ls_window *w = x->window;
  const char *next = e->out;
  for (int k = 0; k < w->own_groups; k++) {
    const group *g = &w->group[w->own_group + k];
    const char *part = w->part[g->first].data + e->lo * (int64_t)x->size;
    ls_letters_send(x, &w->band[number].go, g->count > 1 ? next : part, e->count, e->owner,
                    SUMS + number);
    if (g->count > 1) next += ls_round_up(e->count * (int64_t)x->size);
  }
  ls_letters_receive(x, &w->band[number].news, weights_at(x, e->lo), e->count, e->owner,
                     WEIGHTS + number);
}

/* The next node's agent first, as with the errands. */
static void link_news(ls_exchange *x, int number) {
  const int me = x->comm->rank, nodes = x->comm->nodes;
  const int64_t lo = ls_exchange_lo(x, number, me), count = ls_exchange_hi(x, number, me) - lo;
  for (int i = 1; i < nodes && count > 0; i++)
    ls_letters_send(x, &x->window->band[number].news, weights_at(x, lo), count,
                    agent_of(x->comm, me, (here(x) + i) % nodes), WEIGHTS + number);
}

/* Straight from every node to every rank, as sums are, so that who waits knows for whom. */
static void link_flags(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  const int behind = comm->node_first[here(x) + 1];
  for (int i = 0; i < comm->size - comm->node_size; i++) {
    const int r = (behind + i) % comm->size;
    if (agent_of(comm, r, here(x)) == comm->rank)
      ls_letters_send_flags(x, &w->words, &w->flags, r, FLAGS);
  }
  for (int k = 0; k < comm->nodes; k++)
    if (k != here(x))
      ls_letters_receive_flags(x, &w->words, &w->flags_in[k], agent_of(comm, comm->rank, k), FLAGS);
}

static int first_local(const struct ls_window *w) {
  int p = 0;
  while (!w->part[p].data) p++;
  return p;
}

static int64_t bytes_of_lines(const ls_exchange *x) {
  return (int64_t)x->comm->node_size * (int64_t)sizeof(line);
}

static size_t shared_window(const ls_exchange *x) {
  return (size_t)(bytes_of_lines(x) + x->stride * (1 + x->window->local));
}

static void shared_open(ls_exchange *x) {
  struct ls_window *w = x->window;
  const ls_comm *comm = x->comm;
  w->lines = x->block.data;
  w->spins = comm->node_size <= comm->node_cores ? SPINS : 0;
  x->weights = (char *)x->block.data + bytes_of_lines(x);
  place_parts(x, x->weights + x->stride);
  if (w->halving) {
    ls_halving_link(x, w->halving, w->part + first_local(w));
    return;
  }
  link_inbox(x);
  link_flags(x);
  for (int b = 0; b < x->bands; b++) {
    for (int e = 0; e < w->band[b].errands; e++) link_errand(x, &w->band[b].errand[e], b);
    link_news(x, b);
  }
}

/* ---- at work ---- */

/* Sum this node's groups of several parts for other nodes' owners, and send each as soon as it is
 * there. */
static void run_errands(ls_exchange *x, band *b) {
  struct ls_window *w = x->window;
  MPI_Request *send = b->go.request;
  for (int i = 0; i < b->errands; i++) {
    const errand *e = &b->errand[i];
    char *out = e->out;
    for (int k = 0; k < w->own_groups; k++) {
      const group *g = &w->group[w->own_group + k];
      if (g->count > 1) {
        ls_exchange_fold_all(x, w->part + g->first, g->count, e->lo, e->count, out);
        out += ls_round_up(e->count * (int64_t)x->size);
      }
      MPI_Start(send++);
    }
  }
}

/* In the order in which the bands are sent. */
static void begin_receiving(ls_exchange *x) {
  struct ls_window *w = x->window;
  if (w->halving || w->receives) return;
  for (int b = x->bands - 1; b >= 0; b--) ls_letters_start(&w->band[b].come);
  w->receives = true;
}

/* Have all ranks of the node written so many bands? What they wrote is visible then. */
static bool node_has(const ls_exchange *x, uint64_t written) {
  const line *lines = x->window->lines;
  for (int r = 0; r < x->comm->node_size; r++)
    if (atomic_load_explicit(&lines[r].written, memory_order_acquire) < written) return false;
  return true;
}

/* Nobody is waited for: what is not ready yet goes with the next call, or in the reduce. */
static void shared_ready(ls_exchange *x, int bands) {
  struct ls_window *w = x->window;
  int there;
  begin_receiving(x);
  atomic_store_explicit(&w->lines[x->comm->node_rank].written, w->before + (uint64_t)bands,
                        memory_order_release);
  for (int sent = x->bands - 1 - w->unsent; w->unsent > 0; w->unsent--, sent++) {
    if (!node_has(x, w->before + (uint64_t)sent + 1)) break;
    run_errands(x, &w->band[w->unsent]);
  }
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, x->comm->end, &there, MPI_STATUS_IGNORE);
}

static uint32_t trade_sums(ls_exchange *x, uint32_t flags) {
  struct ls_window *w = x->window;
  w->flags = flags;
  for (; w->unsent >= 0; w->unsent--) run_errands(x, &w->band[w->unsent]);
  ls_letters_start(&w->words);
  for (int b = x->bands - 1; b >= 0; b--) {
    ls_letters_wait(x, &w->band[b].go);
    ls_letters_wait(x, &w->band[b].come);
  }
  ls_letters_wait(x, &w->words);
  for (int k = 0; k < x->comm->nodes; k++) flags |= w->flags_in[k];
  w->unsent = x->bands - 1;
  w->receives = false;
  w->before += (uint64_t)x->bands;
  return flags;
}

static uint32_t shared_reduce(ls_exchange *x, uint32_t flags) {
  struct ls_window *w = x->window;
  if (x->comm->nodes > 1) begin_receiving(x);
  atomic_store_explicit(&w->lines[x->comm->node_rank].flags, flags, memory_order_relaxed);
  window_barrier(x);
  for (int r = 0; r < x->comm->node_size; r++)
    flags |= atomic_load_explicit(&w->lines[r].flags, memory_order_relaxed);
  if (x->comm->nodes == 1) return flags;
  if (w->halving) return ls_halving_reduce(x, w->halving, flags);
  return trade_sums(x, flags);
}

/* A band's weights begin when those before them have arrived: the next forward pass wants them in
 * this order, and at once they would all arrive late. */
static void begin_news(ls_exchange *x) {
  struct ls_window *w = x->window;
  while (w->begun < w->offered &&
         (w->begun == 0 || ls_letters_arrived(&w->band[w->begun - 1].news)))
    ls_letters_start(&w->band[w->begun++].news);
}

static void shared_offer(ls_exchange *x, int number) {
  struct ls_window *w = x->window;
  if (w->arrived == x->bands) w->offered = w->begun = w->arrived = 0;
  w->offered = number + 1;
  begin_news(x);
}

/* Where a rank stands still, those that wait for it must not be waited for themselves, or the
 * watchdogs would name them: so everything goes that has not come after a while. */
static void look_for_news(ls_exchange *x, int number) {
  static const double WHILE = 0.5; /* seconds: much less than watchdogs wait */
  struct ls_window *w = x->window;
  const double start = ls_time();
  begin_news(x);
  while (ls_time() - start < WHILE) {
    if (ls_letters_arrived(&w->band[number].news)) return;
    sched_yield();
  }
  while (w->begun < w->offered) ls_letters_start(&w->band[w->begun++].news);
}

/* All ranks meet the same collectives, also where nothing is to be sent or received. */
static void shared_await(ls_exchange *x, int bands) {
  struct ls_window *w = x->window;
  for (; w->arrived < ls_min(bands, w->offered); w->arrived++) {
    look_for_news(x, w->arrived);
    ls_letters_wait(x, &w->band[w->arrived].news);
    begin_news(x);
    window_barrier(x);
  }
}

static void shared_publish(ls_exchange *x) {
  struct ls_window *w = x->window;
  if (x->comm->nodes > 1 && !w->halving) {
    shared_offer(x, x->bands - 1);
    shared_await(x, x->bands);
    return;
  }
  if (w->halving) ls_halving_publish(x, w->halving);
  window_barrier(x);
}

static void shared_close(ls_exchange *x) {
  struct ls_window *w = x->window;
  if (!w) return;
  for (int b = 0; w->band && b < x->bands; b++) {
    ls_letters_free(&w->band[b].come);
    ls_letters_free(&w->band[b].go);
    ls_letters_free(&w->band[b].news);
  }
  ls_letters_free(&w->words);
  ls_halving_free(&w->halving);
  LS_FREE(w->part_node);
  LS_FREE(w->part);
  LS_FREE(w->group);
  LS_FREE(w->errand);
  LS_FREE(w->band);
  LS_FREE(w->outbox);
  LS_FREE(w->flags_in);
  LS_FREE(x->window);
}

#define SHARED(kind, how)                                                                         \
  {                                                                                               \
    .name = kind, .prepare = how, .window = shared_window, .open = shared_open,                   \
    .ready = shared_ready, .reduce = shared_reduce, .offer = shared_offer, .await = shared_await, \
    .publish = shared_publish, .close = shared_close                                              \
  }
const ls_exchange_ops ls_exchange_shared = SHARED("shared", shared_prepare);
/* For tests: halved as often as can be, however few the nodes are; in bands, however small. */
const ls_exchange_ops ls_exchange_halved = SHARED("halved", halved_prepare);
const ls_exchange_ops ls_exchange_banded = SHARED("banded", banded_prepare);
