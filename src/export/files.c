/* files.c - streams are open_memstream's, so a format prints as to a file and nothing is on the
 * disk until all is there. */
#include "export/files.h"

#include "base/mem.h"

ls_status ls_export_no_memory(void) { return ls_fail(LS_FAIL, "out of memory for the export"); }

ls_status ls_export_file(ls_export *to, const char *ending, FILE **out) {
  const int k = to->files;
  to->stream[k] = open_memstream(&to->data[k], &to->bytes[k]);
  if (!to->stream[k]) return ls_export_no_memory();
  to->file[k] = ls_mem_format("%s%s", to->stem, ending);
  to->files++;
  *out = to->stream[k];
  return LS_OK;
}
