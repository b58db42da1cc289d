/* plugin.c - optimizers, schedules and losses from shared libraries: loading, trying and checking
 * them.
 *
 * Everything a library does when it is loaded (constructors, its entry, its check), and a small
 * update with the config's values, first happens in a child process. In our own process a library
 * that ends it is named. */
#include "optim/plugin.h"

#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/leave.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/real.h"
#include "base/rng.h"
#include "optim/crash.h"

enum { SECONDS = 20, COMPUTING = 5 }; /* a trial's limits: by the clock, and of processor time */

/* ---- in our own process ---- */

enum { NAMES = 1000 };
static char present[NAMES];      /* the plug-ins that were loaded: "./a.so, ./b.so" */
static const char *being_loaded; /* by now */

/* Each of a sweep's trials loads it again. */
static bool is_present(const char *file) {
  const size_t length = strlen(file);
  for (const char *at = present; (at = strstr(at, file)); at++) {
    const bool begins = at == present || at[-1] == ' ', ends = !at[length] || at[length] == ',';
    if (begins && ends) return true;
  }
  return false;
}

/* Those that are there, and this one. */
static void names_with(const char *file, char out[NAMES]) {
  if (is_present(file))
    memcpy(out, present, NAMES);
  else
    snprintf(out, NAMES, "%s%s%s", present, *present ? ", " : "", file);
}

/* An end of the process that is not lockstep's own, from a constructor that behaved in its trial to
 * an update in the middle of training. */
static void end_by_plugin(int code, void *arg) {
  (void)arg;
  static atomic_flag ending = ATOMIC_FLAG_INIT;
  if (ls_leave_begun() || (!being_loaded && !*present)) return;
  while (atomic_flag_test_and_set(&ending)) pause(); /* another thread is at the next line */
  if (being_loaded)
    ls_log_any(LS_LOG_ERROR,
               "plug-in %s ended the process (exit code %d) while it was being loaded",
               being_loaded, code);
  else
    ls_log_any(LS_LOG_ERROR,
               "something other than lockstep has ended the process (exit code %d); a plug-in is "
               "at work in it: %s",
               code, present);
  _exit(LS_ECONFIG);
}

void ls_plugin_leave(int code) {
  ls_leave_begin();
  if (!*present) return;
  fflush(NULL);
  _exit(code);
}

/* ---- what it offers: each of these is LS_OK, or LS_ECONFIG and what is wrong ---- */

static ls_status check_row(const ls_hyper *row, bool lists) {
  static const char *const taken[] = {"type",         "file",   "lr",      "preset",
                                      "weight_decay", "warmup", "scaling", "base_batch"};
  const char *name = row->name;
  if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
    return ls_fail(LS_ECONFIG, "key '%s' must be of a-z, 0-9 and _", name);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (strcmp(name, taken[i]) == 0)
      return ls_fail(LS_ECONFIG, "key '%s' is one of lockstep's own", name);
  if ((unsigned)row->type > (lists ? LS_HYPER_STEPLIST : LS_HYPER_STEPS))
    return ls_fail(LS_ECONFIG, "key '%s' is of unknown type %d", name, (int)row->type);
  if (!row->help) return ls_fail(LS_ECONFIG, "key '%s' has no help", name);
  if (row->type == LS_HYPER_CHOICE && !row->choices)
    return ls_fail(LS_ECONFIG, "key '%s' has no choices", name);
  if (!(row->min <= row->max))
    return ls_fail(LS_ECONFIG, "key '%s': min %g is above max %g", name, row->min, row->max);
  bool within = row->value >= row->min && row->value <= row->max;
  if (!row->required && row->type < LS_HYPER_REALS && !within)
    return ls_fail(LS_ECONFIG, "key '%s': the default %g is not within %g to %g", name, row->value,
                   row->min, row->max);
  return LS_OK;
}

/* What every plug-in has. The keys' defaults go to `hyper`. */
static ls_status check_table(unsigned abi, const char *name, const char *help, const ls_hyper *row,
                             bool lists, double hyper[LS_HYPER_MAX]) {
  if (abi != LS_OPTIM_ABI)
    return ls_fail(LS_ECONFIG,
                   "was compiled for version %u of lockstep/optim.h, this lockstep has version %d",
                   abi, LS_OPTIM_ABI);
  if (!name || !*name || !help) return ls_fail(LS_ECONFIG, "has no name or no help");
  if (!row) return ls_fail(LS_ECONFIG, "has no table of keys");
  for (int i = 0; row[i].name; i++) {
    if (i == LS_HYPER_MAX)
      return ls_fail(LS_ECONFIG, "has more than %d keys, or its table does not end with {0}",
                     LS_HYPER_MAX);
    LS_TRY(check_row(&row[i], lists));
    if (row[i].type < LS_HYPER_REALS) hyper[i] = fmin(fmax(row[i].value, row[i].min), row[i].max);
  }
  return LS_OK;
}

/* Also calls its check with the defaults, for nothing but to see it come back. */
static ls_status check_optim(const void *loaded) {
  const ls_optim_ops *ops = loaded;
  double hyper[LS_HYPER_MAX] = {0};
  LS_TRY(check_table(ops->abi, ops->name, ops->help, ops->hyper, false, hyper));
  if (!ops->update) return ls_fail(LS_ECONFIG, "has no update");
  if (ops->slots < 0 || ops->slots > LS_SLOTS_MAX)
    return ls_fail(LS_ECONFIG, "has %d slots, not 0 to %d", ops->slots, LS_SLOTS_MAX);
  for (int i = 0; i < ops->slots; i++)
    if (!ops->slot_name[i] || !*ops->slot_name[i] || strchr(ops->slot_name[i], '/'))
      return ls_fail(LS_ECONFIG, "slot %d needs a name without '/'", i);
  if (ops->norms < 0 || ops->norms > LS_NORMS_MAX)
    return ls_fail(LS_ECONFIG, "has %d norms, not 0 to %d", ops->norms, LS_NORMS_MAX);
  if ((ops->norms > 0) != (ops->reduce != NULL))
    return ls_fail(LS_ECONFIG, "must have both norms and reduce, or neither");
  if (ops->check) ops->check(hyper);
  return LS_OK;
}

static ls_status check_schedule(const void *loaded) {
  const ls_schedule_ops *ops = loaded;
  static const double nothing[LS_LIST_MAX];
  double hyper[LS_HYPER_MAX] = {0};
  ls_schedule_args args = {.lr = 1, .hyper = hyper};
  LS_TRY(check_table(ops->abi, ops->name, ops->help, ops->hyper, true, hyper));
  if (!ops->rate) return ls_fail(LS_ECONFIG, "has no rate");
  for (int i = 0; i < LS_HYPER_MAX; i++) args.list[i] = nothing;
  if (ops->check) ops->check(&args);
  return LS_OK;
}

/* Losses and slopes of n outputs at points that are drawn: *found counts those where there is a
 * loss. */
static ls_status check_slopes(const ls_loss_ops *ops, uint64_t draw, int n, int *found) {
  enum { MOST = 4 };
  const double h = 1e-6;
  double y[MOST], t[MOST], slope[MOST] = {0};
  for (int i = 0; i < n; i++) {
    y[i] = 4 * ls_rng_uniform(1, draw, 2 * (uint64_t)i) - 2;
    t[i] = 4 * ls_rng_uniform(1, draw, 2 * (uint64_t)i + 1) - 2;
    if (draw % 2 == 0) continue;
    y[i] = fabs(y[i]); /* some losses are of positive numbers */
    t[i] = fabs(t[i]);
  }
  if (!isfinite(ops->loss(y, t, n, slope))) return LS_OK;
  for (int i = 0; i < n; i++) {
    const double at = y[i];
    y[i] = at + h;
    const double above = ops->loss(y, t, n, NULL);
    y[i] = at - h;
    const double difference = (above - ops->loss(y, t, n, NULL)) / (2 * h);
    y[i] = at;
    if (!isfinite(difference)) continue;
    ++*found;
    const double rounding = 8 * DBL_EPSILON * fabs(above) / h;
    if (!(fabs(difference - slope[i]) <= 1e-4 * (1 + fabs(difference)) + rounding))
      return ls_fail(LS_ECONFIG,
                     "gives slope[%d] = %.9g where y[%d] = %.9g and t[%d] = %.9g (n = %d), and "
                     "differences of its loss say %.9g",
                     i, slope[i], i, at, i, t[i], n, difference);
  }
  return LS_OK;
}

static ls_status check_loss(const void *loaded) {
  enum { DRAWS = 20 };
  const ls_loss_ops *ops = loaded;
  int found = 0;
  if (ops->abi != LS_LOSS_ABI)
    return ls_fail(LS_ECONFIG,
                   "was compiled for version %u of lockstep/loss.h, this lockstep has version %d",
                   ops->abi, LS_LOSS_ABI);
  if (!ops->name || !*ops->name || !ops->help) return ls_fail(LS_ECONFIG, "has no name or no help");
  if (!ops->loss) return ls_fail(LS_ECONFIG, "has no loss");
  for (int n = 1; n <= 4; n++)
    for (uint64_t draw = 0; draw < DRAWS; draw++) LS_TRY(check_slopes(ops, draw, n, &found));
  return found > 0 ? LS_OK : ls_fail(LS_ECONFIG, "gives no number at any of the points tried");
}

/* ---- a small update with the config's values, some rates ---- */

enum { TRIAL = 3 };
typedef double trial_numbers[TRIAL]; /* or floats */

static void fill(ls_dtype precision, trial_numbers block, double value) {
  for (int i = 0; i < TRIAL; i++) ls_dtype_put(precision, block, i, value);
}

static void try_update(const ls_optim_spec *spec, ls_dtype precision) {
  trial_numbers p, g, slot[LS_SLOTS_MAX];
  double norm[LS_NORMS_MAX] = {0};
  const ls_optim_ops *ops = spec->ops;
  ls_optim_span span = {.n = TRIAL,
                        .precision = (int)precision,
                        .p = p,
                        .g = g,
                        .lr = spec->lr,
                        .t = 1,
                        .weight_decay = spec->weight_decay,
                        .seed = 1,
                        .hyper = spec->hyper,
                        .norm = ops->reduce ? norm : NULL};
  const unsigned used = ls_optim_slots(ops, spec->hyper);
  fill(precision, p, 0.5);
  fill(precision, g, 0.25);
  for (int i = 0; i < ops->slots; i++) {
    if (!(used >> i & 1)) continue;
    span.slot[i] = slot[i];
    fill(precision, slot[i], ops->slot_start ? ops->slot_start(spec->hyper, i) : 0);
  }
  if (ops->reduce) ops->reduce(&span, norm);
  ops->update(&span);
}

static void try_optim(const void *loaded, void *values) {
  ls_optim_spec *spec = values;
  spec->ops = loaded;
  if (spec->ops->check && spec->ops->check(spec->hyper)) return;
  try_update(spec, LS_F32);
  try_update(spec, LS_F64);
}

static void try_schedule(const void *loaded, void *values) {
  ls_schedule_spec *spec = values;
  spec->ops = loaded;
  if (ls_schedule_fault(spec)) return;
  for (int64_t step = 0; step < 1000000000; step = 10 * step + 1) (void)ls_schedule_at(spec, step);
}

/* ---- loading ---- */

typedef struct {
  const char *entry, *ops;
  ls_status (*check)(const void *ops);
  void (*try)(const void *ops, void *values); /* a spec, whose ops it sets */
  size_t bytes;                               /* of a spec */
} kind;
enum { OPTIMIZER, SCHEDULE, LOSS };
static const kind kinds[] = {
    {"lockstep_optimizer", "ls_optim_ops", check_optim, try_optim, sizeof(ls_optim_spec)},
    {"lockstep_schedule", "ls_schedule_ops", check_schedule, try_schedule,
     sizeof(ls_schedule_spec)},
    {"lockstep_loss", "ls_loss_ops", check_loss, NULL, 0}, /* never with values */
};

/* A bare name is a file of this folder: dlopen would search the system for it. */
static void *open_library(const char *file) {
  char *path = strchr(file, '/') ? ls_mem_text(file) : ls_mem_format("./%s", file);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  LS_FREE(path);
  return library;
}

static ls_status open_plugin(const char *file, const kind *k, const void **ops) {
  char names[NAMES];
  const void *(*entry)(void);
  void *library = open_library(file);
  if (!library) return ls_fail(LS_ECONFIG, "plug-in cannot be loaded: %s", dlerror());
  names_with(file, names);
  memcpy(present, names, sizeof present);
  void *symbol = dlsym(library, k->entry);
  if (!symbol)
    return ls_fail(LS_ECONFIG, "plug-in %s does not define 'const %s *%s(void)'", file, k->ops,
                   k->entry);
  memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from a data pointer to a function's */
  const void *given = entry();
  ls_status status = given ? k->check(given) : ls_fail(LS_ECONFIG, "gave NULL");
  if (status != LS_OK) return ls_fail(status, "plug-in %s %s", file, ls_error_text());
  *ops = given;
  return LS_OK;
}

/* ---- the trial's side of its process ---- */

typedef struct {
  int32_t which, with_values;
} request;

/* What is registered to happen at an exit is not ours to wait for. */
static void leave_at_once(int code, void *arg) {
  (void)arg;
  _exit(code);
}

static void serve_trial(int socket) {
  char *file;
  request r;
  const void *ops;
  if (!ls_socket_text(socket, &file) || !ls_socket_receive(socket, &r, sizeof r)) return;
  const kind *k = &kinds[r.which];
  void *values = ls_mem_must(k->bytes);
  if (r.with_values && !ls_socket_receive(socket, values, k->bytes)) return;
  setrlimit(RLIMIT_CPU, &(struct rlimit){COMPUTING, COMPUTING + 1});
  on_exit(leave_at_once, NULL);
  if (open_plugin(file, k, &ops) == LS_OK && r.with_values) k->try(ops, values);
  ls_socket_send(socket, "", 1);
}

const ls_child_job ls_plugin_job = {"plugin", serve_trial};

/* ---- a trial, seen from here ---- */

static ls_status tell_end(int how) {
  if (how < 0) return ls_fail(LS_ECONFIG, "did not come back within %d s", SECONDS);
  if (WIFEXITED(how))
    return ls_fail(LS_ECONFIG, "ended the process (exit code %d)", WEXITSTATUS(how));
  if (WTERMSIG(how) == SIGXCPU)
    return ls_fail(LS_ECONFIG, "did not come back within %d s of computing", COMPUTING);
  if (WTERMSIG(how) == SIGKILL)
    return ls_fail(LS_FAIL, "was killed where it was tried; out of memory?");
  return ls_fail(LS_ECONFIG, "crashed: %s", strsignal(WTERMSIG(how)));
}

/* LS_OK once it has come back, which its exit code cannot say: that is the library's to choose. */
static ls_status converse(ls_child *child, const char *file, int which, const void *values) {
  const request r = {which, values != NULL};
  char back;
  LS_TRY(ls_child_send_text(child, file, file));
  LS_TRY(ls_child_send(child, file, &r, sizeof r));
  if (values) LS_TRY(ls_child_send(child, file, values, kinds[which].bytes));
  return ls_child_receive(child, file, &back, 1);
}

/* Load it in a child process that then ends, and try it with `values`, a spec; NULL: it is only
 * loaded. LS_ECONFIG and how it ended where it did not come back, LS_FAIL where no process is to be
 * had. */
static ls_status trial(const char *file, int which, const void *values) {
  ls_child *child;
  if (ls_child_start(&ls_plugin_job, SECONDS, &child) != LS_OK)
    return ls_fail_prefix(LS_FAIL, "plug-in %s cannot be tried", file);
  ls_status status = converse(child, file, which, values);
  if (status != LS_OK) status = tell_end(ls_child_how(child));
  ls_child_stop(&child); /* whatever it may still be doing */
  return status;
}

/* ---- for the config ---- */

/* Handlers run in the reverse order, each once. OpenSSL's, which takes away what the thread that
 * writes a checkpoint may be using, is to run behind ours, which ends the process; so it is set up
 * first (asked for nothing, OpenSSL does nothing). Of threads that call exit at the same time each
 * is to meet one of ours. */
static void watch(void) {
  enum { THREADS = 256 };
  static bool watched;
  if (watched) return;
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
  for (int i = 0; i < THREADS; i++) on_exit(end_by_plugin, NULL);
  watched = true;
}

/* A library that is in use stays loaded until the process ends: its tables and functions are
 * referred to everywhere. */
static ls_status load(const char *file, int which, const void **ops) {
  char names[NAMES];
  ls_status status = trial(file, which, NULL);
  if (status == LS_ECONFIG)
    return ls_fail(status, "plug-in %s %s while it was being loaded and checked", file,
                   ls_error_text());
  LS_TRY(status);
  watch();
  names_with(file, names);
  ls_crash_names(names);
  being_loaded = file;
  status = open_plugin(file, &kinds[which], ops);
  being_loaded = NULL;
  return status;
}

ls_status ls_optim_load(const char *file, const ls_optim_ops **out) {
  return load(file, OPTIMIZER, (const void **)out);
}

ls_status ls_loss_load(const char *file, const ls_loss_ops **out) {
  return load(file, LOSS, (const void **)out);
}

ls_status ls_schedule_load(const char *file, const ls_schedule_ops **out) {
  return load(file, SCHEDULE, (const void **)out);
}

static const ls_hyper no_keys[] = {{0}};
const ls_optim_ops ls_optim_not_loaded = {.name = "plugin", .hyper = no_keys};
const ls_schedule_ops ls_schedule_not_loaded = {.name = "plugin", .hyper = no_keys};

static const char *name_of(const char *name, bool loaded, const char *file) {
  return loaded || !file ? name : ls_path_name(file);
}

const char *ls_optim_name(const ls_optim_spec *spec) {
  return name_of(spec->ops->name, spec->ops != &ls_optim_not_loaded, spec->file);
}

const char *ls_schedule_name(const ls_schedule_spec *spec) {
  return name_of(spec->ops->name, spec->ops != &ls_schedule_not_loaded, spec->file);
}

ls_status ls_optim_check(const ls_optim_spec *spec) {
  const ls_optim_ops *ops = spec->ops;
  if (spec->file && ops != &ls_optim_not_loaded) LS_TRY(trial(spec->file, OPTIMIZER, spec));
  const char *fault = ops->check ? ops->check(spec->hyper) : NULL;
  return fault ? ls_fail(LS_ECONFIG, "%s", fault) : LS_OK;
}

ls_status ls_schedule_check(const ls_schedule_spec *spec) {
  if (spec->file && spec->ops != &ls_schedule_not_loaded) LS_TRY(trial(spec->file, SCHEDULE, spec));
  const char *fault = ls_schedule_fault(spec);
  return fault ? ls_fail(LS_ECONFIG, "%s", fault) : LS_OK;
}
