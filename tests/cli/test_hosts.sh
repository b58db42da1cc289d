#!/bin/bash
# Two and three hosts on one machine: network, host name and /dev/shm namespaces joined by cables (hosts.sh). The bits of one host, whichever
# way ranks are spread over them, for every exchange. Needs root or user namespaces; says so and skips where there are none.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# shellcheck source=tests/hosts.sh
. "$SOURCE/tests/hosts.sh"
mpirun --version | grep -q 'Open MPI' || skip "the options below are Open MPI's"
hosts_enter "$@"
hosts_make 3
h2=${host_pid[2]}
net="--mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_if_include 10.77.0.0/24 --mca btl tcp,self,vader"
hosts() { # hosts HERE THERE COMMAND...: so many ranks on each host, and THIRD on a third one
  local here=$1 there=$2; shift 2
  # shellcheck disable=SC2086 # lists of options
  timeout -k 5 "${LIMIT:-240}" "$MPIRUN" --mca plm rsh --mca plm_rsh_agent "$PWD/agent" $net ${DEALT:-} --host "h1:$here,h2:$there${THIRD:+,h3:$THIRD}" \
    -n $((here + there + ${THIRD:-0})) "$@"
}

hosts 1 3 hostname >names || fail "mpirun over two hosts: exit $?"
[ "$(sort names | uniq -c | awk '{ print $1 $2 }' | xargs)" = "1h1 3h2" ] || fail "no two hosts: $(cat names)"

# Random shapes of parameters, shards, slices: each exchange against the tree by its definition.
for spread in "1 3" "3 1" "2 3"; do
  [ -x "$BUILD/tests/mpi_test_exchange" ] || break
  # shellcheck disable=SC2086
  hosts $spread "$BUILD/tests/mpi_test_exchange" >said 2>&1 || fail "mpi_test_exchange on $spread: exit $?: $(cat said)"
done

# Training: 11 slices and 3 ranks on a host divide nothing.
cp -r "$SMALL" data
cat >net.yaml <<C
version: 1
seed: 7
data: {type: idx, dir: data, limit: {train: 700, test: 100}, validation: {share: 0.1, how: last}, scale: {type: divide, by: 255}}
model: {layers: [{units: 33, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {epochs: 3, batch: 50, slices: 11}
guard: {desync_every: 5 steps}
C
on 0 train net.yaml -o one -q 2>err || fail "one rank: exit $?: $(cat err)"
numbers_of one >numbers
trained() { # trained NAME HERE THERE ARGUMENT...: on two hosts, with the numbers and weights of one rank
  local run=$1 here=$2 there=$3; shift 3
  hosts "$here" "$there" "$LOCKSTEP" train net.yaml -o "$run" -q "$@" 2>err || fail "$run: exit $?: $(cat err)"
  numbers_of "$run" | diff numbers - || fail "$run: other metrics than on one rank"
  [ "$(hash_of "$run/final.h5")" = "$(hash_of one/final.h5)" ] || fail "$run: other weights than on one rank"
}
trained auto-1-3 1 3
trained shared-3-1 3 1 train.exchange=shared
trained tree-1-3 1 3 train.exchange=tree
trained tree-3-1 3 1 train.exchange=tree
grep -q '"hosts":\["h1","h2","h2","h2"\]' auto-1-3/record.json || fail "record.json names other hosts: $(cat auto-1-3/record.json)"
grep -qE '"exchange":"(shared|tree)"' auto-1-3/metrics.jsonl || fail "auto chose $(grep -o '"exchange":"[a-z]*"' auto-1-3/metrics.jsonl)"

# Dealt out round the hosts, the ranks are numbered host by host all the same: what crosses the cable does not grow.
cable() { awk '/eth0:/ { print $2 + $10 }' /proc/net/dev; } # bytes so far, both ways
before=$(cable)
trained by-slot 2 2 train.exchange=shared
between=$(cable)
DEALT="--map-by node" trained by-node 2 2 train.exchange=shared
after=$(cable)
grep -q '"hosts":\["h1","h1","h2","h2"\]' by-node/record.json || fail "record.json: $(grep -o '"hosts":[^]]*' by-node/record.json)"
echo "over the cable: $((between - before)) bytes by slot, $((after - between)) by node"
[ $((20 * (after - between))) -lt $((21 * (between - before))) ] || fail "by node, more crosses the cable"

# bench scaling with a launcher of ours.
OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=$PWD/agent on 0 bench scaling net.yaml --ranks 1,2 --repeat 1 --steps 20 --warmup 5 --json \
  --launcher "$MPIRUN $net --host h1:1,h2:1 --map-by node -n" >out 2>err || fail "bench scaling over hosts: $(cat err)"
grep -q '"efficiency":[0-9]' out || fail "bench scaling over hosts: $(cat out)"
refused 64 "behind which the number of ranks stands" bench scaling net.yaml --launcher " "

# Three hosts of 3, 2 and 1 ranks; every spread, way of dealing out, exchange and MPI: scripts/hosts.
THIRD=1 trained three-by-slot 3 2 train.exchange=tree
THIRD=1 DEALT="--map-by node" trained three-by-node 3 2 train.exchange=shared
grep -q '"hosts":\["h1","h1","h1","h2","h2","h3"\]' three-by-node/record.json || fail "record.json: $(grep -o '"hosts":[^]]*' three-by-node/record.json)"

# Downpour: each host's first rank serves a shard of the parameters over the cable; each sample counts once an epoch.
awk 'BEGIN { print "x,y"; for (i = 0; i < 400; i++) printf "%d,%.0f\n", i, 2 ^ (i % 40) }' >powers.csv
sed -e 's/^data:.*/data: {type: csv, train: {file: powers.csv, x: [x], y: [y]}}/' -e 's/^model:.*/model: {init: zeros, layers: [{units: 1}]}/' \
  -e 's/^loss:.*/loss: mae/' -e 's/^optimizer:.*/optimizer: {type: sgd, lr: 1e-300}/' \
  -e 's/^train:.*/train: {epochs: 3, batch: 3, slices: 1, precision: float64, mode: downpour}/' net.yaml >count.yaml
for spread in "1 2" "3 1"; do
  # shellcheck disable=SC2086 # two numbers
  hosts $spread "$LOCKSTEP" train count.yaml -o "count-${spread// /-}" -q 2>err || fail "downpour on $spread: exit $?: $(cat err)"
  [ "$(grep -c '"epoch".*"loss":27487790694.375,' "count-${spread// /-}/metrics.jsonl")" -eq 3 ] || fail "downpour on $spread: samples lost or doubled"
done
# Nor is a push: each minibatch's gradient is -1 for the bias and minus the mean of x for the weight, 2^-30 of it a step (tests/cli/asynchronous.sh).
awk 'NR == 1 { print } NR > 1 { printf "%d,1e12\n", 2 ^ (NR % 20) }' powers.csv >flat.csv
printf 'x\n0\n1\n' >sums.csv
hosts 1 2 "$LOCKSTEP" train count.yaml data.train.file=flat.csv train.batch=4 optimizer.lr=9.313225746154785e-10 -o pushed -q 2>err || fail "downpour: exit $?: $(cat err)"
on 0 predict pushed/final.h5 -i sums.csv -o - 2>err | grep '^[0-9]' >out
awk 'NR == 1 { b = $1 } NR == 2 { y = $1 } END { exit !(NR == 2 && b * 2 ^ 30 == 300 && (y - b) * 2 ^ 30 == 15 * (2 ^ 20 - 1)) }' out ||
  fail "downpour on two hosts: not 300 updates of 2^-30, and all x three times: $(cat out)"
hosts 1 1 "$LOCKSTEP" train net.yaml optimizer.type=adagrad train.mode=downpour -o downpour -q 2>err || fail "downpour: exit $?: $(cat err)"
sed -n 's/^{"event":"epoch".*"val_loss":\([^,]*\),.*/\1/p' downpour/metrics.jsonl | awk 'NR == 1 { first = $1 } END { exit !($1 < first) }' ||
  fail "downpour on two hosts does not learn: $(grep '"epoch"' downpour/metrics.jsonl)"

# Stopped on one host, gone on with on two: the file of a run that nobody stopped.
on 2 train net.yaml -o stopped -q train.epochs=none train.steps=20 2>err || fail "stopped: exit $?: $(cat err)"
trained stopped 2 3 --resume=auto
cmp one/final.h5 stopped/final.h5 || fail "stopped: another file than on one rank"

# What is wrong on the far host is said once, with rank and host, and both hosts end with its code.
refused() { # refused CODE TEXT
  local code=$1 text=$2 got=0
  hosts 1 3 "$LOCKSTEP" train net.yaml -o refused -q >out 2>err || got=$?
  [ $got -eq "$code" ] && [ "$(grep -cF "$text" err)" -eq 1 ] || fail "exit $got instead of $code, or no '$text': $(cat err)"
  [ ! -e refused ] || fail "$text: made the run folder"
}
far() { nsenter -t $h2 -m "$@"; }
cp -r data other
gzip -dc data/t10k-labels-idx1-ubyte.gz | tr '\5' '\6' | gzip >other/t10k-labels-idx1-ubyte.gz
far mount --bind "$PWD/other" "$PWD/data"
refused 70 "rank 1 (h2): data/t10k-labels-idx1-ubyte.gz: rank 0 reads other data under this name"
far umount "$PWD/data"
cp "$LOCKSTEP" lockstep && printf x >>lockstep
far mount --bind "$PWD/lockstep" "$LOCKSTEP"
refused 70 "rank 1 (h2) has another lockstep binary than rank 0 (h1)"
far umount "$LOCKSTEP"
far mount -t tmpfs -o size=64k tiny /dev/shm
trained little-shm 1 3 train.exchange=shared
far umount /dev/shm

# A rank of the far host that is stuck is named by those who see it.
LIMIT=40 hosts 1 3 sh -c 'echo $$ >pid.$OMPI_COMM_WORLD_RANK; exec "$0" "$@"' "$LOCKSTEP" train net.yaml -o stuck -q \
  train.epochs=1000000 checkpoint.every=never "guard.watchdog=2 s" >out 2>err &
job=$!
for ((i = 0; i < 200; i++)); do grep -q '"epoch"' stuck/metrics.jsonl 2>/dev/null && break; sleep 0.05; done
kill -STOP "$(cat pid.2)"
wait $job
code=$?
[ $code -eq 70 ] && grep -q "for rank 2 on h2" err || fail "a stuck rank: exit $code: $(cat err)"

# The cable is cut. mpirun waits for the far host much longer than the ranks that are left: they end, and take the launchers with them.
left() { pgrep -f "guard.watchdog=1 s" | grep -vx "$$" | grep -vx "${job:-}"; }
LOCKSTEP_LAUNCHER_SECONDS=1 LOCKSTEP_WATCHDOG_NOTE=$PWD/note hosts 1 2 "$LOCKSTEP" train net.yaml -o cut -q \
  train.epochs=1000000 checkpoint.every=never "guard.watchdog=1 s" >out 2>err &
job=$!
for ((i = 0; i < 200; i++)); do grep -q '"epoch"' cut/metrics.jsonl 2>/dev/null && break; sleep 0.05; done
ip link set eth0 down
SECONDS=0
wait $job
code=$?
{ [ $code -eq 70 ] || [ $code -eq 137 ]; } && [ $SECONDS -lt 20 ] || fail "a cut cable: exit $code after $SECONDS s: $(cat err)"
grep -q "watchdog: rank 0 on h1" err && grep -q "watchdog: rank 0 on h1" note || fail "a cut cable: said: $(cat err note)"
for ((i = 0; i < 100; i++)); do [ -n "$(left)" ] || break; sleep 0.1; done
[ -z "$(left)" ] || fail "a cut cable leaves processes: $(pgrep -af 'guard.watchdog=1 s')"
finish
