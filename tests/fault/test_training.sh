#!/bin/bash
# R2, R4, R9 with the trainer itself: disk errors at its n-th call, a file-size limit, damaged checkpoints; then it goes on, to the same bits.
# label: full
set -eu
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
export ASAN_OPTIONS=verify_asan_link_order=0
awk 'BEGIN { srand(3); print "a,b,c,y"; for (i = 0; i < 400; i++) { a = rand(); b = rand(); c = rand()
  printf "%.6f,%.6f,%.6f,%.6f\n", a, b, c, 2 * a - b * b + c / 2 } }' > t.csv
cat > t.yaml << 'Y'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b, c], y: [y], header: true}, validation: {share: 0.2, how: last}}
model: {layers: [{units: 8, activation: tanh}, {units: 1}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 8, batch: 40, slices: 4}
checkpoint: {every: 10 steps, keep: {last: 3, best: val_loss}}
Y
"$LOCKSTEP" train t.yaml -q -o whole 2> said
bad() { die "$*: $(cat said; ls -A run)"; }

goes_on() { # from whatever run holds, to the end, with the bits of the run that nothing disturbed
  "$LOCKSTEP" train t.yaml -q -o run --resume=auto 2> again || { cat again; bad "$*: cannot go on"; }
  cmp run/final.h5 whole/final.h5 || bad "$*: other bits"
}

tried=0 stride=$(sampled 19 1)
attempt() { # OP N ERROR WHEN; false once N is beyond the last such call
  local status=0 last
  rm -rf run hit
  env LD_PRELOAD="$BUILD/tests/libiotrap.so" IOTRAP_DIR=run IOTRAP_HIT="$PWD/hit" IOTRAP_FAULT="$1:$2:$3:$4" \
    "$LOCKSTEP" train t.yaml -q -o run 2> said || status=$?
  [ -e hit ] || return 1
  tried=$((tried + 1))
  [ "$status" = 0 ] || [ "$status" = 74 ] || bad "$*: exit $status"
  [ "$status" = 0 ] || grep -q 'error: ' said || bad "$*: no message"
  if ls run/*.h5 > seen 2>&1; then "$LOCKSTEP" inspect run --verify > seen 2>&1 || { cat seen; bad "$*: damaged"; }; fi
  last=$(sed -n 's/^committed \([0-9]*\) .*/\1/p' said | tail -1)
  if [ -n "$last" ] && [ ! -e "run/ckpt-$last.h5" ] && [ ! -e run/final.h5 ]; then bad "$*: $last is gone"; fi
  if [ "$status" = 0 ] && [ -e run/final.h5 ]; then cmp run/final.h5 whole/final.h5 || bad "$*: other bits"; fi
  goes_on "$*"
}
for op in open write fsync rename; do
  for error in EIO ENOSPC EINTR short; do
    [ "$error" != short ] || [ "$op" = write ] || continue
    for when in once ever; do
      [ "$when" = once ] || [ "$error" = EIO ] || [ "$error" = ENOSPC ] || continue
      n=1
      while attempt "$op" "$n" "$error" "$when"; do n=$((n + 1 + RANDOM % stride)); done
    done
  done
done
echo "$tried faults"
[ "$tried" -gt "$(sampled 30 300)" ]

# A limit on the size of files, below a checkpoint's: an error, not a signal.
rm -rf run
status=0
(ulimit -f 16; "$LOCKSTEP" train t.yaml -q -o run 2> said) || status=$?
[ "$status" = 74 ] || bad "file size limit: exit $status"

# The newest ones damaged: the next is taken, the others are set aside and named. All damaged: 65, and nothing is trained.
rm -rf run
"$LOCKSTEP" train t.yaml -q -o run checkpoint.keep.last=4 2> said
for file in final ckpt-80 ckpt-70; do [ ! -e "run/$file.h5" ] || printf x | dd of="run/$file.h5" bs=1 seek=9999 conv=notrunc status=none; done
goes_on "newest damaged"
grep -q 'final.h5.* damaged' again || bad "not named"
[ -e run/final.h5.damaged ] || bad "not set aside"
for file in run/*.h5; do printf x | dd of="$file" bs=1 seek=9999 conv=notrunc status=none; done
rm run/*.damaged
for i in 1 2; do
  status=0
  "$LOCKSTEP" train t.yaml -q -o run --resume=auto 2> said || status=$?
  [ "$status" = 65 ] || bad "all damaged: exit $status"
  [ -z "$(find run -name '*.h5')" ] || bad "all damaged: something was trained"
done
