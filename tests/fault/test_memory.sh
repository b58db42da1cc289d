#!/bin/bash
# R21: one rank has no memory for one block: a sample of the blocks of each job. All of them: scripts/memory-sweep.
# label: full
set -u
# shellcheck source=tests/fault/memory.sh
. "$SOURCE/tests/fault/memory.sh"
[ -e "$BUILD/tests/libmemtrap.so" ] || exit 77
prepare

# sample JOB RANK TRIES: of the last fifth; what comes before is mostly the reading of the config, where ranks do not meet
sample() {
  local last k n
  mkdir -p "$1" && cp -r net.yaml each good "$1" && cd "$1" || exit 1
  last=$(blocks "$1" "$2")
  for ((k = 0; k < $3; k++)); do
    n=$((last - RANDOM % (last / 5)))
    without_memory "$1" "$2" $n
    [ "$took" -lt 15000 ] || fail "$1: block $n of rank $2: $took ms"
  done
  [ "$failures" -eq 0 ]
}
pids=()
sample train 1 6 & pids+=($!)
sample eval 2 4 & pids+=($!)
sample predict 1 4 & pids+=($!)
for pid in "${pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
# Alone, where the same rank reads everything: each of the last blocks; an error, never a crash.
alone() {
  local last n code
  MEMTRAP_COUNT=$PWD/alone LD_PRELOAD=$MEMTRAP_SO "$LOCKSTEP" eval good/final.h5 >out 2>err || fail "eval alone: exit $?: $(cat err)"
  last=$(cat alone.0)
  for ((n = last - 60; n <= last; n++)); do
    code=0
    MEMTRAP=0:$n:fail LD_PRELOAD=$MEMTRAP_SO "$LOCKSTEP" eval good/final.h5 >out 2>err || code=$?
    [ $code -eq 0 ] || { [ $code -eq 1 ] && grep -q "out of memory" err; } || fail "eval alone, block $n: exit $code: $(cat err)"
  done
}
alone
without_memory eval 1 3 # before the ranks have met
finish
