#!/bin/bash
# test_scaling.sh - data.scale.columns and the logarithm: columns scaled each in its own way by name, number, range and dataset; predictions
# and errors in the user's units; the same bits from CSV and HDF5, in memory and streamed, on any ranks; derivatives; what is refused.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
awk -v seed="$SEED" 'BEGIN { srand(seed); print "p [Pa],b,c,y [J],z,class"
  for (i = 0; i < 90; i++) { p = exp(2 + 10 * rand()); b = rand() * 4 - 2; c = int(256 * rand())
    printf "%.9g,%.6f,%d,%.9g,%.6f,%d\n", p, b, c, sqrt(p) * exp(0.3 * b), b + c / 100, (b > 0) } }' >t.csv

# config SOURCE Y SCALE PRECISION MORE
config() {
  cat <<C
version: 1
seed: 3
data: {$1, scale: $3}
model: {layers: [{units: 12, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 16, slices: 3, precision: $4}
eval: {metrics: [mae, rmse, r2$5]}
output: {log: [jsonl]}
C
}
csv() { echo "type: csv, train: {file: t.csv, x: [1-3], y: [$1]}, test: {file: t.csv, x: [1-3], y: [$1]}"; }
same() { # RUN RUN
  [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$1 and $2: other weights"
  [ "$(numbers_of "$1")" = "$(numbers_of "$2")" ] || fail "$1 and $2: other numbers"
}

# ---- named, and not scaled: as without a word ----
config "$(csv z)" "" none float32 "" >plain.yaml
config "$(csv z)" "" "{type: none, columns: {1-2: none}}" float32 "" >none.yaml
run 0 train plain.yaml -o plain
run 0 train none.yaml -o none
same plain none

# ---- each column in its own way, by name, number and range ----
columns='{"p [Pa]": {type: log, then: standard}, 3: {type: divide, by: 255}, "y [J]-z": minmax, "y [J]": {type: log, then: none}}'
config "$(csv '"y [J]", z')" "" "{type: standard, columns: $columns}" float32 ", per_target" >t.yaml
run 0 train t.yaml -o one
grep -qF "scaling   but p [Pa] log, then standard, 3 divided by 255, and 2 more" err || fail "what was understood: $(grep scaling err)"
run 3 train t.yaml -o three
same one three
run 0 inspect one/final.h5 --json
sed 's/.*"scaling":\[//; s/\],"data".*//; s/},{/}\n{/g' out | tr -d '{}"' >scaling
awk -F, 'NR > 1 { l += log($1); m += log($1)^2; b += $2; a += $2^2; if (NR == 2 || $5 < lo) lo = $5; if (NR == 2 || $5 > hi) hi = $5; n++ }
  END { print l / n, sqrt(m / n - (l / n)^2), b / n, sqrt(a / n - (b / n)^2), 0, 255, 0, 1, lo, hi - lo }' OFMT=%.9g t.csv | tr ' ' '\n' >want
tr ',' '\n' <scaling | sed -n 's/^\(shift\|divisor\)://p' | paste - want >both
awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-6) exit 1 }' both || fail "other shifts and divisors than awk's: $(cat both)"
[ "$(grep -c log:true scaling)" -eq 2 ] || fail "logarithms: $(cat scaling)"
run 0 inspect one/final.h5
grep -qF 'p [Pa]: (log x - ' out || fail "inspect does not say log: $(cat out)"
# neighbours that are scaled alike are one line
config "$(csv '"y [J]", z')" "" "{type: divide, by: 255, columns: {3: {type: divide, by: 10}}}" float32 "" >alike.yaml
run 0 train alike.yaml -o alike
run 0 inspect alike/final.h5
[ "$(grep '^  scaled ' out)" = "  scaled           p [Pa] to b: (x - 0) / 255
  scaled           c: (x - 0) / 10" ] || fail "columns that are scaled alike: $(cat out)"

# ---- what predict gives is in the targets' own units, and the errors are those of it ----
run 0 predict one/final.h5 -i t.csv -o out.csv
# errors FILE COLUMN: mae, rmse and r2 of a column of predictions against t.csv's
errors() {
  paste -d, t.csv "$1" | awk -F, -v k="$2" 'NR > 1 { t = $(3 + k); e = $(6 + k) - t; a += e < 0 ? -e : e; s += e * e; sum += t; square += t * t; n++ }
    END { printf "%.9g %.9g %.9g\n", a / n, sqrt(s / n), 1 - s / (square - sum * sum / n) }'
}
near() { # WHAT "NUMBERS" "NUMBERS"
  echo "$2 $3" | awk '{ for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2); if (d < 0) d = -d; if (!(d <= 1e-5 * ($i < 0 ? 1 - $i : 1 + $i))) exit 1 } }' || fail "$1: $2, not $3"
}
run 0 eval one/final.h5 --json
numbers() { sed -n 's/.*"mae":\([^,}]*\),"rmse":\([^,}]*\),"r2":\([^,}]*\).*/\1 \2 \3/p'; }
sed 's/.*"targets":\[//; s/},{/}\n{/g' out >targets
near "y in J" "$(sed -n 1p targets | numbers)" "$(errors out.csv 1)"
near "z" "$(sed -n 2p targets | numbers)" "$(errors out.csv 2)"
awk -F, '{ print $4 "," $3 "," $1 "," $2 }' t.csv >turned.csv
run 0 predict one/final.h5 -i turned.csv -o turned.out.csv
cmp -s out.csv turned.out.csv || fail "columns in another order: other predictions"

# ---- one target: a logarithm by data.scale.type, class numbers stay; double, and derivatives ----
config "$(csv '"y [J]"')" "" "{type: log, columns: {b-c: standard}}" float64 "" >log.yaml
run 0 train log.yaml -o log
grep '"event":"epoch"' log/metrics.jsonl | grep -q '"mae":[0-9]' && fail "running means of a logarithm called mae"
run 0 eval log/final.h5 --json
run 0 predict log/final.h5 -i t.csv -o log.csv
run 0 eval log/final.h5 --json
near "the only target, in J" "$(numbers <out)" "$(errors log.csv 1)"
run 0 predict log/final.h5 -i t.csv -o slopes.csv --jacobian
awk -F, 'NR == 1 { print $1 "," $2 "," $3; next } { for (i = 1; i <= 3; i++) for (s = 1; s >= -1; s -= 2) { h = (i == 1 ? $1 : 1) * 1e-5
  printf "%.17g,%.17g,%.17g\n", $1 + (i == 1 ? s * h : 0), $2 + (i == 2 ? s * h : 0), $3 + (i == 3 ? s * h : 0) } }' t.csv >around.csv
run 0 predict log/final.h5 -i around.csv -o around.out.csv
tail -n +2 around.out.csv | paste -d, - - - - - - | paste -d, <(tail -n +2 slopes.csv) - <(tail -n +2 t.csv) |
  awk -F, '{ for (i = 1; i <= 3; i++) { h = (i == 1 ? $10 : 1) * 1e-5; want = ($(2 + 2 * i) - $(3 + 2 * i)) / (2 * h); d = $i - want; if (d < 0) d = -d
    if (d > 1e-5 * ($4 < 0 ? -$4 : $4) / (i == 1 ? $10 : 1)) { print "row " NR ", input " i ": " $i ", not " want; exit 1 } } }' >out || fail "derivatives: $(cat out)"
config "$(csv class)" "" minmax float32 "" | sed 's/loss: mse/loss: cross_entropy/; s/out}/out, activation: softmax}/; /^eval/d' >class.yaml
refused 78 "'class' is a target, and neither class numbers" train class.yaml data.scale.columns.class=log

# ---- HDF5: datasets and columns of them, streamed ----
run 0 data import t.csv --x 1-3 --y 'y [J],z' -o t.h5
h5() { echo "type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}, test: {file: t.h5, x: /train/x, y: /train/y}"; }
config "$(h5)" "" "{type: standard, columns: $columns}" float32 ", per_target" >h5.yaml
run 0 train h5.yaml -o h5
run 3 train h5.yaml -o streamed data.load=stream data.budget=1
same one h5
same one streamed
sed 's|columns: {.*}}}|columns: {"/train/x[2]": {type: divide, by: 255}, "/train/x[0]": {type: log, then: standard}, /train/y: minmax, 4: log}}}|' h5.yaml >named.yaml
run 0 train named.yaml -o named
same one named

# ---- what is refused, and what to write ----
refused 65 "t.csv: no column 'clas'; did you mean 'class'?" train t.yaml 'data.scale.columns={clas: log}'
refused 78 "'class' is neither an input nor a target" train t.yaml 'data.scale.columns={class: log}'
refused 78 "key 'then' does not go with type standard, but with log" train t.yaml 'data.scale.columns={z: {type: standard, then: none}}'
refused 78 "did you mean 'log'" train t.yaml 'data.scale.columns={z: lgo}'
fix="only numbers > 0 have a logarithm; give this column another type in data.scale.columns, such as standard"
awk -F, 'NR == 18 { sub(/^[^,]*/, "0") } NR == 40 { $4 = -2 } { print }' OFS=, t.csv >zero.csv
refused 65 "zero.csv:18: column 1" train t.yaml data.train.file=zero.csv
grep -qF "$fix (it is 0)" err || fail "no fix: $(cat err)"
refused 65 "zero.csv:40: column 4" train t.yaml data.train.file=zero.csv 'data.scale.columns={"p [Pa]": none, 4: log}'
refused 65 "zero.csv:18: column 1" predict one/final.h5 -i zero.csv -o new.csv
run 0 data import zero.csv --x 1-3 --y 'y [J],z' -o zero.h5
for load in memory stream; do
  refused 65 "zero.h5: /train/x: row 16, value 0: data.scale: $fix" train h5.yaml data.train.file=zero.h5 data.load=$load
done
run 0 train one/config.yaml -o one --resume train.epochs=4
finish
