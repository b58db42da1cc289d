/* library.h - which MPI library lockstep is linked with, asked without starting it. */
#ifndef LS_COMM_LIBRARY_H
#define LS_COMM_LIBRARY_H

#include <stdbool.h>

#include "base/status.h"

const char *ls_mpi_version(void); /* "Open MPI v4.1.4" */
/* A program that was built with another MPI than the library has that one in the process first, and
 * our calls reach it. May they be made, other than those of this file? */
bool ls_mpi_fits(void);
ls_status ls_mpi_check(void); /* the same as LS_EUSAGE */
bool ls_mpi_is_open(void);    /* Open MPI; else MPICH, or one made of it */
/* What srun's --mpi= must be for its ranks to see each other: "pmix", or "pmi2" for MPICH. */
const char *ls_mpi_slurm(void);

#endif
