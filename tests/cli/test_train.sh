#!/bin/bash
# What a training run says, leaves behind, and shares among its ranks.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cat >net.yaml <<C
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 1013, test: 500}, validation: {share: 0.1, how: last}, scale: {type: divide, by: 255}}
model: {layers: [{units: 16, activation: relu, repeat: 2}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {epochs: 4, batch: 50}
C
field() { sed -n "s/.*\"$2\":\\([^,}]*\\).*/\\1/p" "$1"; } # FILE NAME

# ---- one run in all its parts ----
run 2 train net.yaml -o run
ls run | tr '\n' ' ' >said
[ "$(cat said)" = "ckpt-57.h5 ckpt-76.h5 config.yaml final.h5 metrics.csv metrics.jsonl record.json " ] || fail "left behind: $(cat said)"
[ -s out ] && fail "train without --json wrote to stdout: $(cat out)"
for step in 19 38 57 76; do grep -qx "committed $step run/ckpt-$step.h5" err || fail "no 'committed $step': $(cat err)"; done
grep -qx "committed 76 run/final.h5" err || fail "final.h5 was not announced"
[ "$(grep -c '1013\|912 train' err)" -eq 1 ] || fail "the start was told other than once: $(cat err)"
m=run/metrics.jsonl
[ "$(grep -c '"event":"epoch"' $m)" -eq 4 ] || fail "epochs: $(cat $m)"
[ "$(head -1 $m | field - event)" = '"start"' ] && [ "$(tail -1 $m | field - event)" = '"end"' ] || fail "start and end: $(cat $m)"
for key in ranks parameters train_samples validation_samples steps_per_epoch slices samples_per_rank; do
  head -1 $m | grep -q "\"$key\":" || fail "start lacks $key"
done
for key in epoch global_step loss accuracy loss_kind val_loss val_accuracy lr grad_norm samples_per_s seconds; do
  [ "$(grep '"event":"epoch"' $m | grep -c "\"$key\":")" -eq 4 ] || fail "epoch lacks $key"
done
for key in global_step loss accuracy val_loss test_loss test_accuracy weights_hash samples_per_s exit; do
  tail -1 $m | grep -q "\"$key\":" || fail "end lacks $key"
done
[ "$(wc -l <run/metrics.csv)" -eq 5 ] || fail "metrics.csv: $(cat run/metrics.csv)"
[ "$(tail -1 $m | field - weights_hash)" = "\"$(hash_of run/final.h5)\"" ] || fail "end and final.h5 have different weights"
awk -v a="$(tail -1 $m | field - test_accuracy)" 'BEGIN { exit !(a > 0.6) }' || fail "it learns nothing: $(tail -1 $m)"
for key in argv lockstep compiler mpi cpu kernel ranks hosts data; do grep -q "\"$key\":" run/record.json || fail "record lacks $key"; done
"$LOCKSTEP" inspect run --json >out && grep -q '"kind":"run"' out || fail "inspect run: $(cat out)"
"$LOCKSTEP" inspect run/final.h5 --verify >out || fail "inspect --verify: exit $?"

# The resolved config trains the same network; so does mpirun -n 1 and no mpirun; not another seed.
run 0 train run/config.yaml -o again
cmp run/final.h5 again/final.h5 || fail "the resolved config is another run"
run 1 train net.yaml -o one
cmp run/final.h5 one/final.h5 || fail "mpirun -n 1 is another run"
run 0 train net.yaml -o seed --seed 2
[ "$(hash_of run/final.h5)" != "$(hash_of seed/final.h5)" ] || fail "another seed gives the same weights"

# Plain HDF5, readable by its own tools.
if command -v h5dump >/dev/null; then
  h5dump -H -d /model/0000/W run/final.h5 >out && grep -q '( 784, 16 ) / ( 784, 16 )' out || fail "h5dump: $(cat out)"
  h5dump -H -d /model/0002/b run/final.h5 >out && grep -q '( 10 ) / ( 10 )' out || fail "h5dump: $(cat out)"
fi

# ---- --json, -q, --dry-run, --force, where the folder is ----
run 3 train net.yaml -o json --json -q
[ "$(wc -l <out)" -eq 1 ] && grep -q '^{"run":"json",.*"exit":"done"}$' out || fail "--json: $(cat out)"
grep -v '^committed ' err | grep -v 'oversubscribed' >said && fail "-q: $(cat said)"
run 2 train net.yaml -o dry --dry-run
[ ! -e dry ] || fail "--dry-run made the folder"
grep -q '784 x 16' out && grep -q 'MB shared by' out || fail "--dry-run: $(cat out)"
run 3 train net.yaml -o dry --dry-run --json
[ "$(wc -l <out)" -eq 1 ] && grep -q '"tensors":.*"memory":{"node_shared":' out || fail "--dry-run --json: $(cat out)"
echo mine >run/notes.txt; echo old >run/ckpt-99999.h5
run 0 train net.yaml -o run --force train.epochs=1 -q
[ -e run/notes.txt ] && [ ! -e run/ckpt-99999.h5 ] && [ ! -e run/ckpt-57.h5 ] || fail "--force: $(ls run)"
run 0 train net.yaml train.epochs=1 -q
run 0 train net.yaml train.epochs=1 -q
[ -e runs/net/1/final.h5 ] && [ -e runs/net/2/final.h5 ] || fail "runs/net/1 and 2: $(ls -R runs)"
run 0 train net.yaml -o bare 'output.log=[csv]' checkpoint.every=never train.epochs=1 -q
[ "$(ls bare | tr '\n' ' ')" = "config.yaml final.h5 metrics.csv record.json " ] || fail "no jsonl, no checkpoints: $(ls bare)"

# ---- every rank works on its share, and on nothing else ----
# shares RANKS WANT ARGUMENT...
shares() {
  local ranks=$1 want=$2; shift 2
  rm -rf shared
  run "$ranks" train net.yaml -o shared -q train.epochs=1 "$@"
  sed -n 's/.*"samples_per_rank":\[\([^]]*\)\].*/\1/p' shared/metrics.jsonl >said
  [ "$(cat said)" = "$want" ] || fail "$ranks ranks, $*: shares $(cat said) instead of $want"
}
# 912 samples = 18 minibatches of 50, 8 slices of 6 6 6 7 6 6 6 7, and one of 12, slices of 1 2 1 2 1 2 1 2.
shares 1 912
shares 2 456,456
shares 3 219,346,347
shares 8 109,110,109,128,109,110,109,128
shares 3 216,342,342 data.last_batch=drop
shares 2 456,456 train.batch=full
# Two minibatches of 5 (1 1 1 2) and one of 2 (0 1 0 1): there are ranks without a sample.
shares 4 2,3,2,5 data.validation=none data.limit.train=12 train.batch=5 train.slices=4

# Where there is no room for what ranks share, that is said.
"$MPIRUN" -n 2 sh -c 'ulimit -f 64; exec "$0" "$@"' "$LOCKSTEP" train net.yaml -o small -q >out 2>err
[ $? -eq 74 ] && grep -q 'no room for .* MB of memory that the ranks of a host share' err || fail "little room: $(cat err)"

# Rows that a minibatch takes are those that `order` lists: a run that sees only them is the same run.
"$LOCKSTEP" order net.yaml --step 18 >out
[ "$(sort -nu out | wc -l)" -eq 12 ] || fail "the last minibatch of the epoch: $(cat out)"
for step in $(seq 0 18); do "$LOCKSTEP" order net.yaml --step "$step"; done | sort -n >out
seq 0 911 | cmp -s - out || fail "an epoch is not every sample once"
"$LOCKSTEP" order net.yaml --step 0 >first; "$LOCKSTEP" order net.yaml --step 19 >second
cmp -s first second && fail "the second epoch has the order of the first"
finish
