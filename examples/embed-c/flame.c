/* flame [CHECKPOINT]: a flame runs through a gas, on the ranks of its own communicator. The slow
 * part is the chemistry, which takes many small steps in each cell; while it is computed, lockstep
 * learns it from the same numbers, and then computes it instead. Prints how much faster that is,
 * and how far off.
 *
 *   T_t = D T_xx + r,   c_t = D c_xx - r,   r = A c exp(-E / T)      (temperature T, fuel c, both 0
 * to 1)
 *
 * Everything about lockstep is in the functions that begin with learn_. */
#include <lockstep/lockstep.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  CELLS = 192,
  SUBSTEPS = 300,     /* of the chemistry in a time step */
  STEPS_LEARNT = 250, /* time steps in which the network is trained */
  STEPS_USED = 250,   /* and in which it is used */
  SNAPSHOTS = 200,    /* kept of those time steps */
  UPDATES = 12,       /* of the network in each */
  BATCH = 128
};
static const double WIDTH = 30, STEP = 0.0075, A = 3e4, E = 8, D = 1;

typedef struct {
  MPI_Comm comm;
  int rank, ranks, left, right, first, cells; /* this rank's cells, and its neighbours */
  double *t, *c;                              /* (cells + 2), with a cell of each neighbour's */
  double chemistry_seconds;
} gas;

static gas make_gas(MPI_Comm comm) {
  gas g = {.comm = comm};
  MPI_Comm_rank(comm, &g.rank);
  MPI_Comm_size(comm, &g.ranks);
  g.left = g.rank > 0 ? g.rank - 1 : MPI_PROC_NULL;
  g.right = g.rank + 1 < g.ranks ? g.rank + 1 : MPI_PROC_NULL;
  g.first = CELLS * g.rank / g.ranks;
  g.cells = CELLS * (g.rank + 1) / g.ranks - g.first;
  g.t = calloc((size_t)g.cells + 2, sizeof *g.t);
  g.c = calloc((size_t)g.cells + 2, sizeof *g.c);
  for (int i = 1; i <= g.cells; i++) {
    const double burnt = 1 / (1 + exp(2 * ((g.first + i - 1) * WIDTH / CELLS - 4)));
    g.t[i] = 0.2 + 0.8 * burnt;
    g.c[i] = 0.8 * (1 - burnt);
  }
  return g;
}

static void free_gas(gas *g) {
  free(g->t);
  free(g->c);
}

static void diffuse(gas *g, double *u) {
  const int n = g->cells;
  const double h = WIDTH / CELLS, k = D * STEP / (h * h);
  double before = u[1];
  MPI_Sendrecv(&u[1], 1, MPI_DOUBLE, g->left, 0, &u[n + 1], 1, MPI_DOUBLE, g->right, 0, g->comm,
               MPI_STATUS_IGNORE);
  MPI_Sendrecv(&u[n], 1, MPI_DOUBLE, g->right, 0, &u[0], 1, MPI_DOUBLE, g->left, 0, g->comm,
               MPI_STATUS_IGNORE);
  if (g->left == MPI_PROC_NULL) u[0] = u[1];
  if (g->right == MPI_PROC_NULL) u[n + 1] = u[n];
  before = u[0];
  for (int i = 1; i <= n; i++) {
    const double here = u[i];
    u[i] += k * (before - 2 * here + u[i + 1]);
    before = here;
  }
}

/* The slow part: how much of the fuel of one cell burns in a step. */
static double burn(double t, double c) {
  const double start = c, h = STEP / SUBSTEPS;
  for (int i = 0; i < SUBSTEPS; i++) {
    const double half = 0.5 * h * A * c * exp(-E / t);
    const double r = h * A * (c - half) * exp(-E / (t + half));
    c -= r;
    t += r;
  }
  return start - c;
}

/* ---- what lockstep does ---- */

static const char config[] =
    "version: 1\n"
    "data: {type: memory, inputs: 2, targets: 1, scale: standard}\n"
    "model: {layers: [{units: 24, activation: tanh}, {units: 24, activation: tanh}, {units: "
    "out}]}\n"
    "loss: mse\n"
    "optimizer: {type: adam, lr: 0.01, beta2: 0.99}\n"
    "schedule: {type: cosine, decay_steps: 3000}\n"
    "train: {steps: 3000, batch: 128, slices: 8}\n";

typedef struct {
  lockstep_trainer *trainer;
  lockstep_net *net;
  int snapshots, updates; /* so far */
  double *x, *y;          /* (SNAPSHOTS, cells, 2), (SNAPSHOTS, cells): the last ones */
  int64_t number[BATCH];  /* a minibatch: those of its samples that are in this rank's cells */
  double batch_x[2 * BATCH], batch_y[BATCH];
} surrogate;

static void check(lockstep_status status, const lockstep_error *error) {
  if (status == LOCKSTEP_OK) return;
  fprintf(stderr, "flame: %s\n", error->text);
  MPI_Abort(MPI_COMM_WORLD, (int)status);
}

static surrogate learn_begin(const gas *g) {
  /* The sizes that temperature, fuel and what burns in a step are of: a network learns numbers
   * around 1. */
  static const double x_shift[] = {0.6, 0.4}, x_divisor[] = {0.3, 0.3};
  static const double y_shift[] = {0.01}, y_divisor[] = {0.005};
  lockstep_trainer_options options = LOCKSTEP_TRAINER_OPTIONS;
  lockstep_error error;
  surrogate s = {.updates = 0};
  options.x_shift = x_shift;
  options.x_divisor = x_divisor;
  options.y_shift = y_shift;
  options.y_divisor = y_divisor;
  check(lockstep_trainer_new(g->comm, config, &options, &s.trainer, &error), &error);
  s.x = malloc((size_t)g->cells * SNAPSHOTS * 2 * sizeof *s.x);
  s.y = malloc((size_t)g->cells * SNAPSHOTS * sizeof *s.y);
  return s;
}

/* Any number that depends on n alone, and so is the same on all ranks. */
static unsigned scramble(unsigned n) {
  n = (n ^ (n >> 16)) * 0x45d9f3bu;
  n = (n ^ (n >> 16)) * 0x45d9f3bu;
  return n ^ (n >> 16);
}

/* A minibatch is any cells of any snapshots. Each rank has the samples that are in its cells, and
 * says which of the minibatch they are: whoever has them, the network becomes the same. */
static void learn_update(surrogate *s, const gas *g) {
  lockstep_error error;
  const unsigned have = s->snapshots < SNAPSHOTS ? (unsigned)s->snapshots : SNAPSHOTS;
  int rows = 0;
  for (unsigned k = 0; k < BATCH; k++) {
    const unsigned drawn = scramble((unsigned)s->updates * BATCH + k);
    const int cell = (int)(drawn % CELLS) - g->first;
    const int at = (int)(drawn / CELLS % have) * g->cells + cell;
    if (cell < 0 || cell >= g->cells) continue;
    s->number[rows] = k;
    s->batch_x[2 * rows] = s->x[2 * at];
    s->batch_x[2 * rows + 1] = s->x[2 * at + 1];
    s->batch_y[rows++] = s->y[at];
  }
  check(lockstep_trainer_step_f64(s->trainer, rows, s->number, s->batch_x, s->batch_y, &error),
        &error);
  s->updates++;
}

static void fill_inputs(const gas *g, double *x) {
  for (int i = 0; i < g->cells; i++) {
    x[2 * i] = g->t[i + 1];
    x[2 * i + 1] = g->c[i + 1];
  }
}

static void learn_snapshot(surrogate *s, const gas *g, const double *burnt) {
  const int slot = s->snapshots++ % SNAPSHOTS;
  fill_inputs(g, s->x + 2 * slot * g->cells);
  for (int i = 0; i < g->cells; i++) s->y[slot * g->cells + i] = burnt[i];
  for (int k = 0; k < UPDATES; k++) learn_update(s, g);
}

/* From here on the network is what it is now. */
static void learn_end(surrogate *s, const gas *g, const char *checkpoint) {
  lockstep_error error;
  lockstep_state state;
  check(lockstep_trainer_state(s->trainer, &state, &error), &error);
  check(lockstep_trainer_net(s->trainer, &s->net, &error), &error);
  if (checkpoint) check(lockstep_trainer_save(s->trainer, checkpoint, &error), &error);
  lockstep_trainer_free(s->trainer);
  if (g->rank == 0)
    printf("learnt: %ld updates, loss %.2g, weights %s\n", (long)state.updates, state.loss,
           state.weights_hash);
}

static void learn_apply(const surrogate *s, const gas *g, double *burnt) {
  lockstep_error error;
  fill_inputs(g, s->x);
  check(lockstep_net_apply_f64(s->net, g->cells, s->x, burnt, &error), &error);
}

static void learn_free(surrogate *s) {
  lockstep_net_free(s->net);
  free(s->x);
  free(s->y);
}

/* ---- the simulation ---- */

static void step(gas *g, surrogate *s, double *burnt) {
  diffuse(g, g->t);
  diffuse(g, g->c);
  const double start = MPI_Wtime();
  if (s && s->net)
    learn_apply(s, g, burnt);
  else
    for (int i = 0; i < g->cells; i++) burnt[i] = burn(g->t[i + 1], g->c[i + 1]);
  g->chemistry_seconds += MPI_Wtime() - start;
  if (s && !s->net) learn_snapshot(s, g, burnt);
  for (int i = 0; i < g->cells; i++) {
    const double most = g->c[i + 1], b = fmin(fmax(burnt[i], 0), most);
    g->c[i + 1] -= b;
    g->t[i + 1] += b;
  }
}

static double largest_difference(const gas *a, const gas *b) {
  double most = 0;
  for (int i = 1; i <= a->cells; i++) most = fmax(most, fabs(a->t[i] - b->t[i]));
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, a->comm);
  return most;
}

static double front(const gas *g) { /* where the gas is half burnt */
  double sum = 0;
  for (int i = 1; i <= g->cells; i++) sum += (0.8 - g->c[i]) / 0.8 * WIDTH / CELLS;
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, g->comm);
  return sum;
}

int main(int argc, char **argv) {
  int level;
  MPI_Comm own;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
  MPI_Comm_dup(MPI_COMM_WORLD, &own);
  gas exact = make_gas(own), fast = make_gas(own);
  double *burnt = malloc((size_t)exact.cells * sizeof *burnt);
  surrogate s = learn_begin(&fast);
  for (int k = 0; k < STEPS_LEARNT; k++) step(&fast, &s, burnt);
  learn_end(&s, &fast, argc > 1 ? argv[1] : NULL);
  for (int i = 0; i < fast.cells + 2; i++) {
    exact.t[i] = fast.t[i];
    exact.c[i] = fast.c[i];
  }
  const double from = front(&exact);
  fast.chemistry_seconds = 0;
  for (int k = 0; k < STEPS_USED; k++) step(&fast, &s, burnt);
  for (int k = 0; k < STEPS_USED; k++) step(&exact, NULL, burnt);
  const double difference = largest_difference(&exact, &fast), to = front(&exact),
               at = front(&fast);
  if (exact.rank == 0)
    printf(
        "%d steps: the flame ran from %.3f to %.3f, with the network to %.3f; temperature differs "
        "by %.2g\n"
        "chemistry %.3g s, with the network %.3g s: %.0f times as fast\n",
        STEPS_USED, from, to, at, difference, exact.chemistry_seconds, fast.chemistry_seconds,
        exact.chemistry_seconds / fast.chemistry_seconds);
  learn_free(&s);
  free(burnt);
  free_gas(&exact);
  free_gas(&fast);
  MPI_Comm_free(&own);
  MPI_Finalize();
  return difference < 0.05 ? 0 : 1;
}
