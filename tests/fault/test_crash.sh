#!/bin/bash
# R1: the machine stops after any call of a save, and the disk loses what it may lose: nothing committed is lost, nothing is unreadable.
# And the test is worth something: variants that lack one step of the protocol must fail it.
# label: quick
set -eu
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
trap_calls() { # VARIANT STEPS: saves in ./run, every call into ./log
  rm -rf run log work; mkdir run work
  env LD_PRELOAD="$BUILD/tests/libiotrap.so" ASAN_OPTIONS=verify_asan_link_order=0 IOTRAP_DIR="$PWD/run" IOTRAP_LOG="$PWD/log" \
    "$BUILD/tests/$1" "$PWD/run" "$2" 2> said
  grep -q "^committed $2 ckpt-$2.h5" said
}
trap_calls saves 9
"$BUILD/tests/crash" log work
for mutant in NO_FSYNC NO_DIR_FSYNC UNLINK_FIRST IN_PLACE; do
  [ -x "$BUILD/tests/saves_$mutant" ] || continue
  trap_calls "saves_$mutant" 5
  if "$BUILD/tests/crash" log work > judged; then die "mutant $mutant got through: $(cat judged)"; fi
  echo "$mutant: $(tail -1 judged)"
  grep -q 'broken' judged
done
