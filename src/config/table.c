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
#include "optim/lbfgs.h"

/* One row: its name, kind, place in the section's struct, and whatever else it has. */
#define KEY(word, how, place, text, ...) \
  { .name = word, .kind = &ls_kind_##how, .at = place, .help = text, __VA_ARGS__ }
#define SECTION(word, place, rows, text, ...) \
  KEY(word, section, place, text, .sub = rows, __VA_ARGS__)
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
/* What another value means to a resume and to compare (config.h). */
#define FREE .flags = LS_KEY_FREE
#define ORDER .flags = LS_KEY_ORDER
#define OF_FILES LS_KEY_ALIKE | LS_KEY_NOT_SAVED /* what is written and shown */
#define END \
  { .name = NULL }
#define BY_TYPE \
  { .name = "" }

enum { TYPES_MAX = 33 };
static const char *optimizer_types[TYPES_MAX], *schedule_types[TYPES_MAX];
/* Rows that go with a type, a line each; types that are not here have none. */
typedef struct {
  const char *type;
  const ls_key *rows;
} variant;
static const ls_key no_rows[] = {END};
static const ls_key *find_rows(const variant *v, const char *type) {
  while (v->type && strcmp(v->type, type) != 0) v++;
  return v->rows;
}
#define BY_TYPES(name, ...)                                                            \
  static const ls_key *name(const char *type, const void *base, ls_key_space *space) { \
    static const variant all[] = {__VA_ARGS__, {NULL, no_rows}};                       \
    (void)base, (void)space;                                                           \
    return find_rows(all, type);                                                       \
  }

static const char *const data_types[] = {"idx", "hdf5", "csv", "memory", NULL};
const char *const ls_scale_names[] = {"none", "standard", "minmax", "divide", "log", NULL};
static const char *const log_scales[] = {"none", "standard", "minmax", NULL};
static const char *const orders[] = {"sequential", "shuffle", "blocks", NULL};
static const char *const last_batches[] = {"keep", "drop", NULL};
static const char *const loads[] = {"memory", "stream", NULL};
static const char *const init_types[] = {
    "auto",         "he_normal", "he_uniform", "glorot_normal", "glorot_uniform",
    "lecun_normal", "normal",    "uniform",    "zeros",         "truncated_normal",
    "constant",     "file",      NULL};
static const char *const presets[] = {"book", "tensorflow1", "pytorch", NULL};
static const char *const precisions[] = {"float32", "float64", NULL};
static const char *const gemms[] = {"own", "blas", NULL};
static const char *const nonfinites[] = {"stop", "skip", "rollback", NULL};
static const char *const class_weights[] = {"balanced", NULL};
static const char *const exchanges[] = {"auto", "shared", "tree", "mpi", NULL};
static const char *const modes[] = {"synchronous", "hogwild", "downpour", NULL};
static const char *const takes[] = {"all", "fitting", NULL};
static const char *const busies[] = {"wait", "skip", NULL};
static const char *const logs[] = {"jsonl", "csv", NULL};
static const char *const eval_units[] = {"never", "steps", "epochs", NULL};
static const char *const save_units[] = {"never", "steps", "epochs", "time", NULL};
static const char *const desync_units[] = {"never", "steps", NULL};

/* ---- data ---- */

static const ls_key hdf5_source[] = {
    KEY("file", text, AT(ls_source_spec, file),
        "an HDF5 file; * and ? stand for several, in order of their names", .example = "sim.h5"),
    KEY("x", datasets, AT(ls_source_spec, x_cols),
        "dataset of the inputs, one sample a row, or several and columns of them, side by side",
        .example = "[/T, \"/u[0:2]\"]"),
    KEY("y", datasets, AT(ls_source_spec, y_cols), "dataset of the labels or targets, likewise",
        .example = "/targets/flux"),
    KEY("transpose", bool, AT(ls_source_spec, transpose),
        "samples are the datasets' columns, as Matlab, Julia and Fortran write them",
        .value = "false"),
    END};
static const ls_key csv_source[] = {
    KEY("file", text, AT(ls_source_spec, file),
        "a CSV file; * and ? stand for several, in order of their names", .example = "table.csv"),
    KEY("x", columns, AT(ls_source_spec, x_cols),
        "columns of the inputs: names, numbers, ranges of either; rest: all but y, weights and by",
        .example = "[a, b, 3-7]"),
    KEY("y", columns, AT(ls_source_spec, y_cols), "columns of the labels or targets",
        .example = "[price]"),
    KEY("header", bool, AT(ls_source_spec, header), "does the first line hold the columns' names",
        .value = "true"),
    END};

#define SOURCE(split) (DATA(source) + (split) * sizeof(ls_source_spec))
static const char *const share_kinds[] = {"last", "random", "group", NULL};
static const ls_key share_rows[] = {
    KEY("share", real, DATA(validation.share),
        "f: floor(f n) samples of train, after limit, become validation", SHARE, .example = "0.1"),
    KEY("how", enum, DATA(validation.how),
        "random: drawn; last: the last ones, for time series; group: all samples of one "
        "value of `by` on one side, groups drawn",
        .value = "random", .choices = share_kinds),
    KEY("by", text, DATA(validation.by),
        "group: a column's name or number (csv), or a dataset of whole numbers or texts (hdf5)",
        OR("none"), .example = "patient"),
    KEY("seed", int, DATA(validation.seed),
        "the seed that random and group draw by, whatever the run's seed", .value = "1",
        FROM(0, INFINITY)),
    END};
static const ls_key fold_rows[] = {
    KEY("k", int, DATA(fold.k), "how many parts train is drawn into", FROM(2, INT32_MAX),
        .example = "5"),
    KEY("n", int, DATA(fold.n), "which of them validates, from 0", FROM(0, INT32_MAX),
        .flags = LS_KEY_ALIKE | LS_KEY_ORDER, .example = "0"),
    END};
#define VALIDATION(rows, text)                                                               \
  KEY("validation", validation, SOURCE(LS_SPLIT_VALIDATION), text, OR("none"), SHARE, ORDER, \
      .sub = rows, .drawn = share_rows, .example = "0.1"),                                   \
      SECTION("fold", 0, fold_rows,                                                          \
              "cross-validation: part n of k of train validates, drawn by how, by and seed " \
              "of data.validation, whose share does not count",                              \
              OR("none"), ORDER, .example = "{k: 5, n: 0}")

static const ls_key idx_source[] = {
    KEY("images", text, AT(ls_source_spec, file),
        "an IDX file of the inputs, of any type and number of dimensions, .gz or not",
        .example = "emnist-letters-train-images-idx3-ubyte.gz"),
    KEY("labels", text, AT(ls_source_spec, y),
        "an IDX file of the labels or targets, as many as images",
        .example = "emnist-letters-train-labels-idx1-ubyte.gz"),
    END};
static const char *const x_missing[] = {"refuse", "drop", "mean", "none", NULL};
const char *const ls_missing_y_names[] = {"refuse", "drop", "mask", NULL};
#define MISSING_NUMBERS                                                                       \
  KEY("x", fill, AT(ls_missing_spec, x),                                                      \
      "what a missing input becomes: a number; mean: the mean of train's column; drop: the "  \
      "sample is left out; refuse (or none): it is an error",                                 \
      .given = AT(ls_missing_spec, x_how), .value = "refuse", FROM(-INFINITY, INFINITY),      \
      .choices = x_missing, .example = "mean"),                                               \
      KEY("y", enum, AT(ls_missing_spec, y),                                                  \
          "a missing label or target; refuse: it is an error; drop: the sample is left out; " \
          "mask: that target does not count (regression)",                                    \
          .value = "refuse", .choices = ls_missing_y_names)
static const ls_key missing_numbers[] = {MISSING_NUMBERS, END};
static const ls_key missing_rows[] = {
    MISSING_NUMBERS,
    KEY("text", texts, AT(ls_missing_spec, text),
        "words that mean missing, besides nothing, NA, N/A, nan, null, None and ?", .value = "[]",
        .example = "[-999, unknown]"),
    END};
#define MISSING(rows, an_example)                                                                \
  SECTION("missing", DATA(missing), rows, "what becomes of missing values; a number alone is x", \
          .value = "{}", .lone = "x", ORDER, .example = an_example)
static const ls_key idx_rows[] = {
    KEY("dir", text, DATA(dir),
        "folder of the four standard files (train-images-idx3-ubyte and so on; those of test may "
        "be missing), .gz or not",
        OR("none"), FREE, .example = "/usr/share/datasets/fashion-mnist"),
    KEY("train", source, SOURCE(LS_SPLIT_TRAIN), "the training samples' files, by any names",
        OR("none"), .sub = idx_source, ORDER),
    VALIDATION(
        idx_source,
        "a share f: floor(f n) samples of train, drawn at random after limit; or a source of "
        "its own"),
    KEY("test", source, SOURCE(LS_SPLIT_TEST), "the test samples' files, by any names", OR("none"),
        .sub = idx_source),
    MISSING(missing_numbers, "{x: mean, y: drop}"),
    END};
static const char *const decimals[] = {".", ",", NULL};
static const char *const comments[] = {"none", "#", NULL};
static const char *const text_inputs[] = {"refuse", "one_hot", NULL};
#define FILE_ROWS(rows, of_weights, a_weight)                                                     \
  MISSING(missing_rows, "{x: 0, text: [-999]}"),                                                  \
      KEY("train", source, SOURCE(LS_SPLIT_TRAIN), "where the training samples are", .sub = rows, \
          ORDER),                                                                                 \
      VALIDATION(rows,                                                                            \
                 "a share f: floor(f n) samples of train, drawn at random after limit; "          \
                 "or a source of its own"),                                                       \
      KEY("test", source, SOURCE(LS_SPLIT_TEST), "where the test samples are", OR("none"),        \
          .sub = rows),                                                                           \
      KEY("weights", text, DATA(weights), of_weights, OR("none"), .example = a_weight), END
static const ls_key hdf5_rows[] = {
    FILE_ROWS(hdf5_source, "dataset of each training sample's weight in the loss, a number >= 0",
              "/train/weights")};
static const ls_key csv_rows[] = {
    KEY("separator", enum, DATA(csv.separator),
        "what stands between the fields; auto: a comma, or the first of ; tab | blanks, that the "
        "first line has outside quotes",
        .value = "auto", .choices = ls_separator_names, FREE, .example = "\";\""),
    KEY("decimal", switch, DATA(csv.decimal_comma), "decimal mark of the numbers", .value = ".",
        .choices = decimals, .example = "\",\""),
    KEY("comment", switch, DATA(csv.comment),
        "what begins a comment, which goes to the end of its line", .value = "none",
        .choices = comments, .example = "\"#\""),
    KEY("text_inputs", switch, DATA(csv.one_hot),
        "one_hot: a column of x with texts becomes one input for each of its texts in train, "
        "sorted "
        "as classes are: 1 where it is that text, else 0; refuse: a text is an error",
        .value = "refuse", .choices = text_inputs),
    FILE_ROWS(csv_source, "column of each training sample's weight in the loss, a number >= 0",
              "survey_weight")};

static const ls_key memory_rows[] = {
    KEY("inputs", int, DATA(given_inputs), "how many inputs a sample has", FROM(1, INT32_MAX),
        ORDER, .example = "3"),
    KEY("targets", int, DATA(given_targets),
        "how many targets a sample has; 1 if that is the number of its class, data.classes if it "
        "has a share of each class",
        .value = "1", FROM(1, INT32_MAX)),
    KEY("samples", int, DATA(given_samples),
        "how many samples the program calls an epoch; auto: a minibatch", OR("auto"),
        FROM(1, INT32_MAX), ORDER, .example = "10000"),
    MISSING(missing_numbers, "{x: mean, y: mask}"),
    KEY("input_names", texts, DATA(given_names[0]), "what the inputs are called, with their units",
        .value = "[]", FREE, .example = "[\"speed [m/s]\", angle]"),
    KEY("target_names", texts, DATA(given_names[1]),
        "what the targets are called, with their units", .value = "[]", FREE,
        .example = "[\"lift [N]\"]"),
    KEY("class_names", texts, DATA(given_classes), "what the classes are called, from number 0 on",
        .value = "[]", FREE, .example = "[laminar, turbulent]"),
    END};

BY_TYPES(data_by_type, {"idx", idx_rows}, {"memory", memory_rows}, {"hdf5", hdf5_rows},
         {"csv", csv_rows})

static const ls_key scale_divide[] = {
    KEY("by", real, AT(ls_scaling, by), "what inputs are divided by", POSITIVE, .example = "255"),
    END};
static const ls_key scale_log[] = {
    KEY("then", enum, AT(ls_scaling, of_log), "how the logarithms are scaled", .value = "none",
        .choices = log_scales, .example = "standard"),
    END};
BY_TYPES(scale_by_type, {"log", scale_log}, {"divide", scale_divide})
#define SCALE_TYPE                                                                     \
  KEY("type", enum, AT(ls_scaling, kind),                                              \
      "divide: x / by; log: the natural logarithm, of numbers > 0; standard: mean 0, " \
      "deviation 1; minmax: 0 to 1; statistics are those of train",                    \
      .value = "none", .choices = ls_scale_names, .example = "standard"),              \
      BY_TYPE
static const ls_key column_scale_rows[] = {SCALE_TYPE, END};
static const ls_key scale_rows[] = {
    SCALE_TYPE,
    KEY("columns", scalings, AT(ls_scale_spec, columns),
        "columns of x or y that are scaled otherwise, as x names them, or by their dataset: each "
        "with a type, or a mapping like this one",
        .value = "{}", .sub = column_scale_rows, .by_type = scale_by_type,
        .example = "{pressure: {type: log, then: standard}, 3-7: none}"),
    END};

#define SPLITS(text, others, ...)                                                            \
  KEY("train", int, 0, text " of train", ORDER, __VA_ARGS__),                                \
      KEY("validation", int, sizeof(int64_t), text " of validation, where that is a source", \
          .flags = others, __VA_ARGS__),                                                     \
      KEY("test", int, 2 * sizeof(int64_t), text " of test", .flags = others, __VA_ARGS__), END
static const ls_key skip_rows[] = {
    SPLITS("leave out the first samples", 0, COUNT(0), .value = "0")};
static const ls_key limit_rows[] = {SPLITS("use that many samples, after skip,", LS_KEY_FREE,
                                           COUNT(1), OR("all"), .word_value = -1)};

static const ls_key data_rows[] = {
    KEY("type", name, DATA(type), "format of the data", .choices = data_types, ORDER,
        .example = "idx"),
    BY_TYPE,
    KEY("classes", int, DATA(classes),
        "number of classes; auto: from the labels (regression has none)", OR("auto"),
        FROM(2, INT32_MAX), .example = "10"),
    SECTION("skip", DATA(skip), skip_rows, "samples to leave out at the start of each split",
            .value = "{}", .example = "{train: 5000}"),
    SECTION("limit", DATA(limit), limit_rows, "samples to use of each split, after skip",
            .value = "{}", .example = "{train: 60000, test: 10000}"),
    SECTION("scale", DATA(scale), scale_rows, "how inputs and real targets are scaled",
            .by_type = scale_by_type, .value = "none", .example = "{type: divide, by: 255}"),
    KEY("order", enum, DATA(order),
        "shuffle: a new order every epoch, a function of the seed; blocks: the same, about 64 MB "
        "at "
        "a time, for streams; sequential: as in the file",
        .value = "shuffle", .choices = orders, ORDER),
    KEY("last_batch", switch, DATA(drop_last),
        "a last minibatch that is smaller: keep it, weighted by its size, or drop it",
        .value = "keep", .choices = last_batches),
    KEY("load", switch, DATA(stream),
        "memory: read once; stream: samples stay in their HDF5 files and are read while "
        "training, to the same numbers",
        .value = "memory", .choices = loads, FREE),
    KEY("budget", int, DATA(budget),
        "stream: megabytes that the ranks of a host may take together to read ahead",
        .value = "256", FROM(1, 1 << 20), FREE),
    END};

/* ---- model ---- */

static const ls_key init_scale[] = {
    KEY("scale", real, AT(ls_init_spec, scale),
        "standard deviation (normal) or half-width (uniform)", POSITIVE, .example = "0.1"),
    END};
static const ls_key init_truncated[] = {
    KEY("stddev", real, AT(ls_init_spec, scale), "standard deviation s, cut at 2 s", OR("none"),
        POSITIVE, .example = "0.1"),
    KEY("fan_in_gain", real, AT(ls_init_spec, fan_in_gain),
        "instead of stddev: s = gain / sqrt(inputs of the layer)", OR("none"), POSITIVE,
        .example = "2"),
    END};
static const ls_key init_constant[] = {
    KEY("value", real, AT(ls_init_spec, value), "the value of every weight",
        FROM(-INFINITY, INFINITY), .open_max = true, .example = "0"),
    END};
static const ls_key init_file[] = {
    KEY("file", text, AT(ls_init_spec, file), "an HDF5 file or checkpoint with /model/NNNN/W and b",
        .example = "start.h5"),
    KEY("layers", take, AT(ls_init_spec, layers),
        "which of its layers to take; fitting: those whose shapes fit; the others are drawn as "
        "by auto",
        .value = "all", .choices = takes, .example = "[0-2]"),
    END};
BY_TYPES(init_by_type, {"normal", init_scale}, {"uniform", init_scale},
         {"truncated_normal", init_truncated}, {"constant", init_constant}, {"file", init_file})
static const ls_key init_rows[] = {
    KEY("type", enum, AT(ls_init_spec, kind),
        "distribution of the initial weights; auto: he_normal for relu-like layers, else "
        "glorot_uniform; biases are 0",
        .choices = init_types, .example = "he_normal"),
    BY_TYPE, END};

#define TRAINABLE                                                                           \
  KEY("trainable", unless, AT(ls_layer_spec, frozen),                                       \
      "false: its weights stay as they are at the start; no weight decay or noise changes " \
      "them, and they count in no norm",                                                    \
      .value = "true", .example = "false")
static const ls_key dense_rows[] = {
    KEY("units", int, AT(ls_layer_spec, units), "outputs of the layer; out: as many as the targets",
        FROM(1, INT32_MAX), .word = "out", .example = "20"),
    KEY("activation", activation, AT(ls_layer_spec, activation), "function of the layer's outputs",
        .value = "linear", .choices = ls_activation_names, .example = "relu"),
    TRAINABLE, END};
static const ls_key layer_norm_rows[] = {TRAINABLE, END};
static const ls_key dropout_rows[] = {
    KEY("rate", real, AT(ls_layer_spec, rate), "share of the units that is dropped in training",
        FROM(0, 1), .open_max = true, .example = "0.5"),
    END};
static const ls_key residual_rows[] = {
    KEY("span", int, AT(ls_layer_spec, span), "layers that the connection jumps over", .value = "2",
        FROM(1, LS_LAYERS_MAX)),
    END};
BY_TYPES(layer_by_type, {"dense", dense_rows}, {"dropout", dropout_rows},
         {"layer_norm", layer_norm_rows}, {"residual", residual_rows})
static const ls_key layer_rows[] = {
    KEY("type", word, AT(ls_layer_spec, type), "what the layer does", .value = "dense",
        .choices = ls_layer_names),
    BY_TYPE,
    KEY("repeat", repeat, AT(ls_layer_item, repeat), "how many of it in a row", .value = "1",
        FROM(1, LS_LAYERS_MAX), .example = "4"),
    END};

static const ls_key model_rows[] = {
    SECTION("init", ROOT(init), init_rows, "initial weights", .by_type = init_by_type,
            .value = "auto", .example = "{type: truncated_normal, fan_in_gain: 2}"),
    KEY("layers", layers, 0, "the layers in order; the width of the input comes from the data",
        .sub = layer_rows, .by_type = layer_by_type,
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

static const ls_key watched_metric =
    KEY("metric", name, AT(ls_schedule_spec, metric), "the metric that has to improve",
        .value = "val_loss", .choices = ls_metric_followed + 1);
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
  if (strcmp(type, "plateau") == 0) space->row[n++] = watched_metric;
  space->row[n].name = NULL;
  return space->row;
}

static const ls_key optimizer_rows[] = {
    KEY("type", optim, 0, "how the weights follow the gradient", .choices = optimizer_types,
        .example = "adam"),
    KEY("file", optim_file, AT(ls_optim_spec, file),
        "with type plugin: its shared library, whose own keys then go here too", .value = "none",
        .example = "./mine.so"),
    KEY("preset", name, AT(ls_optim_spec, preset),
        "the forms and epsilons of the book, TensorFlow 1 or PyTorch as defaults of the "
        "other keys",
        OR("none"), .choices = presets, .example = "tensorflow1"),
    KEY("lr", real, AT(ls_optim_spec, lr), "initial learning rate, which the schedule changes",
        POSITIVE, .example = "0.001"),
    KEY("weight_decay", real, AT(ls_optim_spec, weight_decay),
        "added to the gradient as weight_decay times the weight (lbfgs: to the loss, half of it "
        "times the squared weight); decoupled for adamw and lamb",
        .value = "0", NOT_NEGATIVE, .example = "1e-4"),
    BY_TYPE,
    END};
static const char *const then_types[] = {"lbfgs", NULL};
static const ls_key then_rows[] = {
    KEY("type", optim, 0, "the second optimizer", .choices = then_types, .example = "lbfgs"),
    KEY("after", steps, AT(ls_then, after), "how many updates the first optimizer makes",
        .epochs = AT(ls_then, epochs), COUNT(1), .example = "20 epochs"),
    KEY("lr", real, AT(ls_optim_spec, lr), "the first length that each line search tries",
        .value = "1", POSITIVE),
    KEY("weight_decay", real, AT(ls_optim_spec, weight_decay),
        "half of it times the sum of the squared weights is added to the loss", .value = "0",
        NOT_NEGATIVE, .example = "1e-4"),
    BY_TYPE,
    END};
static const ls_key schedule_rows[] = {
    KEY("type", schedule, 0, "learning rate as a function of global_step", .value = "constant",
        .choices = schedule_types, .example = "inverse_time"),
    KEY("file", schedule_file, AT(ls_schedule_spec, file),
        "with type plugin: its shared library, whose own keys then go here too", .value = "none",
        .example = "./mine.so"),
    BY_TYPE,
    KEY("warmup", steps, AT(ls_schedule_spec, warmup),
        "W: at global_step j the rate is multiplied by min(1, (j+1)/W)",
        .epochs = AT(ls_schedule_spec, warmup_epochs), .value = "0", COUNT(0),
        .example = "1 epoch"),
    KEY("scaling", enum, AT(ls_schedule_spec, scaling),
        "optimizer.lr was found for minibatches of base_batch: times batch/base_batch (linear), or "
        "the square root of that (sqrt)",
        .value = "none", .choices = ls_scaling_rules, .example = "linear"),
    KEY("base_batch", int, AT(ls_schedule_spec, base_batch),
        "with scaling: the train.batch that optimizer.lr was found for", OR("none"), COUNT(1),
        .example = "256"),
    END};

/* ---- train and the rest ---- */

static const ls_key noise_rows[] = {
    KEY("eta", real, AT(ls_gradient_spec, noise_eta), "variance of the noise at global_step 0",
        POSITIVE, .example = "0.3"),
    KEY("gamma", real, AT(ls_gradient_spec, noise_gamma),
        "the variance is eta / (1 + j)^gamma at global_step j", .value = "0.55", NOT_NEGATIVE),
    END};
static const ls_key early_rows[] = {
    KEY("metric", name, ROOT(early_metric), "the metric that has to improve", .value = "val_loss",
        .choices = ls_metric_followed + 1),
    KEY("patience", int, ROOT(early_patience),
        "evaluations without a better value after which training ends", COUNT(1), .example = "15"),
    KEY("min_delta", real, ROOT(early_min_delta), "a value counts as better only by more than this",
        .value = "0", NOT_NEGATIVE, .example = "1e-4"),
    END};
static const char *const averages[] = {"ema", NULL};
static const ls_key average_rows[] = {
    KEY("type", name, ROOT(average_type),
        "ema: the exponential mean over the updates, corrected for its start", .value = "ema",
        .choices = averages),
    KEY("decay", real, ROOT(average_decay), "how much of the average is kept at each update",
        .value = "0.999", FROM(0, 1), .open_max = true, .example = "0.9999"),
    END};
static const ls_key downpour_rows[] = {
    KEY("fetch", int, ROOT(downpour_fetch),
        "a rank's minibatches from one fetch of the weights to the next; in between it goes on "
        "with "
        "its own gradients",
        .value = "1", COUNT(1), .example = "5"),
    KEY("push", int, ROOT(downpour_push),
        "minibatches whose gradients a rank sums before it pushes them", .value = "1", COUNT(1),
        .example = "5"),
    END};
static const ls_key train_rows[] = {
    KEY("epochs", int, ROOT(epochs),
        "how often to go through the training samples; either this or steps is required",
        OR("none"), COUNT(1), FREE, .example = "100"),
    KEY("steps", int, ROOT(steps),
        "how many weight updates to make; either this or epochs is required", OR("none"), COUNT(1),
        FREE, .example = "10000"),
    KEY("batch", int, ROOT(batch),
        "samples in the global minibatch, whatever the number of ranks; 1 is stochastic, "
        "full takes all",
        COUNT(1), .word = "full", .example = "50"),
    KEY("slices", int, ROOT(slices),
        "parts of the minibatch: the same bits on any number of ranks up to this; auto: "
        "the smallest power of two >= batch/8, at "
        "most 64; 0: one a rank, and the bits depend on the ranks",
        OR("auto"), .word_value = -1, FROM(0, LS_SLICES_MAX), .example = "8",
        .flags = LS_KEY_FIXED),
    KEY("accumulate", int, ROOT(accumulate),
        "no rank has more than 1/N of a minibatch in memory: its share comes in rounds, whose "
        "gradients are added up, to the same bits",
        .value = "1", FROM(1, LS_SLICES_MAX), FREE, .example = "8"),
    KEY("class_weights", classes, ROOT(data.class_weights),
        "the weight of each class's samples in the loss; balanced: samples / (classes x "
        "samples of the class)",
        OR("none"), NOT_NEGATIVE, .choices = class_weights, .example = "{cat: 2.5, dog: 0.5}"),
    KEY("precision", enum, ROOT(precision), "precision of weights, data and arithmetic",
        .value = "float32", .choices = precisions, .flags = LS_KEY_FIXED),
    KEY("clip_norm", real, ROOT(gradient.clip_norm),
        "a gradient of a larger norm is scaled down to this", OR("none"), POSITIVE, .example = "1"),
    KEY("clip_value", real, ROOT(gradient.clip_value),
        "every element of the gradient is cut to [-v, v]", OR("none"), POSITIVE, .example = "0.5"),
    SECTION("gradient_noise", ROOT(gradient), noise_rows,
            "normal noise on the gradient (arXiv 1511.06807)", OR("none"),
            .example = "{eta: 0.3, gamma: 0.55}"),
    KEY("nonfinite", enum, ROOT(nonfinite),
        "at a loss or gradient that is not finite: stop, skip the update, or roll back to "
        "the last checkpoint",
        .value = "stop", .choices = nonfinites),
    SECTION("early_stop", 0, early_rows, "end training when a metric no longer improves",
            OR("none"), .example = "{metric: val_loss, patience: 15}"),
    KEY("restore_best", bool, ROOT(restore_best),
        "final.h5 holds the weights of the best evaluation, by checkpoint.keep.best, instead of "
        "the last ones",
        .value = "false", .example = "true", .flags = LS_KEY_FIXED),
    SECTION("average", 0, average_rows,
            "an average of the weights over the updates, which is evaluated, saved as /model and "
            "used; training goes on with its own weights",
            OR("none"), .example = "{type: ema, decay: 0.999}"),
    KEY("gemm", enum, ROOT(gemm),
        "who makes the matrix products: own, to the same bits on every CPU; blas, the system's "
        "CBLAS, to the same bits on CPUs of one kind with one library",
        .value = "own", .choices = gemms),
    KEY("mode", name, ROOT(mode),
        "synchronous: all ranks make each update together; hogwild: each rank of one host makes "
        "updates of its own in one copy of the weights; downpour: each rank fetches weights from, "
        "and pushes gradients to, shards that the first rank of each host serves; with the latter "
        "two the bits depend on timing",
        .value = "synchronous", .choices = modes),
    KEY("staleness", int, ROOT(staleness),
        "hogwild, downpour: how many updates of others a gradient may miss before it is made once "
        "more from newer weights; auto: 4 times the ranks, times downpour.fetch",
        OR("auto"), .word_value = -1, COUNT(0), FREE, .example = "16"),
    SECTION("downpour", 0, downpour_rows, "with mode downpour: how often a rank asks the shards",
            .value = "{}", .example = "{fetch: 5, push: 5}"),
    KEY("exchange", name, ROOT(exchange),
        "how gradients are summed over the ranks; mpi is plain MPI_Allreduce, a reference "
        "whose bits depend on the ranks",
        .value = "auto", .choices = exchanges, FREE),
    END};
static const ls_key eval_rows[] = {
    KEY("every", every, ROOT(eval_every), "how often to evaluate", .value = "1 epoch",
        .choices = eval_units),
    KEY("on", set, ROOT(eval_on),
        "which samples; auto: validation every time and test at the end, where they exist",
        .given = ROOT(eval_on_given), OR("auto"), .choices = ls_split_names,
        .example = "[validation, test]"),
    KEY("metrics", set, ROOT(metric[1]),
        "what evaluations write to the metrics besides the loss; auto: accuracy, and mae, "
        "rmse and r2, where they make sense",
        .given = ROOT(metrics_given), OR("auto"), .choices = ls_metric_names + 1,
        .example = "[accuracy, f1, top_k, per_class]"),
    KEY("top_k", int, ROOT(top_k), "K of the metric top_k: is the class among the K best",
        .value = "5", COUNT(1), .example = "3"),
    END};
static const ls_key keep_rows[] = {
    KEY("last", int, ROOT(keep_last), "how many of the newest checkpoints to keep", .value = "2",
        COUNT(1)),
    KEY("best", name, ROOT(keep_best),
        "keep the best one by this metric too; auto: val_loss where there is validation",
        OR("auto"), .choices = ls_metric_followed, .example = "val_loss"),
    END};
static const ls_key checkpoint_rows[] = {
    KEY("every", every, ROOT(save_every), "how often to save", .value = "1 epoch",
        .choices = save_units),
    SECTION("keep", 0, keep_rows, "which checkpoints stay", .value = "{}",
            .example = "{last: 2, best: val_loss}"),
    KEY("async", bool, ROOT(save_async), "write while training goes on", .value = "true"),
    KEY("busy", switch, ROOT(save_skip_busy),
        "what to do while older ones are still being written: wait, or skip this one",
        .value = "wait", .choices = busies),
    END};
static const ls_key guard_rows[] = {
    KEY("desync_every", every, ROOT(desync_every), "how often the ranks compare their weights",
        .value = "100 steps", .choices = desync_units),
    KEY("watchdog", seconds, ROOT(watchdog),
        "end the job, naming the rank, when one has been stuck for this long",
        .value = TEXT_OF(LS_WATCHDOG_SECONDS) " s", .word = "never"),
    END};
static const ls_key output_rows[] = {
    KEY("dir", text, ROOT(out_dir), "run folder; auto: runs/<config name>/<number>", OR("auto"),
        .example = "runs/fashion"),
    KEY("log", set, ROOT(log_jsonl), "forms of the metrics in the run folder",
        .value = "[jsonl, csv]", .choices = logs),
    KEY("step_every", int, ROOT(step_every),
        "updates between two step events in metrics.jsonl; 0: none", .value = "0", COUNT(0),
        .example = "100"),
    KEY("log_weights", bool, ROOT(log_weights),
        "all weights in step events, for models of up to 64", .value = "false"),
    END};

static const ls_key root_rows[] = {
    KEY("version", int, ROOT(version), "version of the config format", FROM(1, 1), .example = "1"),
    KEY("seed", int, ROOT(seed), "every random number follows from it", .value = "1",
        FROM(0, INFINITY), .flags = LS_KEY_ALIKE | LS_KEY_ORDER, .example = "42"),
    SECTION("data", ROOT(data), data_rows, "the samples", .by_type = data_by_type),
    SECTION("model", 0, model_rows, "the network"),
    KEY("loss", loss, ROOT(loss), "what training minimizes", .choices = ls_loss_names,
        .example = "cross_entropy"),
    KEY("loss_file", loss_file, ROOT(loss_file),
        "with loss plugin: its shared library (lockstep/loss.h)", .value = "none",
        .example = "./mine.so"),
    KEY("quantiles", reals, ROOT(quantiles),
        "with loss quantile: which ones, in ascending order; each has an output", OR("none"),
        .list = ROOT(quantile), FROM(0, 1), .open_min = true, .open_max = true,
        .example = "[0.1, 0.5, 0.9]"),
    SECTION("optimizer", ROOT(optimizer), optimizer_rows, "how the weights follow the gradient",
            .by_type = optimizer_by_type, .own = AT(ls_optim_spec, own_keys),
            .example = "{type: adam, lr: 0.001}"),
    SECTION("then", ROOT(then), then_rows,
            "a second optimizer, which goes on where the first one ends",
            .by_type = optimizer_by_type, OR("none"), .example = "{type: lbfgs, after: 20 epochs}"),
    SECTION("schedule", ROOT(schedule), schedule_rows, "learning rate over the weight updates",
            .by_type = schedule_by_type, .value = "{}", .own = AT(ls_schedule_spec, own_keys),
            .example = "{type: inverse_time, decay_rate: 0.1, decay_steps: 1000}"),
    SECTION("train", 0, train_rows, "how long and how to train"),
    SECTION("eval", 0, eval_rows, "evaluation", .value = "{}", FREE),
    SECTION("checkpoint", 0, checkpoint_rows, "saving the state", .value = "{}", .flags = OF_FILES),
    SECTION("guard", 0, guard_rows, "watching the ranks", .value = "{}",
            .flags = LS_KEY_FREE | LS_KEY_ALIKE),
    SECTION("output", 0, output_rows, "what a run leaves", .value = "{}", .flags = OF_FILES),
    END};

const ls_key *ls_table(void) {
  static const ls_key root = {
      .name = "a config", .kind = &ls_kind_section, .sub = root_rows, .help = "the config"};
  int n = 0;
  for (; ls_optim_table[n] && n < TYPES_MAX - 3; n++) optimizer_types[n] = ls_optim_table[n]->name;
  optimizer_types[n++] = ls_optim_lbfgs.name;
  optimizer_types[n] = "plugin";
  for (n = 0; ls_schedule_table[n] && n < TYPES_MAX - 2; n++)
    schedule_types[n] = ls_schedule_table[n]->name;
  schedule_types[n] = "plugin";
  return &root;
}
