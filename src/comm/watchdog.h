/* watchdog.h - who keeps the others waiting; for comm.c and open.c alone. What it does for users,
 * and the calls that they make, are in comm.h. */
#ifndef LS_COMM_WATCHDOG_H
#define LS_COMM_WATCHDOG_H

#include "comm/comm_private.h"

/* Its memory, and its thread. NULL where there is nobody to watch. */
ls_status ls_watchdog_new(ls_comm *comm, struct ls_watchdog **out);
ls_status ls_watchdog_start(struct ls_watchdog *dog);
void ls_watchdog_free(struct ls_watchdog **dog);
/* Of this node's ranks: grows while one says that it is at work. */
uint64_t ls_watchdog_alive(const ls_comm *comm);

/* What ls_comm_at has been told last on this rank, or on a line of the board. */
const char *ls_watchdog_at(const ls_comm_line *line);

#endif
