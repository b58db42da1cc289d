/* team.c - a job is announced by raising `call` and is over when `left` is 0; who waits polls
 * for a while, then sleeps on a futex. Begin with ls_team_run; member_main is the other
 * side. */
#include "base/team.h"

#include <assert.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cores.h"
#include "base/mem.h"
#include "base/thread.h"

/* A job is announced by bumping `call`; a member that has waited too long sleeps on it (futex).
 * `left` counts the members still working. Both are on their own cache lines: they are what the
 * threads poll. */
struct ls_team {
  _Alignas(64) _Atomic uint32_t call;
  _Alignas(64) _Atomic int32_t left;
  _Alignas(64) _Atomic int32_t asleep;
  void (*job)(void *, int, int);
  void *arg;
  int threads;
  int spins; /* polls before sleeping; 0 where there are more threads than cores */
  struct member {
    pthread_t thread;
    struct ls_team *team;
    int number;
  } * member;
};

static void futex(_Atomic uint32_t *word, int op, uint32_t value) {
  syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static uint32_t wait_for_call(ls_team *team, uint32_t seen) {
  for (int i = 0; i < team->spins; i++) {
    uint32_t call = atomic_load_explicit(&team->call, memory_order_acquire);
    if (call != seen) return call;
    relax();
  }
  atomic_fetch_add(&team->asleep, 1);
  uint32_t call;
  while ((call = atomic_load(&team->call)) == seen) futex(&team->call, FUTEX_WAIT_PRIVATE, seen);
  atomic_fetch_sub(&team->asleep, 1);
  return call;
}

static void *member_main(void *arg) {
  struct member *member = arg;
  ls_team *team = member->team;
  uint32_t seen = 0;
  for (;;) {
    seen = wait_for_call(team, seen);
    if (!team->job) return NULL;
    team->job(team->arg, member->number, team->threads);
    atomic_fetch_sub_explicit(&team->left, 1, memory_order_release);
  }
}

static void announce(ls_team *team) {
  atomic_fetch_add(&team->call, 1);
  if (atomic_load(&team->asleep) > 0) futex(&team->call, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

ls_status ls_team_new(int threads, ls_team **out) {
  assert(threads >= 1);
  ls_team *team;
  LS_NEW(team, 1);
  *out = team;
  team->threads = 1;
  ls_cores mine;
  ls_cores_mine(&mine);
  team->spins = threads <= ls_cores_all(&mine, 1) ? 4000 : 0;
  LS_NEW(team->member, threads);
  for (int i = 1; i < threads; i++) {
    team->member[i] = (struct member){.team = team, .number = i};
    const ls_status status =
        ls_thread_start(&team->member[i].thread, "a thread", member_main, &team->member[i]);
    if (status != LS_OK)
      return ls_fail_prefix(status, "thread %d of %d of this rank (--threads)", i + 1, threads);
    team->threads++;
  }
  return LS_OK;
}

void ls_team_free(ls_team **out) {
  ls_team *team = *out;
  if (!team) return;
  team->job = NULL;
  announce(team);
  for (int i = 1; i < team->threads; i++) pthread_join(team->member[i].thread, NULL);
  LS_FREE(team->member);
  LS_FREE(*out);
}

int ls_team_size(const ls_team *team) { return team ? team->threads : 1; }

void ls_team_run(ls_team *team, void (*job)(void *, int, int), void *arg) {
  if (!team || team->threads == 1) {
    job(arg, 0, 1);
    return;
  }
  team->job = job;
  team->arg = arg;
  atomic_store(&team->left, team->threads - 1);
  announce(team);
  job(arg, 0, team->threads);
  for (int i = 0; atomic_load_explicit(&team->left, memory_order_acquire) > 0; i++) {
    if (i < team->spins)
      relax();
    else
      sched_yield();
  }
}
