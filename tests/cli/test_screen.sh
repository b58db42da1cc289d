#!/bin/bash
# What a person sees of a run: a header of short lines, rows with marks on a terminal, the next command; no hint that is not true.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cp "$SOURCE"/tests/cases/predict-output/* .
on 0 train net.yaml data.validation=0.2 -o run >out 2>err || fail "train: $(cat err)"
for words in '^data .*t.csv: 96 train, 24 validation' '^network .*3 x 8 x 2, 50 parameters' '^optimizer .*adam, lr 0.02, schedule constant' \
  '^runs on .*1 rank on 1 host, [0-9]* thread'; do
  grep -q "$words" err || fail "the header lacks '$words': $(head -5 err)"
done
[ "$(awk 'length > 80' err)" = "" ] || fail "lines of more than 80 columns: $(awk 'length > 80' err)"
grep -q '^ \*     1 ' err || fail "the first epoch is not the best so far: $(grep '     1 ' err)"
best=$(sed -n 's/^best: val_loss .* at step \([0-9]*\)$/\1/p' err)
[ "$(grep '^ \*' err | tail -1 | awk '{ print $2 * 6 }')" = "$best" ] || fail "the best is not marked last: step $best, $(grep '^ \*' err)"
[ "$(grep -c '^committed ' err)" -eq 21 ] || fail "commits are lines where there is no terminal: $(grep committed err)"
grep -q '^hint' err && fail "a hint in a run of a moment: $(grep '^hint' err)"
next=$(sed -n 's/^next: //p' err)
[ "$next" = "lockstep predict run/final.h5 -i FILE -o out.csv" ] || fail "next: $next"
on 0 train net.yaml 'eval.on=[all]' train.epochs=2 -o whole >out 2>err || fail "eval.on all: $(cat err)"
grep -qx '   epoch       loss    acc   all_loss all_acc       lr samples/s    time    left' err || fail "eval.on all: $(grep epoch err)"
grep "\"epoch\":2," whole/metrics.jsonl | grep -q "\"all_loss\":$(awk '$1 == 2 { print $4 }' err)" || fail "not the loss of all samples: $(grep -A 2 epoch err)"
on 0 train net.yaml -o stopped --time-limit 0:00:01 'train={steps: 100000000, batch: 16}' >out 2>err; code=$?
[ $code -eq 75 ] || fail "time limit: exit $code"
grep -qF "next: lockstep train net.yaml -o stopped --time-limit 0:00:01 'train={steps: 100000000, batch: 16}' --resume=auto" err || fail "next: $(grep ^next err)"
[ $failures -eq 0 ] && ! command -v script >/dev/null && { echo "no script: nothing tried on a terminal"; finish; exit 0; }

on_terminal() { TERM=xterm script -qec "stty cols ${COLUMNS:-80} rows 40; $LOCKSTEP train net.yaml data.validation=0.2 -o run --force $*" /dev/null </dev/null >err; }
on_terminal
mark=$(printf '\033[1A\r+')
grep -q committed err && fail "lines of commits on a terminal"
grep -qF "$mark" err || fail "no mark for the last checkpoint: $(cat -v err)"
COLUMNS=50 on_terminal
grep -q committed err && fail "a narrow terminal: lines of commits"
COLUMNS=40 on_terminal # the columns that fit, and no more
tr -d '\r' <err | grep -qx '   epoch       loss    acc   val_loss' || fail "40 columns: $(grep epoch err | cat -v)"
tr -d '\r' <err | grep -qE '^ \*? +1 +[0-9.e-]+ +[0-9.]+ +[0-9.e-]+$' || fail "a row in 40 columns: $(grep '  1  ' err | cat -v)"
on_terminal "train.nonfinite=skip optimizer='{type: sgd, lr: 1e19}' train.epochs=3"
grep -q 'not finite; the update is skipped' err || fail "no warnings between the rows: $(cat -v err)"
grep -q committed err && fail "warnings between a row and its mark: $(grep committed err)"
on_terminal "--time-limit 0:00:01 train.epochs=100000000 checkpoint.every=never"
[ "$(grep -c committed err)" -eq 1 ] || fail "a checkpoint whose row never comes: $(cat -v err)"
[ -z "$(tr '\r' '\n' <err | grep '^.\[Kepoch' | awk 'length > 83')" ] || fail "the bar's line does not fit: $(tr '\r' '\n' <err | grep '^.\[Kepoch' | head -1)"
on_terminal "train.epochs=5000 'train.early_stop={metric: val_loss, patience: 4}'"
grep -q committed err && fail "early stop between the rows that are printed: $(grep committed err)"
on_terminal -v
[ "$(grep -c 'committed ' err)" -eq 21 ] || fail "-v: $(grep committed err)"
finish
