#!/bin/bash
# Plug-ins: code of others runs only where the user's own config names it and the command uses it; one that ends the process is named.
# shellcheck source-path=SCRIPTDIR/..
# label: full
set -u
. "$SOURCE/tests/lib.sh"
PLUGINS=$BUILD/tests/plugins
export BROKEN_MARK=$PWD/loaded # exit_second.so makes this file when it is loaded

for i in $(seq 0 39); do echo "$((i % 7)),$((i * 5 % 11)),$((i * 3 % 4))"; done >t.csv
cat >plain.yaml <<'END'
version: 1
data: {type: csv, train: {file: t.csv, x: [1], y: 3, header: false}}
model: {layers: [{units: 1}]}
loss: half_mse
optimizer: {type: sgd, lr: 0.001}
train: {epochs: 3, batch: 10, slices: 4}
output: {step_every: 1, log_weights: true}
END
sed 's/^optimizer.*/optimizer: {type: plugin, file: own.so, lr: 0.001, eta: 0.01}/' plain.yaml >own.yaml
echo 'schedule: {type: plugin, file: rate.so, half: 5 epochs, low: 0.0005}' >>own.yaml
own() { cp "$PLUGINS/gradient_noise.so" own.so; cp "$PLUGINS/triangular.so" rate.so; }
trap_them() { cp "$PLUGINS/exit_second.so" own.so; cp "$PLUGINS/exit_second.so" rate.so; rm -f loaded; }

# expect CODE TEXT RANKS ARGUMENT...
expect() {
  local code=$1 text=$2 ranks=$3 got; shift 3
  on "$ranks" "$@" >out 2>err
  got=$?
  [ $got -eq "$code" ] || fail "$* on $ranks: $got, not $code: $(head -c 600 err)"
  [ -z "$text" ] || grep -qF -- "$text" out err || fail "$* on $ranks: no '$text': $(cat err)"
}

own
expect 0 "" 1 train own.yaml -o whole train.epochs=5
expect 0 "" 0 train own.yaml -o run
expect 0 "" 0 train own.yaml -o other optimizer.eta=0.02
expect 0 "" 0 train own.yaml -o seed seed=2
expect 0 "" 0 eval run/final.h5 --split train --json; cp out eval.right

# What reads a checkpoint or a run folder leaves alone what it names, and needs none of it.
readers() {
  local ranks=$1
  expect 0 "" "$ranks" eval run/final.h5 --split train --json
  cmp -s out eval.right || fail "eval on $ranks: $(cat out), not $(cat eval.right)"
  expect 0 "" "$ranks" predict run/final.h5 -i t.csv -o "out$ranks.h5" --force
  expect 78 "optimizer.eta: 0.01 -> (none)" "$ranks" train plain.yaml -o run --resume=auto
}
# The commands of one process, and whether runs that differ in a plug-in's key, or in their seed alone, are told apart.
lone_readers() {
  expect 0 "" 0 eval run/final.h5 --data own.yaml --split train
  expect 0 "own.so" 0 inspect run/final.h5
  expect 0 "" 0 inspect run --verify
  expect 0 "own.so" 0 compare run other seed
  expect 0 "" 0 compare run other seed --json
  [ "$(grep -o '"group":[0-9]*' out | tr -dc '0-9\n' | tr '\n' ' ')" = "0 1 0 " ] || fail "groups: $(cat out)"
  expect 0 "" 0 plot cost run -o -
  expect 0 "" 0 plot lr run -o -
  expect 0 "" 0 plot path run -o -
  expect 0 "" 0 plot compare run other -o -
  expect 0 "" 0 data info run/config.yaml
  expect 0 "" 0 order run/config.yaml --step 1
}
trap_them
for ranks in 0 1 3; do readers $ranks; done
lone_readers
[ ! -e loaded ] || fail "a plug-in was loaded that the user did not name"
rm own.so rate.so
readers 0
lone_readers

# A resume takes the user's own, from where the user's config says; its keys and slots are those of the checkpoint.
own
for ranks in 0 3; do
  rm -rf again && cp -r run again
  expect 0 "" $ranks train own.yaml -o again --resume=auto train.epochs=5
  [ "$(hash_of again/final.h5)" = "$(hash_of whole/final.h5)" ] || fail "resumed on $ranks: other bits"
done
rm -rf again && cp -r run again
expect 78 "optimizer.eta: 0.01 -> 0.02" 0 train own.yaml -o again --resume=auto train.epochs=5 optimizer.eta=0.02
expect 78 "schedule.half: 5 epochs -> 4 epochs" 0 train own.yaml -o again --resume=auto train.epochs=5 'schedule.half=4 epochs'
cp "$PLUGINS/crash_rate.so" own.so
expect 78 "0 optimizer slots, the config's optimizer 1" 0 train own.yaml -o again --resume=auto train.epochs=5 \
  'optimizer={type: plugin, file: own.so, lr: 0.001}' --allow optimizer

# A plug-in that ends the process: named, 78, whenever it does.
broken() { echo "optimizer={type: plugin, file: $PLUGINS/$1.so, lr: 0.001}"; }
"$LOCKSTEP" config check plain.yaml "$(broken endless_constructor)" >endless 2>&1 &
endless=$!
for ranks in 0 1 3; do
  expect 78 "exit_42.so ended the process (exit code 42)" $ranks train plain.yaml "$(broken exit_42)" -o none
  expect 78 "exit_update.so" $ranks train plain.yaml "$(broken exit_update)" -o "update$ranks"
done
# One that crashes in the middle of training is named too, once, by the rank that it happened to.
for ranks in 0 1 3; do
  on $ranks train plain.yaml "$(broken null_update)" -o "null$ranks" >out 2>err
  [ $? -gt 128 ] && grep -q "lockstep: error: .*the process has crashed (segmentation fault); a plug-in is at work in it: $PLUGINS/null_update.so" err ||
    fail "null_update on $ranks: $(head -c 900 err)"
  [ "$(grep -c 'a plug-in is at work' err)" -le "$((ranks + !ranks))" ] || fail "null_update on $ranks is told too often: $(cat err)"
done
expect 78 "exit_constructor.so ended the process (exit code 0)" 0 train plain.yaml "$(broken exit_constructor)" -o none
expect 78 "abort_constructor.so crashed" 0 train plain.yaml "$(broken abort_constructor)" -o none
expect 78 "exit_thread.so" 0 train plain.yaml "$(broken exit_thread)" -o thread train.epochs=1000000 checkpoint.every=never output.step_every=0 output.log_weights=false
expect 0 "" 0 train plain.yaml "$(broken exit_destructor)" -o destructor
[ ! -e none ] || fail "a run folder was made for a refused plug-in"
# No process to try it in: the machine's fault, not the plug-in's.
for ranks in 0 3; do
  NOSPAWN=1 LD_PRELOAD=$BUILD/tests/libforktrap.so expect 1 "cannot be tried: cannot start a process" $ranks train plain.yaml "$(broken exit_42)" -o none
done
for command in "config check plain.yaml" "schedule plain.yaml" "bench train plain.yaml --steps 3"; do
  rm -f loaded
  # shellcheck disable=SC2086
  expect 78 "exit_second.so ended the process (exit code 42) while it was being loaded" 0 $command "$(broken exit_second)"
done
wait $endless
[ $? -eq 78 ] && grep -qE "endless_constructor.so did not come back within (5|20) s" endless || fail "endless: $(cat endless)"
finish
