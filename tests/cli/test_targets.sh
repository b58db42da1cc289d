#!/bin/bash
# What y is: classes with every loss, probabilities that are never scaled and lie in 0..1, and labels that are missing.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/targets/* .

# train RANKS RUN CONFIG KEY=VALUE...: a run that must be good
train() {
  local ranks=$1 run=$2; shift 2
  on "$ranks" train "$@" -o "$run" -q checkpoint.every=never 2>err || fail "train $run ($*): exit $?: $(cat err)"
}
# refuses RANKS CODE TEXT ARGUMENT...
refuses() {
  local ranks=$1 code=$2 text=$3 got=0; shift 3
  on "$ranks" "$@" >out 2>err || got=$?
  [ $got -eq "$code" ] || fail "$*: exit $got instead of $code: $(cat err)"
  grep -qF -- "$text" err || fail "$*: no '$text' in: $(cat err)"
}
same() { [ -n "$(hash_of "$1/final.h5")" ] && [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$1 and $2 have other weights"; }
# field NAME FILE: a number of the last line that has it
field() { grep -oE "\"$1\":-?[0-9.e+-]+" "$2" | tail -1 | cut -d: -f2; }
outputs_in_range() {
  h5dump -y -w 1 -d /predictions p.h5 | grep -E '^ *[-0-9.e]+,? *$' | tr -d ', ' | awk '$1 < 0 || $1 > 1 {bad = 1} END {exit bad || NR != 120}' || fail "predictions beyond 0..1"
}
# near GOT WANTED WITHIN WHAT
near() { awk "BEGIN {d = $1 - $2; exit !(d <= $3 && -d <= $3)}" || fail "$4 is $1, not $2"; }

# ---- classes with a loss that takes reals: rows of one 1, to the bits of the same rows written out
cat >net.yaml <<C
version: 1
data: {type: csv, train: {file: t.csv, x: [1-3], y: [y]}, classes: 2}
model: {layers: [{units: 8, activation: relu}, {units: out, activation: linear}]}
loss: mse
optimizer: {type: adam, lr: 0.02}
train: {epochs: 20, batch: 16, slices: 4}
C
rows='data={type: csv, train: {file: t2.csv, x: [1-3], y: [4, 5]}}'
train 0 two-slices net.yaml train.slices=2
near "$(field loss two-slices/metrics.jsonl)" 0.0773 0.0001 "the loss of classes with mse"
for loss in mse half_mse mae huber binary_cross_entropy; do
  more=(loss=$loss) ranks=0
  [ $loss = binary_cross_entropy ] && more+=('model.layers[1].activation=sigmoid' train.precision=float64)
  case $loss in mse | binary_cross_entropy) ranks=3 ;; esac
  train 0 $loss-rows net.yaml "${more[@]}" "$rows"
  train $ranks $loss net.yaml "${more[@]}" && same $loss $loss-rows
done
train 0 mse-f64 net.yaml train.precision=float64 && train 0 mse-f64-rows net.yaml train.precision=float64 "$rows" && same mse-f64 mse-f64-rows
# the same from HDF5, in memory and streamed; and from IDX
"$LOCKSTEP" data import t.csv --x 1-3 --y y --classes -o t.h5 >/dev/null || fail "import"
hdf5='data={type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}, classes: 2}'
train 0 hdf5 net.yaml "$hdf5" && same hdf5 mse-rows
train 3 stream net.yaml "$hdf5" data.load=stream && same stream mse-rows
idx="data={type: idx, dir: $SMALL, limit: {train: 200, test: 100}, classes: 10, scale: standard}"
train 0 idx net.yaml "$idx" train.epochs=1
"$LOCKSTEP" data import "$SMALL" -o small.h5 >/dev/null || fail "import of IDX"
train 3 idx-hdf5 net.yaml train.epochs=1 data.load=stream "data={type: hdf5, train: {file: small.h5, x: /train/x, y: /train/y}, limit: {train: 200}, classes: 10, scale: standard}"
same idx idx-hdf5
# classes have their metrics: accuracy is the share of samples whose class has the largest output
for run in mse binary_cross_entropy; do
  for ranks in 0 3; do on $ranks eval $run/final.h5 --split train --confusion --json >$ranks.json 2>err || fail "eval $run: $(cat err)"; done
  cmp 0.json 3.json || fail "eval of $run on 1 and 3 ranks"
  grep -oE '"confusion":\[\[[0-9]+,[0-9]+\],\[[0-9]+,[0-9]+\]\]' 0.json | tr -c '0-9\n' ' ' >matrix
  read -r a b c d <matrix
  [ $((a + b)) -eq 56 ] && [ $((c + d)) -eq 64 ] || fail "$run: confusion of 56 and 64 samples: $(cat matrix)"
  near "$(field accuracy 0.json)" "($a + $d) / 120" 1e-12 "accuracy of $run"
  on 0 predict $run/final.h5 -i t.csv -o p.h5 --force -q >/dev/null 2>err || fail "predict $run: $(cat err)"
  h5dump -y -w 1 -d /classes p.h5 | grep -E '^ *[01],? *$' | tr -dc '01\n' | paste -d, - <(sed 1d t.csv | cut -d, -f4) |
    awk -F, '{n++; right += $1 == $2} END {print right / n}' >right
  near "$(cat right)" "($a + $d) / 120" 1e-5 "/classes of $run"
done
grep -q '"mae":' 0.json && fail "binary_cross_entropy has no mae"
[ "$(field loss <(on 0 eval mse-rows/final.h5 --split train --json))" = "$(field loss <(on 0 eval mse/final.h5 --split train --json))" ] || fail "classes and rows have other losses"
train 0 stop net.yaml data.validation=0.3 'train.early_stop={metric: val_accuracy, patience: 2}' 'eval.metrics=[accuracy, top_k, per_class]' eval.top_k=2
grep -q '"val_top_k":1' stop/metrics.jsonl && grep -q '"val_recall":\[' stop/metrics.jsonl && grep -q '"exit":"early_stop"' stop/metrics.jsonl || fail "metrics of classes with mse: $(tail -1 stop/metrics.jsonl)"
awk -F, 'NR == 1 {print $0 ",w"} NR > 1 {print $0 "," ($5 == 1 ? 3 : 1)}' t2.csv >w.csv
train 0 weighted net.yaml 'train.class_weights={1: 3}'
train 0 weights net.yaml 'data={type: csv, train: {file: w.csv, x: [1-3], y: [4, 5]}, weights: w}' && same weighted weights
# without classes there is nothing to be right
refuses 0 78 "there is no val_accuracy with the loss mse" train net.yaml "$rows" data.validation=0.3 'train.early_stop={metric: val_accuracy}' -o never
refuses 0 64 "--confusion needs classes" eval mse-rows/final.h5 --split train --confusion
sed 's/, classes: 2//' net.yaml >number.yaml
refuses 0 65 "the data have 1 targets a sample, the checkpoint was trained on 2" eval mse-rows/final.h5 --data number.yaml --split train

# ---- probabilities are not scaled: they are 0 and 1 before and after
cat >bce.yaml <<C
version: 1
data: {type: csv, train: {file: t.csv, x: [1-3], y: [y]}, scale: standard}
model: {layers: [{units: 8, activation: relu}, {units: out, activation: sigmoid}]}
loss: binary_cross_entropy
optimizer: {type: adam, lr: 0.02}
train: {epochs: 20, batch: 16, slices: 4}
C
train 0 bce-1 bce.yaml && train 3 bce-3 bce.yaml
near "$(field loss bce-1/metrics.jsonl)" 0.0521 0.001 "the loss of 0/1 targets with scaled inputs"
near "$(field accuracy bce-1/metrics.jsonl)" 0.9833 0.0001 "the accuracy of 0/1 targets"
same bce-1 bce-3
"$LOCKSTEP" data import t.csv --x 1-3 --y y -o real.h5 >/dev/null || fail "import"
train 3 bce-stream bce.yaml 'data={type: hdf5, train: {file: real.h5, x: /train/x, y: /train/y}, scale: standard, load: stream}' && same bce-1 bce-stream
on 0 predict bce-1/final.h5 -i t.csv -o p.h5 --force -q >/dev/null 2>err || fail "predict: $(cat err)"
outputs_in_range
train 0 minmax bce.yaml data.scale=minmax && train 0 minmax-classes net.yaml data.scale=minmax loss=cross_entropy 'model.layers[1].activation=softmax'
for run in bce-1 minmax minmax-classes; do h5dump -n $run/final.h5 | grep -q /data/y_shift && fail "$run: the checkpoint has a scaling of y"; done
train 0 pima bce.yaml 'data={type: csv, train: {file: pima-indians-diabetes.csv, x: [1-8], y: [9], header: false}, scale: standard}' train.epochs=50
near "$(field loss pima/metrics.jsonl)" 0.41 0.01 "the loss on the diabetes table"
near "$(field accuracy pima/metrics.jsonl)" 0.81 0.01 "the accuracy on the diabetes table"
# a checkpoint of before that has a scaling of them says so, and is taken without it: losses and outputs are possible ones
for ranks in 0 3; do on $ranks eval scaled-targets.h5 --split train --json >$ranks.json 2>err && grep -q 'warning: scaled-targets.h5: was trained on scaled targets' err || fail "eval of before: $(cat err)"; done
cmp 0.json 3.json && near "$(field loss 0.json)" 11.67 0.01 "the loss of a checkpoint of before"
on 0 predict scaled-targets.h5 -i t.csv -o p.h5 --force -q >/dev/null 2>err || fail "predict of before: $(cat err)"
outputs_in_range
train 0 resumed bce.yaml train.epochs=40 --resume=scaled-targets.h5
near "$(field loss resumed/metrics.jsonl)" 0.55 0.55 "the loss of a resumed run"

# ---- and lie in 0..1, in every format
sed '9s/[01][.]0$/1.5/' t.csv >above.csv
"$LOCKSTEP" data import above.csv --x 1-3 --y y -o above.h5 >/dev/null || fail "import"
above='{type: hdf5, train: {file: above.h5, x: /train/x, y: /train/y}'
for ranks in 0 3; do
  refuses $ranks 65 'haberman.csv:8: column 4: a target of binary_cross_entropy lies in 0..1' train bce.yaml 'data={type: csv, train: {file: haberman.csv, x: [1-3], y: [4], header: false}}' -o never
  for load in memory stream; do refuses $ranks 65 'above.h5: /train/y: row 7, value 0: a target of binary_cross_entropy' train bce.yaml "data=$above, load: $load}" -o never; done
done
sed 's/t[.]csv/above.csv/' bce.yaml >above.yaml
for ranks in 0 3; do refuses $ranks 65 'above.csv:9: column 4 (y): a target of binary_cross_entropy' eval bce-1/final.h5 --data above.yaml --split train; done
[ ! -e never ] || fail "a refused run left a folder"

# ---- a label that is missing is no class, in whatever data
sed 's/, classes: 2//; s/loss: mse/loss: cross_entropy/; s/activation: linear/activation: softmax/' net.yaml >class.yaml
train 0 class class.yaml
for word in '' NA N/A na nan NaN null None '?' '"NA"' '" NA "' ' "NA"' '"	?"' '" "' none NONE Null ' NA '; do
  awk -v w="$word" -F, -v OFS=, 'NR == 10 {$4 = w} {print}' t.csv >hole.csv
  refuses 0 65 'hole.csv:10: column 4 (y): no class' train class.yaml data.train.file=hole.csv -o never
done
refuses 3 65 "hole.csv:10: column 4 (y): no class: it is missing" train class.yaml data.train.file=hole.csv -o never
sed 's/t[.]csv/hole.csv/' class.yaml >hole.yaml
refuses 0 65 "hole.csv:10: column 4 (y): no class: it is missing" eval class/final.h5 --data hole.yaml --split train
refuses 0 65 "hole.csv:10: column 4 (y): no class: it is missing" train class.yaml 'data.test={file: hole.csv, x: [1-3], y: [y]}' -o never
refuses 0 65 "hole.csv:10: column 4 (y): no class: it is missing" data import hole.csv --x 1-3 --y y --classes -o never.h5
refuses 0 65 "hole.csv:10: column 4 (y): no class: it is missing" train net.yaml data.train.file=hole.csv -o never
# names of classes, and words that only this table has for what is missing; a name in small letters is one
awk -F, -v OFS=, 'NR > 1 {$4 = $4 == 1 ? "none" : "Na"} {print}' t.csv >text.csv
train 0 text class.yaml data.train.file=text.csv && same text class
on 0 eval text/final.h5 --split train --json >out 2>err && grep -qF '"names":["Na","none"]' out || fail "none and Na as classes: $(cat out err)"
on 0 eval class/final.h5 --data text.csv --split train >out 2>err && grep -qF "text.csv: the labels are names, and the checkpoint knows its classes by numbers only: 'Na' is taken for class 0" err || fail "names for a checkpoint of numbers: $(cat err)"
for word in None lost -999; do
  sed "9s/[a-zA-Z]*$/$word/" text.csv >hole.csv
  refuses 0 65 "hole.csv:9: column 4 (y): no class: it is missing" train class.yaml data.train.file=hole.csv 'data.missing={text: [lost, -999]}' -o never
done
sed '9s/[01][.]0$/-999/' t.csv >hole.csv
refuses 0 65 "hole.csv:9: column 4 (y): no class: it is missing" train class.yaml data.train.file=hole.csv 'data.missing={text: [-999]}' -o never
refuses 0 65 "hole.csv:9: column 4 (y): missing" train number.yaml data.train.file=hole.csv 'data.missing={text: [-999]}' -o never
# numbers and another text: classes all, with a word about it
sed '9s/[01][.]0$/-/' t.csv >mixed.csv
for ranks in 0 3; do
  train $ranks mixed-$ranks class.yaml data.train.file=mixed.csv
  [ "$(grep -cF "mixed.csv: column 4 (y) has labels that are numbers, and '-'" err)" -eq 1 ] || fail "no word about a text among numbers: $(cat err)"
  refuses $ranks 65 "mixed.csv:9: column 4 (y): no class: it is missing" train class.yaml data.train.file=mixed.csv 'data.missing.text=["-"]' -o never
done
# a record of another shape is told of as that
sed '9s/,[^,]*$/,/; 9s/,[^,]*,$/,/' t.csv >short.csv
refuses 0 65 'short.csv:9: 3 fields, but the header has 4' train class.yaml data.train.file=short.csv -o never
{ sed -n 1,9p t.csv; echo; sed -n '10,$p' t.csv; } >blank.csv
refuses 0 65 'blank.csv:10: an empty line between records' train class.yaml data.train.file=blank.csv -o never
# a NaN in HDF5 too, in memory and streamed
"$BUILD/tests/badh5" missing-label nan.h5 || fail "badh5"
for load in memory stream; do
  for ranks in 0 3; do
    refuses $ranks 65 'nan.h5: /y: row 23, value 0: no class' train class.yaml "data={type: hdf5, train: {file: nan.h5, x: /x, y: /y}, load: $load}" -o never
  done
done
printf '\x93NUMPY\x01\x00\x3a\x00%-57s\n\x01\x02' "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1)}" >x.npy
printf '\x93NUMPY\x01\x00\x3a\x00%-57s\n\x00\x00\x80\x3f\x00\x00\xc0\x7f' "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}" >y.npy
refuses 0 65 'y.npy: row 1, value 0: no class' data import x.npy --y y.npy --classes -o never.h5

# ---- the same words are missing inputs, and are filled as told
sed -E '3s/^[^,]*/?/; 7s/^[^,]*/-999/; 8s/^[^,]*/NONE/; 9s/^[^,]*/lost/' t.csv >holes.csv
sed -E '3s/^[^,]*/7/; 7s/^[^,]*/7/; 8s/^[^,]*/7/; 9s/^[^,]*/7/' t.csv >filled.csv
train 0 holes class.yaml data.train.file=holes.csv 'data.missing={x: 7, text: [lost, -999]}' && train 3 filled class.yaml data.train.file=filled.csv && same holes filled
for file in holes filled; do
  on 0 predict $file/final.h5 -i $file.csv -o p.h5 --force -q >/dev/null 2>err || fail "predict $file: $(cat err)"
  h5dump -d /predictions p.h5 | grep '(.*):' >$file.numbers
  on 0 eval $file/final.h5 --split train >>$file.numbers 2>err || fail "eval $file: $(cat err)"
done
cmp holes.numbers filled.numbers || fail "predict or eval fills in otherwise than train"
refuses 0 65 "holes.csv:3: column 1 (a): missing" train class.yaml data.train.file=holes.csv 'data.missing={text: [lost, -999]}' -o never
refuses 0 65 "holes.csv:9: column 1 (a): not a number: 'lost'" train class.yaml data.train.file=holes.csv data.missing=7 -o never
[ "$(on 0 config show class.yaml data.missing=7 | grep -A3 '  missing:' | tr -d '\n ')" = 'missing:x:7y:refusetext:[]' ] || fail "missing: 7 is not {x: 7}: $(on 0 config show class.yaml data.missing=7)"
# a member on the command line leaves the file's lone value as it is
sed 's/type: csv, train: {file: t[.]csv/missing: 7, type: csv, train: {file: holes.csv/' class.yaml >seven.yaml
train 0 seven seven.yaml 'data.missing.text=[lost, -999]' && same seven filled
train 0 eight seven.yaml 'data.missing.text=[lost, -999]' data.missing.x=8 && [ "$(hash_of eight/final.h5)" != "$(hash_of seven/final.h5)" ] || fail "missing.x=8 fills in 7"
printf 'a,b,c\n1,oak,NA\nnone,?,null\n3,none,None\n' >info.csv
on 0 data info info.csv >out 2>err || fail "data info: $(cat err)"
[ "$(grep -c ' 1 MISSING' out)" -eq 2 ] && grep -q ' 3 MISSING' out && grep -qF "2 different: 'none' 'oak' 1 MISSING" out || fail "data info: $(cat out)"
[ ! -e never ] && [ ! -e never.h5 ] || fail "a refused run left something"

finish
