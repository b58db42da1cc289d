#!/bin/bash
# test_separators.sh - CSV as UCI, Excel and others write it (tests/cases/separators): the same network as from the
# same table with commas, on any ranks, from memory and as a stream; the checkpoint knows how the file was written.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/separators/* . || die "no cases"

# config FILE X Y REST
config() {
  cat <<END
version: 1
data: {type: csv, train: {file: $1, x: $2, y: $3}, scale: standard, $4}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.05}
train: {steps: 12, batch: 8, slices: 4}
checkpoint: {every: never}
END
}

# same NAME FILE X Y REST <FILE WITH COMMAS: both trained, to the same weights
same() {
  local name=$1 file=$2 rest=${5:-}
  cat >"$name-plain.csv"
  config "$name-plain.csv" "$3" "$4" "" >plain.yaml
  config "$file" "$3" "$4" "$rest" >"$name.yaml"
  sed -i "s/file: \([^,]*\), x/file: \1, header: ${HEADER:-true}, x/" plain.yaml "$name.yaml"
  run 0 train plain.yaml -o "plain-$name"
  run "${RANKS:-0}" train "$name.yaml" -o "run-$name"
  [ "$(hash_of "plain-$name/final.h5")" = "$(hash_of "run-$name/final.h5")" ] || fail "$name: other weights"
}

resolved() { grep -q "^ *$2\$" "run-$1/config.yaml" || fail "$1: no $2 in the resolved config: $(cat "run-$1/config.yaml")"; }

same wine wine.csv "[1-11]" "[quality]" < <(tr ';' ',' <wine.csv)
resolved wine 'separator: ";"'
same tab airfoil-tab.dat "[X0, 3-5]" "[TARGET]" < <(tr '\t' ',' <airfoil-tab.dat)
resolved tab 'separator: tab'
HEADER=false same blanks housing-blanks.data "[1-13]" "[14]" < <(sed -E 's/^ +//; s/ +/,/g' housing-blanks.data)
resolved blanks 'separator: blanks'
same cr exercise-cr.csv "[id, diet]" "[pulse]" < <(tr '\r' '\n' <exercise-cr.csv)
RANKS=3 same air air-decimal-comma.csv '["PT08.S1(CO)", T, RH]' "[AH]" 'decimal: ","' \
  < <(tr ',;' '.,' <air-decimal-comma.csv)
resolved air 'decimal: ","'

# A stream has the same bits; data import reads as the config says.
run 0 data import air.yaml -o air.h5
cat >stream.yaml <<'END'
version: 1
data: {type: hdf5, train: {file: air.h5, x: /train/x, y: /train/y}, scale: standard, load: stream}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.05}
train: {steps: 12, batch: 8, slices: 4}
checkpoint: {every: never}
END
run 3 train stream.yaml -o run-stream
[ "$(hash_of run-stream/final.h5)" = "$(hash_of run-air/final.h5)" ] || fail "stream: other weights"

# New data: written in the same way, or in another.
loss_of() { run 0 eval "$1" --data "$2" --json; sed -n 's/.*"loss":\([^,}]*\).*/\1/p' out; }
[ -n "$(loss_of run-wine/final.h5 wine.csv)" ] || fail "no loss: $(cat out)"
[ "$(loss_of run-wine/final.h5 wine.csv)" = "$(loss_of run-wine/final.h5 wine-plain.csv)" ] || fail "eval --data"
[ "$(loss_of run-wine/final.h5 wine.csv)" = "$(loss_of plain-wine/final.h5 wine.csv)" ] || fail "eval --data of the other"
run 0 predict run-air/final.h5 -i air-decimal-comma.csv -o air-out.h5
run 0 predict plain-wine/final.h5 -i wine.csv -o wine-out.h5

# What data info takes them for.
info() { run 0 data info "$1" && grep -qF "$2" out || fail "data info $1: no $2 in $(head -3 out)"; }
info wine.csv 'separator: ";", decimal: ".", lines end with LF'
info exercise-cr.csv 'separator: ",", decimal: ".", lines end with CR'
info air-decimal-comma.csv 'separator: ";", decimal: ",", lines end with CRLF'
info housing-blanks.data 'separator: "blanks"'
info air.yaml 'air.yaml: csv, separator ";", decimal ","'

# Contradictions are the config's.
on 0 train wine.yaml data.separator=, data.decimal=, -o none >out 2>err
[ $? -eq 78 ] && grep -q "a comma is the separator already" err || fail "decimal and separator: $(cat err)"
finish
