/* clock.h - the clock that nobody sets. */
#ifndef LS_BASE_CLOCK_H
#define LS_BASE_CLOCK_H

double ls_time(void); /* seconds, from some moment on */

#endif
