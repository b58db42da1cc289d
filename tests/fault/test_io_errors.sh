#!/bin/bash
# R9: the n-th open, write, fsync or rename of a run of saves fails, once or from then on: a sample of all n.
# label: full
# Each time: it ends with 0 or 74, what it called committed survives a crash at the end (crash -e knows that an fsync that failed may
# have lost its data for good, so one that is tried again and believed shows), and the folder can be gone on from.
set -eu
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
export ASAN_OPTIONS=verify_asan_link_order=0
tried=0 stride=$(sampled 13 1)
attempt() { # OP N ERROR WHEN; false once N is beyond the last such call
  local status=0
  rm -rf run log work hit; mkdir run work
  env LD_PRELOAD="$BUILD/tests/libiotrap.so" IOTRAP_DIR="$PWD/run" IOTRAP_LOG="$PWD/log" IOTRAP_HIT="$PWD/hit" \
    IOTRAP_FAULT="$1:$2:$3:$4" "$BUILD/tests/saves" "$PWD/run" 8 2> said || status=$?
  [ -e hit ] || return 1
  tried=$((tried + 1))
  [ "$status" = 0 ] || [ "$status" = 74 ] || die "$*: exit $status: $(cat said)"
  if [ "$4" = once ] && [ "$1$3" != openEINTR ] && [ "$2" -gt 3 ] && [ "$status" != 0 ]; then
    die "$*: one error ended the run: $(cat said)"
  fi
  "$BUILD/tests/crash" -e log work > judged || die "$*: $(cat judged said)"
  [ -z "$(find run -name '.tmp-*')" ] || die "$*: a temporary was left: $(ls -A run)"
  "$BUILD/tests/saves" "$PWD/run" 2 2> again || die "$*: cannot go on: $(cat said again)"
}
for op in open write fsync rename; do
  for error in EIO ENOSPC EDQUOT EINTR short; do
    [ "$error" != short ] || [ "$op" = write ] || continue
    for when in once ever; do
      [ "$when$error" != everEINTR ] || [ "$op" = fsync ] || [ "$op" = rename ] || continue # a call that is tried again would never end
      [ "$when$error" != evershort ] || continue # only slow
      n=1
      while attempt "$op" "$n" "$error" "$when"; do n=$((n + 1 + RANDOM % stride)); done
    done
  done
done
echo "$tried faults"
[ "$tried" -gt "$(sampled 25 300)" ]
