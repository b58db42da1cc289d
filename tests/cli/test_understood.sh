#!/bin/bash
# test_understood.sh - what was understood of the data: the same lines before training, by --dry-run and by data info, on any number of
# ranks, in memory and in a stream as far as it is read; in JSON; none with -q.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
{
  echo 'speed [m/s],kind,load,place,drag,species'
  for ((i = 0; i < 30; i++)); do
    load=$i; [ $((i % 10)) -ne 3 ] || load=NA
    speed=$((i * i)); [ $i -ne 25 ] || speed=
    echo "$speed,7,$load,$((i % 2 ? 3 : 4)),$((i / 2)).5,$( ((i % 3)) && echo oak || echo 'elm, red')" | sed 's/elm, red/"elm, red"/'
  done
} >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [1-4], y: [drag]}, validation: {share: 0.2, how: last}, missing: {x: mean}, scale: {type: standard}}
model: {layers: [{units: 3, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 1, batch: 8, slices: 4}
C
cat >want <<'C'
data      t.csv: 24 train, 6 validation
inputs    4: speed [m/s], kind, load, place
targets   1: drag
missing   4 inputs become train's mean: speed [m/s] (1), load (3)
constant  1 of the inputs in all of train: kind
scaling   inputs and targets: standard, by train
C
lines() { grep -E '^(data|inputs|targets|classes|missing|constant|scaling) ' "$1"; }
same() { diff want <(lines "$1") >&2 || fail "$2 understood something else"; }
for ranks in 0 3; do
  run $ranks train net.yaml -o run$ranks
  same err "train on $ranks ranks"
done
run 0 train net.yaml --dry-run
same out "--dry-run"
run 0 data info net.yaml
same out "data info"
run 0 train net.yaml -o quiet -q
[ -z "$(lines err)" ] || fail "-q: $(cat err)"
json='"understood":{"samples":{"train":24,"validation":6,"test":0},"inputs":{"columns":4,"names":["speed [m/s]","kind","load","place"],"constant":["kind"]},'
json+='"targets":{"columns":1,"names":["drag"],"constant":[]},"classes":null,'
json+='"missing":{"x":"mean","y":"refuse","dropped":0,"filled":4,"filled_columns":2,"masked":null},"scaling":"standard"}'
for words in "train net.yaml -o json" "train net.yaml --dry-run" "data info net.yaml"; do
  run 0 $words --json
  grep -qF "$json" out || fail "$words --json: $(cat out)"
done

# Classes with their counts; a name that would not fit; what is dropped.
cat >want <<'C'
data      t.csv: 20 train, 6 validation
inputs    4: speed [m/s], kind, load, place
targets   1: species
classes   2: elm, red (7), oak (13)
missing   4 samples have missing values and are dropped
constant  1 of the inputs in all of train: kind
C
classes=('data={type: csv, train: {file: t.csv, x: [1-4], y: [species]}, validation: {share: 6, how: last}, missing: {x: drop}}' loss=cross_entropy
  model.layers[1].activation=softmax)
classes[0]=${classes[0]/share: 6/share: 0.24}
run 0 train net.yaml "${classes[@]}" -o classes
same err "classes"
{ echo "$(seq -f 'a column with quite a long name %g' -s , 1 9),y"; for i in 1 2 3; do echo "$i,$i,$i,$i,$i,$i,$i,$i,$i,$i"; done; } >wide.csv
run 0 train net.yaml 'data={type: csv, train: {file: wide.csv, x: rest, y: [y]}}' --dry-run
grep -q '^inputs    9: a column with quite a long name 1, and 8 more$' out || fail "wide: $(lines out)"

# A stream says what is read of it: inputs only for their statistics.
sed 's/,NA,/,1,/; s/^,/0,/' t.csv >whole.csv
run 0 data import whole.csv --x 'speed [m/s],kind,load,place' --y drag -o t.h5
h5='data={type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}'
for how in '0 memory' '3 stream'; do
  run ${how% *} train net.yaml "$h5, scale: {type: minmax}, load: ${how#* }}" --dry-run
  lines out | diff - <(printf '%s\n' 'data      t.h5: 30 train' 'inputs    4: speed [m/s], kind, load, place' 'targets   1: drag' \
    'constant  1 of the inputs in all of train: kind' 'scaling   inputs and targets: minmax, by train') >&2 || fail "ranks, load: $how"
done
run 0 train net.yaml "$h5, missing: 0, load: stream}" --dry-run
grep -q 'inputs become 0 (not counted in a stream)' out && ! grep -q '^constant' out || fail "a stream that is not read: $(lines out)"

# What train would refuse is said, and the rest is shown all the same.
sed 's/missing: {x: mean}, //' net.yaml >refused.yaml
on 0 data info refused.yaml >out 2>err || fail "data info refused.yaml: $(cat err)"
grep -q 'train refuses it: t.csv:5: column 3 (load): missing' out && grep -q '4 NOT FINITE OR MISSING' out || fail "refused: $(cat out)"

# A CSV file by itself: truths are no numbers, comments are found, constant columns and missing values are said.
printf '# a note\na;b;c\n1,5;True;3\n# another\n2,5;False;3\n;NA;3\n' >c.csv
run 0 data info c.csv
printf '%s\n' '  separator: ";", decimal: ",", comment: "#", lines end with LF' \
  '  1    a                1.5 to 2.5, mean 2, deviation 0.5 1 MISSING' '  2    b                2 booleans, 1 true 1 MISSING' \
  '  3    c                3 to 3, mean 3, deviation 0 CONSTANT' | diff - <(sed 1d out) >&2 || fail "data info c.csv"
printf '#id,a\n1,2\n3,4\n' >id.csv
run 0 data info id.csv
grep -q '1    #id ' out || fail "a header that begins with #: $(cat out)"

# First lines that are odd, files of other programs, and Excel's words for what it cannot compute, which begin no comment.
while IFS='|' read -r text begin; do
  # shellcheck disable=SC2059
  printf "$begin" >odd.csv
  refused 65 "$text" data info odd.csv
done <<'C'
odd.csv:2: 2 fields, but the first line has 1; the first line is empty: take it out|\na,b\n1,2\n
the first line is for Excel alone: take it out|sep=;\na;b;c\n1;2;3\n
the first line is no header but a title|My data\na,b\n1,2\n
since it names the rows (R)|a b\nr1 1 2\nr2 3 4\n
lines that end with a separator|a,b\n1,2,\n3,4,\n
odd.csv:3: 3 fields, but the first line has 1; the table begins on line 3: take what stands before it out (sed -i 1,2d odd.csv)|My data\n\na,b,c\n1,2,3\n4,5,6\n
no CSV but a MAT-file of version 4; save it with -v7.3|\0\0\0\0\24\0\0\0\3\0\0\0\0\0\0\0\2\0\0\0x\0\1\2\3\4
no CSV but a MAT-file of version 4; save it with -v7.3|\0\0\3\350\0\0\0\3\0\0\0\1\0\0\0\0\0\0\0\2x\0\1\2\3\4
no CSV but a file of R's own format; write.csv|RDX3\nX\n\0\0
no CSV but a file of R's own format; write.csv|X\n\0\0\0\3
no CSV but a file of R's own format; write.csv|RDA3\nA\n3\n
no CSV but a Feather file; pandas.read_feather|ARROW1\0\0
no CSV but an Excel file of the old format; save|\320\317\021\340\0
no CSV but a Parquet file; pandas.read_parquet|PAR1\025\0
no CSV but a data base of SQLite; sqlite3|SQLite format 3\0
no CSV but an ARFF file; its samples are CSV|%% Fisher\n%%\n@RELATION iris\n
no CSV but JSON; pandas.read_json("odd.csv").to_csv|[{"a": 1}]\n
makes CSV of it (lines=True where a line is a sample)|{"a": 1}\n
no CSV but a page of the web, or XML; fetch|<!DOCTYPE html>\n
no CSV but what Git LFS keeps for a file; git lfs pull|version https://git-lfs.github.com/spec/v1\n
UTF-16 text; save it as UTF-8 (iconv -f utf-16be -t utf-8 odd.csv >NEW)|\0a\0,\0b\0\n
UTF-16 text; save it as UTF-8 (iconv -f utf-16le -t utf-8 odd.csv >NEW)|a\0,\0b\0\n\0
UTF-32 text; save it as UTF-8 (iconv -f utf-32 -t utf-8 odd.csv >NEW)|\377\376\0\0a\0\0\0
no text file; raw numbers become an array|\1\2\3\0\0\0
C
printf '\0\0\010\001\0\0\0\1' >idx.csv
refused 65 'no CSV but an IDX file; data.type: idx reads it' train net.yaml data.train.file=idx.csv --dry-run
printf 'a,b\n1,2\n#N/A,3\n' >excel.csv
run 0 data info excel.csv
grep -q '2 samples of 2 columns' out && ! grep -q comment out || fail "#N/A: $(cat out)"
printf 'name,y\n"a ""b""\nc",1\n' >lines.csv
run 0 data info lines.csv
grep -qF "1 texts, 1 different: 'a \"b\" c' CONSTANT" out || fail "a text of two lines: $(cat out)"
printf 'a,b,\n1,2,\n2,3,\n' >trailed.csv
refused 65 'lines end with a separator, which makes an empty column 3 of the inputs' train net.yaml 'data={type: csv, train: {file: trailed.csv, x: rest, y: [b]}}' --dry-run

run 0 data info t.h5
grep -q '^  constant   1 of the inputs: kind$' out || fail "data info t.h5: $(cat out)"

# What a sample is called: a column that counts them, texts that come once.
{ echo id,a,name,y; for i in $(seq 1 12); do echo "$i,$((i * 7 % 5)),n$i,$((i % 2))"; done; } >id.csv
sed 's/^2,/20,/' id.csv >other.csv
named='data={type: csv, train: {file: id.csv, x: rest, y: [y]}, validation: 0.2, text_inputs: one_hot}'
for ranks in 0 3; do
  run $ranks train net.yaml "$named" --dry-run
  grep -q '^counting  inputs that number the samples; leave them out of x? id$' out || fail "id counts the samples: $(cat out err)"
  [ "$(grep -c 'column 3 (name) has 12 different texts in 12 samples' err)" = 1 ] || fail "texts of their own: $(cat err)"
done
run 0 train net.yaml "$named" data.train.file=other.csv --dry-run
grep -q '^counting' out && fail "a column that does not count: $(cat err)"
# Classes that capitals tell apart.
{ echo a,y; for i in 1 2 3; do printf '%s,Yes
%s,no
%s,yes
' $i $i $i; done; } >capitals.csv
run 0 train net.yaml 'data={type: csv, train: {file: capitals.csv, x: [a], y: [y]}}' loss=cross_entropy 'model.layers=[{units: out, activation: softmax}]' --dry-run
grep -qF "'Yes' and 'yes' are two classes; if they are one, spell them alike" err || fail "capitals: $(cat err)"

# A separator that was found is no change when the run goes on.
run 0 train net.yaml -o run0 train.epochs=2 --resume
grep -q 'separator' err && fail "resume: $(grep -B1 separator err)"
finish
