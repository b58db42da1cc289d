/* children.h - all the jobs that are done in processes of their own (io/child.h). */
#ifndef LS_CLI_CHILDREN_H
#define LS_CLI_CHILDREN_H

/* The first thing in main: does not return in a process that was started for one of them. */
void ls_children_main(int argc, char **argv);

#endif
