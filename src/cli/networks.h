/* networks.h - which checkpoints a command line means: files, run folders and folders of them. */
#ifndef LS_CLI_NETWORKS_H
#define LS_CLI_NETWORKS_H

#include <limits.h>

#include "base/texts.h"
#include "checkpoint/read.h"
#include "cli/cli.h"

enum { LS_NETWORKS_ALL = INT_MIN };

/* Of the command's words, the same on every rank, in their order: a file as it is; a run folder as
 * its final.h5, else its newest good checkpoint; a folder of trial-* runs as all of theirs that
 * have one, by number; or (unless best is LS_NETWORKS_ALL) as that many of them, those with the
 * best val_loss at the end, or what else its sweep looked for, best first. LS_EDATA for a folder
 * without any, or without enough.
 */
ls_status ls_networks_find(const ls_cli *cli, int best, ls_texts *paths);
/* LS_EDATA where the outputs of another network, of `path`, are not those of the first: other
 * names, classes or number. */
ls_status ls_networks_agree(const ls_checkpoint *first, const ls_checkpoint *other,
                            const char *path);

#endif
