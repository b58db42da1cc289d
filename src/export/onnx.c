/* onnx.c - export to ONNX, opset 13: a graph of operators, one after the other.
 *
 * The messages and their fields are those of onnx.proto3; written by protobuf.c, since they are few
 * and a generated library of them would be ten times this room. Inputs are scaled by Sub and Div,
 * outputs by Mul and Add, as they are here, with Log and Exp where these are of logarithms. What
 * runtimes lack in double (Elu, Erf, LeakyRelu, Softplus in ONNX Runtime) is made of what they
 * have. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "export/export.h"
#include "export/protobuf.h"
#include "io/json.h"
#include "model/activation.h"

enum { IR_VERSION = 7, OPSET = 13 };
enum { /* fields of the messages, by their names in onnx.proto3 */
       MODEL_IR_VERSION = 1,
       MODEL_PRODUCER_NAME = 2,
       MODEL_PRODUCER_VERSION = 3,
       MODEL_GRAPH = 7,
       MODEL_OPSET_IMPORT = 8,
       MODEL_METADATA_PROPS = 14,
       OPSET_VERSION = 2,
       ENTRY_KEY = 1,
       ENTRY_VALUE = 2,
       GRAPH_NODE = 1,
       GRAPH_NAME = 2,
       GRAPH_INITIALIZER = 5,
       GRAPH_INPUT = 11,
       GRAPH_OUTPUT = 12,
       NODE_INPUT = 1,
       NODE_OUTPUT = 2,
       NODE_NAME = 3,
       NODE_OP_TYPE = 4,
       NODE_ATTRIBUTE = 5,
       ATTRIBUTE_NAME = 1,
       ATTRIBUTE_F = 2,
       ATTRIBUTE_I = 3,
       ATTRIBUTE_INTS = 8,
       ATTRIBUTE_TYPE = 20,
       TENSOR_DIMS = 1,
       TENSOR_DATA_TYPE = 2,
       TENSOR_NAME = 8,
       TENSOR_RAW_DATA = 9,
       VALUE_NAME = 1,
       VALUE_TYPE = 2,
       TYPE_TENSOR_TYPE = 1,
       TENSOR_TYPE_ELEM_TYPE = 1,
       TENSOR_TYPE_SHAPE = 2,
       SHAPE_DIM = 1,
       DIM_VALUE = 1,
       DIM_PARAM = 2
};
enum { FLOAT = 1, BOOL = 9, DOUBLE = 11 };            /* of a tensor */
enum { KIND_FLOAT = 1, KIND_INT = 2, KIND_INTS = 7 }; /* of an attribute */

/* What a node makes, or a constant is called. */
typedef struct {
  char name[24];
} value;

enum { ZERO, HALF, ONE, LEAK, ROOT_HALF, EPSILON, LEAST_VARIANCE, CONSTANTS };
static const struct {
  value name;
  double number;
} constants[] = {{{"zero"}, 0},
                 {{"half"}, 0.5},
                 {{"one"}, 1},
                 {{"leak"}, 0.01},
                 {{"root_half"}, 0.70710678118654752440},
                 {{"epsilon"}, 1e-5},
                 {{"least_variance"}, LS_VARIANCE_LEAST}};

typedef struct {
  const ls_net *net;
  ls_message graph;
  const ls_net_layer *dense; /* whose activation is added */
  int layer;                 /* the config's number of the one whose nodes are added; -1: none */
  int nodes;
  bool used[CONSTANTS];
  value *output; /* (layers) */
} builder;

static int type_of(ls_dtype precision) { return precision == LS_F32 ? FLOAT : DOUBLE; }
static ls_dtype side_precision(const ls_net_side *side) { return side->wide ? LS_F64 : LS_F32; }

/* ---- constants ---- */

/* rows 0: one dimension. */
static void add_tensor(builder *b, const char *name, ls_dtype precision, int64_t rows,
                       int64_t columns, const void *values) {
  ls_message tensor = {0};
  const int64_t count = (rows > 0 ? rows : 1) * columns;
  if (rows > 0) ls_message_int(&tensor, TENSOR_DIMS, rows);
  ls_message_int(&tensor, TENSOR_DIMS, columns);
  ls_message_int(&tensor, TENSOR_DATA_TYPE, type_of(precision));
  ls_message_text(&tensor, TENSOR_NAME, name);
  ls_message_bytes(&tensor, TENSOR_RAW_DATA, values, (size_t)count * ls_dtype_size(precision));
  ls_message_inner(&b->graph, GRAPH_INITIALIZER, &tensor);
}

/* rows 0: one dimension. */
static value add_table(builder *b, const char *name, ls_dtype precision, int64_t rows,
                       int64_t columns, const double *values) {
  const int64_t n = (rows > 0 ? rows : 1) * columns;
  value v;
  void *block = NULL;
  snprintf(v.name, sizeof v.name, "%s", name);
  if (precision == LS_F32 && ls_mem_new(&block, (size_t)n, sizeof(float)) != LS_OK)
    b->graph.failed = true;
  float *single = block;
  for (int64_t i = 0; single && i < n; i++) single[i] = (float)values[i];
  if (!b->graph.failed)
    add_tensor(b, name, precision, rows, columns,
               precision == LS_F32 ? (const void *)single : values);
  LS_FREE(block);
  return v;
}

static value add_doubles(builder *b, const char *name, ls_dtype precision, int64_t n,
                         const double *values) {
  return add_table(b, name, precision, 0, n, values);
}

static value constant(builder *b, int which) {
  b->used[which] = true;
  return constants[which].name;
}

static void add_constants(builder *b) {
  for (int i = 0; i < CONSTANTS; i++)
    if (b->used[i])
      add_doubles(b, constants[i].name.name, b->net->precision, 1, &constants[i].number);
}

/* ---- nodes ---- */

typedef struct {
  const char *name;
  int kind;
  double number;
} attribute;

static void add_attribute(ls_message *node, const attribute *a) {
  ls_message message = {0};
  ls_message_text(&message, ATTRIBUTE_NAME, a->name);
  if (a->kind == KIND_FLOAT) ls_message_float(&message, ATTRIBUTE_F, (float)a->number);
  if (a->kind == KIND_INT) ls_message_int(&message, ATTRIBUTE_I, (int64_t)a->number);
  if (a->kind == KIND_INTS) ls_message_int(&message, ATTRIBUTE_INTS, (int64_t)a->number);
  ls_message_int(&message, ATTRIBUTE_TYPE, a->kind);
  ls_message_inner(node, NODE_ATTRIBUTE, &message);
}

/* `operands` of them go in; `with` may be NULL. */
static value add_node(builder *b, const char *op, const value *operand, int operands,
                      const attribute *with) {
  ls_message node = {0};
  value out;
  const int number = b->nodes++;
  char *name = b->layer >= 0 ? ls_mem_format("layer %d: %s (%d)", b->layer, op, number)
                             : ls_mem_format("%s (%d)", op, number);
  snprintf(out.name, sizeof out.name, "v%d", number);
  for (int i = 0; i < operands; i++) ls_message_text(&node, NODE_INPUT, operand[i].name);
  ls_message_text(&node, NODE_OUTPUT, out.name);
  ls_message_text(&node, NODE_NAME, name);
  ls_message_text(&node, NODE_OP_TYPE, op);
  if (with) add_attribute(&node, with);
  ls_message_inner(&b->graph, GRAPH_NODE, &node);
  ls_mem_free(name);
  return out;
}

static value of(builder *b, const char *op, value a) { return add_node(b, op, &a, 1, NULL); }
static value of_two(builder *b, const char *op, value a, value c) {
  const value operand[2] = {a, c};
  return add_node(b, op, operand, 2, NULL);
}
static value of_with(builder *b, const char *op, value a, const char *name, int kind,
                     double number) {
  return add_node(b, op, &a, 1, &(attribute){name, kind, number});
}

static value cast(builder *b, value a, ls_dtype from, ls_dtype to) {
  return from == to ? a : of_with(b, "Cast", a, "to", KIND_INT, type_of(to));
}

/* ---- activations ---- */

static bool in_double(const builder *b) { return b->net->precision == LS_F64; }

static value linear(builder *b, value z) {
  (void)b;
  return z;
}
static value relu(builder *b, value z) { return of(b, "Relu", z); }
static value tangent(builder *b, value z) { return of(b, "Tanh", z); }
static value sigmoid(builder *b, value z) { return of(b, "Sigmoid", z); }
static value softmax(builder *b, value z) { return of_with(b, "Softmax", z, "axis", KIND_INT, -1); }

static value leaky_relu(builder *b, value z) {
  if (!in_double(b)) return of_with(b, "LeakyRelu", z, "alpha", KIND_FLOAT, 0.01);
  return of_two(b, "Max", z, of_two(b, "Mul", z, constant(b, LEAK)));
}

/* relu(z) + (exp(min(z, 0)) - 1) */
static value elu(builder *b, value z) {
  if (!in_double(b)) return of_with(b, "Elu", z, "alpha", KIND_FLOAT, 1);
  const value power = of(b, "Exp", of_two(b, "Min", z, constant(b, ZERO))),
              below = of_two(b, "Sub", power, constant(b, ONE));
  return of_two(b, "Add", below, of(b, "Relu", z));
}

static value power(builder *b, value z) { return of(b, "Exp", z); }

/* relu(z) + log(1 + exp(-|z|)) */
static value softplus(builder *b, value z) {
  if (!in_double(b)) return of(b, "Softplus", z);
  const value power = of(b, "Exp", of(b, "Neg", of(b, "Abs", z))),
              rest = of(b, "Log", of_two(b, "Add", power, constant(b, ONE)));
  return of_two(b, "Add", rest, of(b, "Relu", z));
}

/* z (1 + erf(z / sqrt 2)) / 2 */
static value gelu(builder *b, value z) {
  const ls_dtype precision = b->net->precision;
  value v = of_two(b, "Mul", z, constant(b, ROOT_HALF));
  v = of(b, "Erf", cast(b, v, precision, LS_F32));
  v = of_two(b, "Add", cast(b, v, LS_F32, precision), constant(b, ONE));
  return of_two(b, "Mul", z, of_two(b, "Mul", v, constant(b, HALF)));
}

/* A matrix of the layer's outputs by itself, or one row: 1 where `is` says so. */
typedef bool is_one(int64_t i, int64_t j, int64_t group);
static value ones(builder *b, const char *what, int64_t rows, is_one *is) {
  const ls_net_layer *layer = b->dense;
  char name[24];
  void *block = NULL;
  value v = {0};
  snprintf(name, sizeof name, "%04d_%s", layer->number, what);
  if (ls_mem_new(&block, (size_t)((rows > 0 ? rows : 1) * layer->out), sizeof(double)) != LS_OK) {
    b->graph.failed = true;
    return v;
  }
  double *one = block;
  for (int64_t i = 0, at = 0; i < (rows > 0 ? rows : 1); i++)
    for (int64_t j = 0; j < layer->out; j++) one[at++] = is(i, j, layer->group);
  v = add_table(b, name, b->net->precision, rows, layer->out, one);
  LS_FREE(block);
  return v;
}

static bool begins_group(int64_t i, int64_t j, int64_t group) {
  (void)i;
  return j % group == 0;
}
static bool is_even(int64_t i, int64_t j, int64_t group) {
  (void)i, (void)group;
  return j % 2 == 0;
}
static bool is_summed(int64_t i, int64_t j, int64_t group) {
  return i / group == j / group && i <= j;
}

static value choose(builder *b, value condition, value a, value otherwise) {
  const value operand[3] = {condition, a, otherwise};
  return add_node(b, "Where", operand, 3, NULL);
}

static value as_truth(builder *b, value number) {
  return of_with(b, "Cast", number, "to", KIND_INT, BOOL);
}

static value where(builder *b, value mask, value a, value otherwise) {
  return choose(b, as_truth(b, mask), a, otherwise);
}

static value ascending(builder *b, value z) {
  const value terms = where(b, ones(b, "first", 0, begins_group), z, softplus(b, z));
  return of_two(b, "MatMul", terms, ones(b, "sums", b->dense->out, is_summed));
}

static value mean_variance(builder *b, value z) {
  const value variance = of_two(b, "Add", softplus(b, z), constant(b, LEAST_VARIANCE));
  return where(b, ones(b, "means", 0, is_even), z, variance);
}

static const struct {
  const char *name;
  value (*add)(builder *b, value z);
} activations[] = {{"linear", linear},
                   {"relu", relu},
                   {"leaky_relu", leaky_relu},
                   {"elu", elu},
                   {"tanh", tangent},
                   {"sigmoid", sigmoid},
                   {"softplus", softplus},
                   {"gelu", gelu},
                   {"exp", power},
                   {"softmax", softmax},
                   {"ascending", ascending},
                   {"mean_variance", mean_variance},
                   {NULL, NULL}};

static ls_status add_activation(builder *b, const ls_net_layer *layer, value *v) {
  int i = 0;
  while (activations[i].name && strcmp(activations[i].name, layer->activation) != 0) i++;
  if (!activations[i].name)
    return ls_fail(LS_ECONFIG, "'%s': layer %d: no ONNX is known for the activation '%s'",
                   b->net->path, layer->number, layer->activation);
  b->dense = layer;
  *v = activations[i].add(b, *v);
  return LS_OK;
}

/* ---- layers ---- */

static value mean(builder *b, value a) {
  return of_with(b, "ReduceMean", a, "axes", KIND_INTS, -1);
}

static value normalized(builder *b, value x, value gain, value bias) {
  const value centered = of_two(b, "Sub", x, mean(b, x)),
              variance = mean(b, of_two(b, "Mul", centered, centered)),
              deviation = of(b, "Sqrt", of_two(b, "Add", variance, constant(b, EPSILON))),
              normal = of_two(b, "Div", centered, deviation);
  return of_two(b, "Add", of_two(b, "Mul", normal, gain), bias);
}

static value layer_tensor(builder *b, const ls_net_layer *layer, const char *which, int64_t rows,
                          const void *values) {
  value v;
  snprintf(v.name, sizeof v.name, "%04d_%s", layer->number, which);
  add_tensor(b, v.name, b->net->precision, rows, layer->out, values);
  return v;
}

static ls_status add_layer(builder *b, const ls_net_layer *layer, value inputs, value *v) {
  b->layer = layer->number;
  if (layer->kind == LS_NET_RESIDUAL) {
    *v = of_two(b, "Add", *v, layer->source == LS_NET_INPUT ? inputs : b->output[layer->source]);
    return LS_OK;
  }
  const bool dense = layer->kind == LS_NET_DENSE;
  const value w = layer_tensor(b, layer, dense ? "W" : "gain", dense ? layer->in : 0, layer->w),
              bias = layer_tensor(b, layer, "b", 0, layer->b);
  if (!dense) {
    *v = normalized(b, *v, w, bias);
    return LS_OK;
  }
  const value operand[3] = {*v, w, bias};
  *v = add_node(b, "Gemm", operand, 3, NULL);
  return add_activation(b, layer, v);
}

static ls_status add_layers(builder *b, value *v) {
  const value inputs = *v;
  for (int k = 0; k < b->net->layers; k++) {
    LS_TRY(add_layer(b, &b->net->layer[k], inputs, v));
    b->output[k] = *v;
  }
  b->layer = -1;
  return LS_OK;
}

/* ---- scaling ---- */

/* What a float32 leaves of the shifts; NULL: nothing, or there is no memory. */
static double *rest_of(const ls_affine *affine) {
  void *block;
  bool any = false;
  if (ls_mem_new(&block, (size_t)affine->n, sizeof(double)) != LS_OK) return NULL;
  double *rest = block;
  for (int64_t i = 0; i < affine->n; i++) {
    rest[i] = affine->shift[i] - (double)(float)affine->shift[i];
    any = any || rest[i] != 0;
  }
  if (!any) LS_FREE(rest);
  return rest;
}

/* Logarithms are taken, and undone, in double: in float32 what is left of one less its mean has too
 * few digits. */
static ls_dtype scaling_precision(const ls_net_side *side) {
  return side->log ? LS_F64 : side_precision(side);
}

/* v, but for the columns that are logarithms, which are OP of v. */
static value where_log(builder *b, const ls_net_side *side, const char *name, const char *op,
                       value v) {
  if (!side->log) return v;
  const value log = add_doubles(b, name, LS_F64, side->n, side->log), is_log = as_truth(b, log);
  return choose(b, is_log, of(b, op, v), v);
}

static value fill_missing(builder *b, value x) {
  const ls_net *net = b->net;
  if (net->missing.n == 0) return x;
  const value missing =
      add_doubles(b, "x_missing", side_precision(&net->x), net->x.n, net->missing.value);
  return choose(b, of(b, "IsNaN", x), missing, x);
}

/* (x - shift) / divisor; in float32 the shift in two parts, so that none of it is lost. */
static value scale_inputs(builder *b, value x) {
  const ls_net_side *side = &b->net->x;
  const ls_affine *affine = side->affine;
  const ls_dtype precision = scaling_precision(side);
  x = fill_missing(b, x);
  if (!affine) return x;
  x = where_log(b, side, "x_log", "Log", cast(b, x, side_precision(side), precision));
  double *rest = precision == LS_F32 ? rest_of(affine) : NULL;
  x = of_two(b, "Sub", x, add_doubles(b, "x_shift", precision, affine->n, affine->shift));
  if (rest) x = of_two(b, "Sub", x, add_doubles(b, "x_shift_rest", precision, affine->n, rest));
  LS_FREE(rest);
  return of_two(b, "Div", x, add_doubles(b, "x_divisor", precision, affine->n, affine->divisor));
}

static value scale_outputs(builder *b, value y) {
  const ls_net_side *side = &b->net->y;
  const ls_affine *affine = side->affine;
  const ls_dtype precision = scaling_precision(side);
  if (!affine) return y;
  y = of_two(b, "Mul", y, add_doubles(b, "y_divisor", precision, affine->n, affine->divisor));
  y = of_two(b, "Add", y, add_doubles(b, "y_shift", precision, affine->n, affine->shift));
  return cast(b, where_log(b, side, "y_log", "Exp", y), precision, side_precision(side));
}

/* ---- the model ---- */

static void add_side(ls_message *graph, int field, const char *name, const ls_net_side *side) {
  ls_message samples = {0}, columns = {0}, shape = {0}, tensor = {0}, type = {0}, info = {0};
  ls_message_text(&samples, DIM_PARAM, "N");
  ls_message_int(&columns, DIM_VALUE, side->n);
  ls_message_inner(&shape, SHAPE_DIM, &samples);
  ls_message_inner(&shape, SHAPE_DIM, &columns);
  ls_message_int(&tensor, TENSOR_TYPE_ELEM_TYPE, type_of(side_precision(side)));
  ls_message_inner(&tensor, TENSOR_TYPE_SHAPE, &shape);
  ls_message_inner(&type, TYPE_TENSOR_TYPE, &tensor);
  ls_message_text(&info, VALUE_NAME, name);
  ls_message_inner(&info, VALUE_TYPE, &type);
  ls_message_inner(graph, field, &info);
}

static ls_status add_graph(builder *b, const char *name) {
  const ls_net *net = b->net;
  value v = scale_inputs(b, (value){"x"});
  v = cast(b, v, scaling_precision(&net->x), net->precision);
  LS_TRY(add_layers(b, &v));
  v = scale_outputs(b, cast(b, v, net->precision, scaling_precision(&net->y)));
  ls_message last = {0};
  ls_message_text(&last, NODE_INPUT, v.name);
  ls_message_text(&last, NODE_OUTPUT, "y");
  ls_message_text(&last, NODE_OP_TYPE, "Identity");
  ls_message_inner(&b->graph, GRAPH_NODE, &last);
  add_constants(b);
  ls_message_text(&b->graph, GRAPH_NAME, name);
  add_side(&b->graph, GRAPH_INPUT, "x", &net->x);
  add_side(&b->graph, GRAPH_OUTPUT, "y", &net->y);
  return LS_OK;
}

static void add_property(ls_message *model, const char *key, const char *text) {
  ls_message entry = {0};
  ls_message_text(&entry, ENTRY_KEY, key);
  ls_message_text(&entry, ENTRY_VALUE, text);
  ls_message_inner(model, MODEL_METADATA_PROPS, &entry);
}

/* A list of texts as JSON. */
static void add_texts(ls_message *model, const char *key, const ls_texts *texts) {
  json_t *list = json_array();
  for (int64_t i = 0; i < texts->count; i++)
    json_array_append_new(list, json_string(texts->text[i]));
  char *line = ls_json_line(list);
  json_decref(list);
  add_property(model, key, line);
  ls_mem_free(line);
}

static void add_model(ls_message *model, builder *b) {
  const ls_net *net = b->net;
  const ls_texts *texts;
  const char *what;
  ls_message opset = {0};
  ls_message_int(model, MODEL_IR_VERSION, IR_VERSION);
  ls_message_text(model, MODEL_PRODUCER_NAME, "lockstep");
  ls_message_text(model, MODEL_PRODUCER_VERSION, LOCKSTEP_VERSION);
  ls_message_inner(model, MODEL_GRAPH, &b->graph);
  ls_message_int(&opset, OPSET_VERSION, OPSET);
  ls_message_inner(model, MODEL_OPSET_IMPORT, &opset);
  add_property(model, "weights_hash", net->hash);
  for (int i = 0; ls_net_texts(net, i, &what, &texts); i++) add_texts(model, what, texts);
}

static ls_status write_model(builder *b, const char *name, FILE *to) {
  ls_message model = {0};
  LS_TRY(add_graph(b, name));
  add_model(&model, b);
  if (!model.failed) fwrite(model.data, 1, model.bytes, to);
  ls_status status = LS_OK;
  if (model.failed) status = ls_export_no_memory();
  if (model.bytes > INT32_MAX)
    status = ls_fail(LS_ECONFIG, "'%s': ONNX has no files of more than 2 GiB; export to npz",
                     b->net->path);
  ls_message_free(&model);
  return status;
}

ls_status ls_export_onnx(const ls_net *net, ls_export *to) {
  builder b = {.net = net, .layer = -1};
  FILE *file;
  LS_TRY(ls_export_file(to, ".onnx", &file));
  LS_NEW(b.output, net->layers);
  ls_status status = write_model(&b, to->name, file);
  ls_message_free(&b.graph);
  LS_FREE(b.output);
  return status;
}
