/* index.h - the index of a checkpoint: for every dataset its path, type, dimensions, place and
 * bytes. It lies where the header says and is read without HDF5, which a crafted file could crash,
 * and which cannot be trusted to read what was verified. Files of format 1.0 have none: HDF5 makes
 * it, in a process of its own.
 *
 * Either way it is only believed as far as it can be checked: sizes follow from types and
 * dimensions, datasets begin at multiples of 64, lie between header and end of the file and not on
 * one another, and no path comes twice. */
#ifndef LS_CHECKPOINT_INDEX_H
#define LS_CHECKPOINT_INDEX_H

#include "checkpoint/block.h"
#include "checkpoint/fields.h"

void ls_index_write(const ls_layout *layout, void *out); /* (covered) ls_h5_row */
/* The datasets of a verified file in the writer's order; what is below /optional, and format 1.0's
 * /integrity, is left out. LS_EDATA, with `name`. */
ls_status ls_index_read(const char *name, const void *data, size_t bytes, const ls_block *block,
                        ls_layout *toc);

#endif
