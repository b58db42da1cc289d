#include "config/table.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/tree.h"

#define AT(type, field) offsetof(type, field)
#define ROOT(field) offsetof(ls_config, field)
#define DATA(field) offsetof(ls_data_spec, field)
#define COUNT_MAX 0x1p53 /* exact in a double too */
#define ANY .min = 0, .max = INFINITY, .open_min = true, .open_max = true
#define END \
  { .name = NULL }
#define BY_TYPE \
  { .name = "", .kind = LS_KEY_BY_TYPE }

/* What the table knows and this version cannot do yet. A value NULL: the whole key. */
static const struct {
  const char *path, *value;
} later[] = {
    {"data.load", "stream"},
};

enum { TYPES_MAX = 33 };
static const char *optimizer_types[TYPES_MAX], *schedule_types[TYPES_MAX];
static const char *const data_types[] = {"idx", "hdf5", "csv", NULL};
static const char *const scale_types[] = {"none", "divide", "standard", "minmax", NULL};
static const char *const orders[] = {"sequential", "shuffle", NULL};
static const char *const last_batches[] = {"keep", "drop", NULL};
static const char *const loads[] = {"memory", "stream", NULL};
static const char *const init_types[] = {"auto",         "he_normal", "he_uniform", "glorot_normal", "glorot_uniform",
                                         "lecun_normal", "normal",    "uniform",    "zeros",         "truncated_normal",
                                         "constant",     "file",      NULL};
static const char *const presets[] = {"book", "tensorflow1", "pytorch", NULL};
static const char *const precisions[] = {"float32", "float64", NULL};
static const char *const nonfinites[] = {"stop", "skip", "rollback", NULL};
static const char *const metrics[] = {"loss", "accuracy", "val_loss", "val_accuracy", NULL};
static const char *const best_metrics[] = {"none", "loss", "accuracy", "val_loss", "val_accuracy", NULL};
static const char *const exchanges[] = {"auto", "shared", "tree", "mpi", NULL};
static const char *const busies[] = {"wait", "skip", NULL};
static const char *const logs[] = {"jsonl", "csv", NULL};
static const char *const eval_units[] = {"never", "steps", "epochs", NULL};
static const char *const save_units[] = {"never", "steps", "epochs", "time", NULL};
static const char *const desync_units[] = {"never", "steps", NULL};

/* ---- data ---- */

static const ls_key hdf5_source[] = {
    {"file", LS_KEY_TEXT, AT(ls_source_spec, file), .help = "an HDF5 file; * and ? stand for several, taken in order of their names",
     .example = "sim.h5"},
    {"x", LS_KEY_TEXT, AT(ls_source_spec, x), .help = "dataset of the inputs, one sample a row", .example = "/inputs/state"},
    {"y", LS_KEY_TEXT, AT(ls_source_spec, y), .help = "dataset of the labels or targets", .example = "/targets/flux"},
    END};
static const ls_key csv_source[] = {
    {"file", LS_KEY_TEXT, AT(ls_source_spec, file), .help = "a CSV file; * and ? stand for several, taken in order of their names",
     .example = "table.csv"},
    {"x", LS_KEY_COLUMNS, AT(ls_source_spec, x_cols), .help = "columns of the inputs: names, numbers from 1, ranges",
     .example = "[a, b, 3-7]"},
    {"y", LS_KEY_COLUMNS, AT(ls_source_spec, y_cols), .help = "columns of the labels or targets", .example = "[price]"},
    {"header", LS_KEY_BOOL, AT(ls_source_spec, header), .value = "true", .help = "does the first line hold the names of the columns"},
    END};

#define SOURCE(split) .at = DATA(source) + (split) * sizeof(ls_source_spec)
#define SHARE .word = "none", .min = 0, .max = 1, .open_min = true, .open_max = true
static const ls_key idx_rows[] = {
    {"dir", LS_KEY_TEXT, DATA(dir), .help = "folder of the four standard files (train-images-idx3-ubyte ...), .gz or not",
     .example = "/usr/share/datasets/fashion-mnist"},
    {"validation", LS_KEY_REAL, DATA(validation), .value = "none", SHARE,
     .help = "the last floor(f n) samples of train, after limit, are kept out for validation", .example = "0.1"},
    END};
#define FILE_ROWS(rows)                                                                                                                     \
  {"train", LS_KEY_SECTION, SOURCE(LS_SPLIT_TRAIN), .sub = rows, .help = "where the training samples are"},                                 \
      {"validation",    LS_KEY_VALIDATION, .value = "none",                                                                                 \
       SHARE,           .sub = rows,       .help = "a share f: the last floor(f n) samples of train, after limit; or a source as train is", \
       .example = "0.1"},                                                                                                                   \
      {"test",                                                                                                                              \
       LS_KEY_SECTION,                                                                                                                      \
       SOURCE(LS_SPLIT_TEST),                                                                                                               \
       .value = "none",                                                                                                                     \
       .word = "none",                                                                                                                      \
       .extra = AT(ls_source_spec, file),                                                                                                   \
       .sub = rows,                                                                                                                         \
       .help = "where the test samples are"},                                                                                               \
      END
static const ls_key hdf5_rows[] = {FILE_ROWS(hdf5_source)};
static const ls_key csv_rows[] = {FILE_ROWS(csv_source)};

static const ls_key *data_by_type(const char *type, const void *base, ls_key *space) {
  (void)base, (void)space;
  return strcmp(type, "idx") == 0 ? idx_rows : strcmp(type, "hdf5") == 0 ? hdf5_rows : csv_rows;
}

static const ls_key no_rows[] = {END};
static const ls_key scale_divide[] = {{"by", LS_KEY_REAL, DATA(scale_by), ANY, .help = "every input is divided by this", .example = "255"},
                                      END};
static const ls_key *scale_by_type(const char *type, const void *base, ls_key *space) {
  (void)base, (void)space;
  return strcmp(type, "divide") == 0 ? scale_divide : no_rows;
}
static const ls_key scale_rows[] = {
    {"type", LS_KEY_ENUM, DATA(scale), .choices = scale_types,
     .help = "divide: x / by; standard: mean 0, deviation 1; minmax: 0 to 1; statistics are those of train"},
    BY_TYPE,
    END};

#define SPLITS(field, v, least, w, text)                                                                                       \
  {"train", LS_KEY_INT, 0, .value = v, .min = least, .max = COUNT_MAX, .word = w, .word_value = -1, .help = text " of train"}, \
      {"validation", LS_KEY_INT,       sizeof(int64_t),                                                                        \
       .value = v,   .min = least,     .max = COUNT_MAX,                                                                       \
       .word = w,    .word_value = -1, .help = text " of validation, where that is a source of its own"},                      \
      {"test",    LS_KEY_INT,       2 * sizeof(int64_t),    .value = v, .min = least, .max = COUNT_MAX,                        \
       .word = w, .word_value = -1, .help = text " of test"},                                                                  \
      END
static const ls_key skip_rows[] = {SPLITS(skip, "0", 0, NULL, "leave out the first samples")};
static const ls_key limit_rows[] = {SPLITS(limit, "all", 1, "all", "use that many samples, after skip,")};

static const ls_key data_rows[] = {
    {"type", LS_KEY_NAME, DATA(type), .choices = data_types, .help = "format of the data", .example = "idx"},
    BY_TYPE,
    {"classes", LS_KEY_INT, DATA(classes), .value = "auto", .min = 2, .max = INT32_MAX, .word = "auto",
     .help = "number of classes; auto: from the labels (none for regression)", .example = "10"},
    {"skip", LS_KEY_SECTION, DATA(skip), .value = "{}", .sub = skip_rows, .help = "samples to leave out at the start of each split",
     .example = "{train: 5000}"},
    {"limit", LS_KEY_SECTION, DATA(limit), .value = "{}", .sub = limit_rows, .help = "samples to use of each split, after skip",
     .example = "{train: 60000, test: 10000}"},
    {"scale", LS_KEY_SECTION, 0, .value = "none", .sub = scale_rows, .by_type = scale_by_type, .help = "how the inputs are scaled",
     .example = "{type: divide, by: 255}"},
    {"order", LS_KEY_SWITCH, DATA(shuffle), .value = "shuffle", .choices = orders,
     .help = "shuffle: another order every epoch, a function of the seed; sequential: as in the file"},
    {"last_batch", LS_KEY_SWITCH, DATA(drop_last), .value = "keep", .choices = last_batches,
     .help = "a last minibatch that is smaller: keep it, weighted by its size, or drop it"},
    {"load", LS_KEY_SWITCH, DATA(stream), .value = "memory", .choices = loads, .help = "memory: read once; stream: read while training"},
    END};

/* ---- model ---- */

static const ls_key init_scale[] = {
    {"scale", LS_KEY_REAL, AT(ls_init_spec, scale), ANY, .help = "standard deviation (normal) or half-width (uniform)", .example = "0.1"},
    END};
static const ls_key init_truncated[] = {{"stddev", LS_KEY_REAL, AT(ls_init_spec, scale), .value = "none", .word = "none", ANY,
                                         .help = "standard deviation, cut at 2 of it", .example = "0.1"},
                                        {"fan_in_gain", LS_KEY_REAL, AT(ls_init_spec, fan_in_gain), .value = "none", .word = "none", ANY,
                                         .help = "instead of stddev: it is gain / sqrt(inputs of the layer)", .example = "2"},
                                        END};
static const ls_key init_constant[] = {
    {"value", LS_KEY_REAL, AT(ls_init_spec, value), .min = -INFINITY, .max = INFINITY, .help = "every weight", .example = "0"}, END};
static const ls_key init_file[] = {
    {"file", LS_KEY_TEXT, AT(ls_init_spec, file), .help = "an HDF5 file or checkpoint with /model/NNNN/W and b", .example = "start.h5"},
    END};
static const ls_key *init_by_type(const char *type, const void *base, ls_key *space) {
  (void)base, (void)space;
  if (strcmp(type, "normal") == 0 || strcmp(type, "uniform") == 0) return init_scale;
  if (strcmp(type, "truncated_normal") == 0) return init_truncated;
  if (strcmp(type, "constant") == 0) return init_constant;
  return strcmp(type, "file") == 0 ? init_file : no_rows;
}
static const ls_key init_rows[] = {
    {"type", LS_KEY_ENUM, AT(ls_init_spec, kind), .choices = init_types,
     .help = "distribution of the initial weights; auto: he_normal for relu-like layers, else glorot_uniform; biases are 0"},
    BY_TYPE,
    END};

static const ls_key dense_rows[] = {{"units", LS_KEY_INT, AT(ls_layer_spec, units), .min = 1, .max = INT32_MAX, .word = "out",
                                     .help = "outputs of the layer; out: as many as the targets", .example = "20"},
                                    {"activation", LS_KEY_WORD, AT(ls_layer_spec, activation), .value = "linear",
                                     .choices = ls_activation_names, .help = "function of the layer's outputs"},
                                    END};
static const ls_key dropout_rows[] = {{"rate", LS_KEY_REAL, AT(ls_layer_spec, rate), .min = 0, .max = 1, .open_max = true,
                                       .help = "share of the units that is dropped in training", .example = "0.5"},
                                      END};
static const ls_key residual_rows[] = {{"span", LS_KEY_INT, AT(ls_layer_spec, span), .value = "2", .min = 1, .max = LS_LAYERS_MAX,
                                        .help = "layers that the connection jumps over"},
                                       END};
static const ls_key *layer_by_type(const char *type, const void *base, ls_key *space) {
  (void)base, (void)space;
  if (strcmp(type, "dense") == 0) return dense_rows;
  if (strcmp(type, "dropout") == 0) return dropout_rows;
  return strncmp(type, "residual", 8) == 0 ? residual_rows : no_rows;
}
static const ls_key layer_rows[] = {
    {"type", LS_KEY_WORD, AT(ls_layer_spec, type), .value = "dense", .choices = ls_layer_names, .help = "what the layer does"},
    BY_TYPE,
    {"repeat", LS_KEY_INT, AT(ls_layer_item, repeat), .value = "1", .min = 1, .max = LS_LAYERS_MAX, .help = "so many of it in a row",
     .example = "4"},
    END};

static const ls_key model_rows[] = {{"init", LS_KEY_SECTION, ROOT(init), .value = "auto", .sub = init_rows, .by_type = init_by_type,
                                     .help = "initial weights", .example = "he_normal"},
                                    {"layers", LS_KEY_LAYERS, .sub = layer_rows, .by_type = layer_by_type,
                                     .help = "the layers in order; the width of the input comes from the data",
                                     .example = "[{units: 20, activation: relu, repeat: 4}, {units: out, activation: softmax}]"},
                                    END};

/* ---- optimizer and schedule: rows from their own tables ---- */

static ls_key from_hyper(const ls_hyper *h, size_t at) {
  static const ls_key_kind kinds[] = {LS_KEY_REAL, LS_KEY_WHOLE, LS_KEY_FLAG, LS_KEY_INDEX, LS_KEY_STEPS, LS_KEY_REALS, LS_KEY_STEPLIST};
  return (ls_key){h->name,
                  kinds[h->type],
                  at,
                  .hyper = h,
                  .number = h->value,
                  .min = h->min,
                  .max = h->max,
                  .open_min = h->open_min,
                  .open_max = h->open_max,
                  .choices = h->choices,
                  .help = h->help};
}

/* A preset changes the defaults; the row `preset` has been checked when this is asked for. */
static const ls_key *optimizer_by_type(const char *type, const void *base, ls_key *space) {
  const ls_optim_spec *spec = base;
  const ls_optim_ops *ops = spec && spec->ops ? spec->ops : ls_optim_find(type);
  double value[LS_HYPER_MAX] = {0};
  int n = 0;
  for (; ops && ops->hyper[n].name && n < LS_HYPER_MAX; n++) value[n] = ops->hyper[n].value;
  if (ops && spec && spec->preset) (void)ls_optim_preset(ops, spec->preset, value);
  for (int i = 0; i < n; i++) {
    space[i] = from_hyper(&ops->hyper[i], AT(ls_optim_spec, hyper) + (size_t)i * sizeof(double));
    space[i].number = value[i];
  }
  space[n] = (ls_key)END;
  return space;
}

static const ls_key *schedule_by_type(const char *type, const void *base, ls_key *space) {
  const ls_schedule_spec *spec = base;
  const ls_schedule_ops *ops = spec && spec->ops ? spec->ops : ls_schedule_find(type);
  int n = 0;
  for (; ops && ops->hyper[n].name && n < LS_HYPER_MAX; n++) {
    space[n] = from_hyper(&ops->hyper[n], AT(ls_schedule_spec, hyper) + (size_t)n * sizeof(double));
    bool list = ops->hyper[n].type == LS_HYPER_STEPLIST;
    space[n].extra = list ? AT(ls_schedule_spec, list_epochs) + (size_t)n * LS_LIST_MAX : AT(ls_schedule_spec, epochs) + (size_t)n;
    space[n].list = AT(ls_schedule_spec, list) + (size_t)n * LS_LIST_MAX * sizeof(double);
  }
  space[n] = (ls_key)END;
  return space;
}

static const ls_key optimizer_rows[] = {
    {"type", LS_KEY_OPTIMIZER, .choices = optimizer_types, .help = "how the weights follow the gradient", .example = "adam"},
    {"file", LS_KEY_OPTIMIZER_FILE, AT(ls_optim_spec, file), .value = "none", .word = "none",
     .help = "type plugin: the shared library, whose own keys then go here too", .example = "./mine.so"},
    {"preset", LS_KEY_NAME, AT(ls_optim_spec, preset), .value = "none", .word = "none", .choices = presets,
     .help = "forms and epsilons of the book, of TensorFlow 1 or of PyTorch; other keys go before it", .example = "tensorflow1"},
    {"lr", LS_KEY_REAL, AT(ls_optim_spec, lr), ANY, .help = "initial learning rate, which the schedule changes", .example = "0.001"},
    {"weight_decay", LS_KEY_REAL, AT(ls_optim_spec, weight_decay), .value = "0", .min = 0, .max = INFINITY, .open_max = true,
     .help = "added to the gradient as weight_decay times the weight; decoupled for adamw and lamb", .example = "1e-4"},
    BY_TYPE,
    END};
static const ls_key schedule_rows[] = {
    {"type", LS_KEY_SCHEDULE, .value = "constant", .choices = schedule_types, .help = "learning rate as a function of global_step",
     .example = "inverse_time"},
    {"file", LS_KEY_SCHEDULE_FILE, AT(ls_schedule_spec, file), .value = "none", .word = "none",
     .help = "type plugin: the shared library, whose own keys then go here too", .example = "./mine.so"},
    BY_TYPE,
    {"warmup", LS_KEY_STEPS, AT(ls_schedule_spec, warmup), AT(ls_schedule_spec, warmup_epochs), .value = "0", .min = 0, .max = COUNT_MAX,
     .help = "the rate is multiplied by min(1, (j+1)/W) at global_step j", .example = "1 epoch"},
    END};

/* ---- train and the rest ---- */

static const ls_key noise_rows[] = {
    {"eta", LS_KEY_REAL, AT(ls_gradient_spec, noise_eta), ANY, .help = "variance of the noise at global_step 0", .example = "0.3"},
    {"gamma", LS_KEY_REAL, AT(ls_gradient_spec, noise_gamma), .value = "0.55", .min = 0, .max = INFINITY, .open_max = true,
     .help = "the variance is eta / (1 + j)^gamma at global_step j"},
    END};
static const ls_key early_rows[] = {
    {"metric", LS_KEY_NAME, ROOT(early_metric), .value = "val_loss", .choices = metrics, .help = "what has to get better"},
    {"patience", LS_KEY_INT, ROOT(early_patience), .min = 1, .max = COUNT_MAX,
     .help = "evaluations without a better value after which training ends", .example = "15"},
    END};
static const ls_key train_rows[] = {
    {"epochs", LS_KEY_INT, ROOT(epochs), .value = "none", .word = "none", .min = 1, .max = COUNT_MAX,
     .help = "how often to go through the training samples; either this or steps is required", .example = "100"},
    {"steps", LS_KEY_INT, ROOT(steps), .value = "none", .word = "none", .min = 1, .max = COUNT_MAX,
     .help = "how many weight updates to make; either this or epochs is required", .example = "10000"},
    {"batch", LS_KEY_INT, ROOT(batch), .min = 1, .max = COUNT_MAX, .word = "full",
     .help = "samples in the global minibatch, whatever the number of ranks; 1 is stochastic, full takes all", .example = "50"},
    {"slices", LS_KEY_INT, ROOT(slices), .value = "auto", .min = 0, .max = LS_SLICES_MAX, .word = "auto", .word_value = -1,
     .help = "slices of the minibatch, the same bits on any number of ranks up to this; auto: the smallest power of two >= batch/8, at "
             "most 64; 0: one a rank, and bits depend on the ranks",
     .example = "8"},
    {"precision", LS_KEY_ENUM, ROOT(precision), .value = "float32", .choices = precisions, .help = "of weights, data and arithmetic"},
    {"clip_norm", LS_KEY_REAL, ROOT(gradient.clip_norm), .value = "none", .word = "none", ANY,
     .help = "scale the gradient down to this norm where it is larger", .example = "1"},
    {"clip_value", LS_KEY_REAL, ROOT(gradient.clip_value), .value = "none", .word = "none", ANY,
     .help = "cut every element of the gradient to [-v, v]", .example = "0.5"},
    {"gradient_noise", LS_KEY_SECTION, ROOT(gradient), .value = "none", .word = "none", .extra = AT(ls_gradient_spec, noise_eta),
     .sub = noise_rows, .help = "normal noise on the gradient (arXiv 1511.06807)", .example = "{eta: 0.3, gamma: 0.55}"},
    {"nonfinite", LS_KEY_ENUM, ROOT(nonfinite), .value = "stop", .choices = nonfinites,
     .help = "at a loss or gradient that is not finite: stop, skip the update, or roll back to the last checkpoint"},
    {"early_stop", LS_KEY_SECTION, 0, .value = "none", .word = "none", .extra = ROOT(early_metric), .sub = early_rows,
     .help = "end training when a metric no longer gets better", .example = "{metric: val_loss, patience: 15}"},
    {"exchange", LS_KEY_NAME, ROOT(exchange), .value = "auto", .choices = exchanges,
     .help = "how gradients are summed over the ranks; mpi is plain MPI_Allreduce, a reference whose bits depend on the ranks"},
    END};
static const ls_key eval_rows[] = {
    {"every", LS_KEY_EVERY, ROOT(eval_every), .value = "1 epoch", .choices = eval_units, .help = "how often to evaluate"},
    {"on", LS_KEY_SET, ROOT(eval_on), .extra = ROOT(eval_on_given), .value = "auto", .word = "auto", .choices = ls_split_names,
     .help = "on what; auto: validation every time and test at the end, where they are", .example = "[validation, test]"},
    END};
static const ls_key keep_rows[] = {
    {"last", LS_KEY_INT, ROOT(keep_last), .value = "2", .min = 1, .max = COUNT_MAX, .help = "how many of the newest checkpoints to keep"},
    {"best", LS_KEY_NAME, ROOT(keep_best), .value = "auto", .word = "auto", .choices = best_metrics,
     .help = "keep the best one by this metric too; auto: val_loss where there is validation", .example = "val_loss"},
    END};
static const ls_key checkpoint_rows[] = {
    {"every", LS_KEY_EVERY, ROOT(save_every), .value = "1 epoch", .choices = save_units, .help = "how often to save"},
    {"keep", LS_KEY_SECTION, 0, .value = "{}", .sub = keep_rows, .help = "which checkpoints stay", .example = "{last: 2, best: val_loss}"},
    {"async", LS_KEY_BOOL, ROOT(save_async), .value = "true", .help = "write while training goes on"},
    {"busy", LS_KEY_SWITCH, ROOT(save_skip_busy), .value = "wait", .choices = busies,
     .help = "when the last one is still being written: wait for it, or skip this one"},
    END};
static const ls_key guard_rows[] = {{"desync_every", LS_KEY_EVERY, ROOT(desync_every), .value = "100 steps", .choices = desync_units,
                                     .help = "how often the ranks compare their weights"},
                                    {"watchdog", LS_KEY_SECONDS, ROOT(watchdog), .value = "300 s", .word = "never",
                                     .help = "end the job, naming the rank, when one has been stuck for so long"},
                                    END};
static const ls_key output_rows[] = {
    {"dir", LS_KEY_TEXT, ROOT(out_dir), .value = "auto", .word = "auto", .help = "run folder; auto: runs/<config name>/<number>",
     .example = "runs/fashion"},
    {"log", LS_KEY_SET, ROOT(log_jsonl), .value = "[jsonl, csv]", .choices = logs, .help = "forms of the metrics in the run folder"},
    {"step_every", LS_KEY_INT, ROOT(step_every), .value = "0", .min = 0, .max = COUNT_MAX,
     .help = "a step event in metrics.jsonl every so many updates; 0: none", .example = "100"},
    {"log_weights", LS_KEY_BOOL, ROOT(log_weights), .value = "false", .help = "all weights in step events, for models of up to 64"},
    END};

static const ls_key root_rows[] = {
    {"version", LS_KEY_INT, ROOT(version), .min = 1, .max = 1, .help = "version of the config format", .example = "1"},
    {"seed", LS_KEY_INT, ROOT(seed), .value = "1", .min = 0, .max = INFINITY, .help = "what every random number is a function of"},
    {"data", LS_KEY_SECTION, ROOT(data), .sub = data_rows, .by_type = data_by_type, .help = "the samples"},
    {"model", LS_KEY_SECTION, 0, .sub = model_rows, .help = "the network"},
    {"loss", LS_KEY_NAME, ROOT(loss), .choices = ls_loss_names, .help = "what training makes small", .example = "cross_entropy"},
    {"optimizer", LS_KEY_SECTION, ROOT(optimizer), .sub = optimizer_rows, .by_type = optimizer_by_type,
     .help = "how the weights follow the gradient", .example = "{type: adam, lr: 0.001}"},
    {"schedule", LS_KEY_SECTION, ROOT(schedule), .value = "{}", .sub = schedule_rows, .by_type = schedule_by_type,
     .help = "learning rate over the weight updates", .example = "{type: inverse_time, decay_rate: 0.1, decay_steps: 1000}"},
    {"train", LS_KEY_SECTION, 0, .sub = train_rows, .help = "how long and how to train"},
    {"eval", LS_KEY_SECTION, 0, .value = "{}", .sub = eval_rows, .help = "evaluation"},
    {"checkpoint", LS_KEY_SECTION, 0, .value = "{}", .sub = checkpoint_rows, .help = "saving the state"},
    {"guard", LS_KEY_SECTION, 0, .value = "{}", .sub = guard_rows, .help = "watching the ranks"},
    {"output", LS_KEY_SECTION, 0, .value = "{}", .sub = output_rows, .help = "what a run leaves"},
    END};

const ls_key ls_table = {.name = "", .kind = LS_KEY_SECTION, .sub = root_rows, .help = "the config"};

void ls_table_init(void) {
  int n = 0;
  for (; ls_optim_table[n] && n < TYPES_MAX - 2; n++) optimizer_types[n] = ls_optim_table[n]->name;
  optimizer_types[n] = "plugin";
  for (n = 0; ls_schedule_table[n] && n < TYPES_MAX - 2; n++) schedule_types[n] = ls_schedule_table[n]->name;
  schedule_types[n] = "plugin";
}

bool ls_key_later(const char *path, const char *value) {
  for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
    if (strcmp(path, later[i].path) != 0) continue;
    if (!later[i].value || (value && strcmp(value, later[i].value) == 0)) return true;
  }
  return false;
}
