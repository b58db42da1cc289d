/* Plug-ins: those of examples/plugin-optimizer work, and every kind of broken one is refused with a
 * text that says why. */
#include "base/mem.h"
#include "optim/optim.h"
#include "optim/plugin.h"
#include "optim/schedule.h"
#include "test.h"

#define FILE_OF(name) PLUGINS_DIR "/" name ".so"

/* What loading this optimizer says; "" if it is accepted. */
static const char *refusal(const char *file) {
  const ls_optim_ops *ops = NULL;
  ls_status status = ls_optim_load(file, &ops);
  if (status == LS_OK) return "";
  assert_int_equal(status, LS_ECONFIG);
  assert_null(ops);
  return ls_error_text();
}

static void broken_optimizers_are_refused(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {FILE_OF("wrong_abi"),
       "was compiled for version 2 of lockstep/optim.h, this lockstep has version 1"},
      {FILE_OF("triangular"), "does not define 'const ls_optim_ops *lockstep_optimizer(void)'"},
      {FILE_OF("gives_null"), "gave NULL"},
      {FILE_OF("crash_constructor"), "crashed: Segmentation fault"},
      {FILE_OF("exit_constructor"), "ended the process (exit code 0)"},
      {FILE_OF("exit_42"), "ended the process (exit code 42)"},
      {FILE_OF("abort_constructor"), "crashed: Aborted"},
      {FILE_OF("crash_entry"), "crashed: Segmentation fault"},
      {FILE_OF("crash_check"), "crashed: Segmentation fault"},
      {FILE_OF("own_key"), "key 'lr' is one of lockstep's own"},
      {FILE_OF("bad_default"), "key 'strength': the default 1 is not within 0 to 0.5"},
      {FILE_OF("too_many_keys"), "has more than 16 keys"},
      {FILE_OF("too_many_slots"), "has 5 slots, not 0 to 4"},
      {FILE_OF("no_update"), "has no update"},
      {FILE_OF("norms_without_reduce"), "must have both norms and reduce"},
      {FILE_OF("absent"), "cannot open shared object file"},
      {TESTS_DIR "/test.h", "invalid ELF header"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *said = refusal(cases[i][0]);
    if (!strstr(said, cases[i][1]) || !strstr(said, cases[i][0]))
      fail_msg("%s: '%s'", cases[i][0], said);
  }
}

/* With the values of the config, a check may object and an update may crash that loading did not
 * reach. */
static void values_are_tried(void **state) {
  (void)state;
  ls_optim_spec spec = {.lr = 0.1, .hyper = {1}, .file = (char *)FILE_OF("crash_update")};
  assert_int_equal(ls_optim_load(spec.file, &spec.ops), LS_OK);
  assert_int_equal(ls_optim_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "crashed: Segmentation fault");
  spec.hyper[0] = 6;
  assert_int_equal(ls_optim_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "strength is too much");

  ls_schedule_spec schedule = {.lr = 0.1, .hyper = {1}, .file = (char *)FILE_OF("crash_rate")};
  assert_int_equal(ls_schedule_load(schedule.file, &schedule.ops), LS_OK);
  assert_int_equal(ls_schedule_check(&schedule), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "crashed: Segmentation fault");
}

static void broken_schedules_are_refused(void **state) {
  (void)state;
  const ls_schedule_ops *ops;
  assert_int_equal(ls_schedule_load(FILE_OF("wrong_abi"), &ops), LS_ECONFIG);
  assert_non_null(strstr(ls_error_text(), "was compiled for version"));
  assert_int_equal(ls_schedule_load(FILE_OF("gradient_descent"), &ops), LS_ECONFIG);
  assert_non_null(strstr(ls_error_text(), "lockstep_schedule(void)"));
}

enum { N = 1000 };

static void update(const ls_optim_spec *spec, int precision, void *p, const void *g, int64_t lo,
                   int64_t hi, int64_t t) {
  size_t size = ls_dtype_size((ls_dtype)precision);
  ls_optim_span s = {.n = hi - lo,
                     .first = lo,
                     .precision = precision,
                     .p = (char *)p + (size_t)lo * size,
                     .g = (const char *)g + (size_t)lo * size,
                     .lr = spec->lr,
                     .t = t,
                     .global_step = t - 1,
                     .weight_decay = spec->weight_decay,
                     .seed = 42,
                     .hyper = spec->hyper};
  spec->ops->update(&s);
}

static ls_optim_spec load(const char *file) {
  ls_optim_spec spec = {.lr = 0.05, .weight_decay = 0.01, .file = (char *)file};
  assert_int_equal(ls_optim_load(file, &spec.ops), LS_OK);
  for (int i = 0; spec.ops->hyper[i].name; i++) spec.hyper[i] = spec.ops->hyper[i].value;
  assert_int_equal(ls_optim_check(&spec), LS_OK);
  return spec;
}

static void self_made_gradient_descent_is_sgd(void **state) {
  (void)state;
  static float p32[2][N], g32[N];
  static double p64[2][N], g64[N];
  ls_optim_spec own = load(FILE_OF("gradient_descent")), sgd = own;
  sgd.ops = ls_optim_find("sgd");
  for (int i = 0; i < N; i++)
    g64[i] = sin(i), g32[i] = (float)g64[i], p64[0][i] = p64[1][i] = cos(i),
    p32[0][i] = p32[1][i] = (float)p64[0][i];
  for (int t = 1; t <= 20; t++)
    for (int k = 0; k < 2; k++) {
      update(k ? &own : &sgd, LS_SPAN_F32, p32[k], g32, 0, N, t);
      update(k ? &own : &sgd, LS_SPAN_F64, p64[k], g64, 0, N, t);
    }
  assert_memory_equal(p32[0], p32[1], sizeof *p32);
  assert_memory_equal(p64[0], p64[1], sizeof *p64);
}

/* With g = 0 what is left is the noise: of the right size, and the same however the span is cut. */
static void noise_plugin(void **state) {
  (void)state;
  static double p[2][N], g[N];
  ls_optim_spec spec = load(FILE_OF("gradient_noise"));
  double variance = 0, want = 0.05 * 0.05 * 0.3 / pow(4, 0.55);
  spec.weight_decay = 0;
  update(&spec, LS_SPAN_F64, p[0], g, 0, N, 4);
  for (int64_t lo = 0; lo < N; lo += 8) update(&spec, LS_SPAN_F64, p[1], g, lo, lo + 8, 4);
  assert_memory_equal(p[0], p[1], sizeof *p);
  for (int i = 0; i < N; i++) variance += p[0][i] * p[0][i] / N;
  assert_true(fabs(variance / want - 1) < 5 * sqrt(2.0 / N));
}

static void schedule_plugin(void **state) {
  (void)state;
  ls_schedule_spec spec = {
      .lr = 1, .hyper = {2, 0.5}, .epochs = {true}, .file = (char *)FILE_OF("triangular")};
  assert_int_equal(ls_schedule_load(spec.file, &spec.ops), LS_OK);
  assert_int_equal(ls_schedule_check(&spec), LS_OK);
  ls_schedule_resolve(&spec, 5);
  assert_true(ls_schedule_at(&spec, 0) == 0.5 && ls_schedule_at(&spec, 5) == 0.75 &&
              ls_schedule_at(&spec, 10) == 1);
  assert_true(ls_schedule_at(&spec, 15) == 0.75 && ls_schedule_at(&spec, 20) == 0.5);
  spec.hyper[1] = 2;
  assert_int_equal(ls_schedule_check(&spec), LS_ECONFIG);
  assert_string_equal(ls_error_text(), "low must not be above optimizer.lr");
}

static void nothing_is_kept(void **state) {
  (void)state;
  assert_int_equal(ls_mem_live(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(broken_optimizers_are_refused),
      cmocka_unit_test(values_are_tried),
      cmocka_unit_test(broken_schedules_are_refused),
      cmocka_unit_test(self_made_gradient_descent_is_sgd),
      cmocka_unit_test(noise_plugin),
      cmocka_unit_test(schedule_plugin),
      cmocka_unit_test(nothing_is_kept),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  ls_plugin_leave(failed);
  return failed;
}
