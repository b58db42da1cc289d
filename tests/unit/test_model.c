/* The model: golden gradients and losses, gradients against finite differences, and bits that
 * depend on nothing but the numbers. */
#include <jansson.h>

#include "base/mem.h"
#include "base/rng.h"
#include "model/model.h"
#include "test.h"

enum { SEED = 20240607, MAX = 4096 };

static void ok(ls_status status) {
  if (status != LS_OK) fail_msg("status %d: %s", status, ls_error_text());
}

/* ---- a model, its weights and a minibatch, cut over ranks as wanted ---- */

typedef struct {
  ls_dtype precision;
  int64_t inputs, outputs, rows;
  double x[MAX], target[MAX];
  int32_t label[256];
  bool labels;
  double *weight;
} samples;

static void put(ls_dtype precision, void *at, int64_t i, double value) {
  if (precision == LS_F32)
    ((float *)at)[i] = (float)value;
  else
    ((double *)at)[i] = value;
}
static double get(ls_dtype precision, const void *at, int64_t i) {
  return precision == LS_F32 ? (double)((const float *)at)[i] : ((const double *)at)[i];
}

static void *zeros(int64_t count) {
  void *block;
  ok(ls_mem_new(&block, (size_t)count, sizeof(double)));
  return block;
}

/* Rank `rank`'s share of the samples in `slices` slices. */
static ls_batch share_of(const samples *s, int slices, int ranks, int rank, int64_t *slice_row) {
  ls_batch b = {.total = s->rows,
                .features = s->inputs,
                .ldx = (s->inputs + 31) / 32 * 32,
                .outputs = s->outputs,
                .slices = slices};
  b.slice_lo = ls_tree_first(slices, ranks, rank);
  b.slice_hi = ls_tree_first(slices, ranks, rank + 1);
  const int64_t lo = ls_tree_row(s->rows, slices, b.slice_lo);
  b.rows = ls_tree_row(s->rows, slices, b.slice_hi) - lo;
  b.first_sample = lo;
  b.x = zeros(b.rows * b.ldx);
  b.labels = s->labels ? zeros(b.rows) : NULL;
  b.targets = s->labels ? NULL : zeros(b.rows * s->outputs);
  b.weight = s->weight ? s->weight + lo : NULL;
  b.slice_row = slice_row;
  for (int i = b.slice_lo; i <= b.slice_hi; i++)
    slice_row[i - b.slice_lo] = ls_tree_row(s->rows, slices, i) - lo;
  for (int64_t r = 0; r < b.rows; r++) {
    for (int64_t k = 0; k < s->inputs; k++)
      put(s->precision, b.x, r * b.ldx + k, s->x[(lo + r) * s->inputs + k]);
    if (s->labels) b.labels[r] = s->label[lo + r];
    for (int64_t k = 0; k < s->outputs && !s->labels; k++)
      put(s->precision, b.targets, r * s->outputs + k, s->target[(lo + r) * s->outputs + k]);
  }
  return b;
}

typedef struct {
  double loss, correct;
  double logits[MAX], output[MAX];
  double grad[MAX];
  char bits[MAX * sizeof(double)]; /* grad as computed */
} outcome;

/* The sum of node (lo, level) out of all ranks' parts. */
static bool finish(int slices, int lo, int level, int parts, const ls_tree_node *node,
                   void *const *grad, int64_t n, ls_dtype precision, void *out) {
  if (lo >= slices) return false;
  for (int p = 0; p < parts; p++)
    if (node[p].lo == lo && node[p].level == level) {
      memcpy(out, grad[p], (size_t)n * ls_dtype_size(precision));
      return true;
    }
  const int half = level > 0 ? 1 << (level - 1) : 0;
  assert_true(half > 0);
  void *right = zeros(n);
  assert_true(finish(slices, lo, level - 1, parts, node, grad, n, precision, out));
  if (finish(slices, lo + half, level - 1, parts, node, grad, n, precision, right))
    for (int64_t i = 0; i < n; i++) {
      if (precision == LS_F32)
        ((float *)out)[i] += ((float *)right)[i];
      else
        ((double *)out)[i] += ((double *)right)[i];
    }
  ls_mem_free(right);
  return true;
}

typedef struct {
  const ls_layer_spec *layer;
  int layers;
  const char *loss;
  int slices, ranks, threads;
  bool training;
} setup;

/* What a plug-in may bring: a hyperbola, which counts more from output to output. */
static double own_loss(const double *y, const double *t, int64_t n, double *slope) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const double e = y[i] - t[i], root = sqrt(1 + e * e);
    sum += (double)(i + 1) * root;
    if (slope) slope[i] = (double)(i + 1) * e / root;
  }
  return sum;
}

/* Until the next call. */
static const ls_loss_spec *loss_of(const char *name) {
  static const double quantile[] = {0.1, 0.5, 0.95};
  static ls_loss_spec spec;
  const bool has = strcmp(name, "quantile") == 0;
  static const ls_loss_ops own = {LS_LOSS_ABI, "own", "a test's", own_loss};
  spec = (ls_loss_spec){name, has ? 3 : 0, quantile, &own};
  return &spec;
}

static void run_rank(const setup *u, const samples *s, const void *w, int rank, outcome *out,
                     ls_tree_node *node, void **grad, int *parts, ls_stats *stats) {
  ls_model *model;
  ls_team *team;
  int64_t slice_row[65], ld;
  ok(ls_team_new(u->threads, &team));
  ok(ls_model_new(u->layer, u->layers, loss_of(u->loss), s->inputs, s->outputs, u->slices,
                  s->precision, &model));
  ls_batch b = share_of(s, u->slices, u->ranks, rank, slice_row);
  ok(ls_model_reserve(model, b.rows, team));
  const int64_t before = ls_mem_total();
  ls_model_load(model, w);
  ls_model_forward(model, &b, u->training, SEED);
  ls_model_stats(model, &b, stats + b.slice_lo);
  int count = ls_tree_cover(u->slices, b.slice_lo, b.slice_hi, node + *parts);
  assert_int_equal(ls_mem_total(), before);
  for (int i = 0; i < count; i++) grad[*parts + i] = zeros(ls_model_parameters(model));
  ls_model_backward(model, &b);
  ls_model_gradient(model, &b, count, node + *parts, grad + *parts);
  *parts += count;
  const void *z = ls_model_logits(model, &ld), *y = ls_model_output(model, &ld);
  for (int64_t r = 0; r < b.rows; r++)
    for (int64_t c = 0; c < s->outputs; c++) {
      out->logits[(b.first_sample + r) * s->outputs + c] = get(s->precision, z, r * ld + c);
      out->output[(b.first_sample + r) * s->outputs + c] = get(s->precision, y, r * ld + c);
    }
  ls_mem_free(b.x);
  ls_mem_free(b.labels);
  ls_mem_free(b.targets);
  ls_model_free(&model);
  ls_team_free(&team);
}

static void run(const setup *u, const samples *s, const void *w, int64_t n, outcome *out) {
  ls_tree_node node[256];
  void *grad[256];
  ls_stats stats[64] = {{0}};
  int parts = 0, level = 0;
  memset(out, 0, sizeof *out);
  for (int rank = 0; rank < u->ranks; rank++)
    run_rank(u, s, w, rank, out, node, grad, &parts, stats);
  while (1 << level < u->slices) level++;
  assert_true(finish(u->slices, 0, level, parts, node, grad, n, s->precision, out->bits));
  for (int64_t i = 0; i < n; i++) out->grad[i] = get(s->precision, out->bits, i);
  for (int i = 0; i < parts; i++) ls_mem_free(grad[i]);
  out->loss = ls_tree_sum(&stats[0].loss, u->slices, LS_STATS_N) / (double)s->rows;
  out->correct = ls_tree_sum(&stats[0].correct, u->slices, LS_STATS_N);
}

/* ---- golden/gradients.json ---- */

static json_t *read_golden(const char *name) {
  char path[512];
  json_error_t error;
  snprintf(path, sizeof path, TESTS_DIR "/golden/%s", name);
  json_t *root = json_load_file(path, 0, &error);
  if (!root) fail_msg("%s: %s", path, error.text);
  return root;
}

/* Every number of a nested list, in order. */
static int64_t flatten(const json_t *value, double *out) {
  if (json_is_number(value)) {
    *out = json_number_value(value);
    return 1;
  }
  int64_t count = 0;
  for (size_t i = 0; i < json_array_size(value); i++)
    count += flatten(json_array_get(value, i), out + count);
  return count;
}

static void expect_near(const char *what, const double *got, const double *want, int64_t n,
                        double tolerance) {
  for (int64_t i = 0; i < n; i++)
    if (!(fabs(got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i]))))
      fail_msg("%s[%d]: %.17g, not %.17g", what, (int)i, got[i], want[i]);
}

typedef struct {
  const char *golden, *loss, *activation, *targets;
} head;

static const head heads[] = {
    {"softmax_ce", "cross_entropy", "softmax", NULL},
    {"softmax_book", "cross_entropy_per_class", "softmax", NULL},
    {"softmax_batchaxis_book", "cross_entropy_per_class", "softmax_batch", NULL},
    {"sigmoid_bce", "binary_cross_entropy", "sigmoid", "targets_multilabel"},
    {"linear_mse", "mse", "linear", "targets_regression"},
    {"linear_half_mse_per_obs", "half_mse", "linear", "targets_regression"},
};

static const head *head_named(const char *name) {
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
    if (strcmp(heads[i].golden, name) == 0) return &heads[i];
  fail_msg("no head %s", name);
  return NULL;
}

enum { IN = 4, MIDDLE = 5, OUT = 3, N1 = IN * MIDDLE + MIDDLE, N = N1 + MIDDLE * OUT + OUT };

/* Samples [lo, hi) of the file. */
static void golden_samples(const json_t *root, const head *h, int lo, int hi, samples *s) {
  double all[64];
  s->inputs = IN;
  s->outputs = OUT;
  s->rows = hi - lo;
  flatten(json_object_get(root, "x"), all);
  memcpy(s->x, all + lo * IN, (size_t)(s->rows * IN) * sizeof *all);
  s->labels = !h->targets;
  flatten(json_object_get(root, h->targets ? h->targets : "labels"), all);
  for (int64_t i = 0; i < s->rows && s->labels; i++) s->label[i] = (int32_t)all[lo + i];
  for (int64_t i = 0; i < s->rows * OUT && !s->labels; i++) s->target[i] = all[lo * OUT + i];
}

static void golden_weights(const json_t *root, ls_dtype precision, void *w) {
  static const char *const name[] = {"W1", "b1", "W2", "b2"};
  const json_t *net = json_object_get(root, "net");
  int64_t at = 0;
  for (int i = 0; i < 4; i++) {
    double value[64];
    int64_t n = flatten(json_object_get(net, name[i]), value);
    for (int64_t k = 0; k < n; k++) put(precision, w, at++, value[k]);
  }
  assert_int_equal(at, N);
}

static void golden_case(const json_t *root, const json_t *one, ls_dtype precision, int slices,
                        int ranks, int threads) {
  static samples s;
  static outcome out;
  double w[N], want[N + 64];
  const char *activation = json_string_value(json_object_get(one, "activation"));
  const head *h = head_named(json_string_value(json_object_get(one, "head")));
  const double tolerance = precision == LS_F64 ? 1e-12 : 2e-6;
  ls_layer_spec layer[] = {
      {.units = MIDDLE, .activation = strcmp(activation, "identity") ? activation : NULL},
      {.activation = h->activation}};
  setup u = {layer, 2, h->loss, slices, ranks, threads, true};
  s.precision = precision;
  golden_samples(root, h, 0, 8, &s);
  golden_weights(root, precision, w);
  run(&u, &s, w, N, &out);
  flatten(json_object_get(one, "z2"), want);
  expect_near("z2", out.logits, want, 8 * OUT, tolerance);
  flatten(json_object_get(one, "out"), want);
  expect_near("out", out.output, want, 8 * OUT, tolerance);
  flatten(json_object_get(one, "loss"), want);
  expect_near("loss", &out.loss, want, 1, tolerance);
  int64_t n = 0;
  static const char *const part[] = {"dW1", "db1", "dW2", "db2"};
  for (int i = 0; i < 4; i++) n += flatten(json_object_get(one, part[i]), want + n);
  assert_int_equal(n, N);
  expect_near(h->golden, out.grad, want, N, tolerance);
}

static void test_golden_gradients(void **state) {
  (void)state;
  json_t *root = read_golden("gradients.json"), *one;
  size_t i;
  json_array_foreach(json_object_get(root, "cases"), i, one) {
    const bool couples = strstr(json_string_value(json_object_get(one, "head")), "batchaxis");
    for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++)
      for (int slices = 1; slices <= (couples ? 1 : 11); slices++)
        for (int ranks = 1; ranks <= (slices < 3 ? slices : 3); ranks++)
          golden_case(root, one, precision, slices, ranks, 1 + slices % 3);
  }
  assert_int_equal(i, 24);
  json_decref(root);
}

/* A shard as a minibatch of its own. */
static void test_golden_shards(void **state) {
  (void)state;
  static samples s;
  static outcome out;
  json_t *root = read_golden("gradients.json"), *one;
  size_t i;
  double w[N], losses[3], dw[3 * MIDDLE * OUT], db[3 * OUT];
  golden_weights(root, LS_F64, w);
  json_array_foreach(json_object_get(root, "cases"), i, one) {
    const json_t *shards = json_object_get(one, "shards");
    const char *activation = json_string_value(json_object_get(one, "activation"));
    const head *h = head_named(json_string_value(json_object_get(one, "head")));
    ls_layer_spec layer[] = {
        {.units = MIDDLE, .activation = strcmp(activation, "identity") ? activation : "linear"},
        {.activation = h->activation}};
    flatten(json_object_get(shards, "losses"), losses);
    flatten(json_object_get(shards, "dW2"), dw);
    flatten(json_object_get(shards, "db2"), db);
    for (int k = 0; k < 3; k++) {
      s.precision = LS_F64;
      golden_samples(root, h, 3 * k, k == 2 ? 8 : 3 * k + 3, &s);
      run(&(setup){layer, 2, h->loss, 1, 1, 1, true}, &s, w, N, &out);
      expect_near("loss", &out.loss, &losses[k], 1, 1e-12);
      expect_near("dW2", out.grad + N1, dw + k * MIDDLE * OUT, MIDDLE * OUT, 1e-12);
      expect_near("db2", out.grad + N1 + MIDDLE * OUT, db + k * OUT, OUT, 1e-12);
    }
  }
  json_decref(root);
}

/* Logits up to 1000 come straight from the inputs through W = 1; db = column sums of dz, dW =
 * logits^T dz. One row at a time makes db the row of dz itself. */
static void test_golden_stability(void **state) {
  (void)state;
  static samples s;
  static outcome out;
  json_t *root = read_golden("stability.json");
  double logits[24] = {0}, labels[8] = {0}, dz[24] = {0}, loss = 0;
  flatten(json_object_get(root, "logits"), logits);
  flatten(json_object_get(root, "labels"), labels);
  const double identity[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  for (int k = 0; k < 4; k++) {
    const json_t *one = json_object_get(json_object_get(root, "heads"), heads[k].golden);
    if (!one) continue;
    ls_layer_spec layer = {.activation = heads[k].activation};
    flatten(json_object_get(one, "loss"), &loss);
    flatten(json_object_get(one, "dz"), dz);
    double sum = 0;
    for (int r = 0; r < 8; r++) {
      s = (samples){
          .precision = LS_F64, .inputs = 3, .outputs = 3, .rows = 1, .labels = !heads[k].targets};
      s.label[0] = (int32_t)labels[r];
      for (int i = 0; i < 3; i++) s.x[i] = logits[3 * r + i], s.target[i] = i == s.label[0];
      run(&(setup){&layer, 1, heads[k].loss, 1, 1, 1, true}, &s, identity, 12, &out);
      sum += out.loss / 8;
      for (int i = 0; i < 3; i++) {
        const double got = out.grad[9 + i] / 8, want = dz[3 * r + i];
        if (!(fabs(got - want) <= 1e-13 * fabs(want) + 1e-320))
          fail_msg("%s row %d: dz[%d] is %.17g, not %.17g", heads[k].golden, r, i, got, want);
      }
    }
    expect_near(heads[k].golden, &sum, &loss, 1, 1e-15);
  }
  json_decref(root);
}

/* ---- random nets ---- */

static double normal(uint64_t stream, int64_t i) {
  return ls_rng_normal(SEED, stream, (uint64_t)i);
}

static void random_samples(samples *s, ls_dtype precision, int64_t inputs, int64_t outputs,
                           int64_t rows, ls_task task) {
  *s = (samples){.precision = precision,
                 .inputs = inputs,
                 .outputs = outputs,
                 .rows = rows,
                 .labels = task == LS_TASK_CLASSES};
  for (int64_t i = 0; i < rows * inputs; i++) s->x[i] = (double)(float)normal(1, i);
  for (int64_t i = 0; i < rows * outputs; i++)
    s->target[i] =
        task == LS_TASK_MULTILABEL ? normal(2, i) > 0 : (double)(float)fabs(normal(2, i));
  for (int64_t i = 0; i < rows; i++)
    s->label[i] = (int32_t)(ls_rng_u64(SEED, 3, (uint64_t)i) % (uint64_t)outputs);
}

static int64_t parameters_of(const setup *u, const samples *s) {
  ls_model *model;
  ok(ls_model_new(u->layer, u->layers, loss_of(u->loss), s->inputs, s->outputs, u->slices,
                  s->precision, &model));
  int64_t n = ls_model_parameters(model);
  ls_model_free(&model);
  assert_true(n <= MAX);
  return n;
}

static void finite_differences(const setup *u, ls_task task, bool weighted) {
  static samples s;
  static outcome out, up, down;
  static double w[MAX], weight[] = {0.5, 2, 1, 0, 1.5, 1, 3};
  random_samples(&s, LS_F64, 6, 3, 7, task);
  if (weighted) s.weight = weight;
  const int64_t n = parameters_of(u, &s);
  for (int64_t i = 0; i < n; i++) w[i] = 0.5 * normal(4, i) + 0.1;
  run(u, &s, w, n, &out);
  for (int64_t i = 0; i < n; i++) {
    const double step = 1e-5, kept = w[i];
    w[i] = kept + step;
    run(u, &s, w, n, &up);
    w[i] = kept - step;
    run(u, &s, w, n, &down);
    w[i] = kept;
    const double slope = (up.loss - down.loss) / (2 * step);
    if (!(fabs(slope - out.grad[i]) < 1e-8))
      fail_msg("%s: gradient %d is %.12g, differences give %.12g", u->loss, (int)i, out.grad[i],
               slope);
  }
}

static void test_slopes_of_activations_and_losses(void **state) {
  (void)state;
  for (int a = 0; ls_activation_names[a]; a++) {
    const bool batch = strcmp(ls_activation_names[a], "softmax_batch") == 0;
    if (!batch) {
      ls_layer_spec hidden[] = {{.units = 4, .activation = ls_activation_names[a]}, {.units = 3}};
      finite_differences(&(setup){hidden, 2, "huber", 2, 1, 1, true}, LS_TASK_REGRESSION, false);
    }
    for (int l = 0; ls_loss_names[l]; l++) {
      ls_layer_spec layer[] = {{.units = 5, .activation = "tanh"},
                               {.activation = ls_activation_names[a]}};
      ls_model *model;
      const int slices = batch ? 1 : 3;
      if (ls_model_new(layer, 2, loss_of(ls_loss_names[l]), 6, 3, slices, LS_F64, &model) != LS_OK)
        continue;
      ls_model_free(&model);
      for (int weighted = 0; weighted < 2; weighted++)
        finite_differences(&(setup){layer, 2, ls_loss_names[l], slices, 1, 1, true},
                           ls_loss_task(ls_loss_names[l]), weighted);
    }
  }
}

static void test_slopes_of_layers(void **state) {
  (void)state;
  ls_layer_spec layer[] = {{.units = 6, .activation = "tanh"},
                           {.type = "layer_norm"},
                           {.units = 6, .activation = "gelu"},
                           {.type = "residual", .span = 2},
                           {.type = "dropout", .rate = 0.3},
                           {.type = "residual", .span = 5},
                           {.units = 6, .activation = "elu"},
                           {.type = "residual", .span = 1},
                           {.type = "residual", .span = 4},
                           {.units = 3, .activation = "softplus"},
                           {.type = "layer_norm"}};
  finite_differences(&(setup){layer, 11, "mse", 3, 2, 2, true}, LS_TASK_REGRESSION, true);
  finite_differences(&(setup){layer, 11, "mse", 3, 2, 2, false}, LS_TASK_REGRESSION, false);
}

static bool same(const void *a, const void *b, size_t bytes) { return memcmp(a, b, bytes) == 0; }

/* The same bits however the slices are shared out over ranks and threads. */
static void test_bits_of_any_split(void **state) {
  (void)state;
  static samples s;
  static outcome first, again;
  static double w[MAX];
  ls_layer_spec layer[] = {{.units = 17, .activation = "relu"},
                           {.type = "dropout", .rate = 0.2},
                           {.units = 20, .activation = "tanh"},
                           {.type = "layer_norm"},
                           {.activation = "softmax"}};
  for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++)
    for (int slices = 1; slices <= 13; slices += 3) {
      random_samples(&s, precision, 37, 10, 50, LS_TASK_CLASSES);
      setup u = {layer, 5, "cross_entropy", slices, 1, 1, true};
      const int64_t n = parameters_of(&u, &s);
      for (int64_t i = 0; i < n; i++) put(precision, w, i, 0.3 * normal(4, i));
      run(&u, &s, w, n, &first);
      for (u.ranks = 1; u.ranks <= slices; u.ranks++)
        for (u.threads = 1; u.threads <= 4; u.threads++) {
          run(&u, &s, w, n, &again);
          if (!same(&first, &again, sizeof first))
            fail_msg("%s, %d slices: %d ranks of %d threads give other bits",
                     ls_dtype_name(precision), slices, u.ranks, u.threads);
        }
    }
}

/* Ranks without rows, slices without rows. */
static void test_few_rows(void **state) {
  (void)state;
  static samples s;
  static outcome one, many;
  static double w[MAX];
  ls_layer_spec layer[] = {{.units = 3, .activation = "tanh"}, {0}};
  random_samples(&s, LS_F64, 5, 2, 3, LS_TASK_REGRESSION);
  for (int i = 0; i < 64; i++) w[i] = normal(4, i);
  run(&(setup){layer, 2, "mse", 8, 1, 1, true}, &s, w, 26, &one);
  run(&(setup){layer, 2, "mse", 8, 8, 2, true}, &s, w, 26, &many);
  assert_memory_equal(&one, &many, sizeof one);
}

/* ---- initial weights ---- */

typedef struct {
  ls_init_spec init;
  double sd, limit; /* what 200 * 100 weights must have; limit 0: none */
} law;

static void test_init_laws(void **state) {
  (void)state;
  const double in = 200, out = 100;
  const law laws[] = {
      {{.kind = LS_INIT_HE_NORMAL}, sqrt(2 / in), 0},
      {{.kind = LS_INIT_DEFAULT}, sqrt(2 / in), 0},
      {{.kind = LS_INIT_HE_UNIFORM}, sqrt(2 / in), sqrt(6 / in)},
      {{.kind = LS_INIT_GLOROT_NORMAL}, sqrt(2 / (in + out)), 0},
      {{.kind = LS_INIT_GLOROT_UNIFORM}, sqrt(2 / (in + out)), sqrt(6 / (in + out))},
      {{.kind = LS_INIT_LECUN_NORMAL}, sqrt(1 / in), 0},
      {{.kind = LS_INIT_NORMAL, .scale = 0.3}, 0.3, 0},
      {{.kind = LS_INIT_UNIFORM, .scale = 0.3}, 0.3 / sqrt(3), 0.3},
      {{.kind = LS_INIT_TRUNCATED_NORMAL, .fan_in_gain = 2},
       2 / sqrt(in) * 0.87962566,
       4 / sqrt(in)},
      {{.kind = LS_INIT_TRUNCATED_NORMAL, .scale = 0.1}, 0.1 * 0.87962566, 0.2},
      {{.kind = LS_INIT_ZEROS}, 0, 0},
  };
  ls_model *model;
  ls_layer_spec layer = {.units = 100, .activation = "relu"};
  ok(ls_model_new(&layer, 1, loss_of("mse"), 200, 100, 1, LS_F64, &model));
  double *w = zeros(20100);
  for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
    double sum = 0, square = 0, largest = 0;
    ls_model_init(model, &laws[i].init, SEED, w, 0, 20100);
    for (int k = 0; k < 20000; k++)
      sum += w[k], square += w[k] * w[k], largest = fmax(largest, fabs(w[k]));
    for (int k = 20000; k < 20100; k++) assert_true(w[k] == 0);
    const double sd = sqrt(square / 20000);
    if (fabs(sd - laws[i].sd) > 0.02 * laws[i].sd || fabs(sum / 20000) > 0.03 * laws[i].sd ||
        (laws[i].limit > 0 && largest > laws[i].limit))
      fail_msg("law %d: sd %g, not %g; mean %g; largest %g", (int)i, sd, laws[i].sd, sum / 20000,
               largest);
  }
  ls_init_spec constant = {.kind = LS_INIT_CONSTANT, .value = -4};
  ls_model_init(model, &constant, SEED, w, 0, 20100);
  assert_true(w[0] == -4 && w[19999] == -4 && w[20000] == 0);
  ls_mem_free(w);
  ls_model_free(&model);
}

static void test_init_cuts(void **state) {
  (void)state;
  ls_layer_spec layer[] = {
      {.units = 7, .activation = "relu"}, {.type = "layer_norm"}, {.units = 3}};
  for (ls_dtype precision = LS_F32; precision <= LS_F64; precision++) {
    ls_model *model;
    ok(ls_model_new(layer, 3, loss_of("mse"), 5, 3, 1, precision, &model));
    const int64_t n = ls_model_parameters(model);
    const size_t bytes = (size_t)n * ls_dtype_size(precision);
    void *whole = zeros(n), *cut = zeros(n);
    ls_init_spec init = {0};
    ls_model_init(model, &init, SEED, whole, 0, n);
    for (int64_t step = 1; step <= n; step += 4) {
      memset(cut, 0xff, bytes);
      for (int64_t lo = 0; lo < n; lo += step)
        ls_model_init(model, &init, SEED, cut, lo, lo + step < n ? lo + step : n);
      assert_memory_equal(whole, cut, bytes);
    }
    ls_model_init(model, &init, SEED + 1, cut, 0, n);
    assert_true(memcmp(whole, cut, bytes) != 0);
    assert_true(get(precision, whole, 5 * 7 + 7) == 1); /* gain */
    ls_mem_free(whole);
    ls_mem_free(cut);
    ls_model_free(&model);
  }
}

/* ---- what does not fit together ---- */

static void expect_refused(const ls_layer_spec *layer, int layers, const char *loss, int slices,
                           const char *text) {
  ls_model *model = (ls_model *)1;
  assert_int_equal(ls_model_new(layer, layers, loss_of(loss), 4, 3, slices, LS_F32, &model),
                   LS_ECONFIG);
  assert_null(model);
  if (!strstr(ls_error_text(), text)) fail_msg("\"%s\" is not in: %s", text, ls_error_text());
}

static void test_refusals(void **state) {
  (void)state;
  const ls_layer_spec linear = {.units = 3},
                      batch[] = {{.units = 3, .activation = "softmax_batch"},
                                 {.units = 3, .activation = "softmax"}},
                      norm[] = {{.units = 3, .activation = "softmax"}, {.type = "layer_norm"}},
                      five = {.units = 5, .activation = "softmax"},
                      jump[] = {{.units = 5}, {.type = "residual", .span = 1}},
                      far[] = {{.units = 5}, {.type = "residual", .span = 2}};
  expect_refused(&linear, 1, "cross_entropy", 1, "activation softmax, not linear");
  expect_refused(&linear, 1, "binary_cross_entropy", 1, "activation sigmoid, not linear");
  expect_refused(&batch[1], 1, "binary_cross_entropy", 1, "activation sigmoid, not softmax");
  expect_refused(norm, 2, "cross_entropy", 1, "activation softmax, not linear");
  expect_refused(batch, 1, "cross_entropy_per_class", 2, "slices: 1");
  expect_refused(batch, 1, "mse", 1, "cross_entropy_per_class only");
  expect_refused(batch, 2, "cross_entropy", 1, "only be the last");
  expect_refused(&five, 1, "cross_entropy", 1, "units: out");
  expect_refused(jump, 2, "mse", 1, "same width");
  expect_refused(far, 2, "mse", 1, "span must be from 1 to 1");
  expect_refused(&linear, 0, "mse", 1, "no layers");
}

/* head_stats over logits that were kept: as the whole minibatch's stats. */
static void test_head_stats(void **state) {
  (void)state;
  static samples s;
  static outcome out;
  static double w[MAX];
  random_samples(&s, LS_F64, 6, 4, 40, LS_TASK_CLASSES);
  for (int i = 0; i < 28; i++) w[i] = normal(4, i);
  const char *const activation[] = {"softmax", "softmax_batch"};
  for (int i = 0; i < 2; i++) {
    ls_layer_spec layer = {.activation = activation[i]};
    run(&(setup){&layer, 1, "cross_entropy_per_class", 1, 1, 1, true}, &s, w, 28, &out);
    ls_model *model;
    ls_stats stats;
    ok(ls_model_new(&layer, 1, loss_of("cross_entropy_per_class"), 6, 4, 1, LS_F64, &model));
    ok(ls_model_reserve(model, 0, NULL));
    ls_model_head_stats(model, out.logits, 4, 40, s.label, &stats);
    stats.loss /= 40;
    expect_near("loss", &stats.loss, &out.loss, 1, 1e-14);
    assert_true(stats.correct == out.correct && out.correct > 0);
    ls_model_free(&model);
  }
}

/* ---- gradients that are made piece by piece where they are used ---- */

enum { WIDE = 1024, RANKS_MOST = 5 };

static const ls_layer_spec deferred_layers[] = {{.units = WIDE, .activation = "tanh"},
                                                {.type = "dropout", .rate = 0.3},
                                                {.type = "layer_norm"},
                                                {.units = 24, .activation = "relu"},
                                                {.activation = "softmax"}};

static ls_model *ready(const samples *s, int slices, int ranks, int rank, ls_team *team,
                       void **common) {
  ls_model *model;
  ok(ls_model_new(deferred_layers, 5, loss_of("cross_entropy"), s->inputs, s->outputs, slices,
                  s->precision, &model));
  if (ranks > 0) {
    ok(ls_model_defer(model, s->rows, s->rows, ranks, rank));
    const size_t bytes = ls_model_common_bytes(model);
    assert_true(ls_model_defers(model, -1) && (bytes > 0) == (ranks > 1));
    if (bytes > 0 && !*common) ok(ls_mem_new(common, 1, bytes));
    ls_model_common(model, *common);
  }
  ok(ls_model_reserve(model, s->rows, team));
  return model;
}

static void free_batch(ls_batch *b, bool x) {
  if (x) ls_mem_free(b->x);
  ls_mem_free(b->labels);
  ls_mem_free(b->targets);
}

/* Forward and backward with rank `rank`'s share; the model's rows of x are taken, if it has any. */
static ls_batch backwards(ls_model *model, const samples *s, const void *w, int slices, int ranks,
                          int rank, int64_t *slice_row) {
  ls_batch b = share_of(s, slices, ranks, rank, slice_row);
  void *x = ls_model_common_x(model);
  if (x) {
    memcpy(x, b.x, (size_t)(b.rows * b.ldx) * ls_dtype_size(s->precision));
    ls_mem_free(b.x);
    b.x = x;
  }
  ls_model_load(model, w);
  ls_model_forward(model, &b, true, SEED);
  ls_model_backward(model, &b);
  return b;
}

/* All pieces of a tensor, in random cuts, by any rank and thread. */
static void try_pieces(ls_model *const *model, int ranks, const ls_tensor *tensor, int number,
                       ls_dtype precision, const void *want) {
  static int64_t draws;
  const size_t size = ls_dtype_size(precision);
  int64_t lo = tensor->offset, hi = lo + tensor->rows * tensor->cols;
  void *scratch = zeros(hi - lo + 2 * LS_DEFER_WIDTH);
  for (int64_t n; lo < hi; lo += n) {
    const uint64_t drawn = ls_rng_u64(SEED, 9, (uint64_t)draws++);
    n = 1 + (int64_t)(drawn % (uint64_t)(hi - lo));
    const void *got = ls_model_piece(model[drawn % (uint64_t)ranks], number, lo, n,
                                     (int)(drawn >> 40 & 1), scratch);
    if (memcmp(got, (const char *)want + (size_t)lo * size, (size_t)n * size) != 0)
      fail_msg("%d ranks: parameters [%d, %d) have another gradient", ranks, (int)lo,
               (int)(lo + n));
  }
  ls_mem_free(scratch);
}

static void try_deferred(const samples *s, int slices, int ranks, ls_team *team) {
  int64_t slice_row[RANKS_MOST][65];
  ls_tree_node root;
  ls_model *model[RANKS_MOST], *plain = ready(s, slices, 0, 0, team, NULL);
  const int64_t n = ls_model_parameters(plain);
  void *w = zeros(n), *want = zeros(n), *common = NULL;
  ls_batch b[RANKS_MOST];
  ls_model_init(plain, &(ls_init_spec){0}, SEED, w, 0, n);
  b[0] = backwards(plain, s, w, slices, 1, 0, slice_row[0]);
  assert_int_equal(ls_tree_cover(slices, 0, slices, &root), 1);
  ls_model_gradient(plain, &b[0], 1, &root, &want);
  free_batch(&b[0], true);
  for (int r = 0; r < ranks; r++) {
    model[r] = ready(s, slices, ranks, r, team, &common);
    b[r] = backwards(model[r], s, w, slices, ranks, r, slice_row[r]);
  }
  int tensors, deferred = 0;
  const ls_tensor *tensor = ls_model_tensors(plain, &tensors);
  for (int r = 0; r < ranks; r++) ls_model_join(model[r], &b[r]);
  for (int i = 0; i < tensors; i++) {
    if (!ls_model_defers(model[0], i)) continue;
    deferred++;
    try_pieces(model, ranks, &tensor[i], i, s->precision, want);
  }
  assert_int_equal(deferred,
                   ranks == 1 ? 2 : 6); /* layer_norm's never; on one rank the wide one's */
  for (int r = 0; r < ranks; r++) {
    free_batch(&b[r], ranks == 1);
    ls_model_free(&model[r]);
  }
  ls_model_free(&plain);
  ls_mem_free(w), ls_mem_free(want), ls_mem_free(common);
}

static void test_deferred_gradients(void **state) {
  (void)state;
  static samples s;
  ls_team *team;
  ok(ls_team_new(2, &team));
  for (int precision = LS_F32; precision <= LS_F64; precision++)
    for (int ranks = 1; ranks <= RANKS_MOST; ranks++) {
      s = (samples){.precision = (ls_dtype)precision, .inputs = 64, .outputs = 3, .labels = true};
      s.rows = 30 + 3 * ranks;
      for (int i = 0; i < s.inputs * s.rows; i++) s.x[i] = ls_rng_normal(SEED, 7, (uint64_t)i);
      for (int i = 0; i < s.rows; i++) s.label[i] = i * i % 3;
      try_deferred(&s, 5 + ranks, ranks, team);
    }
  ls_team_free(&team);
}

static int no_leaks(void **state) {
  (void)state;
  return ls_mem_live() == 0 ? 0 : -1;
}

int main(void) {
  printf("seed %d\n", SEED);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_golden_gradients, no_leaks),
      cmocka_unit_test_teardown(test_golden_shards, no_leaks),
      cmocka_unit_test_teardown(test_golden_stability, no_leaks),
      cmocka_unit_test_teardown(test_slopes_of_activations_and_losses, no_leaks),
      cmocka_unit_test_teardown(test_slopes_of_layers, no_leaks),
      cmocka_unit_test_teardown(test_bits_of_any_split, no_leaks),
      cmocka_unit_test_teardown(test_few_rows, no_leaks),
      cmocka_unit_test_teardown(test_init_laws, no_leaks),
      cmocka_unit_test_teardown(test_init_cuts, no_leaks),
      cmocka_unit_test_teardown(test_refusals, no_leaks),
      cmocka_unit_test_teardown(test_head_stats, no_leaks),
      cmocka_unit_test_teardown(test_deferred_gradients, no_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
