#!/bin/bash
# Losses with several outputs for each target: gaussian_nll (mean and variance) and quantile. Their values by closed forms and scikit-learn,
# what they learn, names and units, errors, masks, several networks, what is refused. Gradients: unit.model; exports: cli.export; the same
# bits: property.same_bits.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
field() { sed -n "s/.*\"$1\":\([^],}]*\).*/\1/p" "${2:-out}"; }
near() { awk -v a="$1" -v b="$2" -v by="${4:-1e-12}" 'BEGIN { d = a - b; exit !(a != "" && d * d <= by * by * (1 + b * b)) }' || fail "$3: $1, not $2"; }
# ended RUN KEY: of its end event
ended() { field "$2" <(grep '"event":"end"' "$1/metrics.jsonl"); }

# ---- data: y = 1 + 2 a + (0.5 + a) noise; b is like y but for holes ----
awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 7; print "a,zero,y [m],b"
    for (i = 0; i < 300; i++) { a = rnd(); y = 1 + 2 * a + (0.5 + a) * (rnd() + rnd() + rnd() - 1.5)
      printf "%.5f,0,%.5f,%s\n", a, y, i % 7 ? sprintf("%.5f", 3 * y - a) : "NA" } }' >holes.csv
grep -v NA holes.csv >t.csv
cat >gauss.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a], y: ['y [m]']}, test: {file: t.csv, x: [a], y: ['y [m]']}, scale: standard}
model: {layers: [{units: out, activation: mean_variance}]}
loss: gaussian_nll
optimizer: {type: adam, lr: 0.02}
train: {epochs: 60, batch: 32, precision: float64}
C
sed 's/mean_variance/ascending/; s/gaussian_nll/quantile\nquantiles: [0.1, 0.5, 0.9]/' gauss.yaml >quantile.yaml

# ---- the loss is the density's, and the pinball's ----
run 3 train gauss.yaml -o gauss
run 0 train gauss.yaml -o gauss1
same gauss gauss1 "gaussian_nll on 3 ranks"
run 0 eval gauss/final.h5 --json && cp out said && cp out gauss.json
run 0 predict gauss/final.h5 -i t.csv -o gauss.csv
[ "$(head -1 gauss.csv)" = "y mean [m],y variance [m^2]" ] || fail "names: $(head -1 gauss.csv)"
# of the scaled target, whose divisor is its standard deviation s: the density's logarithm less ln s
paste -d, t.csv gauss.csv | awk -F, 'NR > 1 { n++; t[n] = $3; sum += $3; e = $5 - $3; nll += 0.5 * (log(2 * atan2(0, -1) * $6) + e * e / $6); mae += e < 0 ? -e : e; low += $6 <= 0 }
  END { m = sum / n; for (i = 1; i <= n; i++) s += (t[i] - m) ^ 2; printf "%.15g %.15g %d\n", nll / n - log(sqrt(s / n)), mae / n, low }' >want
read -r loss mae low <want
near "$(field loss said)" "$loss" "gaussian_nll's loss" 1e-10
near "$(field mae said)" "$mae" "errors are the mean's" 1e-10
[ "$low" = 0 ] || fail "$low variances are not above 0"

run 3 train quantile.yaml -o quantile
run 0 eval quantile/final.h5 --json && cp out said
run 0 predict quantile/final.h5 -i t.csv -o quantile.csv
[ "$(head -1 quantile.csv)" = "y q0.1 [m],y q0.5 [m],y q0.9 [m]" ] || fail "names: $(head -1 quantile.csv)"
paste -d, t.csv quantile.csv | awk -F, 'function pin(q, e) { return e > 0 ? q * e : (q - 1) * e }
  NR > 1 { n++; t[n] = $3; sum += $3; loss += (pin(0.1, $3 - $5) + pin(0.5, $3 - $6) + pin(0.9, $3 - $7)) / 3; e = $6 - $3; mae += e < 0 ? -e : e
    crossed += $5 > $6 || $6 > $7; below += $3 < $5; above += $3 > $7 }
  END { m = sum / n; for (i = 1; i <= n; i++) s += (t[i] - m) ^ 2; printf "%.15g %.15g %d %.3f %.3f\n", loss / n / sqrt(s / n), mae / n, crossed, below / n, above / n }' >want
read -r loss mae crossed below above <want
near "$(field loss said)" "$loss" "quantile's loss" 1e-10
near "$(field mae said)" "$mae" "errors are the median's" 1e-10
[ "$crossed" = 0 ] || fail "$crossed quantiles are out of order"
near "$below" 0.1 "samples below the tenth" 0.05
near "$above" 0.1 "samples above the ninth" 0.05

# ---- what they learn: of no inputs at all the sample's mean, variance and quantile; of a line scikit-learn's ----
run 0 train gauss.yaml -o flat "data.train={file: t.csv, x: [zero], y: ['y [m]']}" data.test=none optimizer.lr=0.05 train.epochs=300 train.batch=full
run 0 predict flat/final.h5 -i t.csv -o flat.csv
awk -F, 'NR > 1 { n++; sum += $3; square += $3 * $3 } END { printf "%.12g %.12g\n", sum / n, square / n - (sum / n) ^ 2 }' t.csv >want
read -r mean variance <want
near "$(sed -n 2p flat.csv | cut -d, -f1)" "$mean" "the mean" 1e-5
near "$(sed -n 2p flat.csv | cut -d, -f2)" "$variance" "the variance" 1e-4
run 0 train quantile.yaml -o line quantiles='[0.8]' schedule='{type: exponential, decay_rate: 0.97, decay_steps: 1 epoch}' train.epochs=200
run 0 predict line/final.h5 -i t.csv -o line.csv
for p in python3 /usr/bin/python3; do
  "$p" -c 'import sklearn, scipy' 2>/dev/null || continue
  "$p" - 2>err <<'P' || fail "scikit-learn: $(cat err)"
import numpy as np
from scipy.stats import norm
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss as pinball
a, _, y = (np.array(c) for c in zip(*[[float(v) for v in l.split(",")[:3]] for l in open("t.csv").read().split()[2:]]))
ours = np.loadtxt("line.csv", skiprows=1)
best = QuantileRegressor(quantile=0.8, alpha=0, solver="highs").fit(a[:, None], y).predict(a[:, None])
least, got = pinball(y, best, alpha=0.8), pinball(y, ours, alpha=0.8)
assert least * (1 - 1e-9) <= got <= least * 1.002, (got, least)
mean, variance = np.loadtxt("gauss.csv", delimiter=",", skiprows=1).T
import json
said = json.load(open("gauss.json"))["loss"]
want = -norm.logpdf(y, mean, np.sqrt(variance)).mean() - np.log(y.std())
assert abs(said - want) < 1e-9, (said, want)
P
  break
done

# ---- several targets, units, missing ones, weights; resumed ----
for name in gauss quantile; do
  IFS='|' read -r a b c <<<"data.train={file: holes.csv, x: [a], y: ['y [m]', b]}|data.test=none|data.missing.y=mask"
  run 2 train $name.yaml -o $name.two "$a" "$b" "$c" train.epochs=4
  run 0 train $name.yaml -o $name.cut "$a" "$b" "$c" train.epochs=2
  run 3 train $name.yaml -o $name.cut "$a" "$b" "$c" train.epochs=4 --resume
  same $name.two $name.cut "$name resumed"
  run 0 eval $name.two/final.h5 --split train --json
  grep -q '"targets":' out || fail "$name: no errors of each target: $(cat out)"
done
run 0 predict gauss.two/final.h5 -i t.csv -o two.h5
h5dump -d /columns/predictions two.h5 >columns
grep -q '"y variance' columns && grep -q '"b mean' columns && grep -q '"m^2' columns || fail "columns of two.h5: $(cat columns)"
run 0 predict gauss/final.h5 gauss1/final.h5 -i t.csv -o both.csv
awk -F, 'NR == 1 { if (NF != 4) exit 1; next } { if ($3 > 1e-12 || $4 > 1e-12) exit 1 }' both.csv || fail "two equal networks: $(head -2 both.csv)"
run 0 eval gauss/final.h5 gauss1/final.h5 --json
grep -o '"loss":[^,]*' out | sort -u | awk -F: 'NR == 1 { a = $2 } { d = $2 - a; if (d * d > 1e-18) exit 1 }' || fail "the mean of two: $(cat out)"

# ---- no median, no errors ----
run 0 train quantile.yaml -o tail quantiles='[0.9, 0.95]' train.epochs=2 data.validation=0.2
[ -z "$(ended tail mae)" ] || fail "errors of a quantile that is no median: $(cat tail/metrics.jsonl)"
refused 78 "there is no rmse with the loss quantile" config check quantile.yaml quantiles='[0.9]' checkpoint.keep.best=rmse
refused 78 "missing key 'quantiles'" config check quantile.yaml quantiles=none
refused 78 "they are to ascend" config check quantile.yaml quantiles='[0.5, 0.1]'
refused 78 "out of range" config check quantile.yaml quantiles='[0, 0.5]'
refused 78 "goes with the loss quantile" config check gauss.yaml quantiles='[0.5]'
refused 78 "quantile needs a last layer with activation ascending, not linear" train quantile.yaml -o no 'model.layers=[{units: out}]'
refused 78 "gaussian_nll needs a last layer with activation mean_variance" train gauss.yaml -o no 'model.layers=[{units: out}]'
refused 78 "the loss takes 2 outputs, several for each target" train gauss.yaml -o no 'model.layers=[{units: 1, activation: mean_variance}]'
refused 78 "numbers, and data.classes makes classes" config check gauss.yaml data.classes=3
refused 78 "the variance of a target's logarithm is not the target's" train gauss.yaml -o no 'data.scale={type: none, columns: {b: log}}' 'data.train={file: t.csv, x: [a], y: [b]}' data.test=none
finish
