/* h5core.c - how the library is kept from leaving the file: every component of a path is looked
 * at before it is opened, external links are refused by a callback, plug-in filters are off.
 * Begin with ls_h5core_open and open_object. */
#include "io/h5core.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/typed.h"
#include "io/h5sign.h"
#include "io/h5type.h"

enum { LIST_MAX = 100000, LISTED = 200 };

static const ls_h5object unopened = {.id = -1, .type = -1, .plist = -1, .space = -1};

/* ---- the file ---- */

static herr_t refuse_external(const char *parent, const char *group, const char *file,
                              const char *object, unsigned *flags, hid_t access, void *arg) {
  (void)parent, (void)group, (void)file, (void)object, (void)flags, (void)access, (void)arg;
  return -1;
}

/* Our messages say what the library's stack of errors says; plug-in filters are code from who knows
 * where. */
static hid_t open_file(const char *path) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_sec2(access);
  H5Pset_file_locking(access, 0, 1);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  hid_t id = H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return id;
}

ls_status ls_h5core_open(const char *path, ls_h5core **out) {
  struct stat about;
  *out = NULL;
  if (stat(path, &about) != 0) return ls_fail(LS_EDATA, "%s: no such file", path);
  if (!S_ISREG(about.st_mode)) return ls_fail(LS_EDATA, "%s: not a regular file", path);
  hid_t id = open_file(path);
  const ls_signature *other = id < 0 ? ls_h5_instead(path) : NULL;
  if (other)
    return ls_fail_remedy(ls_fail(LS_EDATA, "%s: no HDF5 file but %s", path, other->what),
                          other->remedy, path);
  if (id < 0) return ls_fail(LS_EDATA, "%s: no HDF5 file, or a truncated or damaged one", path);
  LS_NEW(*out, 1);
  **out = (ls_h5core){ls_mem_text(path), id, H5Pcreate(H5P_DATASET_ACCESS)};
  H5Pset_elink_cb((*out)->access, refuse_external, NULL);
  return LS_OK;
}

/* ---- the path ---- */

static ls_status wrong(const ls_h5object *o, const char *what) {
  return ls_fail(LS_EDATA, "%s: %s %s", o->core->path, o->name, what);
}

typedef struct {
  const char *word, *near; /* near: as it stands in `name` */
  char name[256];
} search;

static herr_t look_near(hid_t group, const char *name, const H5L_info_t *link, void *arg) {
  search *s = arg;
  (void)group, (void)link;
  const char *near =
      ls_nearest(s->word, (const char *const[]){s->near ? s->near : name, name, NULL});
  if (near == name && strlen(name) < sizeof s->name) s->near = strcpy(s->name, name);
  return 0;
}

/* What has nearly this name in the same group, or is an attribute of what it would be in. */
static ls_status no_link(const ls_h5core *core, const char *part) {
  const char *name = strrchr(part, '/') + 1;
  char *within = ls_mem_format("%.*s", (int)(name - part), part);
  search s = {.word = name};
  const bool attribute = H5Aexists_by_name(core->id, within, name, core->access) > 0;
  H5Literate_by_name(core->id, within, H5_INDEX_NAME, H5_ITER_INC, NULL, look_near, &s,
                     core->access);
  ls_status status = ls_fail(LS_EDATA, "%s: there is no %s in it", core->path, part);
  if (attribute)
    status = ls_fail(LS_EDATA,
                     "%s: %s is an attribute, and datasets are read; in h5py: f['%s'] = "
                     "f['%s'].attrs['%s']",
                     core->path, part, name, within, name);
  else if (s.near)
    status = ls_fail(LS_EDATA, "%s; did you mean '%s%s'?", ls_error_text(), within, s.near);
  else
    status = ls_fail(LS_EDATA, "%s; lockstep data info lists what there is", ls_error_text());
  LS_FREE(within);
  return status;
}

static ls_status check_link(const ls_h5core *core, const char *part) {
  H5L_info_t link;
  if (H5Lget_info(core->id, part, &link, core->access) < 0) return no_link(core, part);
  if (link.type == H5L_TYPE_HARD || link.type == H5L_TYPE_SOFT) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s: %s is a link to another file, which is not followed; name that file itself",
                 core->path, part);
}

/* Every component is a hard link, or a soft one (which stays within the file as each of its own
 * components is one of these). */
static ls_status check_path(const ls_h5object *o) {
  char part[1024];
  int length = snprintf(part, sizeof part, "%s%s", o->name[0] == '/' ? "" : "/", o->name);
  if (length >= (int)sizeof part)
    return ls_fail(LS_EDATA, "%s: the dataset's name is too long", o->core->path);
  for (char *slash = part; slash; *slash = '/') {
    slash = strchr(slash + 1, '/');
    if (slash) *slash = 0;
    if (part[1]) LS_TRY(check_link(o->core, part));
    if (!slash) break;
  }
  return LS_OK;
}

/* ---- what it is ---- */

static const char *class_name(H5T_class_t class) {
  static const char *const name[] = {"integer",   "float",           "time",     "text",
                                     "bit field", "opaque",          "compound", "reference",
                                     "enum",      "variable-length", "array"};
  return class >= 0 && class < (int)(sizeof name / sizeof *name) ? name[class] : "unknown";
}

static const char *number_name(const ls_h5object *o) {
  if (o->class == H5T_FLOAT) return "float";
  return H5Tget_sign(o->type) == H5T_SGN_NONE ? "uint" : "int";
}

/* The numbers of h5py's bool, an enum of FALSE and TRUE. */
static bool is_truth(hid_t type) {
  static const char *const name[2] = {"FALSE", "TRUE"};
  bool is = H5Tget_class(type) == H5T_ENUM && H5Tget_nmembers(type) == 2;
  for (int k = 0; k < 2 && is; k++) {
    char value = 0;
    is = H5Tenum_valueof(type, name[k], &value) >= 0 && value == k;
  }
  return is;
}

/* A byte that is no integer by its type but by its meaning: that, or PyTables' bit field. */
static bool is_truths(const ls_h5object *o) {
  if (o->width != 1) return false;
  return o->class == H5T_BITFIELD || is_truth(o->type);
}

static void look_at_type(ls_h5object *o) {
  o->class = H5Tget_class(o->type);
  o->width = H5Tget_size(o->type);
  bool big = o->width > 1 && H5Tget_order(o->type) == H5T_ORDER_BE;
  o->truths = is_truths(o);
  if (o->truths) {
    o->class = H5T_INTEGER;
    strcpy(o->kind, "bool");
  } else if (o->class == H5T_INTEGER || o->class == H5T_FLOAT)
    snprintf(o->kind, sizeof o->kind, "%s%s%zu", big ? "big-endian " : "", number_name(o),
             8 * o->width);
  else
    snprintf(o->kind, sizeof o->kind, "%s", class_name(o->class));
}

static bool is_virtual(const ls_h5object *o) { return H5Pget_layout(o->plist) == H5D_VIRTUAL; }

/* o->id is open. Virtual datasets live in other files, which must not even be looked at for their
 * extent. */
static bool look(ls_h5object *o) {
  o->plist = H5Dget_create_plist(o->id);
  o->type = H5Dget_type(o->id);
  if (o->plist < 0 || o->type < 0) return false;
  look_at_type(o);
  if (is_virtual(o)) return true;
  o->space = H5Dget_space(o->id);
  if (o->space >= 0 && H5Sget_simple_extent_type(o->space) == H5S_SIMPLE)
    o->dims = H5Sget_simple_extent_dims(o->space, o->extent, NULL);
  return true;
}

static herr_t add_member(hid_t group, const char *name, const H5L_info_t *link, void *arg) {
  char *list = arg;
  const size_t used = strlen(list);
  (void)group, (void)link;
  if (used + strlen(name) + sizeof ", ''" > LISTED) return 1;
  sprintf(list + used, "%s'%s'", used > 0 ? ", " : "", name);
  return 0;
}

/* By two names in a group: what its writer means by them, and how a dataset comes of it. */
static const char *group_hint(hid_t group) {
  static const struct {
    const char *name[2], *hint;
  } known[] = {
      {{"cidx", "ridx"}, "; a sparse matrix of Octave: save full(x)"},
      {{"ir", "jc"}, "; a sparse matrix of Matlab: save full(x)"},
      {{"indptr", "indices"}, "; a sparse matrix of SciPy: write x.toarray()"},
      {{"block0_values", "block0_items"}, "; pandas keeps columns of one type in block0_values"},
      {{"value", "type"}, "; of Octave's variables take value, with transpose: true"},
      {{"_00", "_01"},
       "; a cell array of Octave: number its texts, [~, ~, y] = unique(x), and save y - 1"},
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (H5Lexists(group, known[k].name[0], H5P_DEFAULT) > 0 &&
        H5Lexists(group, known[k].name[1], H5P_DEFAULT) > 0)
      return known[k].hint;
  return "";
}

/* A group, such as Octave makes of each variable; what is in it. */
static ls_status no_dataset(const ls_h5object *o) {
  char list[LISTED] = "";
  const bool more = H5Literate(o->id, H5_INDEX_NAME, H5_ITER_INC, NULL, add_member, list) > 0;
  return ls_fail(LS_EDATA, "%s: %s is no dataset but a group, of %s%s%s", o->core->path, o->name,
                 *list ? list : "nothing", more ? " ..." : "", group_hint(o->id));
}

static ls_status open_object(ls_h5object *o) {
  LS_TRY(check_path(o));
  o->id = H5Oopen(o->core->id, o->name, o->core->access);
  if (o->id < 0)
    return wrong(o, "cannot be opened: a broken link, a link to another file, or damage");
  if (H5Iget_type(o->id) == H5I_GROUP) return no_dataset(o);
  if (H5Iget_type(o->id) != H5I_DATASET) return wrong(o, "is no dataset but a type");
  if (!look(o)) return wrong(o, "is damaged");
  if (!is_virtual(o) && H5Pget_external_count(o->plist) == 0) return LS_OK;
  return wrong(o,
               "keeps its values in other files, which are not followed; h5repack makes one file");
}

ls_status ls_h5object_open(const ls_h5core *core, const char *name, ls_h5object *out) {
  *out = unopened;
  out->core = core;
  out->name = ls_mem_text(name);
  return open_object(out);
}

void ls_h5object_close(ls_h5object *o) {
  if (o->space >= 0) H5Sclose(o->space);
  if (o->type >= 0) H5Tclose(o->type);
  if (o->plist >= 0) H5Pclose(o->plist);
  if (o->id >= 0) H5Oclose(o->id);
  LS_FREE(o->name);
}

bool ls_h5object_read(const ls_h5object *o, int dimension, int64_t lo, int64_t count, hid_t type,
                      void *out) {
  hsize_t start[LS_H5_DIMS] = {0}, counts[LS_H5_DIMS];
  memcpy(counts, o->extent, sizeof counts);
  start[dimension] = (hsize_t)lo;
  counts[dimension] = (hsize_t)count;
  hid_t memory = H5Screate_simple(o->dims, counts, NULL);
  bool ok = memory >= 0 &&
            H5Sselect_hyperslab(o->space, H5S_SELECT_SET, start, NULL, counts, NULL) >= 0 &&
            H5Dread(o->id, o->truths ? o->type : type, memory, o->space, H5P_DEFAULT, out) >= 0;
  hssize_t n = ok && o->truths ? H5Sget_simple_extent_npoints(memory) : 0;
  if (n > 0) ok = H5Tconvert(H5T_NATIVE_UINT8, type, (size_t)n, out, NULL, H5P_DEFAULT) >= 0;
  if (memory >= 0) H5Sclose(memory);
  return ok;
}

/* ---- all that there are ---- */

typedef struct {
  ls_h5_visit *visit;
  void *arg;
  int left;
} listing;

static void dims_text(const ls_h5object *o, char *text, size_t size) {
  size_t at = 0;
  snprintf(text, size, "%s", o->dims ? "" : "scalar");
  for (int k = 0; k < o->dims && at < size - 24; k++)
    at += (size_t)snprintf(text + at, size - at, "%s%llu", k ? " x " : "",
                           (unsigned long long)o->extent[k]);
}

/* false: not of a type or layout that checkpoints have. */
static bool place(const ls_h5object *o, const char *path, ls_h5_row *row) {
  ls_dtype type = LS_FIXED_TEXT;
  bool text = o->class == H5T_STRING && H5Tis_variable_str(o->type) == 0;
  if ((!text && !ls_h5_type_find(o->type, &type)) || o->dims > 2 || strlen(path) >= LS_H5_PATH ||
      H5Pget_layout(o->plist) != H5D_CONTIGUOUS || H5Pget_external_count(o->plist) > 0)
    return false;
  *row = (ls_h5_row){
      .rank = o->dims,
      .dim = {o->dims > 0 ? (int64_t)o->extent[0] : 1, o->dims > 1 ? (int64_t)o->extent[1] : 1},
      .offset = (int64_t)H5Dget_offset(o->id),
      .bytes = (int64_t)H5Dget_storage_size(o->id)};
  strcpy(row->path, path);
  strcpy(row->type, ls_dtype_name(type));
  return true;
}

static void show(const listing *l, const ls_h5object *o, const char *path) {
  ls_h5_entry entry = {.place.offset = -1};
  snprintf(entry.path, sizeof entry.path, "%s", path);
  if (is_virtual(o)) {
    strcpy(entry.dims, "virtual");
    strcpy(entry.type, "in other files");
  } else {
    dims_text(o, entry.dims, sizeof entry.dims);
    strcpy(entry.type, o->kind);
    if (!place(o, path, &entry.place)) entry.place.offset = -1;
  }
  l->visit(l->arg, &entry);
}

static herr_t visit_object(hid_t file, const char *name, const H5O_info_t *about, void *arg) {
  listing *l = arg;
  char path[1024];
  ls_h5object o = unopened;
  if (about->type != H5O_TYPE_DATASET) return 0;
  if (l->left-- == 0) return 1;
  snprintf(path, sizeof path, "/%s", name);
  o.id = H5Dopen2(file, name, H5P_DEFAULT);
  if (o.id >= 0 && look(&o)) show(l, &o, path);
  ls_h5object_close(&o);
  return 0;
}

ls_status ls_h5core_list(const ls_h5core *core, ls_h5_visit *visit, void *arg) {
  listing l = {visit, arg, LIST_MAX};
  herr_t end = H5Ovisit2(core->id, H5_INDEX_NAME, H5_ITER_INC, visit_object, &l, H5O_INFO_BASIC);
  return end >= 0 ? LS_OK
                  : ls_fail(LS_EDATA, "%s: its groups cannot be listed: damaged", core->path);
}
