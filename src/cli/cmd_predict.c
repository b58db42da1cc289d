/* cmd_predict.c - lockstep predict: the outputs of a checkpoint for new samples. The ranks share
 * the samples in rounds; rank 0 writes them in order, so the file has the same bytes whatever their
 * number, and no rank ever holds more than a round. */
#include <string.h>

#include "base/alive.h"
#include "base/clamp.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "data/columns.h"
#include "data/scale.h"
#include "io/h5write.h"
#include "train/run.h"

#define COLUMNS "/columns/predictions"

/* A round is BLOCKS blocks of ROWS samples for each rank. */
enum { ROWS = LS_EVAL_ROWS, BLOCKS = 16 };

typedef struct {
  const char *input, *output;
  bool force, no_header;
  int threads;
} options;

typedef struct {
  ls_run *run;
  int64_t rows, width;
  size_t size;   /* of a real */
  ls_dtype wide; /* of /predictions */
  ls_batch batch;
  int64_t slice_row[2];
  int64_t index[ROWS];
  char *mine,
      *other;       /* (BLOCKS * ROWS, width) numbers: this rank's outputs of a round, another's */
  int32_t *classes; /* (BLOCKS * ROWS) */
  ls_h5out *file;   /* rank 0 */
  int predictions, best;
} predictor;

static ls_status open_predictor(predictor *p) {
  int64_t line = LS_ALIGN / (int64_t)p->size;
  ls_batch *b = &p->batch;
  b->features = ls_data_features(p->run->data);
  b->ldx = (b->features + line - 1) / line * line;
  if (b->ldx * (int64_t)p->size % 4096 == 0) b->ldx += line;
  b->outputs = p->width;
  b->slices = b->slice_hi = 1;
  b->slice_row = p->slice_row;
  LS_TRY(ls_mem_new(&b->x, (size_t)(ROWS * b->ldx), p->size));
  void *memory;
  LS_TRY(ls_mem_new(&memory, (size_t)(BLOCKS * ROWS * p->width), ls_dtype_size(p->wide)));
  p->mine = memory;
  LS_TRY(ls_mem_new(&memory, (size_t)(BLOCKS * ROWS * p->width), ls_dtype_size(p->wide)));
  p->other = memory;
  LS_NEW(p->classes, BLOCKS * ROWS);
  return LS_OK;
}

static const char *name_at(const void *names, int64_t k) {
  return ((const ls_texts *)names)->text[k];
}

/* What the outputs are called, as `data import` writes it of columns. */
static ls_status write_names(predictor *p) {
  const ls_texts *names = &p->run->names;
  const char *const *text = (const char *const *)names->text;
  ls_texts bare = {0}, units = {0};
  int scale;
  if (names->count == 0) return LS_OK;
  if (ls_config_has_classes(p->run->config)) {
    LS_TRY(ls_h5out_texts(p->file, p->best, LS_COLUMNS_CLASSES, text, names->count));
    return ls_h5out_scale(p->file, COLUMNS, text, names->count, &p->predictions, 1, &scale);
  }
  ls_status status = ls_columns_split(name_at, names, names->count, &bare, &units);
  if (status == LS_OK)
    status = ls_h5out_scale(p->file, COLUMNS, (const char *const *)bare.text, bare.count,
                            &p->predictions, 1, &scale);
  if (status == LS_OK && units.count > 0)
    status = ls_h5out_texts(p->file, scale, LS_COLUMNS_UNITS, (const char *const *)units.text,
                            units.count);
  ls_texts_free(&bare);
  ls_texts_free(&units);
  return status;
}

static ls_status open_output(predictor *p, const options *o) {
  LS_TRY(ls_h5out_open(o->output, o->force, &p->file));
  LS_TRY(ls_h5out_set(p->file, "/predictions", p->rows, p->width, p->wide, false, &p->predictions));
  if (ls_config_has_classes(p->run->config))
    LS_TRY(ls_h5out_set(p->file, "/classes", p->rows, 0, LS_I32, false, &p->best));
  return write_names(p);
}

/* Targets were trained scaled: bring the outputs back to their units. */
static double unscale(const predictor *p, int64_t column, double y) {
  const ls_affine *a = &p->run->y_affine;
  return a->n == 0 ? y : y * a->divisor[column] + a->shift[column];
}

static void copy_outputs(predictor *p, int64_t rows, char *to) {
  int64_t ld;
  const void *y = ls_model_output(p->run->model, &ld);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < p->width; c++) {
      double own = ls_dtype_get(p->run->config->precision, y, r * ld + c);
      ls_dtype_put(p->wide, to, r * p->width + c, unscale(p, c, own));
    }
}

/* This rank's samples of a round: [first, first + rows) into mine. */
static ls_status compute(predictor *p, int64_t first, int64_t rows) {
  for (int64_t done = 0; done < rows; done += ROWS) {
    int64_t n = rows - done < ROWS ? rows - done : ROWS;
    ls_alive();
    for (int64_t i = 0; i < n; i++) p->index[i] = first + done + i;
    LS_TRY(ls_data_gather(p->run->data, LS_SPLIT_TRAIN, p->index, n, p->batch.x, p->batch.ldx, NULL,
                          NULL));
    p->batch.rows = p->batch.total = p->slice_row[1] = n;
    ls_model_forward(p->run->model, &p->batch, false, p->run->config->seed);
    copy_outputs(p, n, p->mine + (size_t)(done * p->width) * ls_dtype_size(p->wide));
  }
  return LS_OK;
}

static double value(const predictor *p, const char *y, int64_t i) {
  return ls_dtype_get(p->wide, y, i);
}

static ls_status write_rows(predictor *p, const char *y, int64_t rows) {
  LS_TRY(ls_h5out_write(p->file, p->predictions, rows, y));
  if (!ls_config_has_classes(p->run->config)) return LS_OK;
  for (int64_t r = 0; r < rows; r++) {
    int32_t best = 0;
    for (int32_t c = 1; c < p->width; c++)
      if (value(p, y, r * p->width + c) > value(p, y, r * p->width + best)) best = c;
    p->classes[r] = best;
  }
  return ls_h5out_write(p->file, p->best, rows, p->classes);
}

static int64_t share(const predictor *p, int64_t round, int rank, int64_t *first) {
  *first = (round * ls_comm_size(p->run->comm) + rank) * BLOCKS * ROWS;
  return ls_clamp(p->rows - *first, 0, BLOCKS * ROWS);
}

/* Every rank's outputs of a round to rank 0, which writes them in order of the samples. */
static ls_status collect(predictor *p, int64_t round) {
  ls_comm *comm = p->run->comm;
  int me = ls_comm_rank(comm);
  int64_t first, rows = share(p, round, me, &first);
  if (me > 0) {
    if (rows > 0)
      ls_comm_send(comm, p->mine, (size_t)(rows * p->width) * ls_dtype_size(p->wide), 0);
    return LS_OK;
  }
  ls_status status = write_rows(p, p->mine, rows);
  for (int r = 1; r < ls_comm_size(comm); r++) {
    rows = share(p, round, r, &first);
    if (rows == 0) break;
    ls_comm_recv(comm, p->other, (size_t)(rows * p->width) * ls_dtype_size(p->wide),
                 r); /* also after a failure: the senders are on their way */
    if (status == LS_OK) status = write_rows(p, p->other, rows);
  }
  return status;
}

static ls_status rounds(predictor *p) {
  int64_t each = (int64_t)ls_comm_size(p->run->comm) * BLOCKS * ROWS;
  ls_comm_at(p->run->comm, "prediction");
  for (int64_t round = 0; round * each < p->rows; round++) {
    int64_t first, rows = share(p, round, ls_comm_rank(p->run->comm), &first);
    LS_TRY(ls_comm_agree(p->run->comm, compute(p, first, rows)));
    LS_TRY(ls_comm_agree(p->run->comm, collect(p, round)));
  }
  return LS_OK;
}

static ls_status predict(ls_cli *cli, predictor *p, const options *o) {
  p->rows = ls_data_rows(p->run->data, LS_SPLIT_TRAIN);
  p->width = ls_model_outputs(p->run->model);
  p->size = ls_dtype_size(p->run->config->precision);
  p->wide = ls_affine_needs_double(&p->run->y_affine) ? LS_F64 : p->run->config->precision;
  bool root = ls_comm_rank(cli->comm) == 0;
  if (ls_model_couples_samples(p->run->model))
    return ls_fail(LS_ECONFIG,
                   "softmax_batch makes every output depend on all samples of the batch; there is "
                   "no prediction for one sample");
  LS_TRY(ls_comm_agree(cli->comm, open_predictor(p)));
  LS_TRY(ls_comm_agree(cli->comm, root ? open_output(p, o) : LS_OK));
  ls_status status = rounds(p);
  if (root) {
    ls_status closed = ls_h5out_close(&p->file, status == LS_OK);
    if (status == LS_OK) status = closed;
  }
  LS_TRY(ls_comm_agree(cli->comm, status));
  if (!root) return LS_OK;
  json_t *done = json_object();
  ls_put(done, "file", o->output);
  ls_put(done, "samples", p->rows);
  ls_put(done, "outputs", p->width);
  ls_put_bool(done, "_classes", ls_config_has_classes(p->run->config));
  ls_print(cli, done, "{file}: /predictions ({samples}, {outputs}){?_classes}, /classes{/}\n");
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  const options *o = given;
  predictor *p;
  if (!o->input || !o->output)
    return ls_fail(LS_EUSAGE, "predict: give one checkpoint, -i FILE and -o OUT.h5");
  LS_COMM_NEW(cli->comm, p, 1);
  ls_infer_options infer = {.inputs = o->input, .no_header = o->no_header, .threads = o->threads};
  ls_status status = ls_run_infer(cli->comm, cli->args[0], &infer, &p->run);
  if (status == LS_OK) status = predict(cli, p, o);
  if (p->file) ls_h5out_close(&p->file, false);
  ls_run_free(&p->run);
  LS_FREE(p->batch.x);
  LS_FREE(p->mine);
  LS_FREE(p->other);
  LS_FREE(p->classes);
  LS_FREE(p);
  return status;
}

static const ls_option predict_options[] = {
    LS_OPTION(options, input, "input", 'i', "FILE[:DATASET]",
              "samples: HDF5 (:DATASET), CSV, .npy or IDX images"),
    LS_OPTION(options, output, "output", 'o', "OUT.h5", "HDF5 file to make"),
    LS_OPTION(options, no_header, "no-header", 0, NULL,
              "FILE is CSV without names: its first row is a sample"),
    LS_OPTION(options, threads, "threads", 0, "N", "threads a rank (default: its cores)"),
    LS_OPTION(options, force, "force", 0, NULL, "replace OUT.h5 if it is there"),
    {0}};

const ls_command ls_command_predict = {
    .name = "predict",
    .help = "outputs of a checkpoint for new inputs",
    .usage =
        "Usage: lockstep predict CKPT -i FILE[:DATASET] -o OUT.h5 [--no-header]\n"
        "\nExamples:\n"
        "  lockstep predict runs/a/final.h5 -i new.h5:/inputs -o out.h5    # writes /predictions "
        "(samples, outputs)\n"
        "  mpirun -n 4 lockstep predict runs/a/final.h5 -i new.csv -o out.h5    # the columns by "
        "their names\n"
        "  lockstep predict runs/a/final.h5 -i new.csv -o out.h5 --no-header    # it has none: by "
        "position\n",
    .parallel = true,
    .options = predict_options,
    .size = sizeof(options),
    .part = {{.run = run,
              .least = 1,
              .most = 1,
              .wanted = "predict: give one checkpoint, -i FILE and -o OUT.h5"}}};
