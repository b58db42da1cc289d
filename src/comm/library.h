/* library.h - which MPI library lockstep is linked with, asked without starting it. */
#ifndef LS_COMM_LIBRARY_H
#define LS_COMM_LIBRARY_H

const char *ls_mpi_version(void); /* "Open MPI v4.1.4" */

#endif
