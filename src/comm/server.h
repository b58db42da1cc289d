/* server.h - parameters that are served: each host's first rank holds a shard of them in a window
 * that any rank reads and changes by MPI's one-sided calls, at its own time; and the numbers of the
 * updates that are still to be made. A rank that serves works like all others. */
#ifndef LS_COMM_SERVER_H
#define LS_COMM_SERVER_H

#include "base/dtype.h"
#include "comm/comm.h"

typedef struct ls_server ls_server;

/* `vectors` of n reals each (weights, and what the optimizer keeps), cut into shards at multiples
 * of `grid`. LS_ECONFIG where a shard is too big for one message. Collective. */
ls_status ls_server_new(ls_comm *comm, int64_t n, int64_t grid, int vectors, ls_dtype precision,
                        ls_server **out);
void ls_server_free(ls_server **server); /* collective */

/* The shards are those of vector[v], (n) each, which are the same on all ranks; updates
 * [first, end) are to be made. Collective. */
void ls_server_open(ls_server *server, char *const *vector, int64_t first, int64_t end);
/* The next of them, for this rank alone; -1: there is none left, or a rank has called stop. Numbers
 * are asked for one ahead, so a rank that stops others may have one more to make. */
int64_t ls_server_take(ls_server *server);
void ls_server_stop(ls_server *server);

/* The shards as they are, each whole, into the first `count` of vector[v], (n) each. */
void ls_server_fetch(ls_server *server, char *const *vector, int count);
/* Shard by shard, while nobody else reads or changes it: `change` gets parameters [lo, lo + n) of
 * each vector, in (n), and what it makes of them is the shard. */
typedef void ls_server_change(void *context, int64_t lo, int64_t n, char *const *vector);
void ls_server_push(ls_server *server, ls_server_change *change, void *context);

int64_t ls_server_made(ls_server *server);                /* updates of all ranks in the shards */
int64_t ls_server_count(ls_server *server, int64_t more); /* `more`; returns how many before them */

#endif
