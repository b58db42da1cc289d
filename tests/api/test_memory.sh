#!/bin/bash
# No memory for one block, in each call of the library in turn: all ranks get the same status, none waits, nothing is lost, and the call made once more
# gives the bits of one that never failed (tests/api/memory.c). A sample of the blocks; all of them: SWEEP=1, and so scripts/memory-sweep.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
[ -e "$BUILD/tests/api_memory" ] || exit 77
# config NAME DATA
config() {
  cat >$1.yaml <<C
version: 1
data: {$2}
model: {layers: [{units: 5, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 8, slices: 4}
eval: {metrics: [per_target, max_error]}
C
}
config given "type: memory, inputs: 3, targets: 2, input_names: [a, 'b [Pa]', c], missing: {x: 0.5, y: mask}"
config files "type: csv, train: {file: t.csv, x: [1-3], y: [4, 5]}, scale: standard, validation: 0.25"
awk 'BEGIN { print "a,b,c,y,z"; for (i = 0; i < 16; i++) print i % 7 "," i * 3 % 5 "," i % 4 "," i % 3 "," i % 6 }' >t.csv
config start "type: csv, train: {file: t.csv, x: [1-3], y: [4, 5]}, missing: {x: 0.5, y: mask}"
run 0 train start.yaml -o start -q

# without RANKS JOB RANK STRIDE FILE...
without() {
  local ranks=$1; shift
  timeout -k 5 "$(sampled 60 3600)" "$MPIRUN" -n "$ranks" "$BUILD/tests/api_memory" "$1" "$2" 1 "${@:3}" >said 2>spoke || fail "$*: exit $?: $(head -n 20 spoke)"
  grep " failed and went on" said || fail "$*: $(cat said)"
}
without 2 train 0 "$(sampled 131 1)" given.yaml
without 2 train 1 "$(sampled 107 1)" given.yaml
without 3 train 2 "$(sampled 307 1)" given.yaml
without 2 resume 0 "$(sampled 293 1)" given.yaml start/final.h5
without 2 resume 1 "$(sampled 157 1)" given.yaml start/final.h5
without 2 loop 0 "$(sampled 211 1)" files.yaml
without 2 loop 1 "$(sampled 131 1)" files.yaml
without 1 net 0 "$(sampled 23 1)" none start/final.h5
finish
