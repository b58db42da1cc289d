#!/bin/bash
# test_mask.sh - data.missing.y: mask: targets that are missing count nothing. The steps of a linear network, its losses, its
# figures and the scaling of its targets against awk's; the same bits in every format, from memory and as a stream, on any
# ranks, and after a resume.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# Three targets of two inputs; samples 8 to 15, a minibatch, have none, 16 to 23 only the first, 0 none of its own; w is 0
# for some.
awk 'BEGIN { print "a,b,u,v,w,weight"
  for (i = 0; i < 44; i++) {
    a = (i * 7 % 16) / 8 - 1; b = (i * 5 % 13) / 8 - 0.5
    t[1] = a - b + 40; t[2] = a * b * 2; t[3] = 3 * a + (i % 3)
    line = a "," b
    for (c = 1; c <= 3; c++) line = line "," ((i >= 8 && i < 16) || (i >= 16 && i < 24 && c > 1) || i == 0 || (i + c) % 4 == 0 ? "NA" : t[c])
    print line "," i % 5 / 2 } }' >holes.csv
sed 's/NA/-999/g' holes.csv >coded.csv
"$LOCKSTEP" data import coded.csv --x a,b --y u,v,w -o holes.h5 -q && "$BUILD/tests/badh5" missing holes.h5 /train/y -999 || die "holes.h5"
"$LOCKSTEP" data import coded.csv --x a,b --y weight -o weights.h5 -q || die "weights.h5"

cat >csv.yaml <<END
version: 1
data: {type: csv, train: {file: holes.csv, x: [a, b], y: [u, v, w]}, missing: {y: mask}, order: sequential}
model: {init: {type: constant, value: 0.25}, layers: [{units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.125}
train: {steps: 12, batch: 8, slices: 4, precision: float64}
eval: {metrics: [mae, rmse, r2, per_target], on: [train]}
checkpoint: {every: 5 steps, keep: {last: 9}}
output: {step_every: 1, log_weights: true}
END
sed 's|type: csv, train: {[^}]*}|type: hdf5, train: {file: holes.h5, x: /train/x, y: /train/y}|' csv.yaml >h5.yaml

# by_hand LOSS WEIGHTED: loss and the nine parameters after each update
by_hand() {
  awk -F, -v loss="$1" -v weighted="$2" '
    function value(e, s) { s = e < 0 ? -e : e
      return loss == "mse" ? e * e : loss == "half_mse" ? e * e / 2 : loss == "mae" ? s : s <= 1 ? e * e / 2 : s - 0.5 }
    function slope(e) { return loss == "mse" ? 2 * e : loss == "half_mse" ? e : loss == "huber" && e * e < 1 ? e : (e > 0) - (e < 0) }
    NR > 1 { n++; for (i = 1; i <= 6; i++) d[n - 1, i] = $i }
    END {
      for (i = 1; i <= 2; i++) for (c = 1; c <= 3; c++) W[i, c] = 0.25
      for (step = 0; step < 12; step++) {
        sum = count = 0; delete g; first = step % 6 * 8; last = first + 8 > n ? n : first + 8
        for (k = first; k < last; k++) for (c = 1; c <= 3; c++) {
          if (d[k, c + 2] == "NA") continue
          w = weighted ? d[k, 6] : 1; e = b[c] - d[k, c + 2]
          for (i = 1; i <= 2; i++) e += W[i, c] * d[k, i]
          sum += w * value(e); count += w; g[3, c] += w * slope(e)
          for (i = 1; i <= 2; i++) g[i, c] += w * slope(e) * d[k, i]
        }
        scale = count > 0 ? (loss == "half_mse" ? 3 : 1) / count : 0
        line = sprintf("%.12g", sum * scale)
        for (c = 1; c <= 3; c++) { for (i = 1; i <= 2; i++) W[i, c] -= 0.125 * scale * g[i, c]; b[c] -= 0.125 * scale * g[3, c] }
        for (i = 1; i <= 2; i++) for (c = 1; c <= 3; c++) line = line sprintf(" %.12g", W[i, c])
        print line sprintf(" %.12g %.12g %.12g", b[1], b[2], b[3])
      } }' holes.csv
}
steps_of() { sed -n 's/.*"event":"step".*"loss":\([^,]*\),.*"weights":\[\(.*\)\].*/\1,\2/p' "$1/metrics.jsonl" | tr ',' ' '; }
# near A B: the same numbers to ten digits
near() { paste -d' ' "$1" "$2" | awk '{ if (NF % 2 || !NF) exit 1; h = NF / 2; for (i = 1; i <= h; i++) { e = $i - $(i + h); if (e * e > 1e-20 * (1 + $i * $i)) { print NR ": " $i " " $(i + h); exit 1 } } }'; }
alike() { same "$@"; diff <(numbers_of "$1") <(numbers_of "$2") >diff || fail "$3: $(cat diff)"; }

for loss in mse half_mse mae huber; do
  [ $loss = mse ] && ranks=3 || ranks=0
  run $ranks train csv.yaml loss=$loss -o $loss -q
  by_hand $loss 0 >want; steps_of $loss >got
  [ "$(wc -l <got)" -eq 12 ] && near want got >diff || fail "$loss: $(cat diff): $(head -3 got)"
done
[ "$(sed -n 2p got | cut -d' ' -f1)" = 0 ] || [ "$(sed -n 2p got | cut -d' ' -f1)" = 0.0 ] || fail "a minibatch without targets has loss $(sed -n 2p got)"
[ "$(sed -n 1p got | cut -d' ' -f2-)" = "$(sed -n 2p got | cut -d' ' -f2-)" ] || fail "a minibatch without targets moves weights"
[ "$(sed -n 2p got | cut -d' ' -f3,4,6,7,9,10)" = "$(sed -n 3p got | cut -d' ' -f3,4,6,7,9,10)" ] || fail "targets that are missing move weights"

# ---- any ranks, memory and stream, a resume, one slice
run 0 train csv.yaml -o one -q && alike one mse "one rank"
run 0 train h5.yaml -o h5 -q && alike h5 mse "HDF5"
run 3 train h5.yaml data.load=stream -o stream -q && alike stream mse "a stream"
cp -r mse resumed && rm resumed/final.h5 resumed/ckpt-10.h5
run 0 train csv.yaml -o resumed --resume=auto -q && alike resumed mse "a resume"

# ---- weights
run 3 train csv.yaml data.weights=weight -o weighted -q
by_hand mse 1 >want; steps_of weighted >got; near want got >diff || fail "weights: $(cat diff)"
run 3 train h5.yaml data.weights=weights.h5:/train/y data.load=stream -o h5w -q && alike h5w weighted "weights, a stream"

# ---- scaling is of the targets that are there, and so are the figures: of a network that gives the means
awk -F, 'NR > 1 { for (c = 0; c < 3; c++) if ($(c + 3) != "NA") v[c, n[c]++] = $(c + 3) }
  END { for (c = 0; c < 3; c++) { m = s = a = 0
    for (i = 0; i < n[c]; i++) m += v[c, i] / n[c]
    for (i = 0; i < n[c]; i++) { e = v[c, i] - m; s += e * e / n[c]; a += (e < 0 ? -e : e) / n[c] }
    printf "%.12g %.12g %.12g %.12g\n", m, a, sqrt(s), s
    all += n[c] * s; abs += n[c] * a; N += n[c]; sd += n[c] }
    }' holes.csv >want
run 3 train csv.yaml data.scale=standard 'model.init={type: zeros}' optimizer.lr=1e-200 train.steps=6 eval.on=[] -o scaled -q
grep '"event":"epoch"' scaled/metrics.jsonl | sed 's/.*"loss":\([^,]*\),"mae":\([^,]*\),"rmse":\([^,]*\),.*/\1 \2 \3/' >running
echo a,b >one.csv && echo 1,2 >>one.csv && run 0 predict scaled/final.h5 -i one.csv -o one.out.csv
tail -1 one.out.csv | tr ',' '\n' >got; cut -d' ' -f1 want >means; near means got >diff || fail "means: $(cat diff)"
run 2 eval scaled/final.h5 --split train --json
sed 's/.*"targets"://; s/,"names".*//' out | tr '{' '\n' | sed -n 's/.*"mae":\([^,]*\),"rmse":\([^,]*\),.*/\1 \2/p' >got
cut -d' ' -f2,3 want >figures; near figures got >diff || fail "figures: $(cat diff): $(cat out)"
sed 's/.*"loss":\([^,]*\),"mae":\([^,]*\),"rmse":\([^,]*\),"r2":\([^,]*\),.*/\1 \2 \3 \4/' out >got
awk -F, 'NR > 1 { for (c = 3; c <= 5; c++) n[c] += $c != "NA" } END { print n[3] " " n[4] " " n[5] }' holes.csv >counts
paste -d' ' <(tr '\n' ' ' <want) counts | awk '{ split("2 6 10", at); for (k = 1; k <= 3; k++) { n = $(12 + k); N += n; a += n * $at[k] / $(at[k] + 1) }
  printf "1 %.12g 1 0\n", a / N }' >all
near all got >diff || fail "figures of all: $(cat diff): $(cat out)"
cut -d' ' -f1-3 all >all.running; near all.running running >diff || fail "running figures: $(cat diff): $(cat running)"

# ---- no target at all: nothing to judge by, nothing to learn
{ head -1 holes.csv; sed -n 10,17p holes.csv; } >none.csv
run 3 train csv.yaml 'data.validation={file: none.csv, x: [a, b], y: [u, v, w]}' train.early_stop='{metric: val_loss, patience: 9}' eval.on=[validation] -o none
grep -q '"val_loss":null,.*"exit":"done"' none/metrics.jsonl || fail "nothing to validate by: $(tail -1 none/metrics.jsonl)"
! grep -q 'best:' err || fail "the best of nothing: $(grep best: err)"
refused 65 'none.csv:2: column 3 (u): missing in all training samples' train csv.yaml data.train.file=none.csv -o never
refused 78 'mask is for targets of regression, and not for the loss binary_cross_entropy' config check csv.yaml loss=binary_cross_entropy
refused 78 'mask is for targets of regression, and data.classes makes classes' config check csv.yaml data.classes=3
awk -F, -v OFS=, 'NR == 3 { $3 = "inf" } { print }' holes.csv >wild.csv
refused 65 'wild.csv:3: column 3 (u): not finite' train csv.yaml data.train.file=wild.csv -o never
finish
