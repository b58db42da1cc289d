#!/bin/bash
# train.accumulate: a minibatch in rounds has the bits of the minibatch at once, and takes less memory.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp -r "$SMALL" data
cat >net.yaml <<'C'
version: 1
seed: 3
data: {type: idx, dir: data, limit: {train: 700, test: 100}, validation: {share: 0.1, how: last}, scale: {type: divide, by: 255}}
model: {layers: [{units: 33, activation: relu}, {type: dropout, rate: 0.3}, {units: 24, activation: tanh, trainable: false}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {epochs: 2, batch: 200, slices: 13, nonfinite: skip, gradient_noise: {eta: 0.01}}
C
run 0 train net.yaml -o whole -q
numbers_of whole >numbers
rounds() { # rounds RUN RANKS N ARGUMENT...: like RUN, and with its numbers
  local like=$1 ranks=$2 n=$3; shift 3
  rm -rf in-rounds
  run "$ranks" train net.yaml -o in-rounds -q train.accumulate="$n" "$@"
  same "$like" in-rounds "accumulate=$n on $ranks, $*"
  numbers_of in-rounds | diff <(numbers_of "$like") - || fail "accumulate=$n on $ranks, $*: other numbers"
}
rounds whole 0 2
rounds whole 0 13 --threads 3
rounds whole 2 3 train.exchange=shared
rounds whole 3 13 train.exchange=tree

# Streamed, a round takes its samples from the middle of the rank's share.
run 0 data import net.yaml -o all.h5 -q
h5='data={type: hdf5, train: {file: all.h5, x: /train/x, y: /train/y}}'
run 0 train net.yaml -o memory -q "$h5"
rounds memory 2 5 "$h5" data.load=stream

# Weights of samples are added up by all ranks together, however many rounds each has; here anew at every step.
run 0 train net.yaml -o weighted -q train.class_weights=balanced train.slices=1030 train.batch=630 train.epochs=3
rounds weighted 3 400 train.class_weights=balanced train.slices=1030 train.batch=630 train.epochs=3

# Stopped in rounds, and gone on with at once.
run 0 train net.yaml -o stopped -q train.accumulate=4 train.epochs=1
run 2 train net.yaml -o stopped -q --resume
same whole stopped "stopped in rounds"

# A minibatch of 40,000 is a gigabyte at once.
awk 'BEGIN { print "x,y"; for (i = 0; i < 40000; i++) printf "%d,%d\n", i % 97, i % 2 }' >big.csv
cat >big.yaml <<'C'
version: 1
data: {type: csv, train: {file: big.csv, x: [x], y: [y]}}
model: {layers: [{units: 1000, repeat: 3, activation: relu}, {units: 1}]}
loss: mse
optimizer: {type: sgd, lr: 1e-9}
train: {steps: 1, batch: full, slices: 64}
eval: {every: never}
C
activations() { on 0 train big.yaml --dry-run --json "$@" 2>err | sed -n 's/.*"activations":\([0-9]*\).*/\1/p'; }
at_once=$(activations) few=$(activations train.accumulate=32)
[ "$at_once" -gt 900000000 ] && [ "$few" -lt $((at_once / 30)) ] || fail "activations: $at_once bytes at once, $few in 32 rounds"

# Refused.
refused 78 "set train.slices=14 or more" train net.yaml -o no train.accumulate=14
refused 78 "synchronous only" train net.yaml -o no train.accumulate=2 train.mode=hogwild optimizer.type=sgd
refused 78 "softmax_batch wants the whole minibatch" train net.yaml -o no train.accumulate=2 'model.layers[3].activation=softmax_batch'
refused 78 "train.accumulate" train net.yaml -o no train.accumulate=0
[ ! -e no ] || fail "a refused run made its folder"
finish
