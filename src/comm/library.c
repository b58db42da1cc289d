#include "comm/library.h"

#include <mpi.h>
#include <string.h>

const char *ls_mpi_version(void) {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(text, &length); /* allowed before MPI_Init */
  text[strcspn(text, ",\n")] = '\0';
  return text;
}
