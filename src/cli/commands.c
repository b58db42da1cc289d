/* commands.c - the table of commands; help and did-you-mean read it too. */
#include <string.h>

#include "cli/cli.h"

const ls_command ls_commands[] = {
    {"train", ls_cmd_train, "train the network that a config describes",
     "Usage: lockstep train CONFIG [KEY=VALUE...] [options]\n"
     "       mpirun -n N lockstep train CONFIG [KEY=VALUE...] [options]\n"
     "\nExamples:\n"
     "  lockstep train net.yaml                              # one process, into runs/net/1\n"
     "  mpirun -n 8 lockstep train net.yaml -o runs/a        # eight ranks, the same numbers\n"
     "  lockstep train net.yaml optimizer.lr=0.01 --seed 2   # change the config from the command "
     "line\n"
     "  lockstep train net.yaml -o runs/a --resume=auto      # go on where it was, or begin\n"
     "  lockstep train net.yaml --dry-run                    # check, show shapes and memory, do "
     "nothing\n",
     true, true},
    {"eval", ls_cmd_eval, "loss and accuracy of a checkpoint on data",
     "Usage: lockstep eval CKPT [--data CONFIG|FILE] [--no-header] [--split "
     "train|validation|test|all] [--confusion] [--top-k K]\n"
     "\nExamples:\n"
     "  lockstep eval runs/a/final.h5                        # the test data of its own config\n"
     "  lockstep eval runs/a/final.h5 --split all --json\n"
     "  lockstep eval runs/a/final.h5 --data other.yaml --confusion\n"
     "  lockstep eval runs/a/final.h5 --data other.csv       # the columns by their names, all "
     "samples\n",
     true, false},
    {"predict", ls_cmd_predict, "outputs of a checkpoint for new inputs",
     "Usage: lockstep predict CKPT -i FILE[:DATASET] -o OUT.h5 [--no-header]\n"
     "\nExamples:\n"
     "  lockstep predict runs/a/final.h5 -i new.h5:/inputs -o out.h5    # writes /predictions "
     "(samples, outputs)\n"
     "  mpirun -n 4 lockstep predict runs/a/final.h5 -i new.csv -o out.h5    # the columns by "
     "their names\n"
     "  lockstep predict runs/a/final.h5 -i new.csv -o out.h5 --no-header    # it has none: by "
     "position\n",
     true, false},
    {"export", ls_cmd_export, "a network as a program in another language",
     "Usage: lockstep export CKPT --to c -o FILE [--name NAME]\n"
     "\nExamples:\n"
     "  lockstep export runs/a/final.h5 --to c -o flux.c     # flux.c and flux.h: flux_predict and "
     "flux_jacobian\n",
     false, false},
    {"inspect", ls_cmd_inspect, "what a checkpoint, a run folder or a data file holds",
     "Usage: lockstep inspect CKPT|RUN|DATA [--verify]\n"
     "\nExamples:\n"
     "  lockstep inspect runs/a                              # its config, checkpoints and last "
     "metrics\n"
     "  lockstep inspect runs/a/final.h5 --json              # tensors, global_step, weights_hash\n"
     "  lockstep inspect runs/a/final.h5 --verify            # exit 65 on any damage\n",
     false, false},
    {"config", ls_cmd_config, "make, check or show a config",
     "Usage: lockstep config init KIND | check CONFIG | show CONFIG [KEY=VALUE...] [--origin] | "
     "schema\n"
     "\nExamples:\n"
     "  lockstep config init mlp > net.yaml                  # a commented config to start from\n"
     "  lockstep config check net.yaml                       # all errors at once; never opens the "
     "data\n"
     "  lockstep config show net.yaml optimizer.lr=0.1 --origin   # every value, and where it "
     "comes from\n",
     false, true},
    {"data", ls_cmd_data, "look into, import or split data files",
     "Usage: lockstep data info DATA\n"
     "       lockstep data import DATA -o OUT.h5 [--x X] [--y Y] [options]\n"
     "       lockstep data split DATA -o OUT.h5 --test F [--validation F] [options]\n"
     "\nExamples:\n"
     "  lockstep data info /usr/share/datasets/fashion-mnist\n"
     "  lockstep data import table.csv --x a,b,3-7 --y price -o table.h5\n"
     "  lockstep data split table.csv --x a,b,3-7 --y price --test 0.1 --validation 0.1 -o "
     "table.h5\n",
     false, false},
    {"schedule", ls_cmd_schedule, "learning rates before training: table, CSV or plot",
     "Usage: lockstep schedule CONFIG [KEY=VALUE...] [--steps N | --at J,J,...] [--csv | -o "
     "FILE.svg]\n"
     "\nExamples:\n"
     "  lockstep schedule net.yaml                           # where the rate is 1/10, 1/100 ... "
     "of the initial one\n"
     "  lockstep schedule net.yaml --at 0,1199,1200 --csv    # the rates that these updates use\n"
     "  lockstep schedule net.yaml schedule.decay_rate=0.5 --steps 5000 -o lr.svg\n",
     false, true},
    {"plot", ls_cmd_plot, "pictures of runs: cost, rate, path of the weights, comparison",
     "Usage: lockstep plot cost|lr|path|compare RUN... -o FILE.svg|.png|.pdf|- [--keep-script]\n"
     "\nExamples:\n"
     "  lockstep plot cost runs/a -o cost.svg                # loss and val_loss against the "
     "epoch\n"
     "  lockstep plot cost runs/a runs/b -o -                # side by side, in the terminal\n"
     "  lockstep plot compare runs/sgd-* runs/adam-* -o c.pdf  # runs that differ in their seed "
     "become a mean with its spread\n"
     "  lockstep plot path runs/toy -o path.svg              # two parameters over contour lines "
     "of the cost\n"
     "  lockstep plot path runs/toy --surface -o path.png    # the same over the surface\n",
     false, false},
    {"compare", ls_cmd_compare, "a table of finished runs, grouped over seeds",
     "Usage: lockstep compare RUN...\n"
     "\nExamples:\n"
     "  lockstep compare runs/*\n"
     "  lockstep compare runs/a runs/b --json\n",
     false, false},
    {"order", ls_cmd_order, "which samples an update uses",
     "Usage: lockstep order CONFIG [KEY=VALUE...] --step J\n"
     "\nExamples:\n"
     "  lockstep order net.yaml --step 0                     # file numbers of the first "
     "minibatch, one a line\n",
     false, false},
    {"bench", ls_cmd_bench, "how fast training and its parts are here",
     "Usage: lockstep bench train|gemm|allreduce|scaling|checkpoint CONFIG [options]\n"
     "\nExamples:\n"
     "  lockstep bench train net.yaml --steps 2000 --warmup 200 --json\n"
     "  mpirun -n 4 lockstep bench allreduce net.yaml\n"
     "  lockstep bench scaling net.yaml --ranks 1,2,4 --mode strong\n",
     true, true},
    {"help", ls_cmd_help, "help on a command or a config key",
     "Usage: lockstep help [COMMAND|KEY]\n"
     "\nExamples:\n"
     "  lockstep help train\n"
     "  lockstep help optimizer.lr\n",
     false, false},
    {NULL, NULL, NULL, NULL, false, false}};

const ls_command *ls_command_find(const char *name) {
  for (const ls_command *c = ls_commands; c->name; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}
