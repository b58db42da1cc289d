/* lockstep/lockstep.h - lockstep inside another program: trained networks.
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

#ifdef __cplusplus
}
#endif

#endif
