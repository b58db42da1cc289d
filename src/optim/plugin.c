/* plugin.c - loading optimizers and schedules from shared libraries.
 *
 * Everything a library does when it is loaded (constructors, its entry, its check) first happens in
 * a child process. The child does nothing else and leaves by _exit, so nothing of MPI or stdio that
 * fork copied is ever used there. That it came back it says through a pipe: its exit code is the
 * library's to choose. In our own process a library that ends it is named. */
#include "optim/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/leave.h"
#include "base/log.h"
#include "base/mem.h"
#include "optim/optim.h"
#include "optim/schedule.h"

enum { SECONDS = 20, COMPUTING = 5 }; /* a trial's limits: by the clock, and of processor time */

static _Thread_local char text[300];

static const char *say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return text;
}

/* Before any handler that fork copied: they would flush our streams and close our MPI. */
static void end_child(int code, void *arg) {
  (void)arg;
  _exit(code);
}

/* No core file, no handlers of MPI's or a sanitizer's that would tell of a crash we are ready for,
 * and no endless loop. */
static void prepare_child(void) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
  sigset_t none;
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  setrlimit(RLIMIT_CPU, &(struct rlimit){COMPUTING, COMPUTING + 1});
  on_exit(end_child, NULL);
}

/* The child's word that it came back. False: it ended without, or SECONDS are over (*late). */
static bool wait_for_word(int from, bool *late) {
  struct pollfd word = {.fd = from, .events = POLLIN};
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    long left = 1000 * (SECONDS - (long)(now.tv_sec - begin.tv_sec));
    *late = left <= 0;
    if (*late) return false;
    int ready = poll(&word, 1, (int)left);
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    char byte;
    ssize_t got = read(from, &byte, 1);
    if (got >= 0 || errno != EINTR) return got == 1;
  }
}

static const char *how_it_ended(int how) {
  if (WIFEXITED(how)) return say("ended the process (exit code %d)", WEXITSTATUS(how));
  if (WTERMSIG(how) == SIGXCPU) return say("did not come back within %d s of computing", COMPUTING);
  return say("crashed: %s", strsignal(WTERMSIG(how)));
}

static const char *judge_child(pid_t child, int from) {
  bool late = false, back = wait_for_word(from, &late);
  int how;
  if (back || late) kill(child, SIGKILL); /* whatever it may still be doing */
  while (waitpid(child, &how, 0) < 0)
    if (errno != EINTR) return say("cannot be tried: %s", strerror(errno));
  if (back) return NULL;
  return late ? say("did not come back within %d s", SECONDS) : how_it_ended(how);
}

const char *ls_plugin_trial(void (*job)(void *arg), void *arg) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return say("cannot be tried: %s", strerror(errno));
  pid_t child = fork();
  if (child == 0) {
    prepare_child();
    job(arg);
    _exit(write(ends[1], "", 1) == 1 ? 0 : 1);
  }
  int error = errno;
  close(ends[1]);
  const char *mishap =
      child > 0 ? judge_child(child, ends[0]) : say("cannot be tried: %s", strerror(error));
  close(ends[0]);
  return mishap;
}

/* ---- in our own process ---- */

static char present[1000];       /* the plug-ins that were loaded: "./a.so, ./b.so" */
static const char *being_loaded; /* by now */

/* An end of the process that is not lockstep's own, from a constructor that behaved in its trial to
 * an update in the middle of training. */
static void end_by_plugin(int code, void *arg) {
  (void)arg;
  if (ls_leave_begun() || (!being_loaded && !*present)) return;
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

static void note_present(const char *file) {
  size_t used = strlen(present);
  snprintf(present + used, sizeof present - used, "%s%s", used ? ", " : "", file);
}

const char *ls_plugin_name(const char *file) {
  const char *slash = strrchr(file, '/');
  return slash ? slash + 1 : file;
}

void ls_plugin_leave(int code) {
  ls_leave_begin();
  if (!*present) return;
  fflush(NULL);
  _exit(code);
}

/* ---- what it offers ---- */

static const char *row_fault(const ls_hyper *row, bool lists) {
  static const char *const taken[] = {"type", "file", "lr", "preset", "weight_decay", "warmup"};
  if (!*row->name ||
      strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(row->name))
    return say("key '%s' must be of a-z, 0-9 and _", row->name);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (strcmp(row->name, taken[i]) == 0)
      return say("key '%s' is one of lockstep's own", row->name);
  if ((unsigned)row->type > (lists ? LS_HYPER_STEPLIST : LS_HYPER_STEPS))
    return say("key '%s' is of unknown type %d", row->name, (int)row->type);
  if (!row->help) return say("key '%s' has no help", row->name);
  if (row->type == LS_HYPER_CHOICE && !row->choices)
    return say("key '%s' has no choices", row->name);
  if (!(row->min <= row->max))
    return say("key '%s': min %g is above max %g", row->name, row->min, row->max);
  if (!row->required && row->type < LS_HYPER_REALS &&
      !(row->value >= row->min && row->value <= row->max))
    return say("key '%s': the default %g is not within %g to %g", row->name, row->value, row->min,
               row->max);
  return NULL;
}

static const char *rows_fault(const ls_hyper *row, bool lists) {
  if (!row) return "has no table of keys";
  for (int i = 0; row[i].name; i++) {
    if (i == LS_HYPER_MAX)
      return say("has more than %d keys, or its table does not end with {0}", LS_HYPER_MAX);
    const char *fault = row_fault(&row[i], lists);
    if (fault) return fault;
  }
  return NULL;
}

static const char *abi_fault(unsigned abi, const char *const *name, const char *const *help) {
  if (abi != LS_OPTIM_ABI)
    return say("was compiled for version %u of lockstep/optim.h, this lockstep has version %d", abi,
               LS_OPTIM_ABI);
  return *name && **name && *help ? NULL : "has no name or no help";
}

static void defaults(const ls_hyper *row, double *hyper) {
  for (int i = 0; row[i].name; i++)
    hyper[i] = row[i].type < LS_HYPER_REALS ? fmin(fmax(row[i].value, row[i].min), row[i].max) : 0;
}

/* Also calls its check with the defaults, for nothing but to see it come back. */
static const char *optim_fault(const void *loaded) {
  const ls_optim_ops *ops = loaded;
  double hyper[LS_HYPER_MAX] = {0};
  const char *fault = abi_fault(ops->abi, &ops->name, &ops->help);
  if (fault || (fault = rows_fault(ops->hyper, false))) return fault;
  if (!ops->update) return "has no update";
  if (ops->slots < 0 || ops->slots > LS_SLOTS_MAX)
    return say("has %d slots, not 0 to %d", ops->slots, LS_SLOTS_MAX);
  for (int i = 0; i < ops->slots; i++)
    if (!ops->slot_name[i] || !*ops->slot_name[i] || strchr(ops->slot_name[i], '/'))
      return say("slot %d needs a name without '/'", i);
  if (ops->norms < 0 || ops->norms > LS_NORMS_MAX)
    return say("has %d norms, not 0 to %d", ops->norms, LS_NORMS_MAX);
  if ((ops->norms > 0) != (ops->reduce != NULL))
    return "must have both norms and reduce, or neither";
  defaults(ops->hyper, hyper);
  if (ops->check) ops->check(hyper);
  return NULL;
}

static const char *schedule_fault(const void *loaded) {
  const ls_schedule_ops *ops = loaded;
  static const double nothing[LS_LIST_MAX];
  double hyper[LS_HYPER_MAX] = {0};
  ls_schedule_args args = {.lr = 1, .hyper = hyper};
  const char *fault = abi_fault(ops->abi, &ops->name, &ops->help);
  if (fault || (fault = rows_fault(ops->hyper, true))) return fault;
  if (!ops->rate) return "has no rate";
  defaults(ops->hyper, hyper);
  for (int i = 0; i < LS_HYPER_MAX; i++) args.list[i] = nothing;
  if (ops->check) ops->check(&args);
  return NULL;
}

typedef struct {
  const char *entry, *ops;
  const char *(*fault)(const void *ops);
} kind;
static const kind optimizer = {"lockstep_optimizer", "ls_optim_ops", optim_fault};
static const kind schedule = {"lockstep_schedule", "ls_schedule_ops", schedule_fault};

typedef struct {
  const char *file, *path;
  const kind *kind;
  const void *ops;
} request;

static ls_status open_library(request *r) {
  const void *(*entry)(void);
  void *library = dlopen(r->path, RTLD_NOW | RTLD_LOCAL), *symbol;
  if (!library) return ls_fail(LS_ECONFIG, "plug-in cannot be loaded: %s", dlerror());
  note_present(r->file);
  symbol = dlsym(library, r->kind->entry);
  if (!symbol)
    return ls_fail(LS_ECONFIG, "plug-in %s does not define 'const %s *%s(void)'", r->file,
                   r->kind->ops, r->kind->entry);
  memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from a data pointer to a function's */
  r->ops = entry();
  const char *fault = r->ops ? r->kind->fault(r->ops) : "gave NULL";
  return fault ? ls_fail(LS_ECONFIG, "plug-in %s %s", r->file, fault) : LS_OK;
}

static void open_in_child(void *arg) { (void)open_library(arg); }

static ls_status open_here(request *r) {
  static bool watched;
  if (!watched) on_exit(end_by_plugin, NULL);
  watched = true;
  being_loaded = r->file;
  ls_status status = open_library(r);
  being_loaded = NULL;
  return status;
}

/* A library that is in use stays loaded until the process ends: its tables and functions are
 * referred to everywhere. */
static ls_status load(const char *file, const kind *what, const void **out) {
  char *path =
      strchr(file, '/')
          ? ls_mem_text(file)
          : ls_mem_format("./%s", file); /* dlopen would search the system for a bare name */
  request r = {file, path, what, NULL};
  const char *mishap = ls_plugin_trial(open_in_child, &r);
  ls_status status =
      mishap
          ? ls_fail(LS_ECONFIG, "plug-in %s %s while it was being loaded and checked", file, mishap)
          : open_here(&r);
  LS_FREE(path);
  *out = r.ops;
  return status;
}

ls_status ls_optim_load(const char *file, const ls_optim_ops **out) {
  const void *ops = NULL;
  LS_TRY(load(file, &optimizer, &ops));
  *out = ops;
  return LS_OK;
}

ls_status ls_schedule_load(const char *file, const ls_schedule_ops **out) {
  const void *ops = NULL;
  LS_TRY(load(file, &schedule, &ops));
  *out = ops;
  return LS_OK;
}
