#!/bin/bash
# Where samples are: IDX files of any name, type and number of dimensions; datasets of HDF5 files and columns of them, side by side.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp -r "$SOURCE"/tests/cases/sources/* .

# trained RUN RANKS ARGUMENT...: the hash of the weights
trained() {
  local run=$1 ranks=$2; shift 2
  on "$ranks" train net.yaml "$@" -o "$run" -q >out 2>err || fail "$*: $(cat err)"
  hash_of "$run/final.h5"
}
net() {
  cat >net.yaml <<END
version: 1
data: {$1}
model: {layers: [{units: 5, activation: tanh}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.01}
train: {epochs: 3, batch: 12, slices: 4}
checkpoint: {every: never}
END
}

# ---- IDX ----

# idx TYPE DIMENSIONS...: 24 rows of whole numbers from 0 to 99, the same ones in every type
idx() {
  # shellcheck disable=SC2059
  printf "$(awk -v type="$1" -v list="${*:2}" '
    function byte(b) { printf "\\%03o", b }
    function big(v, n) { for (n--; n >= 0; n--) byte(int(v / 256 ^ n) % 256) }
    function exponent(v, e) { e = 0; while (v >= 2) { v /= 2; e++ } return e }
    function real(v, e) { # of 4 bytes, of 8
      e = exponent(v)
      if (type == "0D") big(v ? (127 + e) * 2 ^ 23 + (v / 2 ^ e - 1) * 2 ^ 23 : 0, 4)
      else { big(v ? (1023 + e) * 2 ^ 20 + (v / 2 ^ e - 1) * 2 ^ 20 : 0, 4); big(0, 4) }
    }
    BEGIN {
      size["08"] = size["09"] = 1; size["0B"] = 2; size["0C"] = 4
      code["08"] = 8; code["09"] = 9; code["0B"] = 11; code["0C"] = 12; code["0D"] = 13; code["0E"] = 14
      n = split(list, d, " "); byte(0); byte(0); byte(code[type]); byte(n)
      for (k = 1; k <= n; k++) big(d[k], 4)
      for (count = k = 1; k <= n; k++) count *= d[k]
      width = count / d[1]
      for (i = 0; i < count; i++) {
        v = width == 1 ? i % 3 : (i * i + 7 * i) % 100
        if (type in size) big(v, size[type]); else real(v)
      }
    }')"
}
idx 08 24 >labels
net "type: idx, train: {images: images, labels: labels}"
idx 08 24 2 3 >images
want=$(trained 08 0)
[ -n "$want" ] || fail "IDX: no weights"
[ "$(trained 08-3 3)" = "$want" ] || fail "IDX: other bits on 3 ranks"
for type in 09 0B 0C 0D 0E; do
  idx $type 24 1 2 3 >images
  [ "$(trained $type 0)" = "$want" ] || fail "IDX: other bits from type 0x$type"
done
idx 0E 24 >labels # a label is a number of any type too; .gz
gzip -k images; rm images
[ "$(trained gz 0 data.train.images=images.gz data.test.images=images.gz data.test.labels=labels)" = "$want" ] ||
  fail "IDX: other bits from labels of type 0x0E"
[ "$("$LOCKSTEP" eval gz/final.h5 --split test --json | sed -n 's/.*"samples":24[,}].*/24/p')" = 24 ] || fail "no test of 24: $("$LOCKSTEP" eval gz/final.h5 --split test --json)"
# Targets of several numbers, and QMNIST's labels.
idx 0C 24 8 >wide
refused 65 "of which the first is the class" train net.yaml data.train.images=images.gz data.train.labels=wide -o no
on 0 train net.yaml data.train.images=images.gz data.train.labels=wide loss=mse 'model.layers[1].activation=linear' --dry-run >out 2>err ||
  fail "targets of 8 numbers: $(cat err)"

# A folder: what other names there are, and the keys for them; no test.
net "type: idx, dir: emnist"
refused 65 "say data: {..., train: {images: emnist/emnist-letters-train-images-idx3-ubyte, labels: emnist/emnist-letters-train-labels-idx1-ubyte}, test: {images: emnist/emnist-letters-test-images" train net.yaml -o no
keys=$(sed -n 's/.*say data: {..., \(.*\)}$/\1/p' err)
mkdir standard
for what in images-idx3 labels-idx1; do ln -s ../emnist/emnist-letters-train-$what-ubyte standard/train-$what-ubyte; done
want=$(trained folder 0 data.dir=standard)
refused 65 "standard: no test samples (t10k-*), which eval.on asks for" train net.yaml data.dir=standard 'eval.on=[test]' -o no
net "type: idx, $keys"
[ "$(trained named 0)" = "$want" ] || fail "IDX by other names: other bits"
net "type: idx"
refused 78 "missing key 'dir' (the folder of the files) or 'train' (images, labels)" train net.yaml -o no

# ---- HDF5: datasets and columns of them, side by side; /all and /both hold the same numbers in one ----

cat >net.yaml <<END
version: 1
data: {type: hdf5, train: {file: sim.h5, x: /all, y: /both}, scale: standard}
model: {layers: [{units: 5, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.01}
train: {epochs: 3, batch: 12, slices: 4}
checkpoint: {every: never}
END
x='data.train.x=[/T, "/g/u[0:2]", /w]' y='data.train.y=["/both[0]", "sim.h5:/pair[1:]"]'
want=$(trained whole 0)
[ -n "$want" ] || fail "HDF5: no weights"
[ "$(trained parts 0 "$x" "$y")" = "$want" ] || fail "columns of datasets: other bits"
[ "$(trained parts3 3 "$x" "$y" data.load=stream)" = "$want" ] || fail "columns of datasets, a stream on 3 ranks: other bits"
turned='data.train.x=[/row/T, "/row/u[:2]", "/row/w[0]"]'
[ "$(trained turned 0 "$turned" 'data.train.y=[/row/flux, /row/T]' data.train.transpose=true)" = "$want" ] || fail "columns of transposed datasets: other bits"
refused 65 "sim.h5: /g/u[1:4]: there are no such columns: /g/u has 3, from 0 to 2" train net.yaml 'data.train.x=[/T, "/g/u[1:4]"]' -o no
refused 65 "/nothing" train net.yaml 'data.train.x=[/T, /nothing]' -o no

# A checkpoint finds its own datasets in new files; the columns are called by them, and import takes the same lists.
run 0 predict parts/final.h5 -i sim.h5 -o parts.h5
run 0 predict parts/final.h5 -i sim.h5:/all -o named.h5
cmp -s parts.h5 named.h5 || fail "predict by the checkpoint's own datasets: other predictions"
on 0 eval parts/final.h5 --data sim.h5 >out 2>err
head -1 out | cmp -s - <("$LOCKSTEP" eval whole/final.h5 --data sim.h5 | head -1) || fail "eval of a file with the same datasets: $(cat out err)"
grep -q 'pair_1$' out || fail "targets are not called by their datasets: $(cat out)"
run 0 data import sim.h5 --x '/T,/g/u[0:2],/w' --y '/both' -o one.h5
"$LOCKSTEP" data info one.h5 | grep -qF 'T, g/u_0, g/u_1, w' || fail "data import: no names of the columns: $("$LOCKSTEP" data info one.h5)"
[ "$(trained one 0 data.train.file=one.h5 data.train.x=/train/x data.train.y=/train/y)" = "$want" ] || fail "data import of columns: other bits"

# ---- HDF5: h5py's bool (an enum) and PyTables' (a bit field) are 0 and 1 ----

net "type: hdf5, train: {file: truths.h5, x: /x01, y: /y01}"
want=$(trained numbers 0)
[ -n "$want" ] || fail "HDF5: no weights"
[ "$(trained bool 0 data.train.x=/x data.train.y=/y)" = "$want" ] || fail "bool: other bits"
[ "$(trained bits 3 data.train.x=/x data.train.y=/bits data.load=stream)" = "$want" ] || fail "bit fields, a stream on 3 ranks: other bits"
[ "$(trained across 0 data.train.x=/xT data.train.y=/bits data.train.transpose=true)" = "$want" ] || fail "bool in columns: other bits"
refused 65 "/colour holds no numbers but enum values; write them as numbers: x.astype('u1')" train net.yaml data.train.y=/colour -o no

# ---- HDF5: labels that are texts are classes by name, kept in the checkpoint: cat 0 and dog 1, cat 0 and wolf 1 ----

[ "$(trained name 0 data.train.y=/name data.test.file=truths.h5 data.test.x=/x01 data.test.y=/name)" = "$want" ] || fail "texts of fixed width as labels: other bits"
[ "$(trained word 3 data.train.y=/word data.load=stream)" = "$want" ] || fail "texts of any width, a stream on 3 ranks: other bits"
on 0 eval name/final.h5 --data truths.h5 --confusion >out 2>err
grep -q dog out || fail "eval does not know the classes by name: $(cat out err)"
"$LOCKSTEP" train net.yaml data.train.y=/name data.test.file=truths.h5 data.test.x=/x01 data.test.y=/word -o no >out 2>err
[ $? -eq 65 ] && grep -qF "truths.h5: /word: row 2: 'wolf': a class that the training data do not have" err || fail "a class that train lacks: $(cat err)"
refused 65 "/name holds no numbers but text values" train net.yaml data.train.y=/name loss=mse 'model.layers[1].activation=linear' -o no2

finish
