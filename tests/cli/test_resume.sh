#!/bin/bash
# Going on: in the middle of an epoch, over a chain of rank counts, from any file, further than planned, and what stops it.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cat >net.yaml <<C
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 1013, test: 100}, scale: {type: divide, by: 255}, validation: {share: 0.1, how: last}}
model: {layers: [{units: 16, activation: relu}, {type: dropout, rate: 0.2}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: nadam, lr: 0.003}
schedule: {type: cosine, decay_steps: 3 epochs, warmup: 0.5 epochs}
train: {steps: 57, batch: 50, slices: 8, clip_norm: 2, gradient_noise: {eta: 0.001}}
checkpoint: {every: 10 steps, keep: {last: 9}}
output: {step_every: 1}
C
same() { # same RUN: as if it had never been stopped
  cmp reference/final.h5 "$1/final.h5" || fail "$1: another final.h5"
  diff <(numbers_of reference) <(numbers_of "$1") || fail "$1: other metrics"
}
run 0 train net.yaml -o reference

# ---- chains: 4 -> 1 -> 7 -> 2 ranks, 19 steps an epoch ----
run 4 train net.yaml -o chain train.steps=7
run 1 train net.yaml -o chain --resume train.steps=19
run 7 train net.yaml -o chain --resume=auto train.steps=40
run 2 train net.yaml -o chain --resume
same chain
[ "$(grep -c '"resumed_from"' chain/metrics.jsonl)" -eq 3 ] || fail "chain: $(grep start chain/metrics.jsonl)"

# ---- from a file, also of another folder; what lies behind it is set aside ----
cp -r reference back
run 3 train net.yaml -o back --resume=back/ckpt-20.h5
same back
[ -e back/ckpt-50.h5.superseded ] && [ -e back/final.h5.superseded ] || fail "not set aside: $(ls back)"
run 2 train net.yaml -o other --resume=reference/ckpt-30.h5
cmp reference/final.h5 other/final.h5 || fail "other: another final.h5"

# ---- further than planned, at the end, from nothing ----
run 2 train net.yaml -o far train.steps=90
cp -r reference further
run 3 train net.yaml -o further --resume train.steps=90
cmp far/final.h5 further/final.h5 || fail "further: another final.h5"
run 2 train net.yaml -o further --resume train.steps=90
cmp far/final.h5 further/final.h5 || fail "resumed at its end: another final.h5"
cp -r reference ended
run 3 train net.yaml -o ended --resume
same ended
run 2 train net.yaml -o fresh --resume=auto
same fresh
mkdir killed; cp reference/config.yaml killed; head -3 reference/metrics.jsonl >killed/metrics.jsonl; echo x >killed/.tmp-10 # before its first
run 2 train net.yaml -o killed --resume=auto
same killed
[ ! -e killed/.tmp-10 ] || fail "a stale temporary stays"

# ---- a cycle that is as long as the run ----
run 1 train net.yaml -o cycle schedule=one_cycle
cp cycle/final.h5 whole.h5
run 3 train net.yaml -o cycle schedule=one_cycle --resume=cycle/ckpt-20.h5
cmp whole.h5 cycle/final.h5 || fail "one_cycle: another final.h5"
tail -n 1 <(grep '"event":"step"' cycle/metrics.jsonl) | grep -q '"lr":4.9467' || fail "not a cycle's end: $(tail -n 3 cycle/metrics.jsonl)"

# ---- a killed run's metrics end in half a line, behind the checkpoint ----
run 2 train net.yaml -o torn train.steps=23
rm torn/final.h5
sed -i '/"event":"end"/d' torn/metrics.jsonl
printf '{"event":"step","global_st' >>torn/metrics.jsonl
run 3 train net.yaml -o torn --resume=auto
grep -q '"resumed_from":20' torn/metrics.jsonl || fail "torn: resumed elsewhere"
same torn

# ---- what is the same is no change, whatever sections a checkpoint keeps ----
run 2 train net.yaml -o quiet train.steps=20 "checkpoint={every: 7 steps, keep: {last: 3, best: none}, async: false}" "eval={every: 5 steps, on: [train]}"
run 1 train net.yaml -o quiet train.steps=20 "checkpoint={every: 7 steps, keep: {last: 3, best: none}, async: false}" "eval={every: 5 steps, on: [train]}" --resume
grep -q "changed since" err && fail "a change that is none: $(cat err)"

# ---- the checkpoint's slices rule ----
grep -v '^output' net.yaml | sed 's/, slices: 8//' >auto.yaml
run 2 train auto.yaml -o slices train.slices=4 train.steps=20
run 3 train auto.yaml -o slices --resume
grep -q '"slices":4' <(tail -1 <(grep '"event":"start"' slices/metrics.jsonl)) || fail "slices: $(grep start slices/metrics.jsonl)"
run 2 train auto.yaml -o each train.slices=0 train.steps=20
run 2 train auto.yaml -o each train.slices=0 --resume
on 3 train auto.yaml -o each train.slices=0 --resume train.steps=60 >out 2>err; code=$?
[ $code -eq 78 ] && grep -q "3 ranks but train.slices is 2" err || fail "3 ranks on a checkpoint of 2 slices: exit $code: $(cat err)"

# ---- early stop and rollback keep their counts over a stop ----
words=("train.early_stop={metric: val_loss, patience: 2}" "optimizer={type: sgd, lr: 1}" train.epochs=20 train.steps=none "schedule={type: constant}"
  train.gradient_noise=none)
run 0 train net.yaml -o early "${words[@]}"
step=$(sed -n 's/.*"event":"end","global_step":\([0-9]*\).*/\1/p' early/metrics.jsonl)
grep -q '"exit":"early_stop"' early/metrics.jsonl || fail "no early stop: $(tail -1 early/metrics.jsonl)"
run 2 train net.yaml -o later "${words[@]}" train.epochs=none train.steps=$((step - 20))
run 3 train net.yaml -o later "${words[@]}" --resume
diff <(numbers_of early) <(numbers_of later) || fail "early stop came elsewhere after a resume"
finish
