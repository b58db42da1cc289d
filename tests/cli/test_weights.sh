#!/bin/bash
# What samples count: data.weights and train.class_weights against an independent program in awk, on any number of ranks; and what is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# 61 samples of three inputs and a weight; 'ant' is three times as frequent as 'cat'; the last of each ten weighs 0.
awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 7; print "a,w,b,c,kind"
    for (i = 0; i < 61; i++) {
      k = rnd(); kind = k < 0.55 ? "ant" : k < 0.8 ? "bee" : "cat"; shift = kind == "ant" ? 1 : kind == "bee" ? -1 : 0
      printf "%.6f,%.4f,%.6f,%.6f,%s\n", rnd() + shift, i % 10 == 9 ? 0 : 0.1 + 3 * rnd(), rnd() - shift, rnd(), kind } }' >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b, c], y: kind}, order: sequential, weights: w}
model: {init: zeros, layers: [{units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.7}
train: {epochs: 3, batch: 9, slices: 4, precision: float64, class_weights: {ant: 0.5, cat: 2.25}}
output: {step_every: 1}
eval: {every: never}
checkpoint: {every: never}
C

# The same by hand: softmax regression from zeros, each minibatch's loss is sum w l / sum w. how: column and classes as in the configs below.
reference() { # reference COLUMN(0|1) CLASSES(none|given|balanced)
  awk -F, -v column="$1" -v classes="$2" '
    NR > 1 { n++; x[n, 1] = $1; x[n, 2] = $3; x[n, 3] = $4; y[n] = $5 == "ant" ? 1 : $5 == "bee" ? 2 : 3; w[n] = column ? $2 : 1; count[y[n]]++ }
    END {
      for (k = 1; k <= 3; k++) factor[k] = classes == "balanced" ? n / (3 * count[k]) : classes == "given" ? (k == 1 ? 0.5 : k == 3 ? 2.25 : 1) : 1
      for (epoch = 0; epoch < 3; epoch++)
        for (first = 1; first <= n; first += 9) {
          last = first + 8 < n ? first + 8 : n; loss = sum = 0
          delete g
          for (i = first; i <= last; i++) {
            total = 0
            for (k = 1; k <= 3; k++) { z[k] = b[k]; for (j = 1; j <= 3; j++) z[k] += x[i, j] * W[j, k]; total += exp(z[k]) }
            weight = w[i] * factor[y[i]]; sum += weight; loss += weight * (log(total) - z[y[i]])
            for (k = 1; k <= 3; k++) { d = weight * (exp(z[k]) / total - (k == y[i])); g[0, k] += d; for (j = 1; j <= 3; j++) g[j, k] += d * x[i, j] }
          }
          printf "%.17g\n", loss / sum
          for (k = 1; k <= 3; k++) { b[k] -= 0.7 * g[0, k] / sum; for (j = 1; j <= 3; j++) W[j, k] -= 0.7 * g[j, k] / sum }
        }
    }' t.csv
}
losses() { sed -n 's/.*"event":"step".*"loss":\([^,]*\),.*/\1/p' "$1/metrics.jsonl"; }
close() { # close RUN REFERENCE TEXT
  losses "$1" | paste - "$2" | awk 'NF != 2 || !($1 - $2 < 1e-12 && $2 - $1 < 1e-12) { bad = 1 } END { exit bad || NR != 21 }' ||
    fail "$3: losses are not the reference's: $(losses "$1" | paste - "$2" | head -3)"
}

run 0 train net.yaml -o both
reference 1 given >want && close both want "weights and class weights"
run 0 train net.yaml -o column train.class_weights=none
reference 1 none >want && close column want "weights"
run 0 train net.yaml -o balanced train.class_weights=balanced data.weights=none
reference 0 balanced >want && close balanced want "balanced"
run 0 train net.yaml -o product train.class_weights=balanced data.weights=2 # by number; classes are counted, not weighed
reference 1 balanced >want && close product want "weights and balanced"
run 0 train net.yaml -o numbers 'train.class_weights={"0": 0.5, 2: 2.25}'
[ "$(hash_of both/final.h5)" = "$(hash_of numbers/final.h5)" ] || fail "classes by number are not those by name"

# The mean over the epoch: of the minibatches' losses, each by its samples. Evaluation counts every sample once.
losses both | tail -7 | awk '{ sum += (NR < 7 ? 9 : 7) * $1 } END { printf "%.12f\n", sum / 61 }' >want
sed -n '/"epoch":3/s/.*"loss":\([^,]*\),.*/\1/p' both/metrics.jsonl | awk '{ printf "%.12f\n", $1 }' | cmp -s - want || fail "mean of the epoch"
"$LOCKSTEP" eval both/final.h5 --split train --json >out
sed 's/, weights: w//; s/, class_weights: [^}]*}//' net.yaml >plain.yaml
run 0 eval both/final.h5 --data plain.yaml --split train --json
"$LOCKSTEP" eval both/final.h5 --split train --json | cmp -s - out || fail "evaluation depends on weights"

# Weights that are all 1, or all 2, are no weights, to the last bit.
run 0 train plain.yaml -o plain
sed 's/^\([^,]*\),[0-9.]*,/\1,1,/' t.csv >one.csv
run 0 train net.yaml -o one train.class_weights=none data.train.file=one.csv
[ "$(hash_of plain/final.h5)" = "$(hash_of one/final.h5)" ] || fail "weights of 1 change the bits"
run 0 train net.yaml -o two 'train.class_weights={ant: 2, bee: 2, cat: 2}' data.weights=none
[ "$(hash_of plain/final.h5)" = "$(hash_of two/final.h5)" ] || fail "weights of 2 change the bits"

# The same bits on 1 to 4 ranks, shuffled, float32, part of train kept out; from HDF5 and streamed; and resumed elsewhere.
many="train.precision=float32 data.order=shuffle data.skip.train=3 data.validation.share=0.1 data.validation.how=last train.class_weights=balanced"
for ranks in 1 2 3 4; do run $ranks train net.yaml $many -o r$ranks; done
for ranks in 2 3 4; do
  [ "$(numbers_of r$ranks)" = "$(numbers_of r1)" ] || fail "$ranks ranks: other numbers"
  cmp -s r1/final.h5 r$ranks/final.h5 || fail "$ranks ranks: other bits"
done
run 0 data import net.yaml -o t.h5
run 0 data import t.h5 -o again.h5
cmp t.h5 again.h5 || fail "imported again it is another file"
# Split, each training sample keeps its own weight.
values() { h5dump -y -w 0 -d "$2" "$1" | awk '/DATA {/ { on = 1; next } on && /}/ { exit } on' | tr -d ' \n' | tr ',' '\n'; }
samples() { paste -d ' ' <(values "$1" /train/x | xargs -n "$(($(values "$1" /train/x | grep -c .) / $(values "$1" /train/weights | grep -c .)))") <(values "$1" /train/weights) | sort; }
run 0 data split t.h5 --test 0.25 -o split.h5
[ "$(samples split.h5 | wc -l)" -ge 20 ] && [ -z "$(comm -23 <(samples split.h5) <(samples t.h5))" ] || fail "split has other weights"
for load in memory stream; do
  run 2 train net.yaml $many "data={type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}, weights: /train/weights, validation: {share: 0.1, how: last}, skip: {train: 3}, load: $load}" -o h5-$load
  [ "$(hash_of r1/final.h5)" = "$(hash_of h5-$load/final.h5)" ] || fail "HDF5, $load: other bits"
done
head -30 t.csv >part1.csv; sed '2,30d' t.csv >part2.csv
run 2 train net.yaml $many -o files 'data.train.file=part?.csv'
[ "$(hash_of r1/final.h5)" = "$(hash_of files/final.h5)" ] || fail "two files: other bits"
run 1 train net.yaml $many train.epochs=none train.steps=8 -o part
on 3 train net.yaml $many -o part --resume --allow train.epochs --allow train.steps >out 2>err || fail "resume: $(cat err)"
[ "$(hash_of r1/final.h5)" = "$(hash_of part/final.h5)" ] || fail "resumed: other bits"

# More steps than the loader adds weights up for at once (512 of two slices), and the same from another step on.
long="train.batch=2 train.slices=2 data.order=shuffle output.step_every=0 output.log=[csv]"
run 2 train net.yaml -o long $long train.epochs=20
run 1 train net.yaml -o halves $long train.epochs=none train.steps=200
run 2 train net.yaml -o halves $long train.epochs=20 --resume
cmp -s long/final.h5 halves/final.h5 || fail "620 steps: other bits when resumed at 200"

# What is refused, and where.
refuse() { # refuse CODE TEXT ARGUMENT...; on ${ranks:-0} ranks
  local code=$1 text=$2; shift 2
  on ${ranks:-0} train net.yaml -o refused "$@" >out 2>err; got=$?
  [ $got -eq "$code" ] && [ "$(grep -cF -- "$text" err)" -eq 1 ] || fail "$*: exit $got, not $code with '$text': $(cat err)"
  [ ! -e refused ] || fail "$*: left a folder"
}
sed '5s/,[0-9.]*,/,-1,/' t.csv >minus.csv; sed '62s/,[0-9.]*,/,,/' t.csv >missing.csv
sed '3s/,[0-9.]*,/,inf,/' t.csv >inf.csv; sed '2,$s/^\([^,]*\),[0-9.]*,/\1,0,/' t.csv >zero.csv
sed '2,$s/^\([^,]*\),[0-9.]*,/\1,1e308,/' t.csv >huge.csv
refuse 65 'minus.csv:5: column 2 (w): not a weight: a finite number >= 0 is (it is -1)' data.train.file=minus.csv
ranks=3 refuse 65 'missing.csv:62: column 2 (w): not a weight' data.train.file=missing.csv
refuse 65 'inf.csv:3: column 2 (w): not a weight' data.train.file=inf.csv
refuse 65 'all training samples have weight 0' data.train.file=zero.csv
refuse 65 'all training samples have weight 0' 'train.class_weights={ant: 0, bee: 0, cat: 0}'
refuse 65 'too large to be added' data.train.file=huge.csv
refuse 65 "t.csv: no column 'v'" data.weights=v
refuse 78 'data.weights: 1-2 is more than one column' data.weights=1-2
refuse 65 'kind): not a number' data.weights=kind
refuse 78 "train.class_weights: the data have no class 'dog'; there are 3" 'train.class_weights={dog: 1}'
ranks=2 refuse 78 "no class '3'" 'train.class_weights={3: 1}'
refuse 78 "'2' is a class that is there already" 'train.class_weights={cat: 1, 2: 1}'
refuse 78 "'-1' is out of range: cat must be a number >= 0 [train.class_weights.cat]" 'train.class_weights={cat: -1}'
refuse 78 "[train.class_weights]" train.class_weights=balance
refuse 78 "there are no classes with the loss mse" loss=mse 'model.layers=[{units: out}]'
data="data={type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}, weights: /train/x}"
refuse 65 't.h5: /train/x has 3 values a sample, and a weight is one' train.class_weights=balanced "$data"
"$LOCKSTEP" data import t.csv --x a --y kind --classes -o a.h5 >out 2>err || fail "import: $(cat err)"
row=$(awk -F, 'NR > 1 && $1 < 0 { print NR - 2; exit }' t.csv)
refuse 65 "a.h5: /train/x: row $row, value 0: not a weight" train.class_weights=none "${data//t.h5, x/a.h5, x}"
refuse 65 "a.h5: /train/x: row $row, value 0: not a weight" train.class_weights=none "${data//weights: /weights: a.h5:}" # in another file

# The resolved config holds names of any kind.
"$LOCKSTEP" config show net.yaml 'train.class_weights={"Iris setosa": 2, "a: b #1": 0.5, "0": 1}' >shown.yaml
"$LOCKSTEP" config show shown.yaml | cmp -s - shown.yaml || fail "the resolved config does not show itself: $(grep -A4 class_weights shown.yaml)"
grep -qF '"a: b #1": 0.5' shown.yaml || fail "names in quotes: $(grep -A4 class_weights shown.yaml)"
"$LOCKSTEP" config show net.yaml --json | grep -qF '"class_weights": {"ant": 0.5, "cat": 2.25}' || fail "JSON"
finish
