#!/bin/bash
# Training in another program, by liblockstep: the weights of the command line on the same samples, on any ranks, wherever the samples are.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
trainer=$BUILD/tests/api_trainer TRAP=$BUILD/tests/libforktrap.so
awk 'BEGIN { srand(3); for (i = 0; i < 100; i++) { a = int(rand() * 4096); b = int(rand() * 4096); c = int(rand() * 4096)
    printf "%.12f,%.12f,%.12f,%.12f,%.12f\n", a / 1024, b / 1024, c / 1024, (a - b) / 1024, (b + c) / 2048 } }' >rows.csv
{ echo "a,b,c,y [J],z"; cat rows.csv; } >t.csv
perl -ne 'print pack("d<*", split /,/)' <rows.csv >rows.bin

# config NAME DATA EPOCHS
config() {
  cat >$1.yaml <<C
version: 1
data: {$2}
model: {layers: [{units: 13, activation: tanh}, {type: dropout, rate: 0.2}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
schedule: {type: cosine, decay_steps: 8}
train: {epochs: $3, batch: 32, slices: 5, precision: ${4:-float32}}
eval: {every: never}
C
}
csv="type: csv, train: {file: t.csv, x: [1-3], y: [4, 5]}, order: sequential"
memory="type: memory, inputs: 3, targets: 2, samples: 100"
config files "$csv" 2
config given "$memory" 2
run 0 train files.yaml -o files -q
want=$(hash_of files/final.h5)

traps() { # traps COMMAND...: what forks or starts a process is written down
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 LD_PRELOAD=$TRAP FORKTRAP=$PWD/forks SPAWNED=$PWD/spawned "$@"
}
# trains RANKS HOW CONFIG STEPS OUT [RESUME]
trains() {
  local ranks=$1 how=$2 config=$3 steps=$4 out=$5; shift 5
  traps "$MPIRUN" -n "$ranks" "$trainer" "$how" "$config" rows.bin 3 2 "$steps" "$out" "$@" >said 2>spoke || { fail "$ranks $how: exit $?: $(cat said spoke)"; return; }
  [ ! -s spoke ] || fail "$ranks $how spoke: $(cat spoke)"
}
for how in place ranks scattered; do
  for ranks in $(sampled 3 "1 2 3") $([ $how = ranks ] || sampled "$([ $how = place ] && echo 1) 2" ""); do
    trains $ranks $how given.yaml 8 $how$ranks.h5
    grep -q "^step 8 $want loss " said || fail "$ranks ranks, $how: $(cat said), not $want"
    [ "$(grep -c "^other $want" said)" = "$ranks" ] || fail "$ranks ranks, $how, on a part of the ranks: $(cat said)"
    grep '^evaluated\|^step' said >now
    [ -e before ] || cp now before
    diff before now >err || fail "$ranks ranks, $how: other scores: $(cat err)"
    [ "$(hash_of $how$ranks.h5)" = "$want" ] || fail "$how$ranks.h5 has other weights"
  done
done
cmp place1.h5 scattered3.h5 || fail "checkpoints differ"
loss=$(run 0 eval place1.h5 --data files.yaml --split train --json; sed -n 's/.*"loss":\([^,}]*\).*/\1/p' out)
grep -q "^evaluated 100 ${loss:0:14}" before || fail "eval: $loss, evaluated: $(cat before)"
run 0 inspect place1.h5 --verify
cut -d, -f1-3 t.csv >in.csv
run 0 predict place1.h5 -i in.csv -o p.npy
run 0 predict files/final.h5 -i in.csv -o q.npy
cmp p.npy q.npy || fail "other predictions"

# The command line goes on where a program stopped, and a program where the command line did; scaled by train's statistics here.
config files "$csv, scale: standard" 2 float64
config given "$memory, scale: standard" 2 float64
run 0 train files.yaml -o whole -q
run 0 train files.yaml train.epochs=1 -o half -q
trains 2 scattered given.yaml 4 gone.h5 half/final.h5
grep -q "^step 8 $(hash_of whole/final.h5) " said || fail "resumed: $(cat said)"
config files "$csv" 2
config given "$memory" 2
trains 3 ranks given.yaml 4 first.h5
run 0 train files.yaml -o gone --resume=first.h5 --allow data -q
[ "$(hash_of gone/final.h5)" = "$want" ] || fail "the command line goes on to other weights"

# Classes, by their numbers.
awk -F, '{ print $1 "," $2 "," $3 "," NR % 3 }' rows.csv >classes.csv
perl -ne 'print pack("d<*", split /,/)' <classes.csv >classes.bin
for data in "type: csv, train: {file: classes.csv, header: false, x: [1-3], y: [4]}, order: sequential" "type: memory, inputs: 3, classes: 3, samples: 100"; do
  config classes "$data" 1
  sed -i 's/{units: out}/{units: 3, activation: softmax}/; s/loss: mse/loss: cross_entropy/' classes.yaml
  [ -e classes ] || run 0 train classes.yaml -o classes -q
done
"$MPIRUN" -n 2 "$trainer" scattered classes.yaml classes.bin 3 1 4 c.h5 >said 2>spoke || fail "classes: $(cat said spoke)"
grep -q "^step 4 $(hash_of classes/final.h5) " said || fail "classes: $(cat said)"
config given "$memory" 2
sed -i 's/lr: 0.01/lr: 1.0e30/; s/type: adam/type: sgd/; s/cosine, decay_steps: 8/constant/' given.yaml
"$MPIRUN" -n 2 "$trainer" diverge given.yaml rows.bin >said 2>spoke || fail "diverge: $(cat said spoke)"

# What cannot be is said, and where.
refuses() { # refuses CODE WORDS ARGUMENT...
  local code=$1 words=$2; shift 2
  "$MPIRUN" -n 2 "$trainer" "$@" >said 2>spoke
  grep -q "^$code .*$words" said || fail "$*: $(cat said spoke)"
}
refuses 78 "lockstep_train is for files" place files.yaml rows.bin 3 2 1 x.h5
refuses 78 "YAML text has a line end in it" place "{version: 1}" rows.bin 3 2 1 x.h5
config given "$memory, scale: standard" 2
refuses 78 "it has given none" place given.yaml rows.bin 3 2 1 x.h5
sed -i 's/epochs: 1,/epochs: 1, class_weights: balanced,/' classes.yaml
refuses 78 "has not said how many samples each class has" place classes.yaml classes.bin 3 1 1 x.h5
config given "type: memory, inputs: 3" 2
! on 0 train given.yaml -o none >out 2>err || fail "trained on nothing"
grep -q "the samples are in the memory of the program" err || fail "$(cat err)"

# The whole loop, on files.
config files "$csv" 2
traps "$MPIRUN" -n 2 "$trainer" loop files.yaml loop >said 2>spoke || fail "loop: $(cat said spoke)"
grep -q "^0 $want" said && [ ! -s spoke ] || fail "loop: $(cat said spoke)"
grep -q " epoch 2 updates 8 samples 200 rate 0\." said || fail "the loop's state: $(cat said)"
[ "$(numbers_of loop)" = "$(numbers_of files)" ] || fail "the loop's events differ"
refuses 74 "loop" loop files.yaml loop # the folder is not empty
! [ -s forks ] && ! [ -s spawned ] || fail "processes: $(cat forks spawned 2>&1)"
finish
