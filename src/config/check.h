/* check.h - what keys mean together. */
#ifndef LS_CONFIG_CHECK_H
#define LS_CONFIG_CHECK_H

#include "config/key.h"

/* Contradictions between keys, and values that follow from others (slices, schedule.lr). */
void ls_config_check(ls_reader *rd, const ls_node *root);

#endif
