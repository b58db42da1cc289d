#!/bin/bash
# test_one_hot.sh - y as a column a class (tests/cases/one-hot): the network, scores and names of class numbers, from CSV,
# HDF5, on any ranks, in memory and streamed; a row that is not one 1 and zeros is refused where it stands.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/one-hot/t.csv . || die "no cases"
# The third class has samples 20, 40 ... only, in no column order; `class` is the number that the columns say.
tr -d '\r' <t.csv | awk -F, 'NR == 1 {print "a,b,c,no,yes,maybe,weight,class"; next}
  {third = NR % 20 == 0; no = third ? 0 : $4; yes = third ? 0 : $5
   print $1 "," $2 "," $3 "," no "," yes "," third "," NR % 3 "," (third ? 2 : $5)}' >hot.csv

# config TYPE FILE X Y REST
config() {
  cat <<END
version: 1
data: {type: $1, train: {file: $2, x: $3, y: $4}, validation: 0.2, $5}
model: {layers: [{units: 6, activation: relu}, {units: out, activation: softmax}]}
loss: ${LOSS:-cross_entropy}
optimizer: {type: adam, lr: 0.02}
train: {steps: 12, batch: 16, slices: 4, ${TRAIN:-}}
checkpoint: {every: never}
END
}
same() { # RUN RUN
  [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$1 and $2: other weights"
  [ "$(numbers_of "$1")" = "$(numbers_of "$2")" ] || fail "$1 and $2: other numbers"
}
refused() { # CODE TEXT ARGUMENT...
  local code=0 want=$1 text=$2; shift 2
  on 0 "$@" >out 2>err || code=$?
  if [ $code -ne "$want" ] || ! grep -qF "$text" err; then fail "$*: exit $code, not $want with '$text': $(cat err)"; fi
}

config csv hot.csv "[a, b, c]" "[class]" "weights: weight, classes: 3" >numbers.yaml
config csv hot.csv "[a, b, c]" "[no-maybe]" "weights: weight" >hot.yaml
sed -i 's/no-maybe/no, yes, maybe/' hot.yaml
run 0 train numbers.yaml -o numbers
run 3 train hot.yaml -o hot
same numbers hot
run 0 eval hot/final.h5 --split train --confusion --json
run 0 predict hot/final.h5 -i hot.csv -o out.csv
head -1 out.csv | grep -q 'no,yes,maybe' || fail "other names of classes: $(head -1 out.csv)"

# Weights of classes go by the columns' names; data import of columns makes class numbers with these names.
sed 's/slices: 4,/&class_weights: {maybe: 3, 0: 0.5},/' hot.yaml >named.yaml
sed 's/slices: 4,/&class_weights: {2: 3, 0: 0.5},/' numbers.yaml >numbered.yaml
run 0 train named.yaml -o named
run 0 train numbered.yaml -o numbered
same numbered named
run 0 data import hot.yaml -o labels.h5
run 0 data info labels.h5 --json
grep -q '"class_names":\["no","yes","maybe"\]' out || fail "other names in labels.h5: $(cat out)"

# HDF5 with columns (data import for a regression makes such), in memory and streamed; other losses with data.classes.
LOSS=mse config csv hot.csv "[a, b, c]" "[no, yes, maybe]" "weights: weight" | sed 's/activation: softmax/activation: linear/' >mse.yaml
run 0 data import mse.yaml -o hot.h5
config hdf5 hot.h5 /train/x /train/y "weights: /train/weights" >h5.yaml
run 0 train h5.yaml -o h5
same numbers h5
run 3 train h5.yaml -o stream data.load=stream
same numbers stream
run 0 train numbers.yaml -o mse-numbers loss=mse
run 0 train hot.yaml -o mse-hot loss=mse data.classes=3
same mse-numbers mse-hot

# What is missing in a row is a missing label; a row that is none is refused, in a sample that is used.
sed -E '5s/,[01],([01],[01],[0-9],[0-9])$/,,\1/' hot.csv >hole.csv
refused 65 "hole.csv:5: column 4 (no): no class" train hot.yaml --force -o r data.train.file=hole.csv
run 0 train hot.yaml -o dropped data.train.file=hole.csv 'data.missing={y: drop}'
sed '5d' hot.csv >short.csv
run 0 train hot.yaml -o short data.train.file=short.csv
same dropped short
sed -E '5s/,[01],[01],[01],([0-9],[0-9])$/,0.25,0.5,0,\1/' hot.csv >soft.csv
refused 65 "soft.csv:5: column 4 (no): several columns of y are classes as rows of one 1 and zeros" train hot.yaml --force -o r data.train.file=soft.csv
sed -E '5s/,[01],[01],[01],([0-9],[0-9])$/,1,0,1,\1/' hot.csv >two.csv
refused 65 "two.csv:5: column 6 (maybe): several columns" train hot.yaml --force -o r data.train.file=two.csv
run 0 train hot.yaml -o skipped data.train.file=two.csv 'data.skip={train: 4}' -q
refused 65 "hot.csv: y has 3 columns, which are as many classes" train hot.yaml --force -o r data.classes=5
refused 65 "hot.csv: y is one column here, and a column a class in hot.csv" train hot.yaml --force -o r \
  'data.validation={file: hot.csv, x: [a, b, c], y: [class]}'
finish
