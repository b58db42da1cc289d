/* launcher.h - the processes that started this rank, and their end; for watchdog.c alone. */
#ifndef LS_COMM_LAUNCHER_H
#define LS_COMM_LAUNCHER_H

/* Of a job that has lost a host, the launcher may wait for that host for ever. A process is left
 * behind that gives it LS_LAUNCHER_SECONDS to end by itself, and then ends it; none where no
 * launcher of MPI's started this rank (Slurm looks after its own). Any thread; the process ends
 * next, and has no use for its descriptors any more. */
void ls_launcher_end(void);

enum { LS_LAUNCHER_SECONDS = 15 };

#endif
