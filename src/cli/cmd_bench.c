/* cmd_bench.c - lockstep bench: its options; the benchmarks are in bench/. */
#include "cli/bench/bench.h"

#define OPTION(member, ...) LS_OPTION(ls_bench_options, member, __VA_ARGS__)
static const ls_option bench_options[] = {
    OPTION(steps, "steps", 0, "N", "measured steps or rounds (default 1000)"),
    OPTION(warmup, "warmup", 0, "W", "steps before them (default 100)"),
    OPTION(threads, "threads", 0, "N", "threads a rank (default: its cores; plan: 1)"),
    OPTION(ranks, "ranks", 0, "LIST",
           "scaling, plan: numbers of ranks, as 1,2,4 or 2,4,...,4096 (default 1,2)",
           "scaling or plan"),
    OPTION(scaling, "mode", 0, "strong|weak",
           "scaling, plan: strong (the config's batch) or weak (batch times ranks)",
           "scaling or plan"),
    OPTION(launcher, "launcher", 0, "COMMAND",
           "scaling: what starts ranks, whose number comes behind it (default: mpirun here)",
           "scaling"),
    OPTION(network, "network", 0, "LATENCY_US,GBIT[,RANKS_PER_NODE]",
           "plan: of the nodes (default 2,100 and the cores of this one)", "plan"),
    OPTION(repeat, "repeat", 0, "N", "scaling: runs of each, taken in turn (default 3)", "scaling"),
    OPTION(sizes, "sizes", 0, "LIST", "checkpoint: millions of parameters (default 1,10,100)",
           "checkpoint"),
    OPTION(dir, "dir", 0, "DIR", "checkpoint: where to write (default: here)", "checkpoint"),
    {0}};

const ls_command ls_command_bench = {
    .name = "bench",
    .help = "how fast training and its parts are here",
    .usage =
        "Usage: lockstep bench train|gemm|allreduce|scaling|plan|checkpoint CONFIG [options]\n"
        "\nExamples:\n"
        "  lockstep bench train net.yaml --steps 2000 --warmup 200 --json\n"
        "  mpirun -n 4 lockstep bench allreduce net.yaml\n"
        "  lockstep bench scaling net.yaml --ranks 1,2,4 --mode strong\n"
        "  lockstep bench plan net.yaml --ranks 2,4,...,4096 --network 2,100,16\n",
    .parallel = true,
    .plugins = true,
    .options = bench_options,
    .size = sizeof(ls_bench_options),
    .defaults = &(const ls_bench_options){.steps = 1000,
                                          .warmup = 100,
                                          .repeat = 3,
                                          .scaling = "strong",
                                          .ranks = "1,2",
                                          .sizes = "1,10,100",
                                          .dir = "."},
    .verb = {{.name = "train", .run = ls_bench_train, .config = true},
             {.name = "gemm", .run = ls_bench_gemm, .config = true},
             {.name = "allreduce", .run = ls_bench_allreduce, .config = true},
             {.name = "scaling", .run = ls_bench_scaling, .config = true},
             {.name = "plan", .run = ls_bench_plan, .config = true},
             {.name = "checkpoint", .run = ls_bench_checkpoint}}};
