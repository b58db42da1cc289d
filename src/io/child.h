/* child.h - a library that may crash or hang on a damaged file runs in a process of its own, and is
 * talked to over a socket.
 *
 * The child does nothing but serve: it uses nothing of MPI, is deaf to the signals of the job, and
 * dies with its parent. */
#ifndef LS_IO_CHILD_H
#define LS_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct ls_child ls_child;

/* serve(socket, arg) runs in the child, which ends when it returns. seconds: how long it may be
 * silent while it is waited for. */
ls_status ls_child_start(void (*serve)(int socket, void *arg), void *arg, double seconds,
                         ls_child **out);
void ls_child_stop(ls_child **child); /* also one that is stuck */

/* Exactly `bytes`. LS_EDATA, with `name` in front, where the child has crashed or is silent. */
ls_status ls_child_send(ls_child *child, const char *name, const void *data, size_t bytes);
ls_status ls_child_receive(ls_child *child, const char *name, void *data, size_t bytes);

/* The child's side; false: nobody is there any more. */
bool ls_socket_send(int socket, const void *data, size_t bytes);
bool ls_socket_receive(int socket, void *data, size_t bytes);

#endif
