# stuck.sh - R7: a rank that is stopped, or late at a place where ranks wait for each other, is named with its host and what it did last,
# and the job ends with 70. Sourced by test_stuck.sh and test_stuck_everywhere.sh.
# shellcheck shell=bash
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config >net.yaml
T=${T:-3}
LIMIT=$((T + PROMISE + 10))

# stuck PLACE RANK N WHAT EXCHANGE-OR-MODE TEXT: nothing is said but that RANK (on which host, doing what last: TEXT) keeps the others waiting
stuck() {
  local place=$1 rank=$2 n=$3 what=$4 exchange=$5 text=$6 said="$1: rank $2: $4, exchange $5, nodes of ${LOCKSTEP_RANKS_PER_NODE:-all}"
  local by=("train.exchange=$exchange")
  case $exchange in hogwild | downpour) by=("train.mode=$exchange" "optimizer={type: sgd, lr: 0.05}" output.step_every=0) ;; esac
  rm -rf run
  tripped "$place:$rank:$n:$what" 3 train ../net.yaml -o run -q "${by[@]}" guard.watchdog="$T s" checkpoint.every="5 steps" ||
    { fail "$said: it never came there: exit $code: $(cat err)"; return; }
  [ $code -eq 70 ] || fail "$said: exit $code: $(cat err)"
  [ $took -lt $(((T + PROMISE) * 1000)) ] || fail "$said: the job ended after $took ms"
  [ $took -gt $((T * 500)) ] || fail "$said: the job ended too soon, after $took ms: $(cat err)"
  grep -qE "watchdog: rank [0-2] on $HOST has waited $T s in '.*' for $text; the job" err || fail "$said: not named: $(cat err)"
  committed_is_kept run "$said"
}

# at_once COMMAND...: most of it is waiting
at_once() {
  local pids=() pid one
  for one in "$@"; do
    ( failures=0
      mkdir -p "${#pids[@]}" && cd "${#pids[@]}" && eval "$one"
      [ $failures -eq 0 ]) & pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
}

# The ranks of these wait for each other only where they meet, between stretches of 5 updates.
apart() { stuck "$1" "$2" "$3" "$4" "$5" "$(near "$2" "$1")"; } # PLACE RANK N WHAT MODE

near() { echo "rank $1 on $HOST \\(last known operation: $2\\)"; } # for those who share memory with it
