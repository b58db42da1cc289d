/* What people see of runs: numbers as text, history, groups and verdicts, scripts of plots, the
 * progress table. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "comm/comm.h"
#include "test.h"
#include "view/history.h"
#include "view/mean.h"
#include "view/plot.h"
#include "view/progress.h"
#include "view/runs.h"
#include "view/text.h"

/* ---- a scratch folder with runs in it ---- */

static char folder[64];

static void put(const char *run, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, run);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/%s", folder, run, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static const char *run_path(const char *run, char *out) {
  snprintf(out, 256, "%s/%s", folder, run);
  return out;
}

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/lockstep-view.XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

/* ---- text ---- */

static void test_text(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } duration[] = {
      {0, "0:00:00"},          {59.6, "0:01:00"}, {3661, "1:01:01"},  {86399, "23:59:59"},
      {90061, "1 d 01:01:01"}, {-1, "-"},         {(double)NAN, "-"}, {1e300, "-"}};
  static const struct {
    double value;
    const char *text;
  } count[] = {{0, "0"},
               {7, "7"},
               {999, "999"},
               {999.6, "1.00 k"},
               {17234.5, "17.2 k"},
               {402000, "402 k"},
               {6e6, "6.00 M"},
               {1e18, "1000 P"},
               {(double)INFINITY, "-"}};
  char out[LS_TEXT];
  for (size_t i = 0; i < sizeof duration / sizeof *duration; i++)
    assert_string_equal(ls_text_duration(duration[i].value, out), duration[i].text);
  for (size_t i = 0; i < sizeof count / sizeof *count; i++)
    assert_string_equal(ls_text_count(count[i].value, out), count[i].text);
  assert_string_equal(ls_text_number(0.87654321, 'f', 4, out), "0.8765");
  assert_string_equal(ls_text_number((double)NAN, 'g', 4, out), "-");
}

/* ---- history ---- */

static double weight(const ls_history *h, int64_t row, int w) {
  return h->step.column[LS_H_COLUMNS + w][row];
}

static void test_history(void **state) {
  (void)state;
  char path[256];
  ls_history *h;
  put("a", "metrics.jsonl",
      "{\"event\":\"start\",\"ranks\":2,\"steps_per_epoch\":2,\"train_samples\":100,\"parameters\":"
      "2}\n"
      "{\"event\":\"step\",\"global_step\":1,\"loss\":2.5,\"lr\":0.1,\"weights\":[1,2]}\n"
      "{\"event\":\"step\",\"global_step\":2,\"loss\":1.5,\"lr\":0.05,\"weights\":[3,null]}\n"
      "{\"event\":\"epoch\",\"epoch\":1,\"global_step\":2,\"loss\":2,\"val_loss\":null,\"lr\":0.05}"
      "\n"
      "{\"event\":\"checkpoint\",\"global_step\":2,\"file\":\"ckpt-2.h5\"}\n"
      "{\"event\":\"start\",\"ranks\":4,\"steps_per_epoch\":2}\n"
      "{\"event\":\"step\",\"global_step\":2,\"loss\":1.25,\"lr\":0.05,\"weights\":[5,6]}\n"
      "{\"event\":\"epoch\",\"epoch\":1,\"global_step\":2,\"loss\":1.9,\"lr\":0.05}\n"
      "{\"event\":\"epoch\",\"epoch\":2,\"glob");
  assert_int_equal(ls_history_read(run_path("a", path), LS_HISTORY_ALL, &h), LS_OK);
  assert_int_equal(h->ranks, 4);
  assert_int_equal(h->step.n, 2); /* step 2 was told twice: the later one counts */
  assert_float_equal(h->step.column[LS_H_LOSS][1], 1.25, 0);
  assert_int_equal(h->weights, 2);
  assert_float_equal(weight(h, 1, 1), 6, 0);
  assert_int_equal(h->epoch.n, 1);
  assert_float_equal(h->epoch.column[LS_H_LOSS][0], 1.9, 0);
  assert_false(ls_history_has(&h->epoch, LS_H_VAL_LOSS));
  assert_false(h->ended);
  ls_history_free(&h);
}

static void test_history_grows(void **state) {
  (void)state;
  enum { STEPS = 3000 };
  char path[256], *text = malloc(STEPS * 80), *at = text;
  ls_history *h;
  for (int i = 1; i <= STEPS; i++)
    at += sprintf(at, "{\"event\":\"step\",\"global_step\":%d,\"loss\":%d.5,\"lr\":1%s}\n", i, i,
                  i > 1000 ? ",\"weights\":[1.5,2.5]" : "");
  put("long", "metrics.jsonl", text);
  free(text);
  assert_int_equal(ls_history_read(run_path("long", path), LS_HISTORY_ALL, &h), LS_OK);
  assert_int_equal(h->step.n, STEPS);
  assert_float_equal(h->step.column[LS_H_LOSS][STEPS - 1], STEPS + 0.5, 0);
  assert_true(isnan(weight(h, 0, 0))); /* weights were logged later on only */
  assert_float_equal(weight(h, STEPS - 1, 1), 2.5, 0);
  ls_history_free(&h);
  assert_int_equal(ls_history_read(run_path("long", path), 1000, &h), LS_OK);
  assert_true(h->stride == 4 && h->step.n == STEPS / 4); /* the 1st, 5th, 9th ... */
  for (int i = 0; i < h->step.n; i++)
    assert_float_equal(h->step.column[LS_H_LOSS][i], 4 * i + 1.5, 0);
  assert_true(isnan(weight(h, 0, 0)));
  assert_float_equal(weight(h, h->step.n - 1, 1), 2.5, 0);
  ls_history_free(&h);
  assert_int_equal(ls_history_read(run_path("long", path), 0, &h), LS_OK);
  assert_int_equal(h->step.n, 0);
  ls_history_free(&h);
}

static void test_history_refuses(void **state) {
  (void)state;
  static const char two_steps[] =
      "{\"event\":\"step\",\"global_step\":1,\"weights\":[1]}\n"
      "{\"event\":\"step\",\"global_step\":2,\"weights\":[1,2]}\n";
  static const char *const bad[] = {"{\"event\":\"epoch\"\n", "[1,2]\n",
                                    "{\"event\":\"step\",\"loss\":1}\n", "plain text\n", two_steps};
  char path[256];
  ls_history *h;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put("bad", "metrics.jsonl", bad[i]);
    assert_int_equal(ls_history_read(run_path("bad", path), LS_HISTORY_ALL, &h), LS_EDATA);
    assert_non_null(strstr(ls_error_text(), i == 4 ? "metrics.jsonl:2" : "metrics.jsonl:1"));
  }
  assert_int_equal(ls_history_read(run_path("nowhere", path), LS_HISTORY_ALL, &h), LS_EDATA);
  assert_null(h);
}

/* ---- groups and verdicts ---- */

static const char config_format[] =
    "version: 1\nseed: %d\ndata: {type: idx, dir: /nowhere, classes: 10}\nmodel: {layers: [{units: "
    "10, activation: softmax}]}\n"
    "loss: cross_entropy\noptimizer: {type: sgd, lr: %g}\ntrain: {epochs: 4, batch: 10}\noutput: "
    "{dir: run%d}\n";

/* losses and accuracies of four epochs; exit NULL: no end event */
static void put_run(const char *name, int seed, double lr, const double *loss,
                    const double *accuracy, const char *exit) {
  char config[600], text[1200], *at = text;
  snprintf(config, sizeof config, config_format, seed, lr, seed);
  put(name, "config.yaml", config);
  for (int e = 0; e < 4; e++)
    at += sprintf(at,
                  "{\"event\":\"epoch\",\"epoch\":%d,\"global_step\":%d,\"loss\":%g,\"accuracy\":%"
                  "g,\"lr\":%g}\n",
                  e + 1, 10 * (e + 1), loss[e], accuracy[e], lr);
  bool dead = exit && strcmp(exit, "dead") == 0;
  if (exit)
    sprintf(at, "{\"event\":\"end\",\"global_step\":40,%s\"exit\":\"%s\",\"test_accuracy\":0.8}\n",
            dead ? "\"dead\":true," : "", dead ? "done" : exit);
  put(name, "metrics.jsonl", text);
}

/* The run has seen whether its units are; bad numbers alone do not say so. */
static void test_dead(void **state) {
  (void)state;
  static const double still[] = {1.2, 1.05707, 1.057066, 1.057066}, crawl[] = {2.3, 2.3, 2.3, 2.3},
                      two[] = {0.2, 0.1987, 0.1987, 0.1987}, good[] = {0.9, 0.9, 0.9, 0.9};
  char path[3][256];
  put_run("stuck", 1, 0.1, still, two, "dead");
  put_run("slow", 2, 0.1, crawl, two, "done");
  put_run("ready", 3, 0.1, still, good, "done");
  const char *runs_path[] = {run_path("stuck", path[0]), run_path("slow", path[1]),
                             run_path("ready", path[2]), NULL};
  ls_runs *runs;
  assert_int_equal(ls_runs_read(runs_path, LS_HISTORY_ALL, NULL, &runs), LS_OK);
  assert_string_equal(runs->item[0].verdict, "dead");
  assert_string_equal(runs->item[1].verdict, "done");
  assert_string_equal(runs->item[2].verdict, "done");
  ls_runs_free(&runs);
}

/* What an end event said that the run has gone on from is over too. */
static void test_gone_on(void **state) {
  (void)state;
  char path[256];
  const char *runs_path[] = {run_path("on", path), NULL};
  ls_runs *runs;
  put("on", "metrics.jsonl",
      "{\"event\":\"epoch\",\"epoch\":1,\"global_step\":10,\"loss\":4}\n"
      "{\"event\":\"end\",\"global_step\":10,\"exit\":\"done\",\"loss\":3,\"test_loss\":5}\n"
      "{\"event\":\"start\",\"ranks\":1}\n"
      "{\"event\":\"epoch\",\"epoch\":2,\"global_step\":20,\"loss\":2}\n");
  assert_int_equal(ls_runs_read(runs_path, LS_HISTORY_ALL, NULL, &runs), LS_OK);
  assert_string_equal(runs->item[0].verdict, "unfinished");
  assert_float_equal(runs->item[0].final[LS_FINAL_LOSS], 2, 0);
  assert_true(isnan(runs->item[0].final[LS_FINAL_TEST_LOSS]));
  ls_runs_free(&runs);
}

static void test_groups(void **state) {
  (void)state;
  static const double down[] = {2, 1, 0.5, 0.25}, down2[] = {2, 1, 0.5, 0.35},
                      flat[] = {9, 2.31, 2.30, 2.305}, up[] = {0.2, 0.4, 0.6, 0.8},
                      chance[] = {0.2, 0.1, 0.1, 0.098};
  char path[5][256];
  put_run("s1", 1, 0.1, down, up, "done");
  put_run("s2", 2, 0.1, down2, up, "done");
  put_run("s3", 3, 0.1, flat, chance, "dead");
  put_run("other", 1, 0.2, down, up, NULL);
  put_run("boom", 1, 0.3, down, up, "diverged");
  const char *runs_path[] = {run_path("s1", path[0]),   run_path("other", path[1]),
                             run_path("s2", path[2]),   run_path("s3", path[3]),
                             run_path("boom", path[4]), NULL};
  ls_runs *runs;
  double mean, deviation;
  assert_int_equal(ls_runs_read(runs_path, LS_HISTORY_ALL, NULL, &runs), LS_OK);
  assert_int_equal(runs->groups, 3);
  assert_int_equal(ls_runs_size(runs, 0), 3);
  assert_string_equal(runs->item[0].verdict, "done");
  assert_string_equal(runs->item[1].verdict, "unfinished");
  assert_string_equal(runs->item[3].verdict, "dead");
  assert_string_equal(runs->item[4].verdict, "diverged");
  assert_int_equal(ls_runs_mean(runs, 0, LS_FINAL_LOSS, &mean, &deviation),
                   2); /* the dead one is no result */
  assert_float_equal(mean, 0.3, 1e-15);
  assert_float_equal(deviation, 0.1 / sqrt(2), 1e-15);
  assert_int_equal(ls_runs_mean(runs, 1, LS_FINAL_TEST_ACCURACY, &mean, &deviation), 0);
  assert_true(isnan(mean));
  char *label = ls_runs_label(runs, 0);
  assert_string_equal(label, "sgd lr=0.1");
  LS_FREE(label);
  ls_runs_free(&runs);
}

/* ---- plots ---- */

static char *script(const ls_panel *panel, int panels, const char *kind) {
  static char *text; /* static: gcc takes the stream's pointer to a local for one that dangles */
  static size_t bytes;
  FILE *memory = open_memstream(&text, &bytes);
  assert_int_equal(ls_plot_script(memory, panel, panels, kind, "it's.svg"), LS_OK);
  fclose(memory);
  return text;
}

/* Lines of data between "$name << EOD" and "EOD". */
static int data_lines(const char *text, const char *name) {
  const char *at = strstr(text, name);
  assert_non_null(at);
  int lines = -1;
  for (at = strchr(at, '\n') + 1; strncmp(at, "EOD", 3) != 0; at = strchr(at, '\n') + 1) lines++;
  return lines + 1;
}

static ls_mean mean_of(const double *value, int n) {
  ls_mean mean = {0};
  for (int i = 0; i < n; i++) ls_mean_add(&mean, value[i]);
  return mean;
}

static void test_mean(void **state) {
  (void)state;
  const double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 4}, some[] = {NAN, 0.1, INFINITY, 0.3, 0.7},
               again[] = {0.3, 0.7, 0.1};
  ls_mean m = mean_of(far, 0);
  assert_true(isnan(ls_mean_value(&m)) && isnan(ls_mean_deviation(&m)));
  m = mean_of(far, 1);
  assert_true(ls_mean_value(&m) == far[0] && isnan(ls_mean_deviation(&m)));
  m = mean_of(far, 3); /* whose squares differ in no digit */
  assert_true(fabs(ls_mean_deviation(&m) - sqrt(7.0 / 3)) < 1e-6);
  m = mean_of(some, 5);
  assert_int_equal(m.n, 3);
  assert_true(ls_mean_value(&m) == (0.1 + 0.3 + 0.7) / 3);
  const double one = ls_mean_deviation(&m);
  m = mean_of(again, 3);
  assert_true(fabs(ls_mean_deviation(&m) - one) < 1e-15);
}

static void test_script(void **state) {
  (void)state;
  double x[] = {1, 2, 3}, y[] = {0.5, (double)NAN, 0.25}, z[] = {1, 2, 3}, number[] = {0, 1, 2},
         ground[9] = {0};
  ls_curve curve[] = {{.name = "loss", .n = 3, .x = x, .y = y},
                      {.name = "val's", .n = 3, .x = x, .y = x, .style = 1}};
  ls_panel panel = {.title = "a\nb",
                    .x_label = "epoch",
                    .y_label = "loss",
                    .curve = curve,
                    .curves = 2,
                    .log_y = true};
  char *text = script(&panel, 1, "svg");
  assert_non_null(strstr(text, "set output 'it''s.svg'"));
  assert_non_null(strstr(text, "set label 'a b' at")); /* nothing of a name can become a command */
  assert_non_null(strstr(text, "set label 'val''s' at"));
  assert_non_null(strstr(text, " 2 NaN\n"));
  assert_non_null(strstr(text, "set logscale y"));
  free(text);
  ls_grid grid = {3, {0, 4, 0, 4}, ground, 1, 1};
  curve[0] = (ls_curve){
      .name = "path", .n = 3, .x = x, .y = x, .z = z, .kind = LS_CURVE_PATH, .number = number};
  panel =
      (ls_panel){.title = "t", .curve = curve, .curves = 1, .grid = &grid, .view = {0, 4, 0, 4}};
  text = script(&panel, 1, "png");
  assert_int_equal(data_lines(text, "$grid0 << EOD"),
                   12); /* three rows of three, each closed by an empty line */
  assert_int_equal(data_lines(text, "$mark0_0 << EOD"), 3);
  assert_non_null(strstr(text, "set label '2' at")); /* the number of the last iterate */
  free(text);
}

static void test_script_thins(void **state) {
  (void)state;
  enum { N = 100000 };
  double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  for (int i = 0; i < N; i++) x[i] = i, y[i] = i == 54321 ? 77.5 : 1;
  ls_curve curve = {.name = "loss", .n = N, .x = x, .y = y};
  ls_panel panel = {.title = "t", .curve = &curve, .curves = 1};
  char *text = script(&panel, 1, "svg");
  assert_true(data_lines(text, "$curve0_0 << EOD") <= 4000);
  assert_non_null(strstr(text, " 54321 77.5\n")); /* the spike is still there */
  free(text);
  free(x);
  free(y);
}

static void test_kinds(void **state) {
  (void)state;
  assert_string_equal(ls_plot_kind("a.b/c.svg"), "svg");
  assert_string_equal(ls_plot_kind("-"), "-");
  assert_null(ls_plot_kind("a.svg/c"));
  assert_null(ls_plot_kind("svg"));
}

static bool wants_log(double *y, int n) {
  double x[] = {1, 2, 3};
  ls_curve curve = {.n = n, .x = x, .y = y};
  ls_panel panel = {.curve = &curve, .curves = 1};
  ls_plot_same_y(&panel, 1);
  return panel.log_y;
}

static void test_log(void **state) {
  (void)state;
  assert_true(wants_log((double[]){1, (double)NAN, 0.009}, 3));
  assert_false(wants_log((double[]){1, 0.01}, 2));
  assert_false(wants_log((double[]){1, 0.0001, -1}, 3));
}

/* ---- progress ---- */

/* What a call writes to stderr. */
static char *caught(void (*call)(void)) {
  fflush(stderr);
  char name[] = "/tmp/lockstep-stderr.XXXXXX";
  int file = mkstemp(name), saved = dup(2);
  unlink(name);
  dup2(file, 2);
  call();
  dup2(saved, 2);
  close(saved);
  off_t size = lseek(file, 0, SEEK_END);
  char *text = calloc(1, (size_t)size + 1);
  assert_int_equal(pread(file, text, (size_t)size, 0), size);
  close(file);
  return text;
}

static int count_of(const char *text, const char *word) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, word)) != NULL; at++) n++;
  return n;
}

static void train_a_thousand(const char *style) {
  ls_progress *p;
  ls_progress_args args = {.steps = 5000, .steps_per_epoch = 5, .batch = 10, .accuracy = true};
  assert_int_equal(ls_progress_new(style, &args, &p), LS_OK);
  for (int64_t s = 1; s <= 5000; s++) {
    ls_progress_step(p, s);
    ls_progress_row row = {s / 5, s, 0.5, 0.75, (double)NAN, (double)NAN, 0.01, 1000, false, false};
    if (s % 5 == 0) ls_progress_epoch(p, &row);
  }
  ls_progress_time share[] = {{"compute", 1, 1, 1}, {"wait", 0, 3, 4}};
  ls_progress_summary end = {.exit = "done",
                             .epochs = 1000,
                             .steps = 5000,
                             .seconds = 4,
                             .ranks = 2,
                             .best_metric = "val_loss",
                             .test_loss = 0.25};
  end.time = share;
  end.times = 2;
  ls_progress_end(p, &end);
  ls_progress_free(&p);
}

/* What is so already is no advice, nor is a run of a moment worth one. */
static void end_of_three(void) {
  ls_progress *p;
  ls_progress_args args = {.steps = 10};
  ls_progress_time share[] = {{"data", 1, 1, 1}, {"checkpoint", 1, 1, 1}, {"wait", 1, 1, 1}};
  ls_progress_summary end = {.exit = "done", .ranks = 1, .time = share, .times = 3};
  end.saves = end.async = true;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ls_progress_new("line", &args, &p), LS_OK);
    end.seconds = i == 0 ? 0.9 : 3;
    if (i == 2) end.saves = false, end.full_batch = true;
    ls_progress_end(p, &end);
    ls_progress_free(&p);
  }
}

static void test_hints(void **state) {
  (void)state;
  char *text = caught(end_of_three);
  assert_int_equal(count_of(text, "hint:"), 2);
  assert_non_null(
      strstr(text, "hint: data 33%: gathering samples takes long: a larger train.batch"));
  assert_non_null(strstr(text, "hint: checkpoint 33%: saving takes long: checkpoint.every: N"));
  free(text);
}

static void train_lines(void) { train_a_thousand("auto"); } /* a file is no terminal */
static void train_silent(void) { train_a_thousand("none"); }
static void train_bar(void) { train_a_thousand("bar"); }

static void test_progress(void **state) {
  (void)state;
  char *text = caught(train_lines);
  int lines = count_of(text, "0.7500");
  assert_in_range(lines, 190, 205);                   /* of a thousand epochs */
  assert_in_range(count_of(text, "samples/s"), 4, 7); /* the header, rarely */
  assert_non_null(strstr(text, "\n    1000 "));       /* the last one always */
  assert_non_null(strstr(text, "hint: wait 75%"));
  assert_null(strchr(text, '\r'));
  free(text);
  text = caught(train_silent);
  assert_string_equal(text, "");
  free(text);
  text = caught(train_bar);
  assert_int_equal(count_of(text, "0.7500"), lines);
  free(text);
}

static void test_progress_words(void **state) {
  (void)state;
  ls_progress *p;
  ls_progress_args args = {.steps = 10};
  assert_int_equal(ls_progress_new("bars", &args, &p), LS_EUSAGE);
  assert_null(p);
  ls_progress_step(NULL, 1); /* other ranks have none */
  ls_progress_epoch(NULL, NULL);
  ls_progress_end(NULL, NULL);
  ls_progress_free(&p);
}

static void test_progress_is_cheap(void **state) {
  (void)state;
  ls_progress *p;
  ls_progress_args args = {.steps = 100000000, .steps_per_epoch = 1000, .batch = 1};
  assert_int_equal(ls_progress_new("line", &args, &p), LS_OK);
  int64_t blocks = ls_mem_total();
  double start = ls_time();
  for (int64_t s = 1; s <= 20000000; s++) ls_progress_step(p, s);
  double seconds = ls_time() - start;
  assert_true(seconds < 2); /* 0.1 us a step, on a busy machine */
  assert_int_equal(ls_mem_total(), blocks);
  ls_progress_free(&p);
}

/* A message erases the bar, once. */
static void bar_and_message(void) {
  ls_log_live(true);
  ls_log_plain("committed 7 ckpt-7.h5");
  ls_log_plain("next");
}

static void test_live(void **state) {
  (void)state;
  char *text = caught(bar_and_message);
  assert_string_equal(text, "\r\033[Kcommitted 7 ckpt-7.h5\nnext\n");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),
                                     cmocka_unit_test(test_history),
                                     cmocka_unit_test(test_history_grows),
                                     cmocka_unit_test(test_history_refuses),
                                     cmocka_unit_test(test_dead),
                                     cmocka_unit_test(test_gone_on),
                                     cmocka_unit_test(test_groups),
                                     cmocka_unit_test(test_mean),
                                     cmocka_unit_test(test_script),
                                     cmocka_unit_test(test_script_thins),
                                     cmocka_unit_test(test_kinds),
                                     cmocka_unit_test(test_log),
                                     cmocka_unit_test(test_progress),
                                     cmocka_unit_test(test_hints),
                                     cmocka_unit_test(test_progress_words),
                                     cmocka_unit_test(test_progress_is_cheap),
                                     cmocka_unit_test(test_live)};
  int failed = cmocka_run_group_tests(tests, make_folder, remove_folder);
  return failed || ls_mem_live() != 0;
}
