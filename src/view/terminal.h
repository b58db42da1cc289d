/* terminal.h - does a person look at this stream? */
#ifndef LS_VIEW_TERMINAL_H
#define LS_VIEW_TERMINAL_H

/* Columns of the terminal behind fd (1 or 2), 80 where it doesn't say; 0 where it is no terminal.
 * Under mpirun isatty lies both ways (stdout is always a pseudo-terminal, stderr never), so a rank
 * that mpirun itself started asks mpirun's own stream. */
int ls_terminal_columns(int fd);
int ls_terminal_rows(int fd); /* the same, 24 where it doesn't say */

#endif
