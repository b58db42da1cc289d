#!/bin/bash
# Weights of another network: the layers that fit or are listed, said in one line; and layers that are not trained, on any ranks, resumed,
# from memory and streams.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
cp -r "$SOURCE"/tests/cases/transfer/* .
refused() { # refused CODE TEXT ARGUMENT...
  local want=$1 text=$2 code; shift 2
  "$LOCKSTEP" "$@" -o never >out 2>err; code=$?
  [ $code -eq "$want" ] && grep -qF -- "$text" err || fail "$*: exit $code, not $want with '$text': $(cat err)"
}
tensor() { h5dump -y -w 1 -m %.17g -d "/model/$2" "$1/final.h5" | sed -n '/DATA {/,/}/p' | tr -dc '0-9.e,+\n-'; } # RUN NNNN/W
same() { [ -n "$(tensor "$1" "$3")" ] && [ "$(tensor "$1" "$3")" = "$(tensor "$2" "$3")" ]; }

run 0 train base.yaml -o base train.epochs=2
# ---- the case: another head; what does not fit is drawn, as it would be without a file ----
still=(optimizer.lr=1e-30 train.epochs=none train.steps=1)
refused 65 "/model/0002/W is (8, 4)" train tl.yaml
run 0 train tl.yaml -o fits model.init.layers=fitting "${still[@]}"
grep -qF "model.init: layers 0-1 from base/final.h5; drawn as by auto: layer 2" err || fail "not said: $(cat err)"
run 0 train tl.yaml -o drawn model.init=auto "${still[@]}"
for name in 0000/W 0000/b 0001/W 0001/b; do same fits base $name || fail "$name is not the file's"; done
same fits drawn 0002/W || fail "what does not fit is not drawn"
for layers in '[0-1]' '[0, 1]' 0-1; do
  run 0 train tl.yaml -o "listed" --force "model.init.layers=$layers" "${still[@]}"
  [ "$(hash_of listed/final.h5)" = "$(hash_of fits/final.h5)" ] || fail "layers: $layers: other weights"
done
run 0 train tl.yaml -o one model.init.layers=1 "${still[@]}"
grep -qF "model.init: layer 1 from base/final.h5; drawn as by auto: layer 0, 2" err || fail "not said: $(cat err)"
same one base 0001/W && same one drawn 0000/W && same one drawn 0002/W || fail "layers: 1"
tail -c +4097 base/final.h5 >plain.h5 # the same as any HDF5 file
run 3 train tl.yaml -o plain model.init.layers=fitting model.init.file=plain.h5 "${still[@]}"
[ "$(hash_of plain/final.h5)" = "$(hash_of fits/final.h5)" ] || fail "plain HDF5, 3 ranks: other weights"
refused 65 "/model/0002/W is (8, 4)" train tl.yaml 'model.init.layers=[0-2]'
refused 65 "no layer of this model is there" train tl.yaml model.init.layers=fitting 'model.layers=[{units: out, activation: softmax}]'
refused 78 "there is no layer 3: the model has 3" train tl.yaml 'model.init.layers=[0, 1-3]'
refused 78 "'x' is neither the number of a layer (from 0) nor a range" train tl.yaml 'model.init.layers=[0, x]'
refused 78 "layers must be" train tl.yaml model.init.layers=fiting
mkdir sealed && cp base/final.h5 sealed/w.h5 # a file that may not be read is not damaged
LD_PRELOAD=$BUILD/tests/libiotrap.so IOTRAP_DIR=sealed IOTRAP_HIT=$PWD/hit IOTRAP_FAULT=open:1:EACCES:ever refused 65 "cannot open 'sealed/w.h5': Permission denied" train tl.yaml model.init.file=sealed/w.h5
grep -q damaged err && fail "a file without permission: $(cat err)"

# ---- trainable: false ----
refused 78 "nothing is left to train" train base.yaml 'model.layers=[{units: out, activation: softmax, trainable: false}]'
refused 78 "does not go with type dropout, but with dense, layer_norm" train base.yaml 'model.layers[1]={type: dropout, rate: 0.1, trainable: false}'
refused 78 "'no' is neither: trainable must be true or false" train base.yaml 'model.layers[0].trainable=no'
frozen=(model.init.layers=fitting model.layers[0].trainable=false model.layers[1].trainable=false optimizer.lr=0.01 optimizer.weight_decay=0.1
  train.gradient_noise='{eta: 0.1}' train.clip_norm=0.5 'checkpoint.every=2 epochs' train.epochs=4 output.step_every=1)
run 0 train tl.yaml -o held "${frozen[@]}"
for name in 0000/W 0000/b 0001/W 0001/b; do same held base $name || fail "$name was frozen and has changed"; done
same held drawn 0002/W && fail "the head was not trained"
run 3 train tl.yaml -o held3 "${frozen[@]}" train.exchange=tree
[ "$(hash_of held3/final.h5)" = "$(hash_of held/final.h5)" ] && diff <(numbers_of held) <(numbers_of held3) || fail "frozen, 3 ranks: other bits"
"$LOCKSTEP" data import idx_emnist2 -o d.h5 >/dev/null || fail "import"
sed 's|type: idx, dir: idx_emnist2|type: hdf5, train: {file: d.h5, x: /train/x, y: /train/y}, load: stream|' tl.yaml >stream.yaml
run 3 train stream.yaml -o stream "${frozen[@]}" train.epochs=2
run 1 train stream.yaml -o stream --resume "${frozen[@]}"
[ "$(hash_of stream/final.h5)" = "$(hash_of held/final.h5)" ] || fail "frozen, streamed and resumed: other weights"
refused 78 "model.layers[0].trainable: false -> true" train tl.yaml --resume=held/final.h5 "${frozen[@]}" model.layers[0].trainable=true train.epochs=5
run 0 train tl.yaml -o thawed --resume=held/final.h5 "${frozen[@]}" model.layers[0].trainable=true train.epochs=5 --allow 'model.layers[0].trainable'
same thawed base 0000/W && fail "trainable again, and not trained"

# ---- by hand: y = w2 (w1 x + b1) + b2, w1 and b1 frozen: they are in no gradient, no norm, no decay ----
for i in 1 2 3 4; do echo "$i,$((i * i))"; done >q.csv
cat >q.yaml <<'C'
version: 1
data: {type: csv, train: {file: q.csv, x: [1], y: 2, header: false}, order: sequential}
model: {init: {type: constant, value: 0.5}, layers: [{units: 1, trainable: false}, {units: 1}]}
loss: half_mse
optimizer: {type: sgd, lr: 0.1, weight_decay: 0.25}
train: {epochs: 3, batch: full, slices: 2, precision: float64, clip_norm: 0.5}
output: {step_every: 1, log_weights: true}
C
awk 'BEGIN { w = 0.5; b = 0
  for (t = 0; t < 3; t++) {
    gw = gb = 0
    for (i = 1; i <= 4; i++) { h = 0.5 * i; d = (w * h + b - i * i) / 4; gw += d * h; gb += d }
    norm = sqrt(gw * gw + gb * gb); f = norm > 0.5 ? 0.5 / norm : 1
    w -= 0.1 * (f * gw + 0.25 * w); b -= 0.1 * (f * gb + 0.25 * b)
    printf "%.10f 0.5 0 %.10f %.10f\n", norm, w, b } }' >wanted
for ranks in 0 2; do
  run $ranks train q.yaml -o q$ranks
  paste -d ' ' <(sed -n 's/.*"event":"epoch".*"grad_norm":\([^,}]*\).*/\1/p' q$ranks/metrics.jsonl) \
    <(sed -n 's/.*"event":"step".*"weights":\[\([^]]*\)\].*/\1/p' q$ranks/metrics.jsonl | tr ',' ' ') >got
  awk 'NR == FNR { for (i = 1; i <= NF; i++) want[FNR, i] = $i; rows = FNR; next }
    { for (i = 1; i <= 5; i++) if (NF != 5 || ($i - want[FNR, i]) ^ 2 > 1e-18) bad = 1 }
    END { exit bad || FNR != rows || rows != 3 }' wanted got || fail "by hand, $ranks ranks: $(cat got) and not $(cat wanted)"
done
finish
