#!/bin/bash
# What the launcher says and gives: another MPI's launcher, srun without PMIx, few files, few cores.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cat >net.yaml <<C
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 400, test: 10}, scale: {type: divide, by: 255}}
model: {layers: [{units: 400, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.1}
train: {epochs: 1, batch: 200}
C
# refused CODE TEXT COMMAND...: with one line that has the text, and nothing done
refused() {
  local code=$1 text=$2 got=0; shift 2
  timeout 60 "$@" "$LOCKSTEP" train net.yaml -o refused >out 2>err || got=$?
  [ $got -eq "$code" ] && [ "$(grep -cF -- "$text" err)" -eq 1 ] || fail "$*: exit $got instead of $code, or no '$text': $(cat err)"
  [ ! -e refused ] || fail "$*: made the run folder"
}

# ---- copies that do not see each other ----
if "$LOCKSTEP" --version | grep -q 'Open MPI'; then pmi=pmix; else pmi=pmi2; fi
refused 64 "the launcher started 3 ranks, but 1 of them see each other" env PMI_SIZE=3 PMI_RANK=0
refused 64 "the launcher started 4 ranks, but 1 of them see each other" env OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=0
refused 64 "srun started 2 copies that cannot see each other; start them with: srun --mpi=$pmi" \
  env SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0
PMI_SIZE=3 PMI_RANK=1 on 0 train net.yaml -o refused 2>err
[ $? -eq 64 ] && [ ! -s err ] || fail "every copy speaks: $(cat err)"
case $(mpirun --version 2>&1) in
*Open*MPI*) other=mpirun.mpich ;;
*) other=mpirun.openmpi ;;
esac
if command -v $other >/dev/null; then
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 refused 64 "the launcher started 2 ranks, but 1 of them see each other" $other -n 2
fi
# a batch script's variables are no launcher's, and what started the launcher says nothing of the ranks
export SLURM_NTASKS=4 SLURM_PROCID=0 SLURM_JOB_ID=9 SLURM_STEP_NUM_TASKS=4
SLURM_STEP_ID=4294967291 on 0 train net.yaml -o batch -q --dry-run >out 2>err || fail "in a batch script: $(cat err)"
SLURM_STEP_ID=0 on 2 train net.yaml -o step -q --dry-run >out 2>err || fail "mpirun in a step: $(cat err)"
unset SLURM_NTASKS SLURM_PROCID SLURM_JOB_ID SLURM_STEP_NUM_TASKS

# ---- commands of one rank: the others do not wait for it, who may be lost ----
# shellcheck disable=SC2016
FIRST_STOPS='rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; [ "$rank" -ne 0 ] || { echo $$ >first; kill -STOP $$; }
  "$0" "$@"; code=$?; [ "$rank" -eq 0 ] || echo $code >others; exit $code'
timeout -k 5 100 "$MPIRUN" -n 2 sh -c "$FIRST_STOPS" "$LOCKSTEP" config show net.yaml >out 2>err &
job=$!
for ((i = 0; i < 400; i++)); do [ ! -s others ] || break; sleep 0.1; done
[ "$(cat others 2>&1)" = 0 ] || fail "rank 1 waits for rank 0, which has nothing for it: $(cat others err 2>&1)"
kill -CONT "$(cat first)"
wait $job || fail "config on two ranks: exit $?: $(cat err)"
rm -f others
on 3 config show net.yaml >out 2>err || fail "config on three ranks: exit $?: $(cat err)"
[ "$(grep -c '^version' out)" -eq 1 ] || fail "config on three ranks says: $(cat out)"
on 3 config show net.yaml train.epochs=-1 >out 2>err
[ $? -eq 78 ] && [ "$(grep -c 'error: ' err)" -eq 1 ] || fail "a wrong config on three ranks: $(cat err)"

# ---- files ----
LIMITED='ulimit -n 40; exec "$0" "$@"'
timeout 60 "$MPIRUN" -n 2 sh -c "$LIMITED" "$LOCKSTEP" train net.yaml -o refused >out 2>err
[ $? -eq 1 ] && grep -qF "may have only 40 files open here" err || fail "40 files: $(cat err)"

# ---- cores: of the mask and of the job; the same bits ----
threads() { # threads WANT COMMAND...
  local want=$1; shift
  "$@" "$LOCKSTEP" bench train net.yaml --steps 1 --warmup 0 --json >out 2>err || fail "$*: $(cat err)"
  grep -qE "\"threads\":$want\b" out || fail "$*: not $want threads: $(grep -o '"threads":[0-9]*' out)"
}
first=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
threads 1 taskset -c "$first"
threads 1 env SLURM_CPUS_PER_TASK=1

# A control group's quota: that of the root above this process's groups, of either version.
if [ "$(nproc)" -gt 1 ] && unshare -rm true 2>/dev/null; then
  # shellcheck disable=SC2016 # for the shell in the namespace
  QUOTA='groups=/sys/fs/cgroup; mount -t tmpfs groups $groups && mkdir $groups/cpu && echo "$0 100000" >$groups/cpu.max &&
    echo "$0" >$groups/cpu/cpu.cfs_quota_us && echo 100000 >$groups/cpu/cpu.cfs_period_us && exec "$@"'
  threads 1 unshare -rm sh -c "$QUOTA" 150000
  threads 2 unshare -rm sh -c "$QUOTA" 200000
else
  echo "quotas are not tried: they want two cores and a mount namespace"
fi

# ---- ranks that may not look at each other's processes, as in containers of their own, share no memory; by messages they train ----
if unshare -r true 2>/dev/null; then
  timeout 60 "$MPIRUN" -n 2 unshare -r "$LOCKSTEP" train net.yaml -o refused >out 2>err
  code=$?
  [ $code -eq 74 ] && grep -q 'cannot open the shared memory of rank 0 as /proc/.*set LOCKSTEP_RANKS_PER_NODE=1$' err ||
    fail "ranks in user namespaces of their own: exit $code: $(cat err)"
  [ ! -e refused ] || fail "ranks in user namespaces of their own: made the run folder"
  LOCKSTEP_RANKS_PER_NODE=1 timeout 60 "$MPIRUN" -n 2 unshare -r "$LOCKSTEP" train net.yaml -o apart -q >out 2>err || fail "by messages: exit $?: $(cat err)"
  run 0 train net.yaml -o alone -q
  same alone apart "user namespaces"
fi
finish
