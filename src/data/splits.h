/* splits.h - which rows of which source each split is. */
#ifndef LS_DATA_SPLITS_H
#define LS_DATA_SPLITS_H

#include "data/drawn.h"
#include "data/source.h"

/* The kept rows of a source from `first` on; or of the rows from there on those that are drawn, or
 * the others. */
typedef struct {
  int source;           /* by ls_split */
  const ls_drawn *kept; /* the rows that are counted; NULL: all */
  int64_t first, rows;
  const ls_drawn *drawn; /* NULL: all */
  bool taken;
} ls_cut;
static inline int64_t ls_cut_row(const ls_cut *cut, int64_t i) {
  int64_t at = cut->first + (cut->drawn ? ls_drawn_sample(cut->drawn, cut->taken, i) : i);
  return cut->kept ? ls_drawn_sample(cut->kept, true, at) : at;
}
static inline bool ls_cut_has(const ls_cut *cut, int source, int64_t row) {
  if (cut->rows == 0 || cut->source != source) return false;
  if (cut->kept && !ls_drawn_is(cut->kept, row)) return false;
  int64_t i = (cut->kept ? ls_drawn_before(cut->kept, row) : row) - cut->first,
          n = cut->drawn ? cut->drawn->n : cut->rows;
  if (i < 0 || i >= n) return false;
  return !cut->drawn || ls_drawn_is(cut->drawn, i) == cut->taken;
}

typedef struct {
  ls_drawn kept[3]; /* samples of each source that are not dropped (kept.h); n 0: all */
  ls_cut cut[3];    /* by ls_split */
  ls_cut all[3];    /* what is kept of each source */
  /* Rows [lo, hi) of each source are those that splits use; with spec.whole all. Others may say
   * anything. */
  int64_t lo[3], hi[3];
  ls_drawn drawn;
  void *own[2]; /* memory of kept and drawn, where ls_splits_read has made it */
} ls_splits;

/* floor(fraction n), for the fraction as it is written: 0.29 of 100 is 29, though the double 0.29
 * is a little less. */
int64_t ls_data_portion(double fraction, int64_t n);
/* Of n samples of train, how many data.validation and data.fold keep out (groups: about). */
int64_t ls_data_held_out(const ls_data_spec *spec, int64_t n);

/* Of splits->kept. rows: of each source, 0 where there is none. LS_EDATA where a split would be
 * empty. A split that is drawn is as long as it will be (groups: at most), and where its samples
 * are is left open. */
ls_status ls_splits_cut(const ls_data_spec *spec, const int64_t rows[3], ls_splits *splits);
/* Are row `row` of a source, and those behind it, used? *run: how many it is so for, `most` at most
 * (at least 1). */
bool ls_splits_used(const ls_splits *splits, int source, int64_t row, int64_t most, int64_t *run);
/* Bytes that drawing the validation split from train takes; 0: it is not drawn. */
size_t ls_splits_room(const ls_data_spec *spec, const ls_splits *splits);
/* `memory` is as large, and zeroed or drawn in already. */
void ls_splits_lay(ls_splits *splits, void *memory);
/* Draw; train: the open source. LS_EDATA where no group fits, or one side would be empty. */
ls_status ls_splits_draw(const ls_data_spec *spec, ls_source *train, ls_splits *splits);
/* It has been drawn: the splits are as that says. */
void ls_splits_take(ls_splits *splits);

/* The splits of a spec, without reading more than that takes (headers; CSV files whole; all, where
 * samples are dropped). *features: of a sample. */
ls_status ls_splits_read(const ls_data_spec *spec, bool want_classes, ls_splits *splits,
                         int64_t *features);
void ls_splits_free(ls_splits *splits);

#endif
