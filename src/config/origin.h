/* origin.h - where each value of a config came from. */
#ifndef LS_CONFIG_ORIGIN_H
#define LS_CONFIG_ORIGIN_H

#include "config/config.h"
#include "config/node.h"

enum { LS_SOURCE_PRESET = -2 };

void ls_origin_add(ls_config *config, const char *path, ls_place at);
/* The place of `path`; LS_SOURCE_DEFAULT where nothing else is known. */
ls_place ls_origin_find(const ls_config *config, const char *path);
void ls_origin_free(ls_config *config);

#endif
