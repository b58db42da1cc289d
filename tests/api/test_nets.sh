#!/bin/bash
# Networks of lockstep's in another program, by liblockstep: the bits of predict, and a program that stays as it was.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
nets=$BUILD/tests/api_nets
# alone COMMAND...: it forks nothing, and starts nothing
alone() {
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 LD_PRELOAD=$BUILD/tests/libforktrap.so FORKTRAP=$PWD/forks SPAWNED=$PWD/spawned "$@"
}
awk 'BEGIN { print "p [Pa],b,c,y [J],z,class,late"
  for (i = 0; i < 90; i++) { a = sin(i); b = cos(3 * i); c = sin(7 * i)
    printf "%.6f,%.6f,%.6f,%.6f,%.6f,%s,%d\n", a, b, c, a * b + c, 100 + 3 * a - c, substr("redgrnblu", 1 + 3 * (i % 3), 3), 1700000000 + i * i } }' >t.csv

# net NAME PRECISION SCALE "Y" LOSS LAST
net() {
  cat >$1.yaml <<C
version: 1
data: {type: csv, train: {file: t.csv, x: [1-3], y: [$4]}, scale: {type: $3}}
model: {layers: [{units: 17, activation: tanh}, {type: layer_norm}, {units: 9, activation: gelu}, {type: dropout, rate: 0.1}, {units: out, activation: $6}]}
loss: $5
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 30, precision: $2}
C
  run 0 train $1.yaml -o $1 -q
}
npy() { # lines of numbers as a NumPy file: of BYTES each, so many rows and columns
  local head="{'descr': '<f$1', 'fortran_order': False, 'shape': ($2, $3), }"
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "$head"
  perl -ne "print pack('$([ "$1" = 8 ] && echo d || echo f)<*', split /,/)"
}
awk 'NR > 1' t.csv | cut -d, -f1-3 >in.csv
npy 8 90 3 <in.csv >in.64.npy
npy 4 90 3 <in.csv >in.32.npy
net single float32 standard "'y [J]', z" mse linear
net twice float64 minmax "'y [J]', z" huber linear
net class float32 none class cross_entropy softmax
net late float32 standard late mse linear

# same NAME BITS: what the library made is what predict writes
same() {
  local what
  run 0 predict $1/final.h5 -i in.$2.npy -o $1.npy --force
  run 0 predict $1/final.h5 -i in.$2.npy -o $1.slopes.npy --jacobian --force
  alone "$nets" $1/final.h5 in.64.npy $1 >$1.out 2>$1.err || fail "$1: $(cat $1.err)"
  [ ! -s $1.err ] || fail "$1 spoke: $(cat $1.err)"
  for what in f:$1.npy d:$1.slopes.npy; do
    tail -c "$(stat -c %s $1.${what%%:*}$2)" ${what#*:} | cmp - $1.${what%%:*}$2 >err 2>&1 || fail "$1: other bits than ${what#*:}: $(cat err)"
  done
}
same single 32
same twice 64
same late 64 # float32 cannot tell such numbers apart
same class 32
grep -q "^32 bits, $(hash_of single/final.h5): p \[Pa\] b \[\] c \[\] -> y \[J\] z \[\]\$" single.out || fail "$(cat single.out)"
grep -q ", classes: .* -> blu \[\] grn \[\] red \[\]\$" class.out || fail "$(cat class.out)"
grep -q '^64 bits' twice.out || fail "$(cat twice.out)"

# What would take a process of its own is refused, and none is started.
refuses() { # refuses CODE FILE WORDS
  alone "$nets" --bad "$2" >out 2>err || fail "$2: $(cat out err)"
  grep -q "^$1 .*$3" out || fail "$2: $(cat out)"
}
refuses 65 "$SOURCE/tests/golden/checkpoint-1.0.h5" "a program that is not lockstep starts none"
refuses 65 t.csv "t.csv"
refuses 65 single "is a folder: name a checkpoint in it, such as 'single/final.h5'"
! [ -s forks ] && ! [ -s spawned ] || fail "processes: $(cat forks spawned 2>&1)"

# The names that programs are linked with: they may grow, and none may go.
nm -D --defined-only "$BUILD/liblockstep.so" | awk '$2 == "T" { print $3 }' | LC_ALL=C sort >symbols
diff "$SOURCE/tests/api/symbols" symbols >err || fail "the library's symbols (tests/api/symbols): $(cat err)"
readelf -d "$BUILD/liblockstep.so" | grep -q 'SONAME.*\[liblockstep.so.0\]' || fail "soname"
finish
