/* exchange_halving.c - halving and doubling between nodes, for `shared` where every node has as
 * many ranks as any other and its parts make one node of the slice tree. Rank i of every node has a
 * column of the parameters: the shards of all ranks i. In halving s it trades with rank i of the
 * node 2^s away: gives half of what it still has, keeps the other half, and adds the partner's sum
 * to its own, the left one first; both are siblings in the tree, so the bits are the tree's. After
 * `steps` halvings the nodes are blocks of 2^steps, each with the whole gradient summed; what is
 * left of a column is sent straight to the same ranks of the other blocks. New weights go the same
 * way back.
 *
 * Every way moves (H - 1)/H of the gradient between H nodes, and back; but a rank sends steps + H /
 * 2^steps - 1 messages instead of H - 1. Shards are dealt out so that each half is one stretch of
 * memory: ls_exchange.place. */
#include <string.h>

#include "base/mem.h"
#include "comm/cost.h"
#include "comm/exchange_kind.h"

/* One halving: elements [keep, keep_end) stay here, [give, give_end) go to the partner. */
typedef struct {
  int partner;
  int64_t keep, keep_end, give, give_end;
  char *out;                  /* (give) sums to be sent; NULL: one source, sent where it lies */
  char *in;                   /* (keep) the partner's sum, then that of both */
  ls_exchange_source *source; /* of this node or block before, and the partner's, in tree order */
  int sources, own, first_own;
  uint32_t flags, flags_in;
  ls_letters come, go;       /* sums and flags */
  ls_letters back, back_out; /* new weights */
} halving;

struct ls_halving {
  int steps, nodes, blocks, level; /* level: of a node's parts in the tree */
  halving *halving;                /* (steps) */
  ls_exchange_source *source;
  char *memory;
  /* with the same ranks of the other blocks */
  uint32_t flags, *flags_in; /* (blocks) */
  ls_letters come, go, back, back_out;
};

/* ---- who, and how often ---- */

int ls_halving_steps(const ls_exchange *x, int groups, bool forced) {
  const ls_comm *comm = x->comm;
  const int nodes = comm->nodes;
  const ls_cost_shape shape = {nodes, comm->node_size, (double)x->n * (double)x->size, x->bands};
  const int leaves = x->slices / nodes;
  for (int k = 0; k < nodes; k++)
    if (comm->node_first[k + 1] - comm->node_first[k] != comm->node_size) return 0;
  if (groups != nodes || x->slices % nodes != 0 || (leaves & (leaves - 1)) != 0) return 0;
  return ls_cost_halvings(&shape, forced);
}

/* Where a node's shard stands in each column: its lowest bits, the first one as the highest. */
static int order_of(int node, int steps, int nodes) {
  int order = node >> steps;
  for (int s = 0; s < steps; s++) order += (node >> s & 1) * (nodes >> (s + 1));
  return order;
}

static ls_status deal_shards(ls_exchange *x, int steps) {
  const ls_comm *comm = x->comm;
  LS_NEW(x->place, comm->size);
  for (int r = 0; r < comm->size; r++)
    x->place[r] =
        r % comm->node_size * comm->nodes + order_of(comm->node_of[r], steps, comm->nodes);
  return LS_OK;
}

/* ---- laying out ---- */

/* Of the shards of this rank's column that stand at [order, order + count). */
static int64_t edge(const ls_exchange *x, int order) {
  return x->first[x->comm->node_rank * x->comm->nodes + order];
}

static int twin(const ls_exchange *x, int node) {
  return x->comm->node_first[node] + x->comm->node_rank;
}

static int64_t bytes_of(const ls_exchange *x, int64_t lo, int64_t hi) {
  return ls_round_up((hi - lo) * (int64_t)x->size);
}

static int64_t cut_halves(const ls_exchange *x, struct ls_halving *h, int parts) {
  const int me = x->comm->node_number;
  int64_t bytes = 0;
  for (int s = 0, at = 0; s < h->steps; s++) {
    halving *v = &h->halving[s];
    const int half = h->nodes >> (s + 1), bit = me >> s & 1;
    const int keep = at + bit * half, give = at + (1 - bit) * half;
    v->partner = twin(x, me ^ 1 << s);
    v->keep = edge(x, keep), v->keep_end = edge(x, keep + half);
    v->give = edge(x, give), v->give_end = edge(x, give + half);
    v->own = s == 0 ? parts : 1;
    bytes += bytes_of(x, v->keep, v->keep_end);
    if (v->own > 1) bytes += bytes_of(x, v->give, v->give_end);
    at = keep;
  }
  return bytes + (h->blocks - 1) * ls_exchange_shard_bytes(x, 0, x->comm->rank);
}

static void place_halves(const ls_exchange *x, struct ls_halving *h) {
  char *next = h->memory;
  ls_exchange_source *source = h->source;
  for (int s = 0; s < h->steps; s++) {
    halving *v = &h->halving[s];
    const bool is_left = (x->comm->node_number >> s & 1) == 0;
    v->in = next;
    next += bytes_of(x, v->keep, v->keep_end);
    if (v->own > 1) v->out = next, next += bytes_of(x, v->give, v->give_end);
    v->sources = v->own + 1;
    v->source = source;
    v->first_own = is_left ? 0 : 1;
    source[is_left ? v->own : 0] = (ls_exchange_source){v->in, v->keep, h->level + s};
    source += v->sources;
  }
}

static ls_status new_letters(struct ls_halving *h) {
  for (int s = 0; s < h->steps; s++) {
    halving *v = &h->halving[s];
    LS_TRY(ls_letters_new(&v->come, 2));
    LS_TRY(ls_letters_new(&v->go, 2));
    LS_TRY(ls_letters_new(&v->back, 1));
    LS_TRY(ls_letters_new(&v->back_out, 1));
  }
  LS_TRY(ls_letters_new(&h->come, 2 * h->blocks));
  LS_TRY(ls_letters_new(&h->go, 2 * h->blocks));
  LS_TRY(ls_letters_new(&h->back, h->blocks));
  return ls_letters_new(&h->back_out, h->blocks);
}

/* Read by this rank in a step: the other parts of its node, and what comes from other nodes. */
static int64_t bytes_read(const ls_exchange *x, const struct ls_halving *h, int parts) {
  const int me = x->comm->rank;
  const int64_t column = edge(x, h->nodes) - edge(x, 0);
  int64_t n = (parts - x->parts) * column +
              (h->blocks - 1) * (ls_exchange_hi(x, 0, me) - ls_exchange_lo(x, 0, me));
  for (int s = 0; s < h->steps; s++) n += h->halving[s].keep_end - h->halving[s].keep;
  return n * (int64_t)x->size;
}

ls_status ls_halving_prepare(ls_exchange *x, int steps, int parts, struct ls_halving **out) {
  struct ls_halving *h;
  void *memory;
  LS_NEW(h, 1);
  *out = h;
  h->steps = steps;
  h->nodes = x->comm->nodes;
  h->blocks = h->nodes >> steps;
  while (x->slices > h->nodes << h->level) h->level++;
  LS_TRY(deal_shards(x, steps));
  LS_NEW(h->halving, steps);
  LS_NEW(h->source, parts + 2 * steps);
  LS_NEW(h->flags_in, h->blocks);
  LS_TRY(new_letters(h));
  LS_TRY(ls_mem_new(&memory, 1, (size_t)cut_halves(x, h, parts)));
  h->memory = memory;
  place_halves(x, h);
  x->sums_read = bytes_read(x, h, parts);
  return LS_OK;
}

/* ---- messages, the same in every step ---- */

enum { SUMS = 1, FLAGS, WEIGHTS };

static char *weights_at(const ls_exchange *x, int64_t i) {
  return x->weights + i * (int64_t)x->size;
}

static const char *source_at(const ls_exchange *x, const ls_exchange_source *s, int64_t i) {
  return s->data + (i - s->from) * (int64_t)x->size;
}

static void link_halving(ls_exchange *x, halving *v) {
  const ls_exchange_source *own = &v->source[v->first_own];
  const void *gives = v->out ? v->out : source_at(x, own, v->give);
  const int64_t kept = v->keep_end - v->keep, given = v->give_end - v->give;
  ls_letters_receive(x, &v->come, v->in, kept, v->partner, SUMS);
  ls_letters_receive_flags(x, &v->come, &v->flags_in, v->partner, FLAGS);
  ls_letters_send(x, &v->go, gives, given, v->partner, SUMS);
  ls_letters_send_flags(x, &v->go, &v->flags, v->partner, FLAGS);
  ls_letters_receive(x, &v->back, weights_at(x, v->give), given, v->partner, WEIGHTS);
  ls_letters_send(x, &v->back_out, weights_at(x, v->keep), kept, v->partner, WEIGHTS);
}

/* What is left to be summed: with one block the last halving's two sums, else a sum a block. */
static void link_blocks(ls_exchange *x, struct ls_halving *h) {
  const halving *last = &h->halving[h->steps - 1];
  const int here = x->comm->node_number, me = x->comm->rank;
  const int64_t lo = ls_exchange_lo(x, 0, me), count = ls_exchange_hi(x, 0, me) - lo;
  if (h->blocks == 1) {
    x->sources = last->sources;
    memcpy(x->source, last->source, (size_t)last->sources * sizeof *x->source);
    return;
  }
  const ls_exchange_source own = {last->in, last->keep, h->level + h->steps};
  char *next = h->memory + cut_halves(x, h, h->halving[0].own) -
               (h->blocks - 1) * ls_exchange_shard_bytes(x, 0, me);
  x->sources = h->blocks;
  x->source[here >> h->steps] = own;
  for (int i = 1; i < h->blocks; i++) {
    const int block = ((here >> h->steps) + i) % h->blocks;
    const int peer = twin(x, (block << h->steps) + (here & ((1 << h->steps) - 1)));
    const int64_t its = ls_exchange_lo(x, 0, peer), its_count = ls_exchange_hi(x, 0, peer) - its;
    x->source[block] = (ls_exchange_source){next, lo, own.level};
    ls_letters_receive(x, &h->come, next, count, peer, SUMS);
    ls_letters_receive_flags(x, &h->come, &h->flags_in[block], peer, FLAGS);
    ls_letters_send(x, &h->go, source_at(x, &own, its), its_count, peer, SUMS);
    ls_letters_send_flags(x, &h->go, &h->flags, peer, FLAGS);
    ls_letters_receive(x, &h->back, weights_at(x, its), its_count, peer, WEIGHTS);
    ls_letters_send(x, &h->back_out, weights_at(x, lo), count, peer, WEIGHTS);
    next += ls_exchange_shard_bytes(x, 0, me);
  }
}

void ls_halving_link(ls_exchange *x, struct ls_halving *h, const ls_exchange_source *part) {
  for (int s = 0; s < h->steps; s++) {
    halving *v = &h->halving[s];
    const ls_exchange_source before = {s ? v[-1].in : NULL, s ? v[-1].keep : 0, h->level + s};
    memcpy(&v->source[v->first_own], s ? &before : part, (size_t)v->own * sizeof *v->source);
    link_halving(x, v);
  }
  link_blocks(x, h);
}

/* ---- at work ---- */

uint32_t ls_halving_reduce(ls_exchange *x, struct ls_halving *h, uint32_t flags) {
  for (int s = 0; s < h->steps; s++) ls_letters_start(&h->halving[s].come);
  ls_letters_start(&h->come);
  for (int s = 0; s < h->steps; s++) {
    halving *v = &h->halving[s];
    v->flags = flags;
    if (v->out)
      ls_exchange_fold_all(x, v->source + v->first_own, v->own, v->give, v->give_end - v->give,
                           v->out);
    ls_letters_start(&v->go);
    ls_letters_wait(x, &v->come);
    flags |= v->flags_in;
    if (s + 1 < h->steps || h->blocks > 1)
      ls_exchange_fold_all(x, v->source, v->sources, v->keep, v->keep_end - v->keep, v->in);
  }
  h->flags = flags;
  ls_letters_start(&h->go);
  ls_letters_wait(x, &h->come);
  for (int block = 0; block < h->blocks; block++) flags |= h->flags_in[block];
  for (int s = 0; s < h->steps; s++) ls_letters_wait(x, &h->halving[s].go);
  ls_letters_wait(x, &h->go);
  return flags;
}

void ls_halving_publish(ls_exchange *x, struct ls_halving *h) {
  for (int s = 0; s < h->steps; s++) ls_letters_start(&h->halving[s].back);
  ls_letters_start(&h->back);
  ls_letters_start(&h->back_out);
  ls_letters_wait(x, &h->back);
  for (int s = h->steps - 1; s >= 0; s--) {
    ls_letters_start(&h->halving[s].back_out);
    ls_letters_wait(x, &h->halving[s].back);
  }
  for (int s = 0; s < h->steps; s++) ls_letters_wait(x, &h->halving[s].back_out);
  ls_letters_wait(x, &h->back_out);
}

void ls_halving_free(struct ls_halving **out) {
  struct ls_halving *h = *out;
  if (!h) return;
  for (int s = 0; h->halving && s < h->steps; s++) {
    ls_letters_free(&h->halving[s].come);
    ls_letters_free(&h->halving[s].go);
    ls_letters_free(&h->halving[s].back);
    ls_letters_free(&h->halving[s].back_out);
  }
  ls_letters_free(&h->come);
  ls_letters_free(&h->go);
  ls_letters_free(&h->back);
  ls_letters_free(&h->back_out);
  LS_FREE(h->halving);
  LS_FREE(h->source);
  LS_FREE(h->flags_in);
  LS_FREE(h->memory);
  LS_FREE(*out);
}
