/* The config: what is accepted and what it means. */
#include "config_cases.h"

static void test_example(void **state) {
  (void)state;
  char *text;
  FILE *file = fopen(TESTS_DIR "/../examples/fashion-mnist/adam.yaml", "r");
  assert_non_null(file);
  text = calloc(1, 4096);
  assert_true(fread(text, 1, 4095, file) > 100);
  fclose(file);
  ls_config *c = parse(text, NULL, 0);
  free(text);
  assert_string_equal(c->file, "c.yaml");
  assert_string_equal(c->data.type, "idx");
  assert_string_equal(c->data.dir, "/usr/share/datasets/fashion-mnist");
  assert_int_equal(c->data.scale.all.kind, LS_SCALE_DIVIDE);
  assert_true(c->data.scale.all.by == 255 && c->data.order == LS_ORDER_SHUFFLE &&
              !c->data.drop_last && !c->data.stream);
  assert_int_equal(c->layers, 5);
  assert_int_equal(c->layer[3].units, 20);
  assert_string_equal(c->layer[3].activation, "relu");
  assert_int_equal(c->layer[4].units, 10);
  assert_string_equal(c->layer[4].activation, "softmax");
  assert_string_equal(c->loss, "cross_entropy");
  assert_string_equal(c->optimizer.ops->name, "adam");
  assert_true(c->optimizer.lr == 0.001 && c->schedule.lr == 0.001 && c->optimizer.hyper[0] == 0.9);
  assert_string_equal(c->schedule.ops->name, "constant");
  assert_true(c->epochs == 10 && c->steps == 0 && c->batch == 50);
  assert_string_equal(c->out_dir, "runs/fashion-adam");
  ls_config_free(&c);
  assert_null(c);
}

static void test_defaults(void **state) {
  (void)state;
  ls_config *c = parse(BASE, NULL, 0);
  assert_true(c->version == 1 && c->seed == 1 && c->slices == 8 && !c->slices_given &&
              c->precision == LS_F32);
  assert_true(c->data.classes == 0 && c->data.skip[0] == 0 && c->data.limit[0] == -1 &&
              c->data.limit[2] == -1 && c->data.validation.share == 0);
  assert_true(c->data.scale.all.kind == LS_SCALE_NONE && c->init.kind == LS_INIT_DEFAULT &&
              c->nonfinite == LS_NONFINITE_STOP);
  assert_true(c->gradient.clip_norm == 0 && c->gradient.clip_value == 0 &&
              c->gradient.noise_eta == 0 && !c->early_metric);
  assert_true(c->eval_every.unit == LS_EVERY_EPOCHS && c->eval_every.n == 1 && !c->eval_on_given);
  assert_true(c->save_every.unit == LS_EVERY_EPOCHS && c->keep_last == 2 && !c->keep_best &&
              c->save_async && !c->save_skip_busy);
  assert_true(c->desync_every.unit == LS_EVERY_STEPS && c->desync_every.n == 100 &&
              c->watchdog == 300);
  assert_true(!c->out_dir && c->log_jsonl && c->log_csv && c->step_every == 0 && !c->log_weights);
  assert_string_equal(c->exchange, "auto");
  ls_config_free(&c);
}

/* KEY=VALUE, and a condition on the result. */
static void test_values(void **state) {
  (void)state;
  const char *const set[] = {
      "data={type: csv, train: {file: t.csv, x: [a, 3-7, 9], y: b}, validation: {file: v.csv, x: "
      "[a], y: [b], header: false}}",
      "data.skip.train=5000",
      "data.limit.test=1e4",
      "data.scale=standard",
      "data.order=sequential",
      "data.last_batch=drop",
      "model.init={type: truncated_normal, fan_in_gain: 2}",
      "model.layers[1].units=3",
      "loss=mse",
      "optimizer={type: rmsprop, lr: 1e-6, preset: tensorflow1, rho: .5}",
      "schedule={type: piecewise, boundaries: [2 epochs, 3000], values: [1, 0.5, 1e-1], warmup: 1 "
      "epoch}",
      "train.batch=full",
      "train.epochs=none",
      "train.steps=7",
      "train.precision=float64",
      "train.gradient_noise={eta: 0.3}",
      "train.early_stop={metric: val_rmse, patience: 3}",
      "eval.every=100",
      "eval.on=[validation, all]",
      "checkpoint.every=30m",
      "checkpoint.keep.best=none",
      "guard.watchdog=never",
      "guard.desync_every=never",
      "output.log=[csv]",
      "output.dir=\"a b\"",
      "seed=9223372036854775807"};
  ls_config *c = parse(BASE, set, sizeof set / sizeof *set);
  const ls_source_spec *train = &c->data.source[LS_SPLIT_TRAIN],
                       *val = &c->data.source[LS_SPLIT_VALIDATION];
  assert_string_equal(train->file, "t.csv");
  assert_string_equal(train->x_cols[1], "3-7");
  assert_string_equal(train->x_cols[2], "9");
  assert_null(train->x_cols[3]);
  assert_string_equal(train->y_cols[0], "b");
  assert_true(train->header && !val->header && c->data.validation.share == 0 &&
              !c->data.source[LS_SPLIT_TEST].file);
  assert_true(c->data.skip[0] == 5000 && c->data.limit[2] == 10000 &&
              c->data.scale.all.kind == LS_SCALE_STANDARD && c->data.order == LS_ORDER_SEQUENTIAL &&
              c->data.drop_last);
  assert_true(c->init.kind == LS_INIT_TRUNCATED_NORMAL && c->init.fan_in_gain == 2 &&
              c->init.scale == 0);
  assert_true(c->layers == 3 && c->layer[2].units == 3 && c->optimizer.lr == 1e-6);
  assert_true(c->optimizer.hyper[0] == 0.5);   /* given */
  assert_true(c->optimizer.hyper[1] == 1e-10); /* the preset's epsilon */
  const ls_schedule_spec *s = &c->schedule;
  assert_true(s->hyper[0] == 2 && s->hyper[1] == 3 && s->list[0][0] == 2 && s->list_epochs[0][0] &&
              s->list[0][1] == 3000 && !s->list_epochs[0][1]);
  assert_true(s->list[1][2] == 0.1 && s->warmup == 1 && s->warmup_epochs);
  assert_true(c->batch == 0 && c->slices == -1 && c->epochs == 0 && c->steps == 7 &&
              c->precision == LS_F64);
  assert_true(c->gradient.noise_eta == 0.3 && c->gradient.noise_gamma == 0.55 &&
              c->early_patience == 3);
  assert_true(c->eval_every.unit == LS_EVERY_STEPS && c->eval_every.n == 100 && c->eval_on_given);
  assert_true(!c->eval_on[0] && c->eval_on[1] && !c->eval_on[2] && c->eval_on[3]);
  assert_true(c->save_every.unit == LS_EVERY_SECONDS && c->save_every.n == 1800 && c->keep_best &&
              !*c->keep_best);
  assert_true(c->watchdog == 0 && c->desync_every.unit == LS_EVERY_NEVER && !c->log_jsonl &&
              c->log_csv && c->seed == INT64_MAX);
  assert_string_equal(c->out_dir, "a b");
  ls_config_free(&c);
}

/* A single value that an override makes a mapping of stays in it as what it stood for. */
static void test_lone_values(void **state) {
  (void)state;
  const char *const set[] = {"data={type: csv, train: {file: t, x: [a], y: b}, missing: 7}",
                             "data.missing.text=[-999]",
                             "data.validation=0.25",
                             "data.validation.how=last",
                             "data.scale=minmax",
                             "data.scale.type=divide",
                             "data.scale.by=2",
                             "model.init=normal",
                             "model.init.scale=3"};
  ls_config *c = parse(BASE, set, sizeof set / sizeof *set);
  assert_true(c->data.missing.x_how == LS_MISSING_FILL && c->data.missing.x == 7);
  assert_string_equal(c->data.missing.text[0], "-999");
  assert_true(c->data.validation.share == 0.25 && c->data.validation.how == LS_DRAW_LAST);
  assert_true(c->data.scale.all.kind == LS_SCALE_DIVIDE && c->data.scale.all.by == 2);
  assert_true(c->init.kind == LS_INIT_NORMAL && c->init.scale == 3);
  ls_config_free(&c);
}

static void test_slices(void **state) {
  (void)state;
  const int64_t row[][2] = {{1, 1},  {8, 1},  {9, 2},   {16, 2},   {17, 4},
                            {50, 8}, {64, 8}, {65, 16}, {512, 64}, {1000000, 64}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    assert_int_equal(ls_config_default_slices(row[i][0]), row[i][1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_example), TEST(test_defaults), TEST(test_values),
                                     TEST(test_lone_values), TEST(test_slices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
