#!/bin/bash
# The examples of embedding as they stand, in C, Fortran and Python: a simulation that learns its slowest part on its own ranks, and what others make of it.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
"$BUILD/tests/example_flame" flame.h5 >one 2>err || fail "one rank: exit $?: $(cat one err)"
"$MPIRUN" -n 3 "$BUILD/tests/example_flame" >three 2>err || fail "three ranks: exit $?: $(cat three err)"
grep -q '^learnt: 3000 updates' one || fail "$(cat one)"
diff <(grep learnt one) <(grep learnt three) >err || fail "other weights on three ranks: $(cat err)"
diff <(grep flame one) <(grep flame three) >err || fail "another flame on three ranks: $(cat err)"
[ "$(hash_of flame.h5)" = "$(sed -n 's/^learnt.*weights //p' one)" ] || fail "the checkpoint has other weights than the program"
printf '1,0.5\n0.75,0.25\n0.5,0.125\n' >in.csv
run 0 predict flame.h5 -i in.csv --no-header -o y.npy
run 0 predict flame.h5 -i in.csv --no-header -o d.npy --jacobian

cat >t.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [1, 2], y: [3]}, validation: 0.25}
model: {layers: [{units: 3, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 3, batch: 4, slices: 3}
C
printf 'p [Pa],q,y [J]\n1,2,3\n2,1,3\n3,3,6\n4,1,5\n1,1,2\n2,2,4\n3,1,4\n1,4,5\n' >t.csv
run 0 train t.yaml -o run -q

if command -v gfortran >/dev/null && command -v mpifort >/dev/null; then
  run 0 export flame.h5 --to fortran -o burn.f90
  gfortran -O2 -Wall -Wextra -Werror -o reactor burn.f90 "$SOURCE/examples/embed-fortran/reactor.f90" 2>err || fail "reactor: $(cat err)"
  ./reactor >out 2>err && grep -q '^step *2000: temperature' out || fail "reactor: $(cat out err)"
  gfortran -std=f2018 -pedantic -Wall -Wextra -Werror -c "$SOURCE/src/api/lockstep.f90" 2>err || fail "lockstep.f90: $(head -n 20 err)"
  mpifort -Wall -o module "$SOURCE/tests/api/flame.f90" lockstep.o -L"$BUILD" -llockstep -Wl,-rpath,"$BUILD" 2>err || fail "flame.f90: $(head -n 20 err)"
  for ranks in 1 3; do
    rm -rf loop
    "$MPIRUN" -n $ranks ./module flame.h5 t.yaml >fortran$ranks 2>err || fail "the module lockstep on $ranks ranks: $(cat err)"
  done
  cmp fortran1 fortran3 || fail "Fortran's trainer has other weights on 3 ranks: $(cat fortran1 fortran3)"
  { tail -c 12 y.npy | od -An -v -w12 -tx4; tail -c 24 d.npy | od -An -v -w24 -tx4; } | tr -d ' \n' >want
  head -n 2 fortran1 | tr -d ' \n' | tr A-F a-f | cmp - want >err 2>&1 || fail "Fortran's numbers are not predict's: $(head -n 2 fortran1), $(cat want)"
  grep -q "^loop 3 $(hash_of run/final.h5)" fortran1 || fail "lockstep_train in Fortran: $(cat fortran1)"
  grep -q '^learnt 2 xxh3-128:' fortran1 || fail "$(cat fortran1)"
else
  echo "Fortran not run: there is no gfortran, or no mpifort"
fi

python=
for p in python3 /usr/bin/python3; do "$p" -c 'import numpy' 2>/dev/null && python=$p; done
if [ -n "$python" ]; then
  export PYTHONPATH=$SOURCE/src/api LOCKSTEP_LIBRARY=$BUILD/liblockstep.so.0 PYTHONDONTWRITEBYTECODE=1
  "$python" "$SOURCE/examples/python/flame.py" flame.h5 >out 2>err && grep -q '^temperature 0.90, fuel 0.10: 0.00' out || fail "flame.py: $(cat out err)"
  "$python" - 2>err <<'P' || fail "lockstep.py: $(cat err)"
import copy
import pickle
import numpy as np
import lockstep
net = lockstep.Net("flame.h5")
x = np.array([[1, 0.5], [0.75, 0.25], [0.5, 0.125]], dtype="f4")
assert (net(x) == np.load("y.npy")).all() and net(x).dtype == np.float32 and net.dtype == np.float32
assert (net.jacobian(x) == np.load("d.npy").reshape(3, 1, 2)).all()
assert net(x[0]).shape == (1,) and net.jacobian([1.0, 0.5]).shape == (1, 2) and net([1, 0.5]).dtype == np.float64
assert (lockstep.Net(open("flame.h5", "rb").read())(x) == net(x)).all()
assert (net(np.asfortranarray(x)) == net(x)).all() and net(x[:0]).shape == (0, 1)
assert (copy.copy(net)(x) == net(x)).all() and (pickle.loads(pickle.dumps(net))(x) == net(x)).all() and repr(net) == "<lockstep.Net 2 -> 1, float32>"
wide = np.zeros((6, 4), dtype="f4")
wide[::2, ::2] = x
assert (net(wide[::2, ::2]) == net(x)).all() and (net(x[::-1].astype(">f4")) == net(x)[::-1]).all()
assert (lockstep.Net(bytearray(open("flame.h5", "rb").read()))(x) == net(x)).all()
for wrong, kind in ((lambda: net([1.0]), ValueError), (lambda: net([[1j, 0]]), ValueError), (lambda: net(np.zeros((2, 2, 2))), ValueError),
                    (lambda: net(np.ma.masked_greater([[1.0, 0.5]], 0.7)), lockstep.Error), (lambda: lockstep.Net(open("flame.h5", "rb").read()[:9000]), lockstep.Error),
                    (lambda: lockstep.Net("run"), lockstep.Error), (lambda: net([np.nan, 1]), lockstep.Error), (lambda: lockstep.Net("none.h5"), lockstep.Error)):
    try:
        wrong()
    except kind as error:
        assert str(error)
    else:
        raise AssertionError("that must fail")
for wrong, words in ((np.zeros((2, 2), "M8[s]"), "datetime64[s]: "), (np.zeros((2, 2), "m8[s]"), "timedelta64[s]: "), ((row for row in x), "generator: an array is wanted")):
    try:
        net(wrong)
    except ValueError as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)
named = lockstep.Net("run/final.h5")
assert named.inputs == ["p", "q"] and named.input_units == ["Pa", ""] and named.outputs == ["y"] and named.output_units == ["J"]
epochs = lockstep.read_metrics("run")
assert list(epochs["epoch"]) == [1, 2, 3] and epochs["val_loss"].shape == (3,) and np.isfinite(epochs["loss"]).all()
text = open("run/metrics.jsonl").read()
open("metrics.jsonl", "w").write(text[:text.rindex('"event":"end"') + 40])
assert list(lockstep.read_metrics(".")["epoch"]) == [1, 2, 3] and lockstep.read_metrics(".", "end") == {}
assert lockstep.read_metrics("run", "end")["weights_hash"][0] == named.weights_hash
try:
    import pandas
except ImportError:
    print("tables not tried: there is no pandas")
    raise SystemExit
table = pandas.DataFrame({"y": [7, 8], "q": [2.0, 4.0], "p [Pa]": [1.0, 3.0]})
want = named([[1.0, 2.0], [3.0, 4.0]])
assert (named(table) == want).all() and (named(table.rename(columns={"p [Pa]": "p"})) == want).all() and (named(table.iloc[1]) == want[1]).all()
assert (named(table[["p [Pa]", "q"]].set_axis([0, 1], axis=1)) == want).all() and named(table.astype("f4")).dtype == np.float32
assert (named.jacobian(table) == named.jacobian([[1.0, 2.0], [3.0, 4.0]])).all() and (net(pandas.DataFrame(x)) == net(x)).all()
for wrong, words in ((table.drop(columns="q"), "no column 'q'"), (table.astype("Float64").mask(table == 2), "sample 0, input 1: ")):
    try:
        named(wrong)
    except (ValueError, lockstep.Error) as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)
P
  if "$python" -c 'import mpi4py' 2>/dev/null; then
    "$MPIRUN" -n 2 "$python" -c 'from mpi4py import MPI
import lockstep
heard = []
state = lockstep.train("t.yaml", "python", message=lambda level, line: heard.append((level, line)))
if MPI.COMM_WORLD.rank == 0:
    print(state.epoch, state.weights_hash)
# What fails on one rank alone does not free the trainer that the others are in.
text = "version: 1\ndata: {type: memory, inputs: 2, targets: 1}\nmodel: {layers: [{units: out}]}\nloss: mse\noptimizer: {type: sgd, lr: 0.1}\ntrain: {epochs: 1, batch: 4, slices: 2}\n"
try:
    with lockstep.Trainer(text) as trainer:
        if MPI.COMM_WORLD.rank == 1:
            raise KeyError
        assert trainer.state.global_step == 0
except KeyError:
    assert trainer.state.global_step == 0
    trainer.free()
try:
    lockstep.train("t.yaml", "python")
except lockstep.Error as error:
    assert error.status == 74 and "python" in str(error)
else:
    raise AssertionError("a folder that is there")' >out 2>err || fail "lockstep.train: $(cat err)"
    grep -q "^3 $(hash_of run/final.h5)" out || fail "lockstep.train: $(cat out)"
  else
    echo "lockstep.train not run: there is no mpi4py"
  fi
else
  echo "Python not run: no python3 here has numpy"
fi
finish
