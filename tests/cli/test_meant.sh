#!/bin/bash
# test_meant.sh - files as people have them, and what they mean by them: said where it is not what is taken, and taken where it can be.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# config LOSS DATA: one layer
config() {
  cat <<END
version: 1
data: $2
model: {layers: [{units: out$([ "$1" = cross_entropy ] && echo ', activation: softmax')}]}
loss: $1
optimizer: {type: sgd, lr: 0.05}
train: {steps: 5, batch: 6, slices: 4}
checkpoint: {every: never}
END
}
says() { grep -qF -- "$1" err || fail "not said: $1: $(cat err)"; }
told() { grep -qF -- "$1" out || fail "not told: $1: $(cat out)"; }
silent() { ! grep -qF -- "$1" err || fail "said: $1"; }

# ---- scikit-learn's own tables: samples, inputs and classes stand where names are, and may be fewer than the fields
{ echo 12,4,ash,elm,oak; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "$i.5,$((i * 7 % 5)).1,$((i * 3 % 7)),$((i % 4)).2,$((i % 3))"; done; } >iris.csv
sed '1s/.*/12,4,ash/' iris.csv >short.csv
config cross_entropy '{type: csv, train: {file: iris.csv, x: [1-4], y: [5]}}' >iris.yaml
run 0 train iris.yaml data.train.x='[3, 4]' --dry-run && says "iris.csv: '4' is the column that the header calls so, column 2, and not column 4"
run 0 train iris.yaml --dry-run && silent 'the header calls so' && says 'counts samples and inputs (12, 4), and is taken for names'
counting='the first line counts samples and inputs'
refused 65 "short.csv:2: 5 fields, but the header has 3; $counting, and is no header: header: false, and data.skip: {train: 1}" train iris.yaml data.train.file=short.csv data.train.y='[1]' data.train.x='[2]' --dry-run
tail -n +2 iris.csv >bare.csv
run 0 train iris.yaml data.train.file=bare.csv data.train.header=false -o bare -q
run 3 train iris.yaml data.train.file=short.csv data.train.header=false data.skip.train=1 -o short -q && same bare short "a shorter first line is skipped"
refused 65 "short.csv:2: 5 fields, but the first line has 3; $counting" train iris.yaml 'data.train={file: short.csv, x: [1], y: [2], header: false}' --dry-run

refused 65 "no column 'species'; there are 5: '12', '4', 'ash', 'elm', 'oak'; $counting" train iris.yaml data.train.y='[species]' --dry-run
refused 65 "iris.csv:1: column 3: not a number: 'ash'; $counting" train iris.yaml data.train.header=false --dry-run
{ echo 12,4,,,; echo a,b,c,d,kind; tail -n +2 iris.csv; } >house.csv
refused 65 "column 1 (12): not a number: 'a'; $counting, the second is the header" train iris.yaml data.train.file=house.csv --dry-run
{ echo 12,3,ash,elm,oak; tail -n +2 iris.csv; } >uncounted.csv # says another number of inputs, so that it may be anything
run 0 train iris.yaml data.train.file=uncounted.csv --dry-run && silent 'counts samples'

# ---- other first lines that are no header: empty, Excel's, one name short as R's
{ echo; sed '1s/.*/a,b,c,d,kind/' iris.csv; } >empty.csv
refused 65 "empty.csv:1: there are no names of columns; the first line is empty: take it out" train iris.yaml data.train.file=empty.csv --dry-run
refused 65 'empty.csv:2: 5 fields, but the header has 1; the first line is empty' train iris.yaml 'data.train={file: empty.csv, x: [1], y: [1]}' --dry-run
{ echo 'sep=;'; sed '1s/.*/a,b,c,d,kind/; s/,/;/g' iris.csv; } >excel.csv
refused 65 'the first line is for Excel alone' train iris.yaml data.train.file=excel.csv data.train.y='[kind]' --dry-run
{ echo 'a b c d kind'; tail -n +2 iris.csv | tr , ' ' | cat -n; } >rows.txt
refused 65 'rows.txt:2: 6 fields, but the header has 5; if the first column has no name since it names the rows (R)' train iris.yaml data.train.file=rows.txt --dry-run
run 0 train iris.yaml 'data.train={file: rows.txt, header: false, x: [2-5], y: [6]}' data.skip.train=1 -o rows -q && same bare rows "R's names of rows"

{ echo '# from the web'; sed '1s/.*/a,b,c,d,kind/' iris.csv; } >web.csv
refused 65 'data.comment: "#" passes over' train iris.yaml data.train.file=web.csv data.train.y='[kind]' --dry-run && silent 'separated by'
{ echo 'Trees of 1990'; sed '1s/.*/a,b,c,d,kind/' iris.csv; } >title.csv
refused 65 "no column 'kind'; there are 1: 'Trees of 1990'; if the first line is no header but a title" train iris.yaml data.train.file=title.csv data.train.y='[kind]' --dry-run
# Several lines before the table, in other shapes; a header with a comma in a name; NumPy's header.
{ printf 'Trees of 1990\nas exported by hand\n\n'; sed '1s/.*/a,b,c,d,kind/' iris.csv; } >titles.csv
refused 65 'titles.csv:1: there are no names of columns; the table begins on line 4: take what stands before it out (sed -i 1,3d titles.csv)' train iris.yaml data.train.file=titles.csv data.train.y='[kind]' --dry-run
refused 65 'the table begins on line 4' data info titles.csv
sed 1,3d titles.csv >cut.csv && run 0 train iris.yaml data.train.file=cut.csv data.train.y='[kind]' -o cut -q && same bare cut 'titles that are taken out'
{ printf 'Trees of 1990,,,,\nby hand,,,,\n'; sed '1s/.*/a,b,c,d,kind/' iris.csv; } >filled.csv
refused 65 "not a number: 'Trees of 1990'; the table begins on line 3" train iris.yaml 'data.train={file: filled.csv, x: [1-4], y: [5], header: false}' --dry-run
run 0 data info filled.csv && says 'the table begins on line 3'
sed '1s/.*/a;b, mm;c;d;kind/; s/,\([0-9]\)/;\1/g; s/,\([a-z]*\)$/;\1/' iris.csv >headed.csv
refused 65 'the lines agree where ";" separates: data.separator: ";"' train iris.yaml 'data.train={file: headed.csv, x: rest, y: [kind]}' --dry-run
run 0 train iris.yaml 'data.train={file: headed.csv, x: rest, y: [kind]}' 'data.separator=";"' -o headed -q && same bare headed 'a header with a comma'
sed '1d; s/,/;/g; s/[.]/,/g' iris.csv >german.csv
refused 65 'data.separator: ";", and data.decimal: ","' train iris.yaml 'data.train={file: german.csv, x: [1-4], y: [5], header: false}' --dry-run
run 0 data info german.csv && { grep -q 'separator: ";", decimal: ","' out || fail "data info of german.csv: $(cat out)"; }
sed '1s/.*/# a,b,c,d,kind/' iris.csv >numpy.csv
refused 65 'the first line begins with #: take that mark out' train iris.yaml 'data.train={file: numpy.csv, x: [a, b, c, d], y: [kind]}' --dry-run
{ echo '# a b c d kind'; sed '1d; s/,/ /g' iris.csv; } >numpy.txt
refused 65 'numpy.txt:2: 5 fields, but the header has 6; the first line begins with #: take that mark out' train iris.yaml 'data.train={file: numpy.txt, x: rest, y: [kind]}' --dry-run
# An empty column amid the others, and a name of two lines, which data info shows on one.
{ printf '"a\nmm",,b,c,d,kind\n'; sed '1d; s/,/,,/' iris.csv; } >hole.csv
refused 65 'column 2 is an input and has no name, and nothing stands in it; leave it out of x' train iris.yaml 'data.train={file: hole.csv, x: rest, y: [kind]}' --dry-run
run 0 data info hole.csv && { grep -q '^  1    a mm ' out || fail "data info of hole.csv: $(cat out)"; }
sed '1s/.*/a|b|c|d|kind/; s/,/|/g' iris.csv >bars.csv
refused 65 "there are 1: 'a|b|c|d|kind'; the lines agree where \"|\" separates" train iris.yaml 'data.train={file: bars.csv, x: [a], y: [kind]}' 'data.separator=","' --dry-run

# ---- predict of a file without a header says which columns it takes
sed 1d iris.csv | cut -d, -f1-4 >new.csv; sed '1s/.*/a,b,c,d,kind/' iris.csv >named.csv
run 0 train iris.yaml data.train.file=named.csv -o named -q
run 3 predict named/final.h5 -i new.csv --no-header -o p.csv && says 'new.csv: no header; the inputs are columns 1 (a), 2 (b), 3 (c), 4 (d)'

# and what may be wrong with its first line
refused 65 "empty.csv:1: there are no names of columns; the first line is empty: take it out" predict named/final.h5 -i empty.csv -o never.csv
refused 65 "if the first line is no header but a title, take it out" predict named/final.h5 -i title.csv -o never.csv
refused 65 "the training data had no comments: take lines that begin with # out" predict named/final.h5 -i web.csv -o never.csv
refused 65 "$counting, and is no header: take it out" predict named/final.h5 -i short.csv --no-header -o never.csv
awk -F, -v OFS=, 'NR == 3 {$2 = "-"} 1' named.csv >mark.csv
refused 65 "not a number: '-'; if it means that the value is missing, write NA" predict named/final.h5 -i mark.csv -o never.csv

# ---- trained with decimal commas, asked with commas between the fields
sed 's/,/;/g; s/\./,/g' named.csv >comma.csv
run 0 train iris.yaml data.train.file=comma.csv 'data.decimal=","' -o comma -q && same comma named "decimal commas"
run 0 predict named/final.h5 -i named.csv -o q.csv && run 0 predict comma/final.h5 -i named.csv -o r.csv && run 0 predict comma/final.h5 -i comma.csv -o s.csv
cmp q.csv r.csv && cmp r.csv s.csv || fail "a comma file for a network of decimal commas: $(cat err)"

# ---- comments, quotes within a text, units
{ head -3 named.csv; echo '# checked by hand'; tail -n +4 named.csv; } >remark.csv
refused 65 'data.comment: "#" passes over' train iris.yaml data.train.file=remark.csv --dry-run
refused 65 'data.comment: "#" passes over' data import remark.csv --x 1-4 --y 5 -o never.h5
{ head -2 named.csv; echo '"say ""no""",1,2,3,1'; } >quoted.csv
refused 65 "not a number: 'say \"no\"'" train iris.yaml data.train.file=quoted.csv --dry-run
{ head -1 named.csv; echo 'oops,2,3,4,1'; tail -n +2 named.csv; } >typo.csv
refused 65 "column 1 (a): not a number: 'oops'" train iris.yaml data.train.file=typo.csv --dry-run && silent units

# ---- marks of what is missing, beside numbers; labels for a loss of numbers
for column in 2:x 5:y; do
  awk -F, -v OFS=, -v k=${column%:*} 'NR == 3 {$k = "-"} 1' named.csv >mark.csv
  refused 65 "not a number: '-'; if it means that the value is missing, data.missing: {text: ['-'], ${column#*:}: drop} leaves the sample out" \
    train iris.yaml data.train.file=mark.csv loss=mse 'model.layers=[{units: out}]' --dry-run
done
run 0 train iris.yaml data.train.file=mark.csv loss=mse 'model.layers=[{units: out}]' "data.missing={text: ['-'], y: drop}" --dry-run
awk -F, -v OFS=, 'NR == 3 {$2 = "1.2.3"} 1' named.csv >point.csv
refused 65 "not a number: '1.2.3'" train iris.yaml data.train.file=point.csv --dry-run && silent missing
sed '2,$s/,\([012]\)$/,k\1/' named.csv >texts.csv
refused 65 "not a number: 'k1'; texts as targets are classes" train iris.yaml data.train.file=texts.csv loss=mse 'model.layers=[{units: out}]' --dry-run
refused 65 "not a number: 'k1'; --classes takes" data import texts.csv --x 1-4 --y 5 -o never.h5

sed '2,$s/^/1990-01-/; 1s/.*/day,b,c,d,kind/' iris.csv >days.csv
refused 65 "column 1 (day): not a number: '1990-01-1.5'; this column has no numbers (dates?): leave it out" train iris.yaml data.train.file=days.csv --dry-run

# ---- data import speaks of its own option
{ head -2 named.csv; echo 1,,3,4,1; } >hole.csv
refused 65 '; --keep-missing keeps it so' data import hole.csv --x 1-4 --y 5 -o never.h5
silent 'drop leaves'

# ---- whole numbers that are a quantity are no classes; labels that are texts are labels
config mse '{type: csv, train: {file: named.csv, x: [a, b], y: [kind]}}' >real.yaml
run 0 data info real.yaml && { grep -q 'targets    0 to 2' out || fail "a quantity: $(cat out)"; } && ! grep -q '^classes' out || fail "classes of a quantity: $(cat out)"
run 0 data info iris.yaml && grep -q '^classes' out || fail "no classes: $(cat out)"

# ---- what was understood: missing targets of the other splits, and soft targets by their largest share
{ head -1 named.csv; echo 1,2,3,4,; tail -n +3 named.csv; } >gap.csv
run 3 train real.yaml "data.test={file: gap.csv, x: [a, b], y: [kind]}" data.missing.y=mask --dry-run && told '0 of 12 training targets, which count nothing; 1 of other splits'
{ echo a,p,q; for i in 1 2 3 4 5 6; do echo "$i,0.75,0.25"; done; } >soft.csv
run 0 train iris.yaml 'data.train={file: soft.csv, x: [a], y: [p, q]}' --dry-run && told 'classes   2, by their largest share: p (6), q (0)'

# ---- the same columns elsewhere in another file of the same list: more files of train, and a test
awk -F, -v OFS=, '{print $3, $1, NR == 1 ? "id" : NR, $5, $2, $4}' named.csv >turned.csv
head -7 named.csv >part1.csv && { head -1 turned.csv; tail -n +8 turned.csv; } >part2.csv
for list in 'x: rest, y: [kind]' 'x: [a-d], y: [kind]' 'x: [1-4], y: [5]'; do
  run 3 train iris.yaml "data.train={file: 'part?.csv', $list}" -o parts -q --force && same named parts "$list of two files"
done
says "part2.csv: the columns are found by the names that part1.csv has: 'a' is column 2 here, not 1"
run 0 train iris.yaml 'data.train={file: named.csv, x: rest, y: [kind]}' 'data.test={file: turned.csv, x: rest, y: [kind]}' -o turned -q --force &&
  [ "$(grep -o '"test_loss":[^,]*' turned/metrics.jsonl | cut -d: -f2)" = "$(on 0 eval turned --split train --json | grep -o '"loss":[^,]*' | cut -d: -f2)" ] ||
  fail "a test whose columns stand elsewhere: $(tail -1 turned/metrics.jsonl)"

# Kaggle's test has no targets; text inputs count once where a file has no names.
cut -d, -f1-4 named.csv >asked.csv
refused 65 "no column 'kind'; there are 4: 'a', 'b', 'c', 'd'; without targets there is nothing to compare with" train iris.yaml \
  'data.train={file: named.csv, x: rest, y: [kind]}' 'data.test={file: asked.csv, x: rest, y: [kind]}' --dry-run
awk -F, -v OFS=, 'NR > 1 {$1 = NR % 3 ? "ash" : "oak"} 1' named.csv >spoken.csv
run 0 train iris.yaml 'data.train={file: spoken.csv, x: rest, y: [kind]}' data.text_inputs=one_hot -o spoken -q
tail -n +2 spoken.csv | cut -d, -f1-3 >few.csv
refused 65 'In the training data they were 4 of 5' predict spoken -i few.csv --no-header -o never.csv

# ---- what is given as a checkpoint and is none; a note below a table is no class
gzip -c named/final.h5 >packed.h5
refused 65 "'packed.h5' is no checkpoint but a file packed with gzip; gunzip <packed.h5 >NEW unpacks it" predict packed.h5 -i named.csv -o never.csv
gunzip <packed.h5 >NEW && run 0 predict NEW -i named.csv -o unpacked.csv
refused 65 "'iris.yaml' is no checkpoint but a text" eval iris.yaml
mkfifo pipe && refused 65 'nothing to draw' plot cost pipe -o - # and does not wait for one who writes
refused 65 'are these events of a run? its folder is asked for' compare named/final.h5
{ cat named.csv; echo '(12 rows)'; } >noted.csv
refused 65 'take it out (sed -i 14d noted.csv)' train iris.yaml data.train.file=noted.csv --dry-run && silent 'names of classes'
sed -i 14d noted.csv && run 0 train iris.yaml data.train.file=noted.csv --dry-run

# ---- a remedy names the file as a shell takes it, and unpacks it first
cp empty.csv "my data.csv"
refused 65 "take it out (sed -i 1d 'my data.csv')" data info 'my data.csv'
gzip -c empty.csv >empty.csv.gz
refused 65 'take it out (gunzip empty.csv.gz && sed -i 1d empty.csv)' data info empty.csv.gz

# ---- a run folder is exported as its final network
mkdir of && run 0 export named --to c -o of/net.c && run 0 export named/final.h5 --to c -o net.c && cmp of/net.c net.c || fail "export of a folder"

# ---- what one HDF5 dataset holds is called by it; derivatives have names in every table
run 0 data import named.csv --x 1-4 --y 5 -o both.h5 -q
config mse '{type: hdf5, train: {file: plain.h5, x: /in, y: /deep/flux}}' >plain.yaml
if python3 -c 'import h5py, numpy' 2>/dev/null; then
  python3 - <<'END'
import h5py, numpy as np
with h5py.File("plain.h5", "w") as f:
    f["in"] = np.arange(24.0).reshape(12, 2); f["deep/flux"] = np.arange(12.0) / 7
    f["word"] = np.array([b"ash", b"elm", b"oak"] * 4)
    f[b"d\xe9bit"] = np.arange(12.0)
    f["letters"] = np.array([list("ash "), list("elm "), list("oaks")] * 4, dtype="S1")
    of = lambda name, value, kind: f.create_dataset(name, data=value).attrs.create("MATLAB_class", np.bytes_(kind))
    of("m/char", np.zeros((3, 12), "u2"), "char"), of("m/cell", np.array([[f["in"].ref] * 12], h5py.ref_dtype), "cell")
    f.create_dataset("m/none", data=np.zeros(2, "u8")).attrs["MATLAB_empty"] = np.uint8(1)
    f["m/complex"] = np.zeros(12, [("real", "f8"), ("imag", "f8")])
    f["m/sparse/ir"], f["m/sparse/jc"] = np.zeros(3), np.zeros(3)
    f["o/type"], f["o/value"], f["range"] = np.bytes_("matrix"), np.zeros((2, 12)), np.zeros((), [("base", "f8"), ("limit", "f8")])
END
  run 3 train plain.yaml -o plain -q && run 0 predict plain/final.h5 -i plain.h5:/in -o h.csv && [ "$(head -1 h.csv)" = flux ] || fail "the dataset's name: $(head -1 h.csv)"
  run 0 predict plain/final.h5 -i plain.h5:/in --jacobian -o j.csv && [ "$(head -1 j.csv)" = 'd flux/d x1,d flux/d x2' ] || fail "slopes: $(head -1 j.csv)"
  run 0 data info plain.h5 && grep -q "labels     12 texts, 3 different: 'ash' 'elm' 'oak'" out || fail "text labels: $(cat out)"
  grep -q "different: 'ash' 'elm' 'oaks'" out || fail "letters: $(cat out)"
  [ "$(grep -ac 'its name is not UTF-8 text, so that no config can say it; h5copy' out)" = 1 ] || fail "a name in Latin-1: $(cat out)"
  refused 65 '/word holds no numbers but text values; texts are classes, as y' train plain.yaml data.train.y=/word -o never
  # what Matlab and Octave keep otherwise than as numbers
  never() { refused 65 "$1" train plain.yaml data.train.x="$2" -o never; }
  never '/m/char holds letters; number its texts in Matlab' /m/char
  never '/m/cell holds no numbers but reference values; a cell array of Matlab: number its texts' /m/cell
  never '/m/none holds no samples: an empty matrix' /m/none
  never 'write its real and imaginary parts' /m/complex
  never "/m/sparse is no dataset but a group, of 'ir', 'jc'; a sparse matrix of Matlab: save full(x)" /m/sparse
  never "/o is no dataset but a group, of 'type', 'value'; of Octave's variables take value, with transpose: true" /o
  never 'a range of Octave: save x(:)' /range
  config cross_entropy '{type: hdf5, train: {file: plain.h5, x: /in, y: /word}}' >word.yaml
  run 0 train word.yaml -o word -q && run 3 train word.yaml data.train.y=/letters -o letters -q && same word letters "letters along a dimension"
fi
if python3 -c 'import netCDF4' 2>/dev/null; then
  python3 -c '
import netCDF4, numpy as np
with netCDF4.Dataset("dim.nc", "w") as f:
    f.createDimension("time", 12); f.createDimension("k", 2)
    f.createVariable("x", "f8", ("time", "k"))[:] = np.arange(24.0).reshape(12, 2)'
  run 0 data info dim.nc && grep -q '/time is a dimension of NetCDF without values' out || fail "a dimension: $(cat out)"
fi
finish
