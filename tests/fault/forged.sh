# forged.sh - forged checkpoints against the commands that read them; sourced by fault.forged and scripts/fuzz-checkpoint.
# shellcheck shell=bash
# Needs lib.sh, FORGE, and in the current folder t.csv and regression.yaml of tests/cases/format-1.0.

make_truth() { # a checkpoint, what eval says of it, and an older one
  "$LOCKSTEP" train regression.yaml -o truth 'checkpoint.every=10 steps' -q 2>err || fail "train: $(cat err)"
  cp truth/final.h5 truth.h5
  "$LOCKSTEP" eval truth.h5 --split train --json | grep -o '"loss":[^,]*' >truth.loss
  cut -d, -f1,2 t.csv >new.csv
}

# answers COMMAND...: 0, or 65 and the file is named; nothing of a sanitizer's. Numbers that lie within what is possible may make a
# resumed run diverge, which ends with 71.
answers() {
  local code
  timeout -k 5 60 "$LOCKSTEP" "$@" >out 2>err
  code=$?
  grep -qE 'Sanitizer|runtime error' err && fail "seed $seed ($what): $*: $(grep -E 'Sanitizer|runtime error' err | head -1)"
  case $code in
    0) ;;
    65) grep -q 'forged.h5\|ckpt-99.h5' err || fail "seed $seed ($what): $*: the file is not named: $(cat err)" ;;
    71) [ "$1" = train ] || fail "seed $seed ($what): $*: exit 71" ;;
    *) fail "seed $seed ($what): $*: exit $code: $(tail -1 err)" ;;
  esac
  return $code
}

# A loss that no lie was about is what it was.
same_loss() {
  case $what in *model* | *data* | *index* | *header* | *byte* | *config*) return ;; esac
  grep -o '"loss":[^,]*' out | cmp -s - truth.loss || fail "seed $seed ($what): eval: $(cat out)"
}

try_commands() { # try_commands SEED: every command that reads a checkpoint
  seed=$1
  what=$("$FORGE" truth.h5 forged.h5 "$seed")
  answers inspect forged.h5 --verify
  answers eval forged.h5 --split train --json && same_loss
  answers predict forged.h5 -i new.csv -o p.h5 --force
  rm -rf on
  answers train regression.yaml -o on --resume=forged.h5 train.steps=26
  rm -rf on
  answers train regression.yaml -o on "model.init={type: file, file: forged.h5}" train.steps=2
  rm -rf on && mkdir on && cp truth/ckpt-10.h5 on/ && cp forged.h5 on/ckpt-99.h5
  answers train regression.yaml -o on --resume=auto || case $? in
    65) grep -q 'may well be good' err || fail "seed $seed ($what): auto does not take the older one: $(tail -1 err)" ;;
  esac
}
