#!/bin/bash
# data.fold: every sample validates once, random and by group; the same samples and bits on 1 to 4 ranks; compare puts folds together; what is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/sorted-validation/* .
awk -F, 'NR == 1 { print $0 ",plant" } NR > 1 { print $0 ",p" NR * NR % 23 }' iris.csv >groups.csv
train_rows() { "$LOCKSTEP" order net.yaml --step 0 train.batch=full "$@" | sort -n; }
# The samples that train has not, of all folds: each once.
partition() {
  local k=$1
  shift
  for ((n = 0; n < k; n++)); do comm -23 <(seq 0 149 | sort) <(train_rows "data.fold={k: $k, n: $n}" "$@" | sort -u); done | sort -n >held
  cmp -s held <(seq 0 149) || fail "$k folds, $*: not each sample once"
}
group="data.validation={share: 0.1, how: group, by: plant}"
partition 4
partition 7 data.validation=none

partition 5 data.train.file=groups.csv "$group"

# ---- a fold is what a share draws; groups stay whole ----
cmp -s <(train_rows data.validation=0.2) <(train_rows "data.fold={k: 5, n: 0}") || fail "fold 0 of 5 is not the share 0.2"
cmp -s <(train_rows "data.fold={k: 5, n: 1}" seed=3) <(train_rows "data.fold={k: 5, n: 1}") || fail "the seed of the run draws other folds"
cmp -s <(train_rows "data.fold={k: 5, n: 1}" "data.validation={share: 0.1, seed: 2}") <(train_rows "data.fold={k: 5, n: 1}") && fail "another seed draws the same folds"
train_rows data.train.file=groups.csv "$group" "data.fold={k: 5, n: 2}" >rows
awk -F, 'NR == FNR { train[$1] = 1; next } FNR > 1 { print $6, (FNR - 2) in train }' rows groups.csv | sort -u >sides
[ "$(cut -d' ' -f1 sides | uniq -d)" = "" ] || fail "a group on both sides: $(cat sides)"

# ---- the same bits on any ranks, and stopped; compare ----
for n in 0 1 2; do
  run 0 train net.yaml "data.fold={k: 3, n: $n}" train.slices=4 -o fold-$n
done
for ranks in 2 3 4; do
  run $ranks train net.yaml "data.fold={k: 3, n: 1}" train.slices=4 -o ranks-$ranks
  [ "$(hash_of fold-1/final.h5)" = "$(hash_of ranks-$ranks/final.h5)" ] || fail "$ranks ranks: other bits"
done
run 3 train net.yaml "data.fold={k: 3, n: 1}" train.slices=4 -o part train.steps=13 train.epochs=none
run 0 train net.yaml "data.fold={k: 3, n: 1}" train.slices=4 -o part --resume
[ "$(hash_of fold-1/final.h5)" = "$(hash_of part/final.h5)" ] || fail "stopped: other bits"
run 0 train net.yaml "data.fold={k: 3, n: 1}" train.slices=4 seed=9 -o seed-9
"$LOCKSTEP" compare fold-0 fold-1 fold-2 seed-9 >out || fail "compare"
grep -q '^fold-0 +3 runs ' out || fail "folds and seeds are not together: $(cat out)"
"$LOCKSTEP" eval fold-2/final.h5 --split validation --json >out
grep -q '"samples":50' out || fail "eval has another validation: $(cat out)"

# ---- refused ----
refused 78 "the folds are numbered 0 to 4" train net.yaml "data.fold={k: 5, n: 5}" -o no
refused 78 "data.fold.k" train net.yaml "data.fold={k: 1, n: 0}" -o no
refused 78 "missing key 'n'" train net.yaml data.fold.k=5 -o no
refused 78 "how is last" train net.yaml "data.fold={k: 5, n: 0}" data.validation.how=last -o no
refused 78 "a source of its own" train net.yaml "data.fold={k: 5, n: 0}" "data.validation={file: iris.csv, x: [1-4], y: [species]}" -o no
refused 65 "150 samples are too few for 151 folds" train net.yaml "data.fold={k: 151, n: 150}" -o no
refused 65 "groups by 'plant' are too few for 20 folds" train net.yaml data.train.file=groups.csv "$group" "data.fold={k: 20, n: 0}" -o no
refused 78 "data.fold.n" train net.yaml "data.fold={k: 3, n: 2}" train.slices=4 -o fold-1 --resume train.epochs=40
finish
