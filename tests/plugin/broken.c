/* Plug-ins that must be refused, one for each value of FAULT. */
#include <fcntl.h>
#include <lockstep/optim.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  wrong_abi = 1,
  gives_null,
  crash_constructor,
  exit_constructor,
  exit_42,
  exit_second,
  exit_thread,
  exit_update,
  exit_destructor,
  null_update,
  abort_constructor,
  endless_constructor,
  crash_entry,
  crash_check,
  crash_update,
  crash_rate,
  own_key,
  bad_default,
  too_many_keys,
  too_many_slots,
  no_update,
  norms_without_reduce
};
#define IS(fault) (FAULT == (fault))

static void crash(void) { raise(SIGSEGV); }

/* Behaves in its trial: the file that BROKEN_MARK names remembers. */
static void exit_the_second_time(void) {
  const char *mark = getenv("BROKEN_MARK");
  if (!mark || open(mark, O_CREAT | O_EXCL, 0666) < 0) exit(42);
}

static void *exit_soon(void *nothing) {
  usleep(300000);
  exit(42);
  return nothing;
}

static void start_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, exit_soon, NULL);
}

static void loop(void) {
  for (volatile int i = 0; i >= 0; i ^= 1) continue;
}

__attribute__((constructor)) static void constructor(void) {
  if (IS(crash_constructor)) crash();
  if (IS(exit_constructor)) _exit(0);
  if (IS(exit_42)) exit(42);
  if (IS(exit_second)) exit_the_second_time();
  if (IS(exit_thread)) start_thread();
  if (IS(abort_constructor)) abort();
  if (IS(endless_constructor)) loop();
}

__attribute__((destructor)) static void destructor(void) {
  if (IS(exit_destructor)) _exit(42);
}

static const char *check(const double *hyper) {
  if (IS(crash_check)) crash();
  return hyper[0] > 5 ? "strength is too much" : NULL;
}

static void update(const ls_optim_span *s) {
  if (IS(crash_update)) crash();
  if (IS(exit_update) && s->t > 2) exit(42);
  volatile int *nowhere = NULL;
  if (IS(null_update) && s->t > 2) *nowhere = 1;
}

static double rate(const ls_schedule_args *a) {
  if (IS(crash_rate) && a->step > 0) crash();
  return a->lr;
}

#define KEY                                                                                 \
  {                                                                                         \
    .name = IS(own_key) ? "lr" : "strength", .value = 1, .max = IS(bad_default) ? 0.5 : 10, \
    .help = "a key"                                                                         \
  }
static const ls_hyper keys[] = {KEY, {0}};
static const ls_hyper many[] = {KEY, KEY, KEY, KEY, KEY, KEY, KEY, KEY, KEY,
                                KEY, KEY, KEY, KEY, KEY, KEY, KEY, KEY, {0}};
static const ls_optim_ops optimizer = {.abi = IS(wrong_abi) ? LS_OPTIM_ABI + 1 : LS_OPTIM_ABI,
                                       .name = "broken",
                                       .help = "fails on purpose",
                                       .slots = IS(too_many_slots) ? LS_SLOTS_MAX + 1 : 1,
                                       .slot_name = {"v"},
                                       .hyper = IS(too_many_keys) ? many : keys,
                                       .norms = IS(norms_without_reduce) ? 1 : 0,
                                       .update = IS(no_update) ? NULL : update,
                                       .check = check};
static const ls_schedule_ops schedule = {.abi = IS(wrong_abi) ? LS_OPTIM_ABI + 1 : LS_OPTIM_ABI,
                                         .name = "broken",
                                         .help = "fails on purpose",
                                         .hyper = keys,
                                         .rate = rate};

const ls_optim_ops *lockstep_optimizer(void) {
  if (IS(crash_entry)) crash();
  return IS(gives_null) ? NULL : &optimizer;
}
const ls_schedule_ops *lockstep_schedule(void) { return &schedule; }
