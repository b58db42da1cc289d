#!/bin/bash
# load: stream within a budget of 1 MB, files of several: the bits of memory on one rank and on three in every order, classes and targets, plain and
# compressed; stopped in the middle of an epoch and resumed on another number of ranks.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
"$BUILD/tests/bigfile" big.h5 2 24 || fail "bigfile"
cat >net.yaml <<'C'
version: 1
data: {type: hdf5, train: {file: big.h5, x: /train/x, y: /train/y}, test: {file: big.h5, x: /test/x, y: /test/y}, validation: {share: 0.1, how: last}, scale: standard}
model: {layers: [{units: 8, activation: relu}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 128, slices: 8}
checkpoint: {every: 100 steps, keep: {last: 9}}
C
sed 's/activation: softmax/activation: linear/; s/cross_entropy/mse/; s/y: \/train\/y/y: \/train\/x/; s/y: \/test\/y/y: \/test\/x/' net.yaml >targets.yaml
"$LOCKSTEP" data import big.h5 -o packed.h5 --float32 --compress --classes -q 2>err || fail "import: $(cat err)"
packed="data.train.file=packed.h5 data.test.file=packed.h5"
stream="data.load=stream data.budget=1"

# same RUN WHAT: the weights, losses and scores of run `memory`
same() {
  [ "$(hash_of "$1/final.h5")" = "$(hash_of memory/final.h5)" ] || fail "$2: other weights than from memory"
  [ "$(numbers_of "$1" | grep -v '"event":"start"')" = "$(numbers_of memory | grep -v '"event":"start"')" ] || fail "$2: other numbers: $(diff <(numbers_of "$1") <(numbers_of memory))"
}
ranks=0
for config in net targets; do
  for order in shuffle blocks sequential; do
    rm -rf memory
    on 0 train $config.yaml -o memory -q data.order=$order 2>err || fail "memory, $config, $order: $(cat err)"
    for ranks in 0 3; do
      [ $config.$order = net.blocks ] || [ $ranks -eq 3 ] || continue
      rm -rf run
      # shellcheck disable=SC2086
      on $ranks train $config.yaml -o run -q data.order=$order $stream 2>err || fail "$config, $order, $ranks ranks: exit $?: $(cat err)"
      same run "$config, $order, $ranks ranks"
    done
  done
done

# Order blocks, from a compressed file, which HDF5 must read; stopped at step 100 of 141 an epoch; on 3 ranks and from memory at the end.
rm -rf memory run
on 0 train net.yaml -o memory -q data.order=blocks $packed 2>err || fail "memory, packed: $(cat err)"
# shellcheck disable=SC2086
on 2 train net.yaml -o run -q data.order=blocks $packed $stream train.epochs=none train.steps=100 2>err || fail "100 steps: exit $?: $(cat err)"
# shellcheck disable=SC2086
on 3 train net.yaml -o run -q data.order=blocks $packed $stream --resume train.epochs=none train.steps=200 2>err || fail "resumed on 3: exit $?: $(cat err)"
# shellcheck disable=SC2086
on 0 train net.yaml -o run -q data.order=blocks $packed --resume 2>err || fail "resumed on 1 from memory: exit $?: $(cat err)"
[ "$(hash_of run/final.h5)" = "$(hash_of memory/final.h5)" ] || fail "resumed: other weights"

# Weights of samples and classes are in memory all the same.
rm -rf memory run
weigh="data.weights=/train/w train.class_weights=balanced"
cp big.h5 weighed.h5 && h5copy -i weighed.h5 -o weighed.h5 -s /train/y -d /train/w 2>err || fail "h5copy: $(cat err)"
# shellcheck disable=SC2086
on 0 train net.yaml -o memory -q data.train.file=weighed.h5 $weigh 2>err || fail "weights, memory: $(cat err)"
# shellcheck disable=SC2086
on 3 train net.yaml -o run -q data.train.file=weighed.h5 $weigh $stream 2>err || fail "weights, stream: $(cat err)"
same run "weights"

# 100 MB of data in a process that may have 80: not in memory, but streamed (a budget of 16 MB).
"$BUILD/tests/bigfile" large.h5 100 64 || fail "bigfile"
(
  ulimit -d 80000
  large="data.train.file=large.h5 data.test.file=large.h5 data.scale=none train.epochs=none train.steps=1000 --threads 1"
  # shellcheck disable=SC2086
  on 0 train net.yaml -o none -q $large 2>err; [ $? -eq 1 ] && grep -q 'out of memory' err || exit 1
  # shellcheck disable=SC2086
  on 0 train net.yaml -o large -q $large data.load=stream data.budget=16 data.order=blocks 2>err || exit 2
) || fail "80 MB for 100: $?: $(cat err)"
rm large.h5

# A minibatch that the budget does not hold: refused on all ranks, with the budget that would do.
for ranks in 0 3; do
  code=0
  # shellcheck disable=SC2086
  on $ranks train net.yaml -o none -q $stream train.batch=9000 2>err || code=$?
  [ $code -eq 78 ] && [ "$(grep -c 'data.budget: too little' err)" -eq 1 ] || fail "too large a minibatch, $ranks ranks: exit $code: $(cat err)"
done
enough=$(sed -n 's/.*set data.budget=\([0-9]*\).*/\1/p' err)
on 3 train net.yaml -o enough -q data.load=stream data.budget="$enough" train.batch=9000 2>err || fail "data.budget=$enough is not enough: $(cat err)"
finish
