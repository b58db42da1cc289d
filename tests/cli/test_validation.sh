#!/bin/bash
# data.validation as a share: drawn, the last samples, or groups; the same samples on any ranks, from memory and streams; warnings; old checkpoints.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/sorted-validation/* .
awk -F, 'NR == 1 { print $0 ",plant,site" } NR > 1 { print $0 ",p" NR % 7 "," (NR * NR) % 11 }' iris.csv >groups.csv
share() { echo "data.validation={share: 0.4, $1}"; }
# The file numbers of train in order of the file, and of all others.
train_rows() { "$LOCKSTEP" order net.yaml --step 0 train.batch=full "$@" | sort -n; }

# ---- a file sorted by class: drawn, so that train has all classes; the last samples are warned of ----
run 0 train net.yaml -o drawn
grep -q "no sample in train" err && fail "drawn, and warned: $(cat err)"
"$LOCKSTEP" eval drawn/final.h5 --split validation --json >out || fail "eval"
grep -q '"accuracy":0.9' out && grep -q '"samples":60' out || fail "drawn: $(cat out)"
train_rows >drawn.rows
[ "$(uniq drawn.rows | wc -l)" -eq 90 ] || fail "drawn: $(wc -l <drawn.rows) samples of train"
for ((c = 0; c < 3; c++)); do
  n=$(awk -v c=$c '$1 >= 50 * c && $1 < 50 * c + 50' drawn.rows | wc -l)
  [ "$n" -ge 20 ] && [ "$n" -le 40 ] || fail "class $c has $n of 50 samples in train"
done
cmp -s drawn.rows <(train_rows seed=7) || fail "the seed of the run draws another validation"
cmp -s drawn.rows <(train_rows data.validation.seed=2) && fail "another seed draws the same validation"
run 3 train net.yaml -o last data.validation.how=last train.slices=4
grep -q "iris.csv: class 'virginica' has no sample in train and 50 in validation: validation is the last 40 %.*how: random" err || fail "not warned: $(cat err)"
[ "$(grep -c warning.*virginica err)" -eq 1 ] || fail "warned on each rank: $(cat err)"
[ "$(train_rows data.validation.how=last | tr '\n' ' ')" = "$(seq -s ' ' 0 89) " ] || fail "the last ones: $(train_rows data.validation.how=last)"
run 0 train net.yaml -o few data.limit.train=40 data.validation=none data.classes=3
grep -q "class 'versicolor' has no sample in train$" err || fail "a class that nothing has: $(cat err)"

# ---- the same bits: csv, HDF5 in memory and streamed, 1 and 3 ranks, stopped; statistics of train ----
"$LOCKSTEP" data import iris.csv --x 1-4 --y species --classes -o iris.h5 >/dev/null || fail "no HDF5 file"
for how in "how: random, seed: 5" "how: last"; do
  name=${how//[^a-z]/}
  words=(data.scale=standard train.slices=4 train.class_weights=balanced data.skip.train=7 data.order=blocks)
  hdf5="data={type: hdf5, train: {file: iris.h5, x: /train/x, y: /train/y}, validation: {share: 0.4, $how}"
  run 0 train net.yaml "$(share "$how")" "${words[@]}" -o csv-$name
  run 3 train net.yaml "$hdf5, load: stream}" "${words[@]}" -o stream-$name train.steps=23 train.epochs=none
  run 0 train net.yaml "$hdf5, load: stream}" "${words[@]}" -o stream-$name --resume
  run 3 train net.yaml "$hdf5}" "${words[@]}" -o memory-$name
  for kind in memory stream; do
    diff <(numbers_of csv-$name | grep epoch) <(numbers_of $kind-$name | grep epoch) || fail "$kind, $how: other numbers"
    [ "$(hash_of csv-$name/final.h5)" = "$(hash_of $kind-$name/final.h5)" ] || fail "$kind, $how: other bits"
  done
done
# a big value outside train must not touch the statistics of train
out_row=$(comm -23 <(seq 0 149 | sort) <(sort drawn.rows) | head -1)
awk -F, -v OFS=, -v row=$((out_row + 2)) 'NR == row { $1 = 1000000 } { print }' iris.csv >odd.csv
run 0 train net.yaml data.scale=standard -o plain
run 0 train net.yaml data.scale=standard data.train.file=odd.csv -o odd
[ "$(hash_of plain/final.h5)" = "$(hash_of odd/final.h5)" ] || fail "a sample of validation is in the statistics of train"

# ---- groups stay whole ----
for by in plant 7; do
  train_rows data.train.file=groups.csv "$(share "how: group, by: $by")" >rows
  [ "$(wc -l <rows)" -ge 90 ] || fail "group by $by: $(wc -l <rows) in train"
  awk -F, -v col=$([ $by = 7 ] && echo 7 || echo 6) 'NR == FNR { train[$1] = 1; next } FNR > 1 { print $col, (FNR - 2) in train }' rows groups.csv | sort -u >sides
  [ "$(cut -d' ' -f1 sides | uniq -d)" = "" ] && [ "$(cut -d' ' -f2 sides | sort -u | wc -l)" -eq 2 ] || fail "by $by: a group on both sides: $(cat sides)"
done
run 3 train net.yaml data.train.file=groups.csv "$(share "how: group, by: plant")" train.slices=4 -o groups
"$LOCKSTEP" data import groups.csv --x 1-4 --y site -o sites.h5 >/dev/null
refused 65 "none of the 7 groups by 'plant' is as small as 0.1 of the 150 samples, which are 15" train net.yaml data.train.file=groups.csv -o no \
  "data.validation={share: 0.1, how: group, by: plant}"
refused 65 "no column 'plants'" train net.yaml data.train.file=groups.csv "$(share "how: group, by: plants")" -o no
refused 78 "missing key 'by'" train net.yaml data.train.file=groups.csv data.validation.how=group -o no
refused 78 "goes with how: group only" train net.yaml "$(share "by: plant")" -o no
refused 78 "IDX files have none" config check net.yaml "data={type: idx, dir: $SMALL, validation: {share: 0.1, how: group, by: x}}"
site="data={type: hdf5, train: {file: sites.h5, x: /train/x, y: /train/y}, validation: {share: 0.4, how: group, by: /train/y}, load: stream}"
run 3 train net.yaml "$site" loss=mse "model.layers=[{units: out}]" train.slices=4 -o site
run 0 train net.yaml "$site" loss=mse "model.layers=[{units: out}]" train.slices=4 data.load=memory -o site1
[ "$(hash_of site/final.h5)" = "$(hash_of site1/final.h5)" ] || fail "groups of HDF5: other bits when streamed"
refused 65 "float64, 4 values a sample; to group by" train net.yaml "${site/by: \/train\/y/by: \/train\/x}" loss=mse "model.layers=[{units: out}]" -o no

# ---- a checkpoint from before `how` meant the last samples, and keeps them ----
"$LOCKSTEP" eval format-1.0-step-15.h5 --split validation --json >old.out || fail "eval of format 1.0"
run 0 train net.yaml -o new data.validation.how=last train.steps=15 train.epochs=none
"$LOCKSTEP" eval new/final.h5 --split validation --json >new.out
[ "$(sed 's/.*"loss"/"loss"/' old.out)" = "$(sed 's/.*"loss"/"loss"/' new.out)" ] || fail "format 1.0: another validation: $(cat old.out new.out)"
run 0 train net.yaml -o old --resume=format-1.0-step-15.h5 train.epochs=6 # a lone number in the config: as it began
grep -q "changed since.*validation" err && fail "old: $(cat err)"
run 2 train net.yaml -o old train.epochs=9 --resume
run 0 train net.yaml -o new --resume data.validation.how=last train.epochs=9
diff <(numbers_of old | tail -2) <(numbers_of new | tail -2) || fail "format 1.0 goes on otherwise"
refused 78 "data.validation.how: last -> random" train net.yaml -o old --resume "$(share "how: random")" train.epochs=12
finish
