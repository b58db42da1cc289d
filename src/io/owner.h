/* owner.h - who holds a lock: its text in the file, and whether that process lives; for lock.c
 * alone. */
#ifndef LS_IO_OWNER_H
#define LS_IO_OWNER_H

#include <stdbool.h>

#include "base/status.h"

typedef struct {
  char host[256], job[64]; /* for people, and Slurm's number; "-": none */
  char place[64];          /* of process numbers: which boot of which kernel; "-": not known */
  long pid;
  unsigned long long start, beat; /* of the process, since boot; grows while it lives, from 1 */
} ls_owner;

enum { LS_OWNER_TEXT = 512 };

void ls_owner_self(ls_owner *self);
/* false where there is no such text. One of an older version has beat 0. */
bool ls_owner_parse(const char *text, ls_owner *who);
ls_status ls_owner_write(int fd, const char *path, const ls_owner *who);
bool ls_owner_same(const ls_owner *a, const ls_owner *b); /* the same process */

/* Are its process numbers ours, so that ls_owner_lives can tell? */
bool ls_owner_near(const ls_owner *who, const ls_owner *self);
bool ls_owner_lives(const ls_owner *who); /* and not another process that has its number now */
/* An earlier start of our own Slurm job: Slurm ends one before it begins the next. */
bool ls_owner_requeued(const ls_owner *who, const ls_owner *self);

#endif
