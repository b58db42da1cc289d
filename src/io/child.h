/* child.h - a library that may crash or hang on a damaged file runs in a process of its own, and is
 * talked to over a socket.
 *
 * The child is this program, started anew by posix_spawn and never forked: memory that an
 * interconnect has registered does not survive a fork. It does one job and nothing else: it has no
 * MPI, no descriptor of its parent's but the standard ones, is deaf to the signals that are meant
 * for the whole job, leaves no core and dies with its parent. What it is to work on it is told over
 * the socket. */
#ifndef LS_IO_CHILD_H
#define LS_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct {
  const char *name;          /* no other job's */
  void (*serve)(int socket); /* runs in the child, which ends when it returns */
} ls_child_job;

/* The first thing in main: in a process that ls_child_start has made it does the job and does not
 * return, in any other it does nothing. jobs: NULL-terminated. */
void ls_child_main(int argc, char **argv, const ls_child_job *const *jobs);

typedef struct ls_child ls_child;

/* seconds: how long it may be silent while it is waited for. LS_FAIL where no process can be had,
 * LS_EDATA in a program that never called ls_child_main. */
ls_status ls_child_start(const ls_child_job *job, double seconds, ls_child **out);
void ls_child_stop(ls_child **child); /* also one that is stuck */

/* Exactly `bytes`. LS_EDATA, with `name` in front, where the child has crashed or is silent. */
ls_status ls_child_send(ls_child *child, const char *name, const void *data, size_t bytes);
ls_status ls_child_receive(ls_child *child, const char *name, void *data, size_t bytes);
/* For ls_socket_text; NULL is a text too. */
ls_status ls_child_send_text(ls_child *child, const char *name, const char *text);
/* After LS_EDATA of one of these: what waitpid said of its end, or -1: it was silent. */
int ls_child_how(const ls_child *child);

/* The child's side; false: nobody is there any more. */
bool ls_socket_send(int socket, const void *data, size_t bytes);
bool ls_socket_receive(int socket, void *data, size_t bytes);
bool ls_socket_text(int socket, char **text); /* from ls_mem, or NULL */

#endif
