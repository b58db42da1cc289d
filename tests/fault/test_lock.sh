#!/bin/bash
# Two hosts and one run folder on a file system over which locks are not seen: two mounts of it by FUSE (bindfs), and process numbers
# and host names of their own (namespaces). A host that died lets the other take over, one that lives does not. Needs root and FUSE for
# that part; says so and skips it where there are none.
# shellcheck source-path=SCRIPTDIR/..
set -u
. "$SOURCE/tests/lib.sh"
export LOCKSTEP_LOCK_BEAT=0.5 # then a lock is watched for 3 s
cp -r "$SMALL" data
cat >net.yaml <<'C'
version: 1
data: {type: idx, dir: data, limit: {train: 300, test: 50}, scale: {type: divide, by: 255}}
model: {layers: [{units: 8, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.01}
train: {steps: 3000, batch: 50, slices: 4}
checkpoint: {every: 100 steps}
C
LONG="train.steps=100000000" # of a run that a test ends

# started FILE: a run has committed there
started() {
  local i
  for ((i = 0; i < 600; i++)); do ! grep -q '^committed' "$1" 2>/dev/null || return 0; sleep 0.05; done
  die "no checkpoint: $(cat "$1")"
}

# One host: who holds it is known at once.
"$LOCKSTEP" train net.yaml -o here -q $LONG 2>first &
first=$!
started first
touch here/.tmp-ckpt-1.h5
refused 74 "is in use by process $first on host" train net.yaml -o here --resume=auto
! grep -q watching err || fail "a process of this host was watched: $(cat err)"
[ -e here/.tmp-ckpt-1.h5 ] || fail "the folder of a run at work was tidied"
kill -9 $first
wait $first 2>/dev/null
run 0 train net.yaml -o here --resume=auto -q train.steps=none train.epochs=1 --allow train.steps --allow train.epochs
! grep -q watching err || fail "a dead process of this host was watched: $(cat err)"
[ ! -e here/.lock ] || fail "a lock was left"
[ ! -e here/.tmp-ckpt-1.h5 ] || fail "a stale temporary was left"

partly() { echo "skipped the part with two hosts: $*"; finish; exit 77; }
[ "$(id -u)" -eq 0 ] || partly "not root"
for tool in bindfs unshare fusermount; do command -v $tool >/dev/null || partly "$tool is not installed (bindfs, fuse3, util-linux)"; done
unshare --pid --uts --mount --fork true 2>/dev/null || partly "no namespaces here"
mkdir disk h1 h2
leave() { for h in h1 h2; do fusermount -u "$PWD/$h" 2>/dev/null; done; }
trap leave EXIT
for h in h1 h2; do bindfs "$PWD/disk" "$PWD/$h" 2>why || partly "no FUSE here: $(cat why)"; done

# at HOST ARGUMENT...: lockstep train there, until its end; the namespace's first process is unshare's child, whose end ends all
at() {
  local h=$1; shift
  # shellcheck disable=SC2016
  exec timeout -s KILL 120 unshare --pid --uts --mount --fork --kill-child sh -c \
    'hostname $0 && mount -t proc proc /proc && exec "$@"' "$h" "$LOCKSTEP" train net.yaml -o "$h/run" -q "$@"
}
inside() { pgrep -P "$(pgrep -P "$(pgrep -P "$1")")" 2>/dev/null || pgrep -P "$(pgrep -P "$1")"; } # the process that a job of ours ends in

# It lives: the other sees its beat, and says where it is.
(at h1 $LONG 2>one) &
one=$!
started one
code=0
(at h2 --resume=auto 2>two) || code=$?
[ $code -eq 74 ] && grep -q 'watching for 3 s' two && grep -q 'in use by process .* on host h1' two || fail "a live one: exit $code: $(cat two)"

# It stands still: the other takes over; woken up, it says so and ends.
lockstep=$(inside $one)
kill -STOP "$lockstep"
(at h2 --resume=auto $LONG 2>two) &
two=$!
started two
grep -q 'this run takes the folder over' two || fail "taken without a word: $(cat two)"
kill -CONT "$lockstep"
wait $one
code=$?
[ $code -eq 74 ] && grep -q "another run has taken this run's folder over" one || fail "woken up: exit $code: $(cat one)"
grep -q 'host h2 ' disk/run/.lock || fail "the lock is: $(cat disk/run/.lock)"

# It dies, and two want it at once: one goes on, the other does not.
kill -9 "$(inside $two)"
wait $two 2>/dev/null
(at h1 --resume=auto --allow train.steps 2>one) &
one=$!
(at h2 --resume=auto --allow train.steps 2>two) &
two=$!
wait $one; a=$?
wait $two; b=$?
[ "$((a + b))" -eq 74 ] && [ "$((a * b))" -eq 0 ] || fail "two at once: $a and $b: $(cat one two)"
[ ! -e disk/run/.lock ] || fail "a lock was left: $(cat disk/run/.lock)"
finish
