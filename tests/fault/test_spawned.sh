#!/bin/bash
# lockstep never forks: what it needs a process of its own for (foreign HDF5, plug-ins, gnuplot, mpirun) is started; one for an HDF5 file.
# shellcheck source-path=SCRIPTDIR/..
set -u
. "$SOURCE/tests/lib.sh"
TRAP=$BUILD/tests/libforktrap.so
for name in fork vfork clone popen system daemon; do
  ! nm -D -u "$LOCKSTEP" | grep -qE " $name(@.*)?$" || fail "lockstep calls $name"
done

for i in $(seq 0 79); do echo "$((i % 7)),$((i * 5 % 11)),$((i * 3 % 4))"; done >t.csv
cp "$BUILD/tests/plugins/gradient_noise.so" own.so
cp "$BUILD/tests/plugins/triangular.so" rate.so
cat >net.yaml <<'END'
version: 1
data: {type: hdf5, train: {file: t.h5, x: /train/x, y: /train/y}}
model: {layers: [{units: 1}]}
loss: half_mse
optimizer: {type: plugin, file: own.so, lr: 0.001, eta: 0.01}
schedule: {type: plugin, file: rate.so, half: 5 epochs, low: 0.0005}
train: {epochs: 3, batch: 10, slices: 4}
checkpoint: {every: 2 epochs}
output: {step_every: 1}
END

# traps RANKS ARGUMENT...: it does its work, and no call that forks is lockstep's own.
traps() {
  local ranks=$1; shift
  rm -f forks spawned
  LD_PRELOAD=$TRAP FORKTRAP=$PWD/forks SPAWNED=$PWD/spawned on "$ranks" "$@" >out 2>err || fail "$* on $ranks: exit $?: $(head -c 400 err)"
  [ ! -e forks ] || fail "$* on $ranks: $(sort -u forks | head -3)"
}
# helpers N: the last command had N processes that read HDF5 for it.
helpers() {
  local have
  have=$(grep -c '^lockstep-child h' spawned)
  [ "$have" = "$1" ] || fail "$have processes read HDF5, not $1: $(sort spawned | uniq -c | tr '\n' ';')"
}
traps 0 data import t.csv --x 1,2 --y 3 --no-header --compress -o t.h5
traps 0 data info t.h5
helpers 1
traps 0 data split t.h5 --test 0.1 -o split.h5
for ranks in 1 2; do
  traps $ranks train net.yaml -o run$ranks -q
  helpers 1 # x and y, packed, and the names of their columns
  traps $ranks eval run$ranks/final.h5 --split train
  traps $ranks predict run$ranks/final.h5 -i t.h5:/train/x -o p$ranks.h5
done
traps 2 train net.yaml -o run1 --resume=auto data.load=stream train.epochs=4 -q
traps 0 predict "$SOURCE/tests/cases/format-1.0/regression.h5" -i t.h5:/train/x -o old.h5
traps 0 inspect run1/final.h5
traps 0 inspect run1 --verify
traps 0 plot cost run1 -o -
! command -v gnuplot >/dev/null || traps 0 plot cost run1 -o cost.svg
traps 0 bench scaling net.yaml --ranks 1 --steps 2 --warmup 1 --repeat 1
finish
