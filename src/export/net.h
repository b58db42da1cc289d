/* net.h - a trained network as the exports see it: what a checkpoint says, joined and checked once,
 * so that no format reads configs or tensors by itself.
 *
 * Layers that do nothing to a prediction (dropout) are left out, and what lockstep takes for zero
 * while it computes (numbers too small to be normal) is zero here too. */
#ifndef LS_EXPORT_NET_H
#define LS_EXPORT_NET_H

#include "checkpoint/read.h"
#include "config/config.h"

typedef enum { LS_NET_DENSE, LS_NET_LAYER_NORM, LS_NET_RESIDUAL } ls_net_kind;

enum { LS_NET_INPUT = -1 }; /* as the number of a layer: the scaled inputs */

/* Layer k works on the outputs of layer k - 1, the first one on the scaled inputs. */
typedef struct {
  ls_net_kind kind;
  int number; /* of the config's layers: NNNN of /model/NNNN */
  int64_t in, out;
  const char *activation; /* dense; never NULL */
  int64_t group;          /* dense: how many of its outputs belong together */
  bool needs_z;           /* dense: its derivative is by z, not by y */
  int source;             /* residual: the layer whose outputs it adds, or LS_NET_INPUT */
  const void *w;          /* dense: (in, out); layer_norm: gain (out) */
  const void *b;          /* (out) */
} ls_net_layer;

/* The numbers that go in, or come out. */
typedef struct {
  int64_t n;
  const ls_affine *affine; /* in: (x - shift) / divisor; out: y * divisor + shift; NULL: as it is */
  double *log;             /* (n) 1: that of the logarithm, 0: not; NULL: of none */
  bool wide;               /* they are doubles, since a float32 cannot tell them apart */
  ls_texts name, unit;     /* (n), or none; "" where one is not known */
} ls_net_side;

typedef struct {
  char *path; /* of the checkpoint, for messages */
  ls_dtype precision;
  char hash[48]; /* weights_hash of the checkpoint */
  int layers;
  ls_net_layer *layer;
  ls_net_side x, y;
  ls_filling missing; /* what takes the place of inputs that are no numbers; n 0: nothing */
  bool classes;       /* outputs belong to classes, which y.name are the names of */
  ls_checkpoint *checkpoint;
  ls_config *config;
} ls_net;

/* LS_EDATA, located, for a checkpoint that cannot be read; LS_ECONFIG, with its layer, for a
 * network that has no outputs for one sample alone. *out is to be freed in any case. */
ls_status ls_net_open(const char *path, ls_net **out);
/* The same of a checkpoint's bytes in memory. */
ls_status ls_net_open_bytes(const char *name, const void *data, size_t bytes, ls_net **out);
void ls_net_free(ls_net **net);

/* Number i of the lists of texts that there are: *what: "input_names", "input_units", "class_names"
 * or "output_names", "output_units"; false: there are no more. */
bool ls_net_texts(const ls_net *net, int i, const char **what, const ls_texts **texts);

#endif
