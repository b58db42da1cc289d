/* Optimizers against golden/optimizers.json in both precisions, the same bits however a span is
 * cut, presets, checks, and what is done to gradients. */
#include <jansson.h>

#include "base/rng.h"
#include "optim/kernels.h"
#include "optim/optim.h"
#include "test.h"

enum { N = 5, UPDATES = 20 };

/* How each golden entry is written as a config: the type, then key=value. */
static const char *const recipes[][2] = {
    {"sgd", "sgd"},
    {"sgd_lr_schedule", "sgd"},
    {"sgd_weight_decay", "sgd weight_decay=0.01"},
    {"momentum_ewa", "momentum form=ewa"},
    {"momentum_ewa", "momentum preset=book"},
    {"momentum_ewa_delayed", "momentum form=ewa_delayed"},
    {"momentum_ewa_corrected", "momentum form=ewa bias_correction=1"},
    {"momentum_classic", "momentum form=classic"},
    {"momentum_classic_lr_schedule", "momentum form=classic"},
    {"momentum_tf", "momentum"},
    {"momentum_tf", "momentum form=ewa preset=tensorflow1"},
    {"momentum_tf_lr_schedule", "momentum form=tf"},
    {"momentum_tf_weight_decay", "momentum weight_decay=0.01"},
    {"momentum_torch_dampening", "momentum dampening=0.1"},
    {"nesterov", "momentum nesterov=1"},
    {"rmsprop_book", "rmsprop epsilon_placement=inside"},
    {"rmsprop_book", "rmsprop preset=book"},
    {"rmsprop_torch", "rmsprop"},
    {"rmsprop_torch", "rmsprop preset=tensorflow1 preset=pytorch"},
    {"rmsprop_book_bigeps", "rmsprop preset=book epsilon=1e-3"},
    {"rmsprop_torch_bigeps", "rmsprop epsilon=1e-3"},
    {"rmsprop_tf1", "rmsprop preset=tensorflow1"},
    {"rmsprop_tf1", "rmsprop epsilon=1e-10 epsilon_placement=inside initial_accumulator=1"},
    {"rmsprop_tf1_momentum", "rmsprop preset=tensorflow1 momentum=0.9"},
    {"rmsprop_book_momentum", "rmsprop preset=book momentum=0.9"},
    {"rmsprop_tf1_centered", "rmsprop preset=tensorflow1 momentum=0.9 centered=1 epsilon=1e-3"},
    {"rmsprop_torch_momentum", "rmsprop momentum=0.9"},
    {"rmsprop_torch_centered", "rmsprop centered=1 epsilon=1e-3"},
    {"adagrad", "adagrad"},
    {"adagrad_acc_lrdecay", "adagrad initial_accumulator=0.1 lr_decay=0.05"},
    {"adagrad_tf1", "adagrad preset=tensorflow1"},
    {"adadelta", "adadelta rho=0.95"},
    {"adam_book", "adam preset=book"},
    {"adam_torch", "adam"},
    {"adam_tf1", "adam preset=tensorflow1"},
    {"adam_book_bigeps", "adam epsilon_placement=inside epsilon=1e-3"},
    {"adam_torch_bigeps", "adam epsilon_placement=outside epsilon=1e-3"},
    {"adam_tf1_bigeps", "adam epsilon_placement=hat epsilon=1e-3"},
    {"adam_l2", "adam weight_decay=0.01"},
    {"adamw", "adamw weight_decay=0.01"},
    {"amsgrad", "adam amsgrad=1"},
    {"nadam", "nadam"},
    {"nadam_ruder", "nadam form=ruder"},
    {"adamax", "adamax"},
    {"lars", "lars trust=0.02 weight_decay=0.01 tensors"},
    {"lamb", "lamb weight_decay=0.01 tensors"},
    {"sgd_clip_norm_exact", "sgd clip_norm=1"},
    {"adam_clip_norm_exact", "adam clip_norm=1"},
    {"sgd_clip_value", "sgd clip_value=1"},
    {"sgd_gradient_noise", "sgd"},
};
/* PyTorch's clip_grad_norm_ adds 1e-6 to the norm; lockstep has TensorFlow's exact form only. */
static const char *const not_ours = "sgd_clip_norm_torch";

typedef struct {
  ls_optim_spec spec;
  ls_gradient_spec gradient;
  int tensor_start[3], tensors; /* layers [0,3) and [3,5), or one */
} setup;

static int key_row(const ls_optim_ops *ops, const char *key) {
  for (int i = 0; ops->hyper[i].name; i++)
    if (strcmp(ops->hyper[i].name, key) == 0) return i;
  fail_msg("%s has no key %s", ops->name, key);
  abort(); /* not reached; tells the compiler so */
}

static double word_value(const ls_hyper *row, const char *word) {
  if (row->type != LS_HYPER_CHOICE) return strtod(word, NULL);
  for (int i = 0; row->choices[i]; i++)
    if (strcmp(row->choices[i], word) == 0) return i;
  fail_msg("%s cannot be %s", row->name, word);
  abort();
}

static void apply(setup *s, char *key) {
  char *value = strchr(key, '=');
  if (value) *value++ = 0;
  if (!value)
    *s = (setup){s->spec, s->gradient, {0, 3, 5}, 2};
  else if (strcmp(key, "weight_decay") == 0)
    s->spec.weight_decay = strtod(value, NULL);
  else if (strcmp(key, "clip_norm") == 0)
    s->gradient.clip_norm = strtod(value, NULL);
  else if (strcmp(key, "clip_value") == 0)
    s->gradient.clip_value = strtod(value, NULL);
  else if (strcmp(key, "preset") == 0)
    assert_int_equal(ls_optim_preset(s->spec.ops, value, s->spec.hyper), LS_OK);
  else
    s->spec.hyper[key_row(s->spec.ops, key)] =
        word_value(&s->spec.ops->hyper[key_row(s->spec.ops, key)], value);
}

static setup prepare(const char *recipe) {
  char copy[200], *rest = copy, *word;
  setup s = {.tensor_start = {0, N}, .tensors = 1};
  snprintf(copy, sizeof copy, "%s", recipe);
  s.spec.ops = ls_optim_find(strsep(&rest, " "));
  assert_non_null(s.spec.ops);
  for (int i = 0; s.spec.ops->hyper[i].name; i++) s.spec.hyper[i] = s.spec.ops->hyper[i].value;
  while ((word = strsep(&rest, " "))) apply(&s, word);
  assert_int_equal(ls_optim_check(&s.spec), LS_OK);
  return s;
}

/* n numbers of either precision */
typedef struct {
  ls_dtype precision;
  void *at;
} vec;
static double get(vec v, int64_t i) {
  return v.precision == LS_F32 ? (double)((float *)v.at)[i] : ((double *)v.at)[i];
}
static void put(vec v, int64_t i, double x) {
  if (v.precision == LS_F32)
    ((float *)v.at)[i] = (float)x;
  else
    ((double *)v.at)[i] = x;
}
static void *from(vec v, int64_t i) {
  return (char *)v.at + (size_t)i * ls_dtype_size(v.precision);
}

static void start_slots(const ls_optim_spec *spec, vec *slot, int64_t n) {
  for (int k = 0; k < spec->ops->slots; k++)
    for (int64_t i = 0; i < n; i++)
      put(slot[k], i, spec->ops->slot_start ? spec->ops->slot_start(spec->hyper, k) : 0);
}

static ls_optim_span span_of(const ls_optim_spec *spec, vec p, vec g, const vec *slot, int64_t lo,
                             int64_t hi) {
  ls_optim_span s = {.n = hi - lo,
                     .first = lo,
                     .precision = (int)p.precision,
                     .p = from(p, lo),
                     .g = from(g, lo),
                     .lr = spec->lr,
                     .weight_decay = spec->weight_decay,
                     .hyper = spec->hyper};
  for (int k = 0; k < spec->ops->slots; k++)
    if (ls_optim_slots(spec->ops, spec->hyper) >> k & 1) s.slot[k] = from(slot[k], lo);
  return s;
}

static void transform(const ls_gradient_spec *spec, vec g, int64_t n) {
  if (spec->clip_value > 0) ls_gradient_clip_value(g.precision, g.at, n, spec->clip_value);
  if (spec->clip_norm <= 0) return;
  double norm = sqrt(ls_gradient_square_sum(g.precision, g.at, n));
  ls_gradient_scale(g.precision, g.at, n, ls_gradient_clip_factor(spec->clip_norm, norm));
}

static void one_update(const setup *s, vec p, vec g, const vec *slot, int64_t t) {
  transform(&s->gradient, g, N);
  for (int k = 0; k < s->tensors; k++) {
    ls_optim_span span = span_of(&s->spec, p, g, slot, s->tensor_start[k], s->tensor_start[k + 1]);
    double norm[LS_NORMS_MAX] = {0};
    span.t = t;
    if (s->spec.ops->reduce) s->spec.ops->reduce(&span, norm);
    for (int i = 0; i < LS_NORMS_MAX; i++) norm[i] = sqrt(norm[i]);
    span.norm = norm;
    s->spec.ops->update(&span);
  }
}

static double at(const json_t *array, int i) {
  return json_number_value(json_array_get(array, (size_t)i));
}

/* Largest |got - want| over the updates. float64: in units of |want| (or 0.001, near 0); float32:
 * of max(1, largest |want| so far), because it has forgotten what is small beside that. */
static double error_on(setup s, const json_t *entry, const json_t *problem, ls_dtype precision) {
  double block[2 + LS_SLOTS_MAX][N], worst = 0, scale = 1;
  vec p = {precision, block[0]}, g = {precision, block[1]}, slot[LS_SLOTS_MAX];
  const json_t *noise = json_object_get(json_object_get(entry, "hyper"), "noise");
  for (int k = 0; k < LS_SLOTS_MAX; k++) slot[k] = (vec){precision, block[2 + k]};
  start_slots(&s.spec, slot, N);
  for (int i = 0; i < N; i++) put(p, i, at(json_object_get(problem, "w0"), i));
  for (int t = 1; t <= UPDATES; t++) {
    const json_t *grads = json_array_get(json_object_get(problem, "grads"), (size_t)t - 1);
    const json_t *want = json_array_get(json_object_get(problem, "params"), (size_t)t);
    for (int i = 0; i < N; i++)
      put(g, i, at(grads, i) + at(json_array_get(noise, (size_t)t - 1), i));
    s.spec.lr = at(json_object_get(entry, "lr"), t - 1);
    one_update(&s, p, g, slot, t);
    for (int i = 0; i < N; i++) scale = fmax(scale, fabs(at(want, i)));
    for (int i = 0; i < N; i++)
      worst = fmax(worst, fabs(get(p, i) - at(want, i)) /
                              (precision == LS_F32 ? scale : fmax(fabs(at(want, i)), 1e-3)));
  }
  return worst;
}

static void check_entry(const json_t *entry, const char *recipe) {
  const json_t *problem;
  const char *name;
  json_object_foreach(json_object_get(entry, "problems"), name, problem) {
    setup s = prepare(recipe);
    double error64 = error_on(s, entry, problem, LS_F64),
           error32 = error_on(s, entry, problem, LS_F32);
    if (getenv("SHOW")) printf("%-60s %-10s %.1e %.1e\n", recipe, name, error64, error32);
    if (!(error64 <= 1e-12)) fail_msg("%s, %s, float64: off by %g", recipe, name, error64);
    if (!(error32 <= 1e-6)) fail_msg("%s, %s, float32: off by %g", recipe, name, error32);
  }
}

static void golden_values(void **state) {
  (void)state;
  json_error_t error;
  json_t *file = json_load_file(TESTS_DIR "/golden/optimizers.json", 0, &error), *entry;
  size_t i;
  assert_non_null(file);
  json_array_foreach(json_object_get(file, "entries"), i, entry) {
    const char *name = json_string_value(json_object_get(entry, "name"));
    int recipes_found = 0;
    for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
      if (strcmp(recipes[k][0], name) != 0) continue;
      check_entry(entry, recipes[k][1]);
      recipes_found++;
    }
    if (recipes_found == 0) assert_string_equal(name, not_ours);
  }
  assert_int_equal(i, 46);
  json_decref(file);
}

/* Chapter l.547-561, corrected: EWA(beta, lr) is TF(beta, lr (1 - beta)). */
static void ewa_is_scaled_tf(void **state) {
  (void)state;
  setup ewa = prepare("momentum form=ewa nesterov=1"), tf = prepare("momentum form=tf nesterov=1");
  double p[2][N] = {{0}}, v[2][N] = {{0}}, g[N];
  ewa.spec.lr = 0.5;
  tf.spec.lr = 0.05;
  for (int t = 1; t <= 50; t++) {
    for (int i = 0; i < N; i++) g[i] = sin(t * (i + 1));
    one_update(&ewa, (vec){LS_F64, p[0]}, (vec){LS_F64, g}, &(vec){LS_F64, v[0]}, t);
    one_update(&tf, (vec){LS_F64, p[1]}, (vec){LS_F64, g}, &(vec){LS_F64, v[1]}, t);
    for (int i = 0; i < N; i++) assert_float_equal(p[0][i], p[1][i], 1e-14);
  }
}

enum { LONG = 5000 };
typedef struct {
  double block[2 + LS_SLOTS_MAX][LONG];
} state_block;

static void draw(state_block *b, ls_dtype precision, uint64_t seed) {
  for (int k = 0; k < 2 + LS_SLOTS_MAX; k++)
    for (int i = 0; i < LONG; i++) {
      double z = ls_rng_normal(seed, (uint64_t)k, (uint64_t)i);
      put((vec){precision, b->block[k]}, i,
          k < 2 ? z : z * z); /* slots hold squares or means; 0 <= M^2 <= S is not asked */
    }
}

static void run_cut(const ls_optim_spec *spec, state_block *b, ls_dtype precision,
                    const int64_t *cut, int cuts) {
  static const double norm[LS_NORMS_MAX] = {3, 7, 1, 1};
  vec slot[LS_SLOTS_MAX];
  for (int k = 0; k < LS_SLOTS_MAX; k++) slot[k] = (vec){precision, b->block[2 + k]};
  for (int k = 0; k + 1 < cuts; k++) {
    double sum[LS_NORMS_MAX] = {0};
    ls_optim_span s = span_of(spec, (vec){precision, b->block[0]}, (vec){precision, b->block[1]},
                              slot, cut[k], cut[k + 1]);
    s.t = 7;
    s.norm = norm;
    if (spec->ops->reduce) spec->ops->reduce(&s, sum);
    spec->ops->update(&s);
  }
}

static int random_cuts(uint64_t seed, int64_t *cut) {
  int cuts = 1;
  cut[0] = 0;
  while (cut[cuts - 1] <
         LONG) { /* pieces of 1 too: those run the scalar tails of the vector loops */
    uint64_t draw = ls_rng_u64(seed, 99, (uint64_t)cuts);
    int64_t next = cut[cuts - 1] + (int64_t)(draw % 3 == 0 ? 1 : draw % 300);
    cut[cuts++] = next < LONG ? next : LONG;
  }
  return cuts;
}

static void any_cut_gives_the_same_bits(void **state) {
  (void)state;
  static state_block whole, pieces;
  static int64_t cut[10 * LONG];
  uint64_t seed = test_seed();
  print_message("SEED=%llu\n", (unsigned long long)seed);
  int cuts = random_cuts(seed, cut);
  for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
    setup s = prepare(recipes[k][1]);
    s.spec.lr = 0.1;
    for (int precision = LS_F32; precision <= LS_F64; precision++) {
      draw(&whole, precision, seed);
      draw(&pieces, precision, seed);
      run_cut(&s.spec, &whole, precision, (int64_t[]){0, LONG}, 2);
      run_cut(&s.spec, &pieces, precision, cut, cuts);
      if (memcmp(&whole, &pieces, sizeof whole) != 0)
        fail_msg("%s, %s: other bits when cut", recipes[k][1], ls_dtype_name(precision));
    }
  }
}

/* A tensor of zeros, or one without gradient, has no ratio of norms: it moves by lr itself. */
static void layerwise_ratio_without_norms(void **state) {
  (void)state;
  static const double none[2][2] = {{0, 3}, {3, 0}};
  for (int k = 0; k < 4; k++) {
    setup s = prepare(k < 2 ? "lars" : "lamb");
    double p = 0, g = 2, first = 2,
           second = 4; /* of lamb; the direction is about 1 at t = 1000000 */
    ls_optim_span span = {.n = 1,
                          .precision = LS_SPAN_F64,
                          .p = &p,
                          .g = &g,
                          .slot = {&first, &second},
                          .lr = 0.25,
                          .t = 1000000,
                          .hyper = s.spec.hyper,
                          .norm = none[k % 2]};
    if (k < 2) first = 0;
    s.spec.ops->update(&span);
    assert_float_equal(p, k < 2 ? -0.5 : -0.25, 1e-6);
  }
}

/* Slots that are not in use have no memory (span_of gives NULL for them), and weigh nothing. */
static void unused_slots(void **state) {
  (void)state;
  setup adam = prepare("adam"), amsgrad = prepare("adam amsgrad=1"), plain = prepare("rmsprop"),
        full = prepare("rmsprop momentum=0.5 centered=1");
  assert_int_equal(ls_optim_slots(adam.spec.ops, adam.spec.hyper), 3);
  assert_int_equal(ls_optim_slots(amsgrad.spec.ops, amsgrad.spec.hyper), 7);
  assert_int_equal(ls_optim_slots(plain.spec.ops, plain.spec.hyper), 1);
  assert_int_equal(ls_optim_slots(full.spec.ops, full.spec.hyper), 7);
  assert_int_equal(ls_optim_slots(ls_optim_find("sgd"), NULL), 0);
}

/* After a thousand million updates every factor is still finite, and reached without a thousand
 * million multiplications. */
static void long_runs(void **state) {
  (void)state;
  for (const ls_optim_ops *const *ops = ls_optim_table; *ops; ops++) {
    setup s = prepare((*ops)->name);
    double p = 1, g = 0.5, block[LS_SLOTS_MAX] = {0.5, 0.25, 0.25, 0.25};
    vec slot[LS_SLOTS_MAX];
    for (int k = 0; k < LS_SLOTS_MAX; k++) slot[k] = (vec){LS_F64, &block[k]};
    ls_optim_span span = span_of(&s.spec, (vec){LS_F64, &p}, (vec){LS_F64, &g}, slot, 0, 1);
    span.lr = 0.1;
    span.t = 1000000000;
    span.norm = (double[]){1, 1, 1, 1};
    for (int again = 0; again < 1000; again++) s.spec.ops->update(&span);
    if (!isfinite(p) || p >= 1) fail_msg("%s gave %g", (*ops)->name, p);
  }
}

static void centered_never_takes_the_root_of_a_negative(void **state) {
  (void)state;
  setup s = prepare("rmsprop centered=1");
  float p[1] = {1}, g[1] = {0.1f}, mean[1] = {0.0099999f}, middle[1] = {0.1f};
  ls_optim_span span = {.n = 1,
                        .precision = LS_SPAN_F32,
                        .p = p,
                        .g = g,
                        .slot = {mean, NULL, middle},
                        .lr = 1e-9,
                        .t = 1,
                        .hyper = s.spec.hyper};
  s.spec.ops->update(&span);
  assert_true(isfinite(p[0]));
  g[0] = NAN;
  s.spec.ops->update(&span);
  assert_true(isnan(p[0]));
}

/* The config room trusts the rows: names differ, defaults lie in their ranges, choices end. */
static void rows_are_sound(void **state) {
  (void)state;
  for (const ls_optim_ops *const *ops = ls_optim_table; *ops; ops++) {
    assert_ptr_equal(ls_optim_find((*ops)->name), *ops);
    assert_true((*ops)->abi == LS_OPTIM_ABI && (*ops)->slots <= LS_SLOTS_MAX &&
                (*ops)->norms <= LS_NORMS_MAX);
    for (int k = 0; k < (*ops)->slots; k++) assert_non_null((*ops)->slot_name[k]);
    for (const ls_hyper *key = (*ops)->hyper; key->name; key++) {
      int choices = 0;
      assert_non_null(key->help);
      assert_true(key->value >= key->min && key->value <= key->max);
      assert_false(key->open_max && key->value == key->max);
      assert_false(key->open_min && key->value == key->min);
      if (key->type != LS_HYPER_CHOICE) continue;
      while (key->choices[choices]) choices++;
      assert_true(key->min == 0 && key->max == choices - 1);
    }
  }
  assert_null(ls_optim_find("adamm"));
}

static void expect_refusal(const char *type, const char *key, double value, const char *key2,
                           double value2, const char *text) {
  setup s = prepare(type);
  s.spec.hyper[key_row(s.spec.ops, key)] = value;
  s.spec.hyper[key_row(s.spec.ops, key2)] = value2;
  assert_int_equal(ls_optim_check(&s.spec), LS_ECONFIG);
  if (!strstr(ls_error_text(), text))
    fail_msg("%s: '%s' does not say '%s'", type, ls_error_text(), text);
}

static void contradictions_are_refused(void **state) {
  (void)state;
  expect_refusal("momentum", "bias_correction", 1, "form", LS_TF, "needs form: ewa");
  expect_refusal("momentum", "dampening", 0.1, "form", LS_EWA, "needs form: tf");
  expect_refusal("momentum", "dampening", 0.1, "nesterov", 1, "needs dampening: 0");
  expect_refusal("momentum form=ewa", "bias_correction", 1, "nesterov", 1,
                 "does not go with bias_correction");
  expect_refusal("momentum", "form", LS_EWA_DELAYED, "nesterov", 1, "ewa_delayed");
  expect_refusal("adagrad", "epsilon", 0, "initial_accumulator", 0, "cannot both be 0");
}

static void presets_know_their_optimizers(void **state) {
  (void)state;
  double hyper[LS_HYPER_MAX] = {0};
  assert_int_equal(ls_optim_preset(ls_optim_find("lars"), "book", hyper), LS_ECONFIG);
  assert_string_equal(ls_error_text(),
                      "preset 'book' has no optimizer 'lars'; it has sgd, momentum, rmsprop, adam");
  assert_int_equal(ls_optim_preset(ls_optim_find("sgd"), "keras", hyper), LS_ECONFIG);
  assert_string_equal(ls_error_text(),
                      "unknown preset 'keras': there are book, tensorflow1 and pytorch");
  assert_int_equal(ls_optim_preset(ls_optim_find("sgd"), "book", NULL), LS_OK);
}

static void clipping(void **state) {
  (void)state;
  float g[4] = {3, -4, NAN, 0.5f};
  ls_gradient_clip_value(LS_F32, g, 4, 1);
  assert_true(g[0] == 1 && g[1] == -1 && isnan(g[2]) && g[3] == 0.5f);
  assert_true(ls_gradient_clip_factor(1, 0.5) == 1 && ls_gradient_clip_factor(1, 4) == 0.25 &&
              ls_gradient_clip_factor(1, 0) == 1);
  double h[2] = {3, INFINITY};
  ls_gradient_scale(LS_F64, h, 2,
                    ls_gradient_clip_factor(
                        1, INFINITY)); /* must not turn an infinite gradient into a finite one */
  assert_true(isnan(h[1]));
}

/* The documented order: element i to lane i mod 32, lanes folded 32, 16, ..., 1; in double whatever
 * the precision. */
static double square_sum_as_written(vec g, int n) {
  double lane[32] = {0};
  for (int i = 0; i < n; i++) lane[i % 32] += get(g, i) * get(g, i);
  for (int half = 16; half > 0; half /= 2)
    for (int k = 0; k < half; k++) lane[k] += lane[k + half];
  return lane[0];
}

static void square_sum_has_one_order(void **state) {
  (void)state;
  static state_block b;
  uint64_t seed = test_seed();
  print_message("SEED=%llu\n", (unsigned long long)seed);
  for (int precision = LS_F32; precision <= LS_F64; precision++) {
    vec g = {precision, b.block[0]};
    draw(&b, precision, seed);
    for (int n = 0; n < 200; n++)
      assert_true(ls_gradient_square_sum(precision, g.at, n) == square_sum_as_written(g, n));
    assert_true(ls_gradient_square_sum(precision, g.at, LONG) == square_sum_as_written(g, LONG));
    put(g, 40, INFINITY);
    assert_true(isinf(ls_gradient_square_sum(precision, g.at, LONG)));
    put(g, 70, NAN);
    assert_true(isnan(ls_gradient_square_sum(precision, g.at, LONG)));
  }
}

/* N(0, eta/(1+j)^gamma) by the parameter's number: mean and variance within 5 standard errors, the
 * same bits however it is cut. */
static void noise(void **state) {
  (void)state;
  enum { MANY = 100000 };
  static double g[MANY], pieces[MANY];
  const ls_gradient_spec spec = {.noise_eta = 0.3, .noise_gamma = 0.55};
  uint64_t seed = test_seed();
  print_message("SEED=%llu\n", (unsigned long long)seed);
  for (int64_t step = 0; step < 1000; step = 10 * step + 3) {
    double mean = 0, variance = 0, want = 0.3 / pow(1 + (double)step, 0.55);
    memset(g, 0, sizeof g);
    memset(pieces, 0, sizeof pieces);
    ls_gradient_noise(LS_F64, g, MANY, 1000, &spec, seed, step);
    for (int64_t lo = 0, n; lo < MANY; lo += n) {
      n = lo + 777 <= MANY ? 777 : MANY - lo;
      ls_gradient_noise(LS_F64, pieces + lo, n, 1000 + lo, &spec, seed, step);
    }
    assert_memory_equal(g, pieces, sizeof g);
    for (int i = 0; i < MANY; i++) mean += g[i] / MANY, variance += g[i] * g[i] / MANY;
    assert_true(fabs(mean) < 5 * sqrt(want / MANY));
    assert_true(fabs(variance / want - 1) < 5 * sqrt(2.0 / MANY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),
      cmocka_unit_test(ewa_is_scaled_tf),
      cmocka_unit_test(any_cut_gives_the_same_bits),
      cmocka_unit_test(layerwise_ratio_without_norms),
      cmocka_unit_test(unused_slots),
      cmocka_unit_test(long_runs),
      cmocka_unit_test(centered_never_takes_the_root_of_a_negative),
      cmocka_unit_test(rows_are_sound),
      cmocka_unit_test(contradictions_are_refused),
      cmocka_unit_test(presets_know_their_optimizers),
      cmocka_unit_test(clipping),
      cmocka_unit_test(square_sum_has_one_order),
      cmocka_unit_test(noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
