#!/bin/bash
# R18, R22: links and pipes in a run folder are refused, never written through nor waited for; what cannot be read is not called damaged.
# shellcheck source-path=SCRIPTDIR/..
set -u
. "$SOURCE/tests/lib.sh"
for i in $(seq 0 39); do echo "$((i % 7)),$((i * 5 % 11)),$((i * 3 % 4))"; done >t.csv
cat >net.yaml <<'END'
version: 1
data: {type: csv, train: {file: t.csv, x: [1, 2], y: 3, header: false}}
model: {layers: [{units: 1}]}
loss: half_mse
optimizer: {type: sgd, lr: 0.001}
train: {epochs: 3, batch: 10, slices: 4}
END
"$LOCKSTEP" train net.yaml -o whole train.epochs=5 >/dev/null 2>&1 || fail "training"
"$LOCKSTEP" train net.yaml -o run >/dev/null 2>&1 || fail "training"

# refused CODE TEXT RANKS ARGUMENT...: at once, saying TEXT
refused() {
  local code=$1 text=$2 ranks=$3 got; shift 3
  on "$ranks" "$@" >out 2>err
  got=$?
  [ $got -eq "$code" ] || fail "$* on $ranks: $got, not $code: $(head -c 400 err)"
  grep -qF -- "$text" out err || fail "$* on $ranks: no '$text': $(head -c 400 err)"
}
resume() { echo "train net.yaml -o again --resume=auto train.epochs=5"; }
fresh() { rm -rf again && cp -r run again; }

# Every name of lockstep's own, as each kind of thing that is no file.
for name in .lock metrics.jsonl metrics.csv config.yaml record.json ckpt-99.h5 final.h5; do
  for kind in link pipe folder; do
    fresh
    echo precious >target
    rm -f "again/$name"
    case $kind in
      link) ln -s "$PWD/target" "again/$name"; what="a symbolic link" ;;
      pipe) mkfifo "again/$name"; what="a pipe" ;;
      folder) mkdir "again/$name"; what="a folder" ;;
    esac
    ranks=0
    [ "$kind/$name" = pipe/metrics.jsonl ] && ranks=3
    [ "$kind/$name" = link/.lock ] && ranks=3
    # shellcheck disable=SC2046
    refused 74 "again/$name' is $what" $ranks $(resume)
    [ "$(cat target)" = precious ] || fail "$name: what the link points to was written"
    [ "$kind/$name" != pipe/metrics.jsonl ] && [ "$kind/$name" != link/metrics.jsonl ] && continue
    refused 65 "metrics.jsonl' is $what" 0 compare again
    refused 65 "metrics.jsonl' is $what" 0 plot cost again -o -
    refused 0 "metrics.jsonl' is $what" 0 inspect again
  done
done
mkfifo pipe
fresh; rm again/config.yaml; mkfifo again/config.yaml
refused 0 "" 0 compare again
fresh; rm again/ckpt-12.h5; mkfifo again/ckpt-12.h5
refused 0 "is a pipe, where a regular file must be; move it away; it is left out" 0 inspect again
mkdir empty && mkfifo empty/.lock
refused 74 "empty/.lock' is a pipe" 0 train net.yaml -o empty
rm empty/.lock && ln -s "$PWD/target" empty/.lock
refused 74 "empty/.lock' is a symbolic link" 3 train net.yaml -o empty
[ "$(cat target)" = precious ] || fail ".lock: what the link points to was written"
for file in metrics.csv metrics.jsonl .lock; do # a second name
  fresh; rm -f "again/$file"; cp run/metrics.csv target; ln target "again/$file"
  # shellcheck disable=SC2046
  refused 74 "again/$file' has another name too" 0 $(resume)
  cmp -s target run/metrics.csv || fail "$file: the file's other name was written"
done
fresh; ln -s "$PWD/nowhere" again/.tmp-config.yaml; echo precious >target; ln -s "$PWD/target" again/.tmp-ckpt-99.h5
# shellcheck disable=SC2046
refused 74 "" 0 $(resume)
[ ! -e nowhere ] && [ "$(cat target)" = precious ] || fail "a temporary was written through a link"

# Data and checkpoints that are pipes; a config may be one.
refused 65 "pipe" 0 eval pipe
refused 65 "pipe" 0 predict pipe -i t.csv -o out.h5
refused 65 "pipe" 0 predict run/final.h5 -i pipe -o out.h5
refused 65 "pipe" 0 inspect pipe
refused 65 "pipe" 0 train net.yaml data.train.file=pipe -o none
refused 65 "pipe" 3 train net.yaml "data={type: hdf5, train: {file: pipe, x: /x, y: /y}}" -o none
refused 65 "pipe" 0 train net.yaml "model.init={type: file, file: pipe}" -o none
fresh
refused 65 "pipe" 0 train net.yaml -o again --resume=pipe
"$LOCKSTEP" config check <(cat net.yaml) >/dev/null || fail "a config from a pipe"
"$LOCKSTEP" plot cost <(cat run/metrics.jsonl) -o - >/dev/null || fail "metrics from a pipe"

# The n-th open or read in the folder fails: an error with its reason, or the run goes on; nothing is renamed. A right end has the bits
# of a run that was never stopped.
export ASAN_OPTIONS=verify_asan_link_order=0
right=$(hash_of whole/final.h5)
attempt() { # RANKS OP N ERROR WHEN; false once N is beyond the last such call
  fresh; rm -f hit
  # shellcheck disable=SC2046
  LD_PRELOAD="$BUILD/tests/libiotrap.so" IOTRAP_DIR=again IOTRAP_HIT=$PWD/hit IOTRAP_FAULT="$2:$3:$4:$5" on "$1" $(resume) >out 2>err
  local got=$?
  [ -e hit ] || return 1
  if compgen -G 'again/*.damaged' >/dev/null; then fail "$*: a good checkpoint was called damaged: $(head -c 400 err)"; fi
  [ $got -eq 0 ] || [ $got -eq 65 ] || [ $got -eq 74 ] || fail "$*: exit $got: $(head -c 400 err)"
  [ $got -ne 0 ] || [ "$(hash_of again/final.h5)" = "$right" ] || fail "$*: other bits"
  if [ $got -eq 65 ]; then
    grep -qE 'again/(ckpt-[0-9]+|final).h5.*(Input/output error|Permission denied)' err || fail "$*: $(head -c 400 err)"
  fi
}
for trial in open:EACCES:ever open:EIO:once read:EIO:once; do
  IFS=: read -r op error when <<<"$trial"
  for n in 1 2 3 4 5 6 7 8; do attempt 0 "$op" $n "$error" "$when" || break; done
done
attempt 3 read 3 EIO ever
finish
