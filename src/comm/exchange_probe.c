/* auto: some exchanges of each kind that promises the same bits, before the first step. The window
 * is taken unless messages take clearly less time: a probe of a few milliseconds is noisy, and the
 * window moves less between hosts. */
#include <math.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "comm/exchange_private.h"

enum { PROBED = 1 << 18, BLOCK = 512, ROUNDS = 4 };
static const double CLEARLY = 2.0 / 3;

/* Seconds of the fastest of ROUNDS exchanges on this rank: what other processes on the machine took
 * away matters less. */
static double time_rounds(ls_exchange *x, void *scratch) {
  int64_t lo, hi;
  double fastest = INFINITY;
  ls_exchange_shard(x, &lo, &hi);
  for (int i = 0; i <= ROUNDS; i++) { /* the first only touches the memory */
    const double start = ls_time();
    ls_exchange_reduce(x, 0);
    ls_exchange_grad(x, lo, hi - lo, scratch);
    ls_exchange_publish(x);
    if (i > 0) fastest = fmin(fastest, ls_time() - start);
  }
  return fastest;
}

static ls_status time_exchange(ls_exchange *x, double *seconds) {
  void *scratch = NULL;
  double *all = NULL, mine;
  const int ranks = ls_comm_size(x->comm);
  ls_status status = ls_mem_new(&scratch, (size_t)x->n, x->size);
  if (status == LS_OK) status = ls_mem_new((void **)&all, (size_t)ranks, sizeof *all);
  status = ls_comm_agree(x->comm, status);
  if (status == LS_OK) {
    mine = time_rounds(x, scratch);
    ls_comm_allgather(x->comm, &mine, all, sizeof mine);
    *seconds = 0;
    for (int r = 0; r < ranks; r++) *seconds = fmax(*seconds, all[r]);
  }
  LS_FREE(scratch);
  LS_FREE(all);
  return status;
}

/* *seconds: of the slowest rank, the same everywhere; infinite where this kind can't be opened. */
static ls_status probe(ls_comm *comm, const char *kind, int64_t n, int slices,
                       ls_precision precision, double *seconds) {
  ls_exchange *x = NULL;
  *seconds = INFINITY;
  ls_status status = LS_OK;
  if (ls_exchange_new(comm, kind, n, BLOCK, slices, precision, &x) == LS_OK)
    status = time_exchange(x, seconds);
  else
    ls_log(LS_LOG_WARN, "exchange: %s can't be used here: %s", kind, ls_error_text());
  ls_exchange_free(&x);
  return status;
}

ls_status ls_exchange_probe(ls_comm *comm, int64_t n, int slices, ls_precision precision,
                            const char **kind) {
  double window, messages;
  if (n > PROBED) n = PROBED;
  LS_TRY(probe(comm, "shared", n, slices, precision, &window));
  LS_TRY(probe(comm, "tree", n, slices, precision, &messages));
  *kind = messages < CLEARLY * window ? "tree" : "shared";
  if (isfinite(window) && isfinite(messages))
    ls_log(LS_LOG_INFO,
           "exchange: auto takes %s: %.1f us by shared memory, %.1f us by messages, for %lld "
           "parameters",
           *kind, 1e6 * window, 1e6 * messages, (long long)n);
  return LS_OK;
}
