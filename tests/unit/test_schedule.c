/* Schedules against independent values (golden/schedules.json), their units, warm-up and checks. */
#include <jansson.h>

#include "optim/optim.h"
#include "optim/schedule.h"
#include "test.h"

static int row(const ls_schedule_spec *spec, const char *key) {
  for (int i = 0; spec->ops->hyper[i].name; i++)
    if (strcmp(spec->ops->hyper[i].name, key) == 0) return i;
  fail_msg("%s has no key %s", spec->ops->name, key);
  abort(); /* not reached; tells the compiler so */
}

static ls_schedule_spec make(const char *name, double lr) {
  ls_schedule_spec spec = {.ops = ls_schedule_find(name), .lr = lr};
  assert_non_null(spec.ops);
  for (int i = 0; spec.ops->hyper[i].name; i++) spec.hyper[i] = spec.ops->hyper[i].value;
  return spec;
}

static void set(ls_schedule_spec *spec, const char *key, double value) {
  spec->hyper[row(spec, key)] = value;
}

static void set_list(ls_schedule_spec *spec, const char *key, int n, const double *value) {
  int i = row(spec, key);
  spec->hyper[i] = n;
  memcpy(spec->list[i], value, (size_t)n * sizeof *value);
}

/* The golden file's kind and names in ours. */
static const char *const kinds[][2] = {{"constant", "constant"},
                                       {"step", "step"},
                                       {"inverse_time", "inverse_time"},
                                       {"exponential", "exponential"},
                                       {"natural_exp", "natural_exponential"},
                                       {"piecewise_constant", "piecewise"},
                                       {"polynomial", "polynomial"},
                                       {"step_multiplicative", "step_multiplicative"},
                                       {"cosine", "cosine"},
                                       {"staircase_manual", "piecewise"},
                                       {"linear_warmup", "constant"}};

static const char *our_kind(const char *kind) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i][0], kind) == 0) return kinds[i][1];
  return NULL;
}

static const char *our_key(const char *kind, const char *key) {
  if (strcmp(key, "nu") == 0) return "decay_rate";
  if (strcmp(key, "T") == 0) return "decay_steps";
  if (strcmp(key, "D") == 0)
    return strcmp(kind, "step") == 0 || strcmp(kind, "step_multiplicative") == 0 ? "every"
                                                                                 : "decay_steps";
  return key;
}

static void set_json(ls_schedule_spec *spec, const char *key, const json_t *value) {
  double list[LS_LIST_MAX];
  int n = (int)json_array_size(value);
  for (int i = 0; i < n; i++) list[i] = json_number_value(json_array_get(value, (size_t)i));
  if (json_is_array(value))
    set_list(spec, key, n, list);
  else
    set(spec, key, json_is_boolean(value) ? json_is_true(value) : json_number_value(value));
}

static double param(const json_t *entry, const char *key) {
  return json_number_value(json_object_get(json_object_get(entry, "params"), key));
}

static ls_schedule_spec from_golden(const json_t *entry, const char *kind) {
  ls_schedule_spec spec = make(our_kind(kind), param(entry, "gamma0"));
  const char *key;
  json_t *value;
  if (strcmp(kind, "staircase_manual") == 0) {
    set_list(&spec, "boundaries", 1, (double[]){param(entry, "at")});
    set_list(&spec, "values", 2, (double[]){param(entry, "gamma0"), param(entry, "after")});
    set(&spec, "at_boundary", 1);
    return spec;
  }
  if (strcmp(kind, "linear_warmup") == 0) {
    spec.warmup = param(entry, "W");
    return spec;
  }
  json_object_foreach(json_object_get(entry, "params"), key, value) {
    if (strcmp(key, "gamma0") != 0) set_json(&spec, our_key(kind, key), value);
  }
  return spec;
}

static double rate(const json_t *entry, const char *kind, int64_t step) {
  if (strcmp(kind, "gradient_noise_variance") == 0) {
    ls_gradient_spec noise = {.noise_eta = param(entry, "eta"),
                              .noise_gamma = param(entry, "gamma")};
    return ls_gradient_noise_variance(&noise, step);
  }
  ls_schedule_spec spec = from_golden(entry, kind);
  assert_int_equal(ls_schedule_check(&spec), LS_OK);
  return ls_schedule_at(&spec, step);
}

static void golden_values(void **state) {
  (void)state;
  json_error_t error;
  json_t *file = json_load_file(TESTS_DIR "/golden/schedules.json", 0, &error), *entry;
  size_t i, checked = 0;
  assert_non_null(file);
  json_array_foreach(json_object_get(file, "entries"), i, entry) {
    const char *name = json_string_value(json_object_get(entry, "name")),
               *kind = json_string_value(json_object_get(entry, "kind"));
    json_t *steps = json_object_get(entry, "steps"), *values = json_object_get(entry, "values");
    for (size_t k = 0; k < json_array_size(steps); k++, checked++) {
      long long step = json_integer_value(json_array_get(steps, k));
      double want = json_number_value(json_array_get(values, k)), got = rate(entry, kind, step);
      if (!(fabs(got - want) <= 1e-12 * fabs(want)))
        fail_msg("%s at %lld: %.17g, not %.17g", name, step, got, want);
    }
  }
  assert_int_equal(checked, 37 * 57);
  json_decref(file);
}

/* Boundary side and the chapter's off-by-one (l.387-415): j = 0..100000 are 100,001 updates of the
 * first value. */
static void boundary_sides(void **state) {
  (void)state;
  ls_schedule_spec spec = make("piecewise", 1);
  set_list(&spec, "boundaries", 2, (double[]){100000, 110000});
  set_list(&spec, "values", 3, (double[]){1, .5, .1});
  assert_true(ls_schedule_at(&spec, 100000) == 1 && ls_schedule_at(&spec, 100001) == .5);
  assert_true(ls_schedule_at(&spec, 110000) == .5 && ls_schedule_at(&spec, 110001) == .1);
  set(&spec, "at_boundary", 1);
  assert_true(ls_schedule_at(&spec, 99999) == 1 && ls_schedule_at(&spec, 100000) == .5 &&
              ls_schedule_at(&spec, 110000) == .1);
}

/* floor(j/d) by integers: a double quotient of these rounds up to the next whole number. */
static void staircase_is_exact(void **state) {
  (void)state;
  ls_schedule_spec spec = make("step", 1);
  double every = 0x1p53 - 1;
  int64_t step = INT64_C(3) * ((INT64_C(1) << 53) - 1) - 1;
  set(&spec, "every", every);
  assert_true((double)step / every == 3);
  assert_true(ls_schedule_at(&spec, step) == 1.0 / 3);
  assert_true(ls_schedule_at(&spec, step + 1) == 1.0 / 4);
}

static void epochs_become_steps_once(void **state) {
  (void)state;
  ls_schedule_spec spec = make("piecewise", 1);
  int at = row(&spec, "boundaries");
  set_list(&spec, "boundaries", 3, (double[]){100, 2, 3.5});
  spec.list_epochs[at][1] = spec.list_epochs[at][2] = true;
  set_list(&spec, "values", 4, (double[]){4, 3, 2, 1});
  spec.warmup = 0.0001;
  spec.warmup_epochs = true;
  assert_int_equal(ls_schedule_check(&spec),
                   LS_OK); /* 100 steps and 2 epochs cannot be compared yet */
  for (int again = 0; again < 2; again++) {
    ls_schedule_resolve(&spec, 1201);
    assert_true(spec.list[at][0] == 100 && spec.list[at][1] == 2402 &&
                spec.list[at][2] == 4204); /* 4203.5 */
    assert_true(spec.warmup == 1);
    assert_int_equal(ls_schedule_check(&spec), LS_OK);
  }
  assert_true(ls_schedule_at(&spec, 2402) == 3 && ls_schedule_at(&spec, 2403) == 2);

  ls_schedule_spec step = make("step", 8);
  set(&step, "every", 2);
  step.epochs[row(&step, "every")] = true;
  ls_schedule_resolve(&step, 10);
  assert_true(ls_schedule_at(&step, 19) == 8 && ls_schedule_at(&step, 20) == 4);
}

/* 8 epochs of 8 updates, then of 4: what is given in epochs goes on where it was, and is over when
 * so many epochs are; what is given in steps counts updates. */
static void epochs_that_become_shorter(void **state) {
  (void)state;
  enum { MOVED = 64 - 8 * 4 };
  ls_schedule_spec cosine = make("cosine", 1), before = cosine, step = make("step", 1),
                   piecewise = make("piecewise", 1), in_steps = make("cosine", 1);
  set(&cosine, "decay_steps", 10);
  cosine.epochs[row(&cosine, "decay_steps")] = true;
  before = cosine;
  ls_schedule_resolve(&before, 8);
  ls_schedule_resolve_moved(&cosine, 4, MOVED);
  assert_true(ls_schedule_at(&cosine, 64) == ls_schedule_at(&before, 64));
  assert_true(ls_schedule_at(&cosine, 66) == ls_schedule_at(&before, 68));
  assert_true(ls_schedule_at(&cosine, 71) > 0 && ls_schedule_at(&cosine, 72) < 1e-16);
  assert_true(ls_schedule_at(&cosine, 0) == 1); /* never before the start */

  set(&step, "every", 3);
  step.epochs[row(&step, "every")] = true;
  step.warmup = 9;
  step.warmup_epochs = true;
  ls_schedule_resolve_moved(&step, 4, MOVED); /* the third change comes after 9 epochs, at 68 */
  assert_true(ls_schedule_at(&step, 66) == 1.0 / 3 * (35.0 / 36));
  assert_true(ls_schedule_at(&step, 67) == 1.0 / 3 && ls_schedule_at(&step, 68) == 1.0 / 4);

  set_list(&piecewise, "boundaries", 3, (double[]){1, 66, 10});
  piecewise.list_epochs[row(&piecewise, "boundaries")][0] = true;
  piecewise.list_epochs[row(&piecewise, "boundaries")][2] = true;
  set_list(&piecewise, "values", 4, (double[]){4, 3, 2, 1});
  ls_schedule_resolve_moved(&piecewise, 4, MOVED);
  assert_true(ls_schedule_at(&piecewise, 66) == 3 && ls_schedule_at(&piecewise, 67) == 2);
  assert_true(ls_schedule_at(&piecewise, 72) == 2 && ls_schedule_at(&piecewise, 73) == 1);

  set(&in_steps, "decay_steps", 100);
  ls_schedule_resolve_moved(&in_steps, 4, MOVED);
  assert_float_equal(ls_schedule_at(&in_steps, 50), 0.5, 1e-15);
}

static void steps_after_resolving_may_be_out_of_order(void **state) {
  (void)state;
  ls_schedule_spec spec = make("piecewise", 1);
  set_list(&spec, "boundaries", 2, (double[]){100, 2});
  spec.list_epochs[row(&spec, "boundaries")][1] = true;
  set_list(&spec, "values", 3, (double[]){3, 2, 1});
  assert_int_equal(ls_schedule_check(&spec), LS_OK);
  ls_schedule_resolve(&spec, 50);
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "boundaries must ascend: 100 does not come after 100");
}

static void mistakes_are_named(void **state) {
  (void)state;
  ls_schedule_spec spec = make("piecewise", 1);
  set_list(&spec, "boundaries", 2, (double[]){10, 5});
  set_list(&spec, "values", 3, (double[]){1, 2, 3});
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "boundaries must ascend: 5 does not come after 10");
  set_list(&spec, "boundaries", 1, (double[]){10});
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_non_null(strstr(ls_error_text(), "values must be one more than boundaries"));
  spec = make("inverse_time", 1);
  set(&spec, "decay_steps", 2.5);
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "decay_steps: 2.5 is not a whole number of steps");
  spec = make("constant", 1);
  spec.warmup = 1.5;
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "warmup: 1.5 is not a whole number of steps");
}

/* The config room trusts the rows: names differ, defaults lie in their ranges, choices end. */
static void rows_are_sound(void **state) {
  (void)state;
  for (const ls_schedule_ops *const *ops = ls_schedule_table; *ops; ops++) {
    assert_ptr_equal(ls_schedule_find((*ops)->name), *ops);
    for (const ls_hyper *key = (*ops)->hyper; key->name; key++) {
      assert_non_null(key->help);
      assert_true(key->min <= key->max);
      if (!key->required) assert_true(key->value >= key->min && key->value <= key->max);
    }
  }
  assert_null(ls_schedule_find("cosin"));
}

static void warmup_on_top(void **state) {
  (void)state;
  ls_schedule_spec spec = make("inverse_time", 0.4);
  set(&spec, "decay_rate", 0.1);
  spec.warmup = 4;
  assert_float_equal(ls_schedule_at(&spec, 0), 0.1, 1e-16);
  assert_float_equal(ls_schedule_at(&spec, 2), 0.4 / 1.2 * 0.75, 1e-16);
  assert_true(ls_schedule_at(&spec, 3) == 0.4 / (1 + 0.1 * 3));
}

static double wave(double along, double rest) {
  return (1 - rest) * cos(M_PI / 2 * along) * cos(M_PI / 2 * along) + rest;
}

/* Periods that are added up one by one, against their closed form. */
static void restarts_in_every_period(void **state) {
  (void)state;
  static const double first[] = {1, 3, 10, 97}, mult[] = {1, 1.25, 1.5, 2, 3};
  for (int k = 0; k < 20; k++) {
    ls_schedule_spec spec = make("cosine_restarts", 0.5);
    double start = 0, length = first[k / 5];
    set(&spec, "first", length);
    set(&spec, "mult", mult[k % 5]);
    set(&spec, "alpha", 0.1);
    for (int64_t j = 0; j < 3000; j++) {
      for (; start + length <= (double)j; length *= mult[k % 5]) start += length;
      assert_float_equal(ls_schedule_at(&spec, j), 0.5 * wave(((double)j - start) / length, 0.1),
                         1e-13);
    }
  }
}

/* The update after a period has the initial rate again, exactly, however far. */
static void restarts_are_exact(void **state) {
  (void)state;
  ls_schedule_spec spec = make("cosine_restarts", 0.3), even = spec;
  set(&spec, "first", 10);
  set(&spec, "mult", 2);
  set(&even, "first", 3);
  for (int k = 0; k < 48; k++) {
    int64_t edge = 10 * ((INT64_C(1) << k) - 1);
    assert_true(ls_schedule_at(&spec, edge) == 0.3);
    if (k > 3) assert_true(ls_schedule_at(&spec, edge - 1) < 0.001);
    assert_true(ls_schedule_at(&even, INT64_C(3) << k) == 0.3);
    assert_float_equal(ls_schedule_at(&even, (INT64_C(3) << k) - 1), 0.3 / 4, 1e-15);
  }
}

static void one_cycle_up_and_down(void **state) {
  (void)state;
  ls_schedule_spec spec = make("one_cycle", 2);
  set(&spec, "steps", 1000);
  assert_true(ls_schedule_at(&spec, 0) == 2 * 0.04 && ls_schedule_at(&spec, 300) == 2);
  assert_float_equal(ls_schedule_at(&spec, 150), 2 * 0.52, 1e-15);
  for (int64_t j = 300; j < 1000; j++)
    assert_float_equal(ls_schedule_at(&spec, j), 2 * wave((double)(j - 300) / 700, 1e-4), 1e-14);
  assert_true(ls_schedule_at(&spec, 1000) == 2e-4 && ls_schedule_at(&spec, 1 << 30) == 2e-4);
  set(&spec, "up", 0);
  assert_true(ls_schedule_at(&spec, 0) == 2);
  set(&spec, "up", 1);
  assert_float_equal(ls_schedule_at(&spec, 999), 2 * (0.04 + 0.96 * 0.999), 1e-15);
  assert_true(ls_schedule_at(&spec, 1000) == 2e-4);
}

/* Without steps of its own a cycle is the run, and without a known run there is no rate. */
static void one_cycle_is_the_run(void **state) {
  (void)state;
  ls_schedule_spec spec = make("one_cycle", 2), same = spec;
  set(&same, "steps", 50);
  assert_true(isnan(ls_schedule_at(&spec, 0)));
  spec.run = 50;
  for (int64_t j = 0; j < 60; j++)
    assert_true(ls_schedule_at(&spec, j) == ls_schedule_at(&same, j));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),
      cmocka_unit_test(boundary_sides),
      cmocka_unit_test(staircase_is_exact),
      cmocka_unit_test(epochs_become_steps_once),
      cmocka_unit_test(epochs_that_become_shorter),
      cmocka_unit_test(steps_after_resolving_may_be_out_of_order),
      cmocka_unit_test(mistakes_are_named),
      cmocka_unit_test(rows_are_sound),
      cmocka_unit_test(warmup_on_top),
      cmocka_unit_test(restarts_in_every_period),
      cmocka_unit_test(restarts_are_exact),
      cmocka_unit_test(one_cycle_up_and_down),
      cmocka_unit_test(one_cycle_is_the_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
