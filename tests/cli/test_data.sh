#!/bin/bash
# lockstep data and order: what info tells, what import and split write, and that the same data in another format train the same network.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# says TEXT ARGUMENT...: exit 0 and TEXT on stdout
says() {
  local text=$1; shift
  "$LOCKSTEP" "$@" >out 2>err || fail "$*: exit $?: $(cat err)"
  grep -qF -- "$text" out || fail "$*: no '$text' in: $(cat out)"
}

cat >net.yaml <<C
version: 1
data: {type: idx, dir: $SMALL, scale: {type: divide, by: 255}, limit: {train: 500, test: 100}}
model: {layers: [{units: 8, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.01}
train: {steps: 12, batch: 50, slices: 4}
C

# ---- info
says 'train: 6000 samples of 784 bytes' data info "$SMALL"
says '"classes":[560,643,608,612,584,594,590,617,590,602]' data info "$SMALL" --json
says '"also_in_train":0' data info net.yaml --json
says 'test: 1000 samples' inspect "$SMALL"
printf 'a,b,kind\n1,2.5,x\n3,,y\n4,5,"z, q"\n7,8,x\n' >t.csv
says "1 MISSING" data info t.csv
says "3 different: 'x' 'y' 'z, q'" data info t.csv
says '"name":"b","numbers":3,"texts":0,"different":0,"missing":1' data info t.csv --json
refused 65 'nowhere: no such file or folder' data info nowhere
refused 65 't.csv' data info ./t.csv/x
refused 64 "did you mean 'info'?" data infos t.csv
mkfifo pipe
refused 65 'not a regular file' data info pipe

says 'stored     inputs uint8; targets uint8' data info "$SMALL"
"$BUILD/tests/badh5" nan nan.h5 && "$BUILD/tests/badh5" good good.h5 || fail "badh5"
says '/x: 60 x 3, float64' data info nan.h5
says '1 NOT FINITE OR MISSING' data info nan.h5
sed 's|{type: idx.*}|{type: hdf5, train: {file: nan.h5, x: /x, y: /y}, test: {file: good.h5, x: /x, y: /y}}|' net.yaml >leak.yaml
says 'stored     inputs float64; targets int32' data info leak.yaml
says 'leak       59 samples with the inputs of a training sample' data info leak.yaml
says '"not_finite":1' data info leak.yaml --json
says '"stored":{"x":"float64","y":"int32"}' data info leak.yaml --json

# ---- import: every format into the layout that info, eval and configs know
says '6000 train 1000 test, 784 features' data import "$SMALL" -o f.h5
says '1000 samples of 784 bytes' data info f.h5
refused 74 'f.h5 exists' data import "$SMALL" -o f.h5
says '6000 train' data import "$SMALL" -o f.h5 --force --compress
refused 65 't.csv:3: column 2 (b): missing (nan)' data import t.csv --x b --y a -o bad.h5
refused 65 'not a number' data import t.csv --x a --y kind -o bad.h5
refused 65 "no column 'c'; there are 3: 'a', 'b', 'kind'" data import t.csv --x c --y kind --classes -o bad.h5
refused 64 '-o OUT.h5' data import t.csv
refused 74 "cannot make it" data import "$SMALL" -o no/such/folder.h5
[ -z "$(find . -name 'bad.h5*' -o -name '*.partial')" ] || fail "left behind: $(ls)"
says '4 train, 1 features' data import t.csv --x a --y kind --classes -o t.h5
says '"classes":[2,1,1]' data info t.h5 --json
h5dump -a /train/y/classes t.h5 | grep -q 'z, q' || fail "the names of the classes are not in t.h5"
# what was probably meant, and columns that are asked for twice
printf 'speed [m/s],b,y\n1,2,1\n3,4,3\n5,6,4\n' >w.csv
refused 65 "no column 'speed'; did you mean 'speed [m/s]'?" data import w.csv --x speed --y y -o bad.h5
refused 65 'data import and split: --x and --y' data import w.csv -o bad.h5
says '3 train, 3 features' data import w.csv --x 1,2,3 --y y -o twice.h5
grep -qF 'w.csv: column 3 (y) is an input and a target' err || fail "a target among the inputs: $(cat err)"
says '3 train, 3 features' data import w.csv --x b,1-2 --y y -o twice.h5 --force
grep -qF 'w.csv: column 2 (b) is an input twice' err || fail "an input twice: $(cat err)"
h5dump -d /train/x twice.h5 | grep -q '(0,0): 2, 1, 2' || fail "an input twice: $(h5dump -d /train/x twice.h5)"
# names of columns, their units and the classes' names go along, into a split of the split too; netCDF's and h5py's way: a dimension scale
printf 'time [s],"angle ""phi"" [rad]",mass [kg],drag,kind\n1,2.5,3,1,ash\n2,3.5,4,1,"oak, red"\n3,1.5,4,1,ash\n4,4.5,4,1,ash\n' >u.csv
says '4 train, 3 features' data import u.csv --x 1-3 --y kind --classes -o u.h5
says 'time [s], angle "phi" [rad], mass [kg]' data info u.h5
says '3 train 1 test' data split u.h5 --test 0.25 -o v.h5
says '"columns":{"x":[{"name":"time","unit":"s"},{"name":"angle \"phi\"","unit":"rad"},{"name":"mass","unit":"kg"}],"y":[{"name":"kind","unit":null}]},"class_names":["ash","oak, red"]' data info v.h5 --json
[ "$("$LOCKSTEP" data info v.h5 | grep -c xxh3)" -eq 1 ] || fail "the file of two splits is listed twice: $("$LOCKSTEP" data info v.h5)"
h5dump -a /test/x/DIMENSION_LIST v.h5 | grep -q '(0): (), (DATASET .* "/columns/x")' || fail "/columns/x is no scale of /test/x: $(h5dump -a /test/x/DIMENSION_LIST v.h5)"
h5dump -a /columns/x/REFERENCE_LIST v.h5 | grep -c 'DATASET .* "/\(test\|train\)/x"' | grep -qx 2 || fail "/columns/x does not know whose scale it is"
sleep 1
says "4 train, 3 features" data import u.csv --x 1-3 --y kind --classes -o again.h5
cmp u.h5 again.h5 || fail "the same data made another file a second later"
h5dump -d /test/y v.h5 | grep -q 'H5T_STD_I32LE' || fail "classes are no whole numbers after a split"
says '4 train, 2 features' data import u.csv --x 4,3 --y 1,2 -o w.h5 --float32
says 'drag, mass [kg]' data info w.h5
says 'time [s], angle "phi" [rad]' data info w.h5
h5dump -H -p -d /train/x f.h5 | grep -qF 'CHUNKED ( 1337, 784 )' || fail "chunks are not whole rows of a megabyte: $(h5dump -H -p -d /train/x f.h5)"
printf '\x93NUMPY\x01\x00\x3a\x00%-57s\n\x01\x02\x03\x04' "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}" >x.npy
printf '\x93NUMPY\x01\x00\x3a\x00%-57s\n\x05\x06' "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}" >y.npy
says '2 train, 2 features' data import x.npy --y y.npy -o n.h5 --float32
h5dump -d /train/y n.h5 | grep -q '(0): 5, 6' || fail "y.npy is not in n.h5: $(h5dump -d /train/y n.h5)"

# ---- the same samples in HDF5 and in CSV give the same network, on 1 and 2 ranks
"$LOCKSTEP" train net.yaml -o idx -q 2>err || fail "train idx: $(cat err)"
{ cat net.yaml; } | sed "s|type: idx, dir: [^,]*,|type: hdf5, train: {file: f.h5, x: /train/x, y: /train/y}, test: {file: f.h5, x: /test/x, y: /test/y},|" >hdf5.yaml
on 2 train hdf5.yaml -o hdf5 -q 2>err || fail "train hdf5: $(cat err)"
h5dump -w 0 -y -o x.txt -d /train/x -s 0,0 -c 500,784 f.h5 >/dev/null && h5dump -w 0 -y -o y.txt -d /train/y -s 0 -c 500 f.h5 >/dev/null
tr -d ' \n' <x.txt | tr ',' '\n' | awk '{printf "%s%s", $1, NR % 784 ? "," : "\n"}' >x.csv
paste -d, x.csv <(tr -d ' \n' <y.txt | tr ',' '\n') >digits.csv
sed "s|type: idx, dir: [^,]*,|type: csv, train: {file: digits.csv, x: [1-784], y: ['785'], header: false},|; s|, test: 100||" net.yaml >csv.yaml
on 2 train csv.yaml -o csv -q 2>err || fail "train csv: $(cat err)"
sed 's|scale:|load: stream, scale:|' hdf5.yaml >stream.yaml
on 2 train stream.yaml -o stream -q 2>err || fail "train stream: $(cat err)"
refused 78 'stream reads hdf5 only' train net.yaml data.load=stream -o none
for format in hdf5 csv stream; do
  [ "$(hash_of $format/final.h5)" = "$(hash_of idx/final.h5)" ] || fail "$format data give other weights than IDX"
done

# ---- split: exact counts, every sample once, another seed another draw
seq 1 100 | awk 'BEGIN {print "x,y"} {print $1 "," $1 * 2}' >n.csv
says '70 train 20 validation 10 test' data split n.csv --x x --y y --test 0.1 --validation 0.2 --seed 7 -o a.h5
says '70 train' data split n.csv --x x --y y --test 0.1 --validation 0.2 --seed 7 -o b.h5
says '70 train' data split n.csv --x x --y y --test 0.1 --validation 0.2 --seed 8 -o c.h5
samples() { for s in train validation test; do h5dump -w 1 -y -d "/$s/x" "$1" | grep -oE '^ *[0-9]+' | tr -d ' '; done; }
[ "$(samples a.h5 | sort -n | uniq | wc -l)" -eq 100 ] || fail "split: not every sample once"
cmp -s a.h5 b.h5 || fail "split: one seed, two draws"
[ "$(samples a.h5)" != "$(samples c.h5)" ] || fail "split: two seeds, one draw"
refused 64 '--test 1.5' data split n.csv --x x --y y --test 1.5 -o d.h5
refused 65 'too few' data split n.csv --x x --y y --test 0.001 -o d.h5

# ---- order: all samples once an epoch, file numbers, the short last minibatch
for ((j = 0; j < 7; j++)); do "$LOCKSTEP" order net.yaml train.batch=80 data.skip.train=1000 --step $j; done >order
[ "$(wc -l <order)" -eq 500 ] || fail "order: $(wc -l <order) samples in an epoch of 500"
[ "$(sort -n order | uniq | sed -n '1p;$p' | tr '\n' ' ')" = "1000 1499 " ] || fail "order: not the samples 1000 to 1499"
[ "$(sort -n order | uniq | wc -l)" -eq 500 ] || fail "order: a sample twice in one epoch"
[ "$("$LOCKSTEP" order net.yaml train.batch=80 --step 6 | wc -l)" -eq 20 ] || fail "order: the last minibatch has 20 samples"
[ "$("$LOCKSTEP" order net.yaml data.order=sequential --step 11 | tr '\n' ' ')" = "$(seq -s ' ' 50 99) " ] || fail "order: sequential"
"$LOCKSTEP" order net.yaml --step 0 >first && "$LOCKSTEP" order net.yaml --step 10 >second
cmp -s first second && fail "order: two epochs alike"
says '"global_step":3,"epoch":1,"samples":[' order net.yaml --step 3 --json
refused 64 '--step' order net.yaml
refused 78 'last_batch' order net.yaml train.batch=501 data.last_batch=drop --step 0

# ---- missing inputs, filled as told: the weights of the same table with the number written out, in train, eval and predict ----
printf 'a,b,y\n1,2,3\n,4,5\n3,NA,1\n2,1,2\n5,"",9\n' >holes.csv
printf 'a,b,y\n1,2,3\n7,4,5\n3,7,1\n2,1,2\n5,7,9\n' >filled.csv
cat >holes.yaml <<Y
version: 1
data: {type: csv, missing: 7, train: {file: holes.csv, x: [a, b], y: [y]}, scale: standard}
model: {layers: [{units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.01}
train: {epochs: 3, batch: 3, slices: 3}
Y
for ranks in 1 3; do on $ranks train holes.yaml -o holes-$ranks -q 2>err || fail "missing: 7 on $ranks ranks: $(cat err)"; done
on 0 train holes.yaml data.train.file=filled.csv data.missing=none -o filled -q 2>err || fail "filled: $(cat err)"
for run in holes-1 holes-3; do [ "$(hash_of $run/final.h5)" = "$(hash_of filled/final.h5)" ] || fail "$run: other weights than with 7 written out"; done
refused 65 'holes.csv:3: column 1 (a): missing' train holes.yaml data.missing=none -o never
refused 78 "'seven' is not a number: x must be a number, or one of refuse, drop, mean, none [data.missing.x]" train holes.yaml data.missing=seven -o never
on 0 predict holes-1/final.h5 -i holes.csv -o holes.h5 -q 2>err || fail "predict: $(cat err)"
on 0 predict filled/final.h5 -i filled.csv -o filled.h5 -q 2>err || fail "predict: $(cat err)"
for file in holes filled; do h5dump -d /predictions "$file.h5" | sed 1d >"$file.numbers"; done
cmp holes.numbers filled.numbers || fail "predict fills in otherwise than train"
printf 'a,b,y\n1,2,\n3,4,5\n' >holes.csv
refused 65 'holes.csv:2: column 3 (y): missing' train holes.yaml -o never

finish
