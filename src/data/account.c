/* account.c - what is counted where: constant columns and the spread of targets over rows of
 * train alone, missing targets over the others; filled inputs are counted by the sources, if
 * they are read but once. Begin with ls_account_take. */
#include "data/account.h"

#include <math.h>

#include "base/mem.h"
#include "data/data_private.h"
#include "data/trained.h"

ls_status ls_account_begin(ls_data *data, ls_source *source[3]) {
  ls_account *account = &data->account;
  const int how = account->spec->missing.x_how;
  LS_TRY(ls_constants_make(&account->side[LS_ROLE_X].constant, data->recipe.features));
  LS_TRY(ls_constants_make(&account->side[LS_ROLE_Y].constant, data->recipe.columns));
  for (int s = 0; s < 3; s++)
    if (data->splits.kept[s].n > 0) account->dropped += data->rows[s] - *data->splits.kept[s].taken;
  if (data->kind->any_row || (how != LS_MISSING_MEAN && how != LS_MISSING_FILL)) return LS_OK;
  LS_NEW(account->filled, data->recipe.features);
  for (int s = 0; s < 3; s++)
    if (source[s]) source[s]->filled = account->filled;
  return LS_OK;
}

void ls_account_take(ls_data *data, int source, int64_t row, int64_t rows, const void *x,
                     const double *y, int64_t stride) {
  ls_account *account = &data->account;
  const ls_recipe *r = &data->recipe;
  for (int64_t k = 0; k < rows; k++) {
    if (!ls_cut_has(&data->splits.cut[LS_SPLIT_TRAIN], source, row + k)) {
      for (int64_t c = 0; r->gaps[LS_ROLE_Y] && c < r->columns; c++)
        account->masked += isnan(y[k * stride + c]) != 0;
      continue;
    }
    if (x)
      ls_constants_look(&account->side[LS_ROLE_X].constant, r->raw,
                        (const char *)x + (size_t)k * ls_recipe_raw(r));
    if (r->labels || r->soft) continue;
    ls_constants_look(&account->side[LS_ROLE_Y].constant, LS_F64, y + k * stride);
    ls_spread_add(&account->target, y + k * stride, r->columns);
  }
}

/* A column that has no name is called by its place, where there is one. */
static ls_status name_side(ls_account_side *side, const ls_trained *t, int what) {
  if (t->n[what] != side->constant.columns || !(t->places || ls_trained_named(t, what)))
    return LS_OK;
  LS_TRY(ls_trained_names(t, what, &side->name));
  for (int64_t c = 0; c < side->constant.columns && t->places; c++) {
    if (*side->name.text[c]) continue;
    LS_FREE(side->name.text[c]);
    side->name.text[c] = ls_mem_format("%lld", (long long)t->at[what][c] + 1);
  }
  return LS_OK;
}

ls_status ls_account_name(ls_account *account, const ls_trained *trained) {
  LS_TRY(name_side(&account->side[LS_ROLE_X], trained, LS_TRAINED_X));
  return name_side(&account->side[LS_ROLE_Y], trained, LS_TRAINED_Y);
}

void ls_account_free(ls_account *account) {
  for (int i = 0; i < 2; i++) {
    ls_constants_free(&account->side[i].constant);
    ls_texts_free(&account->side[i].name);
  }
  LS_FREE(account->filled);
}
