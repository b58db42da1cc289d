#!/bin/bash
# Across nodes, gradients are sent in bands of layers while the backward pass makes the others: the bits of one rank, whatever the spread;
# stopped and gone on with on other ranks; and a rank that stands still or dies between two bands leaves nobody waiting.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

cp -r "$SMALL" data
# Three bands; layers without parameters, one that is frozen, and one whose input goes round another.
cat >net.yaml <<C
version: 1
seed: 7
data: {type: idx, dir: data, limit: {train: 320, test: 100}, scale: {type: divide, by: 255}}
model:
  layers:
    - {units: 100, activation: relu}
    - {type: dropout, rate: 0.1}
    - {units: 700, activation: relu}
    - {type: layer_norm}
    - {units: 120, activation: tanh}
    - {units: 120, activation: relu, trainable: false}
    - {type: residual, span: 1}
    - {units: 10, activation: softmax}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {epochs: 2, batch: 64, slices: 16, exchange: shared, average: {decay: 0.9}}
guard: {desync_every: 2 steps}
C
LIMIT=${LIMIT:-300}
run 1 train net.yaml -o one -q
numbers_of one >numbers
trained() { # trained NAME RANKS PER_NODE ARGUMENT...: with the numbers and the file of one rank
  local name=$1 ranks=$2 per_node=$3; shift 3
  LOCKSTEP_RANKS_PER_NODE=$per_node run "$ranks" train net.yaml -o "$name" -q "$@"
  numbers_of "$name" | diff numbers - || fail "$name: other metrics than on one rank"
  same one "$name" "$name"
}
trained nodes 3 1
trained pairs 4 2
trained uneven 3 2
LOCKSTEP_RANKS_PER_NODE=2 run 4 train net.yaml -o stopped -q train.epochs=none train.steps=3
trained stopped 2 1 --resume=auto
run 1 train net.yaml -o begun -q train.epochs=none train.steps=3
trained begun 3 1 --resume=auto

# What needs the norm of the whole gradient, other slots, several rounds.
for other in "train.clip_norm=0.1" "optimizer.type=lamb" "train.accumulate=3"; do
  run 1 train net.yaml -o alone -q "$other" train.nonfinite=skip
  LOCKSTEP_RANKS_PER_NODE=1 run 3 train net.yaml -o several -q "$other" train.nonfinite=skip
  same alone several "$other"
  rm -r alone several
done

bands() { LOCKSTEP_RANKS_PER_NODE=$1 "$MPIRUN" -n 2 "$LOCKSTEP" bench train net.yaml --steps 2 --warmup 1 --json 2>err | grep -o '"exchange_bands":[0-9]*'; }
[ "$(bands 1)" = '"exchange_bands":3' ] || fail "bands on two nodes: $(bands 1) $(cat err)"
[ "$(bands 2)" = '"exchange_bands":1' ] || fail "bands on one node: $(bands 2) $(cat err)"

for signal in STOP KILL; do
  # shellcheck disable=SC2016 # for the ranks' shells
  LOCKSTEP_RANKS_PER_NODE=1 timeout -k 5 120 "$MPIRUN" -n 3 sh -c 'echo $$ >pid.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; exec "$0" "$@"' "$LOCKSTEP" train net.yaml \
    -o $signal -q train.epochs=1000000 checkpoint.every=never "guard.watchdog=3 s" >out 2>err &
  job=$!
  for ((i = 0; i < 600; i++)); do grep -q '"epoch"' $signal/metrics.jsonl 2>/dev/null && break; sleep 0.1; done
  kill -$signal "$(cat pid.1)"
  wait $job
  code=$?
  { [ $code -ne 0 ] && [ $code -ne 124 ]; } || fail "a rank after SIG$signal: exit $code: $(cat err)"
  [ $signal = KILL ] || { [ $code -eq 70 ] && grep -q 'for rank 1 on' err; } || fail "a rank that stands still: exit $code: $(cat err)"
done
finish
