/* export.h - a trained network in the form that others read: formats, each a file of this room that
 * writes into memory what becomes one file or several (docs/export.md): c.c, fortran.c, onnx.c and
 * npz.c. All else: export.c. */
#ifndef LS_EXPORT_EXPORT_H
#define LS_EXPORT_EXPORT_H

#include "export/files.h"
#include "export/net.h"

extern const char *const ls_export_names[]; /* of the formats, as --to has them; NULL-terminated */
/* Of each format: LS_ECONFIG, with the layer, for what it cannot say. */
ls_status ls_export_c(const ls_net *net, ls_export *to);
ls_status ls_export_fortran(const ls_net *net, ls_export *to);
ls_status ls_export_onnx(const ls_net *net, ls_export *to);
ls_status ls_export_npz(const ls_net *net, ls_export *to);

/* Write `net` as `format` to `path` and the files beside it. name NULL: by the file's. replace:
 * also where they are there already, which is LS_EIO else. *made: their paths, in order. */
ls_status ls_export_net(const ls_net *net, const char *format, const char *path, const char *name,
                        bool replace, ls_texts *made);

#endif
