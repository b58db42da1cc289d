#!/bin/bash
# test_tables.sh - tables and arrays as other programs leave them: frames, headers of numbers, marks of what is missing, files of other
# separators or of Keras. Either it is said what is taken for what, or refused with what to do; and what is to be done is done here.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
says() { grep -qF -- "$1" err || fail "not said: $1: $(cat err)"; }
told() { grep -qF -- "$1" out || fail "not told: $1: $(cat out err)"; }
silent() { ! grep -qF -- "$1" err || fail "said: $1"; }

{ echo a,b,c,kind; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "$i.5,$((i * 7 % 5)),$((i * 3 % 7)).25,$((i % 3))"; done; } >t.csv
cat >net.yaml <<'END'
version: 1
data: {type: csv, train: {file: t.csv, x: rest, y: [kind]}}
model: {layers: [{units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.05}
train: {steps: 5, batch: 6, slices: 4}
checkpoint: {every: never}
END
run 0 train net.yaml -o t -q

# ---- frames: Markdown's, and what databases print
{ head -1 t.csv; echo ---,---,---,---; tail -n +2 t.csv; } | sed 's/,/ | /g; s/^/| /; s/$/ |/' >t.md
sed 's/^| --.*/+---+---+---+---+/' t.md | sed '1i +---+---+---+---+' >box.txt
sed -n '2,$p' box.txt | sed 's/^+/|/; s/+$/|/' >org.txt
for framed in t.md box.txt org.txt; do
  refused 65 "bars and dashes frame this table: take them out (sed -i '" train net.yaml "data.train.file=$framed"
  remedy=$(sed -n 's/.*take them out (\(sed -i .*\))$/\1/p' err)
  on 0 data info "$framed" >out 2>err
  says 'bars and dashes frame this table'
  eval "$remedy"
  run 3 train net.yaml "data.train.file=$framed" -o framed --force -q && same t framed "$framed without its frame"
done
tr , ^ <t.csv >caret.csv
run 0 data info caret.csv && says "if '^' separates: tr '^' ',' <caret.csv >NEW"

# ---- a header that numbers the columns from 0, as pandas writes an array, with the rows' numbers or without
sed 1s/.*/0,1,2,3/ t.csv >array.csv
awk -F, -v OFS=, '{ print NR == 1 ? "" : NR - 2, $0 }' array.csv >rows.csv
run 0 data info array.csv && told '12 samples of 4 columns, a header'
run 0 data info rows.csv && told '12 samples of 5 columns, a header'
sed 1d array.csv >bare.csv && run 0 data info bare.csv && told '12 samples of 4 columns, no header'
run 0 train net.yaml 'data.train={file: array.csv, x: rest, y: [4]}' -o array -q && same t array 'by number' && silent 'only numbers'
run 0 train net.yaml 'data.train={file: rows.csv, x: [0-2], y: [3]}' -o array --force -q && same t array 'by name'
run 0 train net.yaml 'data.train={file: array.csv, x: [1-2], y: [3]}' --dry-run && told 'inputs    2: 0, 1'
says "'1-2' counts columns, and the header calls them '0' to '1'; for those that it calls '1' to '2', list them one by one"
run 0 train net.yaml 'data.train={file: array.csv, x: [1, 2], y: [3]}' --dry-run && told 'inputs    2: 1, 2' && silent 'counts columns'

# ---- one text among numbers is no category; values that stand out
awk -F, -v OFS=, 'NR == 5 { $2 = "-" } 1' t.csv >mark.csv
run 0 train net.yaml data.train.file=mark.csv data.text_inputs=one_hot --dry-run
says "column 2 (b) has numbers and the text '-', and each of them becomes an input; if it means that the value is missing, data.missing: {text: ['-'], x: mean}"
run 0 train net.yaml data.train.file=mark.csv data.text_inputs=one_hot "data.missing={text: ['-'], x: mean}" --dry-run && told 'inputs    3: a, b, c' && silent 'has numbers'
awk -F, -v OFS=, 'NR > 1 { $2 = NR % 2 ? "x" : "y" } 1' t.csv >category.csv
run 0 train net.yaml data.train.file=category.csv data.text_inputs=one_hot --dry-run && silent 'has numbers'
awk -F, -v OFS=, 'NR == 5 { $2 = "-999.0" } NR == 7 || NR == 9 { $3 = 1e6 } 1' t.csv >far.csv
run 0 data info far.csv && told '1 TIMES -999, FAR FROM THE REST' && told '2 TIMES 1e+06, FAR' && told "data.missing: {text: ['-999.0', '1000000'], x: mean}"
run 0 train net.yaml data.train.file=far.csv "data.missing={text: ['-999.0', '1000000'], x: mean}" --dry-run && told '3 inputs become'
run 0 data info t.csv && ! grep -q FAR out || fail "nothing is far: $(cat out)"
awk -F, -v OFS=, 'NR == 5 { $1 = "inf" } 1' t.csv >inf.csv
refused 65 'if it means that the value is missing, data.missing: {text: [inf], x: drop} leaves' train net.yaml data.train.file=inf.csv --dry-run
run 0 train net.yaml data.train.file=inf.csv 'data.missing={text: [inf], x: drop}' --dry-run

# ---- single quotes around a separator; other separators in other files of one list
awk -F, -v OFS=, 'NR > 1 { $1 = NR == 4 ? "'"'ash, old'"'" : "elm" } 1' t.csv >single.csv
refused 65 "single.csv:4: 5 fields, but the header has 4; quotes are double ones: sed" train net.yaml data.train.file=single.csv data.text_inputs=one_hot
head -6 t.csv >part1.csv && { head -1 t.csv; tail -n +7 t.csv; } | tr , ';' >part2.csv
second='the lines agree where ";" separates, and "," does in the first file: pandas.read_csv("part2.csv", sep=";").to_csv("new.csv", sep=",", index=False)'
refused 65 "$second" train net.yaml 'data.train.file="part?.csv"' --dry-run
refused 65 "$second" train net.yaml data.train.file=part1.csv 'data.test={file: part2.csv, x: rest, y: [kind]}' --dry-run && silent 'without targets'

# ---- a text with brackets, unquoted; NumPy's arrays that lie the other way, and those that are no numbers
refused 78 'a text with brackets in it belongs in quotes' train net.yaml 'data.train={file: t.h5, x: /x[0], y: /y}'
npy() { # SHAPE TYPE BYTES
  printf '\x93NUMPY\x01\x00\x46\x00%-69s\n' "{'descr': '$2', 'fortran_order': False, 'shape': ($1), }"
  head -c "$3" /dev/zero
}
npy '2, 5' '|u1' 10 >x.npy && npy 5, '|u1' 5 >y.npy && npy '5, 2' '|u1' 10 >tall.npy && npy '1, 5' '|u1' 5 >flat.npy && npy 5, '<c16' 80 >complex.npy && npy 5, '<M8[D]' 40 >time.npy
refused 65 'y.npy: 5 rows for the 2 of x.npy; are samples the columns of the latter? save x.T.copy()' data import x.npy --y y.npy -o no.h5
refused 65 'flat.npy: 1 rows for the 5 of tall.npy; are samples its columns? save y.T.copy()' data import tall.npy --y flat.npy -o no.h5
refused 64 'in NumPy save x.T.copy()' data import x.npy --y y.npy --transpose -o no.h5
refused 65 'numpy.column_stack([x.real, x.imag])' data import complex.npy --y y.npy -o no.h5
refused 65 'x.astype("M8[s]").astype(float)' data import time.npy --y y.npy -o no.h5
refused 65 'x.npy: which file has the targets? --y Y.npy' data import x.npy -o no.h5

# ---- HDF5: the same column twice; numbers too large to count; what is no file of weights
if python3 -c 'import h5py, numpy' 2>/dev/null; then
  python3 - <<'END'
import h5py, numpy as np
with h5py.File("t.h5", "w") as f:
    f["x"], f["y"], f["large"] = np.arange(450.0).reshape(150, 3), np.arange(150) % 2, np.full((150, 2), 2**63, "u8")
    f["t/_i_t/sorted"] = np.arange(40)
class model:
    get_weights = lambda: [np.ones((3, 2)), np.zeros(2)]
with h5py.File("keras.h5", "w") as f:
    f["model_weights/dense/kernel:0"], f["model_weights/dense/bias:0"] = model.get_weights()
END
  h5() { run 0 train net.yaml data=none "data={type: hdf5, train: {file: t.h5, x: $1, y: $2}}" --dry-run; }
  h5 /x /y && silent twice
  h5 '[/x, "x[1:3]"]' /y && says 't.h5: column 1 of x is an input twice'
  h5 '["/x[0:2]", "/x[2]"]' /y && silent twice
  h5 '[/x, /y]' y && says 't.h5: column 0 of y is an input and a target: the network only has to copy it'
  h5 /large /y && ! grep -q '^counting' out || fail "large numbers count: $(cat out)"
  run 0 data info t.h5 && ! grep -q _i_ out || fail "PyTables' own: $(cat out)"
  refused 65 "'keras.h5': no weights are in it as /model/0000/W" train net.yaml 'model.init={type: file, file: keras.h5}'
  grep -o 'with h5py.*' err | sed '1i import h5py, numpy as np\nclass model: get_weights = lambda: [np.ones((3, 2)), np.zeros(2)]' >paste.py
  sed -i 's/ones((3, 2)), np.zeros(2)/ones((3, 3)), np.zeros(3)/' paste.py
  python3 paste.py && run 0 train net.yaml 'model.init={type: file, file: init.h5}' -o keras -q || fail "what is to be pasted: $(cat paste.py err)"
fi
finish
