/* npz.c - export to NumPy: a zip archive of arrays that numpy.load reads without unpickling.
 * Stored, not packed, with one date, so that the same network gives the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/mem.h"
#include "export/export.h"
#include "io/npy.h"

/* ---- the archive ---- */

typedef struct {
  zip_t *zip;
  zip_source_t *memory; /* where it goes */
  bool failed;
} archive;

static ls_status no_archive(void) {
  return ls_fail(LS_FAIL, "export: out of memory for the archive");
}

static ls_status open_archive(archive *a) {
  a->memory = zip_source_buffer_create(NULL, 0, 0, NULL);
  if (!a->memory) return no_archive();
  zip_source_keep(a->memory);
  a->zip = zip_open_from_source(a->memory, ZIP_TRUNCATE, NULL);
  if (a->zip) return LS_OK;
  zip_source_free(a->memory);
  zip_source_free(a->memory);
  return no_archive();
}

/* Takes data (malloc). */
static bool add_file(archive *a, const char *name, char *data, size_t bytes) {
  enum { YEAR_1980 = 0x21 };
  zip_source_t *source = zip_source_buffer(a->zip, data, bytes, 1);
  if (!source) free(data);
  const zip_int64_t index = source ? zip_file_add(a->zip, name, source, ZIP_FL_ENC_GUESS) : -1;
  if (index >= 0)
    return zip_set_file_compression(a->zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(a->zip, (zip_uint64_t)index, 0, YEAR_1980, 0) == 0;
  if (source) zip_source_free(source);
  return false;
}

static bool copy_out(archive *a, FILE *to) {
  char block[4096];
  zip_int64_t got = -1;
  if (zip_source_open(a->memory) != 0) return false;
  while ((got = zip_source_read(a->memory, block, sizeof block)) > 0)
    fwrite(block, 1, (size_t)got, to);
  zip_source_close(a->memory);
  return got == 0;
}

static ls_status close_archive(archive *a, FILE *to) {
  const bool closed = !a->failed && zip_close(a->zip) == 0;
  if (!closed) zip_discard(a->zip);
  const bool whole = closed && copy_out(a, to);
  zip_source_free(a->memory);
  return whole ? LS_OK : no_archive();
}

/* ---- arrays ---- */

/* columns 0: it has one dimension. */
static void add_array(archive *a, const char *name, const char *type, int64_t rows, int64_t columns,
                      const void *values, size_t size) {
  char *data = NULL, file[32];
  size_t bytes;
  FILE *to = open_memstream(&data, &bytes);
  a->failed = a->failed || !to;
  if (a->failed) return;
  ls_npy_begin(to, type, rows, columns);
  fwrite(values, size, (size_t)(columns > 0 ? rows * columns : rows), to);
  snprintf(file, sizeof file, "%s.npy", name);
  a->failed = ferror(to);
  a->failed = fclose(to) != 0 || a->failed;
  if (a->failed)
    free(data);
  else
    a->failed = !add_file(a, file, data, bytes);
}

static void add_reals(archive *a, const char *name, ls_dtype precision, int64_t rows,
                      int64_t columns, const void *values) {
  add_array(a, name, precision == LS_F32 ? "<f4" : "<f8", rows, columns, values,
            ls_dtype_size(precision));
}

/* The next character of UTF-8; what is none becomes the mark for that. */
static uint32_t take_character(const unsigned char **at) {
  static const uint32_t wrong = 0xfffd;
  uint32_t first = *(*at)++, more;
  if (first < 0x80) return first;
  if (first < 0xc2 || first > 0xf4) return wrong;
  more = 1 + (first >= 0xe0) + (first >= 0xf0);
  uint32_t character = first & (0x3fu >> more);
  for (; more > 0; more--) {
    if ((**at & 0xc0) != 0x80) return wrong;
    character = character << 6 | (*(*at)++ & 0x3f);
  }
  return character;
}

static int64_t characters(const char *text) {
  int64_t n = 0;
  for (const unsigned char *at = (const unsigned char *)text; *at; n++) take_character(&at);
  return n;
}

static ls_status add_texts(archive *a, const char *name, const char *const *text, int64_t count) {
  int64_t width = 1;
  uint32_t *all;
  for (int64_t i = 0; i < count; i++)
    width = characters(text[i]) > width ? characters(text[i]) : width;
  LS_NEW(all, count * width);
  for (int64_t i = 0; i < count; i++) {
    const unsigned char *at = (const unsigned char *)text[i];
    for (int64_t k = 0; *at; k++) all[i * width + k] = take_character(&at);
  }
  char *type = ls_mem_format("<U%jd", width);
  add_array(a, name, type, count, 0, all, (size_t)width * sizeof *all);
  ls_mem_free(type);
  LS_FREE(all);
  return LS_OK;
}

/* ---- the network ---- */

static void add_tensors(archive *a, const ls_net *net) {
  for (int k = 0; k < net->layers; k++) {
    const ls_net_layer *layer = &net->layer[k];
    char name[16];
    if (layer->kind == LS_NET_RESIDUAL) continue;
    const bool dense = layer->kind == LS_NET_DENSE;
    snprintf(name, sizeof name, "%04d_%s", layer->number, dense ? "W" : "gain");
    add_reals(a, name, net->precision, dense ? layer->in : layer->out, dense ? layer->out : 0,
              layer->w);
    snprintf(name, sizeof name, "%04d_b", layer->number);
    add_reals(a, name, net->precision, layer->out, 0, layer->b);
  }
}

/* Row by row what each layer is, those without numbers too. */
static ls_status add_layers(archive *a, const ls_net *net) {
  static const char *const kinds[] = {"dense", "layer_norm", "residual"};
  const char **kind, **activation;
  int64_t *number;
  LS_NEW(number, 3 * net->layers);
  LS_NEW(kind, net->layers);
  LS_NEW(activation, net->layers);
  int64_t *source = number + net->layers, *group = source + net->layers;
  for (int k = 0; k < net->layers; k++) {
    const ls_net_layer *layer = &net->layer[k];
    const bool adds = layer->kind == LS_NET_RESIDUAL && layer->source != LS_NET_INPUT;
    number[k] = layer->number;
    kind[k] = kinds[layer->kind];
    activation[k] = layer->activation ? layer->activation : "";
    group[k] = layer->group;
    source[k] = adds ? net->layer[layer->source].number : -1;
  }
  add_array(a, "layer_number", "<i8", net->layers, 0, number, sizeof *number);
  add_array(a, "layer_source", "<i8", net->layers, 0, source, sizeof *source);
  add_array(a, "layer_group", "<i8", net->layers, 0, group, sizeof *group);
  ls_status status = add_texts(a, "layer_kind", kind, net->layers);
  if (status == LS_OK) status = add_texts(a, "layer_activation", activation, net->layers);
  LS_FREE(number);
  LS_FREE(kind);
  LS_FREE(activation);
  return status;
}

static void add_numbers(archive *a, const char *name, int64_t n, const double *values) {
  add_reals(a, name, LS_F64, n, 0, values);
}

/* Also where nothing is scaled, so that one program reads all networks. */
static ls_status add_scaling(archive *a, const ls_net_side *side, const char *const name[3]) {
  double *none;
  LS_NEW(none, 2 * side->n);
  for (int64_t i = 0; i < side->n; i++) none[side->n + i] = 1;
  add_numbers(a, name[0], side->n, side->log ? side->log : none);
  add_numbers(a, name[1], side->n, side->affine ? side->affine->shift : none);
  add_numbers(a, name[2], side->n, side->affine ? side->affine->divisor : none + side->n);
  LS_FREE(none);
  return LS_OK;
}

/* NaN where nothing takes the place of a missing input. */
static ls_status add_missing(archive *a, const ls_net *net) {
  double *none;
  LS_NEW(none, net->x.n);
  for (int64_t i = 0; i < net->x.n; i++) none[i] = (double)NAN;
  add_numbers(a, "x_missing", net->x.n, net->missing.n > 0 ? net->missing.value : none);
  LS_FREE(none);
  return LS_OK;
}

static ls_status add_net(archive *a, const ls_net *net) {
  static const char *const x[3] = {"x_log", "x_shift", "x_divisor"}, *const y[3] = {"y_log",
                                                                                    "y_shift",
                                                                                    "y_divisor"};
  const ls_texts *texts;
  const char *what;
  add_tensors(a, net);
  LS_TRY(add_layers(a, net));
  LS_TRY(add_missing(a, net));
  LS_TRY(add_scaling(a, &net->x, x));
  LS_TRY(add_scaling(a, &net->y, y));
  for (int i = 0; ls_net_texts(net, i, &what, &texts); i++)
    LS_TRY(add_texts(a, what, (const char *const *)texts->text, texts->count));
  return LS_OK;
}

ls_status ls_export_npz(const ls_net *net, ls_export *to) {
  archive a = {0};
  FILE *file;
  LS_TRY(ls_export_file(to, ".npz", &file));
  LS_TRY(open_archive(&a));
  ls_status status = add_net(&a, net);
  ls_status closed = close_archive(&a, file);
  return status == LS_OK ? closed : status;
}
