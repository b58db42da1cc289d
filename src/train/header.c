/* header.c - the lines that a run begins with for people, and the command that its last line names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/typed.h"
#include "train/mode.h"
#include "train/trainer.h"
#include "view/understood.h"

/* Cut to what a terminal shows in one line. */
static void say(const char *title, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(const char *title, const char *format, ...) {
  char line[512];
  int length = snprintf(line, sizeof line, "%-10s", title);
  va_list args;
  va_start(args, format);
  vsnprintf(line + length, sizeof line - (size_t)length, format, args);
  va_end(args);
  if (strlen(line) > LS_SCREEN_COLUMNS) memcpy(line + LS_SCREEN_COLUMNS - 3, "...", 4);
  ls_log_plain("%s", line);
}

/* "784 x 20 x 20 x 10": the widths of the layers that have weights. */
static void widths(const ls_run *run, char *out, size_t size) {
  int count;
  size_t used = 0;
  const ls_tensor *tensor = ls_model_tensors(run->model, &count);
  for (int i = 0; i < count && used < size; i++) {
    if (tensor[i].name[0] != 'W') continue;
    if (used == 0) used += (size_t)snprintf(out, size, "%jd", tensor[i].rows);
    if (used < size) used += (size_t)snprintf(out + used, size - used, " x %jd", tensor[i].cols);
  }
  if (used > 40) snprintf(out + 37, size - 37, "...");
}

void ls_show_header(const ls_trainer *t) {
  const ls_run *run = t->run;
  const ls_config *c = t->config;
  char net[128] = "";
  int ranks = ls_comm_size(t->comm), hosts = ls_comm_node_count(t->comm),
      threads = ls_team_size(run->team);
  if (!ls_log_shows(LS_LOG_INFO)) return;
  char *data = ls_understood_text(run->data);
  ls_log_plain("%s", data);
  LS_FREE(data);
  widths(run, net, sizeof net);
  say("network", "%s, %jd parameters, %s", net, run->parameters, ls_dtype_name(c->precision));
  say("optimizer", "%s, lr %g, schedule %s, loss %s", ls_optim_name(&c->optimizer),
      run->schedule.lr, ls_schedule_name(&c->schedule), c->loss);
  if (c->then.optimizer.ops)
    say("then", "%s, lr %g, after %g %s", ls_optim_name(&c->then.optimizer), c->then.optimizer.lr,
        c->then.after, c->then.epochs ? "epochs" : "updates");
  say("batch", "%jd in %d slice%s, %jd step%s an epoch, %jd in all", run->batch, run->slices,
      run->slices == 1 ? "" : "s", run->calendar->steps, run->calendar->steps == 1 ? "" : "s",
      run->steps);
  say("runs on", "%d rank%s on %d host%s, %d thread%s each; exchange %s, kernels %s", ranks,
      ranks == 1 ? "" : "s", hosts, hosts == 1 ? "" : "s", threads, threads == 1 ? "" : "s",
      ls_exchange_kind(run->exchange),
      c->gemm == LS_GEMM_BLAS ? "of the BLAS" : ls_model_kernel(run->model));
  if (run->mode->apart)
    say("mode", "%s: bits depend on timing, also those of a run that is resumed", run->mode->name);
  if (c->gemm == LS_GEMM_BLAS) say("BLAS", "%s, one thread", ls_model_kernel(run->model));
}

/* ---- the end ---- */

/* The same command again, in the same folder, going on. */
static char *resume_command(const ls_trainer *t) {
  const ls_train_options *o = t->options;
  char *start = ls_comm_start_words(t->comm);
  ls_buffer text = {0};
  ls_buffer_add(&text, "%slockstep train", start);
  LS_FREE(start);
  bool resumes = false;
  for (int i = 0; i < o->argc; i++) {
    if (strcmp(o->argv[i], "--force") == 0) continue;
    ls_typed_add(&text, o->argv[i]);
    resumes = resumes || strncmp(o->argv[i], "--resume", 8) == 0;
  }
  if (!o->dir) {
    ls_typed_add(&text, "-o");
    ls_typed_add(&text, t->dir);
  }
  if (!resumes) ls_typed_add(&text, "--resume=auto");
  return text.text;
}

char *ls_next_command(const ls_trainer *t) {
  if (!t->dir || strcmp(t->exit, "diverged") == 0) return NULL;
  if (strcmp(t->exit, "done") != 0 && strcmp(t->exit, "early_stop") != 0) return resume_command(t);
  char *file = ls_mem_format("%s/final.h5", t->dir);
  ls_buffer text = {0};
  ls_buffer_add(&text, "lockstep predict");
  ls_typed_add(&text, file);
  ls_buffer_add(&text, " -i FILE -o out.csv");
  LS_FREE(file);
  return text.text;
}
