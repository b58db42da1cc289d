#!/bin/bash
# R15: data that are not those of the checkpoint, or change while a run reads them: an error that names the file; no crash, no hang.
# label: full
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
awk 'BEGIN { srand(9); print "a,b,c,y"; for (i = 0; i < 400; i++) { a = rand(); b = rand(); c = rand()
  printf "%.6f,%.6f,%.6f,%.6f\n", a, b, c, a - b * c } }' >table.csv
"$LOCKSTEP" data import table.csv --x a,b,c --y y -o table.h5 --force -q 2>err || fail "import: exit $?: $(cat err)"
cp -r "$SMALL" idx
net() { # net DATA: the text of a config
  cat <<C
version: 1
data: $1
model: {layers: [{units: 6, activation: tanh}, {units: out, activation: ${2:-linear}}]}
loss: ${3:-mse}
optimizer: {type: adam, lr: 0.01}
train: {steps: 60, batch: 20, slices: 4}
checkpoint: {every: 20 steps, keep: {last: 9}}
C
}
net "{type: csv, train: {file: table.csv, x: [a, b, c], y: [y]}}" >csv.yaml
net "{type: hdf5, train: {file: table.h5, x: /train/x, y: /train/y}}" >hdf5.yaml
net "{type: hdf5, train: {file: table.h5, x: /train/x, y: /train/y}, load: stream}" >stream.yaml
net "{type: idx, dir: idx, scale: {type: divide, by: 255}}" softmax cross_entropy >idx.yaml
# refused KIND FILE HOW COMMAND...: the file is changed, and put back afterwards
refused() {
  local kind=$1 file=$2 what="$1: $3" code=0; shift 3
  cp -p "$file" kept
  "$@" || fail "$what: cannot do it"
  ranks=$((3 - ranks))
  on $ranks train "$kind.yaml" -o "run-$kind" -q --resume=auto >out 2>err || code=$?
  [ $code -eq 65 ] || fail "$what, $ranks ranks: exit $code: $(cat err)"
  [ "$(grep -cF "$file" err)" -eq 1 ] || fail "$what, $ranks ranks: the file is not named once: $(cat err)"
  cp -p kept "$file"
}
ranks=0 # and 3 in turn
poke() { printf "$2" | dd of="$1" bs=1 seek="$3" conv=notrunc status=none; }
# Half a file is the loader's to refuse, another number in it the checkpoint's.
between() {
  local kind
  for kind in csv hdf5 idx; do
    on 0 train $kind.yaml -o whole-$kind -q 2>err || fail "$kind: exit $?: $(cat err)"
    on 2 train $kind.yaml -o run-$kind -q train.steps=20 2>err || fail "$kind: exit $?: $(cat err)"
  done
  refused csv table.csv "another digit" poke table.csv 7 2000
  refused csv table.csv "rows left out" sed -i '$d' table.csv
  refused csv table.csv "cut" truncate -s -3 table.csv
  refused hdf5 table.h5 "another number" poke table.h5 '\1\2\3' $(($(stat -c %s table.h5) - 1000))
  refused hdf5 table.h5 "cut" truncate -s -1000 table.h5
  refused idx idx/train-images-idx3-ubyte.gz "cut" truncate -s -1000 idx/train-images-idx3-ubyte.gz
  refused idx idx/train-labels-idx1-ubyte.gz "another number" sh -c 'gzip -dc "$0" | tr "\3" "\4" | gzip >new && mv new "$0"' idx/train-labels-idx1-ubyte.gz
  for kind in csv hdf5 idx; do
    on 3 train $kind.yaml -o run-$kind -q --resume=auto 2>err || fail "$kind, put back: exit $?: $(cat err)"
    cmp run-$kind/final.h5 whole-$kind/final.h5 || fail "$kind, put back: other bits"
  done
}

# begun KIND RANKS: a run without end, in the background as `job`, is under way
begun() {
  local i
  rm -rf running
  on "$2" train "$1.yaml" -o running -q train.steps=1000000000 checkpoint.every=never >out 2>err & # a shell, timeout, and what it runs
  job=$!
  for ((i = 0; i < 1000; i++)); do grep -q '"event":"epoch"' running/metrics.jsonl 2>/dev/null && return; sleep 0.02; done
  fail "$1 didn't begin: $(cat err)"
}
# In memory nothing that happens to the files matters any more; a stream is ended by it.
during() {
  local code
  cp -p table.csv kept
  begun csv 2
  : >table.csv
  sleep 0.2
  kill -USR1 "$(pgrep -P "$(pgrep -P $job)")"
  code=0; wait $job || code=$?
  [ $code -eq 75 ] || fail "csv emptied while training: exit $code: $(cat err)"
  cp -p kept table.csv
  cp -p table.h5 kept
  for how in "poke table.h5 x $(($(stat -c %s table.h5) - 1000))" "truncate -s -1000 table.h5" "truncate -s 0 table.h5" "rm table.h5"; do
    ranks=$((3 - ranks))
    begun stream $ranks
    $how
    code=0; wait $job || code=$?
    [ $code -eq 65 ] && grep -q "error: .*table.h5: " err || fail "stream, $how, $ranks ranks: exit $code: $(cat err)"
    cp -p kept table.h5
  done
}

# Cut at any moment of loading: an error, or too late to matter.
loading() {
  local i code
  mkdir -p big
  { printf '\0\0\10\3\0\3\15\100\0\0\0\12\0\0\0\12'; head -c 20000000 /dev/zero; } >big/train-images-idx3-ubyte # 200,000 of 10 x 10
  { printf '\0\0\10\1\0\3\15\100'; head -c 200000 /dev/zero; } >big/train-labels-idx1-ubyte
  { printf '\0\0\10\3\0\0\0\1\0\0\0\12\0\0\0\12'; head -c 100 /dev/zero; } >big/t10k-images-idx3-ubyte
  { printf '\0\0\10\1\0\0\0\1'; head -c 1 /dev/zero; } >big/t10k-labels-idx1-ubyte
  net "{type: idx, dir: big, classes: 2}" softmax cross_entropy >big.yaml
  for i in 1 2 3; do
    head -c 20000016 /dev/zero | dd of=big/train-images-idx3-ubyte bs=1M oflag=seek_bytes iflag=fullblock seek=16 conv=notrunc status=none
    truncate -s 20000016 big/train-images-idx3-ubyte
    rm -rf running
    on 2 train big.yaml -o running -q train.steps=3 >out 2>err &
    sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
    truncate -s $((RANDOM * 300)) big/train-images-idx3-ubyte
    code=0; wait $! || code=$?
    [ $code -eq 0 ] || { [ $code -eq 65 ] && grep -q "error: .*big/train-images-idx3-ubyte: " err; } || fail "cut while loading: exit $code: $(cat err)"
  done
}
# The same for a table, of which no line may go missing in silence.
loading_tables() {
  local i code file kind
  awk 'BEGIN { print "a,b,c,y"; for (i = 0; i < 100000; i++) printf "%d,%d,%d,%d\n", i % 97, i % 89, i % 83, i % 79 }' >long.csv
  "$LOCKSTEP" data import long.csv --x a,b,c --y y -o long.h5 --force -q 2>err || fail "import: exit $?: $(cat err)"
  for kind in csv hdf5; do
    file=long.${kind/hdf5/h5}
    sed "s/table\.\(csv\|h5\)/$file/" $kind.yaml >long-$kind.yaml
    on 2 train long-$kind.yaml -o long-$kind -q train.steps=3 2>err || fail "$file: exit $?: $(cat err)"
    for i in 1 2 3 4; do
      cp $file kept
      rm -rf running
      on 2 train long-$kind.yaml -o running -q train.steps=3 >out 2>err &
      sleep "0.$((1 + RANDOM % 4))$((RANDOM % 10))"
      truncate -s $(($(stat -c %s $file) / 2)) $file
      code=0; wait $! || code=$?
      if [ $code -eq 0 ]; then
        [ "$(hash_of running/final.h5)" = "$(hash_of long-$kind/final.h5)" ] || fail "$file cut while loading: other weights"
      else
        [ $code -eq 65 ] && grep -q "error: .*$file:" err || fail "$file cut while loading: exit $code: $(cat err)"
      fi
      cp kept $file
    done
  done
}
cases between during loading loading_tables
