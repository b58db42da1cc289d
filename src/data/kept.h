/* kept.h - which samples of the sources are kept where data.missing drops those of which something
 * is missing: the sources are read through once more for it. Private to data/. */
#ifndef LS_DATA_KEPT_H
#define LS_DATA_KEPT_H

#include "data/drawn.h"
#include "data/source.h"

bool ls_kept_asked(const ls_data_spec *spec); /* may samples of the sources be dropped? */
/* Bytes that it takes to know which samples of the sources are kept; 0: all are. */
size_t ls_kept_room(const ls_data_spec *spec, const int64_t rows[3]);
/* `memory` is as large and zeroed, or they have been found already. */
void ls_kept_lay(const int64_t rows[3], void *memory, ls_drawn kept[3]);
/* All samples of the open sources but those of which something is missing that is to drop them. A
 * sample that cannot be read is kept: if a split uses it, it will be refused. */
ls_status ls_kept_find(const ls_data_spec *spec, ls_source *source[3], ls_drawn kept[3]);

#endif
