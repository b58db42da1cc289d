/* h5type.c - two lists by ls_dtype, made anew in each call, and the search through one of
 * them. */
#include "io/h5type.h"

hid_t ls_h5_type_stored(ls_dtype type) {
  const hid_t stored[] = {
      [LS_F32] = H5T_IEEE_F32LE, [LS_F64] = H5T_IEEE_F64LE, [LS_U8] = H5T_STD_U8LE,
      [LS_I8] = H5T_STD_I8LE,    [LS_U16] = H5T_STD_U16LE,  [LS_I16] = H5T_STD_I16LE,
      [LS_U32] = H5T_STD_U32LE,  [LS_I32] = H5T_STD_I32LE,  [LS_U64] = H5T_STD_U64LE,
      [LS_I64] = H5T_STD_I64LE};
  return stored[type];
}

hid_t ls_h5_type_native(ls_dtype type) {
  const hid_t native[] = {
      [LS_F32] = H5T_NATIVE_FLOAT,  [LS_F64] = H5T_NATIVE_DOUBLE, [LS_U8] = H5T_NATIVE_UINT8,
      [LS_I8] = H5T_NATIVE_INT8,    [LS_U16] = H5T_NATIVE_UINT16, [LS_I16] = H5T_NATIVE_INT16,
      [LS_U32] = H5T_NATIVE_UINT32, [LS_I32] = H5T_NATIVE_INT32,  [LS_U64] = H5T_NATIVE_UINT64,
      [LS_I64] = H5T_NATIVE_INT64};
  return native[type];
}

bool ls_h5_type_find(hid_t stored, ls_dtype *out) {
  for (int t = LS_F32; t <= LS_I64; t++) {
    *out = (ls_dtype)t;
    if (H5Tequal(stored, ls_h5_type_stored(*out)) > 0) return true;
  }
  return false;
}

hid_t ls_h5_type_text(size_t width, H5T_str_t padding) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, width);
  H5Tset_strpad(type, padding);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}
