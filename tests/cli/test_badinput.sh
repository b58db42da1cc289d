#!/bin/bash
# Whatever is wrong, on one rank and on three: the right exit code, one message that names file and place, nothing created, no hang.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

be32() { for shift in 24 16 8 0; do printf '%b' "\\x$(printf %02x $(($1 >> shift & 255)))"; done; }
images() { be32 0x803; be32 "$1"; be32 2; be32 2; head -c $((4 * $2)) /dev/urandom; } # declared, real number
labels() { be32 0x801; be32 "$1"; for ((i = 0; i < $2; i++)); do printf '%b' "\\x0$((i % 10))"; done; }
set_of() { # a good set of 40 and 20 samples in folder $1
  mkdir "$1"
  images 40 40 >"$1/train-images-idx3-ubyte"
  labels 40 40 >"$1/train-labels-idx1-ubyte"
  images 20 20 >"$1/t10k-images-idx3-ubyte"
  labels 20 20 >"$1/t10k-labels-idx1-ubyte"
}
set_of good
cat >net.yaml <<'C'
version: 1
data: {type: idx, dir: good, classes: 10}
model: {layers: [{units: 6, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 9, slices: 4}
checkpoint: {keep: {last: 9}}
C

# refused CODE TEXT RANKS ARGUMENT...: exit code; TEXT in the only message
refused() {
  local code=$1 text=$2 ranks=$3 got=0 messages; shift 3
  on "$ranks" "$@" >out 2>err || got=$?
  [ $got -eq "$code" ] || fail "$ranks ranks: $*: exit $got instead of $code: $(cat err)"
  grep -qF -- "$text" err || fail "$ranks ranks: $*: the message lacks '$text': $(cat err)"
  messages=$(grep -cE '(^|: )error: |lockstep: stopped' err)
  [ "$messages" -eq 1 ] || fail "$ranks ranks: $*: $messages messages: $(cat err)"
  [ -s out ] && fail "$ranks ranks: $*: output on stdout: $(cat out)"
}
# untouched CODE TEXT ARGUMENT...: train refuses it on 1 and 3 ranks, and creates nothing
untouched() {
  local code=$1 text=$2 ranks; shift 2
  for ranks in 0 3; do
    refused "$code" "$text" $ranks train net.yaml -o new "$@"
    [ ! -e new ] || { fail "$*: made the run folder"; rm -rf new; }
  done
}
both() { # refused on 1 and on 3 ranks
  local code=$1 text=$2 ranks; shift 2
  for ranks in 0 3; do refused "$code" "$text" $ranks "$@"; done
}

# ---- data ----
data() { # data NAME TEXT: folder NAME, made by the caller from a good set, is refused
  untouched 65 "$2" data.dir="$1"
}
set_of missing; rm missing/t10k-labels-idx1-ubyte
data missing "missing/t10k-labels-idx1-ubyte: no such file"
data nowhere "nowhere/train-images-idx3-ubyte: no such file"
set_of short; truncate -s -3 short/train-images-idx3-ubyte
data short "short/train-images-idx3-ubyte: "
set_of shortgz; gzip shortgz/*; truncate -s -12 shortgz/train-labels-idx1-ubyte.gz
data shortgz "shortgz/train-labels-idx1-ubyte.gz: "
set_of badgz; gzip badgz/*; printf 'xyz' | dd of=badgz/train-images-idx3-ubyte.gz bs=1 seek=60 conv=notrunc status=none
data badgz "badgz/train-images-idx3-ubyte.gz: "
set_of magic; cp magic/train-labels-idx1-ubyte magic/train-images-idx3-ubyte
data magic "magic/train-images-idx3-ubyte: magic number 0x00000801"
set_of counts; labels 39 39 >counts/train-labels-idx1-ubyte
data counts "counts/train-labels-idx1-ubyte: 39 labels for the 40 images"
set_of label; printf '\x0b' | dd of=label/train-labels-idx1-ubyte bs=1 seek=$((8 + 17)) conv=notrunc status=none
data label "label/train-labels-idx1-ubyte: sample 17"
set_of empty; images 0 0 >empty/train-images-idx3-ubyte; labels 0 0 >empty/train-labels-idx1-ubyte
data empty "empty/train-images-idx3-ubyte: holds no samples"
set_of huge; images 0xffffffff 40 >huge/train-images-idx3-ubyte; labels 0xffffffff 40 >huge/train-labels-idx1-ubyte
data huge "huge/train-images-idx3-ubyte: its header declares 4294967295"
set_of longer; echo more >>longer/train-labels-idx1-ubyte
data longer "longer/train-labels-idx1-ubyte: longer than its header declares"
mkdir folders; for f in good/*; do mkdir "folders/${f#good/}"; done
data folders "folders/train-images-idx3-ubyte"
untouched 65 "skip" data.skip.train=40

# ---- config ----
untouched 78 "did you mean 'epochs'? [train.epohcs]" train.epohcs=3
untouched 78 "did you mean 'relu'?" 'model.layers[0].activation=rleu'
untouched 78 "[model.layers[0].units]" 'model.layers[0].units=20.5'
untouched 78 "[train.batch]" train.batch=0
untouched 78 "[optimizer.lr]" optimizer.lr=1e-3x
untouched 78 "[seed]" --seed=-1
refused 78 "3 ranks but train.slices is 2" 3 train net.yaml -o new train.slices=2
[ ! -e new ] || fail "more ranks than slices: made the run folder"
both 78 "none.yaml" train none.yaml -o new
printf 'version: 1\ndata: {type: idx\n' >torn.yaml
both 78 "torn.yaml:" train torn.yaml -o new
mkfifo pipe.yaml
both 78 "'pipe.yaml' is a pipe that nothing comes through" train pipe.yaml -o new
timeout 20 "$LOCKSTEP" config check <(sleep 0.2; cat net.yaml) >out 2>err || fail "a config through a pipe: exit $?: $(cat err)"
(sleep 9 >pipe.yaml) & writer=$!
"$LOCKSTEP" train pipe.yaml -o new 2>err & trainer=$!
sleep 0.3; kill -TERM $trainer; timeout 5 tail --pid=$trainer -f /dev/null || fail "a writer that is silent: SIGTERM ends nothing"
kill $writer $trainer 2>err
both 78 "the last layer" train net.yaml -o new 'model.layers[1].units=9'

# ---- command line ----
both 64 "unknown option '--thread'; did you mean '--threads'?" train net.yaml --thread=2
both 64 "unknown command 'tarin'; did you mean 'train'?" tarin net.yaml
both 64 "a config file is missing" train
both 64 "write it as H:MM" train net.yaml --time-limit 5

# ---- run folder ----
echo text >file
both 74 "file: is not a folder" train net.yaml -o file
both 74 "file/run" train net.yaml -o file/run
both 74 "/proc/lockstep" train net.yaml -o /proc/lockstep
mkdir used; echo mine >used/notes.txt
both 74 "used: the run folder is not empty (it holds notes.txt)" train net.yaml -o used
[ "$(ls -A used)" = notes.txt ] || fail "a used folder was changed: $(ls -A used)"
if [ "$(id -u)" -ne 0 ]; then
  mkdir -m 555 locked
  both 74 "locked/run" train net.yaml -o locked/run
fi

# ---- checkpoints ----
both 65 "no checkpoint to resume from" train net.yaml -o new --resume
[ ! -e new ] || fail "--resume without a checkpoint: made the run folder"
on 2 train net.yaml -o run -q 2>err || fail "a good run: exit $?: $(cat err)"
flip() { printf '\xff\x00\xff' | dd of="$1" bs=1 seek=9000 conv=notrunc status=none; }
cp run/final.h5 bad.h5; flip bad.h5
both 65 "bad.h5" train net.yaml -o new --resume=bad.h5
both 65 "bad.h5" eval bad.h5
refused 65 "bad.h5" 0 inspect bad.h5 --verify
head -c 20000 run/final.h5 >cut.h5
both 65 "cut.h5" train net.yaml -o new --resume=cut.h5
tail -c +4097 run/final.h5 >plain.h5 # HDF5 with a /model, but nothing that says it is whole
both 65 "plain.h5" eval plain.h5
both 65 "gone.h5" eval gone.h5
both 78 "optimizer.lr: 0.01 -> 0.02" train net.yaml -o run --resume optimizer.lr=0.02
grep -qF -- "--allow optimizer.lr" err || fail "the message doesn't tell of --allow: $(cat err)"
both 78 "--allow: no config key is called 'optimizr.lr'; did you mean 'optimizer.lr'?" train net.yaml -o run --resume optimizer.lr=0.02 --allow optimizr.lr
refused 78 "called 'lr'; did you mean 'optimizer.lr'?" 0 train net.yaml -o run --resume --allow train --allow lr
refused 78 "called 'model.layers[0].unit'; did you mean 'model.layers[].units'?" 0 train net.yaml -o run --resume --allow 'model.layers[0].unit'
refused 78 "called 'everything'; lockstep help keys" 0 train net.yaml -o run --resume --allow everything
cp -r run allowed
on 3 train net.yaml -o allowed --resume --allow optimizer.lr optimizer.lr=0.02 train.epochs=3 -q 2>err ||
  fail "--allow optimizer.lr: exit $?: $(cat err)"
run 0 train net.yaml -o allowed --resume --allow optimizer.lr --allow 'model.layers[].trainable' optimizer.lr=0.02 'model.layers[0].trainable=false' train.epochs=3 -q
refused 78 'model.layers[0].trainable: true -> false' 0 train net.yaml -o run --resume --allow 'model.layers[].units' 'model.layers[0].trainable=false'
set_of other; cp good/t10k* other
both 65 "has changed since the checkpoint was made" train net.yaml -o run --resume train.epochs=3 data.dir=other
cp -r run newest; flip newest/final.h5
on 3 train net.yaml -o newest --resume=auto train.epochs=3 -q 2>err || fail "the newest checkpoint damaged: exit $?: $(cat err)"
grep -q 'warning: .*newest/final.h5' err || fail "the damaged checkpoint is not named: $(cat err)"
[ -e newest/final.h5.damaged ] || fail "the damaged checkpoint was not set aside: $(ls newest)"
for ranks in 0 3; do
  for resume in --resume --resume=auto; do
    rm -rf ruins; cp -r run ruins; for f in ruins/*.h5; do flip "$f"; done
    cp ruins/metrics.jsonl before
    on $ranks train net.yaml -o ruins $resume >out 2>err; code=$?
    [ $code -eq 65 ] || fail "all checkpoints damaged, $resume: exit $code: $(cat err)"
    cmp -s before ruins/metrics.jsonl || fail "all checkpoints damaged, $resume: the metrics were touched"
    on $ranks train net.yaml -o ruins $resume >out 2>err; code=$?
    [ $code -eq 65 ] || fail "all checkpoints set aside as damaged, $resume: exit $code: $(cat err)"
  done
done

# ---- training ----
for ranks in 0 3; do
  refused 71 "not finite" $ranks train net.yaml -o diverged optimizer.type=sgd optimizer.lr=3e38
  grep -q '"exit":"diverged"' diverged/metrics.jsonl || fail "diverged: no end event"
  rm -rf diverged
done

# A long run: stop it, look at it from a second one.
long="train.epochs=1000000 checkpoint.every=never"
begun() { for ((i = 0; i < 500; i++)); do grep -q '"start"' "$1/metrics.jsonl" 2>/dev/null && return; sleep 0.02; done; fail "$1 didn't begin"; }
stopped() { # stopped NAME CODE: exit 75, a checkpoint, and a resume that goes on from it
  [ "$2" -eq 75 ] || fail "$1: exit $2 instead of 75: $(cat said)"
  [ "$(grep -c 'lockstep: .*a checkpoint is written' said)" -eq 1 ] || fail "$1: $(cat said)"
  local step
  step=$(sed -n 's/^committed \([0-9]*\) .*/\1/p' said | tail -1)
  [ -e "$1/ckpt-$step.h5" ] || fail "$1: no checkpoint: $(ls "$1")"
  on 2 train net.yaml -o "$1" --resume train.epochs=none train.steps=$((step + 7)) -q 2>err || fail "$1: resume: exit $?: $(cat err)"
  grep -q "\"resumed_from\":$step" "$1/metrics.jsonl" || fail "$1: resumed elsewhere"
  grep -q '"exit":"done"' "$1/metrics.jsonl" || fail "$1: the resumed run didn't end"
}
# shellcheck disable=SC2086 # a list of words
for ranks in 0 3; do
  command=("$MPIRUN" -n $ranks "$LOCKSTEP"); [ $ranks -gt 0 ] || command=("$LOCKSTEP")
  "${command[@]}" train net.yaml -o signal-$ranks $long --progress none 2>said & job=$!
  begun signal-$ranks
  refused 74 "in use by process" 0 train net.yaml -o signal-$ranks --force
  refused 74 "in use by process" 3 train net.yaml -o signal-$ranks --resume=auto
  kill -USR1 $job; wait $job; code=$?
  stopped signal-$ranks $code

  on $ranks train net.yaml -o limit-$ranks $long --progress none --time-limit 0:00:02 2>said; code=$?
  stopped limit-$ranks $code
done
"$MPIRUN" -n 3 "$LOCKSTEP" train net.yaml -o one-rank train.epochs=1000000 checkpoint.every=never --progress none 2>said & job=$!
begun one-rank
kill -USR1 "$(pgrep -P $job | tail -1)"; wait $job; code=$?
stopped one-rank $code
finish
