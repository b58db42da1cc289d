/* dtype.h - what a number is stored as: the one list of types for memory, data files and
 * checkpoints.
 *
 * A run's precision is LS_F32 or LS_F64; inputs are kept as that or, where they are bytes, as
 * LS_U8. Code that computes is compiled for the two reals (base/real.h) and has no need to ask. */
#ifndef LS_BASE_DTYPE_H
#define LS_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(type, in C, name): names stand in checkpoints. */
#define LS_DTYPES(X)            \
  X(LS_F32, float, "float32")   \
  X(LS_F64, double, "float64")  \
  X(LS_U8, uint8_t, "uint8")    \
  X(LS_I8, int8_t, "int8")      \
  X(LS_U16, uint16_t, "uint16") \
  X(LS_I16, int16_t, "int16")   \
  X(LS_U32, uint32_t, "uint32") \
  X(LS_I32, int32_t, "int32")   \
  X(LS_U64, uint64_t, "uint64") \
  X(LS_I64, int64_t, "int64")

#define LS_DTYPE_(type, c, name) type,
typedef enum {
  LS_DTYPES(LS_DTYPE_) LS_FIXED_TEXT, /* no number; UTF-8 of a width that its owner knows */
  LS_RECORD                           /* no number; a struct of its owner's */
} ls_dtype;
#undef LS_DTYPE_

size_t ls_dtype_size(ls_dtype type); /* bytes of a number; 0 of what is none */
/* "float32", "uint8" ...; "text", "row" of what is no number. */
const char *ls_dtype_name(ls_dtype type);
/* The type of a name; false where it is no type's. */
bool ls_dtype_named(const char *name, ls_dtype *out);

/* Number i of an array. A put rounds once, to nearest; a whole number must be in the type's range.
 */
static inline double ls_dtype_get(ls_dtype type, const void *array, int64_t i) {
#define LS_GET_(type, c, name) \
  case type:                   \
    return (double)((const c *)array)[i];
  switch (type) {
    LS_DTYPES(LS_GET_)
    default:
      return 0;
  }
#undef LS_GET_
}
static inline void ls_dtype_put(ls_dtype type, void *array, int64_t i, double value) {
#define LS_PUT_(type, c, name)  \
  case type:                    \
    ((c *)array)[i] = (c)value; \
    break;
  switch (type) {
    LS_DTYPES(LS_PUT_)
    default:
      break;
  }
#undef LS_PUT_
}

/* n numbers of another type as reals, each rounded once; or of the same type as they are. in and
 * out do not overlap. */
void ls_dtype_convert(ls_dtype from, const void *in, int64_t n, ls_dtype to, void *out);

/* Half the distance from 1 to the real below it: a change of a weight that is smaller, relative to
 * it, does not move it. */
static inline double ls_dtype_half_ulp(ls_dtype real) { return real == LS_F32 ? 0x1p-24 : 0x1p-53; }

#endif
