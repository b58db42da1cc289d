#!/bin/bash
# What people have and what should come of it, a row a kind of file (tests/cases): the figures that another program or the plain
# arithmetic gives, and the same bits on 1 and 3 ranks, from memory and streamed, as from a file that others wrote plainly. What
# cannot be meant is refused alike on each. Each row is trained on one rank from memory, and in turn streamed on 3 ranks or one, on 3 ranks from memory,
# or not again; all ways for all rows: SWEEP=1.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
for folder in targets columns missing separators sources transfer hdf5 files; do
  cp -r "$SOURCE/tests/cases/$folder"/* . || die "no cases in $folder"
done

# net LOSS ACTIVATION UNITS DATA: a config on stdout
net() {
  cat <<END
version: 1
data: {$4}
model: {layers: [{units: $3, activation: relu}, {units: out, activation: $2}]}
loss: $1
optimizer: {type: adam, lr: 0.02}
train: {epochs: 20, batch: 16, slices: 4}
checkpoint: {every: never}
END
}
# shellcheck disable=SC2034 # by name, in row and never
classes=(cross_entropy softmax 8)
# shellcheck disable=SC2034
real=(mse linear 8)
# shellcheck disable=SC2034
yes_no=(binary_cross_entropy sigmoid 8)

figure() { grep '"event":"end"' "$1/metrics.jsonl" | grep -oE "\"$2\":-?[0-9.e+-]+" | cut -d: -f2; } # RUN NAME
weights() { grep -o '"weights_hash":"[^"]*"' "$1/metrics.jsonl"; } # of RUN at its end
alike() { [ -n "$(weights "$1")" ] && [ "$(weights "$1")" = "$(weights "$2")" ] || fail "$3: other weights"; }
# trained RUN RANKS CONFIG KEY=VALUE...
trained() { local name=$1 ranks=$2; shift 2; run "$ranks" train "$@" -o "$name" -q --force; }

rows=0
turn() { [ -n "${SWEEP:-}" ] || [ $((rows % 4)) -eq "$1" ]; } # is it this row's turn?
# streamed NAME CONFIG REST: the same samples as an HDF5 file, from memory and streamed
streamed() {
  local name=$1 config=$2 rest=$3
  rows=$((rows + 1))
  if turn 0 || turn 1; then
    run 0 data import "$config" -o "$name.import.h5" -q --force
    sed "s#^data: .*#data: {type: hdf5, train: {file: $name.import.h5, x: /train/x, y: /train/y}$rest}#" "$config" >"$name.h5.yaml"
  fi
  if turn 0; then
    trained "$name.stream3" 3 "$name.h5.yaml" data.load=stream
    alike "$name" "$name.stream3" "$name, streamed on 3 ranks"
  fi
  if turn 1; then
    trained "$name.stream" 0 "$name.h5.yaml" data.load=stream
    alike "$name" "$name.stream" "$name, streamed"
  fi
  if turn 2; then
    trained "$name.3" 3 "$config"
    alike "$name" "$name.3" "$name on 3 ranks"
  fi
}
# row NAME KIND DATA REST: it trains, everywhere to the same bits. KIND: classes, real, yes_no. DATA and REST are the keys of data,
# REST those that hold for other files of the same samples too.
row() {
  local -n kind=$2
  net "${kind[@]}" "$3$4" >"$1.yaml"
  trained "$1" 0 "$1.yaml"
  streamed "$1" "$1.yaml" "$4"
}
# is NAME FIGURE LEAST MOST: what the run came to
is() {
  local value; value=$(figure "$1" "$2")
  awk -v v="${value:-none}" -v lo="$3" -v hi="$4" 'BEGIN { exit !(v ~ /^[0-9.e+-]+$/ && v + 0 >= lo && v + 0 <= hi) }' ||
    fail "$1: $2 is '$value', not $3 to $4"
}
# says TEXT: it was said in the last run
says() { grep -qF -- "$1" err || fail "not said: '$1' but $(cat err)"; }
# never TEXT KIND DATA: refused with 65 and this text, on 1 rank; and on 3
never() {
  local -n kind=$2
  net "${kind[@]}" "$3" >never.yaml
  refused 65 "$1" train never.yaml -o never
  [ ! -e never ] || fail "'$1': a run folder was made"
  rows=$((rows + 1))
  turn 0 || return 0
  local code=0
  on 3 train never.yaml -o never >out 2>err || code=$?
  [ $code -eq 65 ] && grep -qF -- "$1" err || fail "on 3 ranks: exit $code, not 65 with '$1': $(cat err)"
}

# ---- classes with a loss of a regression are rows of one 1 and zeros: loss 0.0773 as with two columns ----
row one_of_two real 'type: csv, train: {file: t.csv, x: [1-3], y: [y]}' ', classes: 2'
is one_of_two loss 0.07725 0.07735
net "${real[@]}" 'type: csv, train: {file: t2.csv, x: [1-3], y: [y0, y1]}' >pairs.yaml
trained pairs 0 pairs.yaml
alike one_of_two pairs 'two columns as y'

# ---- 0 and 1 are never scaled: scikit-learn has 0.408 and 0.82 on pima; and numbers that are no probabilities are refused ----
row standard yes_no 'type: csv, train: {file: t.csv, x: [1-3], y: [y]}' ', scale: standard'
is standard loss 0 0.06
is standard accuracy 0.97 1
row pima yes_no 'type: csv, train: {file: pima-indians-diabetes.csv, x: [1-8], y: [9], header: false}' ', scale: standard'
is pima loss 0.38 0.43
is pima accuracy 0.79 0.83
never 'haberman.csv:8: column 4: a target of binary_cross_entropy lies in 0..1' yes_no \
  'type: csv, train: {file: haberman.csv, x: [1-3], y: [4], header: false}'

# ---- a label that is missing is no class ----
for word in NA nan null '?'; do
  awk -F, -v OFS=, -v word="$word" 'NR == 10 {$4 = word} 1' t.csv >gone.csv
  never 'gone.csv:10: column 4 (y): no class: it is missing' classes 'type: csv, train: {file: gone.csv, x: [1-3], y: [y]}'
done

# ---- other columns in front and behind: found by name; a file without a header loses no row ----
row pixels classes 'type: csv, train: {file: pixels.csv, x: [2-17], y: [label]}' ', scale: {type: divide, by: 255}'
{ head -1 pixels.csv | sed 's/^[^,]*,//; s/$/,id/'; tail -n +2 pixels.csv | sed 's/^[^,]*,//; s/$/,7/'; } >id.csv
run 0 predict pixels/final.h5 -i pixels.csv -o named.csv -q
run 0 predict pixels/final.h5 -i id.csv -o moved.csv -q
cmp -s named.csv moved.csv || fail "columns that stand elsewhere: other predictions"
row iris classes 'type: csv, train: {file: iris.csv, x: [1-4], y: [species]}' ''
tail -n +2 iris.csv | cut -d, -f1-4 >bare.csv
refused 65 'say --no-header' predict iris/final.h5 -i bare.csv -o never.csv
run 0 predict iris/final.h5 -i bare.csv -o bare.out.csv -q --no-header
run 0 predict iris/final.h5 -i iris.csv -o iris.out.csv -q
cmp -s bare.out.csv iris.out.csv || fail "--no-header: other predictions"
[ "$(wc -l <bare.out.csv)" -eq 151 ] || fail "a row was lost"
tail -n +2 iris.csv >headless.csv
net "${classes[@]}" 'type: csv, train: {file: headless.csv, x: [1-4], y: [5], header: false}' >headless.yaml
trained headless 0 headless.yaml
refused 65 'a header?' predict headless/final.h5 -i iris.csv -o never.csv

# ---- separators, decimal commas, lines that end with CR: as the same numbers between commas ----
tr ';' , <wine.csv >comma.csv
row wine real 'type: csv, train: {file: wine.csv, x: [1-11], y: [quality]}' ', scale: standard'
row comma real 'type: csv, train: {file: comma.csv, x: [1-11], y: [quality]}' ', scale: standard'
alike wine comma 'semicolons'
row airfoil real 'type: csv, train: {file: airfoil-tab.dat, x: rest, y: [TARGET]}' ', scale: standard'
row housing real 'type: csv, train: {file: housing-blanks.data, x: [1-13], y: [14], header: false}' ', scale: standard'
row cr real 'type: csv, train: {file: exercise-cr.csv, x: [diet-exertype, time], y: [pulse]}' ', scale: standard'
row air real 'type: csv, train: {file: air-decimal-comma.csv, x: [T, RH], y: [AH]}, decimal: ","' ', scale: standard'

# ---- a sorted file: a share is drawn; the last part of it lacks a class, and that is said ----
row drawn classes 'type: csv, train: {file: iris.csv, x: [1-4], y: [species]}' ', validation: 0.4'
is drawn val_accuracy 0.85 1
run 0 train drawn.yaml -o last --force 'data.validation={share: 0.4, how: last}'
says "class 'virginica' has no sample in train"

# ---- one-hot, bools, texts, Matlab's, PyTables', h5py's: the network of class numbers ----
net "${classes[@]}" 'type: csv, train: {file: t.csv, x: [1-3], y: [y]}' >plain.yaml
trained plain 0 plain.yaml
for source in h5py.h5:/y_bool h5py.h5:/y_onehot h5py.h5:/y pytables.h5:/yb matlab.mat:/y; do
  name=$(tr -c 'a-z0-9\n' _ <<<"$source")
  x=/x; [ "$source" = pytables.h5:/yb ] && x=/xz
  row "$name" classes "type: hdf5, train: {file: ${source%:*}, x: $x, y: ${source#*:}}" ''
  is "$name" accuracy 0.99 1
  [ "$source" = h5py.h5:/y_bool ] || alike "$name" h5py_h5__y_bool "$source"
done
row texts classes 'type: hdf5, train: {file: h5py.h5, x: /x, y: /y_vstr}' ''
run 0 predict texts/final.h5 -i h5py.h5:/x -o texts.csv -q
[ "$(head -1 texts.csv)" = cat,dog ] || fail "the texts are not the classes' names: $(head -1 texts.csv)"
run 0 data import matlab.mat --x /x --y /y -o imported.h5 -q
run 0 predict matlab_mat__y/final.h5 -i matlab.mat:/x -o mat.csv -q
run 0 predict h5py_h5__y/final.h5 -i h5py.h5:/x -o h5.csv -q
cmp -s mat.csv h5.csv || fail "Matlab's file: other predictions"

# ---- lines of another shape, named as what they are ----
awk 'NR == 51 {print ""} 1' t.csv >blank.csv
awk 'NR > 1 {$0 = $0 ",9"} 1' t.csv >more.csv
{ cat t.csv; printf '  \n'; } >end.csv
never 'blank.csv:51: an empty line between records' classes 'type: csv, train: {file: blank.csv, x: [1-3], y: [y]}'
never 'more.csv:2: 5 fields, but the header has 4' classes 'type: csv, train: {file: more.csv, x: [1-3], y: [y]}'
never 'end.csv:122: 1 fields, but the header has 4' classes 'type: csv, train: {file: end.csv, x: [1-3], y: [y]}'

# ---- what skip leaves out is not judged; or drop does it ----
row skipped real 'type: csv, train: {file: pollution.csv, x: [DEWP, TEMP, PRES], y: [pm2.5]}' ', scale: standard, skip: {train: 24}'
row dropped real 'type: csv, train: {file: pollution.csv, x: [DEWP, TEMP, PRES], y: [pm2.5]}' ', scale: standard, missing: {y: drop}'
alike skipped dropped 'drop and skip'
{ head -1 t.csv; echo m,s,kg,1; tail -n +2 t.csv; } >units.csv
net "${classes[@]}" 'type: csv, train: {file: units.csv, x: [1-3], y: [y]}, skip: {train: 1}' >units.yaml
trained units 0 units.yaml
alike units plain 'a line of units that is skipped'

# ---- UCI's ? is missing; NaN of HDF5 too; data info counts them ----
row colic classes 'type: csv, train: {file: horse-colic.csv, x: [1, 2, 4-23], y: [24], header: false}' ', scale: standard, missing: 0'
row nan classes 'type: hdf5, train: {file: h5py.h5, x: /x_nan, y: /y}' ', missing: 0'
run 0 data info pollution.csv
[ "$(grep -c ' 24 MISSING' out)" -eq 1 ] || fail "data info does not count what is missing: $(cat out)"

# ---- IDX of other names and shapes; labels that start at 1, or leave most classes empty ----
emnist=emnist/emnist-letters
row emnist classes "type: idx, train: {images: $emnist-train-images-idx3-ubyte, labels: $emnist-train-labels-idx1-ubyte}" ', scale: {type: divide, by: 255}'
mkdir dot deep
for name in images-idx3 labels-idx1; do cp $emnist-train-$name-ubyte "dot/train-${name%-*}.${name#*-}-ubyte"; done
printf '\0\0\10\4\0\0\1\220\0\0\0\1\0\0\0\10\0\0\0\10' >deep/images
tail -c +17 $emnist-train-images-idx3-ubyte >>deep/images
for images in dot/train-images.idx3-ubyte deep/images; do
  trained other 0 emnist.yaml "data.train={images: $images, labels: dot/train-labels.idx1-ubyte}"
  alike other emnist "$images"
done
refused 65 'train: {images: dot/train-images.idx3-ubyte, labels: dot/train-labels.idx1-ubyte}' train emnist.yaml 'data={type: idx, dir: dot}' -o never
never 'and one an image in dot/train-labels.idx1-ubyte: are images and labels each other' classes \
  'type: idx, train: {images: dot/train-labels.idx1-ubyte, labels: dot/train-images.idx3-ubyte}'
run 0 train emnist.yaml --dry-run
says 'class 0 has no sample (do the labels start at 1?)'
row seeds classes 'type: csv, train: {file: wheat-seeds.csv, x: [1-7], y: [8], header: false}' ', scale: standard'
is seeds accuracy 0.94 1
run 0 train seeds.yaml --dry-run
says 'class 0 has no sample (do the labels start at 1?)'
awk -F, -v OFS=, 'NR > 1 && $4 + 0 == 1 {$4 = 1000000} 1' t.csv >sparse.csv
run 0 train plain.yaml --dry-run data.train.file=sparse.csv
says '999999 of 1000001 classes have no sample'

# ---- what a file's name says that predict writes; no hint that is not true ----
for name in p.csv p.npy; do run 0 predict plain/final.h5 -i t.csv -o $name -q; done
run 0 predict plain/final.h5 -i t.csv -o - -q
cmp -s out p.csv || fail "- is not the table of p.csv"
[ "$(head -1 p.csv)" = 0,1 ] && [ "$(wc -l <p.csv)" -eq 121 ] || fail "p.csv: $(head -1 p.csv)"
[ "$(head -c 6 p.npy)" = "$(printf '\223NUMPY')" ] || fail "p.npy is none"
refused 64 'a name ends in .h5, .csv or .npy' predict plain/final.h5 -i t.csv -o p.txt
for keys in checkpoint.every=1 checkpoint.every=never; do
  run 0 train plain.yaml -o hints --force $keys
  grep -q 'checkpoint.async: true\|fewer ranks' err && fail "$keys: a hint that is not true: $(cat err)"
done
grep -q 'hint: checkpoint' err && fail "a hint about checkpoints that are not made: $(cat err)"
refused 78 'layers is empty' train plain.yaml 'model.layers=[]' -o never
run 0 eval hints --split train
finish
