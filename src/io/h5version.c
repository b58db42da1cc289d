/* h5version.c - asks the library that is loaded, not the header that this was compiled with. */
#include "io/h5version.h"

#include <hdf5.h>
#include <stdio.h>

const char *ls_h5_version(void) {
  static char text[48];
  unsigned major, minor, release;
  if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
  snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
  return text;
}
