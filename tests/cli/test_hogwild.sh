#!/bin/bash
# train.mode: hogwild. Each sample once an epoch; one rank is plain sgd; stops, kills and resumes; what it refuses; no data race in its loop.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# Targets are 2^0 to 2^39, 100 times, all outputs are and stay 0: an epoch's mean absolute error is (2^40 - 1) / 40 exactly if each counted once.
# Steps are short and many, so that ranks ask for minibatches at the same time.
awk 'BEGIN { print "x,y"; for (i = 0; i < 4000; i++) printf "%d,%.0f\n", i, 2 ^ (i % 40) }' >powers.csv
cat >count.yaml <<C
version: 1
data: {type: csv, train: {file: powers.csv, x: [x], y: [y]}}
model: {init: zeros, layers: [{units: 1}]}
loss: mae
optimizer: {type: sgd, lr: 1e-300}
train: {epochs: 4, batch: 3, slices: 1, precision: float64, mode: hogwild}
checkpoint: {every: 500 steps}
C
for ranks in 0 1 2 3 4; do
  run "$ranks" train count.yaml -o "count-$ranks" -q
  [ "$(grep '"epoch"' "count-$ranks/metrics.jsonl" | grep -c '"loss":27487790694.375,')" -eq 4 ] ||
    fail "$ranks ranks: samples lost or doubled: $(grep '"epoch"' "count-$ranks/metrics.jsonl")"
  grep -q '"global_step":5336,' "count-$ranks/metrics.jsonl" || fail "$ranks ranks: not 5336 updates"
done

cat >net.yaml <<C
version: 1
seed: 3
data: {type: idx, dir: $SMALL, scale: {type: divide, by: 255}, validation: {share: 0.2, how: last}}
model: {layers: [{units: 30, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.1, weight_decay: 0.001}
train: {epochs: 4, batch: 10}
C
losses() { sed -n 's/^{"event":"epoch".*"loss":\([^,]*\),.*"val_loss":\([^,]*\),.*/\1 \2/p' "$1/metrics.jsonl"; }
run 0 train net.yaml -o plain -q
for ranks in 0 1; do
  run "$ranks" train net.yaml train.mode=hogwild -o "alone-$ranks" -q
  losses "alone-$ranks" | diff <(losses plain) - || fail "one rank: not the losses of plain sgd"
done

# On more ranks it learns, says what it is, and tells of staleness.
for ranks in 2 3 4; do
  run "$ranks" train net.yaml train.mode=hogwild train.epochs=8 -o "many-$ranks"
  grep -q '^mode  *hogwild: bits depend on timing' err || fail "$ranks ranks: the log does not say that bits depend on timing"
  grep -q 'staleness .* updates of others' err || fail "$ranks ranks: no staleness in the log"
  [ "$(grep -c '"staleness_mean":[0-9.e-]*,"staleness_max":[0-9]*' "many-$ranks/metrics.jsonl")" -eq 8 ] || fail "$ranks ranks: no staleness in the events"
  grep -q '"mode":"hogwild"' "many-$ranks/record.json" || fail "record.json does not name the mode"
  losses "many-$ranks" | awk 'NR == 1 { first = $2 } END { exit !($2 < 0.9 * first) }' || fail "$ranks ranks: it does not learn: $(losses "many-$ranks")"
done

# A mode is part of what a run is.
on 1 train net.yaml train.epochs=5 -o alone-1 --resume >out 2>err && fail "the mode changed and the resume went on"
grep -q 'train.mode: hogwild -> synchronous' err || fail "a changed mode is not named: $(cat err)"
run 3 train net.yaml train.mode=hogwild train.epochs=10 -o many-2 --resume=auto -q
grep -q '"event":"end","global_step":.*"exit":"done"' many-2/metrics.jsonl || fail "resumed on 3 ranks: no end"

# Asked to stop, and killed: the last checkpoint is good, and the rest of the epochs follows.
on 2 train net.yaml train.mode=hogwild train.epochs=100000 "checkpoint.every=100 steps" -o stopped --time-limit 0:00:02 -q >out 2>err
[ $? -eq 75 ] || fail "time limit: not 75: $(cat err)"
"$LOCKSTEP" inspect stopped --verify >out 2>err || fail "stopped: $(cat err)"
on 2 train net.yaml train.mode=hogwild train.epochs=100000 "checkpoint.every=50 steps" -o killed -q >out 2>err &
job=$!
for ((i = 0; i < 200; i++)); do compgen -G 'killed/ckpt-*.h5' >/dev/null && break; sleep 0.05; done
launcher=$(pgrep -P "$(pgrep -P $job)")
kill -9 "$(pgrep -n -P "$launcher")" || fail "no rank to kill"
wait $job && fail "killed: the job ended as if nothing had happened"
step=$("$LOCKSTEP" inspect killed --json | sed -n 's/.*"global_step":\([0-9]*\).*/\1/p' | head -1)
run 3 train net.yaml train.mode=hogwild train.steps=$((${step:-0} + 100)) train.epochs=none -o killed --resume=auto -q

# Not finite.
on 2 train net.yaml train.mode=hogwild optimizer.lr=1e30 -o wild -q >out 2>err
[ $? -eq 71 ] || fail "not finite: not 71: $(cat err)"
on 2 train net.yaml train.mode=hogwild optimizer.lr=1e30 train.nonfinite=skip train.epochs=40 -o skips -q >out 2>err
[ $? -eq 71 ] || fail "not finite and skip: not 71: $(cat err)"

# What needs all ranks at each update is refused with its place.
declined() { # declined TEXT ARGUMENT...
  local text=$1; shift
  on 0 train net.yaml train.mode=hogwild "$@" -o none >out 2>err
  [ $? -eq 78 ] && grep -q -- "$text" err || fail "$*: not refused with '$text': $(cat err)"
  [ ! -e none ] || fail "$*: refused, and a folder is there"
}
declined 'hogwild takes sgd only.*optimizer.type' 'optimizer={type: adam, lr: 0.1}'
declined 'use clip_value.*train.clip_norm' train.clip_norm=1
declined 'hogwild has nothing to exchange' train.exchange=tree
declined 'do not come one after the other' output.step_every=1
declined 'hogwild deals minibatches out' data.load=stream
declined "did you mean 'hogwild'" train.mode=hogwidl
LOCKSTEP_RANKS_PER_NODE=1 on 2 train net.yaml train.mode=hogwild -o none >out 2>err
[ $? -eq 78 ] && grep -q 'the ranks are on 2 hosts' err || fail "two hosts: not refused: $(cat err)"

# Two threads in the loop that ranks run side by side.
real="-O1 -g -std=c17 -D_GNU_SOURCE -DLS_REAL_BITS=32 -I$SOURCE/src -I$SOURCE/include"
# shellcheck disable=SC2086 # a list of options
if ${CC:-cc} -fsanitize=thread $real "$SOURCE/tests/tools/relaxed.c" "$SOURCE/src/optim/relaxed_real.c" -o relaxed -lpthread 2>err; then
  TSAN_OPTIONS=exitcode=66 setarch -R ./relaxed >out 2>err || fail "two threads: exit $?: $(cat out err)"
else
  echo "not tested: no -fsanitize=thread here: $(head -1 err)"
fi
finish
