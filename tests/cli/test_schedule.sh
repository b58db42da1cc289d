#!/bin/bash
# lockstep schedule against worked examples, the data are never opened; and --find, the range test, which opens them.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

cat >c.yaml <<'Y'
version: 1
data: {type: idx, dir: /nowhere, limit: {train: 60000}}
model: {layers: [{units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.1}
schedule: {type: inverse_time, decay_rate: 0.1, decay_steps: 1000}
train: {epochs: 100, batch: 50}
Y
run() { "$LOCKSTEP" schedule c.yaml "$@" 2>err; }
same() { [ "$2" = "$3" ] || fail "$1: $2 instead of $3"; }

# CSV: the update that sees global_step j; 17 digits.
same "inverse time" "$(run --at 0,1200,13200,121200 --csv)" "global_step,lr
0,0.10000000000000001
1200,0.089285714285714288
13200,0.043103448275862065
121200,0.007621951219512195"
same "--steps" "$(run --steps 3 --csv | tail -1 | cut -d, -f1)" 2
same "whole run" "$(run --csv | wc -l)" 120001

# at j = boundary the old value still holds, or the new one already
piecewise='schedule={type: piecewise, boundaries: [100000, 110000], values: [1, 0.5, 0.1]}'
same "piecewise" "$(run "$piecewise" --at 99999,100000,100001,110000,110001 --csv | cut -d, -f2 | tr '\n' ' ')" \
  "lr 1 1 0.5 0.5 0.10000000000000001 "
same "piecewise, new" "$(run "$piecewise" schedule.at_boundary=new --at 99999,100000 --csv | cut -d, -f2 | tr '\n' ' ')" "lr 1 0.5 "
same "warm-up" "$(run 'schedule={type: constant, warmup: 4}' --steps 5 --csv | cut -d, -f2 | tr '\n' ' ')" \
  "lr 0.025000000000000001 0.050000000000000003 0.075000000000000011 0.10000000000000001 0.10000000000000001 "

# 0.1 for a batch of 256 is 0.4 for one of 1,024, or 0.2 by the square root
same "linear" "$(run train.batch=1024 'schedule={scaling: linear, base_batch: 256, warmup: 4}' --steps 5 --csv | cut -d, -f2 | tr '\n' ' ')" \
  "lr 0.10000000000000001 0.20000000000000001 0.30000000000000004 0.40000000000000002 0.40000000000000002 "
same "sqrt" "$(run train.batch=1024 'schedule={scaling: sqrt, base_batch: 256}' --steps 1 --csv | tail -n 1)" 0,0.20000000000000001
refused 78 "needs base_batch" schedule c.yaml schedule.scaling=linear
refused 78 "goes with scaling" schedule c.yaml schedule.base_batch=256
refused 78 "it is full" schedule c.yaml 'schedule={scaling: sqrt, base_batch: 256}' train.batch=full
refused 78 "nothing to scale" schedule c.yaml 'schedule={type: piecewise, boundaries: [10], values: [1, 0.5], scaling: sqrt, base_batch: 256}'

# behind `then` there is no rate, and no row says one
run train.batch=full train.epochs=60 'then={type: lbfgs, after: 50 epochs}' 'schedule={type: exponential, decay_rate: 0.1, decay_steps: 30}' >out || fail "then: $(cat err)"
grep -q '^optimizer: sgd, then lbfgs, from global_step 50 on' out && grep -q '^ *49 .* last update before lbfgs$' out || fail "then: $(cat out)"
grep -q '1/100' out && fail "then: a rate behind its end: $(cat out)"
same "then" "$(run train.batch=full 'then={type: lbfgs, after: 50}' 'schedule={type: constant}' --at 49,50 --csv | cut -d, -f2 | tr '\n' ' ')" "lr 0.10000000000000001 nan "

lr_of() { cut -d, -f2 | tr '\n' ' '; }
same "restarts" "$(run 'schedule={type: cosine_restarts, first: 10 epochs, mult: 2}' --at 0,6000,12000,24000,36000,60000 --csv | lr_of)" \
  "lr 0.10000000000000001 0.050000000000000003 0.10000000000000001 0.050000000000000003 0.10000000000000001 0.050000000000000003 "
# a cycle is the run: 100 epochs of 1200 updates; --steps shows a part of it
for cycle in "" ", steps: 100 epochs"; do
  same "one cycle$cycle" "$(run "schedule={type: one_cycle$cycle}" --at 0,18000,36000,78000,120000 --csv | lr_of)" \
    "lr 0.0040000000000000001 0.052000000000000005 0.10000000000000001 0.050005000000000001 1.0000000000000001e-05 "
done
same "a part of the cycle" "$(run 'schedule={type: one_cycle, start: 0}' --steps 18001 --csv | tail -n 1)" 18000,0.050000000000000003

# The table: the first step whose rate is 1/10 ... of the initial one, exactly.
where() { grep -F -- "$1" | awk '{print $1}'; }
same "1/10 of inverse time" "$(run | where "1/10 of")" 90000
same "1/100, behind the end" "$(run | where "1/100 of the initial rate, after the end")" 990000
same "1/10 of exponential" "$(run 'schedule={type: exponential, decay_rate: 0.1, decay_steps: 1000}' | where "1/10 of")" 1000
same "1/1000 of exponential" "$(run 'schedule={type: exponential, decay_rate: 0.1, decay_steps: 1000}' | where "1/1000 of")" 3000
# g0 / floor(j/D + 1): a tenth from 9 D on, not from 10 D; D = 10 epochs of 1200 steps
same "1/10 of step decay" "$(run 'schedule={type: step, every: 10 epochs}' | where "1/10 of")" 108000
# 0.1 / (1 + j/10000) <= 2^-24 from j = 10000 (0.1 2^24 - 1)
same "too small" "$(run | where "too small to move a float32")" 16777206000
same "too small in double" "$(run train.precision=float64 'schedule={type: exponential, decay_rate: 0.1, decay_steps: 1000}' |
  where "too small to move a float64")" 14955
# a rate that rises again counts where it first falls
same "polynomial, cycle" "$(run 'schedule={type: polynomial, decay_steps: 100, end: 0.001, cycle: true}' | where "1/10 of")" 91
# a rate that rises first is small where it has fallen: 1e-4 + (1 - 1e-4)(1 + cos(pi x))/2 <= 1/10 from x = 0.7952 of 84000 on
same "one cycle, highest" "$(run 'schedule={type: one_cycle}' | where "highest rate")" 36000
same "one cycle, 1/10" "$(run 'schedule={type: one_cycle}' | where "1/10 of")" 102803

# Epochs need to know how many steps they have.
sed -i 's/, limit: {train: 60000}//' c.yaml
run 'schedule={type: step, every: 10 epochs}' >out && fail "epochs without samples"
grep -q -- '--samples N' err || fail "no way out told: $(cat err)"
same "--samples" "$(run 'schedule={type: step, every: 10 epochs}' --samples 60001 | where "1/10 of")" 108090
same "validation takes its share" "$(run data.validation=0.1 'schedule={type: step, every: 10 epochs}' --samples 60000 | where "1/10 of")" 97200
same "drop" "$(run data.last_batch=drop 'schedule={type: step, every: 10 epochs}' --samples 60049 | where "1/10 of")" 108000
run 'schedule={type: one_cycle}' >out; [ $? -eq 64 ] || fail "a cycle of unknown length"
grep -q 'this schedule needs the number of steps' err || fail "a cycle of unknown length: $(cat err)"
same "one cycle, --steps" "$(run 'schedule={type: one_cycle}' --steps 10 --csv | sed -n 5p)" 3,0.10000000000000001
same "one cycle, --samples" "$(run 'schedule={type: one_cycle}' --samples 5000 --at 3000 --csv | tail -n 1)" 3000,0.10000000000000001
same "one cycle, train.steps" "$(run 'schedule={type: one_cycle}' 'train={steps: 7, batch: 50}' --at 7 --csv | tail -n 1)" 7,1.0000000000000001e-05
run >out || fail "steps alone need no data: $(cat err)"
run --csv >out; [ $? -eq 64 ] || fail "--csv without a length"
run 'train={steps: 7, batch: 50}' --csv >out; same "train.steps" "$(wc -l <out)" 8

# JSON, plots, refusals
run --at 5,6 --json >out; [ "$(wc -l <out)" -eq 1 ] && grep -q '"rates":\[{"global_step":5,"lr":0.0999' out || fail "json: $(cat out)"
for bad in "--at 1,,2" "--at -1" "--at 1.5" "--steps -3" "--csv --json" "-o x.gif --steps 9" "-o - --json --steps 9" "--at 1 --steps 2"; do
  run $bad >out; [ $? -eq 64 ] || fail "$bad was taken"
done
if command -v gnuplot >/dev/null; then
  run --steps 5000 -o lr.svg --keep-script >out || fail "plot: $(cat err)"
  grep -q '<svg' lr.svg && grep -q 'learning rate' lr.svg || fail "not the picture asked for"
  grep -q 'set output .lr.svg.' lr.gp || fail "no script kept"
fi
PATH=/nonexistent "$LOCKSTEP" schedule c.yaml --steps 5 -o y.svg >out 2>err && fail "a plot without gnuplot"
grep -q gnuplot-nox err || fail "which package? $(cat err)"
ls y.svg* >/dev/null 2>&1 && fail "a failed plot left a file"

# ---- --find: the range test of a straight line, in Python; the same on any ranks; nothing is kept ----
awk 'BEGIN { print "a,b"; for (i = 0; i < 40; i++) printf "%g,%g\n", i / 10 - 2, 3 * (i / 10 - 2) + i % 3 }' >line.csv
cat >line.yaml <<'Y'
version: 1
data: {type: csv, train: {file: line.csv, x: [a], y: [b]}}
model: {init: {type: constant, value: 0.5}, layers: [{units: out}]}
loss: mse
optimizer: {type: sgd, lr: 7}
schedule: {type: exponential, decay_rate: 0.5, decay_steps: 1, warmup: 5}
train: {epochs: 1, batch: full, precision: float64, early_stop: {metric: loss, patience: 1}}
Y
touch out err; ls >before
find_it() { on "$1" schedule line.yaml --find=1e-3:10 --steps 40 "${@:2}" >out 2>err || fail "--find $*: $(cat err)"; }
find_it 0 --csv; cp out find.csv
find_it 0 --json; cp out find.json
python3 - <<'P' || fail "--find: $(head -3 find.csv) $(cat find.json | cut -c1-300)"
import csv, json, math
x, y = zip(*[map(float, r) for r in list(csv.reader(open("line.csv")))[1:]])
mean_of = lambda values: sum(values) / len(x)
rows = [[float(v) for v in r] for r in list(csv.reader(open("find.csv")))[1:]]
w, b, mean, least = 0.5, 0.0, 0.0, math.inf
for n, (step, lr, loss, smoothed) in enumerate(rows):
    off = [w * u + b - v for u, v in zip(x, y)]
    cost = mean_of([d * d for d in off])
    mean = 0.95 * mean + 0.05 * cost
    want = 1e-3 * 1e4 ** (n / 39), cost, mean / (1 - 0.95 ** (n + 1))
    assert step == n and all(math.isclose(p, q, rel_tol=1e-9) for p, q in zip((lr, loss, smoothed), want)), (n, want)
    assert n == len(rows) - 1 or smoothed <= 4 * least or n < 10
    least = min(least, smoothed)
    w, b = w - lr * 2 * mean_of([d * u for d, u in zip(off, x)]), b - lr * 2 * mean_of(off)
assert len(rows) < 40 and rows[-1][3] > 4 * least, "it goes on behind the end"
answer = json.load(open("find.json"))
best = min(rows, key=lambda r: r[3])[1]
assert answer["lowest"] == best and answer["suggested"] == float("%.0e" % (best / 10)), best
assert answer["ended"] and len(answer["rates"]) == len(rows) and 0 < answer["steepest"] <= best
P
for ranks in 2 3; do find_it $ranks --csv; cmp -s out find.csv || fail "--find on $ranks ranks: other bits"; done
find_it 0; grep -q "^suggested: optimizer.lr=0.5$" out && grep -q "^because: the smoothed loss falls fastest at" out || fail "no suggestion: $(tail -3 out)"
on 0 schedule line.yaml --find=1e-9:1e-8 --steps 30 >out 2>err; grep -q "no suggestion: the loss has not fallen" out || fail "a suggestion from nothing: $(tail -2 out)"
ls | grep -vxE 'before|find\.(csv|json)' | diff - <(grep -vx before before) || fail "--find leaves something"
refused 64 "both above 0, LO the smaller" schedule line.yaml --find=1:0.1
refused 64 "neither --at nor" schedule line.yaml --find --at 3
refused 64 "--steps is 20 to" schedule line.yaml --find --steps 5
refused 65 "no.csv" schedule line.yaml data.train.file=no.csv --find
refused 78 "one update after the other" schedule line.yaml --find train.mode=hogwild train.batch=10 train.slices=1
if command -v gnuplot >/dev/null; then
  find_it 0 -o find.svg --keep-script
  grep -q 'suggested: 0.5' find.svg && grep -q 'set logscale x' find.gp || fail "not the picture of a range test"
fi

finish
