/* trainer HOW CONFIG SAMPLES INPUTS TARGETS STEPS OUT [RESUME]: a program that trains. SAMPLES:
 * doubles, inputs and targets of one sample after the other, which an epoch has in this order. HOW
 * they are dealt out: place (each where it is worked on), ranks (no numbers, unequal parts),
 * scattered. Checks that the program stays as it was, also after calls that fail; rank 0 prints the
 * state and saves into OUT.
 * trainer diverge CONFIG SAMPLES: with a rate that is too high.
 * trainer loop CONFIG DIR: all of `lockstep train`.
 * trainer forget CONFIG: makes one and does not free it. */
#include <mpi.h>

#include "api/untouched.h"
#include "lockstep/lockstep.h"

static int rank, ranks;
static long n, inputs, targets;
static double *sample; /* (n, inputs + targets) */
static int messages;

/* A program may call lockstep from here too. */
static void on_message(void *arg, int level, const char *line) {
  lockstep_error error;
  lockstep_net *net;
  (void)arg, (void)level;
  messages += *line != 0;
  CHECK(lockstep_net_open("not-there.h5", &net, &error) == LOCKSTEP_EDATA && !net, "%s",
        error.text);
}

/* ---- the program's communicator: nothing is sent on it, and it is as it was ---- */

static struct {
  MPI_Request any; /* would take a message of lockstep's */
  int got;
  MPI_Errhandler on_error;
  char name[MPI_MAX_OBJECT_NAME];
} own;

static void watch_communicator(void) {
  int length;
  MPI_Comm_set_name(MPI_COMM_WORLD, "the program's");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &own.on_error);
  MPI_Comm_get_name(MPI_COMM_WORLD, own.name, &length);
  MPI_Irecv(&own.got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &own.any);
}

static void check_communicator(void) {
  int came, length, sent = 17;
  char name[MPI_MAX_OBJECT_NAME];
  MPI_Errhandler on_error;
  MPI_Test(&own.any, &came, MPI_STATUS_IGNORE);
  CHECK(!came, "a message came on the program's communicator: %d", own.got);
  if (!came) {
    MPI_Send(&sent, 1, MPI_INT, rank, 3, MPI_COMM_WORLD);
    MPI_Wait(&own.any, MPI_STATUS_IGNORE);
    CHECK(own.got == sent, "%d", own.got);
  }
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &on_error);
  MPI_Comm_get_name(MPI_COMM_WORLD, name, &length);
  CHECK(on_error == own.on_error && strcmp(name, own.name) == 0, "%s", name);
  MPI_Errhandler_free(&on_error);
  MPI_Errhandler_free(&own.on_error);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

static void read_samples(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) exit(2);
  fseek(f, 0, SEEK_END);
  n = ftell(f) / (long)sizeof(double) / (inputs + targets);
  rewind(f);
  sample = malloc((size_t)(n * (inputs + targets)) * sizeof *sample);
  if (fread(sample, sizeof(double), (size_t)(n * (inputs + targets)), f) == 0) exit(2);
  fclose(f);
}

/* What this rank has of samples [begin, begin + total). */
typedef struct {
  int64_t rows, *number;
  double *x, *y;
} hand;

static int has(const char *how, const lockstep_trainer *t, int64_t total, int64_t k) {
  int64_t first, rows;
  if (!strcmp(how, "scattered")) return (k * 7 + k / 3) % ranks == rank;
  if (!strcmp(how, "ranks")) return rank == (k < total / 5 ? 0 : ranks - 1);
  rows = lockstep_trainer_share(t, total, &first);
  return k >= first && k < first + rows;
}

static hand take(const char *how, const lockstep_trainer *t, int64_t begin, int64_t total) {
  hand h = {0, malloc((size_t)total * sizeof(int64_t)),
            malloc((size_t)(total * inputs) * sizeof(double)),
            malloc((size_t)(total * targets) * sizeof(double))};
  for (int64_t i = 0; i < total; i++) {
    const int64_t k = strcmp(how, "scattered") ? i : total - 1 - i;
    const double *from = sample + (begin + k) * (inputs + targets);
    if (!has(how, t, total, k)) continue;
    h.number[h.rows] = k;
    memcpy(h.x + h.rows * inputs, from, (size_t)inputs * sizeof(double));
    memcpy(h.y + h.rows++ * targets, from + inputs, (size_t)targets * sizeof(double));
  }
  return h;
}

static void drop(hand *h) {
  free(h->number);
  free(h->x);
  free(h->y);
}

static const int64_t *numbers(const char *how, const hand *h) {
  return strcmp(how, "ranks") ? h->number : NULL;
}

/* Calls that fail on one rank fail on all of them, and change nothing. */
static void fail_all(lockstep_trainer *t, const char *how, hand *h) {
  lockstep_error error;
  double good = h->rows > 0 ? h->x[0] : 0;
  int64_t first = h->rows > 0 ? h->number[0] : 0;
  const int64_t short_rows = rank == ranks - 1 ? h->rows - 1 : h->rows;
  CHECK(lockstep_trainer_step_f64(t, short_rows, numbers(how, h), h->x, h->y, &error) ==
            LOCKSTEP_EUSAGE,
        "%s", error.text);
  CHECK(strstr(error.text, "samples together"), "%s", error.text);
  if (rank == ranks - 1) h->x[0] = NAN;
  CHECK(
      lockstep_trainer_step_f64(t, h->rows, numbers(how, h), h->x, h->y, &error) == LOCKSTEP_EDATA,
      "%s", error.text);
  CHECK(strstr(error.text, "sample ") && strstr(error.text, "input 0"), "%s", error.text);
  h->x[0] = good;
  if (strcmp(how, "ranks") == 0) return;
  if (rank == ranks - 1) h->number[0] = h->number[0] ? 0 : 1;
  CHECK(lockstep_trainer_step_f64(t, h->rows, h->number, h->x, h->y, &error) == LOCKSTEP_EUSAGE,
        "%s", error.text);
  if (rank == ranks - 1) h->number[0] = 1000000;
  CHECK(lockstep_trainer_step_f64(t, h->rows, h->number, h->x, h->y, &error) == LOCKSTEP_EUSAGE,
        "%s", error.text);
  h->number[0] = first;
}

static void one_step(lockstep_trainer *t, const char *how, int64_t step, int breaks) {
  lockstep_error error;
  const int64_t total = lockstep_trainer_batch(t);
  lockstep_state state;
  CHECK(lockstep_trainer_state(t, &state, &error) == LOCKSTEP_OK && state.global_step == step,
        "step %ld, not %ld: %s", (long)state.global_step, (long)step, error.text);
  hand h = take(how, t, state.samples_seen % n, total);
  if (breaks) fail_all(t, how, &h);
  CHECK(lockstep_trainer_step_f64(t, h.rows, numbers(how, &h), h.x, h.y, &error) == LOCKSTEP_OK,
        "%s", error.text);
  drop(&h);
}

static void evaluate(lockstep_trainer *t, const char *how) {
  lockstep_error error;
  lockstep_score score = {0};
  hand h = take(how, t, 0, n);
  CHECK(lockstep_trainer_evaluate_f64(t, h.rows, numbers(how, &h), h.x, h.y, &score, &error) ==
            LOCKSTEP_OK,
        "%s", error.text);
  if (rank == 0) printf("evaluated %ld %.17g %.17g\n", (long)score.samples, score.loss, score.rmse);
  drop(&h);
}

/* A network of the trainer's, which stays what it was. */
static void use_net(lockstep_trainer *t, lockstep_net **net) {
  lockstep_error error;
  lockstep_state state;
  CHECK(lockstep_trainer_net(t, net, &error) == LOCKSTEP_OK, "%s", error.text);
  lockstep_trainer_state(t, &state, NULL);
  CHECK(*net && !strcmp(lockstep_net_weights_hash(*net), state.weights_hash), "%s", error.text);
}

static void refuse(const char *config) {
  lockstep_error error;
  lockstep_trainer *none;
  CHECK(
      lockstep_trainer_new(MPI_COMM_NULL, config, NULL, &none, &error) == LOCKSTEP_EUSAGE && !none,
      "%s", error.text);
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, "version: 1\nloss: msee\n", NULL, &none, &error) ==
                LOCKSTEP_ECONFIG &&
            !none && strstr(error.text, "mse"),
        "%s", error.text);
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, "not-there.yaml", NULL, &none, &error) ==
                LOCKSTEP_ECONFIG &&
            !none && strstr(error.text, "not-there.yaml"),
        "%s", error.text);
}

static int train(int argc, char **argv) {
  const char *how = argv[1];
  lockstep_error error;
  lockstep_trainer_options options = LOCKSTEP_TRAINER_OPTIONS;
  lockstep_trainer *t, *other;
  lockstep_state state;
  lockstep_net *net;
  MPI_Comm half;
  const int64_t steps = atol(argv[6]);
  options.message = on_message;
  options.resume = argc > 8 ? argv[8] : NULL;
  inputs = atol(argv[4]);
  targets = atol(argv[5]);
  read_samples(argv[3]);
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0, 0, &half); /* another trainer on each part */
  untouched before = make_peculiar();
  refuse(argv[2]);
  if (lockstep_trainer_new(MPI_COMM_WORLD, argv[2], &options, &t, &error) != LOCKSTEP_OK) {
    if (rank == 0) printf("%d %s\n", error.status, error.text);
    compare(&before, "after a trainer that cannot be");
    return 3;
  }
  CHECK(lockstep_trainer_new(half, argv[2], &options, &other, &error) == LOCKSTEP_OK, "%s",
        error.text);
  const int world_rank = rank, world_ranks = ranks;
  lockstep_trainer_state(t, &state, NULL);
  for (int64_t k = 0, from = state.global_step; k < steps; k++) {
    one_step(t, how, from + k, k == 1);
    MPI_Comm_rank(half, &rank);
    MPI_Comm_size(half, &ranks);
    one_step(other, how, from + k, 0);
    rank = world_rank;
    ranks = world_ranks;
  }
  use_net(t, &net);
  compare(&before, "after training");
  fesetenv(FE_DFL_ENV); /* printf, and the samples to evaluate on */
  evaluate(t, how);
  CHECK(lockstep_trainer_state(t, &state, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_trainer_save(t, argv[7], &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_trainer_save(t, "no-such-folder/final.h5", &error) == LOCKSTEP_EIO, "%s",
        error.text);
  if (rank == 0)
    printf("step %ld %s loss %.17g rate %.17g\n", (long)state.global_step, state.weights_hash,
           state.loss, state.rate);
  if (argc == 8) {
    lockstep_trainer_state(other, &state, NULL);
    printf("other %s\n", state.weights_hash);
  }
  lockstep_trainer_free(other);
  lockstep_trainer_free(t);
  lockstep_net_free(net);
  MPI_Comm_free(&half);
  free(sample);
  return failures > 0;
}

/* What is not finite is said, and the program and the trainer go on. */
static int diverge(char **argv) {
  lockstep_error error;
  lockstep_trainer *t;
  lockstep_state state = {0};
  int said = 0;
  inputs = 3;
  targets = 2;
  read_samples(argv[3]);
  untouched before = make_peculiar();
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, argv[2], NULL, &t, &error) == LOCKSTEP_OK, "%s",
        error.text);
  for (int k = 0; k < 4; k++) {
    hand h = take("place", t, 0, lockstep_trainer_batch(t));
    const lockstep_status status = lockstep_trainer_step_f64(t, h.rows, h.number, h.x, h.y, &error);
    CHECK(
        status == LOCKSTEP_OK || (status == LOCKSTEP_EDIVERGED && strstr(error.text, "not finite")),
        "%d %s", (int)status, error.text);
    said += status == LOCKSTEP_EDIVERGED;
    drop(&h);
  }
  CHECK(lockstep_trainer_state(t, &state, &error) == LOCKSTEP_OK && state.global_step == 4, "%s",
        error.text);
  CHECK(state.updates + said == 4 && said > 0, "%d of %d", (int)state.updates, said);
  lockstep_trainer_free(t);
  compare(&before, "after a loss that is not finite");
  free(sample);
  return failures > 0;
}

static int forget(char **argv) {
  lockstep_error error;
  lockstep_trainer *t;
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, argv[2], NULL, &t, &error) == LOCKSTEP_OK, "%s",
        error.text);
  return failures > 0;
}

static int loop(char **argv) {
  lockstep_error error;
  lockstep_state state;
  lockstep_trainer_options options = LOCKSTEP_TRAINER_OPTIONS;
  options.message = on_message;
  untouched before = make_peculiar();
  lockstep_status status =
      lockstep_train(MPI_COMM_WORLD, argv[2], argv[3], 0, &options, &state, &error);
  compare(&before, "after the loop");
  if (rank == 0 && status != LOCKSTEP_OK) printf("%d %s\n", (int)status, error.text);
  if (rank == 0 && status == LOCKSTEP_OK)
    printf("0 %s epoch %ld updates %ld samples %ld rate %g\n", state.weights_hash,
           (long)state.epoch, (long)state.updates, (long)state.samples_seen, state.rate);
  return failures > 0;
}

int main(int argc, char **argv) {
  int level, status;
  lockstep_error error;
  lockstep_trainer *none;
  CHECK(lockstep_trainer_new_f(0, "x: 1\n", NULL, &none, &error) == LOCKSTEP_EUSAGE && !none, "%s",
        error.text); /* before MPI runs */
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, "x: 1\n", NULL, &none, &error) == LOCKSTEP_EUSAGE &&
            !none && strstr(error.text, "MPI_Init"),
        "%s", error.text);
  CHECK(lockstep_train(MPI_COMM_WORLD, "x", "y", 0, NULL, NULL, &error) == LOCKSTEP_EUSAGE, "%s",
        error.text);
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  watch_communicator();
  if (strcmp(argv[1], "loop") == 0)
    status = loop(argv);
  else if (strcmp(argv[1], "forget") == 0)
    status = forget(argv);
  else
    status = strcmp(argv[1], "diverge") == 0 ? diverge(argv) : train(argc, argv);
  check_communicator();
  MPI_Finalize();
  CHECK(lockstep_trainer_new(MPI_COMM_WORLD, "x: 1\n", NULL, &none, &error) == LOCKSTEP_EUSAGE,
        "%s", error.text); /* and after its end */
  return status || failures > 0;
}
