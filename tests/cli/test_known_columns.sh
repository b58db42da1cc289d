#!/bin/bash
# predict and eval find a checkpoint's columns by their names, wherever they stand; by position where there are none, and never by a guess.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/columns/* .

# columns LIST FILE: these columns of a CSV file, in this order
columns() { awk -F, -v OFS=, -v list="$1" '{ n = split(list, k, ","); for (i = 1; i <= n; i++) printf "%s%s", $k[i], i < n ? OFS : "\n" }' "$2"; }
RANKS="0 3"
# refused CODE TEXT ARGUMENT...
refused() {
  local want=$1 text=$2 ranks; shift 2
  for ranks in $RANKS; do
    on $ranks "$@" >out 2>err
    [ $? -eq "$want" ] || fail "$* on $ranks ranks: not $want: $(cat out err)"
    grep -qF -- "$text" err || fail "$* on $ranks ranks: no '$text' in: $(cat err)"
  done
}
# same CKPT FILE WANT [OPTION]: the predictions are those of WANT, to the bit
same() {
  local ranks
  for ranks in $RANKS; do
    on $ranks predict "$1" -i "$2" -o new.h5 --force -q "${@:4}" >out 2>err || fail "predict $* on $ranks ranks: $(cat err)"
    cmp -s new.h5 "$3" || fail "predict $* on $ranks ranks: other predictions"
  done
}
# says TEXT ARGUMENT...
says() {
  local text=$1; shift
  on 0 "$@" >out 2>err || fail "$*: $(cat err)"
  cat out err | grep -qF -- "$text" || fail "$*: no '$text' in: $(cat out err)"
}
silent() { [ ! -s err ] || fail "not silent: $(cat err)"; }

# The label first in training and last, or nowhere, later; columns that nobody asked for; any order. Inputs were given by number.
on 0 train pixels.yaml -o pixels -q 2>err || fail "train: $(cat err)"
on 3 train pixels.yaml -o pixels3 -q 2>err || fail "train: $(cat err)"
cmp -s pixels/final.h5 pixels3/final.h5 || fail "checkpoints that know their columns differ between 1 and 3 ranks"
on 0 predict pixels/final.h5 -i pixels.csv -o want.h5 -q >out 2>err || fail "predict: $(cat err)"
silent
columns 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 pixels.csv >bare.csv
columns 9,1,17,16,3,4,2,8,5,6,7,15,14,13,12,11,10,1,2 pixels.csv | sed '1s/,label,pixel0$/,id,copy/' >mixed.csv
awk -F, -v OFS=, '{ print $0, NR == 1 ? "id" : NR - 2 }' bare.csv >id.csv
for file in bare mixed id; do same pixels/final.h5 $file.csv want.h5; silent; done
says 'all: 300 samples, loss' eval pixels/final.h5 --data pixels.csv
cp out own
says 'accuracy 1.000000' eval pixels/final.h5 --data mixed.csv
cmp -s own out || fail "eval of the same samples in other columns: $(cat own out)"
says "$(sed 's/all:/train:/' own)" eval pixels/final.h5 --split train
says '"split":"all"' eval pixels/final.h5 --data mixed.csv --json
refused 65 'without targets there is nothing to compare with: predict takes inputs alone' eval pixels/final.h5 --data id.csv
refused 65 "id.csv: no column 'label', which is a target of the checkpoint" eval pixels/final.h5 --data id.csv
sed '1s/pixel7,/pixel_7,/' bare.csv >typo.csv
refused 65 "typo.csv: no column 'pixel7', which is an input of the checkpoint; did you mean 'pixel_7'?" predict pixels/final.h5 -i typo.csv -o no.h5
[ ! -e no.h5 ] || fail "a refused prediction leaves a file"

# A config says columns by number, of another file: the names are right.
sed 's/pixels.csv/mixed.csv/; s/y: \[label\]/y: [2]/' pixels.yaml >mixed.yaml
for ranks in $RANKS; do
  on $ranks eval pixels/final.h5 --data mixed.yaml --split all >out 2>err
  cmp -s own out || fail "eval --data CONFIG with other columns on $ranks ranks: $(cat own out err)"
  grep -qF 'mixed.csv: the columns are taken by the names that the checkpoint knows' err || fail "no word of names: $(cat err)"
done

RANKS=0
# Without a header: said, never guessed; no first row is lost.
tail -n +2 bare.csv >bare0.csv
tail -n +2 pixels.csv >pixels0.csv
tail -n +2 id.csv >id0.csv
refused 65 'bare0.csv:1: the first row is taken for a header, but it holds numbers' predict pixels/final.h5 -i bare0.csv -o no.h5
refused 65 'say --no-header' eval pixels/final.h5 --data pixels0.csv
same pixels/final.h5 bare0.csv want.h5 --no-header
same pixels/final.h5 pixels0.csv want.h5 --no-header
says 'all: 300 samples' eval pixels/final.h5 --data pixels0.csv --no-header
cmp -s own out || fail "eval --no-header: $(cat own out)"
refused 65 'bare0.csv: 16 columns without names' eval pixels/final.h5 --data bare0.csv --no-header
awk -F, -v OFS=, '{ print $0, 7 }' id0.csv >wide0.csv
refused 65 'wide0.csv: 18 columns without names' predict pixels/final.h5 -i wide0.csv -o no.h5 --no-header
refused 65 'leave out --no-header' predict pixels/final.h5 -i bare.csv -o no.h5 --no-header
refused 64 '--no-header is for' eval pixels/final.h5 --no-header
refused 64 '--no-header is for' eval pixels/final.h5 --data pixels.yaml --no-header
refused 64 '--no-header is for CSV files' predict pixels/final.h5 -i want.h5:/predictions -o no.h5 --no-header

RANKS="0 3"
# Trained without a header: by position, and a header is refused.
sed 's/pixels.csv/pixels0.csv, header: false/; s/\[label\]/[1]/' pixels.yaml >pixels0.yaml
on 0 train pixels0.yaml -o headless -q 2>err || fail "train: $(cat err)"
[ "$(hash_of headless/final.h5)" = "$(hash_of pixels/final.h5)" ] || fail "a header changes the weights"
same headless/final.h5 pixels0.csv want.h5
same headless/final.h5 bare0.csv want.h5 --no-header
refused 65 "pixels.csv:1: the first row has texts ('pixel0') where numbers should be: a header?" predict headless/final.h5 -i pixels.csv -o no.h5
RANKS=0
refused 65 "bare.csv:1: the first row has texts" predict headless/final.h5 -i bare.csv -o no.h5
refused 65 'take this line out (sed -i 1d pixels.csv)' eval headless/final.h5 --data pixels.csv
refused 65 'wide0.csv: 18 columns' predict headless/final.h5 -i wide0.csv -o no.h5

# Names of classes; iris without its header and label.
on 0 train iris.yaml -o iris -q 2>err || fail "train: $(cat err)"
tail -n +2 iris.csv | columns 1,2,3,4 - >iris0.csv
refused 65 'say --no-header' predict iris/final.h5 -i iris0.csv -o no.h5
says '/predictions (150, 3)' predict iris/final.h5 -i iris0.csv -o iris.h5 --no-header --force
same iris/final.h5 iris.csv iris.h5
columns 5,4,2,3,1 iris.csv >siri.csv
same iris/final.h5 siri.csv iris.h5
says 'versicolor' eval iris/final.h5 --data siri.csv --confusion

# Several columns of one name: in their order where there are as many, else refused.
cat >twice.yaml <<'C'
version: 1
data: {type: csv, train: {file: twice.csv, x: [1, 2, 3], y: [4]}}
model: {layers: [{units: 8, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.02}
train: {epochs: 2, batch: 20, slices: 4}
checkpoint: {every: never}
C
columns 1,2,3,4 iris.csv | sed '1s/.*/a,x,x,y/' >twice.csv
on 0 train twice.yaml -o twice -q 2>err || fail "train: $(cat err)"
on 0 predict twice/final.h5 -i twice.csv -o twice.h5 -q >out 2>err || fail "predict: $(cat err)"
columns 4,2,1,3 twice.csv >twice2.csv
same twice/final.h5 twice2.csv twice.h5
grep -qF "several columns are named 'x'; they are taken by their position" err || fail "no word of position: $(cat err)"
columns 4,2,1 twice.csv >once.csv
refused 65 "once.csv: 1 columns are named 'x', and the training data had 2" predict twice/final.h5 -i once.csv -o no.h5

# HDF5: by the names that data import writes, in memory and streamed, from CSV and to CSV; datasets by the training data's names.
columns 1,2,3,4 iris.csv | sed '1s/.*/"a","b [m]",c[s],"y, all [m]"/' >q.csv
"$LOCKSTEP" data import q.csv --x 'a,b [m],c[s]' --y 4 -o q.h5 -q >out || fail "import"
"$LOCKSTEP" data import q.csv --x '3,4,1,2' --y 4 -o other.h5 -q >out 2>err || fail "import"
sed 's/twice.csv, x: .*}}/q.csv, x: [1-3], y: [4]}}/' twice.yaml >q.yaml
sed 's/csv, train.*/hdf5, train: {file: in.h5, x: \/in\/x, y: \/out}}/' twice.yaml >h.yaml
h5copy -i q.h5 -o in.h5 -p -s /train/x -d /in/x && h5copy -i q.h5 -o in.h5 -s /train/y -d /out && h5copy -i q.h5 -o in.h5 -s /columns -d /columns || fail "h5copy"
on 0 train q.yaml -o q -q 2>err || fail "train: $(cat err)"
on 0 train h.yaml -o h -q 2>err || fail "train: $(cat err)"
on 3 train h.yaml data.load=stream -o hs -q 2>err || fail "train: $(cat err)"
on 0 predict q/final.h5 -i q.csv -o qwant.h5 -q >out 2>err || fail "predict: $(cat err)"
for run in q h hs; do
  h5dump -d /data/columns $run/final.h5 | grep -qF '"a", "b [m]", "c [s]", "y, all [m]"' || fail "$run: $(h5dump -d /data/columns $run/final.h5)"
  for file in q.csv q.h5:/train/x other.h5:/train/x; do same $run/final.h5 $file qwant.h5; done
  says 'all: 150 samples' eval $run/final.h5 --data q.csv
  [ $run != q ] || cp out own
  for file in q.csv q.h5 other.h5; do
    says 'all: 150 samples' eval $run/final.h5 --data $file
    cmp -s own out || fail "$run, $file: $(cat own out)"
  done
done
says 'all: 150 samples' eval h/final.h5 --data in.h5
cmp -s own out || fail "eval --data in.h5: $(cat own out)"
same h/final.h5 in.h5 qwant.h5
refused 65 'qwant.h5: no /in/x and /out, where the checkpoint' eval h/final.h5 --data qwant.h5
RANKS="0 3"
sed 's/in.h5, x: .*}}/other.h5, x: \/train\/x, y: \/train\/y}}/' h.yaml >other.yaml
sed 's/hdf5, /hdf5, load: stream, /' other.yaml >stream.yaml
for config in other stream; do
  for ranks in $RANKS; do
    on $ranks eval h/final.h5 --data $config.yaml --split all >out 2>err || fail "eval --data $config.yaml: $(cat err)"
    cmp -s own out || fail "$config.yaml on $ranks ranks: $(cat own out)"
  done
done
sed '1s/c\[s\]/c[ms]/' q.csv >ms.csv
refused 65 "ms.csv: no column 'c [s]', which is an input of the checkpoint; did you mean 'c [ms]'?" predict q/final.h5 -i ms.csv -o no.h5
"$LOCKSTEP" data import ms.csv --x 'a,b [m],c[ms]' --y 4 -o ms.h5 -q >out || fail "import"
refused 65 "ms.h5: no column 'c [s]'" predict q/final.h5 -i ms.h5:/train/x -o no.h5
RANKS=0
# Inputs that were in another file than the targets: the new file's are meant, not the training data's.
sed 's/\/in\/x/in.h5:\/in\/x/; s/file: in.h5/file: q.h5/; s/\/out/in.h5:\/out/' h.yaml >apart.yaml
on 0 train apart.yaml -o apart -q 2>err || fail "train: $(cat err)"
h5copy -i other.h5 -o fresh.h5 -p -s /train/x -d /in/x && h5copy -i other.h5 -o fresh.h5 -s /columns -d /columns || fail "h5copy"
says '/predictions (150, 1)' predict apart/final.h5 -i fresh.h5 -o fresh.out.h5
strace -V >/dev/null 2>&1 && { strace -f -o trace "$LOCKSTEP" predict apart/final.h5 -i fresh.h5 -o fresh.out.h5 --force -q; ! grep -q '"in.h5"' trace || fail "predict -i FILE opens the training data"; }

# Older checkpoints know no names but those that their config has.
same old-names.h5 siri.csv iris.h5 2>/dev/null
says 'accuracy' eval old-names.h5 --data siri.csv
says 'the columns are taken by their position' predict old-numbers.h5 -i iris.csv -o old.h5 --force
refused 65 'say --no-header' predict old-numbers.h5 -i iris0.csv -o no.h5
says '/predictions (150, 3)' predict old-numbers.h5 -i iris0.csv -o old0.h5 --no-header --force
cmp -s old.h5 old0.h5 || fail "old checkpoint: other predictions without a header"

# What is missing is so in new data too, a number among the words as well.
sed 's/scale/missing: {x: 0, text: [-999]}, scale/' pixels.yaml >missing.yaml
on 0 train missing.yaml -o missing -q 2>err || fail "train: $(cat err)"
sed '3s/[^,]*/-999/' mixed.csv | sed '3s/,[0-9]*/,-999/3' >gaps.csv
sed '3s/[^,]*/0/' mixed.csv | sed '3s/,[0-9]*/,0/3' >zeros.csv
on 0 predict missing/final.h5 -i zeros.csv -o zeros.h5 -q >out 2>err || fail "predict: $(cat err)"
same missing/final.h5 gaps.csv zeros.h5

# In training too a lost first row is told of.
tail -n +2 iris.csv >iris-data.csv
sed 's/iris.csv/iris-data.csv/; s/\[species\]/[5]/' iris.yaml >lost.yaml
says 'say header: false' train lost.yaml -o lost -q
columns 4,2,3,1 iris.csv >turned.csv
says "turned.csv: the columns are found by the names that iris.csv has: 'sepal_length' is column 4 here, not 1" train twice.yaml -o differ -q \
  data.train='{file: iris.csv, x: [1-3], y: [4]}' data.test='{file: turned.csv, x: [1-3], y: [4]}'
finish
