/* manual.h - man pages as scdoc's source. */
#ifndef LS_CLI_MANUAL_H
#define LS_CLI_MANUAL_H

#include "cli/cli.h"

/* The page of the program (page NULL), of a command, or of the config ("keys"); ls_mem text, NULL
 * where there is no such page. */
char *ls_manual(const ls_cli *cli, const char *page);

#endif
