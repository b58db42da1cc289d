#!/bin/bash
# Halving and doubling between nodes: the tree's sums, bit for bit, on nodes that are a power of two, and three times one; training on
# sixteen nodes of one rank, where it is chosen for so small a network (unit.halving), stopped there and gone on with on other ranks: the bits of one rank.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

for nodes in "4 1" "6 1" "8 2"; do # ranks, ranks a node
  [ -x "$BUILD/tests/mpi_test_exchange" ] || break
  LOCKSTEP_RANKS_PER_NODE=${nodes#* } timeout -k 5 300 "$MPIRUN" -n "${nodes% *}" "$BUILD/tests/mpi_test_exchange" >said 2>&1 ||
    fail "mpi_test_exchange on $nodes: exit $?: $(cat said)"
done

cp -r "$SMALL" data
cat >net.yaml <<C
version: 1
seed: 7
data: {type: idx, dir: data, limit: {train: 320, test: 100}, scale: {type: divide, by: 255}}
model: {layers: [{units: 5, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {epochs: 2, batch: 64, slices: 16, clip_norm: 1}
guard: {desync_every: 2 steps}
C
LIMIT=${LIMIT:-300}
run 1 train net.yaml -o one -q
numbers_of one >numbers
trained() { # trained NAME RANKS ARGUMENT...: on so many nodes of one rank, with the numbers and weights of one rank
  local name=$1 ranks=$2; shift 2
  LOCKSTEP_RANKS_PER_NODE=1 run "$ranks" train net.yaml -o "$name" -q train.exchange=shared "$@"
  numbers_of "$name" | diff numbers - || fail "$name: other metrics than on one rank"
  same one "$name" "$name"
}
trained sixteen 16
LOCKSTEP_RANKS_PER_NODE=1 run 16 train net.yaml -o stopped -q train.exchange=shared train.epochs=none train.steps=3
trained stopped 3 --resume=auto
run 1 train net.yaml -o begun -q train.epochs=none train.steps=3
trained begun 16 --resume=auto

finish
