#!/bin/bash
# R14: one rank has another binary, command line or data: refused at the start with 70, the rank is named, nothing is made.
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config >net.yaml
cp "$LOCKSTEP" other && echo >>other

# refused TEXT COMMAND... : COMMAND...: as mpirun's application contexts
refused() {
  local text=$1 code=0; shift
  timeout -k 5 "${LIMIT:-60}" "$MPIRUN" "$@" >out 2>err || code=$?
  [ $code -eq 70 ] || fail "$text: exit $code: $(cat err)"
  [ "$(grep -cF "$text" err)" -eq 1 ] || fail "not said, or not once: $text: $(cat err)"
  [ ! -e run ] || { fail "$text: made the run folder"; rm -rf run; }
}
train=(train net.yaml -o run -q)
command_lines() {
  refused "rank 1 ($HOST) has another lockstep binary than rank 0 ($HOST)" -n 1 "$LOCKSTEP" "${train[@]}" : -n 1 ./other "${train[@]}"
  refused "rank 2 ($HOST) has another command line than rank 0 ($HOST)" -n 2 "$LOCKSTEP" "${train[@]}" : -n 1 "$LOCKSTEP" "${train[@]}" optimizer.lr=0.1
  # These would meet other collectives, and wait for each other for ever.
  refused "rank 1 ($HOST) has another command line" -n 1 "$LOCKSTEP" "${train[@]}" : -n 2 "$LOCKSTEP" "${train[@]}" --resume
  refused "rank 1 ($HOST) has another command line" -n 1 "$LOCKSTEP" "${train[@]}" : -n 1 "$LOCKSTEP" eval none.h5
  on 0 train net.yaml -o alone -q --threads 1 2>err || fail "alone: exit $?: $(cat err)"
  timeout -k 5 60 "$MPIRUN" -n 1 "$LOCKSTEP" "${train[@]}" --threads 1 : -n 1 "$LOCKSTEP" "${train[@]}" --threads=2 2>err ||
    fail "two numbers of threads: exit $?: $(cat err)"
  cmp alone/final.h5 run/final.h5 || fail "two numbers of threads: other bits"
  rm -rf run
}

# Every node reads its own copy of the data.
data() {
  mkdir -p here there
  cp "$SMALL"/* here && cp "$SMALL"/* there
  gzip -dc here/t10k-labels-idx1-ubyte.gz | tr '\5' '\6' | gzip >there/t10k-labels-idx1-ubyte.gz
  sed 's/dir: [^,]*,/dir: .,/' net.yaml >here/net.yaml
  cp here/net.yaml there
  export LOCKSTEP_RANKS_PER_NODE=1
  refused "rank 1 ($HOST): ./t10k-labels-idx1-ubyte.gz: rank 0 reads other data under this name" \
    -n 1 -wdir here "$LOCKSTEP" "${train[@]}" : -n 1 -wdir there "$LOCKSTEP" "${train[@]}"
  unset LOCKSTEP_RANKS_PER_NODE
}
cases command_lines data
