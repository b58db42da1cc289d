/* Between hosts, pushes are answered while the rank that serves computes, and calls no MPI. */
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "comm/comm.h"
#include "comm/server.h"
#include "test.h"

enum { N = 1000, PUSHES = 5 };
static const double DEADLINE = 20; /* seconds, where it takes milliseconds */

static ls_comm *comm;
static int me, ranks;

static void add_one(void *context, int64_t lo, int64_t n, char *const *vector) {
  float *p = (float *)(void *)vector[0];
  (void)context, (void)lo;
  for (int64_t i = 0; i < n; i++) p[i]++;
}

static void name_of(int rank, char name[32]) { snprintf(name, 32, "pushed-%d", rank); }

/* Files say what MPI is not asked. */
static int finished(void) {
  char name[32];
  int all = 0;
  for (int r = 1; r < ranks; r++) {
    name_of(r, name);
    all += access(name, F_OK) == 0;
  }
  return all;
}

static void compute(void) {
  const double begin = ls_time();
  ls_comm_lend(comm);
  while (finished() < ranks - 1 && ls_time() - begin < DEADLINE) usleep(1000);
  ls_comm_reclaim(comm);
  const int others = finished();
  if (others < ranks - 1)
    ls_comm_abort(comm, LS_FAIL, "%d ranks waited until rank 0 calls MPI", ranks - 1 - others);
}

static void push(ls_server *server) {
  char name[32];
  for (int i = 0; i < PUSHES; i++) ls_server_push(server, add_one, NULL);
  name_of(me, name);
  close(open(name, O_CREAT | O_WRONLY, 0600));
}

static void listens(void **state) {
  static float weights[N];
  char *const vector[] = {(char *)weights};
  ls_server *server;
  (void)state;
  assert_int_equal(ls_server_new(comm, N, 64, 1, LS_F32, &server), LS_OK);
  ls_server_open(server, vector, 0, 0);
  if (me == 0)
    compute();
  else
    push(server);
  ls_comm_barrier(comm);
  ls_server_take(server);
  ls_server_fetch(server, vector, 1);
  for (int i = 0; i < N; i++) assert_true(weights[i] == (float)(PUSHES * (ranks - 1)));
  ls_comm_barrier(comm);
  ls_server_free(&server);
}

int main(void) {
  /* each rank a host, and windows as between hosts over TCP */
  setenv("LOCKSTEP_RANKS_PER_NODE", "1", 1);
  setenv("OMPI_MCA_osc", "pt2pt", 1);
  if (ls_comm_open(&comm) != LS_OK) return 1;
  me = ls_comm_rank(comm);
  ranks = ls_comm_size(comm);
  const struct CMUnitTest tests[] = {cmocka_unit_test(listens)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  ls_comm_close(&comm);
  return failed;
}
