/* instead.h - what a file is that was given as a config and is none: data, mostly. */
#ifndef LS_CONFIG_INSTEAD_H
#define LS_CONFIG_INSTEAD_H

#include "config/report.h"

/* True: it is something else, and the report says what. */
bool ls_config_is_else(ls_report *report, const char *text, size_t bytes);

#endif
