#!/bin/bash
# loss: plugin: one that is mse gives mse's numbers, the same bits on any ranks and behind a resume; the example trains; broken ones are refused
# before a run begins, in a process of their own; what reads a checkpoint leaves the library alone.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$BUILD"/tests/plugins/own_mse.so own.so
awk 'BEGIN { print "a,b,y,z"; for (i = 0; i < 90; i++) { a = (i * 37 % 90) / 45 - 1; b = (i * 17 % 90) / 45 - 1; printf "%.4f,%.4f,%.5f,%.5f\n", a, b, a * b + a, a - b * b } }' >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b], y: [y, z]}, validation: 0.2}
model: {layers: [{units: 6, activation: tanh}, {units: out}]}
loss: plugin
loss_file: own.so
optimizer: {type: adam, lr: 0.02}
train: {epochs: 8, batch: 20, slices: 8}
output: {step_every: 1}
C
losses() { grep -o '"[a-z_]*loss":[^,}]*' "$1/metrics.jsonl" | sed 's/.*://'; }

run 0 train net.yaml -o own train.precision=float64
run 0 train net.yaml -o mse train.precision=float64 loss=mse loss_file=none
paste <(losses own) <(losses mse) | awk '{ d = $1 - $2; if (NF != 2 || !($1 > 0) || d * d > 1e-24 * $2 * $2) { print; exit 1 } } END { if (NR < 40) exit 1 }' >diff || fail "not mse's numbers: $(cat diff)"

run 0 train net.yaml -o one
for ranks in 2 3 4; do
  run $ranks train net.yaml -o r$ranks
  cmp one/final.h5 r$ranks/final.h5 || fail "$ranks ranks: another final.h5"
done
run 2 train net.yaml -o cut train.epochs=3
run 0 train net.yaml -o cut --resume
cmp one/final.h5 cut/final.h5 || fail "resumed: another final.h5"

cp "$BUILD"/tests/plugins/log_cosh.so .
run 0 train net.yaml -o cosh loss_file=log_cosh.so train.epochs=40
awk -v a="$(losses cosh | head -1)" -v b="$(losses cosh | tail -1)" 'BEGIN { exit !(b < a / 2) }' || fail "log_cosh: $(losses cosh | sed -n '1p;$p')"

# ---- what reads a checkpoint ----
rm own.so
run 0 predict one/final.h5 -i t.csv -o p.csv
run 0 inspect one/final.h5 --verify
run 0 eval one/final.h5 --split train --json
grep -q '"mae":[0-9]' out || fail "eval: $(cat out)"
grep -q "the loss is a plug-in's, which is loaded only to train" err || fail "eval says nothing of the loss: $(cat err)"
refused 78 "cannot open shared object file" train net.yaml -o gone

# ---- one that ends the process in the middle of training, whatever other threads are at, is named ----
for ((i = 0; i < 12; i++)); do refused 78 "a plug-in is at work in it: $BUILD/tests/plugins/loss_late.so" train net.yaml train.epochs=500 "loss_file=$BUILD/tests/plugins/loss_late.so" --threads $((i % 2 * 3 + 1)) --force -o late; done

# One that crashes there ends as a crash does, with its name; in a sweep too.
for words in train "sweep --vary optimizer.lr=0.1,0.2"; do
  # shellcheck disable=SC2086 # words
  on 0 $words net.yaml train.epochs=500 "loss_file=$BUILD/tests/plugins/loss_abort.so" -o "crash-${words%% *}" >out 2>err
  [ $? -eq 134 ] && grep -qxF "lockstep: error: the process has crashed (aborted); a plug-in is at work in it: $BUILD/tests/plugins/loss_abort.so" err || fail "$words: $(cat err)"
done

# ---- refused, with the place ----
refused 78 "r2 is made of a whole split: eval.on must name train for it, or use val_r2" config check net.yaml loss=mse loss_file=none 'train.early_stop={metric: r2, patience: 2}'
run 0 config check net.yaml loss=mse loss_file=none 'train.early_stop={metric: r2, patience: 2}' 'eval.on=[train, validation]'
no() { refused 78 "$1" train net.yaml -o no "loss_file=$BUILD/tests/plugins/$2.so"; [ ! -e no ] || fail "$2: a run began"; }
no "crashed: Segmentation fault" loss_crash
no "ended the process (exit code 3)" loss_exit
no "was compiled for version 2 of lockstep/loss.h" loss_abi
no "gave NULL" loss_null
no "has no loss" loss_none
no "differences of its loss say" loss_slope
no "gives no number at any of the points tried" loss_nan
no "does not define 'const ls_loss_ops *lockstep_loss(void)'" triangular
refused 78 "[loss_file]" config check net.yaml loss_file=none
refused 78 "goes with type plugin only" config check net.yaml loss=mse loss_file=own.so
refused 78 "knows of no target that is missing" config check net.yaml "loss_file=$BUILD/tests/plugins/own_mse.so" 'data.missing={y: mask}'
finish
