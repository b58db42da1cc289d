/* partial.h - a file that is made under another name until it is whole. A signal that ends the
 * process meanwhile (Ctrl-C, mpirun's SIGTERM) takes it away. For programs: a library has no
 * business with signals. */
#ifndef LS_IO_PARTIAL_H
#define LS_IO_PARTIAL_H

/* "PATH.partial", by ls_mem; what is called so goes when a signal ends the process. One at a time.
 */
char *ls_partial_begin(const char *path);
/* It has its name, or has been taken away: signals do what they did before. */
void ls_partial_end(void);

#endif
