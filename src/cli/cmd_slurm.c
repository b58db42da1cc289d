/* cmd_slurm.c - lockstep slurm: a job script for Slurm on stdout, from the config and what is asked
 * of the cluster. docs/clusters.md shows one. Begin with write_script, whose parts stand in the
 * script's order. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clamp.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/typed.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "comm/library.h"
#include "io/program.h"
#include "train/train.h"

typedef struct {
  int nodes, ranks, cpus, chain;
  const char *time, *dir, *partition, *account, *memory, *seeds, *mpi;
  bool sbcast;
} options;

/* What a job copies to its nodes' disks, and the key that says where it is. */
typedef struct {
  const char *key, *path;
} copy;

typedef struct {
  const options *o;
  const ls_config *config;
  const char *const *override; /* KEY=VALUE, ends with NULL */
  FILE *out;
  char *name, *program, *dir; /* ls_mem; dir: the run folder */
  char memory[32];            /* of a node, as Slurm wants it; "": not said */
  copy copy[3];
  int copies;
  int64_t seconds; /* of the job */
  bool srun;       /* else mpirun starts the ranks */
} script;

/* ---- what is asked for ---- */

/* Slurm's ways: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S. Seconds; 0 where it is none of them. */
static int64_t parse_time(const char *text) {
  static const int scale[] = {3600, 60, 1};
  int64_t days = 0, number[3] = {0};
  int at = 0, end = 0, numbers = 0;
  bool dashed = sscanf(text, "%jd-%n", &days, &at) == 1 && at > 0;
  if (!dashed) days = at = 0;
  while (numbers < 3 && sscanf(text + at, "%jd%n", &number[numbers], &end) == 1) {
    if (text[at] < '0' || text[at] > '9' || number[numbers] > 100000) return 0;
    at += end;
    numbers++;
    if (text[at] != ':') break;
    at++;
  }
  if (numbers == 0 || text[at] != '\0' || text[at - 1] == ':') return 0;
  int first = dashed || numbers == 3 ? 0 : 1; /* what the first number counts: hours, or minutes */
  int64_t seconds = days * 86400;
  for (int i = 0; i < numbers && first + i < 3; i++) seconds += number[i] * scale[first + i];
  return seconds;
}

/* "1,2,5", "1-5", or both in one list; a range goes up. */
static bool is_seed_list(const char *text) {
  for (const char *at = text;; at++) {
    char *end;
    if (!isdigit((unsigned char)*at)) return false;
    const long first = strtol(at, &end, 10);
    long last = first;
    if (*end == '-') {
      if (!isdigit((unsigned char)end[1])) return false;
      last = strtol(end + 1, &end, 10);
    }
    if (last < first) return false;
    if (*end != ',') return *end == '\0';
    at = end;
  }
}

/* "3G", "500M", "0" (all of a node's), as Slurm writes it. */
static bool is_size(const char *text) {
  const size_t digits = strspn(text, "0123456789");
  const char *unit = text + digits;
  return digits > 0 && (!*unit || (strchr("KMGT", toupper((unsigned char)*unit)) && !unit[1]));
}

static ls_status check(script *s) {
  const options *o = s->o;
  s->seconds = o->time ? parse_time(o->time) : 0;
  if (o->nodes < 1 || o->ranks < 1 || !o->time)
    return ls_fail(LS_EUSAGE, "a job needs -N NODES, -n RANKS (of all nodes together) and -t TIME");
  if (o->ranks % o->nodes != 0)
    return ls_fail(
        LS_EUSAGE,
        "-n %d ranks do not go evenly on -N %d nodes: take -n %d or -n %d (neighbours in "
        "the sum share a node then)",
        o->ranks, o->nodes, (int)ls_clamp(o->ranks / o->nodes, 1, INT_MAX) * o->nodes,
        (o->ranks / o->nodes + 1) * o->nodes);
  if (s->seconds < 60)
    return ls_fail(
        LS_EUSAGE,
        "-t %s: Slurm's times are M, M:S, H:M:S, D-H, D-H:M or D-H:M:S, a minute or more", o->time);
  if (o->cpus < 1) return ls_fail(LS_EUSAGE, "-c %d: a rank needs a core", o->cpus);
  if (o->chain < 0 || o->chain > 1000)
    return ls_fail(LS_EUSAGE, "--chain %d: it is the number of jobs, up to 1000", o->chain);
  if (o->chain && o->seeds)
    return ls_fail(
        LS_EUSAGE,
        "--chain and --seeds exclude each other: a job of an array would wait for all of "
        "the array before it. Make a script for each seed");
  if (o->memory && !is_size(o->memory))
    return ls_fail(LS_EUSAGE, "--mem %s: a size like 3G or 500M", o->memory);
  if (o->seeds && !is_seed_list(o->seeds))
    return ls_fail(LS_EUSAGE, "--seeds %s: a list like 1,2,5 or 1-5", o->seeds);
  return LS_OK;
}

/* What a node's ranks need, by a dry run on one rank: its data, weights and activations, and for
 * each rank more gradients, messages on their way, and what MPI and the program take. */
static ls_status measure(script *s, ls_config *config) {
  ls_train_result result;
  ls_comm *comm;
  json_int_t shared, own, parameters;
  int slices, a_node = s->o->ranks / s->o->nodes;
  LS_TRY(ls_comm_open_solo(&comm));
  ls_status status = ls_train(
      comm, config, &(ls_train_options){.dry_run = true, .progress = "none", .threads = s->o->cpus},
      &result);
  ls_comm_close(&comm);
  LS_TRY(status);
  json_unpack(result.report, "{s:{s:I, s:I}, s:I, s:i}", "memory", "node_shared", &shared, "rank",
              &own, "parameters", &parameters, "slices", &slices);
  json_decref(result.report);
  if (s->o->ranks > slices)
    return ls_fail(LS_ECONFIG,
                   "%d ranks, but a minibatch is cut into %d slices: set train.slices=%d or more "
                   "(other bits), or take fewer ranks",
                   s->o->ranks, slices, s->o->ranks);
  double gradients = 2.0 * (double)parameters * (double)ls_dtype_size(config->precision);
  double bytes = (double)(shared + own) + a_node * (gradients + 64e6);
  snprintf(s->memory, sizeof s->memory, "%.0fM", 1.25 * bytes / 1048576 + 1);
  return LS_OK;
}

/* ---- what there is ---- */

/* Does this Slurm start ranks as this MPI wants it? Where there is no srun to ask, the cluster is
 * another. */
static bool srun_fits(void) {
  static const char *const list[] = {"sh", "-c", "exec srun --mpi=list 2>&1", NULL};
  char *text = NULL;
  size_t bytes;
  int how;
  if (ls_program_run(list, -1, -1, &text, &bytes, &how) != 0 || how != 0 || !text) {
    free(text);
    return true;
  }
  const bool found = memmem(text, bytes, ls_mpi_slurm(), 4) != NULL;
  free(text);
  return found;
}

static ls_status choose_launcher(script *s) {
  static const char *const words[] = {"auto", "srun", "mpirun", NULL};
  const bool fits = strcmp(s->o->mpi, "auto") == 0 && srun_fits();
  for (int i = 0; words[i]; i++)
    if (strcmp(s->o->mpi, words[i]) == 0) {
      s->srun = i == 1 || fits;
      return LS_OK;
    }
  return ls_command_unknown("launcher", s->o->mpi, words);
}

/* The program as it was called; by its place where that was said. */
static char *program_name(void) {
  char place[PATH_MAX];
  bool said = strchr(program_invocation_name, '/') != NULL;
  return ls_mem_text(said && realpath(program_invocation_name, place) ? place
                                                                      : program_invocation_name);
}

/* The config's file name without its ending, of characters that are plain in Slurm's lines. */
static char *config_name(const char *file) {
  char *name = ls_path_stem(file);
  for (char *c = name; *c; c++)
    if (strchr(" \t\n\"'\\%", *c)) *c = '-';
  return name;
}

/* ---- the text ---- */

static void put_word(FILE *out, const char *word) {
  char *quoted = ls_typed_word(word);
  fputs(quoted, out);
  LS_FREE(quoted);
}

static void put_directives(const script *s) {
  const options *o = s->o;
  int64_t t = s->seconds, margin = ls_clamp(t / 10, 60, 120);
  FILE *out = s->out;
  fprintf(out, "#SBATCH --job-name=%s\n#SBATCH --nodes=%d\n#SBATCH --ntasks-per-node=%d\n", s->name,
          o->nodes, o->ranks / o->nodes);
  fprintf(out, "#SBATCH --cpus-per-task=%d\n", o->cpus);
  if (*s->memory) fprintf(out, "#SBATCH --mem=%s\n", s->memory);
  fprintf(out, "#SBATCH --time=%jd-%02jd:%02jd:%02jd\n", t / 86400, t / 3600 % 24, t / 60 % 60,
          t % 60);
  fprintf(out, "#SBATCH --signal=USR1@%jd\n", margin);
  fprintf(out, "#SBATCH --%s\n#SBATCH --open-mode=append\n", o->chain ? "no-requeue" : "requeue");
  fprintf(out, "#SBATCH --output=%s-%s.log\n", s->name, o->seeds ? "%A-%a" : "%j");
  if (o->partition) fprintf(out, "#SBATCH --partition=%s\n", o->partition);
  if (o->account) fprintf(out, "#SBATCH --account=%s\n", o->account);
  if (o->seeds) fprintf(out, "#SBATCH --array=%s\n", o->seeds);
}

/* Run by a shell instead of sbatch, a chain's script hands itself in as often as was asked. */
static void put_chain(const script *s) {
  if (!s->o->chain) return;
  fprintf(s->out,
          "\n# bash THIS_FILE hands in %d jobs, each of which begins when the one before it was\n"
          "# stopped or failed; those behind the one that ends the run are dropped.\n"
          "if [ -z \"${SLURM_JOB_ID:-}\" ]; then\n"
          "  before=$(sbatch --parsable \"$0\") || exit\n"
          "  for _ in $(seq 2 %d); do\n"
          "    before=$(sbatch --parsable --kill-on-invalid-dep=yes \\\n"
          "      --dependency=afternotok:\"${before%%%%;*}\" \"$0\") || exit\n"
          "  done\n"
          "  exit\n"
          "fi\n",
          s->o->chain, s->o->chain);
}

/* --sbcast: the folder of the data, or their files by split. */
static void list_copies(script *s) {
  static const char *const split_key[] = {"data.train.file", "data.validation.file",
                                          "data.test.file"};
  const ls_data_spec *data = &s->config->data;
  if (!s->o->sbcast) return;
  if (data->dir) s->copy[s->copies++] = (copy){"data.dir", data->dir};
  for (int i = 0; !data->dir && i < 3; i++)
    if (data->source[i].file) s->copy[s->copies++] = (copy){split_key[i], data->source[i].file};
}

/* Each file goes to a folder of every node, which its key then names. */
static void put_copies(const script *s) {
  if (s->copies == 0) return;
  fputs(
      "\n# The data go to each node's own disk first.\n"
      "local=/tmp/lockstep-$SLURM_JOB_ID\n"
      "each_node() { srun --ntasks=\"$SLURM_JOB_NUM_NODES\" --ntasks-per-node=1 \"$@\"; }\n"
      "each_node mkdir -p \"$local\" || exit\n",
      s->out);
  for (const copy *c = s->copy; c < s->copy + s->copies; c++) {
    fputs(s->config->data.dir ? "for file in " : "sbcast --force ", s->out);
    put_word(s->out, c->path);
    if (s->config->data.dir)
      fputs("/*; do\n  sbcast --force \"$file\" \"$local/${file##*/}\" || exit\ndone\n", s->out);
    else
      fprintf(s->out, " \"$local/%s\" || exit\n", c->key);
  }
}

/* An override of what is copied: its copy is meant. */
static bool is_copied(const script *s, const char *override) {
  const size_t key = strcspn(override, "=");
  bool found = false;
  for (const copy *c = s->copy; c < s->copy + s->copies; c++)
    found = found || (key == strlen(c->key) && !strncmp(override, c->key, key));
  return found;
}

static void put_local_names(const script *s) {
  for (const copy *c = s->copy; c < s->copy + s->copies; c++)
    if (s->config->data.dir)
      fprintf(s->out, " %s=\"$local\"", c->key);
    else
      fprintf(s->out, " %s=\"$local/%s\"", c->key, c->key);
}

/* The ranks of all nodes can write where the job was handed in, as to the run folder. */
static void put_note(const script *s) {
  if (!s->o->chain) return;
  fputs("export LOCKSTEP_WATCHDOG_NOTE=\"$PWD/lockstep-$SLURM_JOB_ID.note\"\n", s->out);
}

static void put_launch(const script *s) {
  fputs("\n", s->out);
  put_note(s);
  if (s->srun)
    fprintf(s->out, "srun --mpi=%s --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" \\\n  ",
            ls_mpi_slurm());
  else if (ls_mpi_is_open())
    fprintf(s->out, "mpirun -n %d --map-by slot:PE=%d \\\n  ", s->o->ranks, s->o->cpus);
  else
    fprintf(s->out, "mpiexec.hydra -n %d -ppn %d -bind-to core:%d \\\n  ", s->o->ranks,
            s->o->ranks / s->o->nodes, s->o->cpus);
  put_word(s->out, s->program);
  fputs(" train ", s->out);
  put_word(s->out, s->config->file);
  for (int i = 0; s->override[i]; i++) {
    if (is_copied(s, s->override[i])) continue;
    fputc(' ', s->out);
    put_word(s->out, s->override[i]);
  }
  put_local_names(s);
  fputs(" -o ", s->out);
  put_word(s->out, s->dir);
  if (s->o->seeds) fputs("/seed-\"$SLURM_ARRAY_TASK_ID\" --seed \"$SLURM_ARRAY_TASK_ID\"", s->out);
  if (!s->srun) { /* Slurm's signal reaches steps; mpirun is none */
    int64_t t = s->seconds - ls_clamp(s->seconds / 10, 30, 180);
    fprintf(s->out, " --time-limit %jd:%02jd:%02jd", t / 3600, t / 60 % 60, t % 60);
  }
  fputs(" --resume=auto\n", s->out);
}

/* All jobs behind this one are found before any is cancelled: the next would begin when the one
 * before it is. */
static const char end_chain[] =
    "# what would end the same way in every job behind this one ends the chain; a host that was\n"
    "# lost, or a rank that was stuck, is 70 too, but leaves a note\n"
    "[ -e \"$LOCKSTEP_WATCHDOG_NOTE\" ] && rm -f \"$LOCKSTEP_WATCHDOG_NOTE\" && exit \"$code\"\n"
    "case $code in 64 | 65 | 70 | 71 | 78)\n"
    "  behind=() job=$SLURM_JOB_ID\n"
    "  while job=$(squeue --noheader --format='%i %E' | grep -m1 \"afternotok:$job\\b\"); do\n"
    "    job=${job%% *}\n"
    "    behind+=(\"$job\")\n"
    "  done\n"
    "  [ ${#behind[@]} -eq 0 ] || scancel \"${behind[@]}\"\n"
    "esac\n";
static const char go_on[] =
    "# 75: stopped before the end, with a checkpoint\n"
    "[ $code -eq 75 ] && scontrol requeue \"$SLURM_JOB_ID\"\n";

static void put_end(const script *s) {
  fputs("code=$?\n", s->out);
  if (s->copies > 0) fputs("each_node rm -rf \"$local\"\n", s->out);
  fputs(s->o->chain ? end_chain : go_on, s->out);
  fputs("exit $code\n", s->out);
}

static char *write_script(script *s, const ls_cli *cli) {
  char *text = NULL;
  size_t bytes;
  s->out = open_memstream(&text, &bytes);
  if (!s->out) return NULL;
  fputs("#!/bin/bash\n# made by: lockstep slurm", s->out);
  for (int i = 0; i < cli->argc; i++) {
    fputc(' ', s->out);
    put_word(s->out, cli->argv[i]);
  }
  fputc('\n', s->out);
  put_directives(s);
  put_chain(s);
  put_copies(s);
  put_launch(s);
  put_end(s);
  return fclose(s->out) == 0 ? text : NULL;
}

/* ---- the command ---- */

static ls_status check_names(const script *s) {
  const char *word[] = {s->o->partition, s->o->account};
  for (size_t i = 0; i < sizeof word / sizeof *word; i++)
    if (word[i] && (!*word[i] || strpbrk(word[i], " \t\n\"'\\%")))
      return ls_fail(LS_EUSAGE, "'%s' cannot stand in a line of a job script", word[i]);
  const ls_data_spec *data = &s->config->data;
  if (s->o->sbcast && !data->dir && (!strcmp(data->type, "idx") || !data->source[0].file))
    return ls_fail(LS_EUSAGE, "--sbcast wants the data in data.dir, or in a file a split");
  for (int i = 0; !data->dir && i < s->copies; i++)
    if (strpbrk(s->copy[i].path, "*?"))
      return ls_fail(LS_EUSAGE, "--sbcast wants one file a split, not '%s'", s->copy[i].path);
  return LS_OK;
}

static ls_status compose(script *s, ls_cli *cli) {
  LS_TRY(choose_launcher(s));
  list_copies(s);
  LS_TRY(check_names(s));
  if (s->o->memory)
    snprintf(s->memory, sizeof s->memory, "%s", s->o->memory);
  else
    LS_TRY(measure(s, cli->config));
  char *text = write_script(s, cli);
  if (!text) return ls_fail(LS_FAIL, "out of memory");
  if (cli->json) {
    json_t *answer = json_object();
    ls_put(answer, "script", (const char *)text);
    ls_print(cli, answer, NULL);
  } else {
    ls_out(cli, "%s", text);
  }
  free(text);
  return LS_OK;
}

static ls_status run(ls_cli *cli, const void *given) {
  static const char *const none[] = {NULL};
  const options *o = given;
  const ls_config *c = cli->config;
  script s = {.o = o, .config = c};
  s.override = cli->args[0] ? (const char *const *)cli->args + 1 : none;
  LS_TRY(check(&s));
  s.name = config_name(c->file);
  s.program = program_name();
  if (o->dir || c->out_dir)
    s.dir = ls_mem_text(o->dir ? o->dir : c->out_dir);
  else
    s.dir = ls_mem_format("runs/%s", s.name);
  ls_status status = compose(&s, cli);
  LS_FREE(s.name);
  LS_FREE(s.program);
  LS_FREE(s.dir);
  return status;
}

static const ls_option slurm_options[] = {
    LS_OPTION(options, nodes, "nodes", 'N', "NODES", "nodes of the job"),
    LS_OPTION(options, ranks, "ranks", 'n', "RANKS", "ranks, of all nodes together"),
    LS_OPTION(options, time, "time", 't', "TIME",
              "time limit as Slurm writes it: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S"),
    LS_OPTION(options, cpus, "cpus-per-rank", 'c', "CPUS", "cores of a rank (default 1)"),
    LS_OPTION(options, dir, "output", 'o', "RUN",
              "run folder (default: output.dir of the config, else runs/<config name>)"),
    LS_OPTION(options, partition, "partition", 'p', "PARTITION", "partition of the cluster"),
    LS_OPTION(options, account, "account", 0, "ACCOUNT", "account that pays"),
    LS_OPTION(options, memory, "mem", 0, "SIZE",
              "memory of a node, as Slurm writes it (default: by a dry run)"),
    LS_OPTION(options, mpi, "launcher", 0, "auto|srun|mpirun",
              "what starts the ranks; auto: srun where it knows this MPI"),
    LS_OPTION(options, chain, "chain", 0, "JOBS",
              "JOBS jobs, each after the one before, where requeueing is forbidden"),
    LS_OPTION(options, seeds, "seeds", 0, "LIST",
              "an array of jobs, one a seed, into RUN/seed-<seed>: 1,2,5 or 1-5"),
    LS_OPTION(options, sbcast, "sbcast", 0, NULL, "copy the data to each node's /tmp first"),
    {0}};

const ls_command ls_command_slurm = {
    .name = "slurm",
    .help = "a job script for Slurm",
    .usage =
        "Usage: lockstep slurm CONFIG [KEY=VALUE...] -N NODES -n RANKS -t TIME [-o RUN] [options]\n"
        "\nThe job is stopped with a checkpoint before its time is over, and goes on by itself.\n"
        "\nExamples:\n"
        "  lockstep slurm net.yaml -N 2 -n 8 -t 4:00:00 -o runs/big > job.sh; sbatch job.sh\n"
        "  lockstep slurm net.yaml -N 1 -n 4 -t 1-0 --chain 5 > job.sh; bash job.sh\n"
        "  lockstep slurm net.yaml -N 1 -n 4 -t 30 --seeds 1-5 > job.sh; sbatch job.sh\n",
    .plugins = true,
    .options = slurm_options,
    .size = sizeof(options),
    .defaults = &(const options){.cpus = 1, .mpi = "auto"},
    .verb = {{.run = run, .config = true}}};
