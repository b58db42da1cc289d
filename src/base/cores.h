/* cores.h - which cores this process may use, and how many of them are its own when others on the
 * same machine may use some of them too. */
#ifndef LS_BASE_CORES_H
#define LS_BASE_CORES_H

#include <stdbool.h>
#include <stdint.h>

enum { LS_CORES_MOST = 8192 }; /* processors with a higher number are not seen */

/* A set of cores: each by the number of its first hardware thread. */
typedef struct {
  uint64_t bit[LS_CORES_MOST / 64];
} ls_cores;

/* The cores of the processors that this process's affinity mask allows. */
void ls_cores_mine(ls_cores *mine);
/* Keep the calling thread on the k-th of these cores, from 0; false where there is none, or the
 * system refuses. */
bool ls_cores_stay(const ls_cores *cores, int k);
/* ... and on any of them again. */
void ls_cores_roam(const ls_cores *cores);
/* The processors' worth of time that this process's control groups (v2, or v1's cpu controller)
 * grant to all their processes together, at least 1; INT32_MAX where there is no limit. */
int ls_cores_quota(void);
/* How many cores the sets of `count` processes hold together. */
int ls_cores_all(const ls_cores *set, int count);
/* How many cores process `which` of `count` has to itself: a core that k of them may use counts
 * 1/k. Rounded down, at least 1. */
int ls_cores_share(const ls_cores *set, int count, int which);

#endif
