/* read.h - nodes to struct fields and back, row by row. */
#ifndef LS_CONFIG_READ_H
#define LS_CONFIG_READ_H

#include "config/node.h"
#include "config/report.h"
#include "config/table.h"

typedef struct {
  ls_node_arena *arena;
  ls_report *report;
  ls_config *config;
  bool plugins; /* load those that it names; else their own keys are kept as they are written */
} ls_reader;

/* Read `node` into base's field. False: it was wrong, the report says how. */
bool ls_key_read(ls_reader *rd, const ls_key *key, ls_node *node, const char *path, void *base);
/* The section's rows into base + section->at, defaults where they are not given, errors for all
 * that is unknown. */
bool ls_section_read(ls_reader *rd, const ls_key *section, ls_node *node, const char *path,
                     void *base);
/* The field as a node; NULL where there is nothing to print. */
ls_node *ls_key_write(ls_node_arena *arena, const ls_key *key, const void *base);
ls_node *ls_section_write(ls_node_arena *arena, const ls_key *section, const void *base);
/* All sections that `kind` has. */
ls_node *ls_config_write(ls_node_arena *arena, const ls_config *config, ls_dump_kind kind);

/* describe.c, all texts in the arena or the table. "a whole number from 1 to 9, or full": what a
 * key takes. */
const char *ls_key_describe(ls_node_arena *arena, const ls_key *key);
/* The default as YAML, "" where the key is required. */
const char *ls_key_default(ls_node_arena *arena, const ls_key *key);
const char *ls_number_text(ls_node_arena *arena, double value);

#endif
