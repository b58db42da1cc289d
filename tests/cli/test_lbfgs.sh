#!/bin/bash
# optimizer lbfgs, and `then`: SciPy's minimum, one bit pattern on 1 to 4 ranks, with every exchange, stopped and resumed in the middle
# and behind adam; what goes with it, and what is refused and where.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
awk 'BEGIN { print "a,b,c,y"
  for (i = 0; i < 80; i++) { a = (i * 37 % 80) / 40 - 1; b = (i * 17 % 80) / 40 - 1; c = ((i * 53 % 80) / 40 - 1) * 30
    printf "%.4f,%.4f,%.4f,%d\n", a, b, c, (2 * a - b * b + c / 40 + ((i * 29 % 80) / 40 - 1) * 0.7 > 0) } }' >t.csv
cat >logistic.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b, c], y: [y]}}
model: {init: zeros, layers: [{units: out, activation: sigmoid}]}
loss: binary_cross_entropy
optimizer: {type: lbfgs, lr: 1, weight_decay: 0.01}
train: {steps: 60, batch: full, precision: float64, slices: 8}
eval: {every: never}
checkpoint: {every: never}
output: {step_every: 1}
C
cat >net.yaml <<'C'
version: 1
seed: 3
data: {type: csv, train: {file: t.csv, x: [a, b], y: [c]}, scale: standard}
model: {layers: [{units: 8, activation: tanh}, {units: 5, activation: tanh, trainable: false}, {units: out}]}
loss: mse
optimizer: {type: lbfgs, lr: 1, history: 4}
train: {steps: 40, batch: full, slices: 8}
eval: {every: never}
checkpoint: {every: never}
output: {step_every: 1}
C
weights_of() { for tensor in W b; do h5dump -d "/model/0000/$tensor" -y -w 1 -m '%.17g' "$1" | sed -n '/DATA {/,/}/p' | grep -E '^ *-?[0-9]' | tr -d ', '; done; }
loss_at() { sed -n "s/.*\"step\",\"global_step\":$2,\"loss\":\([^,]*\),.*/\1/p" "$1/metrics.jsonl"; }
near() { paste "$1" "$2" | awk '{ d = $1 - $2; if (NF != 2 || d * d > 1e-16) exit 1 } END { if (NR != 4) exit 1 }'; } # to 1e-8

# ---- the minimum: Newton's, to 12 digits; SciPy's where it is ----
printf '%s\n' 3.590530350826 -0.337618228520 0.038298795384 -0.578467684618 >golden
run 0 train logistic.yaml -o one
weights_of one/final.h5 >found
near found golden || fail "not the minimum: $(paste found golden)"
if /usr/bin/python3 -c 'import scipy' 2>/dev/null; then
  /usr/bin/python3 - >scipy <<'C' || fail "SciPy"
import numpy as np
from scipy.optimize import minimize
t = np.loadtxt("t.csv", delimiter=",", skiprows=1)
X, y = np.c_[t[:, :3], np.ones(len(t))], t[:, 3]
def f(w):
    z = X @ w
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))) + 0.005 * w @ w
r = minimize(f, np.zeros(4), jac=lambda w: X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y) + 0.01 * w, method="L-BFGS-B",
             options={"ftol": 0, "gtol": 1e-11, "maxiter": 1000})
print("\n".join("%.17g" % w for w in r.x))
C
  near found scipy || fail "not SciPy's minimum: $(paste found scipy)"
fi
[ "$(grep -c '"event":"step"' one/metrics.jsonl)" = 60 ] || fail "an iteration is not a step"
sed -n 's/.*"event":"step".*"loss":\([^,]*\),.*/\1/p' one/metrics.jsonl | awk 'NR > 1 && $1 > last * 1.05 { exit 1 } { last = $1 }' || fail "the loss goes up"

# ---- the same bits on any ranks, in any exchange; in both precisions, with a frozen layer, weight decay, rounds ----
then=('optimizer={type: adam, lr: 0.01}' 'then={type: lbfgs, after: 12 epochs, history: 4}')
for how in "" "train.precision=float64 optimizer.weight_decay=0.001" then; do
  # shellcheck disable=SC2206 # words
  keys=($how)
  [ "$how" = then ] && keys=("${then[@]}")
  rm -rf r? e? cut
  run 0 train net.yaml -o r1 "${keys[@]}"
  for ranks in 2 3 4; do
    run $ranks train net.yaml -o r$ranks "${keys[@]}"
    cmp r1/final.h5 r$ranks/final.h5 || fail "$how: $ranks ranks give another final.h5"
    diff <(numbers_of r1) <(numbers_of r$ranks) >diff || fail "$how: $ranks ranks: $(head -3 diff)"
  done
  [ -n "$how" ] || { run 3 train net.yaml -o e3 train.exchange=tree; same r1 e3 "exchange tree"; }
  [ -n "$how" ] || { run 2 train net.yaml -o e2 train.accumulate=4; same r1 e2 "in rounds"; }
  # stopped behind 3 updates, 9 (the history is full), 17; resumed on other ranks
  run 0 train net.yaml -o cut "${keys[@]}" train.steps=3
  run 2 train net.yaml -o cut "${keys[@]}" train.steps=9 --resume
  run 0 train net.yaml -o cut "${keys[@]}" train.steps=17 --resume
  run 0 train net.yaml -o cut "${keys[@]}" --resume
  # what is frozen stays what it was
  run 0 train net.yaml -o cut1 --force "${keys[@]}" train.steps=1
  for file in cut1 r1; do h5dump -d /model/0001/W -m '%.17g' $file/final.h5 | tail -n +2 >frozen-$file; done
  cmp frozen-cut1 frozen-r1 || fail "$how: a frozen layer moves"
  cmp r1/final.h5 cut/final.h5 || fail "$how: stopped and resumed: another final.h5"
done
adam=$(loss_at r1 12) both=$(loss_at r1 40)
awk -v a="$adam" -v b="$both" 'BEGIN { exit !(b < 0.9 * a) }' || fail "lbfgs behind adam: $adam, then $both"
run 0 train net.yaml -o adam "${then[@]}" then=none
[ "$(numbers_of adam | grep '"step"' | head -12)" = "$(numbers_of r1 | grep '"step"' | head -12)" ] || fail "other updates before lbfgs"
awk -v a="$(loss_at adam 40)" -v b="$both" 'BEGIN { exit !(b < a) }' || fail "lbfgs does no better than adam"

refused 78 "no run changes its then.history" train net.yaml -o cut "${then[@]/history: 4/history: 9}" --resume --allow then.history

# behind a plug-in, whose slots are known to it alone
own=("optimizer={type: plugin, file: $BUILD/tests/plugins/exit_destructor.so, lr: 0.1}" 'then={type: lbfgs, history: 4, after: 5}')
run 0 train net.yaml -o own "${own[@]}" train.steps=20
run 0 train net.yaml -o owncut "${own[@]}" train.steps=9
run 2 train net.yaml -o owncut "${own[@]}" train.steps=20 --resume
same own owncut "behind a plug-in, stopped and resumed"
run 0 eval own/final.h5 --split train
run 0 train net.yaml -o late "${then[@]}" train.steps=5
grep -qF 'lbfgs begins behind update' err || fail "lbfgs that never begins: $(cat err)"

# ---- where it goes no further ----
run 0 train logistic.yaml -o far train.steps=400
near <(weights_of far/final.h5) golden || fail "it leaves the minimum"
run 0 train net.yaml -o flat optimizer.evaluations=1
# weights that give no number are no step: a rate of 1e30 at first is brought down
run 0 train net.yaml -o wild optimizer.lr=1e30 optimizer.evaluations=200
awk -v a="$(loss_at wild 1)" -v b="$(loss_at wild 40)" 'BEGIN { exit !(b < a) }' || fail "lr 1e30: $(loss_at wild 40)"
run 0 bench train net.yaml --steps 3 --warmup 1 --json
grep -q samples_per_s out || fail "bench train: $(cat out)"

# ---- what is refused, with its place ----
no() { refused 78 "$1" config check net.yaml "${@:2}"; }
no "the same samples: full [train.batch]" train.batch=10
no "[schedule.type]" 'schedule={type: cosine, decay_steps: 10}'
no "[schedule]" schedule.warmup=5
no "[train.clip_norm]" train.clip_norm=1
no "[train.clip_value]" train.clip_value=1
no "[train.gradient_noise]" 'train.gradient_noise={eta: 0.1}'
no "[train.nonfinite]" train.nonfinite=skip
no "[train.average]" 'train.average={decay: 0.9}'
no "[train.mode]" train.mode=hogwild
no "[train.mode]" train.mode=downpour
no "dropout draws" 'model.layers=[{units: 4}, {type: dropout, rate: 0.1}, {units: out}]'
no "[then]" 'then={type: lbfgs, after: 3}'
no "c1 must be below c2" optimizer.c1=0.4 optimizer.c2=0.3
no "missing key 'after'" 'optimizer={type: adam, lr: 0.1}' 'then={type: lbfgs}'
no "[then.type]" 'optimizer={type: adam, lr: 0.1}' 'then={type: adam, after: 3}'
no "[train.batch]" "${then[@]}" train.batch=10
refused 78 "--find: lbfgs" schedule net.yaml --find
refused 78 "bench plan measures updates of one cost" bench plan net.yaml --ranks 1,2
refused 78 "lbfgs: a run has its pairs from its start to its end" train net.yaml -o adam "${then[@]}" train.steps=50 --resume --allow then
cp -r r1 other
refused 78 "then.after" train net.yaml -o other "${then[@]}" then.after=20 train.steps=50 --resume
finish
