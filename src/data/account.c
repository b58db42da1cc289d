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
  LS_TRY(ls_constants_make(&account->side[LS_ROLE_X].counting, data->recipe.features));
  LS_TRY(ls_constants_make(&account->side[LS_ROLE_Y].constant, data->recipe.columns));
  for (int s = 0; s < 3; s++)
    if (data->splits.kept[s].n > 0) account->dropped += data->rows[s] - *data->splits.kept[s].taken;
  if (data->kind->any_row || (how != LS_MISSING_MEAN && how != LS_MISSING_FILL)) return LS_OK;
  LS_NEW(account->filled, data->recipe.features);
  for (int s = 0; s < 3; s++)
    if (source[s]) source[s]->filled = account->filled;
  return LS_OK;
}

static void take_inputs(ls_account_side *side, const ls_recipe *r, int64_t number, const char *x) {
  ls_constants_look(&side->constant, r->raw, x);
  ls_constants_look_less(&side->counting, r->raw, x, (double)number);
}

/* A training sample, the number-th of its source. x: NULL: it is not read. */
static void take_train(ls_account *account, const ls_recipe *r, int64_t number, const char *x,
                       const double *y) {
  if (x) take_inputs(&account->side[LS_ROLE_X], r, number, x);
  if (r->labels || r->soft) return;
  ls_constants_look(&account->side[LS_ROLE_Y].constant, LS_F64, y);
  ls_spread_add(&account->target, y, r->columns);
}

void ls_account_take(ls_data *data, int source, const ls_chunk *chunk) {
  ls_account *account = &data->account;
  const ls_recipe *r = &data->recipe;
  const char *x = chunk->x;
  const double *y = chunk->y;
  for (int64_t k = 0; k < chunk->rows; k++, y += chunk->stride) {
    if (ls_cut_has(&data->splits.cut[LS_SPLIT_TRAIN], source, chunk->first + k))
      take_train(account, r, chunk->first + k, x, y);
    else
      for (int64_t c = 0; r->gaps[LS_ROLE_Y] && c < r->columns; c++)
        account->masked += isnan(y[c]) != 0;
    if (x) x += ls_recipe_raw(r);
  }
}

/* A column that has no name is called by its place, where there is one. */
static ls_status name_side(ls_account_side *side, const ls_trained *t, int role) {
  if (t->n[role] != side->constant.columns || !(t->places || ls_trained_named(t, role)))
    return LS_OK;
  LS_TRY(ls_trained_names(t, role, &side->name));
  for (int64_t c = 0; c < side->constant.columns && t->places; c++) {
    if (*side->name.text[c]) continue;
    LS_FREE(side->name.text[c]);
    side->name.text[c] = ls_mem_format("%jd", t->at[role][c] + 1);
  }
  return LS_OK;
}

ls_status ls_account_name(ls_account *account, const ls_trained *trained) {
  for (int role = 0; role < 2; role++) LS_TRY(name_side(&account->side[role], trained, role));
  return LS_OK;
}

void ls_account_free(ls_account *account) {
  for (int i = 0; i < 2; i++) {
    ls_constants_free(&account->side[i].constant);
    ls_constants_free(&account->side[i].counting);
    ls_texts_free(&account->side[i].name);
  }
  LS_FREE(account->filled);
}
