/* plan.c - lockstep bench plan: what a step would take on ranks and nodes that are not here, from
 * steps of one rank measured here on as many rows as a rank would have, and the model of the
 * exchange that lockstep itself chooses by (comm/cost.h). docs/scaling.md says what it leaves out.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/bench/bench.h"
#include "comm/cost.h"
#include "comm/sum.h"
#include "train/mode.h"
#include "train/state.h"

enum { COUNTS_MAX = 64, LARGER = 2, MEASURED_MAX = 2 * (COUNTS_MAX + LARGER) + 4 };

/* Steps of one rank on a minibatch of its own. stored: its gradients are parts in memory, as
 * between nodes; else they are made where they are used, as the ranks of one node make them. */
typedef struct {
  int64_t rows;
  int slices;
  bool stored;
  double work, update; /* seconds a step: data, forward, backward and gradients; the optimizer */
  double memory;       /* bytes of its own, but for weights, gradients and the optimizer's */
} measured;

typedef struct {
  ls_cli *cli;
  const ls_bench_options *o;
  bool weak;
  int64_t batch;   /* the config's, in numbers */
  int slices;      /* its */
  int64_t samples; /* of train: no minibatch has more */
  int most;        /* ranks that share a node */
  ls_cost_network network;
  int ranks[COUNTS_MAX], counts;
  measured at[MEASURED_MAX]; /* by stored, then rows */
  int points;
  double gradient; /* bytes */
  double data;     /* bytes that a node has once */
  ls_run *run;     /* of the config's minibatch, whose data the others take; and what it is of */
  ls_config config;
  ls_mode mode;
  ls_bench_near near; /* all 0: this machine has one core */
  int vectors;        /* of the optimizer's, and averages */
} forecast;

/* What a number of ranks comes to. */
typedef struct {
  int ranks;
  ls_cost_shape shape;
  int64_t rows; /* of the rank that has most */
  int slices, halvings;
  double near_bytes; /* that it reads of what the node's other ranks have written */
  double work, update, near, step;
  ls_cost cost;
} outlook;

/* ---- how the ranks share a minibatch ---- */

/* The largest number of ranks a node, up to `most`, with which all nodes have the same. */
static ls_cost_shape shape_of(const forecast *p, int ranks) {
  int node_size = p->most < ranks ? p->most : ranks;
  while (ranks % node_size != 0) node_size--;
  return (ls_cost_shape){.nodes = ranks / node_size, .node_size = node_size, .bytes = p->gradient};
}

static bool is_stored(const forecast *p, int ranks) { return shape_of(p, ranks).nodes > 1; }

/* Slices of a rank's rows: as fine as the config cuts its own batch, and a power of two, with which
 * every rank has one part. */
static int slices_of(const forecast *p, int64_t rows) {
  int slices = 1;
  while (2 * slices * p->batch <= rows * p->slices && 2 * slices <= rows) slices *= 2;
  return slices;
}

static int64_t rows_of(const forecast *p, int ranks, int64_t batch) {
  return p->weak ? batch : (batch + ranks - 1) / ranks;
}

/* ---- measuring ---- */

enum { AT_LEAST = 5 };
static const double BUDGET = 0.4; /* seconds of steps that are enough */

static ls_status take_steps(ls_run *run, int most, double *work, double *update, int *taken) {
  const double begin = ls_time();
  for (*taken = 0; *taken < most; ++*taken) {
    uint32_t flags = 0;
    const double before = run->time[LS_TIME_UPDATE], start = ls_time();
    if (*taken >= AT_LEAST && start - begin > BUDGET) break;
    LS_TRY(ls_run_step(run, false, false, &flags));
    update[*taken] = run->time[LS_TIME_UPDATE] - before;
    work[*taken] = ls_time() - start - update[*taken];
  }
  return LS_OK;
}

static ls_status time_steps(const forecast *p, ls_run *run, measured *m) {
  const int most = p->o->steps > p->o->warmup ? p->o->steps : p->o->warmup;
  double *time; /* (2, most) */
  int taken;
  LS_NEW(time, 2 * (int64_t)most);
  ls_status status = take_steps(run, p->o->warmup, time, time + most, &taken);
  if (status == LS_OK) status = take_steps(run, p->o->steps, time, time + most, &taken);
  if (status == LS_OK) {
    m->work = ls_bench_quartile(time, taken);
    m->update = ls_bench_quartile(time + most, taken);
  }
  LS_FREE(time);
  return status;
}

static void learn(forecast *p, ls_run *run) {
  p->run = run;
  p->gradient = (double)run->parameters * (double)ls_dtype_size(run->config->precision);
  p->vectors = ls_state_vectors(run);
  p->samples = ls_data_rows(run->data, LS_SPLIT_TRAIN);
  p->data = (double)ls_comm_shared_bytes(run->comm) - (double)run->common.bytes;
}

/* before: bytes that were there already. */
static ls_status measure_run(forecast *p, ls_run *run, double before, measured *m) {
  if (!p->run) learn(p, run);
  m->memory =
      (double)ls_comm_private_bytes(run->comm) - before - (double)(2 + p->vectors) * p->gradient;
  m->memory = fmax(m->memory, 0);
  m->rows = run->batch;
  m->slices = run->slices;
  return time_steps(p, run, m);
}

static ls_status measure(forecast *p, int64_t rows, int slices, bool stored, measured *m) {
  ls_config other, *config = p->run ? &other : &p->config;
  ls_mode another, *mode = p->run ? &another : &p->mode;
  ls_run *run = NULL;
  const double before = p->run ? (double)ls_comm_private_bytes(p->cli->comm) : 0;
  *config = *p->cli->config; /* a run sets slices, and no more that would be freed */
  config->batch = rows;
  config->slices = slices;
  config->accumulate = 1;
  *mode = ls_mode_synchronous;
  mode->stored = m->stored = stored;
  ls_status status = ls_run_new_with(p->cli->comm, config, mode, ls_bench_threads(p->o),
                                     p->run ? p->run->data : NULL, &run);
  if (status == LS_OK) status = measure_run(p, run, before, m);
  if (run != p->run) ls_run_free(&run);
  return status;
}

/* Kept in order. One that is measured already is not again. */
static ls_status add(forecast *p, int64_t rows, bool stored) {
  int i = 0;
  measured m;
  for (; i < p->points; i++) {
    const measured *other = &p->at[i];
    if (other->stored > stored || (other->stored == stored && other->rows > rows)) break;
    if (other->stored == stored && other->rows == rows) return LS_OK;
  }
  LS_TRY(measure(p, rows, slices_of(p, rows), stored, &m));
  memmove(&p->at[i + 1], &p->at[i], (size_t)(p->points - i) * sizeof *p->at);
  p->at[i] = m;
  p->points++;
  return LS_OK;
}

/* What is measured with the most rows; NULL: nothing is. */
static const measured *largest(const forecast *p, bool stored) {
  const measured *found = NULL;
  for (int i = 0; i < p->points; i++)
    if (p->at[i].stored == stored) found = &p->at[i];
  return found;
}

/* Four and sixteen times these rows, for larger batches; as long as a step is short. */
static ls_status measure_larger(forecast *p, bool stored) {
  static const double SHORT = 0.1;
  for (int i = 0; i < LARGER; i++) {
    const measured *m = largest(p, stored);
    if (!m || m->work > SHORT || m->rows >= p->samples) return LS_OK;
    LS_TRY(add(p, 4 * m->rows < p->samples ? 4 * m->rows : p->samples, stored));
  }
  return LS_OK;
}

/* The config's own minibatch on one rank first: it says how large `full` is. Then what each number
 * of ranks has, and half of that, for other batches. */
static ls_status measure_all(forecast *p) {
  const ls_config *config = p->cli->config;
  LS_TRY(measure(p, config->batch, (int)config->slices, false, &p->at[0]));
  p->points = 1;
  p->batch = p->at[0].rows;
  p->slices = p->at[0].slices;
  for (int i = 0; i < p->counts; i++) {
    const int64_t rows = rows_of(p, p->ranks[i], p->batch);
    if (!p->weak && p->ranks[i] > p->batch)
      return ls_fail(LS_EUSAGE, "--ranks %d: a minibatch of %jd has no sample for each",
                     p->ranks[i], p->batch);
    LS_TRY(add(p, rows, is_stored(p, p->ranks[i])));
    if (rows > 1) LS_TRY(add(p, rows / 2, is_stored(p, p->ranks[i])));
  }
  LS_TRY(measure_larger(p, false));
  return measure_larger(p, true);
}

/* Bytes a second of sums whose operands no second-level cache holds, as it is with another rank's.
 */
static ls_status measure_sums(ls_dtype precision, double *rate) {
  enum { COUNT = 1 << 21, ROUNDS = 9 };
  const size_t size = ls_dtype_size(precision);
  char *block;
  double fastest = INFINITY;
  LS_TRY(ls_mem_new((void **)&block, 3 * COUNT, size));
  for (int i = 0; i < ROUNDS; i++) {
    const double start = ls_time();
    LS_REAL_OF(precision, ls_sum)(block, block + COUNT * size, block + 2 * COUNT * size, COUNT);
    fastest = fmin(fastest, ls_time() - start);
  }
  LS_FREE(block);
  *rate = 3.0 * COUNT * (double)size / fastest;
  return LS_OK;
}

/* ---- foretelling ---- */

/* Between two that are measured, and beyond them, along a line. */
static measured at_rows(const forecast *p, int64_t rows, bool stored) {
  int lo = 0, last = p->points;
  while (p->at[lo].stored != stored) lo++;
  while (p->at[last - 1].stored != stored) last--;
  while (lo + 2 < last && p->at[lo + 1].rows < rows) lo++;
  const measured *a = &p->at[lo], *b = lo + 1 < last ? a + 1 : a;
  const double t = b == a ? 0 : (double)(rows - a->rows) / (double)(b->rows - a->rows);
  return (measured){.rows = rows,
                    .work = fmax(a->work + t * (b->work - a->work), 0),
                    .update = a->update + fmin(fmax(t, 0), 1) * (b->update - a->update),
                    .memory = fmax(a->memory + t * (b->memory - a->memory), 0)};
}

/* Weights, and gradients or, on one node, the rows that they are made from. Sets what part of the
 * gradients is stored and summed. */
static double read_near(const forecast *p, const ls_cost_shape *s, int64_t rows, double *stored) {
  const double others = (double)(s->node_size - 1) / s->node_size;
  int64_t made = 0, bytes = 0;
  if (s->nodes == 1)
    bytes = ls_model_would_gather(p->run->model, rows * s->node_size, s->node_size, &made);
  *stored = 1 - (double)made / (double)p->run->parameters;
  return others * p->gradient * (1 + *stored) + (double)bytes;
}

static bool is_power_of_two(int n) { return (n & (n - 1)) == 0; }

static outlook foretell(const forecast *p, int ranks, int64_t batch) {
  outlook q = {.ranks = ranks, .shape = shape_of(p, ranks), .rows = rows_of(p, ranks, batch)};
  const measured m = at_rows(p, q.rows, is_stored(p, ranks));
  q.slices = ranks * slices_of(p, q.rows);
  if (is_power_of_two(q.shape.node_size)) q.halvings = ls_cost_halvings(&q.shape, false);
  q.cost = ls_cost_of(&q.shape, &p->network, q.halvings);
  double stored;
  q.near_bytes = read_near(p, &q.shape, q.rows, &stored);
  q.near = q.shape.node_size > 1 ? q.near_bytes * p->near.byte + p->near.barriers : 0;
  q.cost.sums *= stored;
  q.work = m.work;
  q.update = m.update / ranks;
  q.step = q.work + q.update + q.near + q.cost.sums + q.cost.network + q.cost.messages;
  return q;
}

static double samples_of(const forecast *p, int ranks, int64_t batch) {
  return (double)batch * (p->weak ? ranks : 1);
}

/* Beside one rank: of the whole batch (strong), or of a rank's rows (weak). */
static double efficiency(const forecast *p, int ranks, int64_t batch) {
  const outlook one = foretell(p, 1, batch), q = foretell(p, ranks, batch);
  return one.step / q.step / (p->weak ? 1 : ranks);
}

static const double ENOUGH = 0.8;

/* The most rows of a rank about which something is known. */
static int64_t known_rows(const forecast *p, int ranks) {
  return largest(p, is_stored(p, ranks))->rows;
}

/* The least global minibatch of that efficiency; 0: there is none up to the rows that are known. */
static int64_t batch_enough(const forecast *p, int ranks) {
  const int64_t unit = p->weak ? 1 : ranks, most = known_rows(p, ranks);
  int64_t lo = 0, hi = 1;
  while (efficiency(p, ranks, hi * unit) < ENOUGH) {
    if (hi == most) return 0;
    lo = hi;
    hi = 2 * hi < most ? 2 * hi : most;
  }
  while (hi - lo > 1) {
    const int64_t mid = lo + (hi - lo) / 2;
    if (efficiency(p, ranks, mid * unit) < ENOUGH)
      lo = mid;
    else
      hi = mid;
  }
  return hi * ranks;
}

/* A rank's own, and its share of what its node has once; gradients lie there a part a rank; what
 * comes from other nodes, and what is summed to be sent there. */
static double memory_of(const forecast *p, const outlook *q) {
  const int near = q->shape.node_size;
  const double weights = p->gradient / near;
  double column = 0;
  if (q->shape.nodes > 1) column = near > 1 ? 2 * weights : weights;
  return at_rows(p, q->rows, is_stored(p, q->ranks)).memory + p->data / near + weights +
         p->gradient + p->vectors * p->gradient / q->ranks + column;
}

/* ---- telling ---- */

static const char look[] =
    "{mode} scaling of a batch of {batch}{?_weak} a rank{/}, from steps of one rank ({threads} "
    "{_threads}) here\n"
    "assumed: {network.latency_us:g} us to another node, {network.gbit:g} Gbit/s and up to "
    "{network.ranks_per_node} ranks a node\n"
    "(--network {network.latency_us:g},{network.gbit:g},{network.ranks_per_node}); "
    "{network.message_us:g} us to send a message. Measured: sums at {network.sums_gb_per_s:.1f} "
    "GB/s,\n{?network._near}{network.near_ns_per_kb:.0f} ns more for each KB that another core has "
    "written, {network.barriers_us:.1f} us of barriers{|}what other cores have written as fast as "
    "its own: there is one core here{/}\n\n"
    "ranks\trows\tstep us\tcompute\texchange\teff.\tMB sent\tMB mem.\tbatch 80%\t\n"
    "{*points}{ranks}\t{rows}\t{step_us:.0f}\t{_compute_us:.0f}\t{_exchange_us:.0f}\t"
    "{efficiency:.2f}\t{sent_bytes*1e-6:.2f}\t{memory_bytes*1e-6:.0f}\t{_batch_80}\t\n{/}\n"
    "{?more_may_pay}the largest number asked for is the fastest: more may pay{|}"
    "more than {pays} ranks do not pay: less than 5 % more samples/s{/}\n"
    "rows, MB sent to other nodes, MB of memory: a rank's; batch 80%: the global\n"
    "batch for an efficiency of 0.8\n";

static json_t *measured_json(const forecast *p) {
  json_t *list = json_array();
  for (int i = 0; i < p->points; i++) {
    json_t *item = ls_put_item(list);
    ls_put(item, "rows", p->at[i].rows);
    ls_put(item, "slices", p->at[i].slices);
    ls_put_bool(item, "stored", p->at[i].stored);
    ls_put(item, "work_us", 1e6 * p->at[i].work);
    ls_put(item, "update_us", 1e6 * p->at[i].update);
    ls_put(item, "memory_bytes", p->at[i].memory);
  }
  return list;
}

static json_t *network_json(const forecast *p) {
  json_t *o = json_object();
  ls_put(o, "latency_us", 1e6 * p->network.latency);
  ls_put(o, "gbit", 8e-9 * p->network.link);
  ls_put(o, "ranks_per_node", p->most);
  ls_put(o, "message_us", 1e6 * p->network.message);
  ls_put(o, "sums_gb_per_s", 1e-9 * p->network.sums);
  ls_put_bool(o, "_near", p->near.barriers > 0);
  ls_put(o, "near_ns_per_kb", 1e12 * p->near.byte);
  ls_put(o, "barriers_us", 1e6 * p->near.barriers);
  return o;
}

static void put_point(const forecast *p, const outlook *q, json_t *item) {
  const int64_t enough = batch_enough(p, q->ranks);
  ls_put(item, "ranks", q->ranks);
  ls_put(item, "nodes", q->shape.nodes);
  ls_put(item, "rows", q->rows);
  ls_put(item, "slices", q->slices);
  ls_put(item, "halvings", q->halvings);
  ls_put(item, "work_us", 1e6 * q->work);
  ls_put(item, "update_us", 1e6 * q->update);
  ls_put(item, "near_bytes", q->near_bytes);
  ls_put(item, "near_us", 1e6 * q->near);
  ls_put(item, "sums_us", 1e6 * q->cost.sums);
  ls_put(item, "network_us", 1e6 * q->cost.network);
  ls_put(item, "messages_us", 1e6 * q->cost.messages);
  ls_put(item, "_compute_us", 1e6 * (q->work + q->update));
  ls_put(item, "_exchange_us", 1e6 * (q->near + q->cost.sums + q->cost.network + q->cost.messages));
  ls_put(item, "step_us", 1e6 * q->step);
  ls_put(item, "samples_per_s", samples_of(p, q->ranks, p->batch) / q->step);
  ls_put(item, "efficiency", efficiency(p, q->ranks, p->batch));
  ls_put(item, "sent_bytes", q->shape.nodes > 1 ? ls_cost_sent(&q->shape) : 0);
  ls_put(item, "memory_bytes", memory_of(p, q));
  const int64_t above = known_rows(p, q->ranks) * q->ranks;
  char *text = ls_mem_format("%s%jd", enough > 0 ? "" : ">", enough > 0 ? enough : above);
  ls_put(item, "_batch_80", text);
  LS_FREE(text);
  ls_put(item, "batch_80", enough > 0 ? json_integer(enough) : json_null());
  ls_put(item, "batch_80_above", enough > 0 ? json_null() : json_integer(above));
}

/* The first number of ranks that none of the larger ones exceeds by 5 % in samples a second. */
static int pays(const forecast *p) {
  double best = 0;
  int found = p->counts - 1;
  for (int i = p->counts - 1; i >= 0; i--) {
    const double rate =
        samples_of(p, p->ranks[i], p->batch) / foretell(p, p->ranks[i], p->batch).step;
    best = fmax(best, rate);
    if (1.05 * rate >= best) found = i;
  }
  return found;
}

static json_t *answer_json(const forecast *p) {
  json_t *answer = json_object(), *list = json_array();
  const int threads = ls_bench_threads(p->o), last = pays(p);
  ls_put(answer, "mode", p->o->scaling);
  ls_put_bool(answer, "_weak", p->weak);
  ls_put(answer, "threads", threads);
  ls_put(answer, "_threads", threads > 1 ? "threads" : "thread");
  ls_put(answer, "batch", p->batch);
  ls_put(answer, "gradient_bytes", p->gradient);
  ls_put(answer, "data_bytes", p->data);
  ls_put(answer, "network", network_json(p));
  ls_put(answer, "measured", measured_json(p));
  for (int i = 0; i < p->counts; i++) {
    const outlook q = foretell(p, p->ranks[i], p->batch);
    put_point(p, &q, ls_put_item(list));
  }
  ls_put(answer, "points", list);
  ls_put(answer, "pays", p->ranks[last]);
  ls_put_bool(answer, "more_may_pay", last == p->counts - 1);
  return answer;
}

/* ---- what is asked for ---- */

/* LATENCY_US,GBIT[,RANKS_PER_NODE] */
static ls_status read_network(forecast *p) {
  double latency, gbit;
  int end = 0, most = 0;
  const char *text = p->o->network;
  p->network = ls_cost_usual;
  p->most = ls_comm_node_cores(p->cli->comm);
  if (!text) return LS_OK;
  const int found = sscanf(text, "%lf,%lf%n,%d%n", &latency, &gbit, &end, &most, &end);
  const bool good = found >= 2 && text[end] == '\0' && isfinite(latency) && isfinite(gbit);
  if (!good || latency < 0 || gbit <= 0 || (found == 3 && (most < 1 || most > 4096)))
    return ls_fail(LS_EUSAGE,
                   "--network %s: write it as LATENCY_US,GBIT[,RANKS_PER_NODE], as 2,100,16", text);
  p->network.latency = 1e-6 * latency;
  p->network.link = 1e9 / 8 * gbit;
  if (found == 3) p->most = most;
  return LS_OK;
}

static ls_status read_options(forecast *p) {
  LS_TRY(ls_bench_check(p->o));
  if (ls_comm_size(p->cli->comm) > 1)
    return ls_fail(LS_EUSAGE, "bench plan measures one rank; run it without mpirun");
  if (ls_config_lbfgs(p->cli->config))
    return ls_fail(LS_ECONFIG,
                   "bench plan measures updates of one cost, and an iteration of lbfgs takes as "
                   "many losses as its search asks for");
  LS_TRY(ls_bench_weak(p->o, &p->weak));
  p->counts = ls_bench_list(p->o->ranks, COUNTS_MAX, p->ranks);
  if (p->counts == 0)
    return ls_fail(LS_EUSAGE, "--ranks %s: write it as 1,2,4 or 2,4,...,4096", p->o->ranks);
  for (int i = 0; i < p->counts; i++)
    if (p->ranks[i] > LS_SLICES_MAX || (i > 0 && p->ranks[i] <= p->ranks[i - 1]))
      return ls_fail(LS_EUSAGE, "--ranks %s: they ascend, up to %d, which is the most slices",
                     p->o->ranks, LS_SLICES_MAX);
  return read_network(p);
}

ls_status ls_bench_plan(ls_cli *cli, const void *given) {
  forecast p = {.cli = cli, .o = given};
  LS_TRY(read_options(&p));
  ls_status status = measure_all(&p);
  if (status == LS_OK) status = measure_sums(cli->config->precision, &p.network.sums);
  if (status == LS_OK && ls_comm_cores(cli->comm) > 1)
    status = ls_bench_measure_near(cli->config->precision, p.gradient / 2, &p.near);
  if (status == LS_OK) ls_print(cli, answer_json(&p), look);
  ls_run_free(&p.run);
  return status;
}
