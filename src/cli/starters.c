/* starters.c - six names of five texts, put together of parts by macros, so that what they have
 * in common reads alike. A new one needs no more than its row: tests/cli/test_config.sh has
 * each of them checked. */
#include "cli/starters.h"

#include <stddef.h>

#define TOP                                                                                      \
  "# lockstep help KEY explains a key, lockstep help keys lists them all; what is not here has " \
  "its default.\n"                                                                               \
  "version: 1\n"                                                                                 \
  "seed: 1                       # every random number follows from it\n"

#define CLASSIFIER_LAYERS                                                        \
  "  layers:                     # the width of the input comes from the data\n" \
  "    - {units: 64, activation: relu, repeat: 2}\n"                             \
  "    - {units: out, activation: softmax}         # out: one for each class\n"  \
  "loss: cross_entropy\n"

#define CLASSIFIER "model:\n" CLASSIFIER_LAYERS

/* bench/tables.py: better than the default of relu layers on tables of some hundred samples. */
#define TABLE_CLASSIFIER                                                                 \
  "model:\n"                                                                             \
  "  init: glorot_uniform        # small first weights suit small tables; he_normal is " \
  "the default\n" CLASSIFIER_LAYERS

#define REGRESSION                                                               \
  "model:\n"                                                                     \
  "  layers:                     # the width of the input comes from the data\n" \
  "    - {units: 32, activation: tanh, repeat: 2}\n"                             \
  "    - {units: out}                              # out: one for each target\n" \
  "loss: mse\n"

#define TRAINING                                                                             \
  "optimizer: {type: adam, lr: 0.001}\n"                                                     \
  "# schedule: {type: exponential, decay_rate: 0.5, decay_steps: 5 epochs}\n"                \
  "train:\n"                                                                                 \
  "  epochs: 20                  # or steps: N\n"                                            \
  "  batch: 50                   # samples in the global minibatch, whatever the number of " \
  "ranks\n"                                                                                  \
  "  # early_stop: {metric: val_loss, patience: 5}\n"                                        \
  "checkpoint: {every: 1 epoch, keep: {last: 2, best: val_loss}}\n"                          \
  "# output: {dir: runs/first}   # default: runs/<name of this file>/<number>\n"

#define HELD_OUT "  validation: 0.1             # a tenth of the training samples, drawn\n"
#define STANDARD "  scale: standard             # mean 0, deviation 1, from the training samples\n"

static const char images[] =
    "# Classify images.\n" TOP
    "data:\n"
    "  type: idx\n"
    "  dir: /usr/share/datasets/fashion-mnist      # the four standard files, .gz or not\n" HELD_OUT
    "  scale: {type: divide, by: 255}\n" CLASSIFIER TRAINING;

static const char table_classes[] =
    "# Classify the rows of a table.\n" TOP
    "data:\n"
    "  type: csv\n"
    "  # columns by name, number or range of numbers\n"
    "  train: {file: table.csv, x: [1-4], y: [class], header: true}\n" HELD_OUT STANDARD
        TABLE_CLASSIFIER TRAINING;

static const char table_numbers[] =
    "# Predict numbers from the columns of a table.\n" TOP
    "data:\n"
    "  type: csv\n"
    "  # columns by name, number or range of numbers\n"
    "  train: {file: table.csv, x: [a, b, 3-7], y: [price], header: true}\n" HELD_OUT STANDARD
        REGRESSION TRAINING;

static const char datasets[] =
    "# Predict numbers from datasets of HDF5 files.\n" TOP
    "data:\n"
    "  type: hdf5\n"
    "  train: {file: simulation-*.h5, x: /inputs/state, y: /targets/flux}\n" HELD_OUT STANDARD
        REGRESSION TRAINING;

static const char chapter[] =
    "# The chapter's classifier of MNIST with its own optimizer, and its softmax over the samples "
    "of a minibatch.\n" TOP
    "data:\n"
    "  type: idx\n"
    "  dir: data/mnist\n"
    "  skip: {train: 5000}         # the chapter's loader keeps the first 5000 for validation\n"
    "  scale: {type: divide, by: 255}\n"
    "  last_batch: drop\n"
    "model:\n"
    "  init: zeros\n"
    "  layers:\n"
    "    - {units: 10, activation: softmax_batch}    # couples the samples, so one slice only\n"
    "loss: cross_entropy_per_class  # both terms, mean over samples and classes\n"
    "optimizer: {type: sgd, lr: 0.01}\n"
    "train:\n"
    "  epochs: 51                  # the text's epochs 0 to 50\n"
    "  batch: 100\n"
    "  slices: 1\n"
    "eval: {every: 1 epoch, on: [all]}     # all 70,000 images\n";

const ls_starter ls_starters[] = {
    {"classify", "images in IDX files, by class", images},
    {"mlp", "the same", images},
    {"csv", "rows of a table, by class", table_classes},
    {"regression", "numbers from the columns of a table", table_numbers},
    {"hdf5", "numbers from datasets of HDF5 files", datasets},
    {"chapter", "the chapter's table of its own optimizer, on MNIST", chapter},
    {NULL, NULL, NULL}};
