#!/bin/bash
# bench/apply.sh [small] [middle] [image]: time of a network's outputs (of all three, or those named) for one row and for many at once, on one thread: the library,
# the exported C, and onnxruntime-web where node has it.
# The best of ROUNDS (default 3) rounds of ten short tries each, the three in turn. LOCKSTEP and LIBRARY name the program and the folder of liblockstep (default: build).
set -eu
only=${*:-small middle image}
for name in $only; do
  [[ " small middle image " = *" $name "* ]] || { echo "apply: no network '$name'; there are small, middle and image" >&2; exit 64; }
done
here=$(cd "$(dirname "$0")" && pwd)
LOCKSTEP=${LOCKSTEP:-$here/../build/lockstep} LIBRARY=${LIBRARY:-$here/../build} CC=${CC:-cc}
NODE_PATH=$(npm root -g 2>/dev/null || true); export NODE_PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rows="1 16 256 4096"
web=
if node -e 'require.resolve("onnxruntime-web")' 2>/dev/null; then web=1; else echo "apply: there is no node with onnxruntime-web (scripts/setup --tests installs it)" >&2; fi
best() { awk '{ for (i = 3; i <= NF; i++) if (!(($2, i) in least) || $i < least[$2, i]) least[$2, i] = $i; rows[$2] = NF } END { for (r in rows) { line = r; for (i = 3; i <= rows[r]; i++) line = line " " least[r, i]; print line } }' | sort -n; }

# net NAME INPUTS OUTPUTS LAYERS
net() {
  [[ " $only " = *" $1 "* ]] || return 0
  awk -v n="$2" -v m="$3" 'BEGIN { srand(1); for (i = 0; i < 64; i++) { line = ""; for (k = 0; k < n + m; k++) line = line (k ? "," : "") rand(); print line } }' >$1.csv
  cat >$1.yaml <<C
version: 1
data: {type: csv, train: {file: $1.csv, header: false, x: [1-$2], y: [$(($2 + 1))-$(($2 + $3))]}, scale: standard}
model: {layers: [$4, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.001}
train: {steps: 2, batch: 32}
C
  "$LOCKSTEP" train $1.yaml -o $1 -q 2>/dev/null
  "$LOCKSTEP" export $1/final.h5 --to c -o $1.c >/dev/null
  "$LOCKSTEP" export $1/final.h5 --to onnx -o $1.onnx >/dev/null
  weights=$1_weights.c
  [ -e $weights ] || weights=
  # shellcheck disable=SC2086 # a list of words
  "$CC" -O3 -march=native -DNET=$1_predict "$here/apply.c" $1.c $weights -I"$here/../include" -L"$LIBRARY" -llockstep -Wl,-rpath,"$LIBRARY" -lm -o $1.bin
  for ((round = 0; round < ${ROUNDS:-3}; round++)); do
    # shellcheck disable=SC2086
    ./$1.bin $1 $1/final.h5 $rows >>$1.times
    # shellcheck disable=SC2086
    [ -z "$web" ] || node "$here/apply.cjs" $1 $2 $rows >>$1.web
  done
  if [ "$web" ]; then best <$1.web >$1.best; else printf '%s -\n' $rows >$1.best; fi
  best <$1.times | paste -d' ' - $1.best | awk -v what="$5" '{ printf "| %s | %s | %s | %s | %s |\n", what, $1, $2, $3, $5 }'
}
echo "| network | rows at once | liblockstep, ns a row | exported C, ns a row | onnxruntime-web, ns a row |"
echo "|---|---|---|---|---|"
tanh() { echo "{units: $1, activation: tanh}"; }
relu() { echo "{units: $1, activation: relu}"; }
net small 8 1 "$(tanh 32), $(tanh 32)" "8-32-32-1 tanh"
net middle 20 4 "$(relu 128), $(relu 128), $(relu 128)" "20-128-128-128-4 relu"
net image 784 10 "$(relu 512), $(relu 512)" "784-512-512-10 relu"
