#!/bin/bash
# test_soft.sh - y as a column a class with shares of the classes in each row: losses and weights of the first updates against awk's own
# softmax regression, the same bits from CSV and HDF5, in memory and streamed, on any ranks; labels and counts by the largest share.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
awk -v seed="$SEED" 'BEGIN { srand(seed); print "a,b,no,yes,maybe,weight"
  for (i = 0; i < 60; i++) { a = rand() * 2 - 1; b = rand() * 2 - 1; u = int(90 * rand()); v = int((100 - u) * rand())
    if (i % 10 == 3) { u = 100; v = 0 }
    printf "%.6f,%.6f,%.2f,%.2f,%.2f,%d\n", a, b, u / 100, v / 100, (100 - u - v) / 100, i % 3 } }' >soft.csv
# config TYPE FILE X Y MORE
config() {
  cat <<C
version: 1
data: {type: $1, train: {file: $2, x: $3, y: $4}$5}
model: {init: zeros, layers: [{units: out, activation: softmax}]}
loss: ${LOSS:-cross_entropy}
optimizer: {type: sgd, lr: 1}
train: {steps: 4, batch: ${BATCH:-full}, slices: 4, precision: float64 ${TRAIN:-}}
eval: {metrics: [accuracy, top_k, per_class], top_k: 2}
output: {step_every: 1, log: [jsonl]}
checkpoint: {every: never}
C
}
same() { # RUN RUN
  [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$1 and $2: other weights"
  [ "$(numbers_of "$1")" = "$(numbers_of "$2")" ] || fail "$1 and $2: other numbers"
}
# regression LOSS: the loss of 4 updates of softmax regression by gradient descent from 0
regression() {
  awk -F, -v per="$([ "$1" = cross_entropy ] || echo 1)" 'NR > 1 { n++; x[n, 0] = 1; x[n, 1] = $1; x[n, 2] = $2; for (k = 0; k < 3; k++) t[n, k] = $(3 + k) }
    END { for (s = 0; s < 4; s++) { loss = 0; split("", g)
      for (i = 1; i <= n; i++) { sum = 0; all = 0
        for (k = 0; k < 3; k++) { z = 0; for (j = 0; j < 3; j++) z += w[j, k] * x[i, j]; p[k] = exp(z); sum += p[k] }
        for (k = 0; k < 3; k++) { p[k] /= sum; loss -= t[i, k] * log(p[k]); if (per) loss -= (1 - t[i, k]) * log(1 - p[k])
          c[k] = -t[i, k] + (per ? (1 - t[i, k]) * p[k] / (1 - p[k]) : 0); all += c[k] }
        for (k = 0; k < 3; k++) for (j = 0; j < 3; j++) g[j, k] += (c[k] - p[k] * all) * x[i, j] }
      m = per ? 3 * n : n; printf "%.12g\n", loss / m
      for (k = 0; k < 3; k++) for (j = 0; j < 3; j++) w[j, k] -= g[j, k] / m } }' soft.csv
}
for loss in cross_entropy cross_entropy_per_class; do
  LOSS=$loss config csv soft.csv "[a, b]" "[no, yes, maybe]" "" >$loss.yaml
  run 0 train $loss.yaml -o $loss
  sed -n 's/.*"event":"step".*"loss":\([^,]*\),.*/\1/p' $loss/metrics.jsonl | paste - <(regression $loss) >losses
  awk '{ d = $1 - $2; if (d < 0) d = -d; if (NF != 2 || d > 1e-10) exit 1 } END { if (NR != 4) exit 1 }' losses || fail "$loss: other losses than awk's: $(cat losses)"
  run 3 train $loss.yaml -o $loss.3
  same $loss $loss.3
done

# ---- accuracy and counts by the largest share; predictions and names as those of classes ----
run 0 eval cross_entropy/final.h5 --split train --confusion --json
run 0 predict cross_entropy/final.h5 -i soft.csv -o p.csv
head -1 p.csv | grep -q 'no,yes,maybe' || fail "names of classes: $(head -1 p.csv)"
want=$(paste -d, soft.csv p.csv | awk -F, 'function top(f, k, b) { b = f; for (k = f; k < f + 3; k++) if ($k > $b) b = k; return b - f } NR > 1 { right += top(3) == top(7); n++ } END { printf "%.6f", right / n }')
run 0 eval cross_entropy/final.h5 --split train --json
[ "$(sed -n 's/.*"accuracy":\([0-9.]*\).*/\1/p' out | head -1 | awk '{ printf "%.6f", $1 }')" = "$want" ] || fail "accuracy is not $want: $(cat out)"

# ---- HDF5, streamed; weights of samples, and of the classes with the largest shares ----
export BATCH=16
config csv soft.csv "[a, b]" "[no, yes, maybe]" ", weights: weight, validation: 0.2" >w.yaml
TRAIN=", class_weights: {maybe: 3, 0: 0.5}" config csv soft.csv "[a, b]" "[no, yes, maybe]" ", weights: weight, validation: 0.2" >c.yaml
run 0 train w.yaml -o w
run 0 train c.yaml -o c
[ "$(hash_of w/final.h5)" != "$(hash_of c/final.h5)" ] || fail "weights of classes are not taken"
run 0 data import w.yaml -o soft.h5
config hdf5 soft.h5 /train/x /train/y ", weights: /train/weights, validation: 0.2" >h5.yaml
run 3 train h5.yaml -o h5
same w h5
run 3 train h5.yaml -o stream data.load=stream
same w stream

# ---- what is refused ----
awk -F, 'NR == 7 { $3 = 0.5; $4 = 0.2; $5 = 0.2 } NR == 30 { $3 = -0.25; $4 = 1.25; $5 = 0 } { print }' OFS=, soft.csv >bad.csv
refused 65 "bad.csv:7: column 3 (no): several columns of y are shares of the classes here, numbers >= 0 that sum to 1" train w.yaml --force -o r data.train.file=bad.csv
grep -qF "divide them by their sum" err || fail "no fix: $(cat err)"
sed '7d' bad.csv >negative.csv
refused 65 "negative.csv:29: column 3 (no): several columns" train w.yaml --force -o r data.train.file=negative.csv
LOSS=cross_entropy_per_class config csv soft.csv "[a, b]" "[no, yes, maybe]" "" | sed 's/softmax/softmax_batch/; s/slices: 4/slices: 1/' >batch.yaml
refused 78 "softmax_batch takes one class a sample" train batch.yaml --force -o r
finish
