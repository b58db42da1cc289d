#!/bin/bash
# test_plateau.sh - schedule plateau: cuts where ReduceLROnPlateau would, over stops and on any ranks; what schedule shows of it; what is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/early-stop/* .
epochs() { grep '"event":"epoch"' "$1/metrics.jsonl"; }
value() { sed "s/.*\"$1\":\([^,}]*\)[,}].*/\1/"; } # value KEY: of each line

# ---- torch.optim.lr_scheduler.ReduceLROnPlateau, stepped with what each epoch's evaluation gave: its words, threshold_mode abs, eps 0 ----
torch() { # torch RUN METRIC MODE FACTOR PATIENCE THRESHOLD COOLDOWN MIN_LR: the rate of each epoch
  epochs "$1" | value "$2" | awk -v mode="$3" -v factor="$4" -v patience="$5" -v threshold="$6" -v cooldown="$7" -v min_lr="$8" '
    BEGIN { lr = 0.2; best = mode == "min" ? 1e300 : -1e300 }
    { printf "%.17g\n", lr
      if (mode == "min" ? $1 < best - threshold : $1 > best + threshold) { best = $1; num_bad_epochs = 0 } else num_bad_epochs++
      if (cooldown_counter > 0) { cooldown_counter--; num_bad_epochs = 0 }
      if (num_bad_epochs > patience) { lr = lr * factor > min_lr ? lr * factor : min_lr; cooldown_counter = cooldown; num_bad_epochs = 0 } }'
}
cuts=
n=0
while read -r metric mode factor patience delta cooldown min_lr; do
  n=$((n + 1))
  run 0 train net.yaml -o case$n train.early_stop=none \
    "schedule={type: plateau, metric: $metric, factor: $factor, patience: $patience, min_delta: $delta, cooldown: $cooldown, min_lr: $min_lr}"
  torch case$n $metric $mode $factor $((patience - 1)) $delta $cooldown $min_lr >want
  epochs case$n | value lr >have
  paste -d' ' want have | awk '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > 1e-14) exit 1 }' || fail "$metric $factor $patience $delta $cooldown $min_lr: $(paste want have)"
  cuts="$cuts $(sort -u have | wc -l)"
done <<'C'
val_loss min 0.1 3 0 0 0
val_loss min 0.5 1 0 0 0
val_loss min 0.5 2 0.01 3 0
val_loss min 0.5 1 0.02 1 0.03
val_accuracy max 0.7 4 0 2 0
loss min 0.3 2 0.001 0 0
C
echo "$cuts" | tr ' ' '\n' | grep -qx 1 && fail "a case without a cut tells nothing: $cuts"
# By hand: val_loss of a network that stands still (lr far too small) is better once and then never; patience 2, cooldown 3: cuts after evaluations 3, 8, 13, ...
run 0 train net.yaml -o still train.early_stop=none optimizer.lr=1e-20 train.epochs=15 "schedule={type: plateau, factor: 0.5, patience: 2, cooldown: 3}"
[ "$(epochs still | value lr | sort -gr | uniq -c | awk '{ printf "%d ", $1 }')" = "3 5 5 2 " ] || fail "by hand: $(epochs still | value lr)"
[ "$(grep -o 'step [0-9]*: no better val_loss in 2 evaluations: the learning rate goes from 1e-20 to 5e-21' err)" = \
  "step 33: no better val_loss in 2 evaluations: the learning rate goes from 1e-20 to 5e-21" ] || fail "log: $(cat err)"

# ---- warm-up, early_stop and restore_best beside it; any ranks, stopped in the middle of patience and of cooldown ----
words=("schedule={type: plateau, factor: 0.5, patience: 2, cooldown: 2, min_delta: 0.005, warmup: 7}" train.early_stop.patience=9 train.restore_best=true)
run 0 train net.yaml -o whole "${words[@]}"
[ "$(epochs whole | value lr | sort -u | wc -l)" -ge 3 ] || fail "whole: fewer than two cuts"
for ranks in 2 3 4; do
  run $ranks train net.yaml -o ranks-$ranks "${words[@]}"
  cmp whole/final.h5 ranks-$ranks/final.h5 || fail "$ranks ranks: another final.h5"
  [ "$(numbers_of whole)" = "$(numbers_of ranks-$ranks)" ] || fail "$ranks ranks: other metrics"
done
end=$(tail -1 whole/metrics.jsonl | value global_step)
run 3 train net.yaml -o part "${words[@]}" train.epochs=none train.steps=50
for step in 66 77 93 104 115 126; do
  [ $step -ge "$end" ] || run $((step % 4 + 1)) train net.yaml -o part "${words[@]}" train.epochs=none train.steps=$step --resume
done
run 2 train net.yaml -o part "${words[@]}" --resume
cmp whole/final.h5 part/final.h5 || fail "stopped often: another final.h5"
"$LOCKSTEP" inspect whole/final.h5 | grep -q 'plateau  *the rate has been cut [2-9]' || fail "inspect: $("$LOCKSTEP" inspect whole/final.h5)"

# ---- a checkpoint of before goes on with it; its keys may change ----
run 2 train net.yaml -o before --resume=format-1.1-step-165.h5 train.early_stop=none "schedule={type: plateau, patience: 1}" --allow schedule --allow train.early_stop
[ "$(epochs before | value lr | sort -u | wc -l)" -ge 2 ] || fail "before: no cut: $(epochs before)"
run 3 train net.yaml -o before --resume train.epochs=40 train.early_stop=none "schedule={type: plateau, patience: 1, metric: val_accuracy}" --allow schedule

# ---- what cannot be known beforehand ----
run 0 schedule net.yaml "schedule={type: plateau, factor: 0.5, patience: 4, min_lr: 0.06}"
printf '%s\n' "schedule: plateau, initial rate 0.2; when it is cut cannot be known beforehand:" "after 4 evaluations without a better val_loss" \
  "        cuts             lr" "           0            0.2" "           1            0.1" "           2           0.06" | cmp - out || fail "schedule: $(cat out)"
for how in "--csv" "--at 0,5" "-o lr.svg" "--steps 9"; do
  # shellcheck disable=SC2086 # words
  refused 78 "cannot be known beforehand" schedule net.yaml schedule.type=plateau $how
done
refused 78 "min_lr is more than optimizer.lr" config check net.yaml "schedule={type: plateau, min_lr: 1}"
refused 78 "val_loss needs validation samples" config check net.yaml data.validation=none train.early_stop=none schedule.type=plateau
refused 78 "there is no val_loss where eval.every is never" config check net.yaml eval.every=never schedule.type=plateau
refused 78 "train.mode hogwild takes rates that follow from global_step alone" config check net.yaml train.mode=hogwild optimizer.type=sgd schedule.type=plateau
refused 78 "plateau looks at evaluations, which are the program's to make" config check net.yaml data='{type: memory, inputs: 4, classes: 3}' train.early_stop=none "schedule={type: plateau, metric: loss}"
refused 78 "schedule.factor" config check net.yaml "schedule={type: plateau, factor: 1}"
finish
