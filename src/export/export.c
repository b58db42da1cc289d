/* export.c - the order: the format writes into memory, all streams are closed whole, old files
 * are refused, then each is written durably. Begin at the bottom: ls_export_net -> write_into.
 * A file's stem becomes an identifier in name_of. */
#include "export/export.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "io/durable.h"
#include "io/regular.h"

/* X(name, what the file's name ends with) */
#define FORMATS(X) X(c, ".c") X(fortran, ".f90") X(onnx, ".onnx") X(npz, ".npz")
#define NAME(name, ending) #name,
#define ROW(name, ending) {ending, ls_export_##name},

typedef struct {
  const char *ending;
  ls_status (*write)(const ls_net *net, ls_export *to);
} export_format;
static const export_format formats[] = {FORMATS(ROW)};
const char *const ls_export_names[] = {FORMATS(NAME) NULL};

enum { NAME_MOST = 40 }; /* Fortran's names end at 63, and some of ours are longer than this one */

/* ---- names ---- */

static bool is_name(const char *name) {
  const size_t length = strlen(name);
  const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return length <= NAME_MOST && isalpha((unsigned char)*name) && strspn(name, letters) == length;
}

/* The stem of a file as a name: what cannot stand in one becomes _. */
static char *name_of(const char *stem) {
  char *name =
      ls_mem_format("%s%.*s", isalpha((unsigned char)*stem) ? "" : "net_", NAME_MOST - 4, stem);
  for (char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return name;
}

/* Of a file's name without its ending; 0 where it has another one. */
static size_t stem_length(const char *file, const char *ending) {
  const size_t length = strlen(file), end = strlen(ending);
  const bool ends = length > end && strcmp(file + length - end, ending) == 0;
  return ends ? length - end : 0;
}

/* ---- files ---- */

static ls_status finish(ls_export *to) {
  bool whole = true;
  for (int k = 0; k < to->files; k++) {
    whole = !ferror(to->stream[k]) && whole;
    whole = fclose(to->stream[k]) == 0 && whole;
    to->stream[k] = NULL;
  }
  return whole ? LS_OK : ls_export_no_memory();
}

static ls_status refuse_old(const ls_export *to, const char *dir) {
  for (int k = 0; k < to->files; k++)
    if (ls_file_in(dir, to->file[k]))
      return ls_fail(LS_EIO, "'%s/%s' is there already; --force replaces it", dir, to->file[k]);
  return LS_OK;
}

static ls_status commit(const ls_export *to, const char *dir, bool replace) {
  if (!replace) LS_TRY(refuse_old(to, dir));
  for (int k = 0; k < to->files; k++)
    LS_TRY(ls_durable_write(dir, to->file[k], to->data[k], to->bytes[k], replace));
  return LS_OK;
}

static void free_files(ls_export *to) {
  for (int k = 0; k < to->files; k++) {
    if (to->stream[k]) fclose(to->stream[k]);
    free(to->data[k]);
    LS_FREE(to->file[k]);
  }
}

static ls_status list(const ls_export *to, const char *dir, ls_texts *made) {
  LS_NEW(made->text, to->files);
  for (int k = 0; k < to->files; k++)
    made->text[made->count++] =
        strcmp(dir, ".") == 0 ? ls_mem_text(to->file[k]) : ls_mem_format("%s/%s", dir, to->file[k]);
  return LS_OK;
}

static ls_status write_into(const ls_net *net, const export_format *format, ls_export *to,
                            const char *dir, bool replace, ls_texts *made) {
  ls_status status = format->write(net, to);
  ls_status whole = finish(to);
  if (status == LS_OK) status = whole;
  if (status == LS_OK) status = commit(to, dir, replace);
  if (status == LS_OK) status = list(to, dir, made);
  return status;
}

ls_status ls_export_net(const ls_net *net, const char *format, const char *path, const char *name,
                        bool replace, ls_texts *made) {
  const export_format *f = formats;
  for (int i = 0; strcmp(ls_export_names[i], format) != 0; i++) f++;
  const char *file = ls_path_name(path);
  const size_t length = stem_length(file, f->ending);
  if (length == 0)
    return ls_fail(LS_EUSAGE,
                   "export: '%s' must be called something%s, since '%s' makes such a file", path,
                   f->ending, format);
  if (name && !is_name(name))
    return ls_fail(
        LS_EUSAGE,
        "export: --name '%s' is no name in a program: give a letter, then letters, digits "
        "and _, %d at most",
        name, NAME_MOST);
  char *dir = ls_path_folder(path), *stem = ls_mem_format("%.*s", (int)length, file);
  char *own = name ? ls_mem_text(name) : name_of(stem);
  ls_export to = {.name = own, .stem = stem};
  ls_status status = write_into(net, f, &to, dir, replace, made);
  free_files(&to);
  LS_FREE(own);
  LS_FREE(stem);
  LS_FREE(dir);
  return status;
}
