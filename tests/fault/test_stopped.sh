#!/bin/bash
# R7, R21: a rank that is stopped is named within the checkpoint's guard.watchdog in eval and predict too, and in training though the clock
# is set back by an hour meanwhile.
set -u
# shellcheck source=tests/fault/memory.sh
. "$SOURCE/tests/fault/memory.sh"
[ -e "$BUILD/tests/libmemtrap.so" ] || exit 77
T=2
WATCHDOG=$T prepare

# stopped JOB RANK SHARE: RANK stops where it asks for memory, SHARE percent of all its blocks behind the start
stopped() {
  local code=0 started took n said="$1: rank $2 stopped" folder=$1
  mkdir -p "$folder" && cp -r net.yaml each good "$folder" && cd "$folder" || exit 1
  n=$(($(blocks "$1" "$2") * $3 / 100))
  started=$(date +%s)
  MEMTRAP=$2:$n:stop timeout -k 5 30 bash -c "$(declare -f job); job $1" >out 2>err || code=$?
  took=$(($(date +%s) - started))
  [ $code -eq 70 ] || fail "$said: exit $code after $took s: $(cat err)"
  grep -qE "watchdog: rank [0-2] on $HOST has waited $T s in '.*' for rank $2 on $HOST \\(last" err || fail "$said: not named: $(cat err)"
  [ "$failures" -eq 0 ]
}
pids=()
stopped eval 1 98 & pids+=($!)
stopped predict 2 98 & pids+=($!)
CLOCKTRAP=10 stopped train 1 90 & pids+=($!)
for pid in "${pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
finish
