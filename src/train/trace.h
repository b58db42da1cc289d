/* trace.h - `train --trace FILE`: what each rank did in the first steps, for chrome://tracing or
 * ui.perfetto.dev. */
#ifndef LS_TRAIN_TRACE_H
#define LS_TRAIN_TRACE_H

#include "comm/comm.h"

typedef struct ls_trace ls_trace;

/* Room for the first few thousand events; later ones are dropped. Collective: a common zero of
 * time. */
ls_status ls_trace_new(ls_comm *comm, ls_trace **out);
void ls_trace_free(ls_trace **trace);
/* `what` (a string constant) took from `start` to `end`, both ls_time(). NULL: nothing. */
void ls_trace_add(ls_trace *trace, const char *what, double start, double end);
/* Everything from all ranks into one file. Collective. */
ls_status ls_trace_write(ls_comm *comm, const ls_trace *trace, const char *file);

#endif
