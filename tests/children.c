/* children.c - linked into every test that has lockstep_core: what lockstep starts as a process of
 * its own is the program it runs in (io/child.h), and each of these can be that. Before main, so
 * that no test has to remember it. */
#include "cli/children.h"

__attribute__((constructor)) static void serve(int argc, char **argv) {
  ls_children_main(argc, argv);
}
