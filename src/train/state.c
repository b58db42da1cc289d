/* state.c - the part of a band of a rank's shard that lies in a tensor (overlap) goes straight to
 * its place in the image, without a buffer between. Begin with ls_state_capture -> gather_slot;
 * back again ls_state_restore -> check_fit, deal. */
#include "train/state.h"

#include <stdio.h>
#include <string.h>

#include "base/clamp.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "checkpoint/weights.h"
#include "train/beside.h"
#include "train/lbfgs.h"

static ls_affine affine_or_none(const ls_affine *a) { return a ? *a : (ls_affine){0}; }

static void add_slot(ls_state_contents *contents, void *shard, const char *name) {
  if (!shard) return; /* not in use */
  contents->slot[contents->checkpoint.slots] = shard;
  contents->slot_name[contents->checkpoint.slots++] = (char *)(uintptr_t)name;
}

void ls_state_contents_make(const ls_run *run, ls_state_contents *out) {
  const ls_config *c = run->config;
  const ls_optim_ops *ops = c->optimizer.ops;
  const ls_texts *names = ls_data_names(run->data);
  const ls_trained *trained = ls_data_trained(run->data);
  int files;
  *out = (ls_state_contents){
      .checkpoint = {.config_text = ls_config_dump(c, LS_DUMP_CHECKPOINT),
                     .file = (ls_data_file *)(uintptr_t)ls_data_files(run->data, &files),
                     .seed = c->seed,
                     .batch = run->batch,
                     .slices = run->slices,
                     .inputs = ls_data_features(run->data),
                     .outputs = ls_data_outputs(run->data),
                     .x_affine = affine_or_none(ls_data_x_affine(run->data)),
                     .y_affine = affine_or_none(ls_data_y_affine(run->data)),
                     .x_mean = *ls_data_x_mean(run->data),
                     .precision = c->precision,
                     .kernel = (char *)(uintptr_t)ls_model_products(run->model)}};
  ls_checkpoint *p = &out->checkpoint;
  p->files = files;
  if (names) p->names = *names;
  if (trained && trained->name.count > 0) p->trained = *trained;
  p->tensor = ls_model_tensors(run->model, &p->tensors);
  p->slot_name = out->slot_name;
  for (int s = 0; s < ops->slots; s++)
    add_slot(out, ls_update_slot(run->update, s), ops->slot_name[s]);
  char *const *pair;
  const int pairs = ls_lbfgs_vectors(run, &pair);
  for (int v = 0; v < pairs; v++) {
    ls_lbfgs_name(pairs / 2, v, out->pair_name[v]);
    add_slot(out, pair[v], out->pair_name[v]);
  }
  for (int b = 0; b < LS_BESIDES; b++) add_slot(out, run->beside[b], ls_beside_names[b]);
}

void ls_state_contents_free(ls_state_contents *contents) {
  LS_FREE(contents->checkpoint.config_text);
}

/* ---- gathering ---- */

static size_t real_of(const ls_run *run) { return ls_dtype_size(run->config->precision); }

/* What of a stretch of rank's shard lies in a tensor: elements [*lo, *hi) of the flat
 * vector, empty if *lo >= *hi; *begin: where the stretch begins. */
static void overlap(const ls_run *run, int rank, int band, const ls_tensor *t, int64_t *begin,
                    int64_t *lo, int64_t *hi) {
  ls_exchange_stretch_of(run->exchange, rank, band, begin, hi);
  *lo = ls_max(*begin, t->offset);
  *hi = ls_min(*hi, t->offset + t->rows * t->cols);
}

/* What rank has of one tensor of a slot in one band, to rank 0's image. own: where its slot has
 * that band, on the rank itself. */
static void gather_piece(ls_run *run, int rank, int band, const ls_tensor *t, const char *own,
                         char *to) {
  const int me = ls_comm_rank(run->comm);
  const size_t size = real_of(run);
  int64_t begin, lo, hi;
  overlap(run, rank, band, t, &begin, &lo, &hi);
  if (lo >= hi || (me != 0 && me != rank)) return;
  const size_t bytes = (size_t)(hi - lo) * size, from = (size_t)(lo - begin) * size;
  if (me != 0) {
    ls_comm_send(run->comm, own + from, bytes, 0);
    return;
  }
  to += (size_t)(lo - t->offset) * size;
  if (rank == 0)
    memcpy(to, own + from, bytes);
  else
    ls_comm_recv(run->comm, to, bytes, rank);
}

/* One slot into the image, tensor by tensor, each rank's shard received where it belongs: no
 * staging buffer. */
static void gather_slot(ls_run *run, const ls_checkpoint *ours, int slot, const char *own,
                        ls_image *image) {
  const int ranks = ls_exchange_replicated(run->exchange) ? 1 : ls_comm_size(run->comm);
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    for (int i = 0; i < ours->tensors; i++)
      for (int r = 0; r < ranks; r++)
        gather_piece(run, r, s.bands - 1, &ours->tensor[i], own + (size_t)s.at * real_of(run),
                     image ? ls_image_slot(image, slot, i) : NULL);
}

void ls_state_capture(ls_run *run, const ls_state_contents *contents, ls_image *image) {
  const ls_checkpoint *ours = &contents->checkpoint;
  size_t size = real_of(run);
  ls_comm_at(run->comm, "gathering the state for a checkpoint");
  for (int s = 0; s < ours->slots; s++) gather_slot(run, ours, s, contents->slot[s], image);
  ls_stats *sums = run->slice_stats; /* free between steps */
  memcpy(sums, run->running, (size_t)run->slices * sizeof *sums);
  ls_comm_sum(run->comm, (double *)sums, (int64_t)run->slices * LS_STATS_N);
  if (!image) return;
  const char *w = ls_exchange_weights(run->exchange);
  for (int i = 0; i < ours->tensors; i++)
    memcpy(ls_image_weights(image, i), w + (size_t)ours->tensor[i].offset * size,
           (size_t)(ours->tensor[i].rows * ours->tensor[i].cols) * size);
  ls_image_state(image, &run->state, sums);
}

/* ---- dealing out ---- */

/* A stretch of flat, (n) real on rank 0, for each rank. mine: where this rank's goes. */
static void deal_stretch(ls_run *run, const ls_stretch *s, const char *flat, char *mine) {
  const size_t size = real_of(run), bytes = (size_t)(s->hi - s->lo) * size;
  const bool root = ls_comm_rank(run->comm) == 0;
  if (root) memcpy(mine, flat + (size_t)s->lo * size, bytes);
  if (ls_exchange_replicated(run->exchange))
    ls_comm_bcast(run->comm, mine, bytes, 0);
  else if (!root)
    ls_comm_recv(run->comm, mine, bytes, 0);
  else
    for (int r = 1; r < ls_comm_size(run->comm); r++) {
      int64_t from, to;
      ls_exchange_stretch_of(run->exchange, r, s->bands - 1, &from, &to);
      ls_comm_send(run->comm, flat + (size_t)from * size, (size_t)(to - from) * size, r);
    }
}

/* slot: this rank's; NULL: to the weights. */
static void deal(ls_run *run, const char *flat, char *slot) {
  char *weights = ls_exchange_weights(run->exchange);
  for (ls_stretch s = {0}; ls_exchange_next(run->exchange, &s);)
    deal_stretch(run, &s, flat,
                 slot ? slot + (size_t)s.at * real_of(run) : weights + (size_t)s.lo * real_of(run));
}

/* kept: as a checkpoint has them. */
static void deal_weights(ls_run *run, const char *flat, bool kept) {
  deal(run, flat, NULL);
  if (kept)
    ls_beside_resume(run);
  else
    ls_beside_begin(run);
  ls_exchange_publish(run->exchange);
  ls_run_weights_changed(run);
}

static bool has_slot(const ls_checkpoint *c, const char *name) {
  bool has = false;
  for (int64_t s = 0; s < c->slots; s++) has = has || !strcmp(c->slot_name[s], name);
  return has;
}

int ls_state_vectors(const ls_run *run) {
  char *const *pair;
  const ls_optim_spec *optimizer = &run->config->optimizer;
  int vectors =
      ls_optim_slot_count(optimizer->ops, optimizer->hyper) + ls_lbfgs_vectors(run, &pair);
  for (int b = 0; b < LS_BESIDES; b++) vectors += run->beside[b] != NULL;
  return vectors;
}

/* What is kept beside the weights is kept from the start. */
static ls_status check_beside(const ls_run *run, const ls_checkpoint *c) {
  static const char *const key[] = {
      [LS_BESIDE_BEST] = "train.restore_best", [LS_BESIDE_OTHER] = "train.average"};
  for (int b = 0; b < LS_BESIDES; b++)
    if ((run->beside[b] != NULL) != has_slot(c, ls_beside_names[b]))
      return ls_fail(LS_ECONFIG,
                     "%s: a run has it from its start to its end, and the checkpoint's run %s it",
                     key[b], run->beside[b] ? "began without" : "has");
  char pair[LS_PAIR_NAME];
  ls_lbfgs_name(1, 0, pair);
  if ((run->lbfgs != NULL) == has_slot(c, pair)) return LS_OK;
  return ls_fail(
      LS_ECONFIG,
      "lbfgs: a run has its pairs from its start to its end, and the checkpoint's run %s "
      "them; another run may begin with its weights: model.init: {type: file, file: ...}",
      run->lbfgs ? "began without" : "has");
}

static ls_status check_fit(const ls_run *run, const ls_checkpoint *ours, const ls_checkpoint *c) {
  if (c->parameters != run->parameters || c->tensors != ours->tensors)
    return ls_fail(
        LS_ECONFIG,
        "the checkpoint has %jd parameters in %d tensors, the config's model %jd in %d; a run "
        "keeps its network, and another may begin with its weights: model.init: {type: file, file: "
        "CHECKPOINT, layers: fitting}",
        c->parameters, c->tensors, run->parameters, ours->tensors);
  if (c->precision != ours->precision)
    return ls_fail(LS_ECONFIG, "the checkpoint is %s, train.precision is %s",
                   ls_dtype_name(c->precision), ls_dtype_name(ours->precision));
  LS_TRY(check_beside(run, c));
  if (c->slots != ours->slots)
    return ls_fail(LS_ECONFIG, "the checkpoint has %d optimizer slots, the config's optimizer %d",
                   (int)c->slots, (int)ours->slots);
  for (int s = 0; s < ours->slots; s++)
    if (strcmp(c->slot_name[s], ours->slot_name[s]) != 0)
      return ls_fail(LS_ECONFIG, "the checkpoint's optimizer slot %d is '%s', the config's '%s'", s,
                     c->slot_name[s], ours->slot_name[s]);
  if (c->slices != run->slices)
    return ls_fail(LS_ECONFIG, "the checkpoint has %d slices, the config %d", (int)c->slices,
                   run->slices);
  return LS_OK;
}

ls_status ls_state_restore(ls_run *run, const ls_state_contents *contents, const ls_checkpoint *c) {
  const ls_checkpoint *ours = &contents->checkpoint;
  LS_TRY(ls_comm_agree(run->comm, c ? check_fit(run, ours, c) : LS_OK));
  if (c) {
    run->state = c->state;
    memcpy(run->slice_stats, c->slice_sums, (size_t)run->slices * sizeof *run->running);
  }
  ls_comm_bcast(run->comm, &run->state, sizeof run->state, 0);
  ls_comm_bcast(run->comm, run->slice_stats, (size_t)run->slices * sizeof *run->slice_stats, 0);
  memset(run->running, 0, (size_t)run->slices * sizeof *run->running);
  for (int s = run->slice_lo; s < run->slice_hi; s++) run->running[s] = run->slice_stats[s];
  for (int s = 0; s < ours->slots && !ls_mutant("slots-forgotten"); s++)
    deal(run, c ? c->slot[s] : NULL, contents->slot[s]);
  deal_weights(run, c ? c->weights : NULL, true);
  return LS_OK;
}

ls_status ls_state_load_weights(ls_run *run) {
  void *flat = NULL;
  int tensors;
  const ls_tensor *tensor = ls_model_tensors(run->model, &tensors);
  ls_status status = LS_OK;
  if (ls_comm_rank(run->comm) == 0) {
    const size_t bytes = (size_t)run->parameters * real_of(run);
    status = ls_mem_new(&flat, bytes, 1);
    if (status == LS_OK) memcpy(flat, ls_exchange_weights(run->exchange), bytes);
    if (status == LS_OK)
      status = ls_weights_read(&run->config->init, tensor, tensors, run->config->precision, flat);
  }
  status = ls_comm_agree(run->comm, status);
  if (status == LS_OK) deal_weights(run, flat, false);
  LS_FREE(flat);
  return status;
}
