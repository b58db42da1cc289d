/* path.c - texts alone: no folder is looked into. A dot that begins a name begins no ending, and a
 * slash that begins a path is a folder itself. */
#include "base/path.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

const char *ls_path_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *ls_path_stem(const char *path) {
  const char *name = ls_path_name(path), *dot = strrchr(name, '.');
  return ls_mem_format("%.*s", (int)(dot && dot > name ? dot - name : (long)strlen(name)), name);
}

char *ls_path_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return ls_mem_text(".");
  return ls_mem_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

bool ls_path_ends_in(const char *path, const char *ending) {
  const size_t n = strlen(path), m = strlen(ending);
  return n > m && strcasecmp(path + n - m, ending) == 0;
}
