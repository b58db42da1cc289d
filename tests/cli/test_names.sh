#!/bin/bash
# Names of classes and targets go with the checkpoint: a class keeps its number in data that lack others, eval and predict say the names,
# and data whose classes are others are refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 5; print "a,b,kind,sum [m],\"gap, signed [m/s]\""
    for (i = 0; i < 600; i++) { a = rnd(); b = rnd(); print a "," b "," (a > 0.6 ? "owl" : b > 0.5 ? "wren" : "great tit") "," a + b "," a - b } }' >all.csv
awk -F, 'NR == 1 || $3 != "great tit"' all.csv >few.csv
sed 's/owl/eagle/' all.csv >other.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: all.csv, x: [a, b], y: kind}}
model: {layers: [{units: 16, activation: tanh}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.02}
train: {epochs: 20, batch: 20, slices: 4}
checkpoint: {every: never}
C
for name in few other; do sed "s/all.csv/$name.csv/" net.yaml >$name.yaml; done

# said TEXT ARGUMENT...: TEXT on stdout, on 1 and 3 ranks
said() {
  local text=$1 ranks; shift
  for ranks in 1 3; do
    on $ranks "$@" >out 2>err || fail "$* on $ranks ranks: $(cat err)"
    grep -qF -- "$text" out || fail "$* on $ranks ranks: no '$text' in: $(cat out)"
  done
}
# refused TEXT ARGUMENT...: 65 and TEXT on 3 ranks
refused() {
  local text=$1 code=0; shift
  on 3 "$@" >out 2>err || code=$?
  [ $code -eq 65 ] || fail "$*: exit $code instead of 65: $(cat err)"
  grep -qF -- "$text" err || fail "$*: no '$text' in: $(cat err)"
}
attribute() { h5dump -a "$1" "$2" 2>err | tr -d '\n' | grep -q "$3" || fail "$2 $1: no $3: $(h5dump -a "$1" "$2")"; }

on 1 train net.yaml -o one -q 2>err || fail "train: $(cat err)"
on 2 train net.yaml -o two -q 2>err || fail "train: $(cat err)"
cmp -s one/final.h5 two/final.h5 || fail "checkpoints with names differ between 1 and 2 ranks"
said '  owl' eval one/final.h5 --split all --confusion
said '"names":["great tit","owl","wren"]' eval one/final.h5 --split all --json

# Without great tits the others keep their numbers: nearly all of them are still found.
said 'wren' eval one/final.h5 --data few.yaml --split all --confusion
said '"accuracy":0.9' eval one/final.h5 --data few.yaml --split all --json
"$LOCKSTEP" data import net.yaml -o all.h5 -q || fail "import"
"$LOCKSTEP" data import other.yaml -o other.h5 -q || fail "import"
said '"accuracy":0.9' eval one/final.h5 --data all.h5 --split train --json
refused "column 3 (kind): a class that the training data do not have: 'eagle'" eval one/final.h5 --data other.yaml --split all
refused "other.h5: class 0 is 'eagle' here, 'great tit' in the checkpoint" eval one/final.h5 --data other.h5 --split train
refused "the data have no test split; --split train" eval one/final.h5

said '/classes' predict one/final.h5 -i few.csv -o classes.h5 --force
attribute /classes/classes classes.h5 'great tit.*owl.*wren'
h5dump -d /columns/predictions classes.h5 | grep -q 'great tit' || fail "no scale of classes"
attribute /predictions/DIMENSION_LIST classes.h5 /columns/predictions

# The same from an HDF5 file that has the names.
cat >h5.yaml <<'C'
version: 1
data: {type: hdf5, train: {file: all.h5, x: /train/x, y: /train/y}, classes: 4}
model: {layers: [{units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.02}
train: {epochs: 1, batch: 20}
C
on 2 train h5.yaml -o h5 data.load=stream -q 2>err || fail "train: $(cat err)"
said '"names":["great tit","owl","wren","3"]' eval h5/final.h5 --split all --json

# Targets: name and unit, apart in predict's file.
on 2 train net.yaml -o targets -q loss=mse 'data.train.y=[4, 5]' 'model.layers=[{units: out}]' 2>err || fail "train: $(cat err)"
said '"names":["sum [m]","gap, signed [m/s]"]' eval targets/final.h5 --split all --json
said '  gap, signed [m/s]' eval targets/final.h5 --split all
said '/predictions (600, 2)' predict targets/final.h5 -i all.csv -o targets.h5 --force
attribute /columns/predictions/units targets.h5 '"m.*m/s"'
h5dump -d /columns/predictions targets.h5 | grep -q '"gap, signed"' || fail "no scale of targets"
finish
