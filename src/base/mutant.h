/* mutant.h - deliberate faults that the tests must catch. In the build of the tests' mutant binary only (-DLS_MUTANTS), the one
 * named by the environment variable LOCKSTEP_MUTANT is active; in the product ls_mutant() is the constant 0. */
#ifndef LS_BASE_MUTANT_H
#define LS_BASE_MUTANT_H

#ifdef LS_MUTANTS
#include <stdlib.h>
#include <string.h>
static inline int ls_mutant(const char *name) {
  const char *active = getenv("LOCKSTEP_MUTANT");
  return active && strcmp(active, name) == 0;
}
#else
#define ls_mutant(name) 0
#endif

#endif
