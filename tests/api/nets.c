/* nets CKPT IN.npy OUT: a program that has a network of lockstep's. Its outputs for the doubles of
 * IN go into OUT.f32 and OUT.f64, its derivatives into OUT.d32 and OUT.d64; then all that can go
 * wrong, which must leave the program as it was.
 * nets --bad FILE: it cannot be opened; says why. */
#include <pthread.h>

#include "api/untouched.h"
#define LOCKSTEP_NO_MPI
#include "lockstep/lockstep.h"

static char *read_file(const char *path, size_t *bytes) {
  FILE *f = fopen(path, "rb");
  char *data;
  if (!f || fseek(f, 0, SEEK_END)) exit(2);
  *bytes = (size_t)ftell(f);
  data = malloc(*bytes + 1);
  rewind(f);
  if (!data || fread(data, 1, *bytes, f) != *bytes) exit(2);
  fclose(f);
  return data;
}

static void write_file(const char *stem, const char *suffix, const void *data, size_t bytes) {
  char path[500];
  snprintf(path, sizeof path, "%s.%s", stem, suffix);
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(data, 1, bytes, f) != bytes || fclose(f)) exit(2);
}

/* The doubles of a .npy file, and the same as floats: before anything about numbers is changed. */
__attribute__((noinline)) static size_t read_numbers(const char *path, double **x, float **x32) {
  size_t bytes;
  char *npy = read_file(path, &bytes);
  size_t head = 10 + (size_t)(unsigned char)npy[8] + 256 * (size_t)(unsigned char)npy[9];
  size_t n = (bytes - head) / sizeof **x;
  *x = malloc(n * sizeof **x);
  *x32 = malloc(n * sizeof **x32);
  memcpy(*x, npy + head, n * sizeof **x);
  for (size_t i = 0; i < n; i++) (*x32)[i] = (float)(*x)[i];
  feclearexcept(FE_ALL_EXCEPT);
  free(npy);
  return n;
}

typedef struct {
  lockstep_net *net;
  long rows;
  const double *x;
  const double *y; /* what it must be */
  int bad;
} work;

/* Many threads, one network. */
static void *apply_again(void *arg) {
  work *w = arg;
  size_t bytes = (size_t)(w->rows * lockstep_net_outputs(w->net)) * sizeof(double);
  double *y = malloc(bytes);
  for (int i = 0; i < 20; i++) {
    memset(y, 0, bytes);
    w->bad |= lockstep_net_apply_f64(w->net, w->rows, w->x, y, NULL) != LOCKSTEP_OK;
    w->bad |= memcmp(y, w->y, bytes) != 0;
  }
  free(y);
  return NULL;
}

static void use_threads(const work *w) {
  pthread_t thread[4];
  work own[4];
  for (int i = 0; i < 4; i++) {
    own[i] = *w;
    pthread_create(&thread[i], NULL, apply_again, &own[i]);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(thread[i], NULL);
    CHECK(!own[i].bad, "thread %d", i);
  }
}

static void use_net(lockstep_net *net, const double *x, const float *x32, long rows,
                    const char *stem) {
  lockstep_error error;
  long inputs = lockstep_net_inputs(net), outputs = lockstep_net_outputs(net);
  size_t n = (size_t)(rows * outputs), nd = n * (size_t)inputs;
  float *single = malloc(sizeof *single * (size_t)(rows * inputs));
  float *y32 = malloc(n * sizeof *y32), *d32 = malloc(nd * sizeof *d32);
  double *y64 = malloc(n * sizeof *y64), *d64 = malloc(nd * sizeof *d64);
  memcpy(single, x32, sizeof *single * (size_t)(rows * inputs));
  CHECK(lockstep_net_apply_f32(net, rows, single, y32, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_net_apply_f64(net, rows, x, y64, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_net_jacobian_f32(net, rows, single, d32, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_net_jacobian_f64(net, rows, x, d64, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(error.status == LOCKSTEP_OK && !*error.text, "%s", error.text);
  write_file(stem, "f32", y32, n * sizeof *y32);
  write_file(stem, "f64", y64, n * sizeof *y64);
  write_file(stem, "d32", d32, nd * sizeof *d32);
  write_file(stem, "d64", d64, nd * sizeof *d64);
  use_threads(&(work){net, rows, x, y64, 0});
  single[inputs] = (float)HUGE_VALF;
  CHECK(lockstep_net_apply_f32(net, rows, single, y32, &error) == LOCKSTEP_EDATA, "%s", error.text);
  CHECK(strstr(error.text, "sample 1, input 0: "), "%s", error.text);
  CHECK(lockstep_net_apply_f32(net, -1, single, y32, NULL) == LOCKSTEP_EUSAGE, "rows -1");
  CHECK(lockstep_net_apply_f32(net, 0, NULL, NULL, &error) == LOCKSTEP_OK, "%s", error.text);
  CHECK(lockstep_net_apply_f32(net, 1, NULL, y32, &error) == LOCKSTEP_EUSAGE, "%s", error.text);
  CHECK(lockstep_net_apply_f32(net, 1, single, NULL, &error) == LOCKSTEP_EUSAGE, "%s", error.text);
  free(single);
  free(y32);
  free(d32);
  free(y64);
  free(d64);
}

static void use_damaged(char *data, size_t bytes) {
  lockstep_error error;
  lockstep_net *net;
  data[bytes / 2] ^= 1;
  CHECK(lockstep_net_open_buffer(data, bytes, &net, &error) == LOCKSTEP_EDATA && !net, "%s",
        error.text);
  CHECK(strstr(error.text, "a checkpoint in memory"), "%s", error.text);
  CHECK(lockstep_net_open_buffer(data, 7, &net, &error) == LOCKSTEP_EDATA && !net, "%s",
        error.text);
  CHECK(lockstep_net_open("not-there.h5", &net, NULL) == LOCKSTEP_EDATA && !net, "not there");
  data[bytes / 2] ^= 1;
}

/* What is asked of a network that could not be opened. */
static void use_nothing(void) {
  lockstep_error error;
  double x = 0;
  CHECK(lockstep_net_open(NULL, &(lockstep_net *){NULL}, &error) == LOCKSTEP_EUSAGE, "%s",
        error.text);
  CHECK(lockstep_net_apply_f64(NULL, 1, &x, &x, &error) == LOCKSTEP_EUSAGE, "%s", error.text);
  CHECK(strstr(error.text, "the network is NULL"), "%s", error.text);
  CHECK(lockstep_net_jacobian_f32(NULL, 0, NULL, NULL, NULL) == LOCKSTEP_EUSAGE, "NULL");
  CHECK(lockstep_net_inputs(NULL) + lockstep_net_outputs(NULL) + lockstep_net_bits(NULL) +
                lockstep_net_has_classes(NULL) ==
            0,
        "NULL");
  CHECK(!*lockstep_net_input_name(NULL, 0) && !*lockstep_net_output_unit(NULL, 0), "NULL");
  CHECK(!*lockstep_net_output_name(NULL, 0) && !*lockstep_net_input_unit(NULL, 0), "NULL");
  CHECK(!*lockstep_net_weights_hash(NULL), "NULL");
}

static void describe(const lockstep_net *net) {
  printf("%d bits, %s%s:", lockstep_net_bits(net), lockstep_net_weights_hash(net),
         lockstep_net_has_classes(net) ? ", classes" : "");
  for (long i = 0; i < lockstep_net_inputs(net); i++)
    printf(" %s [%s]", lockstep_net_input_name(net, i), lockstep_net_input_unit(net, i));
  printf(" ->");
  for (long i = 0; i < lockstep_net_outputs(net); i++)
    printf(" %s [%s]", lockstep_net_output_name(net, i), lockstep_net_output_unit(net, i));
  printf("\n");
  CHECK(!*lockstep_net_input_name(net, -1) && !*lockstep_net_output_unit(net, 1000), "names");
}

int main(int argc, char **argv) {
  lockstep_error error;
  lockstep_net *net, *other;
  double *x = NULL;
  float *x32 = NULL;
  size_t numbers = argc == 4 ? read_numbers(argv[2], &x, &x32) : 0;
  untouched before = make_peculiar();
  if (argc == 3 && !strcmp(argv[1], "--bad")) {
    lockstep_status status = lockstep_net_open(argv[2], &net, &error);
    compare(&before, "after a file that cannot be opened");
    CHECK(!net && (int)status == error.status, "%s", error.text);
    printf("%d %s\n", (int)status, error.text);
    return failures > 0;
  }
  size_t file_bytes;
  char *file = read_file(argv[1], &file_bytes);
  if (lockstep_net_open(argv[1], &net, &error) != LOCKSTEP_OK) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  CHECK(lockstep_net_open_buffer(file, file_bytes, &other, &error) == LOCKSTEP_OK, "%s",
        error.text);
  use_net(net, x, x32, (long)numbers / lockstep_net_inputs(net), argv[3]);
  use_damaged(file, file_bytes);
  free(file);
  CHECK(!strcmp(lockstep_net_weights_hash(net), lockstep_net_weights_hash(other)), "hash");
  use_nothing();
  lockstep_net_free(NULL);
  lockstep_net_free(other);
  compare(&before, "at the end");
  describe(net);
  lockstep_net_free(net);
  free(x);
  free(x32);
  return failures > 0;
}
