/* cost.h - what an exchange of `shared` between nodes takes, by a model of the sizes: one truth for
 * how many halvings it chooses (exchange_halving.c) and for what `bench plan` foretells. Pure
 * functions: all ranks come to the same answer. docs/exchange.md has it in words. */
#ifndef LS_COMM_COST_H
#define LS_COMM_COST_H

#include <stdbool.h>

/* Nodes of as many ranks each, whose parts make one node of the slice tree each. */
typedef struct {
  int nodes, node_size;
  double bytes; /* of the whole gradient */
  int bands;    /* in which it is sent while the backward pass makes the others; 0: at once */
} ls_cost_shape;

/* Seconds and bytes a second. */
typedef struct {
  double latency; /* what a message takes to arrive */
  double message; /* what it takes a rank to send one */
  double link;    /* of a node's network, each way */
  double sums;    /* read and written by a rank that adds */
} ls_cost_network;

/* Orders of magnitude of networks that clusters have: what halvings are chosen by. */
extern const ls_cost_network ls_cost_usual;

/* Seconds of one exchange: waiting for messages and sending them, bytes on a node's link, sums. */
typedef struct {
  double messages, network, sums;
} ls_cost;

/* The number of halvings of the least time on the usual network, or with `most` as many as can be;
 * nodes must be a multiple of two to that. */
int ls_cost_halvings(const ls_cost_shape *shape, bool most);
/* What an exchange takes with so many halvings; all 0 where there is one rank. */
ls_cost ls_cost_of(const ls_cost_shape *shape, const ls_cost_network *network, int halvings);
/* Bytes that a rank sends to other nodes, and as many that it receives from there: the same
 * whatever the halvings. */
double ls_cost_sent(const ls_cost_shape *shape);

#endif
