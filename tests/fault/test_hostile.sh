#!/bin/bash
# Files that HDF5 does not survive, with a right digest or none: never a crash of ours, 65 with a name, and a resume falls back to the
# good checkpoint before them. Checkpoints of format 1.0, which HDF5 still has to parse, are read to the values that they were made with.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
H=$SOURCE/tests/cases/hostile
cp "$SOURCE"/tests/cases/format-1.0/* "$H"/*.h5 .
refuses() { # refuses FILE RANKS ARGUMENT...: 65, and FILE is named
  local file=$1 ranks=$2 code; shift 2
  on "$ranks" "$@" >out 2>err; code=$?
  [ $code -eq 65 ] && grep -q "$file" err || fail "$*: exit $code on $ranks ranks: $(tail -2 err)"
}

# ---- crafted files ----
for f in tiny forged-crash wrap-2763be; do
  refuses $f.h5 0 inspect $f.h5
  refuses $f.h5 0 inspect $f.h5 --verify
  refuses $f.h5 0 eval $f.h5 --split train
  refuses $f.h5 0 predict $f.h5 -i t.csv -o p.h5
  refuses $f.h5 0 train regression.yaml -o never "--resume=$f.h5"
  refuses $f.h5 0 train regression.yaml -o never --force "model.init={type: file, file: $f.h5}"
done
refuses forged-crash.h5 3 eval forged-crash.h5 --split train
refuses tiny.h5 3 train regression.yaml -o never --force "model.init={type: file, file: tiny.h5}"

# ---- fields that contradict each other, under right digests ----
contradicts() { # contradicts NAME TEXT: whichever command reads it
  refuses "$1.h5" 0 train regression.yaml -o never "--resume=$1.h5"
  refuses "$1.h5" 0 eval "$1.h5" --split train
  refuses "$1.h5" 0 inspect "$1.h5"
  grep -qF "$2" err || fail "$1: not '$2': $(cat err)"
}
contradicts step-negative /meta/global_step
contradicts step-2-62 /meta/global_step
contradicts precision '/numerics/precision contradicts /config/text'
contradicts sums /train/epoch_samples
refuses precision.h5 3 eval precision.h5 --split train
refuses precision.h5 0 train regression.yaml -o never "model.init={type: file, file: precision.h5}"

mkdir folder && cp sums.h5 folder/ckpt-23.h5
on 0 inspect folder >out || fail "inspect folder: exit $?"
on 0 inspect folder --verify >out 2>err
[ $? -eq 65 ] && grep -q 'ckpt-23.h5 .* damaged' out || fail "inspect --verify of a folder: $(cat out err)"

# ---- the newest one kills HDF5: the older one is gone on from ----
for ranks in 0 3; do
  mkdir run$ranks
  on $ranks train regression.yaml -o run$ranks -q 2>err || fail "train: $(cat err)"
  rm run$ranks/final.h5
  cp wrap-2763be.h5 run$ranks/ckpt-32.h5
  on $ranks train regression.yaml -o run$ranks --resume=auto train.steps=40 -q 2>err || fail "auto: exit $?: $(cat err)"
  grep -q 'ckpt-32.h5' err || fail "auto says nothing of ckpt-32.h5: $(cat err)"
  [ "$(hash_of run$ranks/final.h5)" = xxh3-128:9290f93ef03aa4b748369d6c1f1efab7 ] || fail "auto on $ranks ranks: another final.h5"
done
cmp run0/final.h5 run3/final.h5 || fail "another final.h5 on 3 ranks"

# ---- format 1.0: what the lockstep that wrote it said of it, and did with it ----
reads() { # reads NAME DATA EVAL-LINE WEIGHTS-HASH PREDICTIONS-DIGEST HASH-AT-STEP-40
  local ranks
  [ "$(hash_of "$1.h5")" = "xxh3-128:$4" ] || fail "$1: weights $(hash_of "$1.h5")"
  cut -d, -f1,2 "$2" >new.csv
  for ranks in 0 3; do
    [ "$(on $ranks eval "$1.h5" --split train --json)" = "$3" ] || fail "eval $1 on $ranks: $(on $ranks eval "$1.h5" --split train --json)"
    on $ranks predict "$1.h5" -i new.csv -o p.h5 --force -q >/dev/null || fail "predict $1: exit $?"
    h5dump -d /predictions -b LE -o p.bin p.h5 >/dev/null
    [ "$(md5sum <p.bin)" = "$5  -" ] || fail "predict $1 on $ranks: other predictions"
    on $ranks train "$1.yaml" -o "$1-$ranks" "--resume=$1.h5" train.steps=40 -q 2>err || fail "resume $1: exit $?: $(cat err)"
    [ "$(hash_of "$1-$ranks/final.h5")" = "xxh3-128:$6" ] || fail "resume $1 on $ranks: another final.h5"
  done
  on 0 train "$1.yaml" -o "init-$1" "model.init={type: file, file: $1.h5}" optimizer.lr=1e-30 train.steps=1 -q 2>err || fail "init $1: $(cat err)"
  on 0 eval "init-$1/final.h5" --split train --json >out
  diff <(grep -o '"loss":[^,]\{10\}' out) <(grep -o '"loss":[^,]\{10\}' <<<"$3") || fail "init from $1: $(cat out)"
}
reads regression t.csv '{"split":"train","samples":40,"loss":0.048492806715817495,"mae":0.1859616882429691,"rmse":0.2202108233394024,"r2":0.0017761339992152791,"names":["y"]}' \
  af050a01fb0921db02a9cebeedbecf2e d39f2eb112e0ca03b7b5d077162fa8ae 9290f93ef03aa4b748369d6c1f1efab7
reads classes k.csv '{"split":"train","samples":40,"loss":0.86214116296785781,"accuracy":0.52500000000000002,"names":["hi","lo","mid"]}' \
  7af9526f50eb80b1af02e58718800b48 b78cf69b052cfb7438bc20825060a7e3 2f77267527e915cb7b41a79f7ab540fa
# Inputs are scaled more exactly than the program of then did, so the last digits differ.
on 0 eval scaled.h5 --split train --json >out || fail "eval scaled: exit $?"
grep -q '"loss":0.2215148' out || fail "eval scaled: $(cat out)"
finish
