/* mutant.h - how the tests break lockstep, in their own binary only (-DLS_MUTANTS); in the product
 * both are the constant 0.
 *
 * ls_mutant(name): a fault that gives other numbers; LOCKSTEP_MUTANT names the one that is on
 * (tests/property/mutants.sh).
 *
 * ls_trip(where, rank): a place where something happens to a rank, as LOCKSTEP_TRIP says
 * (tests/fault/trip.c); 1 where the caller is to do it. */
#ifndef LS_BASE_MUTANT_H
#define LS_BASE_MUTANT_H

#ifdef LS_MUTANTS
#include <stdlib.h>
#include <string.h>
static inline int ls_mutant(const char *name) {
  const char *active = getenv("LOCKSTEP_MUTANT");
  return active && strcmp(active, name) == 0;
}
int ls_trip(const char *where, int rank);
#else
#define ls_mutant(name) 0
#define ls_trip(where, rank) 0
#endif

#endif
