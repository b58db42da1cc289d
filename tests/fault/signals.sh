# signals.sh - R8: SIGUSR1 to mpirun or to one rank, or the time limit, at random times after the start: a checkpoint, exit 75 on every
# rank; going on again and again ends in the bits of a run that nobody stopped. Sourced with SIGNALS, how many.
# shellcheck shell=bash
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config | sed '/^checkpoint\|^output/d' >net.yaml
echo "checkpoint: {every: never, keep: {last: 2}}" >>net.yaml

# A rank that tells its process and its exit code. The shell outlives the signal, which mpirun sends to it too.
cat >rank <<'C'
#!/bin/sh
trap : USR1
me=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}
"$@" &
echo $! >pid.$me
until wait $!; code=$?; [ $code -ne 138 ]; do :; done
echo $code >code.$me
exit $code
C
chmod +x rank

# interrupted RANKS EXCHANGE TO: until it is stopped; TO: mpirun, a rank's number, or limit
interrupted() {
  local ranks=$1 to=$3 i job code=0 step words=() what="$1 ranks, exchange $2, $3"
  rm -f pid.* code.*
  [ "$to" != limit ] || words=(--time-limit 0:00:01)
  # mpirun kills the others behind the first exit with 75, some before they can tell theirs; where it does not, it ends with 0 itself.
  export OMPI_MCA_orte_abort_on_non_zero_status=$at_first
  timeout -k 5 60 "$MPIRUN" -n "$ranks" ./rank "$LOCKSTEP" train net.yaml -o run --resume=auto --progress none train.exchange="$2" \
    train.steps=1000000000 "${words[@]}" 2>err &
  job=$!
  for ((i = 0; i < 1000; i++)); do [ "$(grep -c '"event":"start"' run/metrics.jsonl 2>/dev/null)" = $((starts + 1)) ] && break; sleep 0.02; done
  starts=$((starts + 1))
  sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
  case $to in
    mpirun) kill -USR1 "$(pgrep -P $job)" ;; # timeout's child
    limit) ;;
    *) kill -USR1 "$(cat "pid.$to")" ;;
  esac
  wait $job || code=$?
  if [ "$at_first" = 1 ]; then
    [ $code -eq 75 ] || fail "$what: exit $code: $(cat err)"
  else
    [ "$(cat code.* | xargs)" = "$(yes 75 | head -"$ranks" | xargs)" ] || fail "$what: exit codes of ranks: $(head code.*; cat err)"
  fi
  at_first=$((1 - at_first))
  step=$(newest run)
  grep -q "committed $step run/ckpt-$step.h5" err || fail "$what: nothing committed: $(cat err)"
  [ "$step" -gt "$last" ] || fail "$what: from step $last to step $step"
  last=$step
}

signals() { # signals NUMBER
  local i to starts=0 last=0 at_first=0 ranks
  rm -rf run
  for ((i = 0; i < $1; i++)); do
    ranks=$((RANDOM % 3 + 2))
    case $((i % 3)) in 0) to=mpirun ;; 1) to=$((RANDOM % ranks)) ;; 2) to=limit ;; esac
    interrupted $ranks "$([ $((RANDOM % 2)) = 0 ] && echo shared || echo tree)" "$to"
  done
  on 3 train net.yaml -o run -q --resume=auto train.steps=$((last + 50)) 2>err || fail "the last start: exit $?: $(cat err)"
  on 0 train net.yaml -o whole -q train.steps=$((last + 50)) 2>err || fail "undisturbed: exit $?: $(cat err)"
  cmp run/final.h5 whole/final.h5 || fail "other bits than undisturbed"
  diff <(numbers_of whole) <(numbers_of run) >&2 || fail "other metrics than undisturbed"
  echo "$1 stops, $last steps"
}
