#!/bin/bash
# lockstep plot and compare on runs made here, and on hand-written ones with known numbers.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# ---- compare: three seeds of one config, one of them dead; another rate; one that diverged ----
run() { # NAME SEED LR EXIT LOSSES... : accuracy 1 - loss / 3; the last is the final one
  local name=$1 seed=$2 lr=$3 exit=$4 epoch=0 loss dead=; shift 4
  [ "$exit" != dead ] || exit=done dead='"dead":true,'
  mkdir -p "$name"
  cat >"$name/config.yaml" <<Y
version: 1
seed: $seed
data: {type: idx, dir: /nowhere, classes: 10}
model: {layers: [{units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: $lr}
train: {epochs: $#, batch: 10}
output: {dir: $name}
Y
  echo '{"event":"start","ranks":1,"steps_per_epoch":10}' >"$name/metrics.jsonl"
  for loss; do
    epoch=$((epoch + 1))
    accuracy=$(awk "BEGIN {print 1 - $loss / 3}")
    echo "{\"event\":\"epoch\",\"epoch\":$epoch,\"global_step\":${epoch}0,\"loss\":$loss,\"accuracy\":$accuracy,\"val_loss\":$loss,\"lr\":$lr}"
  done >>"$name/metrics.jsonl"
  echo "{\"event\":\"end\",\"global_step\":${epoch}0,\"loss\":${loss},\"accuracy\":$accuracy,\"test_accuracy\":0.5,$dead\"exit\":\"$exit\"}" >>"$name/metrics.jsonl"
}
run a1 1 0.1 done 2 1.5 1 0.3
run a2 2 0.1 done 2 1.6 1.2 0.5
run a3 3 0.1 dead 2.7 2.7 2.7 2.7
run b 1 0.2 done 2 1 0.5 0.25
run c 1 0.4 diverged 2 20 2000 null
"$LOCKSTEP" compare a1 a2 a3 b c >out || fail "compare"
[ "$(wc -l <out)" -eq 4 ] || fail "compare: seeds are not together: $(cat out)"
grep -q '^a1 +2 seeds *sgd lr=0.1 .* 0\.4 +- 0\.14 .*2 done, 1 dead$' out || fail "compare: $(cat out)"
grep -q '^c .*diverged$' out || fail "compare: $(cat out)"
"$LOCKSTEP" compare a1 a2 a3 b c --json >out || fail "compare --json"
[ "$(wc -l <out)" -eq 1 ] && grep -qF '"loss":{"n":2,"mean":0.40000000000000002,"sd":0.14142135623730' out || fail "compare --json: $(cat out)"
grep -qF '"run":"a3","group":0,"exit":"dead","seed":3' out || fail "compare --json: $(cat out)"
refused 65 "no run in nowhere" compare a1 nowhere
refused 64 "which runs?" compare
echo '{"event":"epoch"' >>b/metrics.jsonl
refused 65 "b/metrics.jsonl:7" compare b
sed -i '$d' b/metrics.jsonl; printf '{"event":"epoch","epo' >>b/metrics.jsonl # a killed run
"$LOCKSTEP" compare b >out || fail "a line that was not finished"

# ---- refusals of plot, before gnuplot is looked for ----
refused 64 "did you mean 'cost'?" plot costs a1 -o x.svg
refused 64 "plot: which? cost, lr, path or compare" plot
refused 64 "where to?" plot cost a1
refused 64 "ends in .svg" plot cost a1 -o x.jpg
refused 64 "did you mean 'accuracy'?" plot compare a1 -o x.svg --metric acuracy
refused 65 "no run has samples_per_s" plot compare a1 -o x.svg --metric samples_per_s
mkdir -p young; echo '{"event":"start","ranks":1}' >young/metrics.jsonl
refused 65 "nothing to draw" plot cost young -o x.svg
refused 65 "log_weights" plot path a1 -o x.svg --data /nowhere --json
PATH=/nonexistent "$LOCKSTEP" plot cost a1 -o x.svg 2>err && fail "a plot without gnuplot"
grep -q gnuplot-nox err || fail "which package? $(cat err)"
ls x.svg* >/dev/null 2>&1 && fail "a refused plot left a file"
[ $failures -eq 0 ] && ! command -v gnuplot >/dev/null && { echo "no gnuplot: pictures not tested"; exit 0; }

# ---- pictures: the file is what its name says, with the names and numbers it should show ----
picture() { "$LOCKSTEP" plot "$@" >out 2>err || fail "plot $*: $(cat err)"; }
picture cost a1 -o cost.svg --keep-script
for text in '<svg' 'a1 (sgd lr=0.1)' epoch val_loss; do grep -qF -- "$text" cost.svg || fail "cost.svg lacks $text"; done
cp cost.svg again.svg; gnuplot cost.gp 2>err && cmp -s cost.svg again.svg || fail "the kept script draws another picture: $(cat err)"
picture cost a1 b -o two.png; head -c 8 two.png | od -An -tx1 | grep -q '89 50 4e 47' || fail "two.png is no PNG"
picture compare a1 a2 b -o compare.pdf --keep-script; head -c 4 compare.pdf | grep -q '%PDF' || fail "compare.pdf is no PDF"
# epoch 2 of the two seeds: 1.5 and 1.6
grep -q '^ 2 1.55 1.479289.* 1.620710.*$' compare.gp || fail "mean and spread: $(grep '^ 2 ' compare.gp)"
grep -q "sgd lr=0.1 (2 seeds)" compare.gp || fail "no legend for seeds"
picture lr a1 c -o - ; [ "$(wc -l <out)" -gt 20 ] && grep -q '\*' out || fail "no picture on the terminal"
picture cost a1 --by step -o step.svg; grep -qF 'global_step (weight updates)' step.svg || fail "--by step"
picture cost c -o c.svg # a loss that is null
mkdir full && mount -t tmpfs -o size=4k tmpfs full 2>/dev/null && { refused 74 full plot cost a1 -o full/x.svg; umount full; }
(ulimit -f 1; "$LOCKSTEP" plot cost a1 -o big.svg 2>err); code=$?
{ [ $code -gt 0 ] && [ $code -lt 128 ] && [ ! -e big.svg ]; } || fail "a file that may not grow: exit $code"
picture cost a1 -o cost.svg --json; [ "$(cat out)" = '{"plot":"cost","file":"cost.svg","runs":1}' ] || fail "json: $(cat out)"

# ---- the path of two weights: y = 2 + x/2, from (0, -4), learning rate 2 / (1 + 0.2 j) ----
awk 'BEGIN {print "x,y"; for (i = 0; i < 30; i++) {x = -1 + 2 * i / 29; printf "%.17g,%.17g\n", x, 2 + x / 2}}' >toy.csv
cat >toy.yaml <<'Y'
version: 1
data: {type: csv, train: {file: toy.csv, x: [x], y: [y]}}
model: {init: {type: constant, value: -4}, layers: [{units: out}]}
loss: half_mse
optimizer: {type: sgd, lr: 2}
schedule: {type: inverse_time, decay_rate: 0.2}
train: {epochs: 29, batch: full, precision: float64}
output: {step_every: 1, log_weights: true}
checkpoint: {every: never}
Y
"$LOCKSTEP" train toy.yaml -o toy -q --progress none >out 2>err || fail "train: $(cat err)"
picture path toy -o path.svg --keep-script
grep -q ' 2 0.5 ' <<<"$(awk '/^plot/' path.gp | tr '(),:' '    ' | sed 's/2\.0000[0-9]*\|1\.9999[0-9]*/2/; s/0\.5000[0-9]*\|0\.49999[0-9]*/0.5/' |
  sed 's/  */ /g')" || fail "the minimum is not at (2, 0.5): $(grep '^plot' path.gp)"
start=$(grep -A1 '^$curve0_0' path.gp | tail -1); [ "$start" = " 0 -4 5.60753748" ] || [ "${start:0:5}" = " 0 -4" ] || fail "start: $start"
first=$(grep -A2 '^$curve0_0' path.gp | tail -1); [ "${first:0:4}" = " 4 -" ] || fail "first update: $first"
grep -A31 '^$curve0_0' path.gp | tail -2 | head -1 | awk '{exit !($1 > 1.99999 && $1 < 2.00001 && $2 > 0.499 && $2 < 0.5001)}' || fail "end of the path"
picture path toy toy -o both.png
picture path toy --surface -o surface.svg --keep-script; grep -q '^splot .*with pm3d' surface.gp || fail "no surface"
picture path toy --steps 3 -o short.svg --keep-script; grep -q '^ .* 3$' <<<"$(sed -n '/^$number0_0/,/^EOD/p' short.gp)" || true
[ "$(sed -n '/^$curve0_0/,/^EOD/p' short.gp | wc -l)" -eq 6 ] || fail "--steps 3 draws other than start and three updates"
mv toy.csv moved.csv
refused 65 "--data FILE" plot path toy -o x.svg
picture path toy -o moved.svg --data moved.csv
cmp -s moved.svg path.svg || fail "--data gives another picture"

finish
