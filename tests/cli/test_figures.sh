#!/bin/bash
# The metrics of whole splits: golden values of small data that one can count by hand, scikit-learn's on balanced, skewed and one-class
# data where it is installed, the same bits on 1 to 4 ranks; followed by early_stop and keep.best; refused where they cannot be.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
python=
for p in python3 /usr/bin/python3; do "$p" -c 'import sklearn' 2>/dev/null && python=$p && break; done
[ -n "$python" ] || echo "not compared with scikit-learn: python3-sklearn is not installed"
field() { sed -n "s/.*\"$1\":\([^],}]*\).*/\1/p" "${2:-out}"; }
# is KEY VALUE WHAT: in the answer, to 1e-12
is() { awk -v a="$(field "$1")" -v b="$2" 'BEGIN { d = a - b; exit !(a != "" && (a == b || (a != "null" && d < 1e-12 && d > -1e-12))) }' || fail "$3: $1 is $(field "$1"), not $2: $(cat out)"; }
# everywhere ARGUMENT...: eval --json, the same alone and on so many ranks
everywhere() {
  run 0 eval "$@" --json; cp out said
  for ranks in ${many:-3}; do run $ranks eval "$@" --json; cmp -s out said || fail "eval $*: $ranks ranks say something else"; done
}
# against KIND CKPT DATA COLUMN...: to be compared with scikit-learn, from predict's outputs, at the end: loading it takes longest
against() {
  local kind=$1 ckpt=$2 data=$3; shift 3
  everywhere "$ckpt" --data "$data" --metrics "$metrics"
  [ -n "$python" ] || return 0
  local set
  set=$(wc -l <sets)
  cp said "said.$set"
  awk -F, -v columns="$*" 'BEGIN { n = split(columns, c, " ") } NR > 1 { for (i = 1; i <= n; i++) printf "%s%s", $c[i], i < n ? "," : "\n" }' "$data" >"truth.$set"
  run 0 predict "$ckpt" -i "$data" -o "outputs.$set.csv"
  echo "said.$set truth.$set outputs.$set.csv $kind" >>sets
  echo "$expected $data" >>expected
}
compare_all() {
  "$python" "$SOURCE/tests/cli/figures.py" sets >compared 2>err || fail "scikit-learn has other figures: $(cat compared err)"
  [ "$(wc -l <compared)" -eq "$(wc -l <expected)" ] || fail "not all are compared: $(cat compared)"
  paste -d' ' expected compared | awk 'NF - 2 < $1 { print; bad = 1 } END { exit bad }' >lacking || fail "too little is compared with scikit-learn: $(cat lacking)"
}
true >sets; true >expected

# ---- yes or no: a weight of 1 and a rate of almost 0, so that the output is sigmoid(a). By hand: 3 of 4 found, 2 of 6 mistaken ----
printf 'a,yes\n2,1\n1.5,1\n1,0\n0.5,1\n0.25,0\n-0.5,1\n-1,0\n-1.5,0\n-2,0\n-3,0\n' >hand.csv
cat >yes.yaml <<'C'
version: 1
data: {type: csv, train: {file: hand.csv, x: [a], y: yes}, test: {file: hand.csv, x: [a], y: yes}}
model: {init: {type: constant, value: 1}, layers: [{units: out, activation: sigmoid}]}
loss: binary_cross_entropy
optimizer: {type: sgd, lr: 1e-30}
train: {epochs: 1, batch: 10, precision: float64}
C
metrics=f1,f1_micro,balanced_accuracy,auc,average_precision,brier,reliability,per_class
run 0 train yes.yaml -o hand
everywhere hand/final.h5 --metrics $metrics
is f1 0.66666666666666667 hand; is f1_micro 0.66666666666666667 hand; is balanced_accuracy 0.70833333333333333 hand
is precision '[0.6' hand; is recall '[0.75' hand; is f1_by_class '[0.66666666666666663' hand
# of pairs in order 6, 6, 5 and 4 of 6; precision down to each yes: 1, 1, 3/4, 4/6
is auc 0.875 hand; is average_precision 0.85416666666666667 hand; is auc_by_class '[0.875' hand
# as many as 1 / (1 + e^-a) says, and the first bin's only one has it
is brier "$(awk -F, 'NR > 1 { e = 1 / (1 + exp(-$1)) - $2; s += e * e } END { printf "%.17g", s / (NR - 1) }' hand.csv)" hand
grep -q '"reliability":\[{"upto":0.1[0-9]*,"samples":1,"p":0.0474258731775667[0-9]*,"share":0.0},' out || fail "reliability: $(cat out)"
# equal numbers: half of a pair
printf 'a,yes\n1,1\n1,0\n0,0\n' >equal.csv; run 0 eval hand/final.h5 --data equal.csv --metrics auc,average_precision --json
is auc 0.75 equal; is average_precision 0.5 equal
# nothing but no, all of it right but for three: no F1 of what is not there
awk -F, 'NR == 1 || $2 == 0' hand.csv >no.csv; awk -F, 'NR == 1 || $1 < -0.6' hand.csv >low.csv
everywhere hand/final.h5 --data no.csv --metrics $metrics; is f1 0 no; is balanced_accuracy 0.66666666666666667 no
everywhere hand/final.h5 --data low.csv --metrics $metrics; is f1 null low; is balanced_accuracy 1 low
is auc null low; is average_precision null low
run 0 eval hand/final.h5 --metrics f1,balanced_accuracy
grep -q '^  f1  *0.666667$' out && grep -q '^  balanced_accuracy  *0.708333$' out || fail "no lines of them: $(cat out)"

# ---- classes and outputs of yes and no: balanced, skewed, of one class ----
make() { # make FILE SHARE SAMPLES: class 2 has that share; p and q are yes or no
  awk -v share="$2" -v n="$3" 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
    BEGIN { seed = 7; print "a,b,c,kind,p,q"
      for (i = 0; i < n; i++) { k = rnd() < share ? 2 : int(2 * rnd()) + (rnd() < 0.1 ? 2 : 0); if (share == 1) k = 2
        printf "%.4f,%.4f,%.4f,%d,%d,%d\n", rnd() + k / 3, rnd() - k / 4, 2 * rnd() * k, k, rnd() < 0.1 + k / 5, rnd() < share / 4 } }' >"$1"
}
make balanced.csv 0.3 900; make skewed.csv 0.02 700; make one.csv 1 150
cat >classes.yaml <<'C'
version: 1
data: {type: csv, train: {file: balanced.csv, x: [a, b, c], y: kind}, classes: 5, validation: 0.4}
model: {layers: [{units: 6, activation: tanh}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.02}
train: {steps: 60, batch: 50}
C
run 0 train classes.yaml -o classes
run 0 train classes.yaml -o answers data.train.y='[p, q]' data.classes=auto 'model.layers=[{units: out, activation: sigmoid}]' loss=binary_cross_entropy
# What samples weigh in training does not count here; six labels of a sample, one of them never there, one of all.
run 0 train classes.yaml -o weighed data.weights=a train.class_weights=balanced
awk -F, -v OFS=, 'NR == 1 { print $0, "r,s,never,always"; next } { print $0, $4 % 2, ($1 > 0.5 && $2 < 0.4) + 0, 0, 1 }' balanced.csv >labels.csv
run 0 train classes.yaml -o labels data.train.file=labels.csv data.train.y='[p, q, r, s, never, always]' data.classes=auto 'model.layers[1].activation=sigmoid' loss=binary_cross_entropy data.weights=a
awk -F, 'NR == 1 || NR % 9 == 0' labels.csv >few.csv
for data in balanced skewed one; do
  many=3; [ $data != skewed ] || many="1 2 4"
  metrics=f1,f1_micro,balanced_accuracy,auc,average_precision,brier,reliability,per_class expected=12; against classes classes/final.h5 $data.csv 4
  expected=5; against yes answers/final.h5 $data.csv 5 6
done
metrics=f1,f1_micro,balanced_accuracy,auc,average_precision,brier,reliability,per_class expected=12; many=3 against classes weighed/final.h5 skewed.csv 4
expected=6; many="2 4" against yes labels/final.h5 few.csv 5 6 7 8 9 10
# Numbers: one target, and two of other sizes, and a logarithm.
numbers="data.classes=auto data.scale=standard loss=mse model.layers[1].activation=linear train.precision=float64"
run 0 train classes.yaml -o one-target $numbers data.train.y=c 'data.train.x=[a, b]'
run 0 train classes.yaml -o two-targets $numbers 'data.train.y=[b, c]' 'data.train.x=[a, kind]'
run 0 train classes.yaml -o logarithm $numbers data.train.y=a 'data.train.x=[b, c]' 'data.scale={type: standard, columns: {a: log}}'
metrics=explained_variance,max_error,per_target
expected=5; against numbers one-target/final.h5 skewed.csv 3; against numbers logarithm/final.h5 balanced.csv 1
expected=1; against numbers two-targets/final.h5 skewed.csv 2 3
# Probabilities over the samples (softmax_batch), and classes by mse, are ranked too.
run 0 train classes.yaml -o columns 'model.layers=[{units: out, activation: softmax_batch}]' loss=cross_entropy_per_class train.slices=1
everywhere columns/final.h5 --data skewed.csv --metrics auc,f1; awk -v auc="$(field auc)" 'BEGIN { exit !(auc > 0.5 && auc < 1) }' || fail "columns: $(cat out)"
run 0 train classes.yaml -o by-mse 'model.layers=[{units: out}]' loss=mse
metrics=f1,auc,average_precision expected=3; against classes by-mse/final.h5 skewed.csv 4

[ -z "$python" ] || compare_all

# ---- followed: written, and the best is the largest ----
run 2 train classes.yaml -o followed train.steps=none train.epochs=8 train.early_stop='{metric: val_f1, patience: 3}'
grep -q '^best: val_f1 ' err || fail "val_f1 is not said to be the best: $(cat err)"
best=$(sed -n 's/^best: val_f1 \([0-9.]*\) .*/\1/p' err)
sed -n 's/.*"val_f1":\([0-9.]*\),.*/\1/p' followed/metrics.jsonl | awk -v best="$best" '{ if ($1 > most) most = $1 } END { exit !(NR >= 4 && most - best < 1e-5 && best - most < 1e-5) }' ||
  fail "the best val_f1 is not $best: $(grep -o '"val_f1":[^,]*' followed/metrics.jsonl)"
run 3 train classes.yaml -o three train.steps=none train.epochs=8 train.early_stop='{metric: val_f1, patience: 3}'
[ "$(numbers_of followed)" = "$(numbers_of three)" ] || fail "3 ranks follow other numbers"
run 0 train classes.yaml -o few train.steps=none train.epochs=1 'eval.metrics=[balanced_accuracy]' checkpoint.keep.best=val_f1_micro
run 0 compare few
grep -q '^run .*  val_balanced_accuracy  val_f1_micro  samples/s' out || fail "compare has no columns of what was asked for: $(cat out)"
run 0 compare few --json
grep -qF "\"val_f1_micro\":{\"n\":1,\"mean\":$(sed -n 's/.*"event":"end".*"val_f1_micro":\([^,]*\),.*/\1/p' few/metrics.jsonl)," out || fail "compare shows another val_f1_micro: $(cat out)"
grep -q '"val_loss":[^,]*,"val_balanced_accuracy":[^,]*,"val_f1_micro":[^,]*,"lr"' few/metrics.jsonl || fail "few: $(cat few/metrics.jsonl)"

# ---- what is refused ----
refused 64 'there is no brier with the loss cross_entropy_per_class' eval columns/final.h5 --data skewed.csv --metrics brier
refused 78 'there is no f1 with the loss mse' config check classes.yaml loss=mse data.classes=auto 'eval.metrics=[f1]'
refused 78 'f1 is made of a whole split: eval.on must name train for it, or use val_f1' config check classes.yaml train.early_stop='{metric: f1, patience: 3}'
refused 64 "there is no metric 'f1_mikro'; did you mean 'f1_micro'" eval classes/final.h5 --split train --metrics accuracy,f1_mikro
refused 64 'there is no rmse with the loss cross_entropy' eval classes/final.h5 --split train --metrics rmse
refused 64 "there is no metric ''" eval classes/final.h5 --split train --metrics f1,,mae
finish
