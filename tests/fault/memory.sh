# memory.sh - R21: where one rank has no memory for the n-th block that it asks for, no rank waits: the job ends within seconds, all ranks
# with one exit code, and the message names the rank and the reason. Sourced by test_memory.sh and scripts/memory-sweep.
# shellcheck shell=bash
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
HOST=$(hostname)
LIMIT=${LIMIT:-20} # seconds after which a job counts as waiting; a dozen times what one takes
RANKS=3

memory_config() {
  cat <<C
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 203, test: 100}, scale: {type: divide, by: 255}, validation: 0.1}
model: {layers: [{units: 4, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.003}
train: {steps: 8, batch: 50, slices: 4}
checkpoint: {every: 5 steps}
guard: {desync_every: 2 steps, watchdog: ${WATCHDOG:-300} s}
C
}

# What can be run: small, with every part of its command.
job() {
  case $1 in
    train) rm -rf run && set -- train net.yaml -o run -q --trace trace.json ;;
    tree) rm -rf run && set -- train net.yaml -o run -q train.exchange=tree ;;
    stream) rm -rf run && set -- train stream.yaml -o run -q data.load=stream ;;
    resume) rm -rf run && cp -r good run && set -- train net.yaml -o run -q --resume train.steps=12 ;;
    eval) set -- eval good/final.h5 --confusion ;;
    predict) set -- predict good/final.h5 -i "$SMALL/t10k-images-idx3-ubyte.gz" -o out.h5 --force ;;
    bench) set -- bench train net.yaml --steps 5 --warmup 1 ;;
  esac
  "$MPIRUN" -n $RANKS ./each "$LOCKSTEP" "$@"
}

# In the current folder, and a checkpoint in good/.
prepare() {
  memory_config >net.yaml
  sed 's|type: idx, dir: [^,]*,|type: hdf5, train: {file: data.h5, x: /train/x, y: /train/y},|; s|, test: 100||' net.yaml >stream.yaml
  # Leaves each rank's exit code behind, where the launcher lets it live so long.
  cat >each <<'C'
#!/bin/sh
rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}
LD_PRELOAD=$MEMTRAP_SO "$@"
code=$?
echo $code >part.$rank && mv part.$rank code.$rank
exit $code
C
  chmod +x each
  export MEMTRAP_SO=$BUILD/tests/libmemtrap.so
  "$LOCKSTEP" train net.yaml -o good -q 2>err || fail "cannot train: $(cat err)"
}

# blocks JOB RANK: how many blocks it asks for where nothing fails
blocks() {
  MEMTRAP_COUNT=$PWD/count job "$1" >out 2>err || fail "$1: exit $?: $(cat err)"
  cat "count.$2"
}

# without_memory JOB RANK N: sets `code` and `took`, in milliseconds. Where the N-th block can be done without, the job may succeed.
without_memory() {
  local started said="$1: no memory for block $3 of rank $2" other
  code=0
  rm -f code.*
  started=$(date +%s%N)
  MEMTRAP=$2:$3:fail timeout -k 5 "$LIMIT" bash -c "$(declare -f job); job $1" >out 2>err || code=$?
  took=$((($(date +%s%N) - started) / 1000000))
  [ $code -ne 0 ] || return 0
  [ $code -ne 124 ] && [ $code -ne 137 ] || { fail "$said: all wait: $(cat err)"; return; }
  for other in code.*; do
    [ ! -e "$other" ] || [ "$(cat "$other")" = $code ] || case $(cat "$other") in
      137 | 143) ;; # ended by the launcher
      *) fail "$said: exit $code, rank ${other#code.}: $(cat "$other"): $(cat err)" ;;
    esac
  done
  grep -qE "rank $2 \\($HOST\\).*(memory|thread)" err || fail "$said: exit $code: not named: $(cat err)"
}
export RANKS MPIRUN LOCKSTEP SMALL
