#!/bin/bash
# The loss poisson: its value by hand and against scikit-learn, counts as they are whatever scales the inputs, predict, masked counts, and what
# is refused. Its gradient: unit.model; exports: cli.export; the same bits: property.same_bits.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
field() { sed -n "s/.*\"$1\":\([^],}]*\).*/\1/p" "${2:-out}"; }
near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a - b < 1e-12 && b - a < 1e-12) }' || fail "$3: $1, not $2"; }

# A weight of 1 and a rate of almost 0: y = exp(a). sum of y - t + t ln(t / y) over 4, by hand.
printf 'a,n\n0,0\n0,2\n1,3\n-1,1\n' >hand.csv
cat >hand.yaml <<'C'
version: 1
data: {type: csv, train: {file: hand.csv, x: [a], y: n}, test: {file: hand.csv, x: [a], y: n}}
model: {init: {type: constant, value: 1}, layers: [{units: out, activation: exp}]}
loss: poisson
optimizer: {type: sgd, lr: 1e-30}
train: {epochs: 1, batch: 4, precision: float64}
C
run 0 train hand.yaml -o hand
want=$(awk 'BEGIN { e = exp(1); printf "%.17g", (1 + (1 - 2 + 2 * log(2)) + (e - 3 + 3 * log(3 / e)) + (1 / e - 1 + log(e))) / 4 }')
run 3 eval hand/final.h5 --json
near "$(field loss)" "$want" loss
near "$(field mae)" "$(awk 'BEGIN { e = exp(1); printf "%.17g", (1 + 1 + 3 - e + 1 - 1 / e) / 4 }')" mae
run 0 predict hand/final.h5 -i hand.csv -o hand.out.csv && [ "$(head -1 hand.out.csv)" = n ] || fail "predict's column: $(head -2 hand.out.csv)"
near "$(sed -n 4p hand.out.csv)" 2.7182818284590452 "predict"

# Inputs are scaled, counts are not; it learns, and says so on any number of ranks.
awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 3; print "a,b,n"; for (i = 0; i < 400; i++) { a = rnd(); b = 10 * rnd(); n = int(exp(2 * a - b / 10 + 0.3 * rnd()) + rnd()); printf "%.5f,%.5f,%s\n", a, b, i % 9 ? n : "NA" } }' >holes.csv
grep -v NA holes.csv >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b], y: n}, scale: standard, validation: 0.25}
model: {layers: [{units: 8, activation: tanh}, {units: out, activation: exp}]}
loss: poisson
optimizer: {type: adam, lr: 0.02}
train: {epochs: 15, batch: 30}
C
run 1 train net.yaml -o one
run 3 train net.yaml -o three
same one three "3 ranks"
run 0 eval one/final.h5 --split validation --json
awk -v r2="$(field r2)" 'BEGIN { exit !(r2 > 0.5) }' || fail "it has not learned: $(cat out)"
run 0 eval one/final.h5 three/final.h5 --split validation --json # the mean of two equal ones
awk -v a="$(field loss)" -v b="$(run 0 eval one/final.h5 --split validation --json; field loss)" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }' || fail "the mean of two: $(cat out)"
for p in python3 /usr/bin/python3; do
  "$p" -c 'import sklearn' 2>/dev/null || continue
  run 0 eval one/final.h5 --data t.csv --json; cp out said
  awk -F, 'NR > 1 { print $3 }' t.csv >truth
  run 0 predict one/final.h5 -i t.csv -o outputs.csv
  "$p" "$SOURCE/tests/cli/figures.py" said truth outputs.csv numbers deviance >compared 2>err && grep -q loss compared || fail "scikit-learn: $(cat err compared)"
  break
done
# What is missing counts nothing.
run 0 train net.yaml -o mask data.train.file=holes.csv data.missing.y=mask data.scale=none data.validation=none data.order=sequential train.batch=full
run 0 train net.yaml -o drop data.train.file=holes.csv data.missing.y=drop data.scale=none data.validation=none data.order=sequential train.batch=full
near "$(field loss <(grep '"event":"end"' mask/metrics.jsonl) | cut -c1-6)" "$(field loss <(grep '"event":"end"' drop/metrics.jsonl) | cut -c1-6)" "mask and drop"

refused 78 'poisson needs a last layer with activation exp, not linear' train net.yaml -o no 'model.layers=[{units: out}]'
sed '3s/,[0-9]*$/,-1/' t.csv >negative.csv
refused 65 'a target of poisson is a count, or another number >= 0' train net.yaml -o no data.train.file=negative.csv
grep -q 'negative.csv:3' err || fail "the place of a negative count: $(cat err)"
finish
