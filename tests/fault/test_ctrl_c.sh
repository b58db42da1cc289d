#!/bin/bash
# test_ctrl_c.sh - the first Ctrl-C finishes the step, saves and ends with 75, on all ranks; the second ends at once, also while that
# checkpoint cannot be written; before training begins one is enough, as elsewhere, where nothing half written is left; a background job that ignores it goes on doing so.
# A shell goes on ignoring what it is started with ignored, as SIGINT is under a job in the background.
[ -n "${HEARS:-}" ] || HEARS=1 exec env --default-signal=INT bash "$0"
set -mu # without -m bash has its background jobs ignore SIGINT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cp "$SOURCE"/tests/cases/predict-output/* .
cat >>net.yaml <<'C'

checkpoint: {every: never}
C
cat >rank <<'C'
#!/bin/sh
echo $$ >"pid.${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}"
exec "$@"
C
chmod +x rank

begin() { # begin RUN COMMAND...: in the background, until its first epoch is over
  local run=$1; shift
  rm -rf "$run" pid.*
  "$@" train net.yaml -o "$run" train.epochs=100000000 train.slices=4 --progress none 2>err &
  job=$!
  for ((i = 0; i < 3000; i++)); do grep -qs '"event":"epoch"' "$run/metrics.jsonl" && return; sleep 0.02; done
  fail "$run: no epoch: $(cat err)"
}
ended() { # ended CODE WHAT: within a minute
  local code=0
  for ((i = 0; i < 3000; i++)); do kill -0 "$job" 2>/dev/null || break; sleep 0.02; done
  kill -KILL "$job" 2>/dev/null && fail "$2: it goes on"
  wait "$job" || code=$?
  [ $code -eq "$1" ] || fail "$2: exit $code for $1: $(cat err)"
}
saved() { # the step that it stopped at, once
  local step; step=$(sed -n 's/.*stopped at step \([0-9]*\) of .*/\1/p' err)
  [ "$(grep -c "committed $step $1/ckpt-$step.h5" err)" -eq 1 ] || fail "$1: step '$step' is not saved: $(cat err)"
  "$LOCKSTEP" inspect "$1/ckpt-$step.h5" --verify >/dev/null || fail "$1: ckpt-$step.h5 is not good"
}

begin one ./rank "$LOCKSTEP"
kill -INT "$(cat pid.0)"
ended 75 one
saved one
grep -q 'asked to stop: .*; Ctrl-C again ends at once' err || fail "one: nobody is told: $(cat err)"

begin three "$MPIRUN" -n 3 ./rank "$LOCKSTEP"
kill -INT "$(cat "pid.$((RANDOM % 3))")"
ended 75 three
saved three

# What flushes to the disk hangs, but for config.yaml and record.json: the checkpoint.
hanging() { # hanging FLUSHES ARGUMENT...: that are quick
  local quick=$1; shift
  exec env LD_PRELOAD="$BUILD/tests/libiotrap.so" ASAN_OPTIONS=verify_asan_link_order=0 IOTRAP_DIR=hangs IOTRAP_SLOW="300000000:$quick" \
    "$LOCKSTEP" "$@"
}
until_said() { for ((i = 0; i < 3000; i++)); do grep -qs "$1" "$2" && return; sleep 0.02; done; fail "no '$1' in $2: $(cat err)"; }
begin hangs hanging 4
kill -INT "$job"
until_said 'asked to stop' err
sleep 0.1
kill -0 "$job" || fail "hangs: it ended without a second Ctrl-C: $(cat err)"
kill -INT "$job"
ended 130 hangs
grep -q committed err && fail "hangs: $(cat err)"

: >err # what the last one said is not this one's
hanging 0 train net.yaml -o hangs --force 2>err & # in config.yaml
job=$!
until_said '^runs on' err
kill -INT "$job"
ended 130 early
grep -q 'asked to stop' err && fail "early: $(cat err)"

# What predict and data import have begun to write goes too.
rm -rf hangs && mkdir hangs
left() { # left NAME ARGUMENT...: interrupted while it flushes hangs/NAME
  local out=hangs/$1; shift
  hanging 0 "$@" -o "$out" 2>err &
  job=$!
  for ((i = 0; i < 3000; i++)); do [ -e "$out.partial" ] && break; sleep 0.02; done
  [ -e "$out.partial" ] || fail "$out.partial: not there: $(cat err)"
  sleep 0.1
  kill -INT "$job"
  ended 130 "$out"
  [ -z "$(ls hangs)" ] || fail "Ctrl-C left $(ls hangs)"
}
left p.h5 predict one -i t.csv
left i.h5 data import net.yaml

(set +m; "$LOCKSTEP" train net.yaml -o deaf train.epochs=100000000 --time-limit 0:00:01 2>err & echo $! >deaf.pid; wait $!; echo $? >deaf.code) &
until_said '"event":"epoch"' deaf/metrics.jsonl
kill -INT "$(cat deaf.pid)"
wait $!
[ "$(cat deaf.code)" -eq 75 ] && grep -q time_limit err || fail "it ignored Ctrl-C and now does not: $(cat deaf.code) $(cat err)"
finish
