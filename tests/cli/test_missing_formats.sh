#!/bin/bash
# test_missing_formats.sh - what is missing in IDX and .npy files, in several datasets of HDF5 and in labels that are texts is
# dropped, filled in or masked as in CSV, to the same bits; samples that are skipped or dropped are in no group.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# Whole numbers, and -999 for what is missing: a, b and two targets.
for i in $(seq 0 43); do
  a=$((i * 7 % 16)) b=$((i * 5 % 13 - 6)) u=$((i * 3 % 10)) v=$((a - b))
  [ $((i % 9)) -eq 4 ] && a=-999
  [ $((i % 14)) -eq 3 ] && u=-999
  [ $((i % 5)) -eq 2 ] && v=-999
  echo "$a,$b,$u,$v"
done >rows
{ echo a,b,u,v; sed 's/-999/NA/g' rows; } >t.csv
# doubles FROM TO: these columns as big-endian float64
doubles() {
  printf %b "$(cut -d, -f"$1-$2" rows | tr ',' '\n' | awk '{ v = $1 < 0 ? -$1 : $1; e = 0
    if ($1 == -999) { printf "\\0177\\0370\\0\\0\\0\\0\\0\\0"; next }
    while (v >= 2) { v /= 2; e++ }
    high = v > 0 ? (1023 + e) * 1048576 + (v - 1) * 1048576 : 0
    byte = int(high / 16777216) + ($1 < 0 ? 128 : 0)
    printf "\\0%o\\0%o\\0%o\\0%o\\0\\0\\0\\0", byte, int(high / 65536) % 256, int(high / 256) % 256, high % 256 }')"
}
for k in x y; do
  [ $k = x ] && at="1 2" || at="3 4"
  # shellcheck disable=SC2086 # two numbers
  { printf '\0\0\x0e\x02\0\0\0\x2c\0\0\0\x02'; doubles $at; } >$k.idx
  # shellcheck disable=SC2086
  { printf '\x93NUMPY\x01\x00\x46\x00%-69s\n' "{'descr': '>f8', 'fortran_order': False, 'shape': (44, 2)}"; doubles $at; } >$k.npy
done
gzip -k x.idx

# config DATA
config() {
  cat <<END
version: 1
data: {$1, scale: standard, validation: {share: 0.2, how: random}}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.05}
train: {steps: 9, batch: 8, slices: 4}
checkpoint: {every: never}
END
}
train() { local ranks=$1 name=$2; shift 2; run "$ranks" train "$@" -o "$name" -q --force; }
same() {
  [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$3: other weights"
  diff <(numbers_of "$1") <(numbers_of "$2") >diff || fail "$3: $(cat diff)"
}

# ---- IDX and .npy
config 'type: csv, train: {file: t.csv, x: [a, b], y: [u, v]}' >csv.yaml
config 'type: idx, train: {images: x.idx, labels: y.idx}' >idx.yaml
train 0 csv csv.yaml 'data.missing={x: mean, y: mask}'
train 3 idx idx.yaml 'data.missing={x: mean, y: mask}' && same idx csv "IDX: mean and mask"
train 0 csv.dropped csv.yaml 'data.missing={x: drop, y: drop}'
train 0 idx.dropped idx.yaml data.train.images=x.idx.gz 'data.missing={x: drop, y: drop}' && same idx.dropped csv.dropped "IDX: drop"
train 0 csv.number csv.yaml 'data.missing={x: 3, y: mask}'
train 0 idx.number idx.yaml 'data.missing={x: 3, y: mask}' && same idx.number csv.number "IDX: a number"
rows=$(grep -cve -999 rows)
[ "$(sed -n 's/.*"train_samples":\([0-9]*\),"validation_samples":\([0-9]*\),.*/\1 \2/p' idx.dropped/metrics.jsonl)" = "$((rows - rows / 5)) $((rows / 5))" ] || fail "samples: $(head -1 idx.dropped/metrics.jsonl)"
refused 65 'x.idx: sample 4: missing' train idx.yaml -o never
refused 65 'y.idx: sample 2: missing' train idx.yaml data.missing.x=drop -o never
for kind in csv csv.number; do
  run 0 predict $kind/final.h5 -i t.csv -o want.csv --force
  for file in x.npy x.idx; do
    run 0 predict $kind/final.h5 -i $file -o got.csv --force
    cmp want.csv got.csv || fail "predict $file of $kind fills in another number"
  done
done
# .npy files, and what is imported for a stream, keep their gaps
config 'type: hdf5, train: {file: npy.h5, x: /train/x, y: /train/y}' >h5.yaml
run 0 data import x.npy --y y.npy -o npy.h5 --keep-missing
train 3 npy h5.yaml data.load=stream 'data.missing={x: mean, y: mask}' && same npy csv ".npy: mean and mask"
sed 's/scale: standard/missing: {x: drop, y: drop}, &/' csv.yaml >gaps.yaml
run 0 data import gaps.yaml -o gaps.h5
train 3 gaps h5.yaml data.train.file=gaps.h5 data.load=stream 'data.missing={x: drop, y: drop}' && same gaps csv.dropped "an imported config: drop"
refused 65 'x.npy: row 4, value 0: missing' data import x.npy --y y.npy -o never.h5
# ---- labels that are texts: words that are missing, those of skipped samples, numbers and texts together
words=() groups=() n=0
while IFS=, read -r a b u v; do
  word=elm; [ $((u % 2)) -eq 0 ] && word=oak; [ "$u" = -999 ] && word=gone; [ $n -eq 9 ] && word=NA; [ $n -eq 0 ] && word=kind
  group=g$((n % 7)); [ $n -lt 2 ] && group=
  echo "$([ "$a" = -999 ] || echo "$a"),$b,$word,$group"
  words+=("$word") groups+=("$group") n=$((n + 1))
done <rows >labelled
{ echo a,b,kind,group; cat labelled; } >words.csv
cp npy.h5 words.h5
"$BUILD/tests/badh5" words words.h5 /kind "${words[@]}" && "$BUILD/tests/badh5" words words.h5 /group "${groups[@]}" || die "words.h5"
config 'type: csv, train: {file: words.csv, x: [a, b], y: [kind]}' | sed 's/units: out/&, activation: softmax/; s/mse/cross_entropy/' >words.yaml
sed 's|{file: words.csv, x: .a, b., y: .kind.}|{file: words.h5, x: /train/x, y: /kind}|; s/type: csv/type: hdf5/' words.yaml >words5.yaml
gaps='data.missing={x: drop, y: drop, text: [gone]}' skip='data.skip={train: 2}'
by() { echo "data.validation={share: 0.3, how: group, by: $1}"; }
train 0 words words.yaml "$gaps" "$skip" "$(by group)"
train 0 words5 words5.yaml "$gaps" "$skip" "$(by /group)" && same words5 words "texts of HDF5"
train 3 streamed words5.yaml "$gaps" "$skip" "$(by /group)" data.load=stream && same streamed words "texts of HDF5, a stream"
for half in 0 1; do # in two files, of which the first has no elm
  sed 's/-999/NA/g' rows | awk -v half=$half 'NR == 1 { print "a,b" } (NR > 3) == half { print }' | cut -d, -f1,2 | sed 's/$/,0/; 1s/0$/y/' >half.csv
  run 0 data import half.csv --x a,b --y y -o half-$half.h5 --keep-missing
  "$BUILD/tests/badh5" words half-$half.h5 /kind "${words[@]:half * 3:half ? 41 : 3}" || die "half-$half.h5"
done
train 3 halves words5.yaml "$gaps" "$skip" data.train.file='half-?.h5' && train 0 words words.yaml "$gaps" "$skip" && same halves words "texts of two files"
refused 65 'words.csv:2: column 4 (group): no value to group by' train words.yaml "$gaps" "$(by group)" -o never
refused 65 'words.h5: /group: row 0: no value to group by' train words5.yaml "$gaps" "$(by /group)" -o never
refused 65 'words.h5: /kind: row 9, value 0: no class' train words5.yaml data.missing.x=drop "$skip" -o never
numbers='data.test={file: words.h5, x: /train/x, y: "/train/y[0]"}'
refused 65 'words.h5: /train/y holds no texts, and the labels of words.h5 are texts' train words5.yaml "$gaps" "$skip" "$numbers" -o never
refused 65 'words.h5: /kind holds texts, and the labels of words.h5 are numbers' train words5.yaml "$gaps" "$skip" 'data.train.y="/train/y[0]"' "data.test={file: words.h5, x: /train/x, y: /kind}" -o never
refused 65 "a class that the training data do not have: '0'" train words.yaml "$gaps" "$skip" 'data.test={file: t.csv, x: [a, b], y: [u]}' -o never
refused 65 "words.csv:2: column 3 (kind): not a number: 'kind'" train words.yaml data.train.file=t.csv 'data.train.y=[u]' data.missing='{x: drop, y: drop}' 'data.test={file: words.csv, x: [a, b], y: [kind]}' -o never
refused 65 'x.npy: row 4, value 0: missing' predict csv.dropped/final.h5 -i x.npy -o never.csv
finish
