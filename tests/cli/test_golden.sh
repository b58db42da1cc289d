#!/bin/bash
# Training runs against an independent NumPy implementation in double precision, golden/e2e.json, on one rank and on three.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
data=/usr/share/datasets/fashion-mnist
[ -d "$data" ] || { echo "no $data (dataset-fashion-mnist): skipped"; exit 77; }

# train NAME RUN RANKS ARGUMENT...
train() {
  local name=$1 run=$2 ranks=$3; shift 3
  on "$ranks" train config.yaml -o "$run" -q "$@" 2>err || fail "$name: $run: exit $?: $(cat err)"
}
compare() { "$BUILD/tests/e2e" compare "$@" >said || fail "$1: $(cat said)"; cat said; }

for name in $("$BUILD/tests/e2e" list); do
  echo "$name"
  "$BUILD/tests/e2e" config "$name" "$data" || fail "$name: no config"
  ranks=3
  grep -q softmax_batch config.yaml && ranks=0 # one slice
  rm -rf f32 f64 hundreds
  train "$name" f32 0 train.epochs=none train.steps=10 data.limit.train=1000
  compare "$name" f32 5e-6
  train "$name" f64 0 train.epochs=none train.steps=10 train.precision=float64 'eval.on=[train]' 'eval.every=1 step'
  compare "$name" f64 1e-10 1e-9
  steps=$(sampled 100 none)
  case $name in *uneven) steps=none ;; esac # its last minibatch is a short one
  train "$name" hundreds $ranks train.epochs=$([ $steps = none ] && echo 1 || echo none) train.steps=$steps train.precision=float64 \
    'eval.on=[train]' 'eval.every=100 steps'
  compare "$name" hundreds 1e-10 1e-9
done
finish
