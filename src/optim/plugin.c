/* plugin.c - loading optimizers and schedules from shared libraries.
 *
 * Everything a library does when it is loaded (constructors, its entry, its check), and a small
 * update with the config's values, first happens in a child process. In our own process a library
 * that ends it is named. */
#include "optim/plugin.h"

#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/leave.h"
#include "base/log.h"
#include "base/mem.h"

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

static void try_optim(const void *loaded, void *values) {
  ls_optim_spec *spec = values;
  spec->ops = loaded;
  ls_optim_try(spec);
}

static void try_schedule(const void *loaded, void *values) {
  ls_schedule_spec *spec = values;
  spec->ops = loaded;
  ls_schedule_try(spec);
}

typedef struct {
  const char *entry, *ops;
  const char *(*fault)(const void *ops);
  void (*try)(const void *ops, void *values); /* a spec, whose ops it sets */
  size_t bytes;                               /* of a spec */
} kind;
enum { OPTIMIZER, SCHEDULE, KINDS };
static const kind kinds[KINDS] = {
    {"lockstep_optimizer", "ls_optim_ops", optim_fault, try_optim, sizeof(ls_optim_spec)},
    {"lockstep_schedule", "ls_schedule_ops", schedule_fault, try_schedule,
     sizeof(ls_schedule_spec)},
};

typedef struct {
  const char *file; /* as it is named in the config */
  char *path;       /* as dlopen wants it */
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

/* ---- the trial's side of its process ---- */

/* What is registered to happen at an exit is not ours to wait for. */
static void leave_at_once(int code, void *arg) {
  (void)arg;
  _exit(code);
}

static void serve_trial(int socket) {
  request r = {0};
  char *file;
  int32_t which, with_values;
  if (!ls_socket_text(socket, &file) || !ls_socket_text(socket, &r.path) ||
      !ls_socket_receive(socket, &which, sizeof which) ||
      !ls_socket_receive(socket, &with_values, sizeof with_values))
    return;
  r.file = file;
  r.kind = &kinds[which];
  void *values = ls_mem_must(r.kind->bytes);
  if (with_values && !ls_socket_receive(socket, values, r.kind->bytes)) return;
  setrlimit(RLIMIT_CPU, &(struct rlimit){COMPUTING, COMPUTING + 1});
  on_exit(leave_at_once, NULL);
  if (open_library(&r) == LS_OK && with_values) r.kind->try(r.ops, values);
  ls_socket_send(socket, "", 1);
}

const ls_child_job ls_plugin_job = {"plugin", serve_trial};

/* ---- a trial, seen from here ---- */

static const char *how_it_ended(int how) {
  if (how < 0) return say("did not come back within %d s", SECONDS);
  if (WIFEXITED(how)) return say("ended the process (exit code %d)", WEXITSTATUS(how));
  if (WTERMSIG(how) == SIGXCPU) return say("did not come back within %d s of computing", COMPUTING);
  return say("crashed: %s", strsignal(WTERMSIG(how)));
}

/* LS_OK once it has come back, which its exit code cannot say: that is the library's to choose. */
static ls_status converse(ls_child *child, const request *r, const void *values) {
  int32_t which = (int32_t)(r->kind - kinds), with_values = values != NULL;
  char back;
  LS_TRY(ls_child_send_text(child, r->file, r->file));
  LS_TRY(ls_child_send_text(child, r->file, r->path));
  LS_TRY(ls_child_send(child, r->file, &which, sizeof which));
  LS_TRY(ls_child_send(child, r->file, &with_values, sizeof with_values));
  if (values) LS_TRY(ls_child_send(child, r->file, values, r->kind->bytes));
  return ls_child_receive(child, r->file, &back, 1);
}

/* values: a spec without pointers to anything, or NULL: it is only loaded. */
static const char *trial(const request *r, const void *values) {
  ls_child *child;
  if (ls_child_start(&ls_plugin_job, SECONDS, &child) != LS_OK)
    return say("cannot be tried: %s", ls_error_text());
  bool back = converse(child, r, values) == LS_OK;
  const char *mishap = back ? NULL : how_it_ended(ls_child_how(child));
  ls_child_stop(&child); /* whatever it may still be doing */
  return mishap;
}

/* ---- loading ---- */

/* dlopen would search the system for a bare name. */
static request request_for(const char *file, int which) {
  char *path = strchr(file, '/') ? ls_mem_text(file) : ls_mem_format("./%s", file);
  return (request){file, path, &kinds[which], NULL};
}

static const char *try_values(const char *file, int which, const void *values) {
  request r = request_for(file, which);
  const char *mishap = trial(&r, values);
  LS_FREE(r.path);
  return mishap;
}

const char *ls_plugin_try_optim(const ls_optim_spec *spec) {
  ls_optim_spec values = *spec;
  values.ops = NULL;
  values.file = values.own_keys = values.preset = NULL;
  return try_values(spec->file, OPTIMIZER, &values);
}

const char *ls_plugin_try_schedule(const ls_schedule_spec *spec) {
  ls_schedule_spec values = *spec;
  values.ops = NULL;
  values.file = values.own_keys = NULL;
  return try_values(spec->file, SCHEDULE, &values);
}

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
static ls_status load(const char *file, int which, const void **out) {
  request r = request_for(file, which);
  const char *mishap = trial(&r, NULL);
  ls_status status = LS_OK;
  if (mishap)
    status =
        ls_fail(LS_ECONFIG, "plug-in %s %s while it was being loaded and checked", file, mishap);
  else
    status = open_here(&r);
  LS_FREE(r.path);
  *out = r.ops;
  return status;
}

ls_status ls_optim_load(const char *file, const ls_optim_ops **out) {
  const void *ops = NULL;
  LS_TRY(load(file, OPTIMIZER, &ops));
  *out = ops;
  return LS_OK;
}

ls_status ls_schedule_load(const char *file, const ls_schedule_ops **out) {
  const void *ops = NULL;
  LS_TRY(load(file, SCHEDULE, &ops));
  *out = ops;
  return LS_OK;
}
