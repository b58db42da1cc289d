/* zip.c - libzip, and what is refused that it would take: several files without a name,
 * passwords, packings other than deflate, sheets of Excel. Begin with start: find_named or
 * find_only, check_packing. */
#include "io/zip.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/typed.h"

enum { LISTED = 8, NAMES_SHOWN = 400 };

struct ls_zip {
  char *path; /* the archive's */
  zip_t *zip;
  zip_uint64_t index;
  zip_file_t *file;
};

bool ls_zip_begins(const void *head, size_t bytes) {
  return bytes >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

/* ---- which file ---- */

static const char *name_at(const ls_zip *z, zip_int64_t k) {
  const char *name = zip_get_name(z->zip, (zip_uint64_t)k, 0);
  return name ? name : "";
}

/* A folder, and what macOS and file managers put beside a user's files, are none of these. */
static bool is_file(const char *name) {
  const size_t length = strlen(name);
  return length > 0 && name[length - 1] != '/' && strncmp(name, "__MACOSX/", 9) != 0 &&
         *ls_path_name(name) != '.';
}

/* A sheet of Excel or LibreOffice is an archive of XML. */
static bool is_document(const ls_zip *z) {
  return zip_name_locate(z->zip, "[Content_Types].xml", 0) >= 0 ||
         (zip_name_locate(z->zip, "mimetype", 0) >= 0 &&
          zip_name_locate(z->zip, "content.xml", 0) >= 0);
}

/* "a.csv, b.csv and 3 more" */
static void list_files(const ls_zip *z, char *text, size_t size) {
  const zip_int64_t n = zip_get_num_entries(z->zip, 0);
  size_t used = 0;
  int64_t listed = 0, more = 0;
  *text = 0;
  for (zip_int64_t k = 0; k < n; k++) {
    const char *name = name_at(z, k);
    if (!is_file(name)) continue;
    if (listed == LISTED || used + strlen(name) + 3 > size) {
      more++;
      continue;
    }
    used += (size_t)snprintf(text + used, size - used, "%s%s", listed++ > 0 ? ", " : "", name);
  }
  if (more > 0) snprintf(text + used, size - used, " and %jd more", more);
}

static ls_status several(const ls_zip *z, const char *first) {
  char names[NAMES_SHOWN];
  list_files(z, names, sizeof names - 32);
  return ls_fail(LS_EDATA, "%s holds several files: %s; say which one, as in %s/%s", z->path, names,
                 z->path, first);
}

/* "model/data.pkl", as torch.save calls it. */
static bool is_torch(const char *name) {
  const char *slash = strchr(name, '/');
  return slash && strcmp(slash, "/data.pkl") == 0;
}

static ls_status find_only(ls_zip *z) {
  const zip_int64_t n = zip_get_num_entries(z->zip, 0);
  zip_int64_t found = -1;
  if (is_document(z))
    return ls_fail(LS_EDATA, "%s: a document of Excel or the like; save the sheet as CSV", z->path);
  for (zip_int64_t k = 0; k < n; k++) {
    if (!is_file(name_at(z, k))) continue;
    if (is_torch(name_at(z, k)))
      return ls_fail_remedy(ls_fail(LS_EDATA, "%s: a file of PyTorch", z->path),
                            "torch.load(FILE), and numpy.save of each tensor makes arrays for "
                            "lockstep data import",
                            z->path);
    if (found >= 0) return several(z, name_at(z, found));
    found = k;
  }
  if (found < 0) return ls_fail(LS_EDATA, "%s: a zip archive without files", z->path);
  z->index = (zip_uint64_t)found;
  return LS_OK;
}

static ls_status find_named(ls_zip *z, const char *member) {
  const zip_int64_t at = zip_name_locate(z->zip, member, 0);
  char names[NAMES_SHOWN];
  if (at >= 0) {
    z->index = (zip_uint64_t)at;
    return LS_OK;
  }
  list_files(z, names, sizeof names - 32);
  return ls_fail(LS_EDATA, "%s: there is no '%s' in it; there is %s", z->path, member, names);
}

/* ---- up and down ---- */

static ls_status cannot_open(const char *path, int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  ls_status status =
      ls_fail(LS_EDATA, "%s: the zip archive cannot be read (%s); fetch or copy the file again",
              path, zip_error_strerror(&error));
  zip_error_fini(&error);
  return status;
}

/* Other ways of packing expand without bounds, and not every build of libzip has them. */
static ls_status check_packing(const ls_zip *z) {
  zip_stat_t about;
  const char *name = name_at(z, (zip_int64_t)z->index);
  if (zip_stat_index(z->zip, z->index, 0, &about) != 0)
    return ls_fail(LS_EDATA, "%s: %s: %s", z->path, name, zip_strerror(z->zip));
  if (about.valid & ZIP_STAT_ENCRYPTION_METHOD && about.encryption_method != ZIP_EM_NONE)
    return ls_fail(LS_EDATA, "%s: %s is locked by a password; unzip it", z->path, name);
  if (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE)
    return ls_fail(LS_EDATA, "%s: %s is packed otherwise than by deflate; unzip it", z->path, name);
  return LS_OK;
}

static ls_status open_member(ls_zip *z) {
  z->file = zip_fopen_index(z->zip, z->index, 0);
  if (z->file) return LS_OK;
  return ls_fail(LS_EDATA, "%s: %s: %s; fetch or copy the file again", z->path,
                 name_at(z, (zip_int64_t)z->index), zip_strerror(z->zip));
}

static ls_status start(ls_zip *z, const char *member) {
  int code = 0;
  z->zip = zip_open(z->path, ZIP_RDONLY, &code);
  if (!z->zip) return cannot_open(z->path, code);
  LS_TRY(member ? find_named(z, member) : find_only(z));
  LS_TRY(check_packing(z));
  return open_member(z);
}

ls_status ls_zip_open(const char *archive, const char *member, ls_zip **out) {
  LS_NEW(*out, 1);
  (*out)->path = ls_mem_text(archive);
  ls_status status = start(*out, member);
  if (status != LS_OK) ls_zip_close(out);
  return status;
}

void ls_zip_close(ls_zip **zip) {
  ls_zip *z = *zip;
  if (!z) return;
  if (z->file) zip_fclose(z->file);
  if (z->zip) zip_discard(z->zip);
  LS_FREE(z->path);
  LS_FREE(*zip);
}

/* ---- reading ---- */

static ls_status damaged(const ls_zip *z) {
  return ls_fail(LS_EDATA, "%s: damaged: %s (%s); fetch or copy the file again", z->path,
                 name_at(z, (zip_int64_t)z->index), zip_file_strerror(z->file));
}

ls_status ls_zip_read(ls_zip *zip, void *data, size_t bytes, size_t *got) {
  zip_int64_t part = 1;
  for (*got = 0; *got < bytes && part > 0; *got += (size_t)part) {
    part = zip_fread(zip->file, (char *)data + *got, bytes - *got);
    if (part < 0) return damaged(zip);
  }
  return LS_OK;
}

ls_status ls_zip_rewind(ls_zip *zip) {
  zip_fclose(zip->file);
  zip->file = NULL;
  return open_member(zip);
}
