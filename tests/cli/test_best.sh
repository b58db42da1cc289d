#!/bin/bash
# test_best.sh - what follows from which evaluation was the best: early_stop with min_delta, keep.best beside it, restore_best; over stops,
# on 1 to 4 ranks, from a checkpoint of before.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/early-stop/* .
field() { sed -n "s/.*\"$2\":\"*\([^,\"}]*\).*/\1/p" "$1/metrics.jsonl"; } # field RUN NAME: of each event that has it
end_of() { tail -1 "$1/metrics.jsonl" | sed -n "s/.*\"$2\":\"*\([^,\"}]*\).*/\1/p"; }

# ---- early_stop counts as written here: better is by more than min_delta, of what counted last ----
run 0 train net.yaml -o free train.early_stop=none
stop_of() { # stop_of METRIC SIGN PATIENCE MIN_DELTA: the epoch
  grep '"event":"epoch"' free/metrics.jsonl | sed "s/.*\"$1\":\([^,]*\),.*/\1/" |
    awk -v sign="$2" -v patience="$3" -v delta="$4" 'NR == 1 || sign * ($1 - best) > delta { best = $1; bad = 0; next }
      ++bad == patience { print NR; found = 1; exit } END { if (!found) print NR }'
}
stops=
for case in "val_loss -1 6 0" "val_loss -1 6 0.004" "val_loss -1 4 0.05" "val_loss -1 3 1" "val_accuracy 1 5 0" "val_accuracy 1 8 0.1" "loss -1 2 0.01"; do
  read -r metric sign patience delta <<<"$case"
  run 0 train net.yaml -o stop --force "train.early_stop={metric: $metric, patience: $patience, min_delta: $delta}"
  epoch=$(field stop epoch | tail -1)
  [ "$epoch" = "$(stop_of $metric $sign $patience $delta)" ] || fail "$case: stopped after epoch $epoch, not $(stop_of $metric $sign $patience $delta)"
  stops="$stops$epoch "
done
[ "$(echo "$stops" | tr ' ' '\n' | sort -u | wc -l)" -ge 5 ] || fail "the cases stop at the same epochs: $stops" # or they would tell nothing

# ---- min_delta is early_stop's alone: the best is the best by however little; and of a metric of its own ----
run 0 train net.yaml -o little 'train.early_stop={metric: val_loss, patience: 4, min_delta: 0.05}' train.restore_best=true
best=$(grep '"event":"epoch"' little/metrics.jsonl | sed 's/.*"global_step":\([0-9]*\),.*"val_loss":\([^,]*\),.*/\2 \1/' | sort -g | head -1 | cut -d' ' -f2)
[ "$(end_of little restored_step)" = "$best" ] || fail "little: restored $(end_of little restored_step), and the best is $best"
run 0 train net.yaml -o other checkpoint.keep.best=val_accuracy
step=$(sed -n 's/^best: val_accuracy 0.9.* at step \([0-9]*\)$/\1/p' err)
[ "$(field other epoch | tail -1)" = "$(stop_of val_loss -1 6 0)" ] && [ -n "$step" ] && [ -e "other/ckpt-$step.h5" ] || fail "two metrics: $(tail -25 err)"

# ---- restore_best: final.h5 holds the best evaluation's weights, and says which ----
restore=(train.restore_best=true train.early_stop=none)
run 0 train net.yaml -o best "${restore[@]}"
best=$(sed -n 's/^best: val_loss .* at step \([0-9]*\)$/\1/p' err)
[ "$best" -lt 330 ] || fail "the best is the last: this shows nothing"
grep -q "^lockstep: final.h5 holds the weights of step $best, the best by val_loss" err || fail "log: $(cat err)"
grep -q "\"restored\":{\"global_step\":$best,\"metric\":\"val_loss\",\"value\":0" best/record.json || fail "record: $(cat best/record.json)"
"$LOCKSTEP" inspect best/final.h5 | grep -q "weights .*, restored from step $best" || fail "inspect: $("$LOCKSTEP" inspect best/final.h5)"
"$LOCKSTEP" inspect "best/ckpt-$best.h5" | grep -q "restored from" && fail "inspect says restored of a checkpoint on the way"
[ "$(hash_of best/final.h5)" = "$(hash_of "best/ckpt-$best.h5")" ] || fail "final.h5 has not the weights of ckpt-$best.h5"
[ "$(end_of best weights_hash)" = "$(hash_of best/final.h5)" ] || fail "the end event has another hash"
[ "$(hash_of free/final.h5)" != "$(hash_of best/final.h5)" ] || fail "the last weights are the best: this shows nothing"
diff <(numbers_of free | grep -v '"end"') <(numbers_of best | grep -v '"end"') || fail "restore_best changes the training"
for split in train validation; do # the end event is of the weights in final.h5
  run 0 eval "best/ckpt-$best.h5" --split $split --json
  loss=$(sed -n 's/.*"loss":\([^,}]*\).*/\1/p' out)
  name=loss
  [ $split = train ] || name=val_loss
  tail -1 best/metrics.jsonl | grep -q "[{,]\"$name\":$loss[,}]" || fail "end event: $name is not $loss: $(tail -1 best/metrics.jsonl)"
done
for file in "ckpt-$best.h5" final.h5; do run 0 predict "best/$file" -i iris.csv -o "$file.csv"; done
cmp "ckpt-$best.h5.csv" final.h5.csv || fail "predict: another network"

# ---- the same bits on any ranks; stopped anywhere, and also when what goes on is a final.h5 ----
for ranks in 1 2 3 4; do
  run $ranks train net.yaml -o ranks-$ranks "${restore[@]}"
  cmp best/final.h5 ranks-$ranks/final.h5 || fail "$ranks ranks: another final.h5"
  [ "$(numbers_of ranks-$ranks)" = "$(numbers_of best)" ] || fail "$ranks ranks: other metrics"
done
run 2 train net.yaml -o part "${restore[@]}" train.epochs=none train.steps=100
"$LOCKSTEP" inspect part/final.h5 | grep -q 'restored from' || fail "part: nothing was restored"
run 3 train net.yaml -o part "${restore[@]}" --resume=part/final.h5 train.epochs=none train.steps=203
run 1 train net.yaml -o part "${restore[@]}" --resume
cmp best/final.h5 part/final.h5 || fail "stopped twice: another final.h5"
run 2 train net.yaml -o part "${restore[@]}" --resume
cmp best/final.h5 part/final.h5 || fail "resumed at its end: another final.h5"
run 4 train net.yaml -o bits "${restore[@]}" train.exchange=tree train.precision=float64
run 0 train net.yaml -o bits64 "${restore[@]}" train.precision=float64
same bits bits64 "float64, tree on 4 ranks"

# ---- a checkpoint of before min_delta: the stop comes where it came then ----
run 2 train net.yaml -o before --resume=format-1.1-step-165.h5
[ "$(field before epoch | tail -1)" = 18 ] || fail "before: stopped after epoch $(field before epoch | tail -1)"
[ "$(hash_of before/final.h5)" = xxh3-128:9c63057167fec72e82dbc6fdfc59abf3 ] || fail "before: other weights: $(hash_of before/final.h5)"
refused 78 "no run changes its train.restore_best" \
  train net.yaml -o never --resume=format-1.1-step-165.h5 train.restore_best=true --allow train.restore_best
refused 78 "train.restore_best: false -> true" train net.yaml -o never --resume=format-1.1-step-165.h5 train.restore_best=true

# ---- a checkpoint does not keep checkpoint.keep.best, and is read all the same ----
loss=("${restore[@]}" data.validation=none checkpoint.keep.best=loss)
run 0 train net.yaml -o loss "${loss[@]}"
run 3 train net.yaml -o loss-part "${loss[@]}" train.epochs=none train.steps=211
run 2 train net.yaml -o loss-part "${loss[@]}" --resume
cmp loss/final.h5 loss-part/final.h5 || fail "by loss: another final.h5"
run 0 inspect loss/final.h5

# ---- nothing worth keeping; what cannot be ----
{ echo a,y; for ((i = 0; i < 60; i++)); do echo "$((i % 7)),$((100 + i % 7))"; done; } >far.csv
far=(data.train='{file: far.csv, x: [a], y: [y]}' data.scale=none model.layers='[{units: out}]' loss=mse optimizer.lr=1e-9 train.epochs=3)
run 3 train net.yaml -o far "${restore[@]}" "${far[@]}"
grep -q 'warning: train.restore_best: no evaluation gave weights worth keeping: final.h5 holds the last ones, of step ' err || fail "far: $(cat err)"
grep -q restored far/metrics.jsonl && fail "far: $(tail -1 far/metrics.jsonl)"
refused 78 "which evaluation is the best? There are no validation samples" train net.yaml -o never data.validation=none "${restore[@]}"
refused 78 "there is no val_loss where eval.every is never" train net.yaml -o never eval.every=never "${restore[@]}"
refused 78 "which evaluation is the best?" train net.yaml -o never checkpoint.keep.best=none "${restore[@]}"
refused 78 "train.early_stop.min_delta" config check net.yaml train.early_stop.min_delta=-1
refused 78 "a program's samples are evaluated by the program" config check net.yaml data='{type: memory, inputs: 4, classes: 3}' checkpoint.keep.best=loss "${restore[@]}"
finish
