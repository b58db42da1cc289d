/* chapter - the chapter's experiments against independent values in double precision.
 *   chapter toy NAME RUN [UPDATES]    golden/toy.json: weights after, cost and rate before each
 * update (of the first UPDATES) to 1e-12 chapter mnist NAME RUN            golden/mnist.json: cost
 * and accuracy over all 70,000 images after each pass that it lists, to 1e-9 chapter ewa
 * golden/ewa.json: the table of examples/ewa/ewa.awk on stdin, to 1e-15 Prints how many numbers it
 * compared and the largest deviation; exit code 1 where that is too large, or nothing could be
 * compared. */
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t compared;
static double largest;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(2);
}

static json_t *load(const char *name) {
  char path[512];
  snprintf(path, sizeof path, TESTS_DIR "/golden/%s.json", name);
  json_t *root = json_load_file(path, 0, NULL);
  if (!root) die("%s cannot be read", path);
  return root;
}

static double number(const json_t *o, const char *key) {
  return json_number_value(json_object_get(o, key));
}
static double element(const json_t *array, size_t i) {
  const json_t *value = json_array_get(array, i);
  if (!json_is_number(value)) die("no number where one is expected");
  return json_number_value(value);
}

static json_t *by_name(json_t *list, const char *name) {
  size_t i;
  json_t *item;
  json_array_foreach(list, i, item) if (strcmp(json_string_value(json_object_get(item, "name")),
                                               name) == 0) return item;
  return NULL;
}

static void compare(double expected, double got) {
  double deviation = fabs(got - expected);
  compared++;
  if (!(deviation <= largest)) largest = deviation; /* NaN too */
}

static int verdict(const char *name, double tolerance) {
  printf("%s: %lld numbers, largest deviation %.2g\n", name, (long long)compared, largest);
  return compared > 0 && largest <= tolerance ? 0 : 1;
}

/* The next event of that kind of a run's metrics, or NULL. */
static json_t *next_event(FILE *metrics, const char *kind) {
  static char line[8192];
  while (fgets(line, sizeof line, metrics)) {
    json_t *event = json_loads(line, 0, NULL);
    if (event && strcmp(json_string_value(json_object_get(event, "event")), kind) == 0)
      return event;
    json_decref(event);
  }
  return NULL;
}

static FILE *open_metrics(const char *run) {
  char path[512];
  snprintf(path, sizeof path, "%s/metrics.jsonl", run);
  FILE *file = fopen(path, "r");
  if (!file) die("%s cannot be read", path);
  return file;
}

/* setA lists (intercept, slope), setB (slope, intercept); a run's weights are W, the slope, then b.
 */
static int toy(const char *name, const char *run, size_t updates) {
  json_t *root = load("toy"), *a = by_name(json_object_get(root, "setA"), name), *event;
  json_t *want = a ? a : by_name(json_object_get(root, "setB"), name);
  if (!want) die("golden/toy.json has no %s", name);
  const json_t *path = json_object_get(want, "path"), *cost = json_object_get(want, "J"),
               *rate = json_object_get(want, "gamma");
  FILE *metrics = open_metrics(run);
  size_t n = 0, all = (size_t)number(want, "updates");
  for (; n < updates && (event = next_event(metrics, "step")); n++) {
    const json_t *w = json_object_get(event, "weights"), *point = json_array_get(path, n + 1);
    compare(element(point, a ? 1 : 0), element(w, 0));
    compare(element(point, a ? 0 : 1), element(w, 1));
    compare(element(cost, n), number(event, "loss"));
    if (rate) compare(element(rate, n), number(event, "lr"));
    json_decref(event);
  }
  fclose(metrics);
  json_decref(root);
  if (n != (updates < all ? updates : all)) die("%s: %zu updates, not %zu", run, n, all);
  return verdict(name, 1e-12);
}

/* Row `epoch` of the table is what holds after pass epoch + 1. */
static int mnist(const char *name, const char *run) {
  json_t *root = load("mnist"), *want = by_name(json_object_get(root, "runs"), name), *row, *event;
  if (!want) die("golden/mnist.json has no %s", name);
  size_t i;
  FILE *metrics = open_metrics(run);
  while ((event = next_event(metrics, "epoch"))) {
    json_array_foreach(json_object_get(want, "table"), i, row) {
      if (number(row, "epoch") + 1 != number(event, "epoch")) continue;
      compare(number(row, "J_70000"), number(event, "all_loss"));
      compare(number(row, "acc_70000"), number(event, "all_accuracy"));
    }
    json_decref(event);
  }
  fclose(metrics);
  json_decref(root);
  return verdict(name, 1e-9);
}

/* Columns: n theta v_from_0 v_from_1 closed corrected b_0.9 b_0.8 b_0.3 */
static int ewa(void) {
  json_t *root = load("ewa"), *runs = json_object_get(root, "runs"),
         *zero = json_array_get(runs, 0);
  const json_t *b = json_object_get(root, "b"),
               *one = json_object_get(json_array_get(runs, 1), "v");
  char line[1024];
  for (size_t n = 0; fgets(line, sizeof line, stdin);) {
    double c[9];
    if (line[0] == '#') continue;
    if (sscanf(line, "%lf%lf%lf%lf%lf%lf%lf%lf%lf", c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6,
               c + 7, c + 8) != 9)
      die("bad row: %s", line);
    compare((double)n, c[0]);
    compare(element(json_object_get(root, "theta"), n), c[1]);
    compare(element(json_object_get(zero, "v"), n), c[2]);
    compare(element(one, n), c[3]);
    compare(element(json_object_get(zero, "v"), n), c[4]);
    if (n > 0) compare(element(json_object_get(zero, "corrected"), n), c[5]);
    const char *const beta[] = {"0.9", "0.8", "0.3"};
    for (int k = 0; k < 3 && n < json_array_size(json_object_get(b, beta[k])); k++)
      compare(element(json_object_get(b, beta[k]), n), c[6 + k]);
    n++;
  }
  json_decref(root);
  return verdict("ewa", 1e-15);
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "toy") == 0)
    return toy(argv[2], argv[3], argc > 4 ? strtoul(argv[4], NULL, 10) : SIZE_MAX);
  if (argc == 4 && strcmp(argv[1], "mnist") == 0) return mnist(argv[2], argv[3]);
  if (argc == 2 && strcmp(argv[1], "ewa") == 0) return ewa();
  die("chapter toy NAME RUN [UPDATES] | mnist NAME RUN | ewa");
}
