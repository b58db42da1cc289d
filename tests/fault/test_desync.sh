#!/bin/bash
# R11: one bit of one rank's weights turns over, for one step: named within guard.desync_every steps, exit 70, nothing of it is saved.
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config >net.yaml

# flipped RANKS RANK STEP EXCHANGE EVERY SAVE LATEST ARGUMENT...: noticed by step LATEST; the newest checkpoint is older than STEP
flipped() {
  local ranks=$1 rank=$2 step=$3 what="rank $2 of $1, step $3, exchange $4, every $5, nodes of ${LOCKSTEP_RANKS_PER_NODE:-all}" latest=$7 seen
  rm -rf run
  tripped "weights:$rank:$step:flip" "$ranks" train net.yaml -o run -q train.exchange="$4" guard.desync_every="$5" checkpoint.every="$6 steps" ||
    { fail "$what: it never came there: $(cat err)"; return; }
  [ $code -eq 70 ] || { fail "$what: exit $code: $(cat err)"; return; }
  seen=$(sed -n 's/.*error: step \([0-9]*\): the weights of .* differ.*/\1/p' err)
  [ -n "$seen" ] && [ "$seen" -ge "$step" ] && [ "$seen" -le "$latest" ] || fail "$what: noticed at step '$seen': $(cat err)"
  grep -qE "the weights of (rank 0 \($HOST\), )?rank $rank \($HOST\) differ" err || [ "$ranks" -eq 2 ] || fail "$what: not named: $(cat err)"
  [ "$ranks" -gt 2 ] || grep -q "either may be the wrong one" err || fail "$what: $(cat err)"
  [ "$(newest run)" -lt "$step" ] && [ ! -e run/final.h5 ] || fail "$what: it was saved: $(ls run)"
  committed_is_kept run "$what"
}
tree() {
  flipped 3 1 12 tree "5 steps" 50 15
  flipped 4 3 23 tree "5 steps" 20 25
  flipped 3 2 21 tree "1000 steps" 10 30 # a save looks first
}
nodes() { LOCKSTEP_RANKS_PER_NODE=1 flipped 3 2 17 shared "4 steps" 10 20; }
more() {
  flipped 3 0 31 tree "1 steps" 10 31
  flipped 3 2 17 mpi "4 steps" 10 20
  flipped 2 1 13 tree "5 steps" 50 15
  LOCKSTEP_RANKS_PER_NODE=1 flipped 3 0 33 shared "1000 steps" 7 35
}
# What was saved before it is good to go on from.
again() {
  on 3 train net.yaml -o run -q --resume=auto 2>err || fail "going on: exit $?: $(cat err)"
  on 0 train net.yaml -o whole -q 2>err || fail "undisturbed: exit $?"
  [ "$(hash_of run/final.h5)" = "$(hash_of whole/final.h5)" ] || fail "other weights than undisturbed"
}
cases tree nodes again
