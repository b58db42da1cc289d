#!/bin/bash
# What evaluations say: top-k, confusion, precision and recall, and mae, rmse and r2 of each target in its own units, against awk's own forward
# pass with the weights that training logs; the same text on any number of ranks.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
weights_of() { tail -1 <(grep '"event":"step"' "$1/metrics.jsonl") | sed 's/.*"weights":\[//; s/\].*//' | tr ',' '\n'; }
# figures FILE KEY: the numbers of KEY in a JSON object, one a line
figures() { sed -n "s/.*\"$2\":\(\[\[[^]]*\(\],\[[^]]*\)*\]\]\|\[[^]]*\]\|[^,}]*\).*/\1/p" "$1" | sed 's/"[^"]*"//g' | tr -c '0-9.eE+\n-' '\n' | grep '[0-9]'; }
# near FILE FILE TOLERANCE TEXT: the same numbers, to a relative error
near() {
  paste "$1" "$2" | awk -v tolerance="$3" 'function abs(x) { return x < 0 ? -x : x }
    NF != 2 || !(abs($1 - $2) <= tolerance * (abs($2) > 1e-3 ? abs($2) : 1e-3)) { bad = 1 } END { exit bad || NR == 0 }' ||
    fail "$4: not the reference's: $(paste "$1" "$2" | head -12 | tr '\n' ';')"
}
everywhere() { # everywhere FILE ARGUMENT...: eval, the same on 0 to 4 ranks
  local file=$1; shift
  run 0 eval "$@" --json; cp out "$file"
  for ranks in 2 3 4; do run $ranks eval "$@" --json; cmp -s out "$file" || fail "eval $*: $ranks ranks say something else"; done
}

# ---- classes: 5 of them, 700 samples, three blocks ----
awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 11; print "a,b,c,kind"
    for (i = 0; i < 700; i++) { k = int(5 * rnd() * rnd()); printf "%.6f,%.6f,%.6f,%d\n", rnd() + k / 3, rnd() - k / 4, 2 * rnd() * k, k } }' >t.csv
cat >net.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [a, b, c], y: kind}, test: {file: t.csv, x: [a, b, c], y: kind}, validation: {share: 0.4, how: last}, classes: 5}
model: {layers: [{units: out, activation: softmax}]}
loss: cross_entropy_per_class
optimizer: {type: sgd, lr: 0.3}
train: {steps: 60, batch: 50, precision: float64}
output: {step_every: 1, log_weights: true}
C
# by_class RUN K BATCH: confusion, then precision, recall, top-k. BATCH 1: softmax over the samples.
by_class() {
  weights_of "$1" | awk -F, -v K="$2" -v batch="$3" '
    FILENAME == "-" { W[FNR - 1] = $1; next }
    FNR > 1 { n++; y[n] = $4; for (k = 0; k < 5; k++) { z[n, k] = W[15 + k] + $1 * W[k] + $2 * W[5 + k] + $3 * W[10 + k]; total[k] += exp(z[n, k]) } }
    END {
      for (i = 1; i <= n; i++) {
        for (k = 0; k < 5; k++) s[k] = z[i, k] - (batch ? log(total[k]) : 0)
        best = 0; ahead = 0
        for (k = 0; k < 5; k++) { if (s[k] > s[best]) best = k; ahead += s[k] > s[y[i]] }
        m[y[i], best]++; of[y[i]]++; taken[best]++; hit += ahead < K
      }
      for (r = 0; r < 5; r++) for (k = 0; k < 5; k++) print m[r, k] + 0 >"confusion"
      for (k = 0; k < 5; k++) { if (taken[k]) printf "%.17g\n", m[k, k] / taken[k] >"precision"; printf "%.17g\n", m[k, k] / of[k] >"recall"; right += m[k, k] }
      printf "%.17g\n", hit / n >"top_k"; printf "%.17g\n", right / n >"accuracy"
    }' - t.csv
}
check_classes() { # check_classes RUN BATCH
  for k in 1 2 4; do
    everywhere said "$1/final.h5" --confusion --top-k $k
    by_class "$1" $k "$2"
    for key in confusion precision recall top_k accuracy; do figures said $key >numbers; near numbers $key 1e-12 "$1, k $k, $key"; done
    [ "$(figures said k)" = $k ] || fail "$1: k is $(figures said k)"
  done
  everywhere said "$1/final.h5" --top-k 1
  [ "$(figures said top_k)" = "$(figures said accuracy)" ] || fail "$1: top-1 is not the accuracy: $(cat said)"
}
run 0 train net.yaml -o rows
check_classes rows 0
run 0 train net.yaml -o columns 'model.layers=[{units: out, activation: softmax_batch}]' train.slices=1 optimizer.lr=1
check_classes columns 1
run 0 eval rows/final.h5 --top-k 2
grep -q ', top-2 accuracy 0\.' out || fail "the table lacks top-2: $(cat out)"

# ---- targets: four, each of another size, one far from 0 ----
awk 'function rnd() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
  BEGIN { seed = 5; print "a,b,p,q,r,s"
    for (i = 0; i < 600; i++) { a = rnd(); b = rnd()
      printf "%.6f,%.6f,%.6f,%.4f,%.9f,%.3f\n", a, b, 1000 * (a - b) + 90 * rnd(), 2e6 + 100 * b + rnd(), 1e-3 * rnd(), 20 * a * b } }' >r.csv
cat >targets.yaml <<'C'
version: 1
data: {type: csv, train: {file: r.csv, x: [a, b], y: [p, q, r, s]}, test: {file: r.csv, x: [a, b], y: [p, q, r, s]}, limit: {train: 400}, scale: standard}
model: {layers: [{units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.05}
train: {steps: 60, batch: 50, precision: float64}
output: {step_every: 1, log_weights: true}
C
# Scaled by the first 400 samples, that training saw; figures of all 600. Means first, for sums of squares that keep their digits.
by_target() {
  weights_of "$1" | awk -F, -v scale="$2" '
    FILENAME == "-" { W[FNR - 1] = $1; next }
    FNR > 1 { n++; for (c = 1; c <= 6; c++) v[n, c] = $c }
    END {
      for (c = 1; c <= 6; c++) {
        shift[c] = least[c] = most[c] = v[1, c]
        for (i = 1; i <= 400; i++) { sum[c] += v[i, c] - v[1, c]; if (v[i, c] < least[c]) least[c] = v[i, c]; if (v[i, c] > most[c]) most[c] = v[i, c] }
        shift[c] += sum[c] / 400
        for (i = 1; i <= 400; i++) square[c] += (v[i, c] - shift[c]) ^ 2
        by[c] = sqrt(square[c] / 400)
        if (scale == "minmax") { shift[c] = least[c]; by[c] = most[c] - least[c] }
        if (scale == "none") { shift[c] = 0; by[c] = 1 }
      }
      for (t = 0; t < 4; t++) {
        c = t + 3; absolute = squares = errors = largest = mean = spread = apart = 0
        for (i = 1; i <= n; i++) mean += (v[i, c] - v[1, c]) / n
        for (i = 1; i <= n; i++) {
          y = W[8 + t] + (v[i, 1] - shift[1]) / by[1] * W[t] + (v[i, 2] - shift[2]) / by[2] * W[4 + t]
          e = y * by[c] + shift[c] - v[i, c]; absolute += e < 0 ? -e : e; E[i] = e; errors += e / n; if (e * e > largest * largest) largest = e < 0 ? -e : e; squares += e * e; spread += (v[i, c] - v[1, c] - mean) ^ 2
        }
        for (i = 1; i <= n; i++) apart += (E[i] - errors) ^ 2
        printf "%.17g\n%.17g\n%.17g\n%.17g\n%.17g\n", absolute / n, sqrt(squares / n), 1 - squares / spread, 1 - apart / spread, largest
      }
    }' - r.csv
}
for scale in standard minmax none; do
  run 0 train targets.yaml -o $scale data.scale=$scale
  everywhere said $scale/final.h5
  by_target $scale $scale >want
  figures said targets >numbers
  near numbers want 1e-9 "targets, scale $scale" # also of errors that are a million times their spread, as without scaling
done
run 0 eval standard/final.h5
[ "$(sed -n '/^target /,$p' out | wc -l)" -eq 5 ] || fail "the table lacks the targets: $(cat out)"
# One target: the only figures are those of the whole, in its own units, also while training.
run 0 train targets.yaml -o single data.train.y=p data.test.y=p eval.on='[train]' train.epochs=2 train.steps=none
everywhere said single/final.h5
grep -q targets said && fail "one target has figures of its own: $(cat said)"
awk -v mae="$(figures said mae)" 'BEGIN { exit !(mae > 10) }' || fail "mae is not in the target's units: $(cat said)"
run 0 train targets.yaml -o running data.train.y=p data.test.y=p train.epochs=2 train.steps=none
awk -v mae="$(sed -n '/"epoch":2/s/.*"mae":\([^,]*\),.*/\1/p' running/metrics.jsonl)" 'BEGIN { exit !(mae > 10) }' || fail "the running mae is not"

# ---- eval.metrics: what the events hold, and eval says without being asked ----
keys() { tail -1 <(grep "\"event\":\"$2\"" "$1/metrics.jsonl") | grep -o '"[a-z_0-9]*":' | tr -d '":' | tr '\n' ' '; } # RUN EVENT
chosen='eval.metrics=[top_k, per_class]'
run 2 train net.yaml -o few "$chosen" eval.top_k=2
[[ "$(keys few epoch)" == "event epoch global_step loss loss_kind val_loss val_top_k val_precision val_recall val_f1_by_class lr "* ]] || fail "epoch: $(keys few epoch)"
[[ "$(keys few end)" == "event global_step loss val_loss val_top_k val_precision val_recall val_f1_by_class test_loss test_top_k test_precision test_recall test_f1_by_class weights_hash "* ]] ||
  fail "end: $(keys few end)"
run 0 eval few/final.h5 --json
tail -1 few/metrics.jsonl | sed 's/"test_/"/g; s/.*"loss"/"loss"/' >end
for key in top_k precision recall; do cmp -s <(figures end $key) <(figures out $key) || fail "eval and the end event differ in $key"; done
run 0 eval few/final.h5 && grep -q '^label  precision  recall      f1' out || fail "no classes in the table: $(cat out)"
run 3 train net.yaml -o same "$chosen" eval.top_k=2
[ "$(numbers_of few)" = "$(numbers_of same)" ] || fail "3 ranks: other figures"
run 1 train net.yaml -o same "$chosen" eval.top_k=2 --resume
[ "$(numbers_of few)" = "$(numbers_of same)" ] || fail "resumed at its end: other figures"
run 0 train targets.yaml -o errors 'eval.metrics=[rmse, per_target]' eval.on='[train, test]' train.epochs=1 train.steps=none
[[ "$(keys errors epoch)" == *" rmse loss_kind targets mae rmse r2 explained_variance max_error mae "*" test_loss test_rmse test_targets mae "* ]] || fail "targets: $(keys errors epoch)"

# ---- what is refused ----
refuse() { # refuse CODE TEXT COMMAND...
  local code=$1 text=$2; shift 2
  "$LOCKSTEP" "$@" >out 2>err; got=$?
  [ $got -eq "$code" ] && grep -qF -- "$text" err || fail "$*: exit $got, not $code with '$text': $(cat err)"
}
refuse 64 '--top-k 0: from 1 to 5' eval rows/final.h5 --top-k 0
refuse 64 '--top-k 6: from 1 to 5' eval rows/final.h5 --top-k 6
refuse 64 '--top-k needs classes; this is a mse model' eval none/final.h5 --top-k 1
refuse 64 '--confusion needs classes' eval none/final.h5 --confusion
refuse 78 'there is no mae with the loss cross_entropy_per_class [eval.metrics]' config check net.yaml 'eval.metrics=[accuracy, mae]'
refuse 78 'there is no top_k with the loss mse [eval.metrics]' config check targets.yaml 'eval.metrics=[top_k]'
refuse 78 "did you mean 'top_k'" config check net.yaml 'eval.metrics=[top_kk]'
refuse 78 'eval.top_k is 9, and there are 5 classes' train net.yaml -o refused 'eval.metrics=[top_k]' eval.top_k=9
# ---- no better than guessing is not dead; that is said where units are seen to be still. A second resume of the end tells nothing twice ----
awk 'BEGIN { print "a,kind"; for (i = 0; i < 100; i++) print i / 100 "," i % 5 }' >u.csv
cat >still.yaml <<'C'
version: 1
data: {type: csv, train: {file: u.csv, x: [a], y: kind}, classes: 5}
model: {layers: [{units: 8, activation: relu}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 1e-9}
train: {epochs: 2, batch: 20}
C
run 3 train still.yaml -o dead "model.init={type: constant, value: -1}"
grep -q 'the network is dead: 100 %' err && grep -q '"dead":true,"exit":"done"' dead/metrics.jsonl || fail "dead: $(cat err)"
# the most frequent class whatever the sample, while the loss still moves
awk 'BEGIN { print "a,kind"; for (i = 0; i < 100; i++) print i / 100 "," (i % 10 < 3 ? 0 : i % 5) }' >most.csv
run 0 train still.yaml data.train.file=most.csv optimizer.lr=0.1 train.epochs=3 -o most "model.init={type: constant, value: -1}"
grep -q 'hardly better than guessing one of 5 classes; the network is dead: 100 %' err || fail "dead, and 40 % of one class: $(cat err)"
run 3 train still.yaml -o alive
grep -q 'no better than guessing' err || fail "alive: $(cat err)"
grep -q 'dead' err alive/metrics.jsonl && fail "a network that moves is called dead: $(cat err)"
for _ in 1 2; do run 3 train still.yaml -o alive --resume=auto; done
events() { grep -c "$1" alive/metrics.jsonl; }
[ "$(events '"event":"start"') $(events '"file":"final.h5"') $(events '"event":"end"')" = "2 1 1" ] || fail "told twice: $(cat alive/metrics.jsonl)"

finish
