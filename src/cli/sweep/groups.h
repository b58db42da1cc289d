/* groups.h - the ranks of a sweep in groups, each of which trains one run after the other. */
#ifndef LS_CLI_SWEEP_GROUPS_H
#define LS_CLI_SWEEP_GROUPS_H

#include "cli/sweep/sweep.h"
#include "comm/comm.h"

typedef struct {
  const ls_sweep *sweep;
  const char *file; /* CONFIG as named, and as read: the same on every rank */
  const char *text; /* (bytes) */
  size_t bytes;
  const char *const *override; /* of the command line; NULL-terminated */
  const char *data_dir;        /* in place of the config's; NULL: as it is */
  struct ls_data *const *data; /* (runs) open already; NULL: the run opens its own */
  int groups;
  int ranks;             /* a group, the last one what is left; 0: evenly */
  int threads;           /* a rank; 0: from the binding */
  int64_t until;         /* epochs at which each run pauses; 0: it is trained to its end */
  double started, limit; /* when, and seconds from then; limit 0: none */
  int argc;              /* the command line, for the records */
  const char *const *argv;
} ls_sweep_job;

/* CONFIG with the command line's overrides and, behind them, these. */
ls_status ls_sweep_parse(const ls_sweep_job *job, const ls_texts *settings, ls_config **out);
/* The config of a run, which asks for the sweep's metric, whether eval.metrics names it or not;
 * LS_EUSAGE where its network or its evaluations have none. With run NULL, that of a trial with the
 * config's own seed and folds. */
ls_status ls_sweep_config(const ls_sweep_job *job, int64_t trial, const ls_sweep_run *run,
                          ls_config **out);
/* Train what is left; claims.h has been opened. Each rank returns when its group finds nothing more
 * to do, with the group's status; a run that fails is none of its failures. */
ls_status ls_sweep_train(ls_comm *whole, const ls_sweep_job *job);

#endif
