/* untouched.h - what a program has that a library must leave alone: taken before, and compared
 * after. */
#ifndef TESTS_API_UNTOUCHED_H
#define TESTS_API_UNTOUCHED_H

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static int failures;
#define CHECK(what, ...)                                         \
  do {                                                           \
    if (!(what)) {                                               \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #what); \
      fprintf(stderr, __VA_ARGS__);                              \
      fputc('\n', stderr);                                       \
      failures++;                                                \
    }                                                            \
  } while (0)

enum { SIGNALS = 32 };
typedef struct {
  struct sigaction action[SIGNALS];
  sigset_t mask;
  fexcept_t flags;
  int rounding;
  unsigned control; /* of the unit that computes: modes and what is trapped */
  char numbers[32]; /* the locale's decimal point, as printf writes it */
  locale_t locale;
  off_t out, err; /* bytes written */
  char folder[400];
  unsigned long variables; /* of the environment */
  mode_t mask_of_files;
  struct rlimit files, core;
  struct itimerval timer;
} untouched;

extern char **environ;

/* Of names, values and where they stand. */
static unsigned long sum_of_variables(void) {
  unsigned long sum = 5381;
  for (char **v = environ; *v; v++)
    for (const char *c = *v; *c; c++) sum = sum * 33 + (unsigned char)*c;
  return sum;
}

static unsigned control_word(void) {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr();
#else
  return 0;
#endif
}

static untouched look(void) {
  untouched u;
  memset(&u, 0, sizeof u);
  for (int s = 1; s < SIGNALS; s++) sigaction(s, NULL, &u.action[s]);
  pthread_sigmask(SIG_SETMASK, NULL, &u.mask);
  u.rounding = fegetround();
  u.control = control_word();
  snprintf(u.numbers, sizeof u.numbers, "%g", 1.5);
  u.locale = uselocale((locale_t)0);
  u.out = lseek(STDOUT_FILENO, 0, SEEK_CUR);
  u.err = lseek(STDERR_FILENO, 0, SEEK_CUR);
  if (!getcwd(u.folder, sizeof u.folder)) u.folder[0] = 0;
  u.variables = sum_of_variables();
  u.mask_of_files = umask(0);
  umask(u.mask_of_files);
  getrlimit(RLIMIT_NOFILE, &u.files);
  getrlimit(RLIMIT_CORE, &u.core);
  getitimer(ITIMER_REAL, &u.timer);
  return u;
}

static void compare(const untouched *a, const char *when) {
  untouched b = look();
  for (int s = 1; s < SIGNALS; s++)
    CHECK(a->action[s].sa_handler == b.action[s].sa_handler, "handler of signal %d, %s", s, when);
  for (int s = 1; s < SIGNALS; s++)
    CHECK(sigismember(&a->mask, s) == sigismember(&b.mask, s), "mask of signal %d, %s", s, when);
  CHECK(a->control == b.control, "%x, then %x, %s", a->control, b.control, when);
  CHECK(a->rounding == b.rounding, "%s", when);
  CHECK(strcmp(a->numbers, b.numbers) == 0 && a->locale == b.locale, "%s, then %s, %s", a->numbers,
        b.numbers, when);
  CHECK(a->out == b.out && a->err == b.err, "something was written, %s", when);
  CHECK(strcmp(a->folder, b.folder) == 0, "%s, then %s, %s", a->folder, b.folder, when);
  CHECK(a->variables == b.variables, "the environment, %s", when);
  CHECK(a->mask_of_files == b.mask_of_files, "umask, %s", when);
  CHECK(a->files.rlim_cur == b.files.rlim_cur && a->core.rlim_cur == b.core.rlim_cur, "limits, %s",
        when);
  CHECK(memcmp(&a->timer, &b.timer, sizeof a->timer) == 0, "a timer, %s", when);
}

/* A handler of the program's own, numbers that trap and are rounded upwards, a decimal comma where
 * the machine has one. */
static void on_signal(int number) { (void)number; }
static untouched make_peculiar(void) {
  signal(SIGUSR1, on_signal);
  signal(SIGPIPE, SIG_DFL);
  setlocale(LC_ALL, "de_DE.UTF-8");
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  fesetround(FE_UPWARD);
  return look();
}

#endif
