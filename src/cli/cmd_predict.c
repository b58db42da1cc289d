/* cmd_predict.c - lockstep predict: the outputs of a checkpoint for new samples. The ranks share
 * the samples in rounds; rank 0 writes them in order, so the file has the same bytes whatever their
 * number, and no rank ever holds more than a round. */
#include <string.h>

#include "base/alive.h"
#include "base/clamp.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/print.h"
#include "data/trained.h"
#include "train/run.h"

/* A round is so many blocks of ROWS samples for each rank. */
enum { ROWS = LS_EVAL_ROWS, BLOCKS = 16 };

typedef struct {
  const char *input, *output;
  bool force, no_header, jacobian;
  int threads;
} options;

typedef struct {
  ls_run *run;
  ls_apply_what what;
  ls_apply apply;
  bool classes; /* the largest output's number too */
  int64_t rows, width, blocks;
  ls_texts slopes; /* the derivatives' names; none where inputs or outputs have none */
  ls_dtype made;   /* the numbers of a row */
  int64_t index[ROWS];
  void *mine, *other;  /* (blocks * ROWS, width): this rank's outputs of a round, another's */
  ls_outputs *outputs; /* rank 0 */
} predictor;

static ls_status open_predictor(predictor *p) {
  LS_TRY(ls_apply_open(p->run->model, p->run->from, p->what, &p->apply));
  size_t numbers = (size_t)(p->blocks * ROWS * p->width), size = ls_dtype_size(p->made);
  LS_TRY(ls_mem_new(&p->mine, numbers, size));
  return ls_mem_new(&p->other, numbers, size);
}

/* This rank's samples of a round: [first, first + rows) into mine. */
static ls_status compute(predictor *p, int64_t first, int64_t rows) {
  const ls_batch *b = &p->apply.batch;
  const size_t size = ls_dtype_size(p->made);
  for (int64_t done = 0; done < rows; done += ROWS) {
    int64_t n = rows - done < ROWS ? rows - done : ROWS;
    ls_alive();
    for (int64_t i = 0; i < n; i++) p->index[i] = first + done + i;
    LS_TRY(ls_data_gather(p->run->data, LS_SPLIT_TRAIN, p->index, n, b->x, b->ldx, NULL, NULL));
    ls_apply_rows(&p->apply, n, p->made, (char *)p->mine + (size_t)(done * p->width) * size);
  }
  return LS_OK;
}

static int64_t share(const predictor *p, int64_t round, int rank, int64_t *first) {
  *first = (round * ls_comm_size(p->run->comm) + rank) * p->blocks * ROWS;
  return ls_clamp(p->rows - *first, 0, p->blocks * ROWS);
}

/* Every rank's outputs of a round to rank 0, which writes them in order of the samples. */
static ls_status collect(predictor *p, int64_t round) {
  ls_comm *comm = p->run->comm;
  int me = ls_comm_rank(comm);
  int64_t first, rows = share(p, round, me, &first);
  if (me > 0) {
    if (rows > 0)
      ls_comm_send(comm, p->mine, (size_t)(rows * p->width) * ls_dtype_size(p->made), 0);
    return LS_OK;
  }
  ls_status status = ls_outputs_write(p->outputs, rows, p->mine);
  for (int r = 1; r < ls_comm_size(comm); r++) {
    rows = share(p, round, r, &first);
    if (rows == 0) break;
    ls_comm_recv(comm, p->other, (size_t)(rows * p->width) * ls_dtype_size(p->made),
                 r); /* also after a failure: the senders are on their way */
    if (status == LS_OK) status = ls_outputs_write(p->outputs, rows, p->other);
  }
  return status;
}

static ls_status rounds(predictor *p) {
  int64_t each = (int64_t)ls_comm_size(p->run->comm) * p->blocks * ROWS;
  ls_comm_at(p->run->comm, "prediction");
  for (int64_t round = 0; round * each < p->rows; round++) {
    int64_t first, rows = share(p, round, ls_comm_rank(p->run->comm), &first);
    LS_TRY(ls_comm_agree(p->run->comm, compute(p, first, rows)));
    LS_TRY(ls_comm_agree(p->run->comm, collect(p, round)));
  }
  return LS_OK;
}

/* A column's name without its unit. */
static int bare(const char *name) {
  const char *unit = strstr(name, " [");
  return unit ? (int)(unit - name) : (int)strlen(name);
}

/* "d flux/d pressure", by rows. */
static ls_status name_slopes(predictor *p) {
  const ls_texts *outputs = &p->run->from->names;
  const ls_trained *trained = &p->run->from->trained;
  if (outputs->count == 0 || !ls_trained_named(trained, LS_TRAINED_X)) return LS_OK;
  LS_NEW(p->slopes.text, p->width);
  for (int64_t o = 0; o < outputs->count; o++)
    for (int64_t i = 0; i < trained->n[LS_TRAINED_X]; i++) {
      const char *y = outputs->text[o], *x = trained->name.text[trained->at[LS_TRAINED_X][i]];
      p->slopes.text[p->slopes.count++] = ls_mem_format("d %.*s/d %.*s", bare(y), y, bare(x), x);
    }
  return LS_OK;
}

static ls_status open_outputs(predictor *p, const options *o) {
  ls_outputs_plan plan = {.path = o->output,
                          .replace = o->force,
                          .what = o->jacobian ? "jacobian" : "predictions",
                          .rows = p->rows,
                          .width = p->width,
                          .type = p->made,
                          .classes = p->classes,
                          .names = o->jacobian ? &p->slopes : &p->run->from->names};
  if (o->jacobian) LS_TRY(name_slopes(p));
  return ls_outputs_open(&plan, &p->outputs);
}

static ls_status predict(ls_cli *cli, predictor *p, const options *o) {
  p->rows = ls_data_rows(p->run->data, LS_SPLIT_TRAIN);
  p->classes = ls_config_has_classes(p->run->config) && !o->jacobian;
  p->width = p->run->from->outputs * (o->jacobian ? p->run->from->inputs : 1);
  p->blocks = o->jacobian ? 1 : BLOCKS;
  p->made = ls_apply_type(p->run->from);
  bool root = ls_comm_rank(cli->comm) == 0;
  if (ls_model_couples_samples(p->run->model))
    return ls_fail(LS_ECONFIG,
                   "softmax_batch makes every output depend on all samples of the batch; there is "
                   "no prediction for one sample");
  LS_TRY(ls_comm_agree(cli->comm, open_predictor(p)));
  LS_TRY(ls_comm_agree(cli->comm, root ? open_outputs(p, o) : LS_OK));
  LS_TRY(rounds(p));
  LS_TRY(ls_comm_agree(cli->comm, ls_outputs_close(&p->outputs, true)));
  if (!root || strcmp(o->output, "-") == 0) return LS_OK;
  bool h5 = ls_outputs_are_h5(o->output);
  json_t *done = json_object();
  ls_put(done, "file", o->output);
  ls_put(done, "samples", p->rows);
  ls_put(done, "outputs", p->width);
  ls_put_bool(done, "_h5", h5);
  ls_put(done, "_what", o->jacobian ? "jacobian" : "predictions");
  ls_put_bool(done, "_classes", h5 && p->classes);
  ls_print(cli, done,
           "{file}: {?_h5}/{_what} ({/}{samples}{?_h5}, {outputs}){|} rows of {outputs} "
           "column{outputs:s}{/}{?_classes}, /classes{/}\n");
  return LS_OK;
}

#define WANTED "predict: give one checkpoint, -i FILE and -o OUT.h5, .csv, .npy or -"

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  predictor *p;
  if (!o->input || !o->output) return ls_fail(LS_EUSAGE, WANTED);
  LS_TRY(ls_outputs_check(o->output));
  if (cli->json && strcmp(o->output, "-") == 0)
    return ls_fail(LS_EUSAGE, "-o - and --json both want stdout");
  LS_TRY(ls_cli_no_folder(cli, cli->args[0]));
  LS_COMM_NEW(cli->comm, p, 1);
  p->what = o->jacobian ? LS_APPLY_SLOPES : LS_APPLY_OUTPUTS;
  ls_infer_options infer = {
      .inputs = o->input, .no_header = o->no_header, .threads = o->threads, .what = p->what};
  ls_status status = ls_run_infer(cli->comm, cli->args[0], &infer, &p->run);
  if (status == LS_OK) status = predict(cli, p, o);
  ls_outputs_close(&p->outputs, false);
  ls_run_free(&p->run);
  ls_texts_free(&p->slopes);
  ls_apply_close(&p->apply);
  LS_FREE(p->mine);
  LS_FREE(p->other);
  LS_FREE(p);
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
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    LS_OPTION(options, force, "force", 0, NULL, "replace OUT if it is there"),
    {0}};

const ls_command ls_command_predict = {
    .name = "predict",
    .help = "outputs of a checkpoint for new inputs",
    .usage =
        "Usage: lockstep predict CKPT -i FILE[:DATASET] -o OUT.h5|.csv|.npy|- [--no-header] "
        "[--jacobian]\n"
        "\nExamples:\n"
        "  lockstep predict runs/a/final.h5 -i new.h5:/inputs -o out.h5    # writes /predictions "
        "(samples, outputs)\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o out.csv          # a column an output, "
        "by its name\n"
        "  mpirun -n 4 lockstep predict runs/a/final.h5 -i new.csv -o out.h5    # the columns by "
        "their names\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o out.h5 --no-header    # it has none: by "
        "position\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o slopes.h5 --jacobian  # writes "
        "/jacobian: "
        "d y/d x, (samples, outputs inputs)\n",
    .parallel = true,
    .options = predict_options,
    .size = sizeof(options),
    .part = {{.run = run, .least = 1, .most = 1, .wanted = WANTED}}};
