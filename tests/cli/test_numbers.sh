#!/bin/bash
# Numbers as their files mean them: scaled in double whatever the precision, packed and missing ones as NetCDF's attributes say, samples in
# columns, HDF5 behind a user block. In memory and streamed, on 1 and 3 ranks.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# ---- scaled in double: 128 time stamps half a second apart are what the halves of a second alone are, to the last bit ----
stamps() { # FROM: columns t, u, s; their means are exact in binary
  awk -v from="$1" 'BEGIN { print "t,u,s"; for (k = 0; k < 128; k++) printf "%.1f,%d,%.1f\n", from + k / 2, k % 4, from + (k * 37 % 128) / 2 }'
}
stamps 1700000000 >far.csv
stamps 0 >near.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: near.csv, x: [t, u], y: [s]}, validation: {file: near.csv, x: [t, u], y: [s]}, scale: standard}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 32, slices: 4}
C
for name in near far; do "$LOCKSTEP" data import $name.csv --x t,u --y s -o $name.h5 -q >out 2>err || fail "import $name: $(cat err)"; done
# both WHAT RANKS NEAR FAR ARGUMENT...: the same weights from near and far numbers, which are the validation's numbers too
both() {
  local what=$1 ranks=$2 near=$3 far=$4; shift 4
  on "$ranks" train "$@" data.train.file="$near" data.validation.file="$near" -o near -q --force 2>err || fail "$what, near: exit $?: $(cat err)"
  on "$ranks" train "$@" data.train.file="$far" data.validation.file="$far" -o far -q --force 2>err || fail "$what, far: exit $?: $(cat err)"
  [ "$(hash_of near/final.h5)" = "$(hash_of far/final.h5)" ] || fail "$what: other weights far from 0"
  [ "$(numbers_of near)" = "$(numbers_of far)" ] || fail "$what: other losses far from 0"
}
for scale in standard minmax; do
  both "csv, $scale" 3 near.csv far.csv net.yaml data.scale=$scale
  first=$(hash_of far/final.h5)
  sed 's#type: csv#type: hdf5#; s#x: \[t, u\], y: \[s\]#x: /train/x, y: /train/y#g' net.yaml >h5.yaml
  for load in memory stream; do
    both "hdf5, $scale, $load" 3 near.h5 far.h5 h5.yaml data.scale=$scale data.load=$load
    [ "$(hash_of far/final.h5)" = "$first" ] || fail "hdf5, $scale, $load: other weights than from csv"
  done
done

# numbers_in FILE.h5 DATASET: one a line
numbers_in() { h5dump -d "$2" -y -w 1 -m %.17g "$1" | sed '/ATTRIBUTE/,$d' | sed -n '/DATA {/,/}/p' | grep -oE -- '-?[0-9][0-9.e+-]*|-?nan|-?inf'; }
# Targets come back in doubles where float32 would lose them (far), else as they always did (near); the inputs' scaling is a checkpoint's.
both "csv again" 0 near.csv far.csv net.yaml
for name in near far; do
  for ranks in 0 3; do
    on $ranks predict $name/final.h5 -i $name.csv -o $name.p.h5 -q --force >out 2>err || fail "predict $name: $(cat err)"
    on $ranks eval $name/final.h5 --split all --json >$name.$ranks.eval 2>err || fail "eval $name: $(cat err)"
  done
  numbers_in $name.p.h5 /predictions >$name.p
done
paste near.p far.p | awk '{ d = $2 - 1700000000 - $1; n++; if (d < -1e-5 || d > 1e-5) bad++ } END { exit !(n == 128 && !bad) }' ||
  fail "predictions far from 0 are others: $(paste near.p far.p | head -n 3)"
h5dump -H near.p.h5 | grep -q IEEE_F32LE || fail "predictions of small numbers are no float32"
loss_in() { grep -oE '"(loss|mae|rmse|r2)":[^,}]*' "$1"; }
[ "$(loss_in near.0.eval)" = "$(loss_in far.0.eval)" ] && [ "$(loss_in far.0.eval)" = "$(loss_in far.3.eval)" ] || fail "eval: $(cat near.0.eval far.0.eval)"
# What is too large for float32 is not where it is scaled; what is so after scaling is refused with its place.
awk -F, 'NR > 1 { $1 = $1 "e39" } { print $1 "," $2 "," $3 }' near.csv >huge.csv
on 0 train net.yaml data.train.file=huge.csv data.validation=none -o huge -q --force 2>err || fail "1e39: $(cat err)"
on 0 predict near/final.h5 -i huge.csv -o p.h5 --force >out 2>err; code=$?
[ $code -eq 65 ] && grep -q 'huge.csv:15: column 1 (t): .*too large' err || fail "1e39 scaled as near 0: exit $code: $(cat err)"
finish
