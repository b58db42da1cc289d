#!/bin/bash
# R6: a rank killed in any phase ends the job, non-zero and soon; nothing committed is lost; the next start goes on, to the same bits.
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config >net.yaml
slowest=0

# killed WHERE RANK N EXCHANGE: go on with what is in run, until the rank dies there
killed() {
  local before what="rank $2 killed in '$1', time $3, exchange $4"
  before=$(newest run)
  tripped "$1:$2:$3:kill" 3 train net.yaml -o run -q --resume=auto train.exchange="$4" "${WATCH[@]}" || { fail "$what: it never came there: $(cat err)"; return; }
  [ $code -ne 0 ] && [ $code -ne 124 ] || fail "$what: exit $code: $(cat err)"
  [ $took -lt $((PROMISE * 1000)) ] || fail "$what: the job ended after $took ms"
  [ $took -le $slowest ] || slowest=$took
  committed_is_kept run "$what"
  if [ "$before" -gt 0 ] && grep -q '"event":"start"' run/metrics.jsonl; then
    grep -q "\"resumed_from\":$before" run/metrics.jsonl || fail "$what: it didn't go on from $before: $(grep '"start"' run/metrics.jsonl)"
  fi
}
WATCH=()
after=5 # kills come in the first few steps behind where it goes on: all three epochs are gone through

every_phase() { # every_phase EXCHANGE: one run, killed in each phase, a rank each time
  local exchange=$1 rank=$((RANDOM % 3)) phase
  rm -rf run
  for phase in "looking for checkpoints" "reading the data" "start-up agreement" "building the network" gather "forward and backward" \
    "gradient exchange" update "comparing the ranks' weights" "gathering the state for a checkpoint" evaluation; do
    local n=1
    case $phase in
      gather | forward* | gradient* | update) n=$((RANDOM % 6 + 3)) ;;
      comparing*) [ "$exchange" = shared ] && continue ;;
      gathering*) n=2 ;;
    esac
    rank=$(((rank + 1) % 3))
    killed "$phase" $rank $n "$exchange"
  done
  on 2 train net.yaml -o run -q --resume=auto train.exchange="$exchange" 2>err || fail "$exchange: the last start: exit $?: $(cat err)"
  [ -e whole/final.h5 ] || on 0 train net.yaml -o whole -q 2>err || fail "undisturbed: exit $?"
  [ "$(hash_of run/final.h5)" = "$(hash_of whole/final.h5)" ] || fail "$exchange: other weights than undisturbed"
  diff <(numbers_of whole) <(numbers_of run) || fail "$exchange: other metrics than undisturbed"
  echo "exchange $exchange: the slowest end took $slowest ms"
}
shared() { every_phase shared; }
tree() { every_phase tree; }

# Without the launcher's own guard the watchdog ends the job. (It decides the exit code too, so that isn't looked at.)
# Used by test_guards.sh: with a launcher that lets the others live, and no watchdog, this must fail.
lonely() {
  rm -rf run
  LIMIT=$((PROMISE + 5)) killed gather 1 7 shared
}
cases shared
