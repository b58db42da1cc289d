#!/bin/bash
# test_missing.sh - samples that are left out are not judged: the weights of the file without them, in every format,
# from memory and as a stream, on any ranks.
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
same() { [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$3: other weights"; }
# refuses CODE TEXT ARGUMENT...
refuses() {
  local want=$1 text=$2; shift 2
  on 0 "$@" >out 2>err; local code=$?
  [ $code -eq "$want" ] && grep -qF "$text" err || fail "$*: exit $code, not $want with '$text': $(cat err)"
}

# ---- CSV: the first 24 samples have no target; or there are units, quoted, of another number of fields
config linear mse '{type: csv, train: {file: pollution.csv, x: [DEWP, TEMP, PRES], y: [pm2.5]}, scale: standard}' >air.yaml
{ head -1 pollution.csv; tail -n +26 pollution.csv; } >later.csv
{ head -1 later.csv; echo '"no","number"'; echo 'a,b,c,d,e,f,m/s,K,Pa,j,k,l,m'; tail -n +2 later.csv; } >units.csv
train 0 later air.yaml data.train.file=later.csv
train 3 skipped air.yaml data.skip.train=24 && same skipped later "skipped without a target"
train 0 units air.yaml data.train.file=units.csv data.skip.train=2 && same units later "units are skipped"
refuses 65 'pollution.csv:25: column 6 (pm2.5): missing' train air.yaml data.skip.train=23 -o never
refuses 65 'pollution.csv:2: column 6 (pm2.5): missing' eval skipped/final.h5 --split all
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
refuses 65 '/x: row 17' train h5.yaml data.train.file=nan.h5 data.skip.train=17 -o never
finish
