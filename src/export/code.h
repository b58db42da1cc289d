/* code.h - a network as the source text of a program: what C and Fortran have in common. A
 * language is a table of how it says things; the passes of the network are calls, which both read
 * alike; and of all procedures and constants that there are, those are written out that are used.
 */
#ifndef LS_EXPORT_CODE_H
#define LS_EXPORT_CODE_H

#include <stdio.h>

#include "export/maths.h"
#include "export/net.h"

/* A definition. */
typedef struct {
  const char *name, *text;
} ls_piece;

typedef struct {
  const char *call, *call_end; /* around "dense(4, 20, ...)" */
  const char *member;          /* between a structure and a part of it */
  const char *constant;        /* format of a definition: name, value */
  const char *between;         /* constants and procedures */
  const char *elementwise[2];  /* an activation's passes forward and back, @ for its name */
  const ls_piece *typed[2];    /* by precision; each list ends with name NULL */
  const ls_piece *library;     /* what formulas do not need */
  ls_number_text *number;
  void (*formula)(FILE *to, const ls_formula *formula, const char *body);
  void (*program)(const ls_net *net, const char *name, FILE *to); /* what the definitions are for */
} ls_language;

/* The trace of a sample, an array at a time: "x", and of the layers "y3" and what else their
 * derivatives need. */
typedef void ls_code_array(FILE *to, const char *name, int64_t n);
void ls_code_trace(const ls_net *net, FILE *to, ls_code_array *array);
/* The calls of a pass over the trace t. Backward: d is of t's shape and has the derivatives by what
 * is in t; those by the outputs are given. before: what the names of tensors begin with. */
void ls_code_forward(const ls_net *net, const ls_language *language, const char *before, FILE *to);
void ls_code_backward(const ls_net *net, const ls_language *language, const char *before, FILE *to);
/* Where the outputs are in a trace: "y3". */
void ls_code_output(const ls_net *net, char out[16]);
/* The language's program behind all definitions that it uses, and those that they use. LS_EUSAGE
 * where one of them is called as the network is. */
ls_status ls_code_program(const ls_net *net, const ls_language *language, const char *name,
                          FILE *to);

ls_status ls_code_taken(const char *name); /* that LS_EUSAGE */

/* Lines behind `comment`: where the network comes from, what goes in and comes out. */
void ls_code_about(const ls_net *net, const char *comment, FILE *to);

/* A list of numbers that a program defines. */
typedef struct {
  char name[32]; /* behind the network's: "w3", "x_shift" */
  const void *values;
  int64_t n;
  ls_dtype precision;
} ls_code_numbers;
/* number `i` of the tensors; false: there are no more. */
bool ls_code_tensor(const ls_net *net, int i, ls_code_numbers *out);
/* The same of what inputs and outputs go through: scaling, and what missing inputs are. */
bool ls_code_scaling(const ls_net *net, int i, ls_code_numbers *out);

#endif
