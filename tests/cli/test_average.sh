#!/bin/bash
# train.average: the average is the one of the weights that step events log, from the first update on; it is what evaluations, checkpoints,
# predict and the best see, while training goes on as if there were none; the same bits on any ranks, stopped, rolled back, with plateau.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/early-stop/* .
cat >small.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b], y: [y]}, test: {file: t.csv, x: [a, b], y: [y]}}
model: {layers: [{units: 3, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.05}
train: {steps: 40, batch: 10, precision: float64, average: {type: ema, decay: 0.9}}
output: {step_every: 1, log_weights: true}
C
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 60; i++) { a = (i * 37 % 60) / 30 - 1; b = (i * 17 % 60) / 30 - 1; printf "%.4f,%.4f,%.5f\n", a, b, a * b + a } }' >t.csv

# ---- by hand: sum of decay^(t - i) w_i over the sum of decay^(t - i) ----
run 0 train small.yaml -o hand
run 0 train small.yaml -o none train.average=none
diff <(numbers_of hand | grep '"step"') <(numbers_of none | grep '"step"') >err || fail "an average changes the training: $(head -3 err)"
for t in 1 2 40; do
  [ $t = 40 ] && file=hand/final.h5 || { run 0 train small.yaml -o cut$t train.steps=$t; file=cut$t/final.h5; }
  for tensor in 0000/W 0000/b 0001/W 0001/b; do h5dump -d /model/$tensor -y -w 1 -m '%.17g' "$file" | sed -n '/DATA {/,/}/p' | grep -E '^ *-?[0-9]' | tr -d ', '; done >average
  grep '"event":"step"' hand/metrics.jsonl | head -$t | sed 's/.*"weights":\[\([^]]*\)\].*/\1/' |
    awk -F, '{ total = 0.9 * total + 1; for (i = 1; i <= NF; i++) sum[i] = 0.9 * sum[i] + $i; n = NF } END { for (i = 1; i <= n; i++) printf "%.17g\n", sum[i] / total }' >want
  paste average want | awk '{ d = $1 - $2; if (NF != 2 || d * d > 1e-26) { print; exit 1 } } END { if (NR != 13) exit 1 }' >err || fail "update $t: $(cat err)"
done
run 0 predict hand/final.h5 -i t.csv -o p.csv
loss=$(paste -d, t.csv p.csv | awk -F, 'NR > 1 { e = $3 - $4; s += e * e } END { printf "%.12g", s / (NR - 1) }')
tail -1 hand/metrics.jsonl | sed 's/.*"test_loss":\([^,]*\),.*/\1/' | awk -v want="$loss" '{ d = $1 - want; if (d * d > 1e-22) exit 1 }' || fail "the end event's test_loss is not that of final.h5, $loss"
sed -n '$s/.*"weights_hash":"\([^"]*\)".*/\1/p' hand/metrics.jsonl | grep -qxF "$(hash_of hand/final.h5)" || fail "the end event's hash"
h5dump -n hand/final.h5 | grep -q '/optim/0000/trained_W' || fail "final.h5 has no trained weights"

# ---- the same bits on any ranks, with what looks at evaluations; stopped and resumed, from final.h5 too ----
with=('train.average={type: ema, decay: 0.97}' train.restore_best=true train.early_stop=none 'schedule={type: plateau, factor: 0.5, patience: 3}' train.epochs=12)
run 0 train net.yaml -o one "${with[@]}"
run 0 train net.yaml -o plain "${with[@]:1}"
[ "$(numbers_of one | grep -c val_loss)" -gt 5 ] && [ "$(numbers_of one)" != "$(numbers_of plain)" ] || fail "evaluations do not see the average"
for ranks in 2 3 4; do
  run $ranks train net.yaml -o ranks$ranks "${with[@]}" train.exchange=$([ $ranks = 3 ] && echo tree || echo auto)
  same one ranks$ranks "$ranks ranks"
  [ $ranks = 3 ] || cmp one/final.h5 ranks$ranks/final.h5 || fail "$ranks ranks: another final.h5" # its config names the exchange
  [ "$(numbers_of one)" = "$(numbers_of ranks$ranks)" ] || fail "$ranks ranks: other metrics"
done
best=$(tail -1 one/metrics.jsonl | sed -n 's/.*"restored_step":\([0-9]*\).*/\1/p')
[ "$(hash_of one/final.h5)" = "$(hash_of "one/ckpt-$best.h5")" ] || fail "restore_best: not the average of step $best"
run 3 train net.yaml -o part "${with[@]}" train.epochs=none train.steps=50
run 2 train net.yaml -o part "${with[@]}" --resume=part/final.h5
cmp one/final.h5 part/final.h5 || fail "stopped in mid-epoch: another final.h5"

# ---- a rollback takes the average back too: it, plateau's rate and the weights are the same on any ranks, stopped before, between and behind ----
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 66; i++) { a = (i * 37 % 66) / 33 - 1; b = (i * 17 % 66) / 33 - 1; printf "%s,%.4f,%.5f\n", i == 40 ? "1e38" : sprintf("%.4f", a), b, a * b + a } }' >poisoned.csv
cat >rolled.yaml <<'C'
version: 1
data: {type: csv, train: {file: poisoned.csv, x: [a, b], y: [y]}, validation: {file: t.csv, x: [a, b], y: [y]}}
model: {layers: [{units: 5, activation: linear}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.03}
schedule: {type: plateau, factor: 0.5, patience: 1, min_delta: 0.01, cooldown: 1}
train: {epochs: 3, batch: 8, slices: 4, nonfinite: rollback, average: {type: ema, decay: 0.8}}
eval: {every: 2 steps}
checkpoint: {every: 2 steps}
output: {step_every: 1}
C
rolled() { "$LOCKSTEP" inspect "$1/final.h5" --json | sed -n 's/.*"rollbacks": *\([0-9]*\).*/\1/p'; }
rates() { grep '"step"' "$1/metrics.jsonl" | sed 's/.*"lr":\([^,}]*\).*/\1/' | sort -u | wc -l; }
run 0 train rolled.yaml -o rolled
[ "$(rolled rolled)" = 3 ] && [ "$(rates rolled)" -ge 4 ] || fail "rolled: $(rolled rolled) rollbacks, $(rates rolled) rates"
run 0 train rolled.yaml -o skipped train.nonfinite=skip
[ "$(hash_of rolled/final.h5)" != "$(hash_of skipped/final.h5)" ] || fail "a rollback takes nothing back"
for ranks in 2 3; do
  run $ranks train rolled.yaml -o rolled-$ranks
  cmp rolled/final.h5 rolled-$ranks/final.h5 || fail "rolled on $ranks ranks: another final.h5"
  [ "$(numbers_of rolled)" = "$(numbers_of rolled-$ranks)" ] || fail "rolled on $ranks ranks: other metrics"
done
# Stopped where it saves anyhow: a stop elsewhere is a checkpoint more, and a rollback goes to the newest.
run 3 train rolled.yaml -o halting train.epochs=none train.steps=2
for step in 4 6 10 14 16 20 24; do run $((step % 3 + 1)) train rolled.yaml -o halting train.epochs=none train.steps=$step --resume; done
run 2 train rolled.yaml -o halting --resume
cmp rolled/final.h5 halting/final.h5 || fail "rolled, stopped often: another final.h5"

# ---- what does not go together ----
refused 78 "train.average: a run has it from its start to its end, and the checkpoint's run has it" train net.yaml -o part "${with[@]:1}" --resume=one/final.h5 --allow train.average
refused 78 "train.average.decay" train net.yaml -o part "${with[@]}" train.average.decay=0.5 --resume=one/final.h5
refused 78 "train.average.decay" config check net.yaml 'train.average={type: ema, decay: 1}'
refused 78 "no one sequence of weights" config check small.yaml optimizer.type=sgd train.mode=hogwild output.step_every=0
finish
