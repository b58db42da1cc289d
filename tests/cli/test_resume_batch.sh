#!/bin/bash
# Going on with another batch, limit or last_batch: at the epoch and the sample where the checkpoint stands, or refused with the reason.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/other-batch/* .
sed -i 's/batch: 16/batch: 16, slices: 4/' net.yaml
epochs() { sed -n 's/^\([0-9]*,[0-9]*\),.*/\1/p' "$1/metrics.csv" | tr '\n' ' '; }
refused() { # refused TEXT RANKS ARGUMENT...: 78
  local text=$1 code; shift
  on "$@" >out 2>err; code=$?
  [ $code -eq 78 ] && grep -q -- "$text" err || fail "not refused for '$text': exit $code: $(cat err)"
}

# ---- at the end of an epoch: 120 samples, 8 updates an epoch; then 4, or 30 ----
"$LOCKSTEP" data import lab_float.csv --x 1-3 --y 4 --classes -o lab.h5 >/dev/null || fail "no HDF5 file"
hdf5="data={type: hdf5, train: {file: lab.h5, x: /train/x, y: /train/y}, scale: standard, load: stream}"
run 0 train net.yaml -o csv
run 0 train net.yaml "$hdf5" -o h5
past="1,8 2,16 3,24 4,32 5,40 6,48 7,56 8,64"
for batch in 32 4; do
  want="$past 9,68 10,72 "
  [ $batch -eq 4 ] && want="$past 9,94 10,124 "
  for how in "csv 0" "csv 3" "memory 0" "stream 3"; do
    read -r kind n <<<"$how"
    from=csv data=()
    [ "$kind" != csv ] && from=h5 data=("${hdf5/stream/$kind}")
    cp -r $from "$kind-$batch-$n"
    run "$n" train net.yaml "${data[@]}" -o "$kind-$batch-$n" train.epochs=10 train.batch=$batch --resume --allow train.batch
    [ "$(epochs "$kind-$batch-$n")" = "$want" ] || fail "$kind, $n ranks, batch $batch: $(epochs "$kind-$batch-$n")"
  done
  diff <(numbers_of csv-$batch-0) <(numbers_of csv-$batch-3) || fail "batch $batch on 3 ranks: other numbers"
  diff <(numbers_of memory-$batch-0) <(numbers_of stream-$batch-3) || fail "batch $batch streamed: other numbers"
done

# ---- stopped again, in the middle of an epoch: as if it had not been; epochs that checkpoints count ----
words=(train.batch=32 "checkpoint={every: 2 epochs, keep: {last: 9}}" "schedule={type: cosine, decay_steps: 12 epochs}")
cp -r csv whole; cp -r csv parts; rm {whole,parts}/ckpt-*.h5
run 0 train net.yaml "${words[@]}" -o whole train.epochs=12 --resume --allow train.batch --allow schedule
[ "$(echo whole/ckpt-*.h5)" = "whole/ckpt-72.h5 whole/ckpt-80.h5" ] || fail "every 2 epochs: $(ls whole)"
run 3 train net.yaml "${words[@]}" -o parts train.epochs=none train.steps=70 --resume --allow train.batch --allow schedule
run 0 train net.yaml "${words[@]}" -o parts train.epochs=none train.steps=77 --resume
grep -q "resuming at step 70 of 77" err || fail "$(cat err)"
run 3 train net.yaml "${words[@]}" -o parts train.epochs=12 --resume
cmp whole/final.h5 parts/final.h5 || fail "stopped twice: another final.h5"
diff <(numbers_of whole | grep epoch) <(numbers_of parts | grep epoch) || fail "stopped twice: other metrics"

# ---- in the middle: 48 of 120 samples. Weights that stay: the mean of an epoch is the same only if each sample comes once ----
still="optimizer={type: sgd, lr: 1e-30}"
run 0 train net.yaml "$still" -o whole3 train.epochs=3
run 0 train net.yaml "$still" -o middle train.epochs=none train.steps=19
loss() { sed -n 's/^3,[0-9]*,\([0-9.]*\),.*/\1/p' "$1/metrics.csv" | cut -c 1-8; }
for batch in 24 8 48; do
  for n in 0 3; do
    cp -r middle middle-$batch-$n
    run $n train net.yaml "$still" -o middle-$batch-$n train.epochs=3 train.batch=$batch --resume --allow train.batch
    [ "$(epochs middle-$batch-$n)" = "1,8 2,16 3,$((19 + (72 + batch - 1) / batch)) " ] || fail "middle, $batch: $(epochs middle-$batch-$n)"
    [ "$(loss middle-$batch-$n)" = "$(loss whole3)" ] || fail "middle, $batch: not each sample once: $(loss middle-$batch-$n), $(loss whole3)"
  done
  cmp middle-$batch-0/final.h5 middle-$batch-3/final.h5 || fail "middle, $batch: other bits on 3 ranks"
done
refused "train.batch: the checkpoint stands behind 48 samples of epoch 3, where no minibatch of 32 can begin.*train.epochs=3" 3 \
  train net.yaml "$still" -o middle train.epochs=9 train.batch=32 --resume --allow train.batch
refused "data.limit.train has changed, and the checkpoint stands behind 48 samples of epoch 3" 0 \
  train net.yaml "$still" -o middle train.epochs=9 data.limit.train=100 --resume --allow data.limit.train
refused "seed has changed" 0 train net.yaml "$still" -o middle train.epochs=9 --seed 5 --resume --allow seed
run 0 train net.yaml "$still" -o middle train.epochs=3 --resume # what the message says
run 0 train net.yaml "$still" -o middle train.epochs=4 train.batch=32 data.limit.train=100 --resume --allow train.batch --allow data.limit
[ "$(epochs middle)" = "1,8 2,16 3,24 4,28 " ] || fail "other limit: $(epochs middle)"
run 0 train net.yaml "$still" -o middle train.epochs=6 train.batch=32 data.limit.train=100 data.last_batch=drop --resume --allow data.last_batch
[ "$(epochs middle)" = "1,8 2,16 3,24 4,28 5,31 6,34 " ] || fail "drop: $(epochs middle)"

# ---- a checkpoint of format 1.0 does not say how its epoch began: its config does ----
sed -i 's/, slices: 4//; s/, scale: standard//' net.yaml
run 0 train net.yaml -o new train.epochs=none train.steps=19
for from in format-1.0-step-19.h5 new/final.h5; do
  run 0 train net.yaml -o "of-${from%%[-/]*}" train.epochs=4 train.batch=24 --resume="$from" --allow train.batch
done
[ "$(epochs of-format)" = "3,22 4,27 " ] || fail "format 1.0: $(epochs of-format)"
diff <(numbers_of of-format) <(numbers_of of-new) || fail "format 1.0: other numbers"
refused "no minibatch of 32" 0 train net.yaml -o of-no train.epochs=4 train.batch=32 --resume=format-1.0-step-19.h5 --allow train.batch
finish
