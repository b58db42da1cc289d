/* onednn.h - oneDNN, the other yardstick of `bench gemm`: at middle sizes it is faster than
 * OpenBLAS. Loaded where the build found it; nothing else uses it. */
#ifndef LS_CLI_BENCH_ONEDNN_H
#define LS_CLI_BENCH_ONEDNN_H

#include "cli/bench/reference.h"

/* Its name and version, with one thread, once it is loaded; NULL: there is none. */
const char *ls_onednn_open(void);
/* After that; float32 only. */
ls_reference_product ls_onednn_product;

#endif
