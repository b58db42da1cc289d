#!/bin/bash
# A program that was built with another MPI than liblockstep: a trainer is refused by a status, where MPI itself would end the program; networks work.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
other=mpich
"$LOCKSTEP" --version | grep -qi mpich && other=openmpi
if ! command -v mpicc.$other >/dev/null || ! command -v mpirun.$other >/dev/null; then
  echo "not run: there is no other MPI here (mpicc.$other)"
  exit 77
fi
cat >given.yaml <<'Y'
version: 1
data: {type: memory, inputs: 3, targets: 2, samples: 100}
model: {layers: [{units: 5, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 32}
Y
printf 'a,b,c,d,e\n1,2,3,4,5\n2,1,2,3,4\n3,2,1,2,3\n' >t.csv
sed 's/type: memory.*/type: csv, train: {file: t.csv, x: [1-3], y: [4, 5]}}/; s/batch: 32/batch: full/' given.yaml >files.yaml
run 0 train files.yaml -o net -q
"$MPIRUN" -n 2 "$BUILD/tests/api_other_mpi" given.yaml net/final.h5 >own 2>err || fail "of one MPI: $(cat own err)"
[ "$(cut -d' ' -f1 own | sort | uniq -c | tr -s ' \n' ' ')" = " 2 0 2 78 2 net " ] || fail "of one MPI a trainer is refused: $(cat own err)"
mpicc.$other -I"$SOURCE/include" "$SOURCE/tests/api/other_mpi.c" -o other -L"$BUILD" -llockstep -Wl,-rpath,"$BUILD" 2>err || die "mpicc.$other: $(cat err)"
LOCKSTEP_MPIRUN=mpirun.$other "$MPIRUN" -n 2 ./other given.yaml net/final.h5 >said 2>err || fail "exit $?: $(cat said err)"
[ "$(grep -c '^64 this program has another MPI (.*) than liblockstep was built with' said)" = 4 ] || fail "$(cat said err)"
[ "$(grep '^net' said | sort -u)" = "$(grep '^net' own | sort -u)" ] || fail "the network: $(cat said own)"
finish
