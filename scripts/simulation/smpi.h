/* smpi.h - put before every source that is built for SMPI: what it does not say, or says wrongly,
 * and the time that sums take. It runs each rank as a thread of its own that is the main one. */
#include <mpi.h>
#undef MPI_Query_thread
#undef MPI_Is_thread_main
#undef getpid
#define MPI_Query_thread(level) (*(level) = MPI_THREAD_FUNNELED, MPI_SUCCESS)
#define MPI_Is_thread_main(answer) (*(answer) = 1, MPI_SUCCESS)

/* Sums made since the last call take their time now: before anything is sent that hangs on them. */
void sim_pay(void);
#undef MPI_Start
#undef MPI_Startall
#define MPI_Start(request) (sim_pay(), PMPI_Start(request))
#define MPI_Startall(count, request) (sim_pay(), PMPI_Startall(count, request))
#include <sched.h>
void sim_yield(void);
#define sched_yield() (sim_yield(), 0)
