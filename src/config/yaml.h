/* yaml.h - YAML text to nodes with places, by libyaml's event parser. Anchors, aliases and tags
 * have no use in a config and are refused, so no small file can grow into a big tree. */
#ifndef LS_CONFIG_YAML_H
#define LS_CONFIG_YAML_H

#include "config/node.h"
#include "config/report.h"

enum { LS_YAML_DEPTH_MAX = 64, LS_YAML_BYTES_MAX = 1 << 20, LS_YAML_NODES_MAX = 100000 };

/* One document in `text`, whose places get `source`. Errors go to the report; NULL if no tree came
 * of it, or if it is empty
 * (*empty). `path`: what error messages name. */
ls_node *ls_yaml_parse(ls_report *report, int source, const char *path, const char *text,
                       size_t bytes);

#endif
