#!/bin/bash
# Numbers as their files mean them: scaled in double whatever the precision, packed and missing ones as NetCDF's attributes say, samples in
# columns, HDF5 behind a user block. In memory and streamed, on 1 and 3 ranks.
# label: full
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
sed 's#type: csv#type: hdf5#; s#x: \[t, u\], y: \[s\]#x: /train/x, y: /train/y#g' net.yaml >h5.yaml
ranks=3
for scale in standard minmax; do
  both "csv, $scale" $ranks near.csv far.csv net.yaml data.scale=$scale
  first=$(hash_of far/final.h5)
  both "hdf5, $scale" 0 near.h5 far.h5 h5.yaml data.scale=$scale
  [ "$(hash_of far/final.h5)" = "$first" ] || fail "hdf5, $scale: other weights than from csv"
  both "hdf5, $scale, stream" $ranks near.h5 far.h5 h5.yaml data.scale=$scale data.load=stream
  [ "$(hash_of far/final.h5)" = "$first" ] || fail "hdf5, $scale, stream: other weights than from csv"
  ranks=0
done

# numbers_in FILE.h5 DATASET: one a line
numbers_in() { h5dump -d "$2" -y -w 1 -m %.17g "$1" | sed '/ATTRIBUTE/,$d' | sed -n '/DATA {/,/}/p' | grep -oE -- '-?[0-9][0-9.e+-]*|-?nan|-?inf'; }
# Targets come back in doubles where float32 would lose them (far), else as they always did (near); the inputs' scaling is a checkpoint's.
both "csv again" 0 near.csv far.csv net.yaml
for name in near far; do
  for ranks in 3 0; do
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

# ---- what attributes and columns mean: each dataset is imported as what it means ----
"$BUILD/tests/meaning" m.h5 && "$BUILD/tests/meaning" m.mat 512 && "$BUILD/tests/meaning" m2048 2048 || fail "meaning"
# imports FILE X Y ARGUMENT...: into o.h5
imports() {
  local file=$1 x=$2 y=$3; shift 3
  rm -f o.h5
  on 0 data import "$file" --x "$x" --y "$y" -o o.h5 "$@" >out 2>err
}
# means X Y X_MEANT Y_MEANT ARGUMENT...
means() {
  local x=$1 y=$2; imports m.h5 "$3" "$4" && mv o.h5 meant.h5; shift 4
  imports m.h5 "$x" "$y" "$@" || fail "import $x $y: $(cat err)"
  h5diff o.h5 meant.h5 /train/x >diff && h5diff o.h5 meant.h5 /train/y >>diff || fail "$x $y $*: $(cat diff)"
}
for x in /packed /packed_real /be /own_fill; do means $x /y /meant /y; done
means /unsigned /y_packed /whole /y
means /meant /y_row /meant /y
means /columns /y /meant /y --transpose
means /packed_columns /y_row /meant /y --transpose
means /cube /y /cube_meant /y --transpose
# refused FILE X Y TEXT ARGUMENT...
refused() {
  local text=$4 code=0; imports "$1" "$2" "$3" "${@:5}" || code=$?
  { [ $code -eq 65 ] && grep -q "$text" err; } || fail "$2 $3 ${*:5}: exit $code: $(cat err)"
}
for x in /gap /gap_list /gap_range /gap_real /gap_nan /unwritten_{f4,f8,i2,i4,u2,u4}; do refused m.h5 $x /y "$x: row 17, value 1: missing"; done
refused m.h5 /meant /y_gap '/y_gap: row 11, value 0: missing'
refused m.h5 /meant /label_gap '/label_gap: row 11, value 0: no class' --classes
refused m.h5 /bad_scale /y 'bad_scale.*scale_factor is not one finite number'
refused m.h5 /zero_scale /y 'zero_scale.*scale_factor is 0'
refused m.h5 /columns /y 'are samples the columns here? say transpose: true'
refused m.h5 /columns /y_row 'are samples the columns here? say transpose: true'
refused m.h5 /meant /y 'are samples the rows here? say transpose: false' --transpose
imports m.h5 /one /one; grep -q 'one sample of 120 numbers; are samples the columns here? say transpose: true' err || fail "/one: $(cat err)"
on 0 data info m.h5 >out 2>err
grep -A2 '^/gap: ' out | grep -q 'int16, packed: times 0.5 plus 100; missing: -32768' && grep -A2 '^/gap: ' out | grep -q ' 1 NOT FINITE OR MISSING' ||
  fail "data info: $(grep -A2 '^/gap: ' out) $(cat err)"

# ---- the same in training: the weights of what is meant, in memory and streamed, and in predictions and evaluations ----
cat >cf.yaml <<'C'
version: 1
data: {type: hdf5, train: {file: m.h5, x: /meant, y: /y}, test: {file: m.h5, x: /meant, y: /y}, scale: standard}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 32, slices: 4}
C
on 0 train cf.yaml -o meant -q 2>err || fail "meant: $(cat err)"
on 0 predict meant/final.h5 -i m.h5:/meant -o meant.p.h5 -q >out 2>err || fail "predict meant: $(cat err)"
# trains X Y RANKS ARGUMENT...: to the bits of run `meant`
trains() {
  local x=$1 y=$2 ranks=$3; shift 3
  on "$ranks" train cf.yaml -o run -q --force data.train.x="$x" data.train.y="$y" data.test.x="$x" data.test.y="$y" "$@" 2>err || fail "train $x $*: exit $?: $(cat err)"
  [ "$(hash_of run/final.h5)" = "$(hash_of meant/final.h5)" ] || fail "train $x $y $*: other weights than of what is meant"
  [ "$(numbers_of run)" = "$(numbers_of meant)" ] || fail "train $x $y $*: other numbers"
}
turned="data.train.transpose=true data.test.transpose=true"
trains /packed /y_packed 0
trains /packed /y_packed 3 data.load=stream
# shellcheck disable=SC2086
trains /columns /y_row 3 $turned data.train.file=m.mat data.test.file=m2048
# shellcheck disable=SC2086
trains /packed_columns /y 0 $turned data.load=stream
on 3 predict run/final.h5 -i m.mat:/packed_columns -o p.h5 -q --force >out 2>err || fail "predict columns: $(cat err)"
h5diff p.h5 meant.p.h5 /predictions >diff || fail "predict columns: $(cat diff)"
on 0 predict meant/final.h5 -i m.mat:/columns -o p.h5 --force >out 2>err; code=$?
[ $code -eq 65 ] && grep -q 'are samples the columns here' err || fail "predict rows of columns: exit $code: $(cat err)"
ranks=0
for load in memory stream; do
  on $ranks train cf.yaml -o run -q --force data.train.x=/gap data.load=$load 2>err; code=$?
  [ $code -eq 65 ] && grep -q '/gap: row 17, value 1: missing' err || fail "train /gap, $load: exit $code: $(cat err)"
  on 0 train cf.yaml -o run -q --force data.train.x=/gap data.load=$load data.missing=107.5 2>err || fail "train /gap filled, $load: $(cat err)"
  [ -d filled ] || cp -r run filled
  [ "$(hash_of run/final.h5)" = "$(hash_of filled/final.h5)" ] || fail "/gap filled, $load: other weights than from memory"
  ranks=3
done
on 0 predict filled/final.h5 -i m.h5:/gap_nan -o p.h5 -q --force >out 2>err || fail "predict with a missing value: $(cat err)"

# ---- HDF5 by its signature, wherever it stands ----
for file in m.mat m2048; do
  imports $file /meant /y || fail "import $file: $(cat err)"
  h5diff o.h5 meant.h5 /train/y >diff || fail "import $file: $(cat diff)"
  on 0 data info $file >out 2>err && grep -q '^/meant: 120 x 3, float64' out || fail "data info $file: $(cat err)"
  on 0 inspect $file >out 2>err && grep -q '^/meant: 120 x 3, float64' out || fail "inspect $file: $(cat err)"
done
printf 'MATLAB 5.0 MAT-file, Platform: GLNXA64%78s\000\001IM' ' ' >old.mat
printf 'CDF\001\000%60s' ' ' >old.nc
for hint in 'old.mat: no CSV but a MAT-file of version 5.*v7.3' 'old.nc: no CSV but a NetCDF file of the classic format.*nccopy'; do
  on 0 data info "${hint%%:*}" >out 2>err; code=$?
  [ $code -eq 65 ] && grep -q "$hint" err || fail "${hint%%:*}: exit $code: $(cat err)"
done
finish
