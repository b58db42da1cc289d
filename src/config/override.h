/* override.h - KEY=VALUE of the command line, put into the tree of the file. */
#ifndef LS_CONFIG_OVERRIDE_H
#define LS_CONFIG_OVERRIDE_H

#include "config/node.h"
#include "config/report.h"

/* Override number `index`: a dotted path with [i] for items of lists; the value is YAML. Errors go
 * to the report. */
void ls_override_apply(ls_report *report, ls_node *root, int index);

#endif
