/* table.h - the root of the table of all keys: the only source of parsing, defaults, ranges, the
 * resolved dump, help and the schema. A new key is a field in a struct and a row in table.c; a new
 * way of writing values is a row of functions (kinds.h). */
#ifndef LS_CONFIG_TABLE_H
#define LS_CONFIG_TABLE_H

#include "config/key.h"

/* The root section. The names of the optimizers and schedules are put into it here. */
const ls_key *ls_table(void);

#endif
