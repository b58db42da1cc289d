/* lockstep/lockstep.h - lockstep inside another program: trained networks, and training on the
 * program's own communicator.
 *
 * Link with liblockstep (pkg-config lockstep, or CMake's lockstep::lockstep).
 *
 * Nothing here ends the process, starts another one, installs a signal handler, writes to a stream
 * or keeps state of its own between objects. The floating-point mode, the locale and the signal
 * mask of the calling thread are what they were when a call returns. What fails returns a status
 * and says why in the caller's lockstep_error; the program goes on, and so does the object that the
 * call was for. */
#ifndef LOCKSTEP_LOCKSTEP_H
#define LOCKSTEP_LOCKSTEP_H

#include <stddef.h>
#include <stdint.h>
/* Networks alone need no MPI: without mpi.h, or with LOCKSTEP_NO_MPI, what takes an MPI_Comm is
 * left out. */
#if !defined(LOCKSTEP_NO_MPI) && defined(__has_include)
#if !__has_include(<mpi.h>)
#define LOCKSTEP_NO_MPI
#endif
#endif
#ifndef LOCKSTEP_NO_MPI
#include <mpi.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LOCKSTEP_API __attribute__((visibility("default")))

/* ---- errors ---- */

/* The exit codes of the command line. */
typedef enum {
  LOCKSTEP_OK = 0,
  LOCKSTEP_FAIL = 1,       /* out of memory, and what does not fit below */
  LOCKSTEP_EUSAGE = 64,    /* a call that is not as this file says */
  LOCKSTEP_EDATA = 65,     /* data or checkpoint missing, damaged or not as the config says */
  LOCKSTEP_EINTERNAL = 70, /* ranks disagree, internal error */
  LOCKSTEP_EDIVERGED = 71, /* loss or weights not finite */
  LOCKSTEP_EIO = 74,       /* a file cannot be written */
  LOCKSTEP_ESTOPPED = 75,  /* stopped, with a checkpoint written */
  LOCKSTEP_ECONFIG = 78    /* config wrong or contradictory */
} lockstep_status;

/* What went wrong, in words. The caller's: any number of them, on the stack for instance. Wherever
 * a function takes one, NULL will do. */
enum { LOCKSTEP_ERROR_TEXT = 4096 };
typedef struct {
  int32_t status;                 /* a lockstep_status */
  char text[LOCKSTEP_ERROR_TEXT]; /* "" where there was no error */
} lockstep_error;

LOCKSTEP_API const char *lockstep_version(void); /* "0.2.0" */

/* ---- a trained network ---- */

/* Of a checkpoint that lockstep has written. Any number of them at once. Several threads may use
 * one at the same time: each call has work space of its own, which is kept for the next one. */
typedef struct lockstep_net lockstep_net;

/* *net, to be freed; NULL where it fails: LOCKSTEP_EDATA for a file that cannot be read or is no
 * checkpoint; LOCKSTEP_ECONFIG for a network without outputs for one sample (softmax_batch). A
 * checkpoint of format 1.0, which has no index, is refused: `lockstep train --resume` writes it
 * anew. MPI need not run. */
LOCKSTEP_API lockstep_status lockstep_net_open(const char *path, lockstep_net **net,
                                               lockstep_error *error);
/* The same of a checkpoint's `bytes` in memory, which may go away then. */
LOCKSTEP_API lockstep_status lockstep_net_open_buffer(const void *data, size_t bytes,
                                                      lockstep_net **net, lockstep_error *error);
LOCKSTEP_API void lockstep_net_free(lockstep_net *net); /* NULL is fine */

/* Of a network that is NULL all of these are 0 or "". */

LOCKSTEP_API int64_t lockstep_net_inputs(const lockstep_net *net);
LOCKSTEP_API int64_t lockstep_net_outputs(const lockstep_net *net);
/* Bits of a number in which it was trained: 32 or 64. */
LOCKSTEP_API int lockstep_net_bits(const lockstep_net *net);
/* 1 where the outputs belong to classes, whose names lockstep_net_output_name gives; else 0. */
LOCKSTEP_API int lockstep_net_has_classes(const lockstep_net *net);
/* What input (output) i, from 0, is called, and its unit; "" where that is not known, and for an i
 * that there is not. They live as long as the network. */
LOCKSTEP_API const char *lockstep_net_input_name(const lockstep_net *net, int64_t i);
LOCKSTEP_API const char *lockstep_net_input_unit(const lockstep_net *net, int64_t i);
LOCKSTEP_API const char *lockstep_net_output_name(const lockstep_net *net, int64_t i);
LOCKSTEP_API const char *lockstep_net_output_unit(const lockstep_net *net, int64_t i);
/* As `lockstep inspect` prints it: "xxh3-128:...". */
LOCKSTEP_API const char *lockstep_net_weights_hash(const lockstep_net *net);

/* y (rows, outputs) = the network's outputs for x (rows, inputs), both row by row and in the units
 * of the data. Of the network's own precision they are the bits of `lockstep predict`. A NaN among
 * the inputs is the mean of the training data where those had it so (data.missing); any other
 * number that is not finite is LOCKSTEP_EDATA, which names sample and input, from 0. */
LOCKSTEP_API lockstep_status lockstep_net_apply_f32(lockstep_net *net, int64_t rows, const float *x,
                                                    float *y, lockstep_error *error);
LOCKSTEP_API lockstep_status lockstep_net_apply_f64(lockstep_net *net, int64_t rows,
                                                    const double *x, double *y,
                                                    lockstep_error *error);
/* d (rows, outputs, inputs) = the derivatives of the outputs by the inputs at x (rows, inputs), in
 * their units. The rest is as above. */
LOCKSTEP_API lockstep_status lockstep_net_jacobian_f32(lockstep_net *net, int64_t rows,
                                                       const float *x, float *d,
                                                       lockstep_error *error);
LOCKSTEP_API lockstep_status lockstep_net_jacobian_f64(lockstep_net *net, int64_t rows,
                                                       const double *x, double *d,
                                                       lockstep_error *error);

/* ---- training ---- */

/* A network that is trained on samples of this program's, by all ranks of a communicator. Functions
 * that are collective are called by all of them, with the same arguments but for samples, and give
 * all of them the same status. Any number of trainers at once, on the same or other communicators;
 * one trainer is used by one thread at a time.
 *
 * MPI has been initialized by this program with MPI_THREAD_FUNNELED at least (the calling thread is
 * the main one then), or MPI_THREAD_MULTIPLE where trainers are used by several threads; else
 * LOCKSTEP_EUSAGE. The communicator is duplicated; nothing is ever sent on the caller's own. */
typedef struct lockstep_trainer lockstep_trainer;

/* What a trainer is given beside its config. Start from LOCKSTEP_TRAINER_OPTIONS; what is 0 or NULL
 * is as said. */
typedef struct {
  uint64_t size; /* of this struct, as this program knows it */
  /* A checkpoint to go on from, of the command line or lockstep_trainer_save; NULL: first weights.
   * Its samples, and its config where that changes the numbers, must be these (LOCKSTEP_ECONFIG).
   */
  const char *resume;
  /* Where data.scale, or some column of it, is standard or minmax: x (of log: its logarithm) is
   * trained as (x - shift) / divisor, and y likewise (regression); (inputs) and (targets) numbers,
   * divisors more than 0, the same on all ranks. Those of columns that are scaled in other ways are
   * not looked at. NULL: of the checkpoint to go on from. */
  const double *x_shift, *x_divisor, *y_shift, *y_divisor;
  int64_t threads; /* of each rank; 0: 1 */
  /* Where messages go (rank 0's): level 0 error, 1 warning, 2 what is good to know; NULL: nowhere.
   * It may be called by any thread that is in a call, or in one of lockstep's own. */
  void (*message)(void *arg, int level, const char *line);
  void *arg;
  /* Where data.missing.x is mean: (inputs) numbers, which take the place of a NaN. NULL: of the
   * checkpoint to go on from. */
  const double *x_mean;
  /* Where train.class_weights is balanced: (classes) how many samples of each there are. */
  const int64_t *class_counts;
} lockstep_trainer_options;
#define LOCKSTEP_TRAINER_OPTIONS \
  { sizeof(lockstep_trainer_options), NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL }

#ifndef LOCKSTEP_NO_MPI
/* config: YAML text, or the path of such a file where it has no line end, of a config whose data
 * are {type: memory, inputs: N, targets: N} (docs/embedding.md). options may be NULL. *trainer is
 * NULL where it fails. Collective. */
LOCKSTEP_API lockstep_status lockstep_trainer_new(MPI_Comm communicator, const char *config,
                                                  const lockstep_trainer_options *options,
                                                  lockstep_trainer **trainer,
                                                  lockstep_error *error);
#endif
/* The same, the communicator by its Fortran handle (MPI_Comm_c2f). */
LOCKSTEP_API lockstep_status lockstep_trainer_new_f(int communicator, const char *config,
                                                    const lockstep_trainer_options *options,
                                                    lockstep_trainer **trainer,
                                                    lockstep_error *error);
/* Collective, but after MPI_Finalize. NULL is fine. */
LOCKSTEP_API void lockstep_trainer_free(lockstep_trainer *trainer);

/* What a sample has: numbers of x, and of y (1 where that is the number of a class). */
LOCKSTEP_API int64_t lockstep_trainer_inputs(const lockstep_trainer *trainer);
LOCKSTEP_API int64_t lockstep_trainer_targets(const lockstep_trainer *trainer);
/* How many samples the next minibatch has, on all ranks together: train.batch, or what is left of
 * an epoch of data.samples. */
LOCKSTEP_API int64_t lockstep_trainer_batch(const lockstep_trainer *trainer);
/* Which of `total` samples this rank works on: numbers [*first, *first + the result). Samples that
 * are here already need not travel. */
LOCKSTEP_API int64_t lockstep_trainer_share(const lockstep_trainer *trainer, int64_t total,
                                            int64_t *first);

/* One update, on the next minibatch: this rank has `rows` of its lockstep_trainer_batch samples,
 * number[k] of which, from 0, is sample k: x (rows, inputs), y (rows, targets; or the number of its
 * class). number NULL: they are numbered rank by rank. The weights become those of `lockstep train`
 * on the same samples in the order of their numbers, bit for bit, whatever the number of ranks and
 * whichever rank has which sample; so what is to be the same on other numbers of ranks needs
 * numbers that do not depend on them. Collective.
 *
 * LOCKSTEP_EUSAGE where the samples are not as many, or their numbers not 0, 1, 2 ... each once,
 * and LOCKSTEP_EDATA for numbers that are not finite or no classes, without an update: the trainer
 * is as it was. LOCKSTEP_EDIVERGED where loss or gradient are not finite and train.nonfinite is
 * stop. */
LOCKSTEP_API lockstep_status lockstep_trainer_step_f32(lockstep_trainer *trainer, int64_t rows,
                                                       const int64_t *number, const float *x,
                                                       const float *y, lockstep_error *error);
LOCKSTEP_API lockstep_status lockstep_trainer_step_f64(lockstep_trainer *trainer, int64_t rows,
                                                       const int64_t *number, const double *x,
                                                       const double *y, lockstep_error *error);
/* The same of samples that count differently: weight (rows), numbers >= 0, is of each sample what
 * data.weights is of one in a file, for loss and gradient of its minibatch. NULL: each counts 1,
 * also where other ranks have weights. */
LOCKSTEP_API lockstep_status lockstep_trainer_step_weighted_f32(lockstep_trainer *trainer,
                                                                int64_t rows, const int64_t *number,
                                                                const float *x, const float *y,
                                                                const float *weight,
                                                                lockstep_error *error);
LOCKSTEP_API lockstep_status lockstep_trainer_step_weighted_f64(lockstep_trainer *trainer,
                                                                int64_t rows, const int64_t *number,
                                                                const double *x, const double *y,
                                                                const double *weight,
                                                                lockstep_error *error);

typedef struct {
  int64_t samples;
  double loss, accuracy; /* accuracy: NaN but for classes */
  double mae, rmse, r2;  /* of regression, in the unit of the target where there is one; else NaN */
} lockstep_score;
/* The present network's score on any number of samples, which are given as to a step. The same bits
 * on any number of ranks. Collective. */
LOCKSTEP_API lockstep_status lockstep_trainer_evaluate_f32(lockstep_trainer *trainer, int64_t rows,
                                                           const int64_t *number, const float *x,
                                                           const float *y, lockstep_score *score,
                                                           lockstep_error *error);
LOCKSTEP_API lockstep_status lockstep_trainer_evaluate_f64(lockstep_trainer *trainer, int64_t rows,
                                                           const int64_t *number, const double *x,
                                                           const double *y, lockstep_score *score,
                                                           lockstep_error *error);
/* Of the last evaluation the number that the config's eval.metrics calls `name` (loss, accuracy,
 * mae, rmse and r2 are always made; f1, balanced_accuracy, auc, average_precision, brier, top_k,
 * explained_variance, max_error and the like where it names them). NaN: the samples do not tell
 * it. LOCKSTEP_EUSAGE where no evaluation has made it. The same on all ranks, and each may ask
 * alone. */
LOCKSTEP_API lockstep_status lockstep_trainer_metric(const lockstep_trainer *trainer,
                                                     const char *name, double *value,
                                                     lockstep_error *error);

typedef struct {
  int64_t global_step; /* minibatches seen */
  int64_t updates;     /* of them those that changed the weights */
  int64_t epoch;       /* epochs finished */
  int64_t samples_seen;
  int64_t parameters;
  double rate; /* learning rate of the last update; 0: there was none yet */
  double loss; /* mean over the last minibatch, before its update; NaN: there was none yet */
  char weights_hash[48]; /* as `lockstep inspect` prints it */
} lockstep_state;
/* Collective. */
LOCKSTEP_API lockstep_status lockstep_trainer_state(lockstep_trainer *trainer,
                                                    lockstep_state *state, lockstep_error *error);

/* The whole state into a checkpoint, which reaches the disk before the call returns. `path` must be
 * new, or end in final.h5. Collective. LOCKSTEP_EIO where it cannot be written. */
LOCKSTEP_API lockstep_status lockstep_trainer_save(lockstep_trainer *trainer, const char *path,
                                                   lockstep_error *error);
/* The present network, on every rank, to be freed; it does not change with later steps. Collective.
 */
LOCKSTEP_API lockstep_status lockstep_trainer_net(lockstep_trainer *trainer, lockstep_net **net,
                                                  lockstep_error *error);

#ifndef LOCKSTEP_NO_MPI
/* All of `lockstep train CONFIG -o DIR`, or with resume != 0 `--resume=auto`, on the files that the
 * config names (CSV, IDX, .npy in memory; HDF5 takes a process of its own and is refused). options:
 * threads and messages. state, of the end, may be NULL; its loss is the one that the run
 * ends with, over the training samples. LOCKSTEP_ESTOPPED: a time limit of Slurm's,
 * with a checkpoint written. Collective. */
LOCKSTEP_API lockstep_status lockstep_train(MPI_Comm communicator, const char *config,
                                            const char *dir, int resume,
                                            const lockstep_trainer_options *options,
                                            lockstep_state *state, lockstep_error *error);
#endif
/* The same, the communicator by its Fortran handle. */
LOCKSTEP_API lockstep_status lockstep_train_f(int communicator, const char *config, const char *dir,
                                              int resume, const lockstep_trainer_options *options,
                                              lockstep_state *state, lockstep_error *error);

#ifdef __cplusplus
}
#endif

#endif
