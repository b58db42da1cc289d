/* index.h - which dataset of a checkpoint is where. */
#ifndef LS_CHECKPOINT_INDEX_H
#define LS_CHECKPOINT_INDEX_H

#include "checkpoint/block.h"
#include "checkpoint/plan.h"

void ls_index_write(const ls_layout *layout, void *out); /* (covered) ls_h5_row */
/* The datasets of a verified file in the writer's order: from its own index, or, where it is older,
 * as the helper process finds them; what is below /optional, and format 1.0's /integrity, is left
 * out. All lie in the file, and none on another. */
ls_status ls_index_read(const char *name, const void *data, size_t bytes, const ls_block *block,
                        ls_layout *toc);

#endif
