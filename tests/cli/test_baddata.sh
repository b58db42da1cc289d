#!/bin/bash
# Data that are wrong, in HDF5 and CSV, on one rank and on three, in memory and streamed: located, said once, refused together, nothing made.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

cat >hdf5.yaml <<'C'
version: 1
data: {type: hdf5, train: {file: good.h5, x: /x, y: /y}, classes: 3}
model: {layers: [{units: 5, activation: relu}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.01}
train: {epochs: 1, batch: 10, slices: 4}
C
sed 's/, classes: 3//; s|y: /y|y: /t|; s/activation: softmax/activation: linear/; s/cross_entropy/mse/' hdf5.yaml >targets.yaml
sed 's|{type: hdf5.*}|{type: csv, train: {file: bad.csv, x: [a, b], y: [c]}}|; s/activation: softmax/activation: linear/; s/cross_entropy/mse/' hdf5.yaml >csv.yaml

# refused TEXT CONFIG ARGUMENT...: 65 on 1 and on 3 ranks, TEXT in the only message
refused() {
  local text=$1 config=$2 ranks code; shift 2
  for ranks in 0 3; do
    code=0
    on $ranks train "$config.yaml" -o new "$@" </dev/null >out 2>err || code=$?
    [ $code -eq 65 ] || fail "$config $*, $ranks ranks: exit $code instead of 65: $(cat err)"
    grep -qF -- "$text" err || fail "$config $*, $ranks ranks: no '$text' in: $(cat err)"
    [ "$(grep -cE '(^|: )error: ' err)" -eq 1 ] || fail "$config $*, $ranks ranks: not one message: $(cat err)"
    [ -e new ] && { fail "$config $*, $ranks ranks: made the run folder"; rm -rf new; }
  done
}

# ---- HDF5: KIND of tests/tools/badh5.c | config | text ----
"$BUILD/tests/badh5" good good.h5
for config in hdf5 targets; do
  on 3 train $config.yaml -o "good-$config" -q 2>err || fail "$config: a good file: exit $?: $(cat err)"
done
while IFS='|' read -r kind config text; do
  "$BUILD/tests/badh5" "$kind" "$kind.h5" || fail "badh5 $kind"
  refused "$kind.h5: $text" "$config" data.train.file="$kind.h5"
  case $kind in label | infinite | short | chunks) refused "$kind.h5: $text" "$config" data.train.file="$kind.h5" data.load=stream ;; esac
done <<'C'
missing|hdf5|there is no /x in it
group|hdf5|/x is no dataset but a group
text|hdf5|/x holds no numbers but text values
scalar|hdf5|/x has no rows
empty|hdf5|/x holds no samples: dimension 1 is 0
short|hdf5|/y has 59 rows for the 60 of /x
cube|hdf5|/y has 60 rows for the 180 of /x
nan|hdf5|/x: row 17, value 1: missing (nan)
infinite|targets|/t: row 41, value 1: not finite, or too large for the precision (inf)
label|hdf5|/y: row 23, value 0: class number not below data.classes (it is 3)
negative|hdf5|/y: row 23, value 0: not a class number: 0, 1, 2 ... are, and classes -1 and 1 become such by (y + 1) / 2; other numbers are targets of a regression, loss: mse (it is -1)
half|hdf5|/y: row 23, value 0: not a class number: 0, 1, 2 ... are, and texts are names of classes; other numbers are targets of a regression, loss: mse (it is 0.5)
link|hdf5|/x is a link to another file, which is not followed; name that file itself
external|hdf5|/x keeps its values in other files
virtual|hdf5|/x keeps its values in other files
declared|hdf5|/x declares
chunks|hdf5|/x declares
unwritten|hdf5|/x
C
# A link's target that the config names is read.
on 3 train hdf5.yaml -o named -q data.train.file=link.h5 data.train.x=good.h5:/x 2>err || fail "the link's target by name: exit $?: $(cat err)"
[ "$(hash_of named/final.h5)" = "$(hash_of good-hdf5/final.h5)" ] || fail "the link's target by name: other weights"
# An input that is not finite ends a stream when it is used, on all ranks.
for ranks in 0 3; do
  code=0
  on $ranks train hdf5.yaml -o stream --force -q data.train.file=nan.h5 data.load=stream 2>err || code=$?
  [ $code -eq 65 ] && grep -qF 'nan.h5: /x: row 17, value 1: missing (nan)' err || fail "a streamed NaN, $ranks ranks: exit $code: $(cat err)"
done
"$BUILD/tests/badh5" wide wide.h5
refused "wide.h5: 6 features and 1 targets a sample; good.h5 has 3 and 1" hdf5 "data.test={file: wide.h5, x: /x, y: /y}"
refused "y has 2 columns, which are as many classes" hdf5 data.train.y=/t
echo 'no HDF5' >plain.h5
refused "plain.h5: no HDF5 file" hdf5 data.train.file=plain.h5
refused "none.h5" hdf5 data.train.file=none.h5
refused "no file has such a name" hdf5 'data.train.file=none-*.h5'
: >zero.h5
refused "zero.h5: no HDF5 file" hdf5 data.train.file=zero.h5
size=$(stat -c %s good.h5)
for cut in 100 $((size - 1)); do
  head -c "$cut" good.h5 >cut.h5
  refused "cut.h5: " hdf5 data.train.file=cut.h5
done

# ---- CSV ----
bad() { # bad TEXT: what printf makes of the rest is bad.csv
  local text=$1; shift
  # shellcheck disable=SC2059
  printf "$@" >bad.csv
  refused "$text" csv
}
bad 'bad.csv:3: 2 fields, but the header has 3' 'a,b,c\n1,2,3\n4,5\n'
bad 'bad.csv:3: 4 fields, but the header has 3' 'a,b,c\n1,2,3\n4,5,6,7\n8,9,10\n'
bad 'bad.csv:3: an empty line between records' 'a,b,c\n1,2,3\n\n4,5,6\n'
bad 'bad.csv:3: a NUL byte (byte 14)' 'a,b,c\n1,2,3\n4,\0005,6\n'
bad 'bad.csv:3: the quote opened here (byte 5 of the line) is never closed' 'a,b,c\n1,2,3\n4,5,"6\n7,8,9\n'
bad 'bad.csv:3: text behind a closing quote' 'a,b,c\n1,2,3\n4,"5"6,7\n'
bad "bad.csv:3: column 2 (b): not a number: '5e'" 'a,b,c\n1,2,3\n4,5e,6\n'
bad 'bad.csv:3: column 3 (c): missing (nan)' 'a,b,c\n1,2,3\n4,5,\n'
bad '(nan); data.missing.y takes such samples: drop leaves them out' 'a,b,c\n1,2,3\n4,5,\n'
bad '(nan); data.missing.x takes such samples: drop leaves them out, mean' 'a,b,c\n1,2,3\n4,,6\n'
bad 'bad.csv:2: column 1 (a): not finite, or too large for the precision (inf)' 'a,b,c\n1e40,2,3\n'
bad "bad.csv: no column 'c'; there are 2: 'a', 'b'" 'a,b\n1,2\n'
bad 'bad.csv: holds no samples: there is only a header' 'a,b,c\n'
bad 'bad.csv: holds no samples: the file is empty' ''
cp good.h5 bad.csv && refused 'bad.csv: no CSV but an HDF5 file; data.type: hdf5 reads it' csv
bad 'bad.csv: no CSV but a NumPy array; lockstep data import' '\223NUMPY\001\000v\000'
bad 'bad.csv: the zip archive cannot be read (Not a zip archive)' 'PK\003\004\024\000'
printf 'a,b,c\n1,2,3\n' | gzip | gzip >bad.csv && refused 'bad.csv: no CSV but a file packed with gzip; gunzip <bad.csv >NEW unpacks it' csv
printf 'a,b,c\n1,2,3\n' | tar -czf bad.csv --transform s,.*,x, bad.yaml 2>/dev/null && refused 'bad.csv: no CSV but a tar archive; tar -xf bad.csv unpacks it' csv
bad "bad.csv: the name of column 2 is not UTF-8 text: 'gr' and then byte 0xfc; iconv -f latin1" 'a,gr\374n,c\n1,2,3\n'
bad 'bad.csv: UTF-16 text' '\377\376a\000'
{ printf 'a,b,c\n1,2,3\n'; head -c 20000000 /dev/zero | tr '\0' 7; printf '\n4,5,6\n'; } >bad.csv
refused 'bad.csv:3: 1 fields, but the header has 3' csv
{ printf 'a,b,c\n1,2,3\n4,5,'; head -c 20000000 /dev/zero | tr '\0' 7; printf '\n'; } >bad.csv
refused 'bad.csv:3: column 3 (c): not finite, or too large for the precision (inf)' csv
{ printf 'a,b,c\n1,2,3\n4,5,"'; head -c 20000000 /dev/zero | tr '\0' 7; } >bad.csv
refused 'bad.csv:3: the quote opened here (byte 5 of the line) is never closed' csv
finish
