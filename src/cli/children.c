/* children.c - the list: reading HDF5, trying plug-ins. A new job is a place in it. */
#include "cli/children.h"

#include <stddef.h>

#include "io/h5.h"
#include "optim/plugin.h"

void ls_children_main(int argc, char **argv) {
  static const ls_child_job *const jobs[] = {&ls_h5_job, &ls_plugin_job, NULL};
  ls_child_main(argc, argv, jobs);
}
