#!/bin/bash
# lockstep predict -o: HDF5, CSV or .npy by the file's name, CSV on stdout; the same numbers in each, on any number of ranks.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cp "$SOURCE"/tests/cases/predict-output/* .
on 0 train net.yaml -o run -q >out 2>&1 || fail "train: $(cat out)"
predict() { on "$1" predict run/final.h5 -i t.csv -o "$2" "${@:3}" 2>err || fail "predict -o $2: exit $?: $(cat err)"; }
refused() { # CODE TEXT ARGUMENTS...
  local code=$1 text=$2 got; shift 2
  on 0 predict run/final.h5 -i t.csv "$@" >out 2>err; got=$?
  [ $got -eq "$code" ] && grep -qF -- "$text" err || fail "$*: exit $got: $(cat err)"
}

# Classes: a column each, by their names.
predict 0 p.csv >out
[ "$(cat out)" = "p.csv: 120 rows of 2 columns" ] || fail "said: $(cat out)"
[ "$(head -1 p.csv)" = 0,1 ] && [ "$(wc -l <p.csv)" -eq 121 ] || fail "p.csv: $(head -2 p.csv)"
predict 0 - >out; cmp -s out p.csv || fail "- is not p.csv: $(head -3 out)"
predict 3 - >out; cmp -s out p.csv || fail "on 3 ranks: $(head -3 out)"
predict 0 p.npy --json >out
[ "$(cat out)" = '{"file":"p.npy","samples":120,"outputs":2}' ] || fail "json: $(cat out)"
predict 0 p.h5 >out
grep -q '^p.h5: /predictions (120, 2), /classes$' out || fail "said: $(cat out)"
header=$(head -c 128 p.npy | tail -c +11 | sed 's/ *$//')
[ "$header" = "{'descr': '<f4', 'fortran_order': False, 'shape': (120, 2), }" ] || fail "p.npy: $header"
tail -c +129 p.npy >npy.raw
h5dump -d /predictions -b LE -o h5.raw p.h5 >/dev/null && cmp h5.raw npy.raw || fail "p.npy has other numbers than p.h5"
od -An -v -tf4 -w8 npy.raw | awk '{ print $1, $2 }' >a
tail -n +2 p.csv | tr ',' ' ' | paste -d ' ' - a | awk '($1 - $3)^2 + ($2 - $4)^2 > 1e-13 { bad = 1 } END { exit bad }' || fail "p.csv has other numbers"

# Targets by their names, with units and what CSV asks to be quoted; doubles in all their digits.
printf 'x,"flux, total [W]",b\n' >r.csv
awk 'BEGIN { for (i = 0; i < 20; i++) printf "%.17g,%.17g,%.17g\n", i / 19, i / 3, 1 - i / 7 }' >>r.csv
cat >r.yaml <<'Y'
version: 1
data: {type: csv, train: {file: r.csv, x: [1], y: [2, 3]}}
model: {layers: [{units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.1}
train: {epochs: 2, batch: 20, precision: float64}
checkpoint: {every: never}
Y
on 0 train r.yaml -o r -q >out 2>&1 || fail "train r: $(cat out)"
on 0 predict r/final.h5 -i r.csv -o r1.csv >out && on 3 predict r/final.h5 -i r.csv -o r3.csv >out || fail "predict r"
[ "$(head -1 r1.csv)" = '"flux, total [W]",b' ] || fail "names of targets: $(head -1 r1.csv)"
cmp r1.csv r3.csv || fail "another CSV on 3 ranks"
on 0 predict r/final.h5 -i r.csv -o r.npy >out && tail -c +129 r.npy | od -An -v -tf8 -w16 | awk '{ print $1 "," $2 }' >a
tail -n +2 r1.csv | paste -d, - a | awk -F, '$1 != $3 || $2 != $4 { bad = 1 } END { exit bad }' || fail "r1.csv has other numbers than r.npy"

refused 64 "ends in .h5, .csv or .npy" -o p.txt
refused 64 "both want stdout" -o - --json
refused 64 "both want stdout" -o /dev/stdout --json
# Endings in capitals; /dev/stdout; a link stays one, and what it leads to is replaced; a pipe takes what comes, and stays one.
predict 0 P.CSV >out; cmp P.CSV p.csv || fail "P.CSV is not p.csv"
predict 0 P.H5 >out; cmp P.H5 p.h5 || fail "P.H5 is not p.h5"
predict 0 /dev/stdout >out; cmp out p.csv || fail "/dev/stdout is not p.csv"
for kind in csv h5; do
  echo old >to.$kind && ln -s to.$kind link.$kind
  refused 74 "link.$kind exists; --force replaces it" -o link.$kind
  predict 0 link.$kind --force >out
  [ -L link.$kind ] && cmp to.$kind p.$kind || fail "what a link leads to: $(ls -l link.$kind to.$kind)"
  ln -s nowhere lost.$kind
  refused 74 "lost.$kind is a link to a file that is not there" -o lost.$kind --force
  mkdir folder.$kind
  refused 74 "folder.$kind is no regular file" -o folder.$kind --force
done
mkfifo pipe pipe.npy pipe.h5
for pipe in pipe pipe.npy; do
  cat $pipe >came & predict 3 $pipe >out; wait $!
  [ -p $pipe ] && cmp came "p.$([ $pipe = pipe ] && echo csv || echo npy)" || fail "by a pipe: $(ls -l $pipe came)"
done
refused 64 "HDF5 is not written into a pipe or device" -o pipe.h5 --force
predict 0 >(cat >came) >out; sleep 0.1; cmp came p.csv || fail "by bash's pipe"
refused 74 "p.csv exists; --force replaces it" -o p.csv
refused 74 "cannot make it" -o nowhere/p.csv
run 3 eval run --split train
cp out folder
run 0 eval run/final.h5 --split train
cmp out folder || fail "eval of a run folder is not that of its final.h5"
ls ./*.partial >/dev/null 2>&1 && fail "something was left: $(ls ./*.partial)"
predict 0 p.csv --force >out
finish
