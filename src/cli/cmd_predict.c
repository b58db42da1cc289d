/* cmd_predict.c - lockstep predict: the outputs of a checkpoint for new samples. The ranks share
 * the samples in rounds; rank 0 writes them in order, so the file has the same bytes whatever their
 * number, and no rank ever holds more outputs than a round's. Of several networks, one after the
 * other is asked for all samples, and each rank keeps the sums of its own. */
#include <limits.h>
#include <string.h>

#include "base/alive.h"
#include "base/clamp.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/networks.h"
#include "cli/outputs.h"
#include "cli/print.h"
#include "data/trained.h"
#include "train/ensemble.h"
#include "train/infer.h"

/* A round is so many blocks of ROWS samples for each rank. */
enum { ROWS = LS_EVAL_ROWS, BLOCKS = 16 };

typedef struct {
  const char *input, *output;
  bool force, no_header, jacobian;
  int threads, best;
} options;

typedef struct {
  ls_comm *comm;
  ls_run *run; /* of the first network: names, classes, sizes */
  ls_apply_what what;
  bool classes; /* the largest output's number too */
  int64_t rows, width, blocks;
  ls_texts slopes;       /* the derivatives' names; none where inputs or outputs have none */
  ls_dtype made;         /* the numbers of a row */
  ls_ensemble *ensemble; /* of this rank's samples; NULL: one network */
  int tables;            /* 1, or mean and spread */
  void *mine,
      *other; /* (tables, blocks * ROWS, width): this rank's outputs of a round, another's */
  ls_outputs *outputs; /* rank 0 */
} predictor;

/* A network at work. */
typedef struct {
  ls_run *run;
  ls_apply apply;
  int64_t index[ROWS];
} network;

/* Samples that a rank takes in a round at most. */
static int64_t turn(const predictor *p) { return p->blocks * ROWS; }

static int64_t first_of(const predictor *p, int64_t round, int rank) {
  return (round * ls_comm_size(p->comm) + rank) * turn(p);
}

/* And how many it takes. */
static int64_t rows_of(const predictor *p, int64_t round, int rank) {
  return ls_clamp(p->rows - first_of(p, round, rank), 0, turn(p));
}

static int64_t rounds(const predictor *p) {
  const int64_t each = ls_comm_size(p->comm) * turn(p);
  return (p->rows + each - 1) / each;
}

static ls_status open_predictor(predictor *p) {
  const size_t numbers = (size_t)(p->tables * turn(p) * p->width);
  const size_t size = ls_dtype_size(p->made);
  if (p->tables > 1) LS_TRY(ls_ensemble_new(rounds(p) * turn(p), p->width, &p->ensemble));
  LS_TRY(ls_mem_new(&p->mine, numbers, size));
  return ls_mem_new(&p->other, numbers, size);
}

/* A network's outputs for this rank's samples of a round, into mine. */
static ls_status compute(predictor *p, network *n, int64_t round) {
  const ls_batch *b = &n->apply.batch;
  const size_t size = ls_dtype_size(p->made);
  const int me = ls_comm_rank(p->comm);
  const int64_t first = first_of(p, round, me), rows = rows_of(p, round, me);
  for (int64_t done = 0; done < rows; done += ROWS) {
    const int64_t count = ls_clamp(rows - done, 0, ROWS);
    ls_alive();
    for (int64_t i = 0; i < count; i++) n->index[i] = first + done + i;
    LS_TRY(ls_data_gather(n->run->data, LS_SPLIT_TRAIN, n->index, count, b));
    ls_apply_rows(&n->apply, count, p->made, (char *)p->mine + (size_t)(done * p->width) * size);
  }
  return LS_OK;
}

static size_t bytes_of(const predictor *p, int64_t rows) {
  return (size_t)(p->tables * rows * p->width) * ls_dtype_size(p->made);
}

/* Every rank's outputs of a round to rank 0, which writes them in order of the samples. */
static ls_status collect(predictor *p, int64_t round) {
  ls_comm *comm = p->comm;
  const int me = ls_comm_rank(comm);
  int64_t rows = rows_of(p, round, me);
  if (me > 0) {
    if (rows > 0) ls_comm_send(comm, p->mine, bytes_of(p, rows), 0);
    return LS_OK;
  }
  ls_status status = ls_outputs_write(p->outputs, rows, p->mine);
  for (int r = 1; r < ls_comm_size(comm); r++) {
    rows = rows_of(p, round, r);
    if (rows == 0) break;
    /* also after a failure: the senders are on their way */
    ls_comm_recv(comm, p->other, bytes_of(p, rows), r);
    if (status == LS_OK) status = ls_outputs_write(p->outputs, rows, p->other);
  }
  return status;
}

/* One network's outputs are written, one of several's are kept. */
static ls_status apply(predictor *p, network *n) {
  ls_comm_at(p->comm, "prediction");
  if (p->ensemble) ls_ensemble_next(p->ensemble);
  for (int64_t round = 0; round < rounds(p); round++) {
    const int64_t rows = rows_of(p, round, ls_comm_rank(p->comm));
    LS_TRY(ls_comm_agree(p->comm, compute(p, n, round)));
    if (p->ensemble)
      ls_ensemble_add(p->ensemble, round * turn(p), rows, p->made, p->mine);
    else
      LS_TRY(ls_comm_agree(p->comm, collect(p, round)));
  }
  return LS_OK;
}

static ls_status write_ensemble(predictor *p) {
  for (int64_t round = 0; p->ensemble && round < rounds(p); round++) {
    const int64_t rows = rows_of(p, round, ls_comm_rank(p->comm));
    ls_ensemble_get(p->ensemble, round * turn(p), rows, p->made, p->mine);
    LS_TRY(ls_comm_agree(p->comm, collect(p, round)));
  }
  return LS_OK;
}

/* A column's name without its unit. */
static int bare(const char *name) {
  const char *unit = strstr(name, " [");
  return unit ? (int)(unit - name) : (int)strlen(name);
}

/* Without names: classes are their numbers, others y1 or x1 and so on. */
static char *name_one(const char *name, bool number, char letter, int64_t k) {
  if (name && *name) return ls_mem_format("%.*s", bare(name), name);
  return number ? ls_mem_format("%jd", k) : ls_mem_format("%c%jd", letter, k + 1);
}

/* "d flux/d pressure", by rows; in HDF5 only where there is a name. */
static ls_status name_slopes(predictor *p, const char *path) {
  const ls_texts *outputs = &p->run->from->names;
  const ls_trained *trained = &p->run->from->trained;
  const bool named = ls_trained_named(trained, LS_ROLE_X),
             classes = ls_config_has_classes(p->run->config);
  if (ls_outputs_are_h5(path) && outputs->count == 0 && !named) return LS_OK;
  LS_NEW(p->slopes.text, p->width);
  const int64_t inputs = p->run->from->inputs;
  for (; p->slopes.count < p->width; p->slopes.count++) {
    const int64_t o = p->slopes.count / inputs, i = p->slopes.count % inputs;
    char *y = name_one(o < outputs->count ? outputs->text[o] : NULL, classes, 'y', o),
         *x = name_one(named ? trained->name.text[trained->at[LS_ROLE_X][i]] : NULL, false, 'x', i);
    p->slopes.text[p->slopes.count] = ls_mem_format("d %s/d %s", y, x);
    LS_FREE(y);
    LS_FREE(x);
  }
  return LS_OK;
}

static ls_status open_outputs(predictor *p, const options *o) {
  ls_outputs_args args = {.path = o->output,
                          .replace = o->force,
                          .what = o->jacobian ? "jacobian" : "predictions",
                          .rows = p->rows,
                          .width = p->width,
                          .type = p->made,
                          .classes = p->classes,
                          .spread = p->tables > 1,
                          .names = o->jacobian ? &p->slopes : &p->run->from->names};
  if (o->jacobian) LS_TRY(name_slopes(p, o->output));
  return ls_outputs_open(&args, &p->outputs);
}

/* What the first network says of the outputs, and where they go. */
static ls_status prepare(predictor *p, const options *o) {
  const ls_checkpoint *from = p->run->from;
  const bool root = ls_comm_rank(p->comm) == 0;
  p->rows = ls_data_rows(p->run->data, LS_SPLIT_TRAIN);
  p->classes = ls_config_has_classes(p->run->config) && !o->jacobian;
  p->width = from->outputs * (o->jacobian ? from->inputs : 1);
  p->blocks = o->jacobian ? 1 : BLOCKS;
  p->made = p->tables > 1 ? LS_F64 : ls_apply_type(from);
  LS_TRY(ls_comm_agree(p->comm, open_predictor(p)));
  return ls_comm_agree(p->comm, root ? open_outputs(p, o) : LS_OK);
}

static ls_status use(predictor *p, network *n, const char *path, const options *o) {
  const ls_infer_options infer = {
      .inputs = o->input, .no_header = o->no_header, .threads = o->threads, .what = p->what};
  LS_TRY(ls_run_infer(p->comm, path, &infer, &n->run));
  if (ls_model_couples_samples(n->run->model))
    return ls_fail(LS_ECONFIG,
                   "softmax_batch makes every output depend on all samples of the batch; there is "
                   "no prediction for one sample");
  if (p->run) LS_TRY(ls_networks_agree(p->run->from, n->run->from, path));
  if (p->run && ls_data_rows(n->run->data, LS_SPLIT_TRAIN) != p->rows)
    return ls_fail(LS_EDATA, "%s: %s has %jd samples for this network, %jd for the first", path,
                   o->input, ls_data_rows(n->run->data, LS_SPLIT_TRAIN), p->rows);
  LS_TRY(ls_comm_agree(p->comm, ls_apply_open(n->run->model, n->run->from, p->what, &n->apply)));
  if (!p->run) {
    p->run = n->run;
    LS_TRY(prepare(p, o));
  }
  return apply(p, n);
}

static ls_status use_each(predictor *p, const ls_texts *paths, const options *o) {
  ls_status status = LS_OK;
  for (int64_t i = 0; i < paths->count && status == LS_OK; i++) {
    network *n;
    LS_COMM_NEW(p->comm, n, 1);
    status = use(p, n, paths->text[i], o);
    ls_apply_close(&n->apply);
    if (n->run != p->run) ls_run_free(&n->run);
    LS_FREE(n);
  }
  return status;
}

static void tell(ls_cli *cli, const predictor *p, const ls_texts *paths, const options *o) {
  const bool h5 = ls_outputs_are_h5(o->output);
  json_t *done = json_object();
  ls_put(done, "file", o->output);
  ls_put(done, "samples", p->rows);
  ls_put(done, "outputs", p->width);
  if (p->tables > 1) ls_put(done, "networks", paths->count);
  ls_put_bool(done, "_h5", h5);
  ls_put(done, "_what", o->jacobian ? "jacobian" : "predictions");
  ls_put_bool(done, "_classes", h5 && p->classes);
  ls_put_bool(done, "_lone", !ls_outputs_have_spread(o->output));
  ls_print(cli, done,
           "{file}: {?_h5}/{_what} ({/}{samples}{?_h5}, {outputs}){|} rows of {outputs} "
           "column{outputs:s}{/}{?_classes}, /classes{/}{?networks}; of {networks} networks the "
           "mean{?_lone} alone: .h5 and .csv have the spread too{|} and the spread{?_h5} "
           "(/spread){/}{/}{/}\n");
}

#define WANTED "predict: give checkpoints, -i FILE and -o OUT.h5, .csv, .npy or -"

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  predictor p = {.comm = cli->comm, .what = o->jacobian ? LS_APPLY_SLOPES : LS_APPLY_OUTPUTS};
  ls_texts paths = {0};
  if (!o->input || !o->output) return ls_fail(LS_EUSAGE, WANTED);
  LS_TRY(ls_outputs_check(o->output));
  LS_TRY(ls_cli_stdout(cli, o->output));
  ls_status status = ls_networks_find(cli, o->best, &paths);
  p.tables = paths.count > 1 ? 2 : 1;
  if (status == LS_OK) status = use_each(&p, &paths, o);
  if (status == LS_OK) status = write_ensemble(&p);
  if (status == LS_OK) status = ls_comm_agree(p.comm, ls_outputs_close(&p.outputs, true));
  if (status == LS_OK && ls_comm_rank(p.comm) == 0 && !ls_cli_is_stdout(o->output))
    tell(cli, &p, &paths, o);
  ls_outputs_close(&p.outputs, false);
  ls_run_free(&p.run);
  ls_ensemble_free(&p.ensemble);
  ls_texts_free(&p.slopes);
  ls_texts_free(&paths);
  LS_FREE(p.mine);
  LS_FREE(p.other);
  return status;
}

static const ls_option predict_options[] = {
    LS_OPTION(options, input, "input", 'i', "FILE[:DATASET]",
              "samples: HDF5 (:DATASET), CSV, .npy or IDX images"),
    LS_OPTION(options, output, "output", 'o', "OUT",
              "what to make: .h5, .csv or .npy; - prints CSV"),
    LS_OPTION(options, no_header, "no-header", 0, NULL,
              "FILE is CSV without names: its first row is a sample"),
    LS_OPTION(options, jacobian, "jacobian", 0, NULL,
              "the derivatives of the outputs by the inputs instead"),
    LS_OPTION(options, best, "best", 0, "K", "of a SWEEP: its K best runs"),
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    LS_OPTION(options, force, "force", 0, NULL, "replace OUT if it is there"),
    {0}};

const ls_command ls_command_predict = {
    .name = "predict",
    .help = "outputs of checkpoints for new inputs",
    .usage =
        "Usage: lockstep predict CKPT|RUN|SWEEP... -i FILE[:DATASET] -o OUT.h5|.csv|.npy|- "
        "[options]\n"
        "\nSeveral networks give the mean and the spread (standard deviation) of their outputs. A "
        "RUN stands\nfor its final.h5, a SWEEP for its runs called trial-*.\n"
        "\nExamples:\n"
        "  lockstep predict runs/a/final.h5 -i new.h5:/inputs -o out.h5    # writes /predictions "
        "(samples, outputs)\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o out.csv          # a column an output, "
        "by its name\n"
        "  mpirun -n 4 lockstep predict runs/a/final.h5 -i new.csv -o out.h5    # the columns by "
        "their names\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o out.h5 --no-header    # it has none: by "
        "position\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o slopes.h5 --jacobian  # d y/d x\n"
        "  lockstep predict runs/a runs/b runs/c -i new.csv -o mean.h5          # /predictions and "
        "/spread\n",
    .parallel = true,
    .options = predict_options,
    .size = sizeof(options),
    .defaults = &(const options){.best = LS_NETWORKS_ALL},
    .verb = {{.run = run, .least = 1, .most = INT_MAX, .wanted = WANTED}}};
