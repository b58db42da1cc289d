/* crash.h - a crash in the middle of training may be that of others' code, and says whose is at
 * work. */
#ifndef LS_OPTIM_CRASH_H
#define LS_OPTIM_CRASH_H

/* From here on a crash of this process tells of these plug-ins, on stderr; then what would have
 * happened to it happens. Each call has all of them. */
void ls_crash_names(const char *files);

#endif
