/* samples CONFIG SAMPLES INPUTS TARGETS OUT [WHAT=NUMBER,...]...: a program that trains an epoch on
 * samples that it knows something of. SAMPLES: doubles, of each sample its inputs, its targets and
 * what it counts. WHAT: x_shift, x_divisor, y_shift, y_divisor, x_mean, class_counts; resume=FILE;
 * metrics=NAME,... of all samples. Samples are scattered over the ranks. Rank 0 prints the weights'
 * hash and the metrics, or what is refused. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/lockstep.h"

static int rank, ranks;
static long n, inputs, targets;
static double *sample; /* (n, inputs + targets + 1) */
static int64_t counts[64];
static char *metrics; /* names, with commas */

static void read_samples(const char *path) {
  const long row = (inputs + targets + 1) * (long)sizeof(double);
  FILE *f = fopen(path, "rb");
  if (!f) exit(2);
  fseek(f, 0, SEEK_END);
  n = ftell(f) / row;
  rewind(f);
  sample = malloc((size_t)(n * row));
  if (fread(sample, (size_t)row, (size_t)n, f) != (size_t)n) exit(2);
  fclose(f);
}

static double *numbers(const char *text) {
  double *list = calloc(64, sizeof *list);
  char *end = (char *)(size_t)text;
  for (int i = 0; i < 64 && *end; i++) {
    list[i] = strtod(end, &end);
    end += *end == ',';
  }
  return list;
}

static void take(lockstep_trainer_options *o, const char *word) {
  const char *value = strchr(word, '=') + 1;
  const struct {
    const char *name;
    const double **to;
  } known[] = {{"x_shift=", &o->x_shift}, {"x_divisor=", &o->x_divisor},
               {"y_shift=", &o->y_shift}, {"y_divisor=", &o->y_divisor},
               {"x_mean=", &o->x_mean},   {"class_counts=", NULL}};
  if (strncmp(word, "resume=", 7) == 0) o->resume = value;
  if (strncmp(word, "metrics=", 8) == 0) metrics = (char *)(size_t)value;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strncmp(word, known[i].name, strlen(known[i].name)) != 0) continue;
    double *list = numbers(value);
    if (known[i].to) {
      *known[i].to = list;
      continue;
    }
    for (int k = 0; k < 64; k++) counts[k] = (int64_t)list[k];
    o->class_counts = counts;
    free(list);
  }
}

/* A step with other weights that cannot be made, and a score: they leave nothing in the next step.
 */
static void refuse(lockstep_trainer *t, int64_t rows, const int64_t *number, double *x,
                   const double *y, const double *weight) {
  lockstep_score score;
  lockstep_error error;
  double *other = malloc((size_t)(rows + 1) * sizeof *other), first = rows > 0 ? x[0] : 0;
  for (int64_t k = 0; k < rows; k++) other[k] = 3 * weight[k] + (double)k;
  if (rows > 0) x[0] = HUGE_VAL;
  if (lockstep_trainer_step_weighted_f64(t, rows, number, x, y, other, &error) != LOCKSTEP_EDATA)
    printf("a number that is not finite: %d %s\n", error.status, error.text);
  if (rows > 0) x[0] = first;
  lockstep_trainer_evaluate_f64(t, rows, number, x, y, &score, NULL);
  free(other);
}

/* What this rank has of samples [begin, begin + total). */
typedef struct {
  int64_t rows, *number;
  double *x, *y, *weight;
  int ones; /* all count 1 */
} hand;

static hand take_samples(int64_t begin, int64_t total) {
  hand h = {0,
            malloc((size_t)total * sizeof *h.number),
            malloc((size_t)(total * inputs) * sizeof *h.x),
            malloc((size_t)(total * targets) * sizeof *h.y),
            malloc((size_t)total * sizeof *h.weight),
            1};
  for (int64_t k = total - 1; k >= 0; k--) {
    const double *from = sample + (begin + k) * (inputs + targets + 1);
    if ((k * 7 + k / 3) % ranks != rank) continue;
    h.number[h.rows] = k;
    memcpy(h.x + h.rows * inputs, from, (size_t)inputs * sizeof *h.x);
    memcpy(h.y + h.rows * targets, from + inputs, (size_t)targets * sizeof *h.y);
    h.ones &= from[inputs + targets] == 1;
    h.weight[h.rows++] = from[inputs + targets];
  }
  return h;
}

static void drop(hand *h) {
  free(h->number);
  free(h->x);
  free(h->y);
  free(h->weight);
}

/* The next minibatch; a rank whose samples all count 1 says nothing of that. */
static lockstep_status step(lockstep_trainer *t, int64_t begin, lockstep_error *error) {
  const int64_t total = lockstep_trainer_batch(t);
  hand h = take_samples(begin, total);
  if (begin <= total) refuse(t, h.rows, h.number, h.x, h.y, h.weight);
  lockstep_status status = lockstep_trainer_step_weighted_f64(t, h.rows, h.number, h.x, h.y,
                                                              h.ones ? NULL : h.weight, error);
  drop(&h);
  return status;
}

/* What is not known is said before an evaluation, and for a name that there is not. */
static lockstep_status tell_metrics(lockstep_trainer *t, lockstep_error *error) {
  double value = 0;
  lockstep_score score;
  hand h = take_samples(0, n);
  lockstep_status status =
      lockstep_trainer_evaluate_f64(t, h.rows, h.number, h.x, h.y, &score, error);
  drop(&h);
  for (char *name = strtok(metrics, ","); name && status == LOCKSTEP_OK; name = strtok(NULL, ",")) {
    status = lockstep_trainer_metric(t, name, &value, error);
    if (rank == 0 && status == LOCKSTEP_OK) printf("metric %s %.16e\n", name, value);
  }
  if (lockstep_trainer_metric(t, "val_loss", &value, NULL) != LOCKSTEP_EUSAGE ||
      lockstep_trainer_metric(t, "per_class", &value, NULL) != LOCKSTEP_EUSAGE ||
      lockstep_trainer_metric(t, NULL, &value, NULL) != LOCKSTEP_EUSAGE)
    printf("a name that is no metric's\n");
  return status;
}

static lockstep_status train(lockstep_trainer *t, const char *out, lockstep_error *error) {
  lockstep_state state;
  lockstep_status status = LOCKSTEP_OK;
  if (lockstep_trainer_metric(t, "loss", &(double){0}, NULL) != LOCKSTEP_EUSAGE)
    printf("a metric of no evaluation\n");
  for (int64_t begin = 0; begin < n && status == LOCKSTEP_OK;) {
    const int64_t total = lockstep_trainer_batch(t);
    status = step(t, begin, error);
    begin += total;
  }
  if (status == LOCKSTEP_OK) status = lockstep_trainer_state(t, &state, error);
  if (status == LOCKSTEP_OK) status = lockstep_trainer_save(t, out, error);
  if (rank == 0 && status == LOCKSTEP_OK) printf("%s loss %.17g\n", state.weights_hash, state.loss);
  return status == LOCKSTEP_OK && metrics ? tell_metrics(t, error) : status;
}

int main(int argc, char **argv) {
  int level;
  lockstep_error error;
  lockstep_trainer *t;
  lockstep_trainer_options options = LOCKSTEP_TRAINER_OPTIONS;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  inputs = atol(argv[3]);
  targets = atol(argv[4]);
  read_samples(argv[2]);
  for (int i = 6; i < argc; i++) take(&options, argv[i]);
  lockstep_status status = lockstep_trainer_new(MPI_COMM_WORLD, argv[1], &options, &t, &error);
  if (status == LOCKSTEP_OK) status = train(t, argv[5], &error);
  if (rank == 0 && status != LOCKSTEP_OK) printf("%d %s\n", (int)status, error.text);
  lockstep_trainer_free(t);
  const double *given[] = {options.x_shift, options.x_divisor, options.y_shift, options.y_divisor,
                           options.x_mean};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) free((void *)(size_t)given[i]);
  free(sample);
  MPI_Finalize();
  return 0;
}
