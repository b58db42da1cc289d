/* alive.h - "I am at work": counted by whatever may take long while other ranks wait (reading data,
 * writing a checkpoint), so that the watchdog (comm/watchdog.c) can tell a slow rank from a stuck
 * one. */
#ifndef LS_BASE_ALIVE_H
#define LS_BASE_ALIVE_H

#include <stdint.h>

void ls_alive(void); /* any thread */
uint64_t ls_alive_count(void);

#endif
