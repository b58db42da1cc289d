/* section.h - a mapping of keys, row by row: which are there, which are missing, and, in unknown.c,
 * which do not belong. */
#ifndef LS_CONFIG_SECTION_H
#define LS_CONFIG_SECTION_H

#include "config/key.h"

/* section.c: the kind's functions, for kinds that are sections and something else too. */
bool ls_section_parse(const ls_value *v);
json_t *ls_section_print(const ls_value *v);
const char *ls_section_describe(const ls_value *v);
json_t *ls_section_schema(const ls_key *key);
void ls_section_free(const ls_value *v);

/* config.c: the whole config. */
json_t *ls_config_print(const ls_config *config);

/* unknown.c: complain about `child` of the mapping v->node, which no row has asked for. type: what
 * the section's type has been found to be, or NULL; v->base: its own struct. */
void ls_section_unknown(const ls_value *v, const char *type, const ls_node *child);

#endif
