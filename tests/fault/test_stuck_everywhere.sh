#!/bin/bash
# R7: stopped in every phase, late at every kind of collective, in every exchange, on the same node and on others.
# label: full
set -u
# shellcheck source=tests/fault/stuck.sh
. "$SOURCE/tests/fault/stuck.sh"
late=600000 # ms: longer than the test

# Each phase, each rank; the message tells the phase.
phases() {
  local phase n rank=$((RANDOM % 3)) calls=()
  for phase in "looking for checkpoints" "reading the data" "start-up agreement" "building the network" gather "forward and backward" \
    "gradient exchange" update "gathering the state for a checkpoint" evaluation; do
    rank=$(((rank + 1) % 3))
    [ "$phase" = "start-up agreement" ] && n=2 || n=1 # the first is before the config says how long to wait
    calls+=("stuck '$phase' $rank $n stop shared '$(near $rank "$phase")'")
  done
  at_once "${calls[@]:0:5}"
  at_once "${calls[@]:5}"
}

# Each function that waits for others, as comm/ and exchange*.c have them.
collectives() {
  at_once "stuck window_barrier 1 21 $late shared '$(near 1 '[^)]*')'" "stuck ls_comm_sum 2 2 $late shared '$(near 2 '[^)]*')'" \
    "stuck ls_comm_or 0 2 $late shared '$(near 0 '[^)]*')'" "stuck ls_comm_send 1 3 $late shared '$(near 1 '[^)]*')'" \
    "stuck ls_comm_recv 0 3 $late shared '$(near 0 '[^)]*')'"
  at_once "stuck ls_comm_agree 1 15 $late shared '$(near 1 '[^)]*')'" "stuck ls_comm_bcast 2 3 $late shared '$(near 2 '[^)]*')'" \
    "stuck ls_comm_node_bcast 0 3 $late shared '$(near 0 '[^)]*')'" "stuck ls_comm_barrier 1 1 $late shared '$(near 1 '[^)]*')'" \
    "stuck ls_comm_allgather 2 2 $late shared '$(near 2 '[^)]*')'"
  at_once "stuck ls_comm_wait 2 9 $late tree '$(near 2 '[^)]*')'" "stuck ls_comm_allgatherv 1 9 $late tree '$(near 1 '[^)]*')'" \
    "stuck ls_comm_allgather 1 4 $late tree '$(near 1 '[^)]*')'" "stuck mpi_reduce 0 9 $late mpi '$(near 0 '[^)]*')'"
}

# A rank to a node: who waits for a message knows from whom; who waits in a collective knows that nobody of its own node is missing.
nodes() {
  export LOCKSTEP_RANKS_PER_NODE=1
  at_once "stuck gather 1 9 stop shared 'rank 1 on $HOST, or for one that it waits for'" "stuck 'forward and backward' 0 9 stop tree 'rank 0 on $HOST, or for one that it waits for'" \
    "stuck ls_comm_wait 2 9 $late shared '(rank 2 on $HOST, or for one that it waits for|a rank on another host)'" "stuck ls_comm_allgatherv 1 9 $late tree '(rank 1 on $HOST, or for one that it waits for|a rank on another host)'"
  at_once "stuck ls_comm_agree 1 15 $late shared 'a rank on another host'" "stuck evaluation 2 1 stop tree 'a rank on another host'" \
    "LOCKSTEP_RANKS_PER_NODE=2 stuck update 1 9 stop shared '$(near 1 update)'" \
    "LOCKSTEP_RANKS_PER_NODE=2 stuck update 2 9 stop shared 'rank 2 on $HOST'"
  unset LOCKSTEP_RANKS_PER_NODE
}

# Updates without waiting: who has no minibatch left to take waits where all meet.
meetings() {
  local mode
  for mode in hogwild downpour; do
    at_once "apart 'reading the weights' 1 2 stop $mode" "apart update 2 2 stop $mode" "apart 'meeting the other ranks' 0 2 stop $mode" \
      "apart 'gathering the state for a checkpoint' 1 1 stop $mode"
  done
}

# Stopped at any moment by a signal from outside, sometimes in the middle of a collective that all have reached.
outside() { # RANK EXCHANGE
  local i job code=0
  rm -rf run
  LIMIT=60 MPIRUN=../pid on 3 train ../net.yaml -o run -q train.exchange="$2" train.steps=1000000000 checkpoint.every=never \
    guard.watchdog="$T s" 2>err &
  job=$!
  for ((i = 0; i < 1000; i++)); do grep -q '"start"' run/metrics.jsonl 2>/dev/null && break; sleep 0.02; done
  sleep "0.$((RANDOM % 9))"
  kill -STOP "$(cat "pid.$1")"
  wait $job || code=$?
  [ $code -eq 70 ] && grep -q "for rank $1 on $HOST" err || fail "rank $1 stopped from outside, exchange $2: exit $code: $(cat err)"
}
anywhere() {
  cat >pid <<'C'
#!/bin/sh
exec "$MPIRUN_REAL" "$1" "$2" sh -c 'echo $$ >pid.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; exec "$0" "$@"' "${@:3}"
C
  sed -i 1s/sh/bash/ pid && chmod +x pid
  export MPIRUN_REAL=$MPIRUN
  at_once "outside 0 shared" "outside 1 tree" "outside 2 tree" "outside 1 mpi" "outside 2 mpi"
}
cases phases collectives nodes meetings anywhere
