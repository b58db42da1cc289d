#include "cli/children.h"

#include <stddef.h>

#include "io/h5.h"
#include "io/h5helper.h"
#include "io/h5text.h"
#include "optim/plugin.h"

void ls_children_main(int argc, char **argv) {
  static const ls_child_job *const jobs[] = {
      &ls_h5_set_job,         &ls_h5_list_job,       &ls_h5_texts_job, &ls_h5helper_list_job,
      &ls_h5helper_count_job, &ls_h5helper_read_job, &ls_plugin_job,   NULL};
  ls_child_main(argc, argv, jobs);
}
