#!/bin/bash
# kill.sh [TIMES]: kill -9 of every rank behind a random checkpoint, go on with --resume=auto on another number of ranks, perhaps be killed
# again: the run ends in the bytes of one that nobody disturbed, and its metrics hold every line once. SEED= repeats.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
times=${1:-2}
echo "SEED=$SEED $0 $times"
broken() {
  echo "BROKEN: SEED=$SEED, time $time: $*" >&2
  cat config.yaml said >&2
  exit 1
}
between() { drawn=$(($1 + RANDOM % ($2 - $1 + 1))); }

config() { # 5 epochs of 61 steps, the last one short; a checkpoint every 7 steps falls anywhere in them
  between 0 100000
  cat <<C
version: 1
seed: $drawn
data: {type: idx, dir: $SMALL, limit: {train: 3037, test: 200}, scale: {type: divide, by: 255}}
model: {layers: [{units: 20, activation: relu, repeat: 2}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: $1
schedule: {type: inverse_time, decay_rate: 0.3, decay_steps: 1 epoch}
train: {epochs: 5, batch: 50, precision: $2}
eval: {on: [train, test]}
checkpoint: {every: 7 steps, keep: {last: 3}}
output: {step_every: 10}
C
}

# start RANKS: the run in the background, `job` its process
start() {
  : >said
  local command=("$MPIRUN" -n "$1" "$LOCKSTEP")
  [ "$1" -gt 0 ] || command=("$LOCKSTEP")
  "${command[@]}" train config.yaml -o run --resume=auto --progress none 2>said &
  job=$!
}
committed() { grep -c '^committed ' said || true; }

# Let it commit `drawn` times, then kill the ranks: mpirun's children, or the only process. False: it was done before.
shoot() {
  local code=0 count=$drawn
  while kill -0 $job 2>/dev/null && [ "$(committed)" -lt "$count" ]; do sleep 0.01; done
  if [ "$1" -gt 0 ]; then pkill -9 -P $job || true; else kill -9 $job 2>/dev/null || true; fi
  wait $job 2>/dev/null || code=$?
  [ $code -eq 0 ] && return 1
  [ $code -eq 137 ] || broken "killed, but exit $code"
  kills=$((kills + 1))
}

disturbed() {
  local ranks
  while :; do
    between 0 4; ranks=$drawn
    between 1 25
    start "$ranks"
    shoot "$ranks" || break
  done
}

kills=0
for ((time = 1; time <= times; time++)); do
  rm -rf run reference
  case $((time % 4)) in
    0) config "{type: momentum, lr: 0.01}" float64 ;;
    1) config "{type: adam, lr: 0.002}" float32 ;;
    2) config "{type: sgd, lr: 0.05}" float32 ;;
    3) config "{type: lamb, lr: 0.002}" float32 ;;
  esac >config.yaml
  : >said
  on 0 train config.yaml -o reference -q 2>said || broken "the undisturbed run: exit $?"
  disturbed
  cmp reference/final.h5 run/final.h5 || broken "another final.h5"
  diff <(numbers_of reference) <(numbers_of run) >&2 || broken "other metrics"
  [ -z "$(find run -name '*.damaged' -o -name '.tmp-*')" ] || broken "left over: $(ls -A run)"
done
echo "$kills kills in $times runs"
[ "$kills" -ge "$times" ]
