#!/bin/bash
# The scripts of lockstep slurm run by Slurm: two nodes on this machine, in namespaces of their own that end with this test. A job that
# is told to stop is requeued and ends in the bytes of one that was not; arrays of seeds; data by sbcast; a chain. Needs root and
# Slurm's daemons; says so and skips where there are none.
# label: full
# shellcheck source-path=SCRIPTDIR/..
set -u
. "$SOURCE/tests/lib.sh"
skip() { echo "skipped, Slurm does not run here: $*"; exit 77; }
if [ -z "${INSIDE:-}" ]; then
  [ "$(id -u)" -eq 0 ] || skip "not root"
  for tool in munged slurmctld slurmd srun sbatch unshare ip; do
    command -v $tool >/dev/null || skip "$tool is not installed (apt-get install munge slurmd slurmctld slurm-client)"
  done
  mpirun --version | grep -q 'Open MPI' || skip "its pmix is for Open MPI"
  INSIDE=yes exec unshare --mount --pid --net --uts --ipc --fork --mount-proc --kill-child bash "$0" "$@"
fi
# Each node has a /tmp of its own, so work is done under /mnt.
hostname head && mount --make-rprivate / && mount --bind "$PWD" /mnt && cd /mnt || skip "no mounts"
mount -t tmpfs run /run
printf '127.0.0.1 localhost\n10.79.0.1 head n1 n2\n' >hosts && mount --bind hosts /etc/hosts
ip link set lo up && ip link add eth0 type veth peer name eth1 && ip link set eth1 up && ip addr add 10.79.0.1/24 dev eth0 &&
  ip link set eth0 up || skip "no network"
export TMPDIR=/tmp PATH=$PWD:$PATH OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
unset OMPI_MCA_orte_tmpdir_base
cp "$LOCKSTEP" lockstep && LOCKSTEP=$PWD/lockstep
cp -r "$SMALL" data

mkdir munge slurm slurm/state slurm/n1 slurm/n2 && chmod 700 munge
head -c 1024 /dev/urandom >munge/key && chmod 600 munge/key
munged --force --key-file="$PWD/munge/key" --socket="$PWD/munge/socket" --pid-file="$PWD/munge/pid" --log-file="$PWD/munge/log" \
  --seed-file="$PWD/munge/seed" 2>said || skip "munged: $(cat said)"
cat >slurm/slurm.conf <<C
ClusterName=mini
SlurmctldHost=head(10.79.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$PWD/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation=$PWD/slurm/state
SlurmdSpoolDir=$PWD/slurm/%n
SlurmctldPidFile=$PWD/slurm/head.pid
SlurmdPidFile=$PWD/slurm/%n.pid
SlurmctldLogFile=$PWD/slurm/head.log
SlurmdLogFile=$PWD/slurm/%n.log
NodeName=n1 NodeHostname=head NodeAddr=10.79.0.1 Port=17001 CPUs=4 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname=head NodeAddr=10.79.0.1 Port=17002 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
C
export SLURM_CONF=$PWD/slurm/slurm.conf
slurmctld 2>said || skip "slurmctld: $(cat said)"
for n in n1 n2; do
  unshare --mount --uts sh -c "hostname $n && mount -t tmpfs tmp /tmp && exec slurmd -N $n" 2>said || skip "slurmd: $(cat said)"
done
for ((i = 0; i < 100; i++)); do [ "$(sinfo -h -t idle -o %D 2>/dev/null)" != 2 ] || break; sleep 0.2; done
[ "$(sinfo -h -t idle -o %D)" = 2 ] || skip "nodes do not come up: $(sinfo; tail -n 3 slurm/*.log)"
timeout 60 srun --mpi=pmix -N 2 --ntasks-per-node=1 hostname >names 2>&1 || skip "srun --mpi=pmix: $(cat names)"
[ "$(sort names | xargs)" = "n1 n2" ] || fail "two nodes are: $(cat names)"

cat >net.yaml <<'C'
version: 1
data: {type: idx, dir: data, limit: {train: 600, test: 100}, scale: {type: divide, by: 255}}
model: {layers: [{units: 16, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.001}
train: {epochs: 3, batch: 60, slices: 8}
C
script() { "$LOCKSTEP" slurm net.yaml "$@" >job.sh 2>err || fail "slurm $*: $(cat err)"; }
state() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | sort -u | xargs; }
ended() { # ended JOB STATE: it comes to this end
  local i
  for ((i = 0; i < 600; i++)); do [ "$(state "$1")" != "$2" ] || return 0; sleep 0.2; done
  fail "job $1 is $(state "$1"), not $2: $(cat ./*.log)"
}
run 0 train net.yaml -o one -q

# Placed evenly on both nodes, by srun and pmix, with the bits of one rank.
script -N 2 -n 4 -t 10 -o plain
grep -q '^srun --mpi=pmix' job.sh || fail "not by srun: $(cat job.sh)"
ended "$(sbatch --parsable job.sh)" COMPLETED
same one plain "two nodes"
grep -q '"hosts":\["n1","n1","n2","n2"\]' plain/record.json || fail "placed: $(grep -o '"hosts":[^]]*' plain/record.json)"

# Told to stop as before a time limit: requeued, goes on, ends in the same bytes.
script train.epochs=3000 checkpoint.every=never -N 2 -n 4 -t 30 -o again
sed -i "s/train.epochs=3000/train.epochs=\$(cat epochs) --allow train.epochs/" job.sh
echo 100000 >epochs
job=$(sbatch --parsable job.sh)
for ((i = 0; i < 300; i++)); do grep -q '"epoch":3,' again/metrics.jsonl 2>/dev/null && break; sleep 0.2; done
scancel --signal=USR1 "$job"
for ((i = 0; i < 300; i++)); do [ "$(state "$job")" != PENDING ] || break; sleep 0.2; done
[ "$(state "$job")" = PENDING ] || fail "not requeued: $(state "$job"): $(cat ./*.log)"
grep -q 'next: srun --mpi=pmix -N 2 -n 4 lockstep train net.yaml' net-"$job".log || fail "it names another start: $(grep next: net-"$job".log)"
stopped=$(sed -n 's/.*stopped at step \([0-9]*\) of.*/\1/p' net-"$job".log)
echo $((stopped / 10 + 5)) >epochs # 10 steps an epoch
sleep 3 # a node takes no job again in the second in which it has ended it
scontrol update JobId="$job" StartTime=now
ended "$job" COMPLETED
grep -q 'resuming at step' net-"$job".log || fail "it did not go on: $(cat net-"$job".log)"
run 0 train net.yaml -o never -q train.epochs="$(cat epochs)" checkpoint.every=never
same never again "requeued"

# A node that goes down under a job: Slurm kills what it had there, queues the job again, and it goes on from its last checkpoint.
script train.epochs=100000000 "checkpoint.every=50 steps" -N 1 -n 2 -t 30 -o down
job=$(sbatch --parsable job.sh)
for ((i = 0; i < 300; i++)); do grep -q '^committed' net-"$job".log 2>/dev/null && break; sleep 0.2; done

first=$(scontrol show job "$job" | sed -n 's,^ *NodeList=,,p')
scontrol update NodeName="$first" State=DOWN Reason=tried
for ((i = 0; i < 40; i++)); do # it may be queued once more while the node still holds what is left of it
  sleep 3
  grep -q 'resuming at step' net-"$job".log && break
  [ "$(state "$job")" != PENDING ] || scontrol update JobId="$job" StartTime=now
done
grep -q 'resuming at step' net-"$job".log || fail "a node that is down: $(state "$job"): $(cat net-"$job".log)"
scancel "$job"
ended "$job" CANCELLED
scontrol update NodeName="$first" State=RESUME 2>said || true # where it has come back by itself, there is nothing to resume

# bench scaling by srun, inside of an allocation.
salloc -N 2 --ntasks-per-node=2 "$LOCKSTEP" bench scaling net.yaml --ranks 2,4 --repeat 1 --steps 20 --warmup 5 --json \
  --launcher 'srun --mpi=pmix -N 2 -n' >out 2>err || fail "bench scaling by srun: exit $?: $(cat err)"
grep -q '"ranks":4,.*"efficiency":[0-9]' out || fail "bench scaling by srun: $(cat out)"

# An array of seeds; the data on the nodes' own disks.
script -N 1 -n 2 -t 10 -o seeds --seeds 3-4 --sbcast
job=$(sbatch --parsable job.sh)
ended "${job}_3" COMPLETED
ended "${job}_4" COMPLETED
run 0 train net.yaml -o three -q --seed 3
same three seeds/seed-3 "seed 3 of an array"
grep -q 'data.dir=/tmp/lockstep-' seeds/seed-4/record.json || fail "not the copies: $(cat seeds/seed-4/record.json)"

# A chain, by mpirun: what is behind the job that ends the run is dropped.
script -N 2 -n 4 -t 10 -o chain --chain 2 --launcher mpirun
bash job.sh || fail "the chain's script: exit $?"
jobs=$(squeue -h -o %i -S i | xargs)
[ "$(wc -w <<<"$jobs")" -eq 2 ] || fail "the chain is of jobs $jobs"
ended "${jobs%% *}" COMPLETED
ended "${jobs##* }" CANCELLED
same one chain "by mpirun"
finish
