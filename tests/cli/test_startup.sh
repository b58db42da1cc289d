#!/bin/bash
# What need not compute answers at once, and a rank stays small. Limits on processor time, not on the clock: a busy machine is no failure.
# label: quick, alone
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
example=$SOURCE/examples/fashion-mnist/adam.yaml
TIMEFORMAT='%U %S'
within() { # within MILLISECONDS COMMAND...: user and system time, the best of three
  local limit=$1 best=; shift
  for _ in 1 2 3; do
    local spent; spent=$({ time "$@" >out 2>err; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }')
    [ -n "$best" ] && [ "$best" -le "$spent" ] || best=$spent
  done
  echo "$best ms: ${*##*/}"
  [ "$best" -le "$limit" ] || fail "$*: $best ms of processor time instead of $limit"
}
within 50 "$LOCKSTEP" --version
within 50 "$LOCKSTEP" help train
within 50 "$LOCKSTEP" config check "$example"
within 50 "$LOCKSTEP" schedule "$example" --steps 12000
# Data read and unpacked, MPI up on two ranks, one step, an evaluation, a checkpoint: for a first step within a second on two free cores.
within 1500 "$MPIRUN" -n 2 "$LOCKSTEP" train "$example" -o run --force -q train.epochs=none train.steps=1
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
