/* library.c - what MPI libraries call themselves, and which of them have handles of another
 * kind than mpi.h had here. MPI_Get_library_version may be called before MPI_Init. */
#include "comm/library.h"

#include <mpi.h>
#include <string.h>

enum { LONGEST = 8192 }; /* version of any MPI, which writes more than another one's mpi.h allows */

/* Where MPI_Init was not called yet, too. */
static void ask(char text[LONGEST]) {
  int length;
  MPI_Get_library_version(text, &length);
  text[strcspn(text, ",\n")] = '\0';
  char *tab = strstr(text, " Version:\t"); /* MPICH's way: "MPICH Version:<tab>4.0.2" */
  if (tab) memmove(tab + 1, tab + 10, strlen(tab + 10) + 1);
}

const char *ls_mpi_version(void) {
  static char text[LONGEST];
  ask(text);
  return text;
}

/* How the versions begin of those whose handles are of another kind than this was compiled for:
 * Open MPI's are addresses, those of MPICH and its kin are numbers. */
#ifdef OPEN_MPI
static const char *const strangers[] = {"MPICH", "Intel(R) MPI", "MVAPICH", "CRAY MPICH", NULL};
#define BUILT_WITH "Open MPI"
#else
static const char *const strangers[] = {"Open MPI", "IBM Spectrum MPI", NULL};
#define BUILT_WITH "MPICH or one like it"
#endif

static bool is_strange(const char *version) {
  for (int i = 0; strangers[i]; i++)
    if (strncmp(version, strangers[i], strlen(strangers[i])) == 0) return true;
  return false;
}

bool ls_mpi_fits(void) {
  char version[LONGEST];
  ask(version);
  return !is_strange(version);
}

ls_status ls_mpi_check(void) {
  char version[LONGEST];
  ask(version);
  if (!is_strange(version)) return LS_OK;
  return ls_fail(LS_EUSAGE,
                 "this program has another MPI (%s) than liblockstep was built with (" BUILT_WITH
                 "): build both with one",
                 version);
}

bool ls_mpi_is_open(void) { return strncmp(ls_mpi_version(), "Open MPI", 8) == 0; }
const char *ls_mpi_slurm(void) { return ls_mpi_is_open() ? "pmix" : "pmi2"; }
