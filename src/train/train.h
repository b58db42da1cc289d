/* train.h - `lockstep train`: a run folder, the loop, and everything that happens once in a while.
 */
#ifndef LS_TRAIN_TRAIN_H
#define LS_TRAIN_TRAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "comm/comm.h"
#include "config/config.h"

typedef enum { LS_RESUME_NO, LS_RESUME_AUTO, LS_RESUME_NEWEST, LS_RESUME_FILE } ls_resume;

typedef struct {
  const char *dir; /* -o, or NULL */
  ls_resume resume;
  const char *resume_file; /* with LS_RESUME_FILE */
  /* Config keys that may differ from the checkpoint's; NULL-terminated or NULL. */
  const char *const *allow;
  int threads;       /* 0: from the binding */
  double time_limit; /* seconds; 0: none */
  int64_t until;     /* pause with a checkpoint when so many epochs are over, exit "rung"; 0: no */
  const char *progress; /* auto, bar, line, none */
  const char *trace;    /* file or NULL */
  bool force, dry_run;
  /* Asked before each step on rank 0, so cheap: is the run to stop, as by a signal? NULL: nobody
   * asks. */
  bool (*stops)(void *arg);
  void *arg;
  struct ls_data *data; /* open already, and what the config means (ls_data_lend); NULL: not */
  int argc;             /* the command line, for the record */
  const char *const *argv;
} ls_train_options;

/* What the end event holds, for --json. Valid on rank 0. */
typedef struct {
  char *dir; /* ls_mem */
  int64_t global_step, updates, epoch, samples_seen, parameters;
  double rate; /* of the last update */
  double loss, accuracy, test_loss, test_accuracy, samples_per_s, seconds;
  char weights_hash[48];
  const char *exit;
  bool dead; /* no better than guessing, or hardly and standing still, after an epoch or more */
  /* Both the caller's. understood: view/understood.h; NULL where the run failed, and where it was
   * dry. report: of a dry run, that, and tensors, steps, memory in bytes. */
  json_t *understood, *report;
} ls_train_result;

/* Collective; every rank returns the same status. LS_ESTOPPED: a signal or the time limit, with a
 * checkpoint written. */
ls_status ls_train(ls_comm *comm, ls_config *config, const ls_train_options *options,
                   ls_train_result *result);

/* Call first thing: SIGUSR1, SIGTERM and (unless it is ignored) the first SIGINT while training ask
 * for a checkpoint and exit 75 instead of killing the process. */
void ls_train_signals(void);
bool ls_train_signalled(void); /* has one of them come? */

#endif
