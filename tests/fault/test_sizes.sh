#!/bin/bash
# R16: more ranks than samples, than the minibatch or than blocks of parameters; one sample, full batch; sizes beyond all memory. It works,
# with the bits of one rank, or is refused with what to do; it never hangs.
# label: full
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
LIMIT=${LIMIT:-60}
table() { awk -v rows="$1" 'BEGIN { srand(4); print "a,y"; for (i = 0; i < rows; i++) { a = rand(); printf "%.6f,%.6f\n", a, 2 * a - a * a } }'; }
for rows in 1 3 40; do table $rows >table-$rows.csv; done
# Two parameters: fewer than ranks, and one block of the shards whatever they are.
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: table-40.csv, x: [a], y: [y]}}
model: {layers: [{units: 1}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 8, slices: 8}
checkpoint: {every: 2 steps}
guard: {desync_every: 2 steps}
C

# same NAME RANKS ARGUMENT...: the bits of one rank
same() {
  local name=$1 ranks=$2 what="$2 ranks, nodes of ${LOCKSTEP_RANKS_PER_NODE:-all}: ${*:3}"; shift 2
  [ -e "one-$name" ] || on 0 train net.yaml -o "one-$name" -q "$@" 2>err || fail "one rank: $*: exit $?: $(cat err)"
  rm -rf run
  on "$ranks" train net.yaml -o run -q "$@" 2>err || fail "$what: exit $?: $(cat err)"
  [ "$(hash_of run/final.h5)" = "$(hash_of "one-$name/final.h5")" ] || fail "$what: other weights"
}
small() {
  same plain 8 train.exchange=shared
  same plain 5 train.exchange=tree
  LOCKSTEP_RANKS_PER_NODE=1 same plain 4 train.exchange=shared
  LOCKSTEP_RANKS_PER_NODE=3 same plain 8 train.exchange=shared
  same one-sample 8 data.train.file=table-1.csv
  same few 8 data.train.file=table-3.csv train.batch=50
  same stochastic 3 train.batch=1
  same full 4 train.batch=full
  same validation 4 data.train.file=table-3.csv data.validation=0.34 train.batch=2 # fewer blocks to evaluate than ranks
  on 3 train net.yaml -o reference -q train.exchange=mpi train.epochs=2 2>err || fail "exchange mpi: exit $?: $(cat err)"
  # Saved by many ranks with empty shards, gone on with on few.
  rm -rf run
  on 8 train net.yaml -o run -q train.epochs=1 2>err && on 3 train net.yaml -o run -q --resume train.exchange=tree 2>err || fail "resumed: exit $?: $(cat err)"
  [ "$(hash_of run/final.h5)" = "$(hash_of one-plain/final.h5)" ] || fail "resumed on fewer ranks: other weights"
}

# refused CODE TEXT RANKS ARGUMENT...: soon, once, and nothing is made
refused() {
  local want=$1 text=$2 code=0; shift 2
  rm -rf run
  on "$1" train net.yaml -o run -q "${@:2}" >out 2>err || code=$?
  [[ $code =~ ^$want$ ]] || fail "$*: exit $code instead of $want: $(cat err)"
  [ "$(grep -cE "error: .*$text" err)" -eq 1 ] || fail "$*: not said once: $text: $(cat err)"
  [ ! -e run ] || fail "$*: made the run folder"
}
big=9007199254740992 # 2^53
huge() {
  refused 78 "9 ranks but train.slices is 8: .* at most 8 ranks, or set train.slices=9" 9
  refused 78 "2 ranks but train.slices is 1" 2 train.batch=1 train.slices=1
  refused 65 "data.skip.train: 40 leaves none" 3 data.skip.train=40
  refused 78 "too many parameters" 3 "model.layers=[{units: 2147483647}, {units: 2147483647}, {units: 2147483647}, {units: 1}]"
  for ranks in 0 3; do refused "(1|74)" "(out of memory|has no room|no room for)" $ranks "model.layers=[{units: 2147483647}, {units: 2000000}, {units: 1}]"; done
  refused 78 "train.slices" 3 train.slices=$big
  on 3 train net.yaml -o run -q --dry-run train.batch=$big train.epochs=$big 2>err || fail "endless epochs: exit $?: $(cat err)"
  on 3 train net.yaml -o run -q train.batch=$big train.epochs=2 data.limit.train=$big 2>err || fail "a batch of all: exit $?: $(cat err)"
}
cases small huge
