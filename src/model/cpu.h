/* cpu.h - which instructions this CPU has, of those that kernels are made for. */
#ifndef LS_MODEL_CPU_H
#define LS_MODEL_CPU_H

#include <stdbool.h>

typedef enum {
  LS_CPU_ANY,
  LS_CPU_AVX2, /* with fused multiply-adds */
  LS_CPU_AVX512
} ls_cpu_feature;

bool ls_cpu_has(ls_cpu_feature feature);

#endif
