/* visit.h - how a call of the library begins and ends: what belongs to the caller's thread is put
 * aside, and given back as it was. Every public function that computes, allocates or reads goes
 * through here.
 *
 * Put aside: the floating-point environment (numbers too small to be normal are 0 inside, rounding
 * is to nearest, nothing traps), the locale (numbers are written with a point), and where messages
 * go. A want of memory deep inside comes back here too (base/mem.h). */
#ifndef LS_API_VISIT_H
#define LS_API_VISIT_H

#include "base/log.h"
#include "base/status.h"
#include "lockstep/lockstep.h"

/* work(arg), and its failure as the caller sees it. sink: where messages go; NULL: nowhere. */
lockstep_status ls_visit(ls_status (*work)(void *arg), void *arg, const ls_log_sink *sink,
                         lockstep_error *error);

#endif
