#!/bin/bash
# What need not compute answers at once, and a rank stays small. Limits on processor time, not on the clock: a busy machine is no failure.
# label: quick, alone
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
example=$SOURCE/examples/fashion-mnist/adam.yaml
TIMEFORMAT='%U %S'
cost() { # cost COMMAND...: its user and system time in milliseconds, the best of three: $best
  best=
  for _ in 1 2 3; do
    local spent; spent=$({ time "$@" >out 2>err; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }')
    [ -n "$best" ] && [ "$best" -le "$spent" ] || best=$spent
  done
}
# What machines take for the same work differs threefold: a million sums by awk are the measure (10 to 25 ms).
cost awk 'BEGIN { for (i = 0; i < 1000000; i++) s += i }'
million=$best
echo "$million ms: a million sums by awk"
within() { # within MILLIONS COMMAND...
  local limit=$(($1 * million)); shift
  cost "$@"
  echo "$best ms: ${*##*/}"
  [ "$best" -le "$limit" ] || fail "$*: $best ms of processor time instead of $limit"
}
within 5 "$LOCKSTEP" --version
within 4 "$LOCKSTEP" help train
within 4 "$LOCKSTEP" config check "$example"
within 4 "$LOCKSTEP" schedule "$example" --steps 12000
# Data read and unpacked, MPI up on two ranks, one step, an evaluation, a checkpoint: for a first step within a second on two free cores.
within 150 "$MPIRUN" -n 2 "$LOCKSTEP" train "$example" -o run --force -q train.epochs=none train.steps=1
grep -q '"exit":"done"' run/metrics.jsonl || fail "no run: $(cat err)"

# Peak memory of each rank; what the ranks share (the data: 55 MB) counts in both.
if command -v /usr/bin/time >/dev/null; then
  for ranks in 1 2; do
    on=("$MPIRUN" -n $ranks /usr/bin/time -a -o "peak.$ranks" -f %M "$LOCKSTEP")
    timeout 100 "${on[@]}" train "$example" -o "ranks-$ranks" -q train.epochs=1 2>err || fail "$ranks ranks: $(cat err)"
    echo "peak on $ranks ranks: $(xargs <"peak.$ranks") KB"
    [ "$(sort -n "peak.$ranks" | tail -1)" -le 120000 ] || fail "$ranks ranks: more than 120 MB: $(cat "peak.$ranks")"
  done
fi
finish
