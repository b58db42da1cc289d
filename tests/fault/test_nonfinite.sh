#!/bin/bash
# R12: a sample whose loss overflows. All ranks act alike, as train.nonfinite says, within bounds; it is never saved as good.
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
# poisoned EVERY: 66 rows, each EVERYth with a value that float32 holds and a square that it does not
poisoned() {
  awk -v every="$1" 'BEGIN { srand(5); print "a,b,y"; for (i = 0; i < 66; i++) { a = rand(); b = rand()
    printf "%s,%.6f,%.6f\n", i % every == every - 1 ? "1e38" : sprintf("%.6f", a), b, a - b * b } }'
}
poisoned 41 >one.csv
poisoned 1 >all.csv
sed s/1e38/1e200/ one.csv >double.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: one.csv, x: [a, b], y: [y]}}
model: {layers: [{units: 5, activation: linear}, {units: 1}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 8, slices: 4}
checkpoint: {every: 1 steps, keep: {last: 99}}
output: {step_every: 1}
C
field() { "$LOCKSTEP" inspect "$1" --json | sed -n "s/.*\"$2\": *\([^,}]*\).*/\1/p"; }
ended() { # ended CODE TEXT RANKS ARGUMENT...
  local want=$1 text=$2 code=0; shift 2
  rm -rf run
  on "$1" train net.yaml -o run -q "${@:2}" >out 2>err || code=$?
  [ $code -eq "$want" ] || fail "$*: exit $code instead of $want: $(cat err)"
  [ -z "$text" ] || [ "$(grep -c "error: .*$text" err)" -eq 1 ] || fail "$*: not said once: $text: $(cat err)"
}

# Steps have 8 samples, an epoch 9 steps: where is the sample?
find_step() { for ((bad = 0; ; bad++)); do "$LOCKSTEP" order net.yaml --step $bad | grep -qx 40 && return; done; }

stop() {
  local ranks
  for ranks in 0 3; do
    ended 71 "step $((bad + 1)): .* not finite" $ranks
    [ "$(newest run)" -eq "$bad" ] && [ ! -e run/final.h5 ] || fail "stop: it was saved, or not what was before: $(ls run)"
    grep -q '"exit":"diverged"' run/metrics.jsonl || fail "stop: $(tail -1 run/metrics.jsonl)"
    ended 71 "step $((bad + 1)): the loss or the gradient is not finite" $ranks train.precision=float64 data.train.file=double.csv
    # Weights that overflow while every loss and gradient was finite; data without the sample.
    ended 71 "step 1: weights are not finite" $ranks data.limit.train=40 optimizer.lr=3e38 optimizer.type=sgd
    [ "$(newest run)" -eq 0 ] && [ ! -e run/final.h5 ] || fail "weights that are not finite were saved: $(ls run)"
  done
}

# The same bits on any number of ranks; the step counts, the update does not: neither weights nor t nor slots move.
skip() {
  local ranks
  rm -rf skip-*
  for ranks in 0 2 3; do
    ended 0 "" $ranks train.nonfinite=skip
    mv run skip-$ranks
    cmp skip-0/final.h5 skip-$ranks/final.h5 || fail "skip: other bits on $ranks ranks"
    diff <(numbers_of skip-0) <(numbers_of skip-$ranks) >&2 || fail "skip: other metrics on $ranks ranks"
    [ "$(grep -c 'warning: .*the update is skipped' err)" -eq 3 ] || fail "skip: $(cat err)"
  done
  cd skip-3 || exit 1
  [ "$(field final.h5 global_step) $(field final.h5 t) $(field final.h5 nonfinite_total)" = "27 24 3" ] ||
    fail "skip: step, t and skipped are $(field final.h5 global_step) $(field final.h5 t) $(field final.h5 nonfinite_total)"
  local before=ckpt-$bad.h5 after=ckpt-$((bad + 1)).h5
  [ "$bad" -eq 0 ] || [ "$(hash_of $before)" = "$(hash_of $after)" ] || fail "skip: the weights moved"
  [ "$(field $after samples_seen)" -eq $((8 * bad + 8)) ] || fail "skip: the data did not go on: $(field $after samples_seen)"
  if command -v h5dump >/dev/null; then
    h5dump -g /optim $before | tail -n +2 >before; h5dump -g /optim $after | tail -n +2 >after
    [ -s after ] && cmp before after || fail "skip: t or a slot moved"
  fi
  cd ..
  ended 71 "100 steps in a row were not finite" 2 train.nonfinite=skip data.train.file=all.csv train.epochs=1000 checkpoint.every=never
}

rollback() {
  local ranks
  rm -rf back-*
  for ranks in 0 2 3; do
    ended 0 "" $ranks train.nonfinite=rollback checkpoint.every="2 steps"
    mv run back-$ranks
    cmp back-0/final.h5 back-$ranks/final.h5 || fail "rollback: other bits on $ranks ranks"
    [ "$(grep -c 'warning: .*go back to step' err)" -eq 3 ] || fail "rollback: $(cat err)"
  done
  [ "$(field back-3/final.h5 rollbacks) $(field back-3/final.h5 global_step)" = "3 27" ] || fail "rollback: $(field back-3/final.h5 rollbacks) times"
  ended 71 "not finite again after 3 rollbacks" 2 train.nonfinite=rollback train.epochs=9
  [ ! -e run/final.h5 ] || fail "rollback: saved all the same"
  ended 71 "there is no checkpoint to go back to" 2 train.nonfinite=rollback checkpoint.every=never
}
find_step
cases stop skip rollback
