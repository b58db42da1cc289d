/* table.c - every key of the config, section by section. The structs are config.h's and those of
 * the rooms below; what the fields of a row mean says key.h, what a kind is, kinds.h. The types of
 * optimizers and schedules, and their keys, come from the optim room's own tables. */
#include "config/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/tree.h"
#include "comm/comm.h"
#include "config/kinds.h"

/* One row: its name, kind, place in the section's struct, and whatever else it has. */
#define KEY(word, how, place, ...) \
  { .name = word, .kind = &ls_kind_##how, .at = place, __VA_ARGS__ }
#define SECTION(word, place, rows, ...) KEY(word, section, place, .sub = rows, __VA_ARGS__)
#define AT(type, field) offsetof(type, field)
#define ROOT(field) offsetof(ls_config, field)
#define DATA(field) offsetof(ls_data_spec, field)
#define COUNT_MAX 0x1p53 /* exact in a double too */
#define FROM(least, most) .min = least, .max = most
#define COUNT(least) FROM(least, COUNT_MAX)
#define POSITIVE FROM(0, INFINITY), .open_min = true, .open_max = true
#define NOT_NEGATIVE FROM(0, INFINITY), .open_max = true
#define SHARE FROM(0, 1), .open_min = true, .open_max = true
#define WRITTEN(number) #number
#define TEXT_OF(number) WRITTEN(number)
#define OR(text) .word = text, .value = text /* a word that is also the default */
#define FREE .flags = LS_KEY_FREE
#define ORDER .flags = LS_KEY_ORDER
#define FILES LS_KEY_ALIKE | LS_KEY_UNKEPT
#define END \
  { .name = NULL }
#define BY_TYPE \
  { .name = "" }

enum { TYPES_MAX = 33 };
static const char *optimizer_types[TYPES_MAX], *schedule_types[TYPES_MAX];
static const char *const data_types[] = {"idx", "hdf5", "csv", NULL};
static const char *const scale_types[] = {"none", "divide", "standard", "minmax", NULL};
static const char *const orders[] = {"sequential", "shuffle", "blocks", NULL};
static const char *const last_batches[] = {"keep", "drop", NULL};
static const char *const loads[] = {"memory", "stream", NULL};
static const char *const init_types[] = {
    "auto",         "he_normal", "he_uniform", "glorot_normal", "glorot_uniform",
    "lecun_normal", "normal",    "uniform",    "zeros",         "truncated_normal",
    "constant",     "file",      NULL};
static const char *const presets[] = {"book", "tensorflow1", "pytorch", NULL};
static const char *const precisions[] = {"float32", "float64", NULL};
static const char *const nonfinites[] = {"stop", "skip", "rollback", NULL};
static const char *const best_metrics[] = {"none",    "loss",     "accuracy", "mae",
                                           "rmse",    "r2",       "val_loss", "val_accuracy",
                                           "val_mae", "val_rmse", "val_r2",   NULL};
#define METRICS (best_metrics + 1)
static const char *const class_weights[] = {"balanced", NULL};
const char *const ls_metric_names[] = {"accuracy", "top_k", "per_class",  "mae",
                                       "rmse",     "r2",    "per_target", NULL};
static const char *const exchanges[] = {"auto", "shared", "tree", "mpi", NULL};
static const char *const busies[] = {"wait", "skip", NULL};
static const char *const logs[] = {"jsonl", "csv", NULL};
static const char *const eval_units[] = {"never", "steps", "epochs", NULL};
static const char *const save_units[] = {"never", "steps", "epochs", "time", NULL};
static const char *const desync_units[] = {"never", "steps", NULL};

/* ---- data ---- */

static const ls_key hdf5_source[] = {
    KEY("file", text, AT(ls_source_spec, file),
        .help = "an HDF5 file; * and ? stand for several, in order of their names",
        .example = "sim.h5"),
    KEY("x", text, AT(ls_source_spec, x), .help = "dataset of the inputs, one sample a row",
        .example = "/inputs/state"),
    KEY("y", text, AT(ls_source_spec, y), .help = "dataset of the labels or targets",
        .example = "/targets/flux"),
    KEY("transpose", bool, AT(ls_source_spec, transpose), .value = "false",
        .help = "samples are the datasets' columns, as Matlab, Julia and Fortran write them"),
    END};
static const ls_key csv_source[] = {
    KEY("file", text, AT(ls_source_spec, file),
        .help = "a CSV file; * and ? stand for several, in order of their names",
        .example = "table.csv"),
    KEY("x", columns, AT(ls_source_spec, x_cols),
        .help = "columns of the inputs: names, numbers, ranges of numbers",
        .example = "[a, b, 3-7]"),
    KEY("y", columns, AT(ls_source_spec, y_cols), .help = "columns of the labels or targets",
        .example = "[price]"),
    KEY("header", bool, AT(ls_source_spec, header), .value = "true",
        .help = "does the first line hold the columns' names"),
    END};

#define SOURCE(split) (DATA(source) + (split) * sizeof(ls_source_spec))
static const char *const share_kinds[] = {"last", "random", "group", NULL};
static const ls_key share_rows[] = {
    KEY("share", real, DATA(validation.share), SHARE,
        .help = "f: floor(f n) samples of train, after limit, are kept out", .example = "0.1"),
    KEY("how", enum, DATA(validation.how), .value = "random", .choices = share_kinds,
        .help = "random: drawn; last: the last ones, for time series; group: all samples of one "
                "value of `by` on one side, groups drawn"),
    KEY("by", text, DATA(validation.by), OR("none"),
        .help =
            "group: a column's name or number (csv), or a dataset of whole numbers or texts (hdf5)",
        .example = "patient"),
    KEY("seed", int, DATA(validation.seed), .value = "1", FROM(0, INFINITY),
        .help = "what random and group draw by, whatever the seed of the run"),
    END};
#define VALIDATION(rows, text)                                                         \
  KEY("validation", validation, SOURCE(LS_SPLIT_VALIDATION), OR("none"), SHARE, ORDER, \
      .sub = rows, .drawn = share_rows, .help = text, .example = "0.1")

static const ls_key idx_rows[] = {
    KEY("dir", text, DATA(dir), FREE,
        .help = "folder of the four standard files (train-images-idx3-ubyte and so on), .gz or not",
        .example = "/usr/share/datasets/fashion-mnist"),
    VALIDATION(NULL,
               "a share f: floor(f n) samples of train, after limit, drawn at random, are kept "
               "out"),
    END};
static const char *const refuses[] = {"refuse", NULL};
static const char *const refuses_or_none[] = {"refuse", "none", NULL};
static const char *const x_later[] = {"drop", "mean", NULL};
static const char *const y_later[] = {"drop", "mask", NULL};
static const ls_key missing_rows[] = {
    KEY("x", fill, AT(ls_missing_spec, x), .given = AT(ls_missing_spec, fill), .value = "refuse",
        FROM(-INFINITY, INFINITY), .choices = refuses_or_none, .later = x_later,
        .help = "a number that takes the place of every input that is missing; refuse (or none): "
                "such an input is an error",
        .example = "0"),
    KEY("y", enum, AT(ls_missing_spec, y), .value = "refuse", .choices = refuses, .later = y_later,
        .help = "a label or target that is missing is an error"),
    KEY("text", texts, AT(ls_missing_spec, text), .value = "[]",
        .help = "words that are missing besides nothing, NA, N/A, nan, null, None and ?",
        .example = "[-999, unknown]"),
    END};
#define FILE_ROWS(rows, ...)                                                              \
  SECTION("missing", DATA(missing), missing_rows, .value = "{}", .lone = "x", ORDER,      \
          .help = "what is missing in the data, and what comes of it; a number is its x", \
          .example = "{x: 0, text: [-999]}"),                                             \
      KEY("train", source, SOURCE(LS_SPLIT_TRAIN), .sub = rows, ORDER,                    \
          .help = "where the training samples are"),                                      \
      VALIDATION(rows,                                                                    \
                 "a share f: floor(f n) samples of train, after limit, drawn at random, " \
                 "are kept out; or a source"),                                            \
      KEY("test", source, SOURCE(LS_SPLIT_TEST), OR("none"), .sub = rows,                 \
          .help = "where the test samples are"),                                          \
      KEY("weights", text, DATA(weights), OR("none"), __VA_ARGS__), END
static const ls_key hdf5_rows[] = {FILE_ROWS(
    hdf5_source, .help = "dataset of what each training sample counts in the loss, a number >= 0",
    .example = "/train/weights")};
static const ls_key csv_rows[] = {FILE_ROWS(
    csv_source, .help = "column of what each training sample counts in the loss, a number >= 0",
    .example = "survey_weight")};

static const ls_key *data_by_type(const char *type, const void *base, ls_key_space *space) {
  (void)base, (void)space;
  if (strcmp(type, "idx") == 0) return idx_rows;
  return strcmp(type, "hdf5") == 0 ? hdf5_rows : csv_rows;
}

static const ls_key no_rows[] = {END};
static const ls_key scale_divide[] = {
    KEY("by", real, DATA(scale_by), POSITIVE, .help = "every input is divided by this",
        .example = "255"),
    END};
static const ls_key *scale_by_type(const char *type, const void *base, ls_key_space *space) {
  (void)base, (void)space;
  return strcmp(type, "divide") == 0 ? scale_divide : no_rows;
}
static const ls_key scale_rows[] = {KEY("type", enum, DATA(scale), .choices = scale_types,
                                        .help = "divide: x / by; standard: mean 0, deviation 1; "
                                                "minmax: 0 to 1; statistics are those of train",
                                        .example = "standard"),
                                    BY_TYPE, END};

#define SPLITS(text, others, ...)                                                     \
  KEY("train", int, 0, ORDER, .help = text " of train", __VA_ARGS__),                 \
      KEY("validation", int, sizeof(int64_t), .flags = others,                        \
          .help = text " of validation, where that is a source", __VA_ARGS__),        \
      KEY("test", int, 2 * sizeof(int64_t), .flags = others, .help = text " of test", \
          __VA_ARGS__),                                                               \
      END
static const ls_key skip_rows[] = {
    SPLITS("leave out the first samples", 0, COUNT(0), .value = "0")};
static const ls_key limit_rows[] = {SPLITS("use that many samples, after skip,", LS_KEY_FREE,
                                           COUNT(1), OR("all"), .word_value = -1)};

static const ls_key data_rows[] = {
    KEY("type", name, DATA(type), .choices = data_types, ORDER, .help = "format of the data",
        .example = "idx"),
    BY_TYPE,
    KEY("classes", int, DATA(classes), OR("auto"), FROM(2, INT32_MAX),
        .help = "number of classes; auto: from the labels (regression has none)", .example = "10"),
    SECTION("skip", DATA(skip), skip_rows, .value = "{}",
            .help = "samples to leave out at the start of each split", .example = "{train: 5000}"),
    SECTION("limit", DATA(limit), limit_rows, .value = "{}",
            .help = "samples to use of each split, after skip",
            .example = "{train: 60000, test: 10000}"),
    SECTION("scale", 0, scale_rows, .by_type = scale_by_type, .value = "none",
            .help = "how the inputs are scaled", .example = "{type: divide, by: 255}"),
    KEY("order", enum, DATA(order), .value = "shuffle", .choices = orders, ORDER,
        .help = "shuffle: a new order every epoch, a function of the seed; blocks: the same, some "
                "64 MB at a time, for streams; sequential: "
                "as in the file"),
    KEY("last_batch", switch, DATA(drop_last), .value = "keep", .choices = last_batches,
        .help = "a last minibatch that is smaller: keep it, weighted by its size, or drop it"),
    KEY("load", switch, DATA(stream), .value = "memory", .choices = loads, FREE,
        .help = "memory: read once; stream: samples stay in their HDF5 files and are read while "
                "training, to the same numbers"),
    KEY("budget", int, DATA(budget), .value = "256", FROM(1, 1 << 20), FREE,
        .help = "stream: megabytes that the ranks of a node have together to read ahead"),
    END};

/* ---- model ---- */

static const ls_key init_scale[] = {
    KEY("scale", real, AT(ls_init_spec, scale), POSITIVE,
        .help = "standard deviation (normal) or half-width (uniform)", .example = "0.1"),
    END};
static const ls_key init_truncated[] = {
    KEY("stddev", real, AT(ls_init_spec, scale), OR("none"), POSITIVE,
        .help = "standard deviation s, cut at 2 s", .example = "0.1"),
    KEY("fan_in_gain", real, AT(ls_init_spec, fan_in_gain), OR("none"), POSITIVE,
        .help = "instead of stddev: s = gain / sqrt(inputs of the layer)", .example = "2"),
    END};
static const ls_key init_constant[] = {
    KEY("value", real, AT(ls_init_spec, value), FROM(-INFINITY, INFINITY), .open_max = true,
        .help = "of every weight", .example = "0"),
    END};
static const ls_key init_file[] = {
    KEY("file", text, AT(ls_init_spec, file),
        .help = "an HDF5 file or checkpoint with /model/NNNN/W and b", .example = "start.h5"),
    END};
static const ls_key *init_by_type(const char *type, const void *base, ls_key_space *space) {
  (void)base, (void)space;
  if (strcmp(type, "normal") == 0 || strcmp(type, "uniform") == 0) return init_scale;
  if (strcmp(type, "truncated_normal") == 0) return init_truncated;
  if (strcmp(type, "constant") == 0) return init_constant;
  return strcmp(type, "file") == 0 ? init_file : no_rows;
}
static const ls_key init_rows[] = {
    KEY("type", enum, AT(ls_init_spec, kind), .choices = init_types,
        .help = "distribution of the initial weights; auto: he_normal for relu-like layers, else "
                "glorot_uniform; biases are 0",
        .example = "he_normal"),
    BY_TYPE, END};

static const ls_key dense_rows[] = {
    KEY("units", int, AT(ls_layer_spec, units), FROM(1, INT32_MAX), .word = "out",
        .help = "outputs of the layer; out: as many as the targets", .example = "20"),
    KEY("activation", word, AT(ls_layer_spec, activation), .value = "linear",
        .choices = ls_activation_names, .help = "function of the layer's outputs",
        .example = "relu"),
    END};
static const ls_key dropout_rows[] = {
    KEY("rate", real, AT(ls_layer_spec, rate), FROM(0, 1), .open_max = true,
        .help = "share of the units that is dropped in training", .example = "0.5"),
    END};
static const ls_key residual_rows[] = {
    KEY("span", int, AT(ls_layer_spec, span), .value = "2", FROM(1, LS_LAYERS_MAX),
        .help = "layers that the connection jumps over"),
    END};
static const ls_key *layer_by_type(const char *type, const void *base, ls_key_space *space) {
  (void)base, (void)space;
  if (strcmp(type, "dense") == 0) return dense_rows;
  if (strcmp(type, "dropout") == 0) return dropout_rows;
  return strncmp(type, "residual", 8) == 0 ? residual_rows : no_rows;
}
static const ls_key layer_rows[] = {
    KEY("type", word, AT(ls_layer_spec, type), .value = "dense", .choices = ls_layer_names,
        .help = "what the layer does"),
    BY_TYPE,
    KEY("repeat", repeat, AT(ls_layer_item, repeat), .value = "1", FROM(1, LS_LAYERS_MAX),
        .help = "so many of it in a row", .example = "4"),
    END};

static const ls_key model_rows[] = {
    SECTION("init", ROOT(init), init_rows, .by_type = init_by_type, .value = "auto",
            .help = "initial weights", .example = "{type: truncated_normal, fan_in_gain: 2}"),
    KEY("layers", layers, 0, .sub = layer_rows, .by_type = layer_by_type,
        .help = "the layers in order; the width of the input comes from the data",
        .example = "[{units: 20, activation: relu, repeat: 4}, {units: out, activation: softmax}]"),
    END};

/* ---- optimizer and schedule: rows from their own tables ---- */

/* Row number i of ops as a key, whose doubles begin at `at`. */
static ls_key *made(ls_key_space *space, int i, const ls_hyper *h, double value, size_t at) {
  static const ls_kind *const kinds[] = {&ls_kind_real,    &ls_kind_whole, &ls_kind_flag,
                                         &ls_kind_index,   &ls_kind_steps, &ls_kind_reals,
                                         &ls_kind_steplist};
  const char *text = space->value[i];
  ls_number_print(value, space->value[i]);
  if (h->type == LS_HYPER_BOOL) text = value != 0 ? "true" : "false";
  if (h->type == LS_HYPER_CHOICE) text = h->choices[(int)value];
  if (h->type >= LS_HYPER_REALS) text = "[]";
  space->row[i] = (ls_key){.name = h->name,
                           .kind = kinds[h->type],
                           .at = at + (size_t)i * sizeof(double),
                           .value = h->required ? NULL : text,
                           .help = h->help,
                           .min = h->min,
                           .max = h->max,
                           .open_min = h->open_min,
                           .open_max = h->open_max,
                           .choices = h->choices,
                           .hyper = h,
                           .preset = value != h->value};
  return &space->row[i];
}

/* A preset changes the defaults; the row `preset` has been checked when this is asked for. */
static const ls_key *optimizer_by_type(const char *type, const void *base, ls_key_space *space) {
  const ls_optim_spec *spec = base;
  const ls_optim_ops *ops = spec && spec->ops ? spec->ops : ls_optim_find(type);
  double value[LS_HYPER_MAX] = {0};
  int n = 0;
  for (; ops && ops->hyper[n].name && n < LS_HYPER_MAX; n++) value[n] = ops->hyper[n].value;
  if (ops && spec && spec->preset) (void)ls_optim_preset(ops, spec->preset, value);
  for (int i = 0; i < n; i++) made(space, i, &ops->hyper[i], value[i], AT(ls_optim_spec, hyper));
  space->row[n].name = NULL;
  return space->row;
}

static const ls_key *schedule_by_type(const char *type, const void *base, ls_key_space *space) {
  const ls_schedule_spec *spec = base;
  const ls_schedule_ops *ops = spec && spec->ops ? spec->ops : ls_schedule_find(type);
  size_t n = 0;
  for (; ops && ops->hyper[n].name && n < LS_HYPER_MAX; n++) {
    const ls_hyper *h = &ops->hyper[n];
    ls_key *key = made(space, (int)n, h, h->value, AT(ls_schedule_spec, hyper));
    key->epochs = AT(ls_schedule_spec, epochs) + n;
    if (h->type >= LS_HYPER_REALS)
      key->epochs = AT(ls_schedule_spec, list_epochs) + n * LS_LIST_MAX;
    key->list = AT(ls_schedule_spec, list) + n * LS_LIST_MAX * sizeof(double);
  }
  space->row[n].name = NULL;
  return space->row;
}

static const ls_key optimizer_rows[] = {
    KEY("type", optimizer, 0, .choices = optimizer_types,
        .help = "how the weights follow the gradient", .example = "adam"),
    KEY("file", optimizer_file, AT(ls_optim_spec, file), .value = "none",
        .help = "of type plugin: its shared library, whose own keys then go here too",
        .example = "./mine.so"),
    KEY("preset", name, AT(ls_optim_spec, preset), OR("none"), .choices = presets,
        .help = "the forms and epsilons of the book, TensorFlow 1 or PyTorch as defaults of the "
                "other keys",
        .example = "tensorflow1"),
    KEY("lr", real, AT(ls_optim_spec, lr), POSITIVE,
        .help = "initial learning rate, which the schedule changes", .example = "0.001"),
    KEY("weight_decay", real, AT(ls_optim_spec, weight_decay), .value = "0", NOT_NEGATIVE,
        .help =
            "added to the gradient as weight_decay times the weight; decoupled for adamw and lamb",
        .example = "1e-4"),
    BY_TYPE,
    END};
static const ls_key schedule_rows[] = {
    KEY("type", schedule, 0, .value = "constant", .choices = schedule_types,
        .help = "learning rate as a function of global_step", .example = "inverse_time"),
    KEY("file", schedule_file, AT(ls_schedule_spec, file), .value = "none",
        .help = "of type plugin: its shared library, whose own keys then go here too",
        .example = "./mine.so"),
    BY_TYPE,
    KEY("warmup", steps, AT(ls_schedule_spec, warmup),
        .epochs = AT(ls_schedule_spec, warmup_epochs), .value = "0", COUNT(0),
        .help = "W: at global_step j the rate is multiplied by min(1, (j+1)/W)",
        .example = "1 epoch"),
    END};

/* ---- train and the rest ---- */

static const ls_key noise_rows[] = {
    KEY("eta", real, AT(ls_gradient_spec, noise_eta), POSITIVE,
        .help = "variance of the noise at global_step 0", .example = "0.3"),
    KEY("gamma", real, AT(ls_gradient_spec, noise_gamma), .value = "0.55", NOT_NEGATIVE,
        .help = "the variance is eta / (1 + j)^gamma at global_step j"),
    END};
static const ls_key early_rows[] = {
    KEY("metric", name, ROOT(early_metric), .value = "val_loss", .choices = METRICS,
        .help = "what has to get better"),
    KEY("patience", int, ROOT(early_patience), COUNT(1),
        .help = "evaluations without a better value after which training ends", .example = "15"),
    END};
static const ls_key train_rows[] = {
    KEY("epochs", int, ROOT(epochs), OR("none"), COUNT(1), FREE,
        .help = "how often to go through the training samples; either this or steps is required",
        .example = "100"),
    KEY("steps", int, ROOT(steps), OR("none"), COUNT(1), FREE,
        .help = "how many weight updates to make; either this or epochs is required",
        .example = "10000"),
    KEY("batch", int, ROOT(batch), COUNT(1), .word = "full",
        .help = "samples in the global minibatch, whatever the number of ranks; 1 is stochastic, "
                "full takes all",
        .example = "50"),
    KEY("slices", int, ROOT(slices), OR("auto"), .word_value = -1, FROM(0, LS_SLICES_MAX),
        .help = "parts of the minibatch: the same bits on any number of ranks up to this; auto: "
                "the smallest power of two >= batch/8, at "
                "most 64; 0: one a rank, and the bits depend on the ranks",
        .example = "8"),
    KEY("class_weights", classes, ROOT(data.class_weights), OR("none"), NOT_NEGATIVE,
        .choices = class_weights,
        .help = "what a sample of each class counts in the loss; balanced: samples / (classes "
                "samples of the class)",
        .example = "{cat: 2.5, dog: 0.5}"),
    KEY("precision", enum, ROOT(precision), .value = "float32", .choices = precisions,
        .help = "of weights, data and arithmetic"),
    KEY("clip_norm", real, ROOT(gradient.clip_norm), OR("none"), POSITIVE,
        .help = "scale a gradient of a larger norm down to this", .example = "1"),
    KEY("clip_value", real, ROOT(gradient.clip_value), OR("none"), POSITIVE,
        .help = "cut every element of the gradient to [-v, v]", .example = "0.5"),
    SECTION("gradient_noise", ROOT(gradient), noise_rows, OR("none"),
            .help = "normal noise on the gradient (arXiv 1511.06807)",
            .example = "{eta: 0.3, gamma: 0.55}"),
    KEY("nonfinite", enum, ROOT(nonfinite), .value = "stop", .choices = nonfinites,
        .help = "at a loss or gradient that is not finite: stop, skip the update, or roll back to "
                "the last checkpoint"),
    SECTION("early_stop", 0, early_rows, OR("none"),
            .help = "end training when a metric no longer improves",
            .example = "{metric: val_loss, patience: 15}"),
    KEY("exchange", name, ROOT(exchange), .value = "auto", .choices = exchanges, FREE,
        .help = "how gradients are summed over the ranks; mpi is plain MPI_Allreduce, a reference "
                "whose bits depend on the ranks"),
    END};
static const ls_key eval_rows[] = {
    KEY("every", every, ROOT(eval_every), .value = "1 epoch", .choices = eval_units,
        .help = "how often to evaluate"),
    KEY("on", set, ROOT(eval_on), .given = ROOT(eval_on_given), OR("auto"),
        .choices = ls_split_names,
        .help = "on what; auto: validation every time and test at the end, where they are",
        .example = "[validation, test]"),
    KEY("metrics", set, ROOT(metric), .given = ROOT(metrics_given), OR("auto"),
        .choices = ls_metric_names,
        .help = "what evaluations write to the metrics besides the loss; auto: accuracy, and mae, "
                "rmse and r2, where they are",
        .example = "[accuracy, top_k, per_class]"),
    KEY("top_k", int, ROOT(top_k), .value = "5", COUNT(1),
        .help = "the metric top_k: is the class among so many best", .example = "3"),
    END};
static const ls_key keep_rows[] = {
    KEY("last", int, ROOT(keep_last), .value = "2", COUNT(1),
        .help = "how many of the newest checkpoints to keep"),
    KEY("best", name, ROOT(keep_best), OR("auto"), .choices = best_metrics,
        .help = "keep the best one by this metric too; auto: val_loss where there is validation",
        .example = "val_loss"),
    END};
static const ls_key checkpoint_rows[] = {
    KEY("every", every, ROOT(save_every), .value = "1 epoch", .choices = save_units,
        .help = "how often to save"),
    SECTION("keep", 0, keep_rows, .value = "{}", .help = "which checkpoints stay",
            .example = "{last: 2, best: val_loss}"),
    KEY("async", bool, ROOT(save_async), .value = "true", .help = "write while training goes on"),
    KEY("busy", switch, ROOT(save_skip_busy), .value = "wait", .choices = busies,
        .help = "when the last one is still being written: wait for it, or skip this one"),
    END};
static const ls_key guard_rows[] = {
    KEY("desync_every", every, ROOT(desync_every), .value = "100 steps", .choices = desync_units,
        .help = "how often the ranks compare their weights"),
    KEY("watchdog", seconds, ROOT(watchdog), .value = TEXT_OF(LS_WATCHDOG_SECONDS) " s",
        .word = "never",
        .help = "end the job, naming the rank, when one has been stuck for so long"),
    END};
static const ls_key output_rows[] = {
    KEY("dir", text, ROOT(out_dir), OR("auto"),
        .help = "run folder; auto: runs/<config name>/<number>", .example = "runs/fashion"),
    KEY("log", set, ROOT(log_jsonl), .value = "[jsonl, csv]", .choices = logs,
        .help = "forms of the metrics in the run folder"),
    KEY("step_every", int, ROOT(step_every), .value = "0", COUNT(0),
        .help = "a step event in metrics.jsonl every so many updates; 0: none", .example = "100"),
    KEY("log_weights", bool, ROOT(log_weights), .value = "false",
        .help = "all weights in step events, for models of up to 64"),
    END};

static const ls_key root_rows[] = {
    KEY("version", int, ROOT(version), FROM(1, 1), .help = "version of the config format",
        .example = "1"),
    KEY("seed", int, ROOT(seed), .value = "1", FROM(0, INFINITY),
        .flags = LS_KEY_ALIKE | LS_KEY_ORDER, .help = "what every random number is a function of",
        .example = "42"),
    SECTION("data", ROOT(data), data_rows, .by_type = data_by_type, .help = "the samples"),
    SECTION("model", 0, model_rows, .help = "the network"),
    KEY("loss", name, ROOT(loss), .choices = ls_loss_names, .help = "what training makes small",
        .example = "cross_entropy"),
    SECTION("optimizer", ROOT(optimizer), optimizer_rows, .by_type = optimizer_by_type,
            .own = AT(ls_optim_spec, own_keys), .help = "how the weights follow the gradient",
            .example = "{type: adam, lr: 0.001}"),
    SECTION("schedule", ROOT(schedule), schedule_rows, .by_type = schedule_by_type, .value = "{}",
            .own = AT(ls_schedule_spec, own_keys), .help = "learning rate over the weight updates",
            .example = "{type: inverse_time, decay_rate: 0.1, decay_steps: 1000}"),
    SECTION("train", 0, train_rows, .help = "how long and how to train"),
    SECTION("eval", 0, eval_rows, .value = "{}", FREE, .help = "evaluation"),
    SECTION("checkpoint", 0, checkpoint_rows, .value = "{}", .flags = FILES,
            .help = "saving the state"),
    SECTION("guard", 0, guard_rows, .value = "{}", .flags = LS_KEY_FREE | LS_KEY_ALIKE,
            .help = "watching the ranks"),
    SECTION("output", 0, output_rows, .value = "{}", .flags = FILES, .help = "what a run leaves"),
    END};

const ls_key *ls_table(void) {
  static const ls_key root = {
      .name = "a config", .kind = &ls_kind_section, .sub = root_rows, .help = "the config"};
  int n = 0;
  for (; ls_optim_table[n] && n < TYPES_MAX - 2; n++) optimizer_types[n] = ls_optim_table[n]->name;
  optimizer_types[n] = "plugin";
  for (n = 0; ls_schedule_table[n] && n < TYPES_MAX - 2; n++)
    schedule_types[n] = ls_schedule_table[n]->name;
  schedule_types[n] = "plugin";
  return &root;
}
