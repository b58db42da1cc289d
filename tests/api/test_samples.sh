#!/bin/bash
# What a program knows of its samples, by liblockstep: weights, classes' weights, what is missing, scaling by column and names give the weights
# of the command line, which reads the same from a file; what contradicts itself is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
metrics= samples=$BUILD/tests/api_samples
awk 'BEGIN { srand(5); for (i = 0; i < 70; i++) { a = int(rand() * 4096) / 1024 + 0.25; b = int(rand() * 4096) / 64 + 1; c = int(rand() * 4096) / 1024
    printf "%.12f,%.12f,%.12f,%.12f,%.12f,%d,%g\n", a, b, c, 20 * a - b, b * c + 1, (a > 2) + (c > 2), i % 5 ? 1 + i % 3 : 0.5 } }' >all.csv
pack() { perl -ne 'print pack("d<*", map { $_ eq "" || $_ eq "nan" ? "nan" : $_ } split /,/, s/\n//r, -1)'; }

# The same program in other languages, where there are their compilers: samples.f90, samples.py.
others=
if command -v gfortran >/dev/null && command -v mpifort >/dev/null; then
  mpifort -O1 -Wall -o samples.fortran "$SOURCE/src/api/lockstep.f90" "$SOURCE/tests/api/samples.f90" -L"$BUILD" -llockstep -Wl,-rpath,"$BUILD" 2>err || die "samples.f90: $(head -n 20 err)"
  others="./samples.fortran"
else
  echo "Fortran not run: there is no gfortran, or no mpifort"
fi
export PYTHONPATH=$SOURCE/src/api LOCKSTEP_LIBRARY=$BUILD/liblockstep.so.0 PYTHONDONTWRITEBYTECODE=1
for python in python3 /usr/bin/python3; do
  "$python" -c 'import numpy, mpi4py' 2>/dev/null || continue
  printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$python" "$SOURCE/tests/api/samples.py" >samples.python
  chmod +x samples.python
done
if [ -e samples.python ]; then others="$others ./samples.python"; else echo "Python not run: no python3 here has numpy and mpi4py"; fi

# pair NAME FILE-DATA MEMORY-DATA LOSS LAST-LAYER CSV-COLUMNS [KEY: VALUE of train]
pair() {
  local kind data
  cut -d, -f"$6" all.csv | { [ "${edit:-}" ] && awk -F, -v OFS=, "$edit" || cat; } >$1.rows
  { echo "$header"; cat $1.rows; } >$1.csv
  pack <$1.rows >$1.bin
  for kind in files given; do
    data=$2; [ $kind = files ] || data=$3
    cat >$1.$kind.yaml <<Y
version: 1
data: {$data}
model: {layers: [{units: 11, activation: tanh}, {units: $5}]}
loss: $4
optimizer: {type: adam, lr: 0.01}
train: {epochs: 1, batch: 16, slices: 5${7:+, $7}}
eval: {every: never${metrics:+, metrics: [$metrics]}}
Y
  done
  run 0 train $1.files.yaml -o $1 -q
}
# judged NAME: the metrics that were said are those of eval, digit for digit
judged() {
  local name value
  run 0 eval $1/final.h5 --split train --metrics "${metrics// /}" --json
  for name in loss ${metrics//,/ }; do
    value=$(grep -oE "\"$name\":[^,}]*" out | head -n 1 | cut -d: -f2)
    awk -v name="$name" -v value="$value" '$1 == "metric" && $2 == name && $3 + 0 == value + 0 { same = 1 } END { exit !same }' said || fail "$1: $name is $value, and said: $(cat said)"
  done
}
# same NAME INPUTS TARGETS [WHAT=NUMBERS]...: on any ranks the weights of the file, and the same checkpoint
same() {
  local name=$1 ranks program; shift
  set -- "$@" ${metrics:+"metrics=loss,${metrics// /}"}
  for ranks in 1 2 3; do
    "$MPIRUN" -n $ranks "$samples" $name.given.yaml $name.bin "$1" "$2" $name$ranks.h5 "${@:3}" >said 2>spoke || fail "$name, $ranks ranks: exit $?: $(cat said spoke)"
    grep -q "^$(hash_of $name/final.h5) " said || fail "$name, $ranks ranks: $(cat said spoke), not $(hash_of $name/final.h5)"
    [ $ranks = 1 ] || cmp $name$ranks.h5 ${name}1.h5 || fail "$name: other checkpoints on $ranks ranks"
    [ -z "$metrics" ] || judged $name
  done
  for program in $others; do
    "$MPIRUN" -n 2 $program $name.given.yaml $name.bin "$1" "$2" $name.${program##*.}.h5 "${@:3}" >said 2>spoke || fail "$name, $program: exit $?: $(cat said spoke)"
    cmp $name.${program##*.}.h5 ${name}1.h5 || fail "$name: $program makes another checkpoint: $(cat said spoke)"
    [ -z "$metrics" ] || judged $name
  done
}
csv() { echo "type: csv, order: sequential, train: {file: $1.csv, x: [1-3], y: [$2]}"; }

header=a,b,c,y,z,w metrics="mae, rmse, r2, explained_variance, max_error, per_target"
pair weights "$(csv weights 4-5), weights: w" "type: memory, inputs: 3, targets: 2, samples: 70" mse out 1-5,7
metrics=${metrics%, *} # a list has no way to a program
same weights 3 2
metrics=
pair plain "$(csv plain 4-5)" "type: memory, inputs: 3, targets: 2, samples: 70" mse out 1-5,7
[ "$(hash_of plain/final.h5)" != "$(hash_of weights/final.h5)" ] || fail "weights make no difference"

# Classes: counted, by number, by name; with the samples' own weights.
header=a,b,c,y,w
text='{ $4 = substr("coldwarmhot ", 1 + 4 * $4, 4); sub(/ /, "", $4) } 1'
classes="type: memory, inputs: 3, classes: 3, samples: 70"
counts=$(cut -d, -f6 all.csv | sort -n | uniq -c | awk '{ printf "%s%d", (NR > 1 ? "," : ""), $1 }')
metrics="accuracy, balanced_accuracy, f1, f1_micro, auc, average_precision, brier"
pair balanced "$(csv balanced 4), weights: w" "$classes" cross_entropy "3, activation: softmax" 1-3,6,7 "class_weights: balanced"
same balanced 3 1 "class_counts=$counts"
metrics=
pair weighed "$(csv weighed 4), weights: w" "$classes, class_names: [cold, warm, hot]" cross_entropy "3, activation: softmax" 1-3,6,7 "class_weights: {2: 3.5}"
sed -i 's/{2: 3.5}/{hot: 3.5}/' weighed.given.yaml
same weighed 3 1
"$LOCKSTEP" export weighed1.h5 --to c -o names.c >log && grep -q '"cold", "warm", "hot"' names.[ch] || fail "the classes' names"

# A share of each class.
header=a,b,c,cold,warm,hot,w
edit='{ $4 = 0.25 * ($1 > 2); $5 = 0.5 * ($3 > 2); $6 = 1 - $4 - $5 } 1'
soft="type: memory, inputs: 3, targets: 3, classes: 3, samples: 70, class_names: [cold, warm, hot]"
pair soft "$(csv soft 4-6), weights: w" "$soft" cross_entropy "3, activation: softmax" 1-7 "class_weights: {0: 2, 1: 1, 2: 3.5}"
same soft 3 3
"$LOCKSTEP" export soft1.h5 --to c -o soft.c >log && grep -q '"cold", "warm", "hot"' soft.[ch] || fail "the shares' names"
edit=

# Missing inputs and targets.
header=a,b,c,y,z,w
edit='NR % 4 == 0 { $2 = "nan" } NR % 6 == 0 { $4 = "nan" } 1'
mean=$(cut -d, -f2 all.csv | awk 'NR % 4 { s += $1; n++ } END { printf "%.17g", s / n }')
masked="type: memory, inputs: 3, targets: 2, samples: 70, missing: {y: mask, x"
pair filled "$(csv filled 4-5), weights: w, missing: {y: mask, x: 1.5}" "$masked: 1.5}" mse out 1-5,7
same filled 3 2
header=a,b,c,y,z
pair means "$(csv means 4-5), missing: {y: mask, x: mean}" "$masked: mean}" mse out 1-5
awk -F, -v OFS=, '{ print $0, 1 }' means.rows | pack >means.bin
same means 3 2 "x_mean=0,$mean,0"
edit=

# Counts, of the loss poisson; one that is less than 0 is none.
header=a,b,c,y
pair counts "$(csv counts 4)" "type: memory, inputs: 3, targets: 1, samples: 70" poisson "out, activation: exp" 1-3,6
awk -F, -v OFS=, '{ print $0, 1 }' counts.rows | pack >counts.bin
"$MPIRUN" -n 2 "$samples" counts.given.yaml counts.bin 3 1 counts2.h5 >said 2>spoke
grep -q "^$(hash_of counts/final.h5) " said || fail "poisson: $(cat said spoke)"

# Scaled column by column, by the file's statistics; what is not measured takes no number.
scale="scale: {type: standard, columns: {a: none, b: {type: log, then: standard}, c: {type: divide, by: 3}, z: log}}"
names='input_names: [a, "b [Pa]", c], target_names: [y, z]'
header=a,b,c,y,z,w
pair columns "$(csv columns 4-5), weights: w, $scale" "type: memory, inputs: 3, targets: 2, samples: 70, $names, ${scale/b:/\"b [Pa]\":}" mse out 1-5,7
statistics=$("$LOCKSTEP" export columns/final.h5 --to npz -o columns.npz >log && /usr/bin/python3 -c '
import numpy
net = numpy.load("columns.npz")
print(*(f"{k}=" + ",".join(repr(float(v)) for v in net[k]) for k in ("x_shift", "x_divisor", "y_shift", "y_divisor")))' 2>/dev/null)
if [ "$statistics" ]; then
  same columns 3 2 $statistics
  "$MPIRUN" -n 2 "$samples" columns.given.yaml columns.bin 3 2 on.h5 resume=columns1.h5 >said 2>spoke || fail "$(cat said spoke)"
  grep -q '^xxh3' said || fail "the checkpoint's statistics: $(cat said)"
  run 0 inspect columns1.h5
  "$LOCKSTEP" export columns1.h5 --to c -o units.c >log && grep -q '"Pa"' units.[ch] || fail "the unit"
else
  echo "NumPy is not installed: scaling by column was not compared"
fi

# What cannot be.
refuses() { # refuses CODE WORDS NAME INPUTS TARGETS [WHAT]...
  local program
  for program in "$samples" ${everywhere:+$others}; do
    "$MPIRUN" -n 2 $program $3.given.yaml $3.bin "$4" "$5" no.h5 "${@:6}" >said 2>spoke
    grep -q "^$1 .*$2" said || fail "$program: $*: $(cat said spoke)"
  done
}
refuses 78 "has not said how many samples each class has (class_counts)" balanced 3 1
everywhere=1 refuses 64 "auc: the config's eval.metrics does not name it" plain 3 2 metrics=auc
everywhere=1 refuses 64 "class 1 has -3 samples" balanced 3 1 class_counts=1,-3,2
refuses 64 "class_counts, and there are no classes" plain 3 2 class_counts=1,2
refuses 78 "has not said what the means are (x_mean)" means 3 2
refuses 64 "x_mean goes with data.missing.x: mean" plain 3 2 x_mean=1,2,3
refuses 64 "x_shift and x_divisor go with data.scale" plain 3 2 x_shift=0,0,0 x_divisor=1,1,1
everywhere=1 refuses 64 "y_shift and y_divisor go together" columns 3 2 x_shift=0,0,0 x_divisor=1,1,1 y_shift=0,0
refuses 64 "divisors more than 0" columns 3 2 x_shift=0,0,0 x_divisor=1,0,1 y_shift=0,0 y_divisor=1,1
refuses 78 "has given none (x_shift, x_divisor)" columns 3 2
awk -F, -v OFS=, 'NR == 1 { $2 = -$2 } 1' columns.rows | pack >columns.bin
refuses 65 "sample 0, input 1: only numbers > 0 have a logarithm" columns 3 2 $(tr ' ' '\n' <<<"${statistics:-x_shift=0,0,0 x_divisor=1,1,1 y_shift=0,0 y_divisor=1,1}")
awk -F, -v OFS=, 'NR == 3 { $6 = -1 } 1' weights.rows | pack >weights.bin
everywhere=1 refuses 65 "sample 2, weight: not a weight" weights 3 2
awk -F, -v OFS=, 'NR == 6 { $4 = -1 } { print $0, 1 }' counts.rows | pack >counts.bin
refuses 65 "sample 5, target 0: " counts 3 1
awk -F, -v OFS=, 'NR == 4 { $5 = 0.75 } 1' soft.rows | pack >soft.bin
refuses 65 "sample 3, target [0-2]: " soft 3 3
for wrong in "classes: 3|2 targets, and 3 classes" "input_names: [a, b]|2 names for 3" "missing: {x: drop}|drop: nobody has a sample in its place" "class_names: [a, b]|2 names for 0" "scale: {columns: {q: log}}|no column 'q'"; do
  sed "s/samples: 70/&, ${wrong%%|*}/" plain.given.yaml >wrong.given.yaml; cp plain.bin wrong.bin
  refuses '\(78\|65\)' "${wrong##*|}" wrong 3 2
done
finish
