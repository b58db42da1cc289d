#!/bin/bash
# lockstep sweep: the same rows and bits on 1 to 4 ranks with 1 and 2 ranks a trial, killed and gone on with on other ranks, stopped by a signal
# and a time limit; a trial is the run that train makes; one that diverges, fails or stops early is a row; halving goes as an independent count of its
# events says; ranges are drawn; what is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp "$SOURCE"/tests/cases/sorted-validation/* .
# rows DIR: sweep.csv without the columns of clocks
rows() { sed -E 's/,[^,]*,[^,]*$//' "$1/sweep.csv"; }
# alike DIR: the same rows, and the same bytes in every final.h5
alike() {
  cmp -s <(rows all) <(rows "$1") || fail "$1: other rows: $(diff <(rows all) <(rows "$1"))"
  for run in all/trial-*; do
    local other=$1/${run#all/}
    if [ -e "$run/final.h5" ] && ! cmp -s "$run/final.h5" "$other/final.h5"; then fail "$other: other bytes"; fi
  done
  [ "$(ls "$1")" = "$(ls all)" ] || fail "$1: holds other files: $(ls -A "$1")"
  [ ! -e "$1/.claims" ] && [ ! -e "$1/.lock" ] || fail "$1: something is left: $(ls -A "$1")"
}

# Six trials: one rate diverges, one file has a bad line, one stops early; batches are drawn.
sed '20s/,.*/,a,b,c,setosa/' iris.csv >bad.csv
sweep=(net.yaml "checkpoint.every=20 epochs" train.early_stop.patience=2 --vary "optimizer.lr=0.1,0.01,1e38" --vary "train.early_stop.metric=val_loss"
  --vary "data.train.file=iris.csv,bad.csv" --vary "train.batch=16:64" --trials 6 --seeds "1,3")
run 0 sweep "${sweep[@]}" -o all
[ "$(wc -l <all/sweep.csv)" -eq 13 ] || fail "12 runs: $(cat all/sweep.csv)"
[ "$(grep -c ',failed 65,' all/sweep.csv)" -eq 6 ] || fail "bad data: $(cat all/sweep.csv)"
[ "$(grep -c ',diverged,' all/sweep.csv)" -eq 2 ] || fail "a rate of 1e38 diverges: $(cat all/sweep.csv)"
grep -q ',early_stop,' all/sweep.csv || fail "none stops early: $(cat all/sweep.csv)"
grep -q 'trial-2-seed-1: failed 65: bad.csv:20' err || fail "why it failed is not said: $(cat err)"
head -1 all/sweep.csv | grep -q '^trial,fold,optimizer.lr,train.early_stop.metric,data.train.file,train.batch,seed,global_step,loss,accuracy,val_loss,val_accuracy,status,run,seconds,samples_per_s$' || fail "columns: $(head -1 all/sweep.csv)"
run 3 sweep "${sweep[@]}" -o ranks-3
alike ranks-3
run 4 sweep "${sweep[@]}" --ranks-per-trial 2 -o pairs-4
alike pairs-4
grep -q "2 at a time, each on 2 of 4 ranks" err || fail "groups are not said: $(cat err)"

# ---- a trial is the run that train makes ----
batch=$(awk -F, '$1 == 3 && $7 == 3 { print $6 }' all/sweep.csv)
run 0 train net.yaml optimizer.lr=0.01 train.batch="$batch" "train.early_stop={metric: val_loss, patience: 2}" seed=3 -o alone
cmp -s alone/final.h5 all/trial-3-seed-3/final.h5 || fail "a trial is not the run of train"

# ---- once more: nothing is left to do, but for what failed ----
before=$(stat -c %Y.%i all/trial-1-seed-1/final.h5)
run 2 sweep "${sweep[@]}" -o all
[ "$before" = "$(stat -c %Y.%i all/trial-1-seed-1/final.h5)" ] || fail "a run that was over has been trained again"
alike all
# One that failed in each of its runs.
run 2 sweep net.yaml --vary data.train.file=bad.csv,nothere.csv -o failed
[ "$(grep -c ',failed 65,' failed/sweep.csv)" -eq 2 ] || fail "all fail: $(cat failed/sweep.csv)"
grep -q "no trial has a val_loss of all its runs; failed/sweep.csv says how each ended" out || fail "all fail: $(cat out)"
# More seeds: the runs that are there stay.
cp -r all more-seeds
run 0 sweep "${sweep[@]//1,3/1-3}" -o more-seeds
[ "$(wc -l <more-seeds/sweep.csv)" -eq 19 ] || fail "18 runs: $(cat more-seeds/sweep.csv)"
cmp -s <(grep -v -- -seed-2 more-seeds/sweep.csv) all/sweep.csv || fail "more seeds change what was there"

# ---- killed, and gone on with on another number of ranks ----
long=(net.yaml "checkpoint.every=100 epochs" "eval.every=100 epochs" train.epochs=500 train.batch=4 --vary "optimizer.lr=0.01,0.003,0.001" --folds 2 --seeds 1,2)
run 0 sweep "${long[@]}" -o whole
killed=("${long[@]}") finals=12
# start RANKS DIR WORD...: the sweep ${killed[@]} in the background; each rank's process is in pid.RANK
start() {
  local ranks=$1 dir=$2; shift 2
  rm -f pid.*
  # shellcheck disable=SC2016 # the rank's shell expands
  "$MPIRUN" -n "$ranks" sh -c 'echo $$ >pid.${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}; exec "$@"' - "$LOCKSTEP" sweep "${killed[@]}" "$@" -o "$dir" >out 2>err &
  job=$!
}
# interrupt SIGNAL RANKS DIR FILE: start it, and send the signal to rank 1 once FILE is there; again where it was over before, or all of its $finals networks were there. Its exit code: $code
interrupt() {
  for ((attempt = 0; attempt < 10; attempt++)); do
    rm -rf "$3"
    start "$2" "$3"
    for ((i = 0; i < 6000; i++)); do { [ -e "$3/$4" ] || ! kill -0 $job; } 2>/dev/null && break; sleep 0.01; done
    kill "-$1" "$(cat pid.1)" 2>/dev/null
    code=0
    wait $job 2>/dev/null || code=$?
    [ $code -eq 0 ] || [ "$(find "$3" -name final.h5 | wc -l)" -ge "$finals" ] || return 0
  done
  fail "$3: it was never caught at $4"
}
all_whole() {
  cmp -s <(rows whole) <(rows "$1") || fail "$1: other rows: $(diff <(rows whole) <(rows "$1"))"
  for r in whole/trial-*; do cmp -s "$r/final.h5" "$1/${r#whole/}/final.h5" || fail "$1/${r#whole/}: other bytes"; done
}
# ---- what runs share is read once, before the first of them: once a fold here, whatever the ranks; without the file afterwards, all end as they did ----
cp iris.csv gone.csv
killed=("${long[@]}" data.train.file=gone.csv) finals=12
start 2 shared
for ((i = 0; i < 6000; i++)); do { [ -e shared/trial-1-fold-0-seed-1/config.yaml ] || ! kill -0 $job; } 2>/dev/null && break; sleep 0.01; done
rm gone.csv
wait $job || fail "data that are gone: exit $?: $(cat err)"
cmp -s <(rows whole) <(rows shared) || fail "shared data: other rows: $(diff <(rows whole) <(rows shared))"
if strace -V >out 2>&1; then
  strace -f -o opened -e trace=openat "$MPIRUN" -n 2 "$LOCKSTEP" sweep net.yaml train.epochs=1 --vary "optimizer.lr=0.01,0.003,0.001" --folds 2 -o counted >out 2>err || fail "under strace: $(cat err)"
  [ "$(grep -c 'iris.csv"' opened)" -eq 2 ] || fail "iris.csv is not opened once a fold: $(grep 'iris.csv"' opened)"
fi
killed=("${long[@]}")
ranks=2
for place in trial-1-fold-1-seed-1/config.yaml trial-2-fold-0-seed-1/ckpt-1900.h5 trial-2-fold-1-seed-2/final.h5; do
  interrupt KILL $ranks killed-$ranks $place
  run $((ranks - 1)) sweep "${long[@]}" -o killed-$ranks
  grep -q " to go" err || fail "killed at $place: nothing was left, or all: $(cat err)"
  all_whole killed-$ranks
  ranks=$((ranks + 1))
done

# ---- one rank's signal stops all groups, with checkpoints ----
interrupt USR1 2 stopped trial-2-fold-0-seed-1/ckpt-1900.h5
[ $code -eq 75 ] || fail "a signal: exit $code: $(cat err)"
grep -q "the same command goes on" err || fail "a signal: $(cat err)"
[ "$(grep -c ',unfinished,' stopped/sweep.csv)" -gt 0 ] || fail "a signal: $(cat stopped/sweep.csv)"
for r in stopped/trial-*; do
  [ -e "$r/final.h5" ] || tail -1 "$r/metrics.jsonl" | grep -q '"exit":"signal"' || fail "$r was not stopped: $(tail -1 "$r/metrics.jsonl")"
done
run 1 sweep "${long[@]}" -o stopped
all_whole stopped
code=0
on 2 sweep "${long[@]}" train.epochs=1000000 --time-limit 0:00:01 -o limited >out 2>err || code=$?
[ $code -eq 75 ] || fail "a time limit: exit $code: $(cat err)"
find limited -name 'ckpt-*.h5' | grep -q . || fail "a time limit: no checkpoint: $(ls limited/*)"

# ---- a group that is done sleeps; where the other's signs of life stop, it ends the sweep ----
LOCKSTEP_LOCK_BEAT=0.1 LOCKSTEP_WATCHDOG_NOTE=$PWD/note on 2 sweep net.yaml --vary train.epochs=1,100000000 "guard.watchdog=3 s" checkpoint.every=never \
  -o halted >out 2>err &
job=$!
for ((i = 0; i < 400; i++)); do [ ! -e halted/trial-1-seed-1/final.h5 ] || break; sleep 0.05; done
sleep 4 # longer than the watchdog waits
grep -hso 'pid [0-9]*' halted/.claims/group-*/.lock >left
[ "$(wc -l <left)" -eq 1 ] || fail "at work are: $(cat halted/.claims/group-*/.lock err)"
kill -STOP "$(sed 's/pid //' left)"
code=0
wait $job || code=$?
[ $code -eq 70 ] && grep -q 'is done and has waited 3 s for process [0-9]* on host' err || fail "a group stands still: exit $code: $(cat err)"
grep -q 'for process' note || fail "no note of the watchdog"

# ---- halving: 8 trials to epoch 3, 4 to 5, 2 to 10, 1 to 20; one diverges, and has no place in the second rung ----
halving=(net.yaml "checkpoint.every=20 epochs" --vary "optimizer.lr=0.1,1e38,0.003,0.03,0.0001,0.01,0.3,0.001" --seeds 1,2 --halving)
run 0 sweep "${halving[@]}" -o half
python3 - half/*/metrics.jsonl <<'P' || fail "halving: $(cat half/sweep.csv)"
import csv, json, re, sys
runs = {}
for path in sys.argv[1:]:
    trial, seed = map(int, re.search(r"trial-(\d+)-seed-(\d+)/", path).groups())
    runs[trial, seed] = {e["epoch"]: e["val_loss"] for e in map(json.loads, open(path)) if e["event"] == "epoch"}
left, ends = set(range(1, 9)), {}
for epoch, places in ((3, 4), (5, 2), (10, 1)):
    mean = {t: (runs[t, 1][epoch] + runs[t, 2][epoch]) / 2 for t in left if epoch in runs[t, 1]}
    best = set(sorted(mean, key=mean.get)[:places])
    ends.update({t: epoch for t in left - best})
    left = best
ends.update({t: 20 for t in left})
want = {t: "diverged" if t == 2 else "done" if e == 20 else "pruned" for t, e in ends.items()}
rows = list(csv.DictReader(open("half/sweep.csv")))
assert len(rows) == 16 and len(left) == 1, left
for row in rows:
    t, s = int(row["trial"]), int(row["seed"])
    assert row["status"] == want[t], row
    assert t == 2 or max(runs[t, s]) == ends[t] and float(row["val_loss"]) == runs[t, s][ends[t]], row
P
best=$(sed -n 's/^best: trial \([0-9]*\),.*/\1/p' out)
run 0 train net.yaml "checkpoint.every=20 epochs" optimizer.lr="$(awk -F, -v t="$best" '$1 == t { print $3; exit }' half/sweep.csv)" seed=2 -o half-alone
cmp -s half-alone/final.h5 "half/trial-$best-seed-2/final.h5" || fail "a trial that was paused three times is not the run of train"
# One that was pruned goes on by itself, as the page says, to what it would have been.
lost=$(awk -F, '/,pruned,/ { print $1; exit }' half/sweep.csv)
cp -r half by-itself
run 0 train "by-itself/trial-$lost-seed-1/config.yaml" -o "by-itself/trial-$lost-seed-1" --resume
run 0 train net.yaml "checkpoint.every=20 epochs" optimizer.lr="$(awk -F, -v t="$lost" '$1 == t { print $3; exit }' half/sweep.csv)" seed=1 -o lost-alone
cmp -s lost-alone/final.h5 "by-itself/trial-$lost-seed-1/final.h5" || fail "a pruned trial that went on is not the run of train"
all_half() {
  cmp -s <(rows half) <(rows "$1") || fail "$1: other rows: $(diff <(rows half) <(rows "$1"))"
  for file in half/trial-*/*.h5; do cmp -s "$file" "$1/${file#half/}" || fail "$1/${file#half/}: other bytes"; done
}
run 4 sweep "${halving[@]}" --ranks-per-trial 2 -o half-4
all_half half-4
killed=("${halving[@]}") finals=2
interrupt KILL 3 half-killed trial-1-seed-1/ckpt-30.h5
run 2 sweep "${halving[@]}" -o half-killed
all_half half-killed
# As a kill leaves it between a rung's checkpoint and its end event, of one that is pruned there and one that goes on.
for run in trial-5-seed-1 "trial-$best-seed-1"; do sed -i '$d' half-killed/$run/metrics.jsonl; done
rm "half-killed/trial-$best-seed-1/final.h5"
run 0 sweep "${halving[@]}" -o half-killed
all_half half-killed
run 0 sweep "${halving[@]/%--halving/--halving=6}" -o half-6
[ "$(awk -F, '$5 == 120' half-6/sweep.csv | wc -l)" -eq 8 ] || fail "8 trials to epoch 10, 4 to 20: $(cat half-6/sweep.csv)"
refused 78 "with --halving, all trials" sweep "${halving[@]/1,2/1,3}" -o half
refused 78 "its first rung has 3 epochs, and now 0" sweep "${halving[@]:0:6}" -o half
refused 64 "--halving=x: the epochs" sweep "${halving[@]/%--halving/--halving=x}" -o no
refused 64 "nothing can be halved" sweep "${halving[@]/%--halving/--halving=11}" -o no
refused 64 "which is varied" sweep net.yaml --vary train.epochs=5,10 --halving -o no
refused 64 "before there is a test_loss" sweep "${halving[@]}" --metric test_loss -o no
refused 78 "a rung ends at epoch 3, and eval.every has no" sweep "${halving[@]}" "eval.every=2 epochs" -o no
refused 78 "--halving counts epochs" sweep "${halving[@]}" train.epochs=none train.steps=100 -o no

# ---- pictures: what is drawn are the means of sweep.csv ----
refused 64 "the sweep has not varied it; did you mean 'optimizer.lr'?" plot compare half --by optimizer.l -o no.svg
refused 64 "two keys, not one twice" plot compare half --by optimizer.lr,optimizer.lr -o no.svg
refused 64 "keys are of one sweep's folder that stands alone" plot compare half half-6 --by optimizer.lr -o no.svg
refused 64 "is of runs: give those of the sweep" plot compare half --by epoch -o no.svg
refused 65 "no run has ended with a test_loss" plot compare half --metric test_loss -o no.svg
if command -v gnuplot >out; then
  run 0 plot compare half -o half.svg --keep-script
  run 0 plot compare all -o all.svg --keep-script
  run 0 plot compare all --by train.batch,data.train.file --metric val_accuracy -o two.svg --keep-script
  run 0 plot compare half -o -
  grep -q "best: trial $best, 0\.1" half.svg && grep -q '^set logscale x' half.gp || fail "not the picture of a sweep"
  python3 - <<'P' || fail "pictures of sweeps show other numbers"
import csv, re, statistics
def curves(name):
    return {(int(p), int(k)): [[float(v) for v in line.split()] for line in body.split("\n") if line]
            for p, k, body in re.findall(r"\$curve(\d+)_(\d+) << EOD\n(.*?)EOD", open(name).read(), re.S)}
def trials(folder, metric):
    rows = [r for r in csv.DictReader(open(folder + "/sweep.csv"))]
    for t in {r["trial"] for r in rows}:
        own = [r for r in rows if r["trial"] == t]
        if all(r["status"] in ("done", "early_stop", "pruned") for r in own):
            values = [float(r[metric]) for r in own]
            yield own[0], statistics.mean(values), statistics.stdev(values)
def same(a, b):
    a, b = sorted(a), sorted(b)
    assert len(a) == len(b) and all(abs(u - v) <= 1e-7 * abs(v) for p, q in zip(a, b) for u, v in zip(p, q)), (a, b)
same([d for c in curves("half.gp").values() for d in c],
     [[float(r["optimizer.lr"]), m, m - s, m + s] for r, m, s in trials("half", "val_loss")])
batch = [d for (panel, _), c in curves("all.gp").items() if panel == 3 for d in c]
same(batch, [[float(r["train.batch"]), m, m - s, m + s] for r, m, s in trials("all", "val_loss")])
assert "set xtics ('iris.csv' 0,'bad.csv' 1)" in open("all.gp").read() and len({p for p, _ in curves("all.gp")}) == 4
same([d for c in curves("two.gp").values() for d in c], [[float(r["train.batch"]), 0] for r, m, s in trials("all", "val_accuracy")])
P
fi

# ---- the report, as text and JSON; the command that it names; folds ----
run 2 sweep "${long[@]}" -o whole --json
python3 - out <<'P' || fail "the report: $(cat out)"
import csv, json, statistics, sys
answer = json.load(open(sys.argv[1]))
rows = list(csv.DictReader(open("whole/sweep.csv")))
of = {t: [float(r["val_loss"]) for r in rows if int(r["trial"]) == t] for t in (1, 2, 3)}
best = min(of, key=lambda t: statistics.mean(of[t]))
assert answer["best"]["trial"] == best and len(of[best]) == 4, best
assert abs(answer["best"]["mean"] - statistics.mean(of[best])) < 1e-15
assert abs(answer["best"]["sd"] - statistics.stdev(of[best])) < 1e-15
assert [t["mean"] for t in answer["trials"]] == sorted(t["mean"] for t in answer["trials"])
assert {r["fold"] for r in rows} == {"0", "1"}
P
"$LOCKSTEP" sweep "${long[@]}" -o whole >out 2>err || fail "again: $(cat err)"
command=$(sed -n 's/^on everything: lockstep/"$LOCKSTEP"/p' out)
bash -c "LOCKSTEP=$LOCKSTEP; $command" >/dev/null 2>err || fail "the command '$command': $(cat err)"
grep -q '"train_samples":150' whole/best/metrics.jsonl || fail "it is not trained on everything: $(head -1 whole/best/metrics.jsonl)"

run 0 sweep net.yaml train.restore_best=true checkpoint.keep.best=val_accuracy "train.early_stop={metric: val_loss, patience: 2}" --vary optimizer.lr=0.1 -o early
command=$(sed -n 's/^on everything: lockstep/"$LOCKSTEP"/p' out)
[[ $command == *data.validation=none\ train.early_stop=none\ train.restore_best=false\ checkpoint.keep.best=none\ train.epochs=[0-9]* ]] || fail "what needs validation stays: $command"
bash -c "LOCKSTEP=$LOCKSTEP; $command" >/dev/null 2>err || fail "the command '$command': $(cat err)"

# ---- drawn values: of the seed and the trial alone, whole where the key is; more trials change none ----
drawn=(net.yaml train.steps=1 train.epochs=none --vary "optimizer.lr=1e-4:1e-1:log" --vary "train.batch=3:5")
run 0 sweep "${drawn[@]}" --trials 12 -o drawn
run 2 sweep "${drawn[@]}" --trials 14 -o more
cmp -s <(rows drawn) <(rows more | head -13) || fail "more trials draw other values"
run 0 sweep "${drawn[@]}" --trials 3 seed=9 -o other
cmp -s <(rows drawn | head -2 | cut -d, -f3) <(rows other | head -2 | cut -d, -f3) && fail "another seed draws the same"
awk -F, 'NR > 1 { if ($3 < 1e-4 || $3 > 0.1) exit 1; low += $3 < 3.2e-3; n[$4]++ } END { exit !(low > 2 && low < 10 && n[3] + n[4] + n[5] == 12 && length(n) == 3) }' drawn/sweep.csv || fail "what is drawn: $(cut -d, -f3,4 drawn/sweep.csv)"

# ---- compare of a sweep says what was varied, beside a run that is of none ----
run 0 compare drawn alone
[ "$(grep -c '^drawn/trial-[0-9]*-seed-1 .* lr=[0-9.e-]* batch=[345] ' out)" -eq 12 ] && grep -q '^alone *adam lr=0.01 *- *[0-9]' out || fail "what was varied: $(cat out)"
awk -F, 'NR > 1 { print "^drawn/trial-" $1 "-seed-1 .* lr=" $3 " batch=" $4 " " }' drawn/sweep.csv | while read -r row; do grep -q -- "$row" out || echo "$row"; done >lacking
[ ! -s lacking ] || fail "compare has other values than sweep.csv: $(cat lacking)"
run 0 compare alone
grep -q varied out && fail "nothing was varied: $(cat out)"

# ---- refused, and nothing made ----
bad=(sweep net.yaml --vary optimizer.lr=0.1,0.2)
refused 64 "-o DIR is missing" "${bad[@]}"
refused 64 "--trials N says how many" sweep net.yaml --vary optimizer.lr=0.1:0.2 -o no
refused 64 "the lists make 2 trials" "${bad[@]}" --trials 5 -o no
refused 64 "LO is the smaller" sweep net.yaml --vary optimizer.lr=0.2:0.1 --trials 2 -o no
refused 64 "only numbers above 0" sweep net.yaml --vary optimizer.lr=0:0.1:log --trials 2 -o no
refused 64 "takes whole numbers" sweep net.yaml --vary train.batch=1.5:4 --trials 2 -o no
refused 64 "LO:HI or LO:HI:log" sweep net.yaml --vary optimizer.lr=1:2:lin --trials 2 -o no
refused 64 "given twice" "${bad[@]}" --vary optimizer.lr=3 -o no
refused 64 "--seeds LIST" sweep net.yaml --vary seed=1,2 -o no
refused 64 "a value is empty" sweep net.yaml --vary optimizer.lr=1,,2 -o no
refused 64 "it is a list like" "${bad[@]}" --seeds 5-1 -o no
refused 64 "is there twice" "${bad[@]}" --seeds 1-3,2 -o no
refused 64 "it is 2 or more" "${bad[@]}" --folds 1 -o no
refused 64 "--metric val_los:" "${bad[@]}" --metric val_los -o no
refused 64 "no samples to validate with" "${bad[@]}" data.validation=none -o no
refused 64 "--resume=x" "${bad[@]}" --resume=x -o no
refused 64 "--time-limit" "${bad[@]}" --time-limit 3 -o no
refused 65 "there is no sweep to go on with" "${bad[@]}" --resume -o no
refused 78 "optimizer.lr" sweep net.yaml --vary optimizer.lr=0.1,-1 -o no
refused 78 "did you mean 'optimizer'" sweep net.yaml --vary optimiser.lr=0.1 -o no
refused 78 "has 2 slices" "${bad[@]}" --ranks-per-trial 3 -o no
refused 78 "output.log has no jsonl" "${bad[@]}" "output.log=[csv]" -o no
refused 64 "no key is varied: --vary KEY=LO:HI" sweep net.yaml --trials 5 -o no
refused 65 "--best: there is no folder 'nowhere'" eval nowhere --best 2
refused 78 "may stay beside data.fold and sweep --folds" sweep net.yaml data.validation=none checkpoint.keep.best=val_loss --folds 5 -o no
refused 78 "unknown key 'rate'; did you mean 'lr'?" sweep net.yaml --vary optimizer.rate=0.1,0.2 -o no
# What no run could be trained on, whatever is varied: one error, and no folder of failures.
for ranks in 0 2; do
  for words in "150 samples are too few for 500 folds:--folds 500" "nothere.csv: cannot open it:data.train.file=nothere.csv --folds 3" "bad.csv:20::data.train.file=bad.csv --seeds 1,2" "nothere.csv: cannot open it:data.train.file=nothere.csv --seeds 4"; do
    code=0
    # shellcheck disable=SC2086 # words
    on $ranks "${bad[@]}" ${words##*:} -o no >out 2>err || code=$?
    [ $code -eq 65 ] && [ "$(grep -cF "${words%:*}" err)" -eq 1 ] || fail "$words on $ranks: exit $code: $(cat err)"
  done
done
[ ! -e no ] || fail "a refused sweep has made a folder"
refused 65 "none of its runs has come to training; sweep.csv has how each ended" compare failed
for how in "" --force --resume=auto; do
  # shellcheck disable=SC2086 # none or one word
  refused 74 "all holds the runs of a sweep, and is no run folder itself; 'lockstep sweep' goes on with it; choose another with -o, as all/best" train net.yaml $how -o all
done
alike all
refused 74 "not empty" "${bad[@]}" -o alone
refused 78 "holds the runs of another sweep: it varies other keys" "${bad[@]}" -o drawn
refused 78 "train.epochs was 500, and now is 61" sweep "${long[@]}" train.epochs=61 -o whole
refused 78 "it has 2 folds, and this one 3" sweep "${long[@]}" --folds 3 -o whole
# ---- what runs have warned of is said once ----
run 0 sweep net.yaml train.epochs=2 train.early_stop=none train.batch=full "then={type: lbfgs, after: 5 epochs}" --vary optimizer.lr=0.1,0.01 -o late
[ "$(grep -c 'warning: 2 of 2 runs: then: lbfgs begins behind update 5, and the run ends at 2' err)" -eq 1 ] || fail "a warning of both runs: $(cat err)"
run 0 sweep net.yaml train.epochs=1 "then={type: lbfgs, after: 5 epochs}" train.batch=full --vary train.epochs=2,3,4 -o later
[ "$(grep -c 'lbfgs begins' err)" -eq 1 ] && grep -q 'warning: 3 of 3 runs: then: lbfgs begins behind update 5, and the run ends at 2' err || fail "one warning with other numbers: $(cat err)"
# ---- a metric that nobody asked for is asked for; one that cannot be is refused before there is a folder ----
run 0 sweep net.yaml train.epochs=3 train.early_stop=none --vary optimizer.lr=0.1,0.01 --metric val_f1 -o f1
head -1 f1/sweep.csv | grep -q ',val_f1,' || fail "val_f1 is no column: $(head -1 f1/sweep.csv)"
grep -qE '^best: trial [12], val_f1 0\.[0-9]+' out || fail "best by val_f1: $(cat out)"
refused 64 "eval.on must name train for it, or take val_f1" sweep net.yaml --vary optimizer.lr=0.1,0.01 --metric f1 -o no
refused 64 "there is none with the loss cross_entropy" sweep net.yaml --vary optimizer.lr=0.1,0.01 --metric val_rmse -o no
[ ! -e no ] || fail "a folder for what was refused"
finish
