#include "comm/library.h"

#include <mpi.h>
#include <string.h>

const char *ls_mpi_version(void) {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(text, &length); /* allowed before MPI_Init */
  text[strcspn(text, ",\n")] = '\0';
  char *tab = strstr(text, " Version:\t"); /* MPICH's way: "MPICH Version:<tab>4.0.2" */
  if (tab) memmove(tab + 1, tab + 10, strlen(tab + 10) + 1);
  return text;
}
