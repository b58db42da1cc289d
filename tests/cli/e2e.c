/* e2e - the training runs of golden/e2e.json: their configs and first weights for lockstep, and the
 * comparison of what it made of them. e2e list                                  names e2e config
 * NAME DATA_DIR                  config.yaml and weights.h5 into the current folder e2e compare
 * NAME RUN LOSS_TOL [LOG_TOL]   minibatch losses to a relative LOSS_TOL; with LOG_TOL (absolute)
 * also cost and accuracy over the whole training set wherever the run logged them, and the last
 * weights where it got there Prints how many numbers it compared and the largest deviations; exit
 * code 1 where one is too large, or none could be compared. */
#include <hdf5.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "checkpoint/read.h"

static const char *text(const json_t *o, const char *key) {
  return json_string_value(json_object_get(o, key));
}
static double number(const json_t *o, const char *key) {
  return json_number_value(json_object_get(o, key));
}
static json_int_t whole(const json_t *o, const char *key) {
  return json_integer_value(json_object_get(o, key));
}

static void die(const char *what) {
  fprintf(stderr, "e2e: %s\n", what);
  exit(2);
}

static json_t *runs(void) {
  json_t *root = json_load_file(TESTS_DIR "/golden/e2e.json", 0, NULL);
  if (!root) die("golden/e2e.json cannot be read");
  return json_object_get(root, "runs");
}

static json_t *find(const char *name) {
  size_t i;
  json_t *run;
  json_array_foreach(runs(), i, run) if (strcmp(text(json_object_get(run, "config"), "name"),
                                                name) == 0) return run;
  die("no such run");
  return NULL;
}

/* ---- config ---- */

/* splitmix64 as the schema says: u = (z >> 11) 2^-53 */
static double draw(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void put(hid_t file, const char *path, int rank, const hsize_t *dim, const double *value) {
  hid_t links = H5Pcreate(H5P_LINK_CREATE), space = H5Screate_simple(rank, dim, NULL);
  H5Pset_create_intermediate_group(links, 1);
  hid_t set = H5Dcreate2(file, path, H5T_IEEE_F64LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
  if (set < 0 || H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0)
    die("weights.h5 cannot be written");
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(links);
}

/* Layer by layer, row-major (in, out), (2u - 1) sqrt(6 / in); biases 0. */
static void write_weights(const json_t *config) {
  const json_t *sizes = json_object_get(config, "sizes");
  uint64_t state = (uint64_t)whole(config, "seed");
  hid_t file = H5Fcreate("weights.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (size_t l = 0; l + 1 < json_array_size(sizes); l++) {
    hsize_t dim[2] = {(hsize_t)json_integer_value(json_array_get(sizes, l)),
                      (hsize_t)json_integer_value(json_array_get(sizes, l + 1))};
    double *w = calloc(dim[0] * dim[1], sizeof *w), *b = calloc(dim[1], sizeof *b);
    for (hsize_t i = 0; i < dim[0] * dim[1]; i++)
      w[i] = (2 * draw(&state) - 1) * sqrt(6 / (double)dim[0]);
    char path[64];
    snprintf(path, sizeof path, "/model/%04zu/W", l);
    put(file, path, 2, dim, w);
    snprintf(path, sizeof path, "/model/%04zu/b", l);
    put(file, path, 1, dim + 1, b);
    free(w);
    free(b);
  }
  H5Fclose(file);
}

static void write_optimizer(FILE *to, const json_t *o) {
  const char *kind = text(o, "kind");
  fprintf(to, "optimizer: {lr: %.17g", number(o, "lr"));
  if (strcmp(kind, "sgd") == 0)
    fprintf(to, ", type: sgd");
  else if (strcmp(kind, "momentum_tf") == 0)
    fprintf(to, ", type: momentum, momentum: %.17g", number(o, "momentum"));
  else if (strcmp(kind, "momentum_ewa") == 0)
    fprintf(to, ", type: momentum, form: ewa, momentum: %.17g", number(o, "beta"));
  else if (strcmp(kind, "rmsprop_book") == 0)
    fprintf(to, ", type: rmsprop, rho: %.17g, epsilon: %.17g, epsilon_placement: inside",
            number(o, "beta2"), number(o, "eps"));
  else if (strncmp(kind, "adam_", 5) == 0)
    fprintf(to, ", type: adam, beta1: %.17g, beta2: %.17g, epsilon: %.17g, epsilon_placement: %s",
            number(o, "beta1"), number(o, "beta2"), number(o, "eps"),
            strcmp(kind, "adam_book") == 0 ? "inside" : "outside");
  else
    die(kind);
  fprintf(to, "}\n");
  const json_t *inverse = json_object_get(o, "inverse");
  if (inverse)
    fprintf(to, "schedule: {type: inverse_time, decay_rate: %.17g, decay_steps: %.0f}\n",
            json_number_value(json_array_get(inverse, 0)),
            json_number_value(json_array_get(inverse, 1)));
}

static void write_config(const json_t *run, const char *data) {
  const json_t *config = json_object_get(run, "config"), *sizes = json_object_get(config, "sizes");
  const char *loss = text(config, "loss");
  bool batch_axis = strcmp(loss, "batch_bce") == 0;
  size_t last = json_array_size(sizes) - 1;
  FILE *to = fopen("config.yaml", "w");
  if (!to) die("config.yaml cannot be written");
  fprintf(
      to,
      "version: 1\ndata: {type: idx, dir: %s, scale: {type: divide, by: 255}, order: sequential}\n",
      data);
  fprintf(to, "model:\n  init: {type: file, file: weights.h5}\n  layers:\n");
  for (size_t l = 1; l < last; l++)
    fprintf(to, "    - {units: %d, activation: %s}\n",
            (int)json_integer_value(json_array_get(sizes, l)), text(config, "activation"));
  fprintf(to, "    - {units: %d, activation: %s}\n",
          (int)json_integer_value(json_array_get(sizes, last)),
          batch_axis ? "softmax_batch" : "softmax");
  fprintf(to, "loss: %s\n",
          strcmp(loss, "class_ce") == 0 ? "cross_entropy" : "cross_entropy_per_class");
  write_optimizer(to, json_object_get(config, "optimizer"));
  fprintf(to, "train: {epochs: 1, batch: %d%s}\noutput: {step_every: 1}\n",
          (int)whole(config, "batch"), batch_axis ? ", slices: 1" : "");
  fclose(to);
  write_weights(config);
}

/* ---- compare ---- */

typedef struct {
  int compared;
  double worst, tolerance;
} tally;

static void compare(tally *t, const char *what, json_int_t step, double got, double want,
                    double scale) {
  double off = fabs(got - want) / scale;
  t->compared++;
  if (!(off <= t->worst)) t->worst = off;
  if (!(off <= t->tolerance))
    printf("%s at update %lld: %.17g, golden %.17g\n", what, (long long)step, got, want);
}

static json_t *golden_loss(const json_t *run, json_int_t step) {
  size_t i;
  json_t *row;
  json_array_foreach(
      json_object_get(run, "minibatch_loss"), i,
      row) if (json_integer_value(json_array_get(row, 0)) == step) return json_array_get(row, 2);
  return NULL;
}

static json_t *golden_log(const json_t *run, json_int_t step) {
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(run, "log"), i,
                     row) if (whole(row, "updates") == step) return row;
  return NULL;
}

static void compare_event(const json_t *run, const json_t *event, tally *loss, tally *log) {
  const char *kind = text(event, "event");
  json_int_t step = whole(event, "global_step");
  json_t *want = golden_loss(run, step), *row = golden_log(run, step);
  if (strcmp(kind, "step") == 0 && want)
    compare(loss, "minibatch loss", step, number(event, "loss"), json_number_value(want),
            fabs(json_number_value(want)));
  bool full = strcmp(kind, "eval") == 0 ||
              (strcmp(kind, "epoch") == 0 && strcmp(text(event, "loss_kind"), "full") == 0);
  if (!full || !row || log->tolerance < 0) return;
  compare(log, "J_train", step, number(event, "loss"), number(row, "J_train"), 1);
  compare(log, "acc_train", step, number(event, "accuracy"), number(row, "acc_train"), 1);
}

static void compare_weights(const json_t *run, const char *folder, tally *log) {
  char path[4096];
  ls_checkpoint *c;
  snprintf(path, sizeof path, "%s/final.h5", folder);
  if (ls_checkpoint_read(path, &c) != LS_OK) die(ls_error_text());
  json_t *row = golden_log(run, (json_int_t)c->state.global_step);
  if (row && c->precision == LS_F64) {
    const double *w = c->weights;
    const ls_tensor *W = &c->tensor[c->tensors - 2], *b = &c->tensor[c->tensors - 1];
    double sum = 0, square = 0;
    for (int64_t i = 0; i < c->parameters; i++) sum += w[i], square += w[i] * w[i];
    json_int_t step = whole(row, "updates");
    compare(log, "param_sum", step, sum, number(row, "param_sum"), 1);
    compare(log, "param_l2", step, sqrt(square), number(row, "param_l2"), 1);
    for (size_t k = 0; k < (size_t)b->cols * (size_t)b->rows; k++) {
      compare(log, "bias", step, w[b->offset + (int64_t)k],
              json_number_value(json_array_get(json_object_get(row, "last_layer_bias"), k)), 1);
      compare(log, "W", step, w[W->offset + (int64_t)k],
              json_number_value(json_array_get(json_object_get(row, "last_layer_W_row0"), k)), 1);
    }
  }
  ls_checkpoint_free(&c);
}

static int compare_run(const json_t *run, const char *folder, double loss_tolerance,
                       double log_tolerance) {
  char line[8192], path[4096];
  tally loss = {0, 0, loss_tolerance}, log = {0, 0, log_tolerance};
  snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
  FILE *from = fopen(path, "r");
  if (!from) die("no metrics.jsonl");
  while (fgets(line, sizeof line, from)) {
    json_t *event = json_loads(line, 0, NULL);
    if (!event) die("metrics.jsonl: a line is no JSON");
    compare_event(run, event, &loss, &log);
    json_decref(event);
  }
  fclose(from);
  if (log_tolerance >= 0) compare_weights(run, folder, &log);
  printf("%s: %d losses within %.1e, %d other numbers within %.1e\n", folder, loss.compared,
         loss.worst, log.compared, log.worst);
  bool enough = loss.compared >= 10 && (log_tolerance < 0 || log.compared >= 4);
  return !(enough && loss.worst <= loss_tolerance &&
           (log_tolerance < 0 || log.worst <= log_tolerance));
}

int main(int argc, char **argv) {
  size_t i;
  json_t *run;
  ls_log_init(-1, NULL, LS_LOG_WARN, false);
  if (argc == 2 && strcmp(argv[1], "list") == 0) {
    json_array_foreach(runs(), i, run) puts(text(json_object_get(run, "config"), "name"));
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "config") == 0) {
    write_config(find(argv[2]), argv[3]);
    return 0;
  }
  if (argc >= 5 && strcmp(argv[1], "compare") == 0)
    return compare_run(find(argv[2]), argv[3], strtod(argv[4], NULL),
                       argc > 5 ? strtod(argv[5], NULL) : -1);
  die("list | config NAME DATA_DIR | compare NAME RUN LOSS_TOL [LOG_TOL]");
}
