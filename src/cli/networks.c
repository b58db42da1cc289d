/* networks.c - rank 0 alone looks at folders; the paths go to the others as texts one behind
 * the other, so that all have the same list. Begin with ls_networks_find -> append_word. */
#include "cli/networks.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "checkpoint/find.h"
#include "cli/sweep/journal.h"
#include "cli/sweep/owner.h"
#include "io/regular.h"

/* Texts one behind the other, each with its NUL: what goes to the other ranks. */
typedef struct {
  char *data;
  size_t bytes;
} list;

static ls_status append(list *all, const char *text) {
  const size_t more = strlen(text) + 1;
  LS_TRY(ls_mem_grow((void **)&all->data, all->bytes + more, 1));
  memcpy(all->data + all->bytes, text, more);
  all->bytes += more;
  return LS_OK;
}

/* LS_OK with nothing appended where the folder holds no checkpoint. */
static ls_status append_run(list *all, const char *dir) {
  char *path = NULL;
  ls_status status = LS_OK;
  if (ls_file_in(dir, "final.h5"))
    path = ls_mem_format("%s/final.h5", dir);
  else
    status = ls_checkpoint_newest(dir, false, &path, NULL);
  if (status == LS_OK && path) status = append(all, path);
  LS_FREE(path);
  return status;
}

typedef struct {
  const char *name; /* of a trial that ended well */
  double value;     /* of its metric */
} trial;

/* The n best of those that are known already stay in order; a run that is better goes before. */
static void rank(trial *ranked, int64_t n, const char *metric, trial fresh) {
  int64_t at = n;
  for (; at > 0 && ls_sweep_better(metric, fresh.value, ranked[at - 1].value); at--)
    ranked[at] = ranked[at - 1];
  ranked[at] = fresh;
}

static ls_status append_trial(list *all, const char *dir, const char *name) {
  char *run = ls_mem_format("%s/%s", dir, name);
  const ls_status status = append_run(all, run);
  LS_FREE(run);
  return status;
}

static ls_status append_ranked(list *all, const char *dir, const ls_texts *trials, int best,
                               trial *ranked) {
  int64_t count = 0;
  char *metric = ls_sweep_owner_metric(dir);
  ls_status status = LS_OK;
  for (int64_t i = 0; status == LS_OK && i < trials->count; i++) {
    ls_sweep_row row = {0};
    status = ls_sweep_row_read(dir, trials->text[i], &row);
    const double value = ls_sweep_row_value(&row, metric);
    if (row.good && isfinite(value)) rank(ranked, count++, metric, (trial){trials->text[i], value});
    ls_sweep_row_free(&row);
  }
  if (status == LS_OK && count < best)
    status = ls_fail(LS_EDATA, "--best %d: %jd of the %jd runs in %s ended with a %s", best, count,
                     trials->count, dir, metric);
  for (int64_t i = 0; status == LS_OK && i < best; i++)
    status = append_trial(all, dir, ranked[i].name);
  LS_FREE(metric);
  return status;
}

static ls_status append_best(list *all, const char *dir, const ls_texts *trials, int best) {
  trial *ranked;
  LS_NEW(ranked, trials->count);
  const ls_status status = append_ranked(all, dir, trials, best, ranked);
  LS_FREE(ranked);
  return status;
}

static ls_status append_trials(list *all, const char *dir, int best) {
  ls_texts trials = {0};
  ls_status status = ls_sweep_owner_trials(dir, &trials);
  if (status == LS_OK && best != LS_NETWORKS_ALL && trials.count > 0)
    status = append_best(all, dir, &trials, best);
  for (int64_t i = 0; status == LS_OK && best == LS_NETWORKS_ALL && i < trials.count; i++)
    status = append_trial(all, dir, trials.text[i]);
  ls_texts_free(&trials);
  return status;
}

static ls_status append_word(list *all, const char *word, int best) {
  const size_t before = all->bytes;
  if (best != LS_NETWORKS_ALL && access(word, F_OK) != 0)
    return ls_fail(LS_EDATA, "--best: there is no folder '%s'", word);
  if (ls_is_folder(word))
    LS_TRY(append_run(all, word));
  else
    LS_TRY(append(all, word));
  if (best != LS_NETWORKS_ALL && all->bytes > before)
    return ls_fail(LS_EUSAGE, "--best chooses among a sweep's runs, and '%s' is one network", word);
  if (all->bytes == before) LS_TRY(append_trials(all, word, best));
  if (all->bytes > before) return LS_OK;
  return ls_fail(LS_EDATA, "'%s' is a folder without a checkpoint, and without trial-* runs", word);
}

static ls_status find(const ls_cli *cli, int best, list *all) {
  for (int i = 0; cli->args[i]; i++) LS_TRY(append_word(all, cli->args[i], best));
  return LS_OK;
}

static ls_status cut(const list *all, ls_texts *paths) {
  int64_t count = 0;
  for (size_t i = 0; i < all->bytes; i++) count += all->data[i] == 0;
  LS_NEW(paths->text, count);
  for (const char *at = all->data; at < all->data + all->bytes; at += strlen(at) + 1)
    paths->text[paths->count++] = ls_mem_text(at);
  return LS_OK;
}

ls_status ls_networks_find(const ls_cli *cli, int best, ls_texts *paths) {
  list all = {0};
  if (best != LS_NETWORKS_ALL && best < 1)
    return ls_fail(LS_EUSAGE, "--best %d: how many of a sweep's runs, 1 or more", best);
  ls_status status = !cli->comm || ls_comm_rank(cli->comm) == 0 ? find(cli, best, &all) : LS_OK;
  if (cli->comm) status = ls_comm_bcast_block(cli->comm, status, (void **)&all.data, &all.bytes, 0);
  if (status == LS_OK) status = cut(&all, paths);
  if (cli->comm) status = ls_comm_agree(cli->comm, status);
  LS_FREE(all.data);
  return status;
}

ls_status ls_networks_agree(const ls_checkpoint *first, const ls_checkpoint *other,
                            const char *path) {
  if (other->outputs != first->outputs)
    return ls_fail(LS_EDATA, "%s has %jd outputs, the first network has %jd", path, other->outputs,
                   first->outputs);
  const int64_t names =
      other->names.count < first->names.count ? other->names.count : first->names.count;
  for (int64_t i = 0; i < names; i++)
    if (strcmp(other->names.text[i], first->names.text[i]) != 0)
      return ls_fail(LS_EDATA, "%s calls output %jd '%s', the first network calls it '%s'", path,
                     i + 1, other->names.text[i], first->names.text[i]);
  return LS_OK;
}
