/* A checkpoint made ready to compute with: its config, weights and scaling on every rank. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/guess.h"
#include "train/run.h"

/* Everything that the ranks above 0 need of the file, in one block each. */
static ls_status share_text(ls_comm *comm, const ls_checkpoint *c, char **text) {
  size_t bytes = c ? strlen(c->config_text) : 0;
  void *block = c ? ls_mem_text(c->config_text) : NULL;
  ls_status status = ls_comm_bcast_block(comm, LS_OK, &block, &bytes, 0);
  *text = block;
  return status;
}

static ls_status share_affine(ls_comm *comm, const ls_affine *from, ls_affine *to) {
  int64_t n = from ? from->n : 0;
  ls_comm_bcast(comm, &n, sizeof n, 0);
  *to = (ls_affine){.n = n};
  LS_COMM_NEW(comm, to->shift, n);
  LS_COMM_NEW(comm, to->divisor, n);
  if (n > 0 && from) {
    memcpy(to->shift, from->shift, (size_t)n * sizeof *to->shift);
    memcpy(to->divisor, from->divisor, (size_t)n * sizeof *to->divisor);
  }
  ls_comm_bcast(comm, to->shift, (size_t)n * sizeof *to->shift, 0);
  ls_comm_bcast(comm, to->divisor, (size_t)n * sizeof *to->divisor, 0);
  return LS_OK;
}

void ls_forget_target_scaling(const ls_config *config, const char *path, ls_checkpoint *c) {
  if (ls_config_target(config) != LS_TARGET_PROBABILITY || c->y_affine.n == 0) return;
  c->y_affine.n = 0;
  ls_log(
      LS_LOG_WARN,
      "%s: was trained on scaled targets of %s, by a lockstep that did not leave them alone: its "
      "outputs are taken as they are, and are no good probabilities; train it again",
      path, config->loss);
}

static ls_status copy_names(const char *block, size_t bytes, ls_texts *to) {
  int64_t count = 0;
  for (size_t i = 0; i < bytes; i++) count += !block[i];
  LS_NEW(to->text, count);
  for (const char *at = block; to->count < count; at += strlen(at) + 1)
    to->text[to->count++] = ls_mem_text(at);
  return LS_OK;
}

/* As one block, each name with the zero that ends it. */
static ls_status share_names(ls_comm *comm, const ls_texts *from, ls_texts *to) {
  size_t bytes = 0;
  void *block = NULL;
  for (int64_t i = 0; from && i < from->count; i++) bytes += strlen(from->text[i]) + 1;
  ls_status status = from ? ls_mem_new(&block, bytes, 1) : LS_OK;
  char *at = block;
  for (int64_t i = 0; status == LS_OK && from && i < from->count; i++)
    at = stpcpy(at, from->text[i]) + 1;
  status = ls_comm_bcast_block(comm, status, &block, &bytes, 0);
  if (status == LS_OK) status = ls_comm_agree(comm, copy_names(block, bytes, to));
  LS_FREE(block);
  return status;
}

static ls_status share_trained(ls_comm *comm, const ls_trained *from, ls_trained *to) {
  LS_TRY(share_names(comm, from ? &from->name : NULL, &to->name));
  if (from) memcpy(to->n, from->n, sizeof to->n);
  ls_comm_bcast(comm, to->n, sizeof to->n, 0);
  for (int i = 0; i < 2; i++) {
    size_t bytes = (size_t)to->n[i] * sizeof *to->at[i];
    LS_COMM_NEW(comm, to->at[i], to->n[i]);
    if (from && bytes > 0) memcpy(to->at[i], from->at[i], bytes);
    ls_comm_bcast(comm, to->at[i], bytes, 0);
  }
  return LS_OK;
}

static ls_status share_weights(ls_run *run, const ls_checkpoint *c) {
  size_t size = ls_dtype_size(run->config->precision);
  LS_TRY(ls_comm_agree(run->comm, ls_mem_new(&run->own_weights, (size_t)run->parameters, size)));
  if (c && c->parameters != run->parameters)
    ls_fail(LS_EDATA, "the checkpoint's config and its tensors do not agree");
  LS_TRY(ls_comm_agree(run->comm, c && c->parameters != run->parameters ? LS_EDATA : LS_OK));
  if (c) memcpy(run->own_weights, c->weights, (size_t)run->parameters * size);
  ls_comm_bcast(run->comm, run->own_weights, (size_t)run->parameters * size, 0);
  return LS_OK;
}

static ls_status open_data(ls_run *run, const ls_infer_options *o, int64_t features,
                           int64_t outputs) {
  const ls_config *config = run->config;
  const ls_affine *x = run->x_affine.n > 0 ? &run->x_affine : NULL,
                  *y = run->y_affine.n > 0 ? &run->y_affine : NULL;
  const ls_trained *trained = run->trained.name.count > 0 ? &run->trained : NULL;
  const ls_data_like like = {&config->data, trained, o->no_header};
  bool classes = ls_config_has_classes(config);
  if (o->inputs) {
    LS_TRY(ls_data_open_inputs(run->comm, o->inputs, &like, x, config->precision, &run->data));
  } else {
    ls_data_spec guessed = {0}, spec;
    ls_status status = LS_OK;
    if (o->path) status = ls_comm_agree(run->comm, ls_data_guess_like(o->path, &like, &guessed));
    if (status != LS_OK) {
      ls_data_guess_free(&guessed);
      return status;
    }
    spec = o->data ? *o->data : config->data;
    if (o->path) spec = guessed;
    if (o->data) spec.trained = trained; /* its own data are as its config says */
    spec.x_affine = x;
    spec.y_affine = y;
    spec.weights = NULL; /* a matter of training */
    spec.class_weights = (ls_class_weights){0};
    if (!x) spec.scale = LS_SCALE_NONE;
    spec.classes = classes ? outputs : 0;
    if (classes && run->names.count > 0) spec.classes_named = &run->names;
    status =
        ls_data_open(run->comm, &spec, ls_config_target(config), config->precision, &run->data);
    if (o->path) ls_data_guess_free(&guessed);
    LS_TRY(status);
  }
  if (!o->inputs && ls_data_outputs(run->data) != outputs)
    return ls_fail(LS_EDATA,
                   "the data have %lld targets a sample, the checkpoint was trained on %lld",
                   (long long)ls_data_outputs(run->data), (long long)outputs);
  if (ls_data_features(run->data) == features) return LS_OK;
  return ls_fail(LS_EDATA,
                 "the data have %lld features a sample, the checkpoint was trained on %lld%s",
                 (long long)ls_data_features(run->data), (long long)features,
                 ls_data_columns_fit(run->data, features) ? ls_columns_hint : "");
}

static ls_status build(ls_run *run, const ls_checkpoint *c, const ls_infer_options *o) {
  ls_config *config = run->config;
  int64_t width[2] = {c ? c->inputs : 0, c ? c->outputs : 0};
  ls_comm_bcast(run->comm, width, sizeof width, 0);
  ls_comm_at(run->comm, "reading the data");
  LS_TRY(open_data(run, o, width[0], width[1]));
  ls_comm_at(run->comm, "building the network");
  run->slices = config->slices > 0 ? (int)config->slices : 1;
  LS_TRY(ls_comm_agree(
      run->comm, ls_team_new(o->threads > 0 ? o->threads : ls_run_threads(run->comm), &run->team)));
  LS_TRY(ls_comm_agree(run->comm,
                       ls_model_new(config->layer, config->layers, config->loss, width[0], width[1],
                                    run->slices, config->precision, &run->model)));
  run->parameters = ls_model_parameters(run->model);
  LS_TRY(share_weights(run, c));
  LS_TRY(ls_comm_agree(run->comm, ls_model_reserve(run->model, LS_EVAL_ROWS, run->team)));
  ls_run_weights_changed(run);
  return LS_OK;
}

ls_status ls_run_infer(ls_comm *comm, const char *path, const ls_infer_options *options,
                       ls_run **out) {
  ls_run *run;
  ls_checkpoint *c = NULL;
  char *text = NULL;
  LS_COMM_NEW(comm, run, 1);
  *out = run;
  ls_flush_denormals();
  run->comm = comm;
  run->own_config = true;
  ls_comm_at(comm, "reading the checkpoint");
  ls_status status =
      ls_comm_agree(comm, ls_comm_rank(comm) == 0 ? ls_checkpoint_read(path, &c) : LS_OK);
  if (status == LS_OK) status = share_text(comm, c, &text);
  if (status == LS_OK)
    status = ls_comm_agree(comm, ls_config_parse(path, text, strlen(text), NULL, 0, &run->config));
  if (status == LS_OK) ls_config_was_written(run->config);
  if (status == LS_OK && c) ls_forget_target_scaling(run->config, path, c);
  if (status == LS_OK && run->config->watchdog > 0) /* others' files do not turn it off */
    ls_comm_watchdog(comm, run->config->watchdog);
  if (status == LS_OK) status = share_affine(comm, c ? &c->x_affine : NULL, &run->x_affine);
  if (status == LS_OK) status = share_affine(comm, c ? &c->y_affine : NULL, &run->y_affine);
  if (status == LS_OK) status = share_names(comm, c ? &c->names : NULL, &run->names);
  if (status == LS_OK) status = share_trained(comm, c ? &c->trained : NULL, &run->trained);
  if (status == LS_OK) run->trained.places = strcmp(run->config->data.type, "csv") == 0;
  if (status == LS_OK) status = build(run, c, options);
  LS_FREE(text);
  ls_checkpoint_free(&c);
  return status;
}
