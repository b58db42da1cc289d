/* trace.c - events have a fixed size and their texts are copied, as a rank's addresses mean
 * nothing on rank 0, which prints one rank's after another as they come. */
#include "train/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { EVENTS = 4096 };

typedef struct {
  char what[16]; /* copied: a rank's addresses mean nothing to rank 0 */
  double start, end;
} event;

struct ls_trace {
  double zero;
  int64_t count;
  event event[EVENTS];
};

ls_status ls_trace_new(ls_comm *comm, ls_trace **out) {
  LS_COMM_NEW(comm, *out, 1);
  ls_comm_barrier(comm);
  (*out)->zero = ls_time();
  return LS_OK;
}

void ls_trace_free(ls_trace **trace) { LS_FREE(*trace); }

void ls_trace_add(ls_trace *t, const char *what, double start, double end) {
  if (!t || t->count == EVENTS) return;
  event *e = &t->event[t->count++];
  snprintf(e->what, sizeof e->what, "%s", what);
  e->start = start - t->zero;
  e->end = end - t->zero;
}

static void print_events(FILE *file, const ls_trace *t, int rank, const char *host) {
  fprintf(
      file,
      "%s{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":\"rank %d on %s\"}}",
      rank ? ",\n" : "", rank, rank, host);
  for (int64_t i = 0; i < t->count; i++)
    fprintf(file, ",\n{\"ph\":\"X\",\"name\":\"%s\",\"pid\":%d,\"tid\":0,\"ts\":%.3f,\"dur\":%.3f}",
            t->event[i].what, rank, 1e6 * t->event[i].start,
            1e6 * (t->event[i].end - t->event[i].start));
}

static ls_status write_all(ls_comm *comm, const ls_trace *mine, ls_trace *other, const char *name) {
  FILE *file = fopen(name, "w");
  if (file) fprintf(file, "{\"traceEvents\":[\n");
  for (int r = 0; r < ls_comm_size(comm); r++) {
    char host[64];
    snprintf(host, sizeof host, "%s", ls_comm_host(comm));
    if (r > 0) {
      ls_comm_recv(comm, other, sizeof *other, r);
      ls_comm_recv(comm, host, sizeof host, r);
    }
    if (file) print_events(file, r ? other : mine, r, host);
  }
  bool good = file && fprintf(file, "\n]}\n") > 0;
  if (file && fclose(file) != 0) good = false;
  return good ? LS_OK : ls_fail(LS_EIO, "%s: cannot write the trace: %s", name, strerror(errno));
}

ls_status ls_trace_write(ls_comm *comm, const ls_trace *trace, const char *name) {
  ls_trace *other; /* on rank 0 */
  ls_status status = LS_OK;
  LS_COMM_NEW(comm, other, ls_comm_rank(comm) == 0 ? 1 : 0);
  if (ls_comm_rank(comm) == 0) {
    status = write_all(comm, trace, other, name);
  } else {
    char host[64];
    snprintf(host, sizeof host, "%s", ls_comm_host(comm));
    ls_comm_send(comm, trace, sizeof *trace, 0);
    ls_comm_send(comm, host, sizeof host, 0);
  }
  LS_FREE(other);
  return ls_comm_agree(comm, status);
}
