/* mutant.h - how the tests break lockstep, in their own binary only (-DLS_MUTANTS); in the product
 * all three are the constant 0.
 *
 * ls_mutant(name): a fault that gives other numbers; LOCKSTEP_MUTANT names the one that is on
 * (tests/property/mutants.sh).
 *
 * ls_without(guard): a guard that is taken away; LOCKSTEP_WITHOUT names it.
 *
 * ls_trip(where, rank): a place where something happens to a rank, as LOCKSTEP_TRIP says
 * (tests/fault/trip.c); 1 where the caller is to do it. */
#ifndef LS_BASE_MUTANT_H
#define LS_BASE_MUTANT_H

#ifdef LS_MUTANTS
#include <stdlib.h>
#include <string.h>
static inline int ls_is_named(const char *variable, const char *name) {
  const char *active = getenv(variable);
  return active && strcmp(active, name) == 0;
}
#define ls_mutant(name) ls_is_named("LOCKSTEP_MUTANT", name)
#define ls_without(guard) ls_is_named("LOCKSTEP_WITHOUT", guard)
int ls_trip(const char *where, int rank);
#else
#define ls_mutant(name) 0
#define ls_without(guard) 0
#define ls_trip(where, rank) 0
#endif

#endif
