/* optim.h - the optimizers' table and their specs, as a config has them. Functions: optim.c; the
 * rows: optimizers.c; presets: preset.c; loading and checking: plugin.c; what is done to a gradient
 * first: gradient.c. At work on a rank's shard they are in train/update.c. */
#ifndef LS_OPTIM_OPTIM_H
#define LS_OPTIM_OPTIM_H

#include <stdbool.h>

#include "base/real.h"
#include "base/status.h"
#include "lockstep/loss.h"
#include "lockstep/optim.h"

/* NULL-terminated, in the order that help shows them. A new optimizer is a kernel in a *_real.c and
 * its rows in optimizers.c. */
extern const ls_optim_ops *const ls_optim_table[];
/* One of the table, or lbfgs (lbfgs.h), which is no kernel; NULL if unknown. */
const ls_optim_ops *ls_optim_find(const char *name);
/* Bit i: slot i is in use with these values. Only such slots need memory and a place in
 * checkpoints. */
unsigned ls_optim_slots(const ls_optim_ops *ops, const double *hyper);
/* How many are. */
int ls_optim_slot_count(const ls_optim_ops *ops, const double *hyper);

/* Load a plug-in's optimizer; a `file` without '/' is one in the current folder. Checks ABI
 * version, symbol, row limits; loads it and runs its check in a child process first, so that one
 * that crashes is refused (LS_ECONFIG) instead of taking the job down. LS_FAIL where there is no
 * process to be had. */
ls_status ls_optim_load(const char *file, const ls_optim_ops **out);

/* The same of a plug-in's loss; and its slopes are compared with differences of its losses. */
ls_status ls_loss_load(const char *file, const ls_loss_ops **out);

typedef struct {
  const ls_optim_ops *ops;
  double lr; /* initial rate, optimizer.lr */
  double weight_decay;
  double hyper[LS_HYPER_MAX];
  char *file;     /* the plug-in's file, or NULL */
  char *own_keys; /* of a plug-in that was not loaded: its keys as written, "{eta: 0.3}"; or NULL */
  char *preset; /* "book", "tensorflow1", "pytorch" or NULL (values above are already set by it) */
} ls_optim_spec;

/* A plug-in that is named and not loaded: no keys of its own that would be understood, no slots, no
 * update. What reads a checkpoint or a run folder gets along with it. */
extern const ls_optim_ops ls_optim_not_loaded;
/* What people know it by: its own name, or its file's where it was not loaded. */
const char *ls_optim_name(const ls_optim_spec *spec);

/* Do the values go together? LS_ECONFIG with a text if not; nothing is wrong with a plug-in that
 * was not loaded. A plug-in's check and one small update run in a child process first, so that
 * "crashed: ..." is an answer too; LS_FAIL where there is no process to be had. */
ls_status ls_optim_check(const ls_optim_spec *spec);

/* Values of a preset for `ops`: writes rows by name into hyper[]; LS_ECONFIG with a text if there
 * is no such preset or it has no such optimizer. Keys that the user gives come after it. */
ls_status ls_optim_preset(const ls_optim_ops *ops, const char *preset, double *hyper);

/* What is done to the gradient before the kernel sees it, in this order: noise, clip_value,
 * clip_norm. */
typedef struct {
  double clip_norm, clip_value; /* 0: none */
  double noise_eta,
      noise_gamma; /* variance eta / (1 + j)^gamma, j = global_step; 0: none (arXiv 1511.06807) */
} ls_gradient_spec;

/* noise: adds N(0, eta/(1+j)^gamma) to g[0..n), counter-based by the parameter's number `first + i`
 * and global_step */
void ls_gradient_noise(ls_dtype precision, void *g, int64_t n, int64_t first,
                       const ls_gradient_spec *spec, uint64_t seed, int64_t global_step);
double ls_gradient_noise_variance(const ls_gradient_spec *spec, int64_t global_step);
void ls_gradient_clip_value(ls_dtype precision, void *g, int64_t n, double limit);
/* What ls_gradient_scale must multiply by so that a gradient of this norm gets at most `limit`:
 * limit / max(norm, limit), 1 for NaN. */
double ls_gradient_clip_factor(double limit, double norm);
void ls_gradient_scale(ls_dtype precision, void *g, int64_t n, double factor);
/* In one fixed order, in double; NaN and infinity stay. */
double ls_gradient_square_sum(ls_dtype precision, const void *g, int64_t n);

#endif
