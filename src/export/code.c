/* code.c - what is written out follows from words: a definition is used if its name stands in the
 * program or in a used definition (mark_used), and all are put in their order. Begin with
 * ls_code_program; the passes forward and backward are calls, one or two a layer. */
#include "export/code.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "export/files.h"
#include "view/text.h"

/* ---- the passes ---- */

static bool is_linear(const ls_net_layer *layer) {
  return strcmp(layer->activation, "linear") == 0;
}

void ls_code_output(const ls_net *net, char out[16]) {
  snprintf(out, 16, "y%d", net->layer[net->layers - 1].number);
}

void ls_code_trace(const ls_net *net, FILE *to, ls_code_array *array) {
  char name[16];
  array(to, "x", net->x.n);
  for (int k = 0; k < net->layers; k++) {
    const ls_net_layer *layer = &net->layer[k];
    snprintf(name, sizeof name, "y%d", layer->number);
    array(to, name, layer->out);
    if (layer->kind == LS_NET_DENSE && !is_linear(layer)) {
      *name = 'z';
      array(to, name, layer->out);
    }
    if (layer->kind == LS_NET_LAYER_NORM) {
      *name = 'n'; /* normalized, before the gain */
      array(to, name, layer->out);
      *name = 's'; /* 1 / standard deviation */
      array(to, name, 1);
    }
  }
}

typedef struct {
  const ls_net *net;
  const ls_language *language;
  const char *before; /* what the names of tensors begin with */
  FILE *to;
} pass;

/* Where the trace `structure` has an array of layer k, or the inputs. */
static void put_place(const pass *p, char structure, char array, int k) {
  fprintf(p->to, "%c%s", structure, p->language->member);
  if (k == LS_NET_INPUT)
    fputc('x', p->to);
  else
    fprintf(p->to, "%c%d", array, p->net->layer[k].number);
}

/* How many numbers an activation's array has, and of groups also how many belong together. */
static void put_widths(const pass *p, const ls_net_layer *layer) {
  fprintf(p->to, "%jd", layer->out);
  if (strcmp(layer->activation, "ascending") == 0) fprintf(p->to, ", %jd", layer->group);
}

/* What is meant by a mark, of layer k; returns what stands behind it. Marks are
 *   i o     how many numbers go in, and come out
 *   n a     the widths of the activation, and its name
 *   w b     tensors
 *   ty dz   an array of the trace t or d: y, z, n or s of this layer,
 *   t< d+   the outputs of the layer below, and of the one that this one adds */
static const char *put_mark(const pass *p, int k, const char *mark) {
  const ls_net_layer *layer = &p->net->layer[k];
  const char which = mark[0], array = mark[1];
  if (which == 't' || which == 'd') {
    if (array == '<')
      put_place(p, which, 'y', k - 1);
    else if (array == '+')
      put_place(p, which, 'y', layer->source);
    else
      put_place(p, which, array, k);
    return mark + 2;
  }
  if (which == 'i' || which == 'o')
    fprintf(p->to, "%jd", which == 'i' ? layer->in : layer->out);
  else if (which == 'n')
    put_widths(p, layer);
  else if (which == 'a')
    fputs(layer->activation, p->to);
  else
    fprintf(p->to, "%s%c%d", p->before, which, layer->number);
  return mark + 1;
}

/* A call for layer k, with what is meant by each mark behind an @. */
static void put_call(const pass *p, int k, const char *call) {
  fputs(p->language->call, p->to);
  while (*call) {
    if (*call == '@')
      call = put_mark(p, k, call + 1);
    else
      fputc(*call++, p->to);
  }
  fputs(p->language->call_end, p->to);
}

void ls_code_forward(const ls_net *net, const ls_language *l, const char *before, FILE *to) {
  const pass p = {net, l, before, to};
  for (int k = 0; k < net->layers; k++) {
    const ls_net_layer *layer = &net->layer[k];
    if (layer->kind == LS_NET_LAYER_NORM) {
      put_call(&p, k, "layer_norm(@o, @t<, @w, @b, @tn, @ts, @ty)");
    } else if (layer->kind == LS_NET_RESIDUAL) {
      put_call(&p, k, "add(@o, @t<, @t+, @ty)");
    } else if (is_linear(layer)) {
      put_call(&p, k, "dense(@i, @o, @t<, @w, @b, @ty)");
    } else {
      put_call(&p, k, "dense(@i, @o, @t<, @w, @b, @tz)");
      put_call(&p, k, "@a_layer(@n, @tz, @ty)");
    }
  }
}

static void backward_layer(const pass *p, int k) {
  const ls_net_layer *layer = &p->net->layer[k];
  if (layer->kind == LS_NET_LAYER_NORM) {
    put_call(p, k, "layer_norm_back(@o, @w, @tn, @ts, @dy, @d<)");
  } else if (layer->kind == LS_NET_RESIDUAL) {
    put_call(p, k, "copy(@o, @dy, @d<)");
  } else if (is_linear(layer)) {
    put_call(p, k, "dense_back(@i, @o, @dy, @w, @d<)");
  } else {
    put_call(p, k, layer->needs_z ? "@a_back(@n, @tz, @dy, @dz)" : "@a_back(@n, @ty, @dy, @dz)");
    put_call(p, k, "dense_back(@i, @o, @dz, @w, @d<)");
  }
}

/* What layer k gave went to layer k + 1, which is done, and to the residual layers that add it. */
static void backward_residuals(const pass *p, int k) {
  for (int r = k + 1; r < p->net->layers; r++)
    if (p->net->layer[r].kind == LS_NET_RESIDUAL && p->net->layer[r].source == k)
      put_call(p, r, "add_to(@o, @dy, @d+)");
}

void ls_code_backward(const ls_net *net, const ls_language *l, const char *before, FILE *to) {
  const pass p = {net, l, before, to};
  for (int k = net->layers - 1; k >= 0; k--) {
    backward_layer(&p, k);
    backward_residuals(&p, k - 1);
  }
}

/* ---- definitions ---- */

typedef struct {
  char *name, *text;
  bool used;
} definition;

enum { DEFINITIONS = 128 };
typedef struct {
  definition list[DEFINITIONS];
  int count;
} definitions;

static void define(definitions *all, const char *name, char *text) {
  assert(all->count < DEFINITIONS);
  all->list[all->count++] = (definition){ls_mem_text(name), text, false};
}

static void define_pieces(definitions *all, const ls_piece *piece) {
  for (; piece->name; piece++) define(all, piece->name, ls_mem_text(piece->text));
}

/* `text` with every @ replaced. */
static char *filled(const char *text, const char *name) {
  ls_buffer out = {0};
  for (const char *at = text; *at;) {
    const int plain = (int)strcspn(at, "@");
    ls_buffer_add(&out, "%.*s%s", plain, at, at[plain] ? name : "");
    at += plain + (at[plain] == '@');
  }
  return out.text;
}

static void define_elementwise(definitions *all, const ls_language *l, const char *formula) {
  static const char *const ending[2] = {"_of", "_slope"}, *const made[2] = {"_layer", "_back"};
  for (int i = 0; i < 2; i++) {
    const size_t length = strlen(formula), end = strlen(ending[i]);
    if (length <= end || strcmp(formula + length - end, ending[i]) != 0) continue;
    char *activation = ls_mem_format("%.*s", (int)(length - end), formula),
         *name = ls_mem_format("%s%s", activation, made[i]);
    define(all, name, filled(l->elementwise[i], activation));
    ls_mem_free(name);
    ls_mem_free(activation);
  }
}

static ls_status define_formula(definitions *all, const ls_net *net, const ls_language *l,
                                const ls_formula *formula, const ls_maths *maths) {
  char *text = NULL, *series = NULL;
  size_t bytes;
  FILE *to = open_memstream(&text, &bytes);
  if (!to) return ls_export_no_memory();
  if (!formula->body) series = ls_maths_series(formula, maths, net->precision, l->number);
  l->formula(to, formula, series ? series : formula->body);
  ls_mem_free(series);
  define(all, formula->name, ls_text_of(to, &text));
  define_elementwise(all, l, formula->name);
  return LS_OK;
}

static void define_constants(definitions *all, const ls_net *net, const ls_language *l,
                             const ls_maths *maths) {
  char text[48];
  for (int i = 0; maths->constant[i].name; i++) {
    l->number(maths->constant[i].value, net->precision, text);
    define(all, maths->constant[i].name, ls_mem_format(l->constant, maths->constant[i].name, text));
  }
}

static ls_status define_all(definitions *all, const ls_net *net, const ls_language *l) {
  ls_maths maths;
  if (net->precision == LS_F32)
    ls_maths_f32(&maths);
  else
    ls_maths_f64(&maths);
  define_constants(all, net, l, &maths);
  define(all, "", ls_mem_text(l->between));
  define_pieces(all, l->typed[net->precision]);
  for (const ls_formula *f = ls_formulas; f->name; f++)
    LS_TRY(define_formula(all, net, l, f, &maths));
  define_pieces(all, l->library);
  return LS_OK;
}

static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Does `text` have `word`, not as a part of another one? */
static bool has_word(const char *text, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = text; length > 0 && (at = strstr(at, word)); at += length)
    if ((at == text || !in_word(at[-1])) && !in_word(at[length])) return true;
  return false;
}

static void mark_used(definitions *all, const char *text) {
  for (int i = 0; i < all->count; i++) {
    definition *d = &all->list[i];
    if (d->used || !has_word(text, d->name)) continue;
    d->used = true;
    mark_used(all, d->text);
  }
}

ls_status ls_code_taken(const char *name) {
  return ls_fail(LS_EUSAGE, "export: '%s' is the name of something else there; give another --name",
                 name);
}

/* In their order, each before its users; what has no name is always there. */
static ls_status put_used(const definitions *all, const char *name, FILE *to) {
  for (int i = 0; i < all->count; i++) {
    const definition *d = &all->list[i];
    if (strcasecmp(d->name, name) == 0) return ls_code_taken(name);
    if (d->used || !*d->name) fputs(d->text, to);
  }
  return LS_OK;
}

static ls_status put_definitions(const ls_net *net, const ls_language *l, const char *name,
                                 const char *program, FILE *to) {
  definitions *all;
  LS_NEW(all, 1);
  ls_status status = define_all(all, net, l);
  mark_used(all, program);
  if (status == LS_OK) status = put_used(all, name, to);
  for (int i = 0; i < all->count; i++) {
    ls_mem_free(all->list[i].name);
    ls_mem_free(all->list[i].text);
  }
  LS_FREE(all);
  return status;
}

ls_status ls_code_program(const ls_net *net, const ls_language *l, const char *name, FILE *to) {
  char *program = NULL;
  size_t bytes;
  FILE *memory = open_memstream(&program, &bytes);
  if (!memory) return ls_export_no_memory();
  l->program(net, name, memory);
  const bool failed = ferror(memory);
  ls_status status = LS_OK;
  if (fclose(memory) != 0 || failed) status = ls_export_no_memory();
  if (status == LS_OK) status = put_definitions(net, l, name, program, to);
  if (status == LS_OK) fputs(program, to);
  free(program);
  return status;
}

/* ---- what a reader wants to know ---- */

/* Names of data may hold anything, and a comment ends where its line does: no line goes on behind a
 * backslash or what old C takes for one. */
static void put_harmless(FILE *to, const char *text) {
  for (; *text; text++)
    fputc(iscntrl((unsigned char)*text) || strchr("\\?", *text) ? '_' : *text, to);
}

static void put_side(const ls_net_side *side, const char *comment, const char *what, FILE *to) {
  fprintf(to, "%s %jd %s%s", comment, side->n, what, side->name.count > 0 ? ":\n" : "\n");
  for (int64_t i = 0; i < side->name.count; i++) {
    fprintf(to, "%s   %jd ", comment, i);
    put_harmless(to, side->name.text[i]);
    if (side->unit.count > 0 && *side->unit.text[i]) {
      fputs(" [", to);
      put_harmless(to, side->unit.text[i]);
      fputc(']', to);
    }
    fputc('\n', to);
  }
}

void ls_code_about(const ls_net *net, const char *comment, FILE *to) {
  const ls_checkpoint *c = net->checkpoint;
  fprintf(to, "%s A network trained by lockstep, written by `lockstep export` (%s):\n", comment,
          LOCKSTEP_VERSION);
  fprintf(to, "%s %jd parameters in %s after %jd updates, %s.\n", comment, c->parameters,
          ls_dtype_name(c->precision), c->state.global_step, net->hash);
  put_side(&net->x, comment, "inputs", to);
  put_side(&net->y, comment, net->classes ? "outputs, a class each" : "outputs", to);
}

/* ---- numbers ---- */

bool ls_code_tensor(const ls_net *net, int i, ls_code_numbers *out) {
  int k = 0;
  for (; k < net->layers; k++) {
    if (net->layer[k].kind == LS_NET_RESIDUAL) continue;
    if (i < 2) break;
    i -= 2;
  }
  if (k == net->layers) return false;
  const ls_net_layer *layer = &net->layer[k];
  const int64_t rows = layer->kind == LS_NET_DENSE ? layer->in : 1;
  *out = (ls_code_numbers){.values = i == 0 ? layer->w : layer->b,
                           .n = i == 0 ? rows * layer->out : layer->out,
                           .precision = net->precision};
  snprintf(out->name, sizeof out->name, "%s%d", i == 0 ? "w" : "b", layer->number);
  return true;
}

bool ls_code_scaling(const ls_net *net, int i, ls_code_numbers *out) {
  const ls_affine *x = net->x.affine, *y = net->y.affine;
  const struct {
    const char *name;
    const double *values;
    int64_t n;
  } all[] = {{"x_missing", net->missing.value, net->x.n},
             {"x_log", net->x.log, net->x.n},
             {"x_shift", x ? x->shift : NULL, net->x.n},
             {"x_divisor", x ? x->divisor : NULL, net->x.n},
             {"y_log", net->y.log, net->y.n},
             {"y_shift", y ? y->shift : NULL, net->y.n},
             {"y_divisor", y ? y->divisor : NULL, net->y.n}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    if (!all[k].values || i-- > 0) continue;
    *out = (ls_code_numbers){.values = all[k].values, .n = all[k].n, .precision = LS_F64};
    snprintf(out->name, sizeof out->name, "%s", all[k].name);
    return true;
  }
  return false;
}
