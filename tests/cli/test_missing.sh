#!/bin/bash
# test_missing.sh - samples that are left out are not judged, and what is missing is dropped or filled as told: the
# weights of the file without them, or with the numbers written out, in every format, from memory and as a stream, on
# any ranks.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/missing/* . || die "no cases"

# config OUTPUTS LOSS DATA
config() {
  cat <<END
version: 1
data: $3
model: {layers: [{units: 4, activation: tanh}, {units: out, activation: $1}]}
loss: $2
optimizer: {type: sgd, lr: 0.05}
train: {steps: 9, batch: 8, slices: 4}
checkpoint: {every: never}
END
}
# train RANKS NAME CONFIG REST...: into folder NAME
train() { local ranks=$1 name=$2; shift 2; run "$ranks" train "$@" -o "$name" -q --force; }
# same A B WHAT

# ---- CSV: the first 24 samples have no target; or there are units, quoted, of another number of fields
config linear mse '{type: csv, train: {file: pollution.csv, x: [DEWP, TEMP, PRES], y: [pm2.5]}, scale: standard}' >air.yaml
{ head -1 pollution.csv; tail -n +26 pollution.csv; } >later.csv
{ head -1 later.csv; echo '"no","number"'; echo 'a,b,c,d,e,f,m/s,K,Pa,j,k,l,m'; tail -n +2 later.csv; } >units.csv
train 0 later air.yaml data.train.file=later.csv
train 3 skipped air.yaml data.skip.train=24 && same skipped later "skipped without a target"
train 0 units air.yaml data.train.file=units.csv data.skip.train=2 && same units later "units are skipped"
refused 65 'pollution.csv:25: column 6 (pm2.5): missing' train air.yaml data.skip.train=23 -o never
refused 65 'pollution.csv:2: column 6 (pm2.5): missing' eval skipped/final.h5 --split all
tac <(tail -n +2 pollution.csv) | cat <(head -1 pollution.csv) - >last.csv
{ head -1 last.csv; sed -n 2,21p last.csv; } >first.csv
train 0 first air.yaml data.train.file=first.csv
train 0 limited air.yaml data.train.file=last.csv data.limit.train=20 && same limited first "what is behind limit"

# ---- classes by name: those of skipped samples are none
printf 'a,b,y\n1,m,class\n2,3,?\n' >named.csv
for i in $(seq 40); do echo "$((i * 7 % 11)),$((i * 5 % 13)),$((i % 3 == 0))"; done | sed 's/,0$/,low/; s/,1$/,high/' >rows
cat rows >>named.csv; { echo a,b,y; cat rows; } >bare.csv
config softmax cross_entropy '{type: csv, train: {file: bare.csv, x: [a, b], y: [y]}, validation: 0.2}' >class.yaml
train 0 bare class.yaml
train 3 named class.yaml data.train.file=named.csv data.skip.train=2 && same named bare "classes of skipped samples"

# ---- HDF5: a label and an input that are missing
"$BUILD/tests/badh5" missing-label label.h5 && "$BUILD/tests/badh5" nan nan.h5 && "$BUILD/tests/badh5" good good.h5 || die "badh5"
config softmax cross_entropy '{type: hdf5, train: {file: good.h5, x: /x, y: /y}, scale: standard, skip: {train: 24}}' >h5.yaml
train 0 good h5.yaml
for load in memory stream; do
  train 3 label h5.yaml data.train.file=label.h5 data.load=$load && same label good "a label that is skipped, $load"
  train 0 nan h5.yaml data.train.file=nan.h5 data.load=$load && same nan good "an input that is skipped, $load"
done
refused 65 '/x: row 17' train h5.yaml data.train.file=nan.h5 data.skip.train=17 -o never
# ---- what is missing drops the sample, or train's mean takes its place: of a table with -999 for it
for i in $(seq 0 59); do
  a=$((i * 7 % 16)) b=$((i * 5 % 13)) y=$((i * 3 % 10))
  [ $((i % 9)) -eq 4 ] && a=-999
  [ $((i % 14)) -eq 3 ] && y=-999
  echo "$a,$b,$y"
done >rows
by_hand() { echo a,b,y; awk -F, -v x="$1" -v y="$2" '!(x && ($1 == -999 || $2 == -999)) && !(y && $3 == -999)'; }
{ echo a,b,y; cat rows; } >holes.csv
by_hand 1 1 <rows >both.csv
{ echo a,b,y; sed -n '6,$p' rows | by_hand 1 1 | sed -n 2,31p; } >part.csv
config linear mse '{type: csv, train: {file: both.csv, x: [a, b], y: [y]}, scale: standard, validation: {share: 0.2, how: random}}' >table.yaml
"$LOCKSTEP" data import holes.csv --x a,b --y y -o holes.h5 -q && "$BUILD/tests/badh5" missing holes.h5 /train/x -999 && "$BUILD/tests/badh5" missing holes.h5 /train/y -999 || die "holes.h5"
config linear mse '{type: hdf5, train: {file: holes.h5, x: /train/x, y: /train/y}, scale: standard, validation: {share: 0.2, how: random}}' >holes.yaml
words='text: [-999]'
train 0 both table.yaml
train 3 dropped table.yaml data.train.file=holes.csv "data.missing={x: drop, y: drop, $words}" && same dropped both "x and y drop"
for load in memory stream; do
  train 3 h5-$load holes.yaml data.load=$load 'data.missing={x: drop, y: drop}' && same h5-$load both "HDF5 drops, $load"
done
last='data.validation={share: 0.2, how: last}'
train 0 part table.yaml data.train.file=part.csv "$last"
train 0 cut holes.yaml 'data.missing={x: drop, y: drop}' 'data.skip={train: 5}' 'data.limit={train: 30}' "$last" && same cut part "skip, then drop, then limit, then validation"
run 0 order holes.yaml --step 0 'data.missing={x: drop, y: drop}' train.batch=full data.validation=none
sort -n out | diff - <(awk -F, '!/-999/ {print NR - 1}' rows) >diff || fail "order: $(cat diff)"
grep -q '"train_samples":40,"validation_samples":9,.*"steps_per_epoch":5' dropped/metrics.jsonl || fail "steps of an epoch: $(head -1 dropped/metrics.jsonl)"

# ---- train's mean, of what is left of it: the checkpoint keeps it for eval and predict
mean=$(by_hand 0 1 <rows | awk -F, 'NR > 1 && NR <= 25 && $1 != -999 {s += $1; n++} END {printf "%.17g", s / n}')
by_hand 0 1 <rows | sed "1!s/-999/$mean/" >filled.csv
four='data.validation={share: 0.2, how: last}'
train 0 filled table.yaml data.train.file=filled.csv "$four" data.limit.train=30
for load in memory stream; do
  train 3 mean-$load holes.yaml data.load=$load 'data.missing={x: mean, y: drop}' "$four" data.limit.train=30
  same mean-$load filled "mean, $load"
done
train 0 mean table.yaml data.train.file=holes.csv "data.missing={x: mean, y: drop, $words}" "$four" data.limit.train=30 && same mean filled "mean, CSV"
grep -v -e '-999$' holes.csv >gaps.csv
run 3 predict mean/final.h5 -i gaps.csv -o gaps.out.csv && run 0 predict filled/final.h5 -i filled.csv -o filled.out.csv
cmp gaps.out.csv filled.out.csv || fail "predict fills in another mean"
run 0 eval mean/final.h5 --split validation && cp out mean.eval && run 3 eval filled/final.h5 --split validation && cmp mean.eval out || fail "eval fills in another mean"
refused 65 'gaps.csv:5: column 1 (a): missing' predict dropped/final.h5 -i gaps.csv -o never.csv
refused 65 'missing in all training samples, so it has no mean' train table.yaml data.train.file=holes.csv data.missing.x=mean 'data.missing.text=["-999", "7", "14", "5", "12", "3", "10", "1", "8", "15", "6", "13", "4", "11", "2", "9", "0"]' data.missing.y=refuse -o never

# ---- labels that start at 1, or leave most classes empty, before the layer is made
sed '1!s/,[0-9.-]*$//; 1!s/$/,1/; 3s/1$/2/' both.csv >ones.csv; sed '3s/2$/90000/' ones.csv >sparse.csv; sed 's/,1$/,5/' ones.csv >five.csv
config softmax cross_entropy '{type: csv, train: {file: ones.csv, x: [a, b], y: [y]}}' >labels.yaml
run 3 train labels.yaml -o ones -q && grep -q 'class 0 has no sample (do the labels start at 1?); 1 of 3 classes' err || fail "labels from 1: $(cat err)"
run 0 train labels.yaml data.train.file=five.csv --dry-run -q && grep -q 'class 0 has no sample (do the labels start at 2?)' err || fail "labels from 2: $(cat err)"
run 0 train labels.yaml data.train.file=sparse.csv 'model.layers=[{units: out, activation: softmax}]' -o sparse -q --dry-run; grep -q '89999 of 90001 classes have no sample' err || fail "sparse labels: $(cat err)"
finish
