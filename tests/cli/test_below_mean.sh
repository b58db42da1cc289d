#!/bin/bash
# test_below_mean.sh - a loss above that of always predicting the mean of the targets (r2 < 0) is warned of, and none is kept as the best:
# final.h5 is there all the same, early stopping counts as ever, and from the first evaluation that is better on one is kept.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
{ echo a,b,y; for ((i = 0; i < 60; i++)); do echo "$((RANDOM % 100)),$((i % 7)),$((100 + i % 7))"; done; } >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [b], y: [y]}, validation: 0.2}
model: {layers: [{units: out}]}
loss: mse
optimizer: {type: adam, lr: 1e-7}
train: {epochs: 6, batch: 12, slices: 4}
checkpoint: {keep: {last: 1}}
C
for ranks in 0 3; do
  run $ranks train net.yaml -o far$ranks
  grep -q 'warning: r2 is -[0-9.e+]* on validation: .* data.scale={type: standard}$' err || fail "$ranks: no warning: $(grep warning err)"
  grep -q '^best: none, no val_loss was better than predicting the mean' err || fail "$ranks: $(grep ^best err)"
  grep -q '^ \*' err && fail "$ranks: a best epoch is marked"
  [ "$(cd far$ranks && echo *.h5)" = 'ckpt-24.h5 final.h5' ] || fail "$ranks: $(ls far$ranks)"
done
cmp far0/final.h5 far3/final.h5 || fail "other bits on 3 ranks"
run 0 inspect far0/final.h5
grep -q 'best metric' out && fail "inspect: $(grep 'best metric' out)"

# The loss gets better by a little each time: patience does not run out; then it does.
run 0 train net.yaml -o early 'train.early_stop={metric: val_loss, patience: 2}'
grep -q 'stopping early' err && fail "stopped while it got better: $(grep early err)"
run 0 train net.yaml -o early --force 'train.early_stop={metric: val_loss, patience: 2}' optimizer.lr=1e-30
grep -q 'warning: step 12: stopping early, and no evaluation was better than always predicting' err || fail "early: $(grep warning err)"
[ -e early/final.h5 ] || fail "early: no final.h5"

# From below the mean to above it: in the same run, and gone on with.
run 0 train net.yaml -o near 'optimizer={type: momentum, lr: 0.03}' train.epochs=60
grep -q 'warning: r2' err && fail "near: $(grep warning err)"
best=$(sed -n 's/^best: val_loss .* at step \([0-9]*\)$/\1/p' err)
first=$(grep -m1 '^ \*' err | awk '{print $2}')
[ -e "near/ckpt-$best.h5" ] || fail "near: ckpt-$best.h5 is not kept: $(ls near)"
sed -n 's/.*"event":"epoch","epoch":\([0-9]*\),.*"val_r2":\(-*\).*/\1\2/p' near/metrics.jsonl | grep -v -- - | head -1 | grep -qx "$first" ||
  fail "near: the first best is epoch $first"
run 0 train net.yaml -o far0 optimizer.lr=5 train.epochs=60 --resume --allow optimizer.lr
grep -q '^best: val_loss .* at step' err || fail "gone on: $(grep ^best err)"

# Without an evaluation the running means tell.
run 0 train net.yaml -o none data.validation=none
grep -q 'warning: r2 is -[0-9.e+]* on train' err || fail "no validation: $(grep warning err)"
finish
