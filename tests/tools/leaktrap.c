/* leaktrap.c - what a program keeps of what it was given: preloaded, it looks at MPI_Finalize, says
 * how many communicators and requests were made and not freed, and in a build with
 * AddressSanitizer has it look for blocks of memory that nobody knows any more. Behind it MPI's
 * threads and libraries come and go, which LeakSanitizer does not always survive. For api.leaks. */
#include <mpi.h>
#include <stdio.h>

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static int communicators, requests;

static int made(int *count, int status, int there) {
  *count += status == MPI_SUCCESS && there;
  return status;
}

int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *out) {
  return made(&communicators, PMPI_Comm_dup(comm, out), 1);
}
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *out) {
  const int status = PMPI_Comm_split(comm, color, key, out);
  return made(&communicators, status, *out != MPI_COMM_NULL);
}
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *out) {
  const int status = PMPI_Comm_split_type(comm, type, key, info, out);
  return made(&communicators, status, *out != MPI_COMM_NULL);
}
int MPI_Comm_free(MPI_Comm *comm) {
  communicators--;
  return PMPI_Comm_free(comm);
}

int MPI_Send_init(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                  MPI_Request *out) {
  return made(&requests, PMPI_Send_init(data, count, type, to, tag, comm, out), 1);
}
int MPI_Recv_init(void *data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                  MPI_Request *out) {
  return made(&requests, PMPI_Recv_init(data, count, type, from, tag, comm, out), 1);
}
int MPI_Request_free(MPI_Request *request) {
  requests--;
  return PMPI_Request_free(request);
}

int MPI_Finalize(void) {
  if (communicators || requests)
    fprintf(stderr, "not freed: %d communicators, %d requests\n", communicators, requests);
  if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
    fprintf(stderr, "not freed: memory\n");
  return PMPI_Finalize();
}
