/* infer.c - a checkpoint made ready to compute with: its config, weights and scaling on every rank.
 */
#include "train/infer.h"

#include <string.h>

#include "base/log.h"
#include "checkpoint/bcast.h"
#include "checkpoint/widen.h"
#include "data/guess.h"
#include "train/evaluate.h"

void ls_forget_target_scaling(const ls_config *config, const char *path, ls_checkpoint *c) {
  if (ls_config_target(config) != LS_TARGET_PROBABILITY || c->y_affine.n == 0) return;
  c->y_affine.n = 0;
  ls_log(
      LS_LOG_WARN,
      "%s: was trained on scaled targets of %s, by a lockstep that did not leave them alone: its "
      "outputs are taken as they are, and are no good probabilities; train it again",
      path, config->loss);
}

/* The spec of what is evaluated: as the options say, seen with what the checkpoint knows. */
static ls_data_spec spec_of(const ls_run *run, const ls_infer_options *o,
                            const ls_data_spec *guessed) {
  const ls_checkpoint *c = run->from;
  const bool classes = ls_config_has_classes(run->config);
  ls_data_spec spec = o->data ? *o->data : run->config->data;
  if (o->path) spec = *guessed;
  bool texts = c->trained.value.count > 0; /* which there were, the data cannot say */
  if (o->data || texts) spec.trained = c->trained.name.count > 0 ? &c->trained : NULL;
  spec.whole = o->whole;
  spec.x_affine = c->x_affine.n > 0 ? &c->x_affine : NULL;
  spec.y_affine = c->y_affine.n > 0 ? &c->y_affine : NULL;
  spec.x_mean = c->x_mean.n > 0 ? &c->x_mean : NULL;
  spec.unweighted = true; /* a matter of training */
  spec.class_weights = (ls_class_weights){0};
  spec.scale = (ls_scale_spec){0}; /* the checkpoint has its numbers */
  spec.classes = classes ? c->outputs : 0;
  if (classes && c->names.count > 0) spec.classes_named = &c->names;
  return spec;
}

static ls_status open_data(ls_run *run, const ls_infer_options *o) {
  const ls_config *config = run->config;
  const ls_checkpoint *c = run->from;
  const ls_data_like like = {&config->data, c->trained.name.count > 0 ? &c->trained : NULL,
                             o->no_header};
  ls_data_spec guessed = {0};
  ls_status status = LS_OK;
  if (o->inputs)
    return ls_data_open_inputs(run->comm, o->inputs, &like, c->x_affine.n > 0 ? &c->x_affine : NULL,
                               c->x_mean.n > 0 ? &c->x_mean : NULL, config->precision, &run->data);
  if (o->path) status = ls_comm_agree(run->comm, ls_data_guess_like(o->path, &like, &guessed));
  if (status == LS_OK) {
    ls_data_spec spec = spec_of(run, o, &guessed);
    status =
        ls_data_open(run->comm, &spec, ls_config_target(config), config->precision, &run->data);
  }
  if (o->path) ls_data_guess_free(&guessed);
  return status;
}

static ls_status check_widths(const ls_run *run, bool inputs_only) {
  const ls_checkpoint *c = run->from;
  const int64_t outputs = ls_data_outputs(run->data), features = ls_data_features(run->data);
  if (!inputs_only && outputs != c->outputs)
    return ls_fail(LS_EDATA,
                   "the data have %jd targets a sample, the checkpoint was trained on %jd", outputs,
                   c->outputs);
  if (features == c->inputs) return LS_OK;
  return ls_fail(
      LS_EDATA, "the data have %jd features a sample, the checkpoint was trained on %jd%s",
      features, c->inputs, ls_data_columns_fit(run->data, c->inputs) ? ls_columns_hint : "");
}

static ls_status build_model(ls_run *run, const ls_infer_options *o) {
  if (o->inputs) LS_TRY(ls_checkpoint_widen(run->from, run->config));
  LS_TRY(ls_team_new(o->threads > 0 ? o->threads : ls_comm_cores(run->comm), &run->team));
  LS_TRY(ls_apply_model(run->from, run->config, run->team, o->what, &run->model));
  run->parameters = ls_model_parameters(run->model);
  return ls_run_check_soft(run);
}

/* What a checkpoint of `path` says, on every rank: run->from, run->config. */
static ls_status take_checkpoint(ls_run *run, const char *path) {
  ls_comm *comm = run->comm;
  ls_comm_at(comm, "reading the checkpoint");
  LS_TRY(
      ls_comm_agree(comm, ls_comm_rank(comm) == 0 ? ls_checkpoint_read(path, &run->from) : LS_OK));
  LS_TRY(ls_checkpoint_bcast(comm, &run->from));
  const char *text = run->from->config_text;
  LS_TRY(ls_comm_agree(comm, ls_config_parse(path, text, strlen(text), NULL, 0, &run->config)));
  ls_config_was_written(run->config);
  ls_forget_target_scaling(run->config, path, run->from);
  run->from->trained.places = strcmp(run->config->data.type, "csv") == 0;
  if (run->config->watchdog > 0) /* others' files do not turn it off */
    ls_comm_watchdog(comm, run->config->watchdog);
  run->slices = run->config->slices > 0 ? (int)run->config->slices : 1;
  return LS_OK;
}

ls_status ls_run_infer(ls_comm *comm, const char *path, const ls_infer_options *options,
                       ls_run **out) {
  ls_run *run;
  LS_COMM_NEW(comm, run, 1);
  *out = run;
  ls_flush_denormals();
  run->comm = comm;
  LS_TRY(take_checkpoint(run, path));
  ls_comm_at(comm, "reading the data");
  LS_TRY(open_data(run, options));
  LS_TRY(check_widths(run, options->inputs != NULL));
  ls_comm_at(comm, "building the network");
  LS_TRY(ls_comm_agree(comm, build_model(run, options)));
  ls_run_weights_changed(run);
  return LS_OK;
}
