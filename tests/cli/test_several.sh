#!/bin/bash
# predict and eval of several networks: mean and spread of their outputs, from files, run folders and a folder of trials.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
awk 'BEGIN { srand(2); print "a,b,y [J],z,kind"
  for (i = 0; i < 600; i++) { a = rand(); b = rand(); printf "%g,%g,%g,%g,%s\n", a, b, 1000 + 9 * a * b, a - b, substr("lowmidtop", 1 + 3 * int(3 * a), 3) } }' >t.csv
cat >net.yaml <<C
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b], y: ["y [J]", z]}, validation: 0.25, scale: {type: standard}}
model: {layers: [{units: 8, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 20}
checkpoint: {every: never}
C
mkdir sweep
for seed in 1 2 10; do run 0 train net.yaml --seed $seed -o sweep/trial-$seed -q; done
run 0 train net.yaml -o one -q 'data.train.y=["y [J]"]'
run 0 train net.yaml -o kinds-1 -q data.train.y=[kind] data.scale=none loss=cross_entropy 'model.layers=[{units: out, activation: softmax}]'
run 0 train net.yaml -o kinds-2 -q data.train.y=[kind] data.scale=none loss=cross_entropy 'model.layers=[{units: out, activation: softmax}]' --seed 2

# ---- predict ----
for seed in 1 2 10; do run 0 predict sweep/trial-$seed -i t.csv -o $seed.csv; tail -n +2 $seed.csv >$seed; done
# expected A B C: mean and spread of three files of rows, columns side by side
expected() {
  paste -d, "$@" | awk -F, '{ n = NF / 3; mean = ""; spread = ""
    for (c = 1; c <= n; c++) { m = ($c + $(n + c) + $(2 * n + c)) / 3
      s = sqrt((($c - m)^2 + ($(n + c) - m)^2 + ($(2 * n + c) - m)^2) / 3)
      mean = mean sprintf("%.17g ", m); spread = spread sprintf("%.17g ", s) }
    print mean spread }'
}
# near A B: rows of numbers that agree to single precision of 1000
near() {
  paste -d' ' "$1" "$2" | awk '{ n = NF / 2; for (c = 1; c <= n; c++) if (($c - $(n + c))^2 > 1e-8) { print NR ": " $0; exit 1 } }' >err &&
    [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ]
}
run 0 predict sweep -i t.csv -o mean.csv
[ "$(head -n 1 mean.csv)" = "y [J],z,spread of y [J],spread of z" ] || fail "names: $(head -n 1 mean.csv)"
expected 1 2 10 >want
tail -n +2 mean.csv | tr , ' ' >got
near want got || fail "mean and spread: $(cat err)"
run 0 predict sweep -i t.csv -o mean1.h5
run 3 predict sweep/trial-1 sweep/trial-2/final.h5 sweep/trial-10 -i t.csv -o mean3.h5
cmp mean1.h5 mean3.h5 || fail "a folder on 1 rank and a list on 3: other bytes"
h5dump -d /spread -y -w 0 -m %.17g mean1.h5 | sed -n '/DATA {/,/}/p' | grep -o '[0-9][0-9., e+-]*,\?$' | tr , ' ' | sed 's/ *$//' >got
cut -d' ' -f3,4 want >spread
xargs -n 2 <got >rows
near spread rows || fail "/spread: $(cat err)"
run 0 predict sweep -i t.csv -o mean.npy
grep -q "of 3 networks the mean alone: .h5 and .csv have the spread too" out || fail "no word of what .npy leaves out: $(cat out)"
run 0 predict kinds-1 kinds-2 -i t.csv -o kinds.h5
h5dump -d /classes kinds.h5 >out && grep -q "600" out || fail "classes: $(cat out)"
run 3 predict sweep -i t.csv -o slopes.h5 --jacobian
h5dump -H slopes.h5 | grep -A1 'DATASET "spread"' >/dev/null || fail "no spread of derivatives"

# ---- eval: of the mean, and of each ----
field() { grep -oE "\"$1\":[-0-9.e+]+" "${2:-out}" | sed 's/.*://'; } # all of this name, a line each: those of the mean first
run 0 eval sweep --split validation --json
cp out mean.json
[ "$(field samples | sort -u)" = 150 ] && [ "$(field loss | wc -l)" -eq 4 ] || fail "not of three networks and their mean: $(cat out)"
for seed in 1 2 10; do run 0 eval sweep/trial-$seed/final.h5 --split validation --json; field loss; done | sort >each
grep -o '"networks":.*' mean.json >networks
field loss networks | sort | diff - each || fail "each one's loss is not its own"
run 3 eval sweep --split validation --json
cmp out mean.json || fail "eval of several on 3 ranks: another answer"
run 0 eval sweep --split all --data t.csv --json
paste -d, mean.csv t.csv | tail -n +2 | awk -F, '{ a += ($1 - $7)^2; b += ($2 - $8)^2 } END { printf "%.6g\n%.6g\n", sqrt(a / NR), sqrt(b / NR) }' >want
sed 's/"networks".*//' out | grep -oE '"rmse":[0-9.e+-]+' | sed 's/.*://' | tail -n 2 | awk '{ printf "%.6g\n", $1 }' >got
diff want got || fail "rmse of the mean, each target in its own units"
run 0 predict kinds-1 kinds-2 -i t.csv -o kinds.csv
run 0 eval kinds-1 kinds-2 --split all --data t.csv --json
paste -d, kinds.csv t.csv | awk -F, 'NR == 1 { for (c = 1; c <= 3; c++) at[$c] = c; next }
  { loss -= log($at[$NF]); best = 1; for (c = 2; c <= 3; c++) if ($c > $best) best = c; right += best == at[$NF]; n++ }
  END { printf "%.5f %.5f\n", loss / n, right / n }' >want
sed 's/"networks".*//' out >mean
echo "$(field loss mean) $(field accuracy mean)" | awk '{ printf "%.5f %.5f\n", $1, $2 }' | diff want - || fail "loss and accuracy of mean probabilities"
run 0 eval sweep --split validation
grep -q '^sweep/trial-10/final.h5: loss ' out && grep -q '^mean of 3 networks: validation: 150 samples, loss ' out || fail "eval for people: $(cat out)"

refused() { # refused CODE TEXT ARGUMENT...
  local want=$1 text=$2 got=0; shift 2
  on 2 "$@" >out 2>err || got=$?
  [ $got -eq "$want" ] && [ "$(grep -cF -- "$text" err)" -eq 1 ] || fail "$*: exit $got instead of $want, or no '$text': $(cat err)"
  [ ! -e refused.h5 ] || fail "$*: leaves a file"
}
# ---- the best of a sweep: by val_loss at the end; one that diverged and one without an end are out ----
cp -r sweep many
on 0 train net.yaml optimizer.type=sgd optimizer.lr=1e30 -o many/trial-3 -q 2>err
[ $? -eq 71 ] || fail "trial-3 did not diverge: $(cat err)"
cp -r sweep/trial-1 many/trial-4 && sed -i '/"end"/d; s/"val_loss": *[0-9.e+-]*/"val_loss":1e-9/' many/trial-4/metrics.jsonl
for seed in 1 2 10; do
  on 0 eval sweep/trial-$seed/final.h5 --split validation --json | sed 's/.*"loss":\([^,}]*\).*/\1 /' | tr -d '\n'
  echo sweep/trial-$seed
done | sort -g | sed 's/.* //' >ranking
[ "$(wc -l <ranking)" -eq 3 ] || fail "ranking: $(cat ranking)"
for k in 1 2; do
  run 0 predict $(head -$k ranking) -i t.csv -o named.csv --force
  run 3 predict many --best $k -i t.csv -o best.csv --force
  cmp -s named.csv best.csv || fail "--best $k: not those of $(head -$k ranking | tr '\n' ' ')"
done
run 2 eval many --best 2 --split validation
[ "$(grep -c 'trial-.*: loss' out)" -eq 2 ] && grep -q 'mean of 2 networks' out || fail "eval --best: $(cat out)"
refused 65 "--best 4: 3 of the 5 runs in many ended with a val_loss" predict many --best 4 -i t.csv -o refused.h5
refused 64 "--best 0: how many" predict many --best 0 -i t.csv -o refused.h5
refused 64 "'sweep/trial-1' is one network" predict sweep/trial-1 --best 1 -i t.csv -o refused.h5
mkdir empty
refused 65 "one/final.h5 has 1 outputs, the first network has 2" predict sweep one -i t.csv -o refused.h5
refused 65 "'empty' is a folder without a checkpoint, and without trial-* runs" predict sweep empty -i t.csv -o refused.h5
refused 65 "one/final.h5 has 1 outputs, the first network has 2" eval sweep one --split validation
refused 65 "none.h5" predict sweep none.h5 -i t.csv -o refused.h5
finish
