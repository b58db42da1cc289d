#!/bin/bash
# R10: training goes on while the writer is slow, and each checkpoint is the state at its step all the same; checkpoint.busy: wait and skip.
set -u
# shellcheck source=tests/fault/faults.sh
. "$SOURCE/tests/fault/faults.sh"
small_config >net.yaml
slow=${SLOW:-150} # milliseconds that a commit takes longer; training takes far less

saved() { find "$1" -name '*.h5' -printf '%f\n' | sort | xargs; }
same_files() { # same_files RUN: what it saved are the files of the run that waited for each
  local file
  for file in $(saved "$1"); do cmp "sync/$file" "$1/$file" || fail "$1: $file is not the state at its step"; done
}
late() { # late RUN ARGUMENT...: with a writer that is slow to begin
  local run=$1; shift
  tripped "commit:0:0:$slow" "$RANKS" train net.yaml -o "$run" -q "$@" || fail "$run: the writer never came"
  [ $code -eq 0 ] || fail "$run: exit $code: $(cat err)"
  grep -q "^committed 57 $run/final.h5" err || fail "$run: no final.h5: $(cat err)"
}

snapshots() {
  local file
  on 0 train net.yaml -o sync -q checkpoint.async=false 2>err || fail "sync: exit $?: $(cat err)"
  for RANKS in 0 2; do
    rm -rf wait skip
    late wait checkpoint.busy=wait
    [ "$(saved wait)" = "$(saved sync)" ] || fail "wait: saved $(saved wait), not $(saved sync)"
    same_files wait
    late skip checkpoint.busy=skip
    same_files skip
    [ "$(find skip -name 'ckpt-*' | wc -l)" -lt "$(find sync -name 'ckpt-*' | wc -l)" ] || fail "skip: nothing was skipped: $(saved skip)"
    grep -q "this one is skipped" err || fail "skip: nothing is said of it: $(cat err)"
    [ -e skip/final.h5 ] || fail "skip: the last one was skipped"
  done
}
cases snapshots
