# faults.sh - what tests of ranks that die, hang or differ share; sourced. They run the mutant binary, where a rank can be tripped
# (fault/trip.c); where that is not asked for it is the product.
# shellcheck shell=bash
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
LOCKSTEP=$BUILD/lockstep_mutants
[ -x "$LOCKSTEP" ] || { echo "skipped: built without LOCKSTEP_MUTANTS"; exit 77; }
PROMISE=${PROMISE:-30} # seconds; 10 on a machine of one's own
GRACE=1 # lib.sh: what the ranks that are left say and do when one ends is what is looked at
HOST=$(hostname)

# 19 steps an epoch, the last one short; every optimizer state, evaluation, and a checkpoint every 5 steps; all files stay.
small_config() {
  cat <<C
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 1013, test: 100}, scale: {type: divide, by: 255}, validation: {share: 0.1, how: last}}
model: {layers: [{units: 16, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {steps: 57, batch: 50, slices: 8}
checkpoint: {every: 5 steps, keep: {last: 99}}
output: {step_every: 10}
C
}

# tripped PLACE:RANK:N:WHAT RANKS ARGUMENT...: run it; false where the rank never came there. Sets `code` and `took`, the milliseconds from
# then to the end.
tripped() {
  local trip=$1; shift
  rm -f trip.file
  code=0 took=0
  LOCKSTEP_TRIP=$trip LOCKSTEP_TRIPPED=trip.file on "$@" >out 2>err || code=$?
  [ -e trip.file ] || return 1
  took=$((($(date +%s%N) - $(date -r trip.file +%s%N)) / 1000000))
}

# Every step that err calls committed is on the disk and good.
committed_is_kept() {
  local step
  for step in $(sed -n 's/^committed \([0-9]*\) .*/\1/p' err); do
    [ -e "$1/ckpt-$step.h5" ] || [ -e "$1/final.h5" ] || fail "$2: $step was committed and is gone: $(ls -A "$1")"
  done
  if ls "$1"/*.h5 >/dev/null 2>&1; then "$LOCKSTEP" inspect "$1" --verify >out 2>&1 || fail "$2: damaged: $(cat out)"; fi
}

newest() { # the step of the newest checkpoint of folder $1; 0: none
  find "$1" -name 'ckpt-*.h5' 2>/dev/null | sed 's/.*ckpt-\([0-9]*\).h5/\1/' | sort -n | tail -1 | grep . || echo 0
}

# main CASE...: those of the command line, else these.
cases() {
  local default=("$@") one
  [ ${#CASES[@]} -gt 0 ] && default=("${CASES[@]}")
  for one in "${default[@]}"; do "$one"; done
  finish
}
CASES=("$@")
