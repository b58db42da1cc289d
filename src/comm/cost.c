/* cost.c - the formulas behind docs/exchange.md, counted in columns (a rank's part of its
 * node's gradient). The choice leaves out the time on the network, which no number of halvings
 * changes. Begin at the bottom: ls_cost_of -> messages, sums. */
#include "comm/cost.h"

#include <math.h>

const ls_cost_network ls_cost_usual = {
    .latency = 2e-6, .message = 0.5e-6, .link = 12.5e9, .sums = 8e9};

static double column(const ls_cost_shape *s) { return s->bytes / s->node_size; }

/* Sums and weights: a message for each halving, and one to each of the other blocks of nodes. */
static double messages(const ls_cost_shape *s, const ls_cost_network *n, int halvings) {
  const int blocks = s->nodes >> halvings;
  const int each = halvings == 0 && s->bands > 1 ? s->bands : 1;
  const double straight = blocks > 1 ? n->latency + (blocks - 1) * each * n->message : 0;
  return 2 * (halvings * (n->latency + n->message) + straight);
}

/* Without halvings the flags are messages of their own beside those of the sums. */
static double flags(const ls_cost_shape *s, const ls_cost_network *n, int halvings) {
  return halvings > 0 ? 0 : (s->nodes - 1) * n->message;
}

/* Columns that a rank reads and writes where it sums the parts of its node, for others and for
 * itself; an owner writes too, what it updates from. */
static double straight_sums(int nodes, int parts) {
  const double shard = 1.0 / nodes, sent = parts > 1 ? (parts + 1) * (1 - shard) : 0;
  return sent + (nodes + parts) * shard;
}

/* A halving sums half of what there is of two sides; the first one the parts of this node too, and
 * for its partner where there are several. Then what came from other blocks. */
static double halved_sums(int nodes, int parts, int halvings) {
  const int blocks = nodes >> halvings;
  const double sent = parts > 1 ? (parts + 1) / 2.0 : 0, first = (parts + 2) / 2.0;
  const double others = 3 * (0.5 - pow(0.5, halvings));
  return sent + first + others + (blocks > 1 ? (blocks + 1.0) / nodes : 0);
}

static double sums(const ls_cost_shape *s, const ls_cost_network *n, int halvings) {
  const double columns = halvings > 0 ? halved_sums(s->nodes, s->node_size, halvings)
                                      : straight_sums(s->nodes, s->node_size);
  return columns * column(s) / n->sums;
}

/* What the network takes is behind the passes, but for the sums that come last and the weights that
 * go first. Halvings are not sent so. */
static double hidden(const ls_cost_shape *s, const ls_cost *cost, int halvings) {
  return halvings == 0 && s->bands > 1 ? cost->network * (1 - 1.0 / s->bands) : 0;
}

static double choice(const ls_cost_shape *s, int halvings) {
  const ls_cost cost = ls_cost_of(s, &ls_cost_usual, halvings);
  return cost.messages + cost.sums - hidden(s, &cost, halvings);
}

int ls_cost_halvings(const ls_cost_shape *shape, bool most) {
  int best = 0;
  for (int k = 1; shape->nodes % (1 << k) == 0; k++)
    if (most || choice(shape, k) < choice(shape, best)) best = k;
  return best;
}

ls_cost ls_cost_of(const ls_cost_shape *shape, const ls_cost_network *network, int halvings) {
  ls_cost cost = {0};
  if (shape->nodes * shape->node_size == 1) return cost;
  cost.sums = sums(shape, network, halvings);
  if (shape->nodes == 1) return cost;
  cost.messages = messages(shape, network, halvings) + flags(shape, network, halvings);
  cost.network = ls_cost_sent(shape) * shape->node_size / network->link;
  return cost;
}

double ls_cost_sent(const ls_cost_shape *shape) {
  return 2 * column(shape) * (shape->nodes - 1) / shape->nodes;
}
