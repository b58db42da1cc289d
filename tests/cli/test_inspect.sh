#!/bin/bash
# inspect: what it says of good and damaged checkpoints, of run folders, and of files that only look like one.
# label: quick
set -eu
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
mkdir run
"$BUILD/tests/saves" "$PWD/run" 6 2> said # ckpt-5, ckpt-6, final.h5 of step 4
expect() { # STATUS COMMAND...; output in out
  local want=$1 have=0
  shift
  "$@" > out 2> err || have=$?
  [ "$have" = "$want" ] || die "$*: exit $have, not $want: $(cat out err)"
}
says() { grep -qF -- "$1" out || die "no '$1' in: $(cat out err)"; }
complains() { grep -qF -- "$1" err || die "no '$1' in: $(cat out err)"; }

expect 0 "$LOCKSTEP" inspect run/ckpt-6.h5
says "checkpoint of step 6, verified"
says "/model/0000/W"
expect 0 "$LOCKSTEP" inspect run/ckpt-6.h5 --json --verify
says '"global_step":6,'
says '{"name":"/model/0000/W","shape":[59,10],"dtype":"float64"},{"name":"/model/0000/b","shape":[10],"dtype":"float64"}'
grep -qE '"weights_hash":"xxh3-128:[0-9a-f]{32}"' out
[ "$(wc -l < out)" = 1 ]

expect 0 "$LOCKSTEP" inspect run --verify
says "ckpt-6.h5"
says "good"
expect 0 "$LOCKSTEP" inspect run --json
says '{"file":"ckpt-6.h5","global_step":6,'
says '"status":"not verified"'

# Damage: in the middle, to the first byte (also under another name), at the end.
damage() { cp run/ckpt-6.h5 "$2"; printf x | dd of="$2" bs=1 seek="$1" conv=notrunc status=none; }
damage 9000 bad.h5; expect 65 "$LOCKSTEP" inspect bad.h5 --verify; complains "bad.h5"
damage 0 bad.h5; expect 65 "$LOCKSTEP" inspect bad.h5 --verify
damage 0 ckpt-7.h5; expect 65 "$LOCKSTEP" inspect ckpt-7.h5 --verify --json
cp run/ckpt-6.h5 bad.h5; printf x >> bad.h5; expect 65 "$LOCKSTEP" inspect bad.h5 --verify
head -c 5000 run/ckpt-6.h5 > bad.h5; expect 65 "$LOCKSTEP" inspect bad.h5
: > final.h5; expect 65 "$LOCKSTEP" inspect final.h5

# HDF5 with a model but without the block: refused as a checkpoint, with what it is good for.
dd if=run/ckpt-6.h5 of=plain.h5 bs=4096 skip=1 status=none
expect 65 "$LOCKSTEP" inspect plain.h5
complains "init: {type: file"

printf x | dd of=run/ckpt-5.h5 bs=1 seek=9000 conv=notrunc status=none
expect 0 "$LOCKSTEP" inspect run
expect 65 "$LOCKSTEP" inspect run --verify
says "damaged"
complains "1 of 3"

expect 64 "$LOCKSTEP" inspect
expect 65 "$LOCKSTEP" inspect nothing
