/* cores.c - what Linux says, read from its files: /sys names a core's hardware threads,
 * /proc/self/cgroup the groups, of which each one above may set a lower limit. Begin with
 * ls_cores_mine; shares among processes, at the end, are arithmetic on the sets. */
#include "base/cores.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool holds(const ls_cores *set, int core) { return set->bit[core / 64] >> (core % 64) & 1; }

/* The first hardware thread of the core that a processor is one of; itself where Linux does not
 * say. */
static int first_sibling(int processor) {
  char path[96];
  int first = processor;
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
           processor);
  FILE *file = fopen(path, "r");
  if (!file) return processor;
  if (fscanf(file, "%d", &first) != 1 || first < 0 || first >= LS_CORES_MOST) first = processor;
  fclose(file);
  return first;
}

void ls_cores_mine(ls_cores *mine) {
  cpu_set_t allowed[LS_CORES_MOST / CPU_SETSIZE];
  memset(mine, 0, sizeof *mine);
  if (sched_getaffinity(0, sizeof allowed, allowed) != 0) return;
  for (int p = 0; p < LS_CORES_MOST; p++) {
    if (!CPU_ISSET_S(p, sizeof allowed, allowed)) continue;
    const int core = first_sibling(p);
    mine->bit[core / 64] |= (uint64_t)1 << (core % 64);
  }
}

static bool allow(const ls_cores *cores, int least, int most) {
  cpu_set_t set[LS_CORES_MOST / CPU_SETSIZE];
  int k = 0;
  memset(set, 0, sizeof set);
  for (int core = 0; core < LS_CORES_MOST; core++) {
    if (!holds(cores, core)) continue;
    if (k >= least && k <= most) CPU_SET_S(core, sizeof set, set);
    k++;
  }
  return k > least && sched_setaffinity(0, sizeof set, set) == 0;
}

bool ls_cores_stay(const ls_cores *cores, int k) { return allow(cores, k, k); }
void ls_cores_roam(const ls_cores *cores) { (void)allow(cores, 0, LS_CORES_MOST); }

/* ---- control groups ---- */

/* Whole processors in `quota` of every `period` microseconds; "max" and -1 are no limit. */
static int processors(const char *quota, long period) {
  long time;
  if (sscanf(quota, "%ld", &time) != 1 || time < 0 || period <= 0) return INT32_MAX;
  return time < period ? 1 : (int)(time / period);
}

static int quota_of(const char *root, const char *group, bool second) {
  char path[4200], quota[32] = "max";
  long period = 0;
  snprintf(path, sizeof path, "%s%s/%s", root, group, second ? "cpu.max" : "cpu.cfs_quota_us");
  FILE *file = fopen(path, "r");
  if (!file) return INT32_MAX;
  if (fscanf(file, "%31s %ld", quota, &period) < 1) strcpy(quota, "max");
  fclose(file);
  if (second) return processors(quota, period);
  snprintf(path, sizeof path, "%s%s/cpu.cfs_period_us", root, group);
  file = fopen(path, "r");
  if (!file) return INT32_MAX;
  if (fscanf(file, "%ld", &period) != 1) period = 0;
  fclose(file);
  return processors(quota, period);
}

/* The least of a group and of those above it. */
static int quota_above(const char *root, char *group, bool second) {
  int least = quota_of(root, group, second);
  for (char *slash = strrchr(group, '/'); slash; slash = strrchr(group, '/')) {
    *slash = 0;
    const int above = quota_of(root, group, second);
    if (above < least) least = above;
  }
  return least;
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLERS:/GROUP, without controllers for version 2. */
int ls_cores_quota(void) {
  char line[4096];
  int least = INT32_MAX;
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (!file) return least;
  while (fgets(line, sizeof line, file)) {
    char *controllers = strchr(line, ':'),
         *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    group[strcspn(group, "\n")] = 0;
    *group++ = 0;
    const bool second = controllers[1] == 0;
    if (!second && strcmp(controllers, ":cpu") != 0 && strncmp(controllers, ":cpu,", 5) != 0)
      continue;
    const int here = quota_above(second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", group, second);
    if (here < least) least = here;
  }
  fclose(file);
  return least;
}

/* ---- among the processes of a machine ---- */

static int holders(const ls_cores *set, int count, int core) {
  int n = 0;
  for (int i = 0; i < count; i++) n += holds(&set[i], core);
  return n;
}

int ls_cores_all(const ls_cores *set, int count) {
  int all = 0;
  for (int core = 0; core < LS_CORES_MOST; core++) all += holders(set, count, core) > 0;
  return all;
}

int ls_cores_share(const ls_cores *set, int count, int which) {
  double share = 0;
  for (int core = 0; core < LS_CORES_MOST; core++)
    if (holds(&set[which], core)) share += 1.0 / holders(set, count, core);
  share += 1e-6; /* three thirds are one */
  return share < 1 ? 1 : (int)share;
}
