/* trainer.h - one training run at work: what train.c, epoch.c, announce.c, header.c, snapshot.c,
 * resume.c and record.c share; api/trainer.c and cli/find_rate.c have one of their own. */
#ifndef LS_TRAIN_TRAINER_H
#define LS_TRAIN_TRAINER_H

#include "checkpoint/saver.h"
#include "io/lock.h"
#include "train/evaluate.h"
#include "train/events.h"
#include "train/metrics.h"
#include "train/run.h"
#include "train/state.h"
#include "train/train.h"
#include "view/progress.h"

typedef struct {
  ls_comm *comm;
  ls_config *config;
  const ls_train_options *options;
  ls_run *run;
  ls_state_contents contents;
  /* from here to pending_text: rank 0 only, NULL or 0 elsewhere */
  char *dir; /* the run folder */
  ls_lock *lock;
  ls_events *events;
  ls_saver *saver;
  ls_progress *progress;
  int failed_saves; /* in a row */
  char failed_text[512];
  ls_status pending; /* failed between collectives; the next step's flags tell everyone */
  char pending_text[1024];
  const char *best_metric, *early_metric; /* what they look at; NULL: none */
  double slurm_limit;                     /* seconds from then; 0: none */
  double started;                      /* ls_time() of the start; the time limit counts from here */
  double epoch_started, epoch_trained; /* wall clock; sum of run->time at the start of the epoch */
  double last_save, save_seconds,
      longest; /* for checkpoint.every in minutes and the time limit's margin */
  double eval_seconds, checkpoint_seconds,
      start_seconds; /* start: data, agreement, a checkpoint to go on from */
  int64_t first_step, first_epoch, first_sample; /* where this process began */
  int64_t scored_step;           /* global_step of the latest evaluation; -1: none */
  bool stands_still;             /* the loss of this epoch is that of the one before, to 1e-5 */
  bool new_best;                 /* this step is the best so far: worth a checkpoint of its own */
  bool train_fresh, val_fresh;   /* made since the best was last looked for: of score[] */
  ls_score score[LS_SPLITS];     /* latest; samples 0: never made */
  ls_figures figures[LS_SPLITS]; /* made with them */
  double *times;                 /* (ranks, LS_TIMES) at the end: where the steps' time went */
  const char *exit;              /* as in the end event */
} ls_trainer;

/* ---- train.c ---- */
/* Build the run and bring it to where it starts: fresh weights, a file's, or a checkpoint's state
 * (rank 0's; NULL elsewhere). Collective. */
ls_status ls_trainer_build(ls_trainer *t, ls_checkpoint *from);
void ls_trainer_close(ls_trainer *t);

/* ---- header.c ---- */
void ls_show_header(const ls_trainer *t);   /* what is trained, on what: a few lines */
char *ls_next_command(const ls_trainer *t); /* what to type after the run; ls_mem, or NULL */

/* ---- epoch.c ---- */
/* Does the config evaluate this split, and is there one? */
bool ls_eval_wants(const ls_trainer *t, ls_split split);
/* Whose scores stand beside those of training. */
ls_split ls_split_beside(const ls_trainer *t);
bool ls_eval_due(const ls_trainer *t, bool epoch_end);
ls_status ls_eval_split(ls_trainer *t, ls_split split); /* into score and figures. Collective */
ls_score ls_running_score(ls_run *run);       /* running means of the epoch so far. Collective */
double ls_trained_seconds(const ls_run *run); /* in steps, on this rank */
/* The end of an epoch: its means, evaluation where it is due, table line and event; or an
 * evaluation between epochs. *stop: early stop. Collective. */
ls_status ls_epoch_end(ls_trainer *t, bool *stop);
ls_status ls_eval_event(ls_trainer *t, bool *stop);
/* The mean loss of the minibatch of `samples` just used, before its update. Collective; the run's
 * slice_stats are all ranks' afterwards. */
double ls_step_loss(ls_run *run, int64_t samples);
/* `samples`: of the step just made. Collective; the status is rank 0's alone. */
ls_status ls_step_event(ls_trainer *t, int64_t samples);

/* ---- announce.c ---- */
ls_status ls_start_event(ls_trainer *t); /* rank 0, as the next two */
ls_status ls_start_progress(ls_trainer *t);
json_t *ls_dry_run_report(const ls_trainer *t);
/* End event and summary. Collective. */
ls_status ls_end_report(ls_trainer *t, ls_train_result *result);

/* ---- snapshot.c ---- */
bool ls_snapshot_due(const ls_trainer *t, uint32_t flags, bool epoch_end);
/* Checkpoint of the present state under `name` (ckpt-N.h5 if NULL). must: not to be skipped,
 * whatever checkpoint.busy says. Collective. LS_EINTERNAL: the ranks have drifted apart;
 * LS_EDIVERGED: weights are not finite. */
ls_status ls_snapshot_take(ls_trainer *t, const char *name, bool must);
/* Rank 0: report commits that have finished: "committed N file", the metrics event. LS_EIO after
 * three failures in a row. */
ls_status ls_snapshot_poll(ls_trainer *t);
/* The whole state as a checkpoint in memory: rank 0's *out, NULL elsewhere, to be freed in any
 * case. Collective; LS_EDIVERGED where weights are not finite. */
ls_status ls_snapshot_image(ls_trainer *t, ls_image **out);
ls_status ls_snapshot_wait(ls_trainer *t);   /* rank 0: for the writer, then poll */
ls_status ls_snapshot_finish(ls_trainer *t); /* the same for all ranks. Collective */

/* ---- resume.c ---- */
/* Rank 0 finds and reads the checkpoint this run goes on from, and checks the config against it;
 * *out NULL: a fresh start. Collective in its status. Everyone's config takes from the
 * checkpoint what the run has settled on: slices, how validation is drawn, a separator. */
ls_status ls_resume_find(ls_comm *comm, ls_config *config, const ls_train_options *options,
                         const char *dir, ls_checkpoint **out, char **path);
/* The run goes on with the checkpoint's state (rank 0's; NULL elsewhere) at its epoch and sample,
 * however long its epochs are now. Collective; LS_EDATA where the data have changed, LS_ECONFIG
 * where at that sample no minibatch can begin. */
ls_status ls_resume_apply(ls_trainer *t, ls_checkpoint *checkpoint);

/* ---- record.c ---- */
ls_status ls_record_write(const ls_trainer *t); /* rank 0: config.yaml and record.json */

#endif
