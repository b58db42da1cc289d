#!/bin/bash
# train.gemm: blas: products by the system's BLAS, which everything names that names the kernel.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
said=$("$LOCKSTEP" --version | sed -n 's/^train.gemm=blas: //p')
cat >net.yaml <<END
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 400, test: 100}, scale: {type: divide, by: 255}}
model: {layers: [{units: 24, activation: relu}, {type: layer_norm}, {units: 600, activation: tanh}, {type: dropout, rate: 0.2}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.001}
train: {epochs: 2, batch: 90, slices: 11}
eval: {on: [test]}
END
case $said in
  "this lockstep was built without"*)
    refused 78 "command line: 'train.gemm=blas': error: blas: this lockstep was built without a CBLAS" train net.yaml -o none train.gemm=blas
    finish
    exit ;;
  *load*) refused 78 "error: blas: cannot load" train net.yaml -o none train.gemm=blas
    finish
    exit ;;
esac
echo "$said"
[[ $said != *OpenBLAS* ]] || [[ $said =~ ^OpenBLAS\ [0-9.]+\ [A-Za-z0-9]+$ ]] || fail "its name: $said"

# The same bits on any number of ranks and threads, and in one stop; close to those of own products.
run() { "$MPIRUN" -n "$1" "$LOCKSTEP" train net.yaml -o "$2" --threads "$3" train.gemm=blas "${@:4}" 2>"$2.err" || fail "$2: $(cat "$2.err")"; }
run 1 one 1
run 1 threads 3
for ranks in 2 3 4 8; do run $ranks "ranks$ranks" 1; done
for other in threads ranks2 ranks3 ranks4 ranks8; do
  cmp one/final.h5 $other/final.h5 || fail "$other: another final.h5"
  diff <(numbers_of one) <(numbers_of $other) || fail "$other: other metrics"
done
run 3 stopped 1 train.epochs=1
run 2 stopped 2 --resume
cmp one/final.h5 stopped/final.h5 || fail "stopped: another final.h5"
grep -q 'products were made by' stopped.err && fail "a warning of the same library: $(cat stopped.err)"
"$LOCKSTEP" train net.yaml -o own -q || fail "own"
cmp -s one/final.h5 own/final.h5 && fail "blas is own"
[ "$(hash_of one/final.h5)" != "$(hash_of own/final.h5)" ] || fail "the same weights as own products"
loss() { sed -n 's/.*"event":"end".*"test_loss":\([0-9.e-]*\).*/\1/p' "$1/metrics.jsonl"; }
awk -v a="$(loss one)" -v b="$(loss own)" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-6 * b ^ 2) }' || fail "test_loss $(loss one), own $(loss own)"

# Named: in the log, the record, the start event and the checkpoint, whose own products have no CPU's name.
grep -q "^BLAS  *$said, one thread" one.err || fail "the log: $(cat one.err)"
grep -q "\"kernel\":\"$said\"" one/record.json && grep -q "\"blas_core\":\"$said\"" one/record.json || fail "record: $(cat one/record.json)"
grep '"event":"start"' one/metrics.jsonl | grep -q "\"kernel\":\"$said\"" || fail "start event"
"$LOCKSTEP" inspect one/final.h5 --json | grep -q "\"kernel\":\"$said\"" || fail "inspect"
"$LOCKSTEP" inspect own/final.h5 --json | grep -q '"kernel":"own"' || fail "inspect of own products"
LOCKSTEP_KERNEL=portable "$LOCKSTEP" train net.yaml -o portable || fail "portable"
cmp own/final.h5 portable/final.h5 || fail "another CPU's kernels: another final.h5"

# A resume does not change who makes the products, unless it is allowed.
refused 78 'train.gemm: blas -> own' train net.yaml -o one --resume train.epochs=3
if [[ $said == OpenBLAS* && $(uname -m) == x86_64 ]]; then
  export OPENBLAS_CORETYPE=Prescott
  run 2 stopped 1 --resume train.epochs=3
  grep -q "products were made by $said, from here on by OpenBLAS.*other bits" stopped.err || fail "no word of another kernel: $(cat stopped.err)"
  if grep -q ' fma.* avx2' /proc/cpuinfo; then
    grep -qE 'Prescott is a kernel for much older CPUs .*set OPENBLAS_CORETYPE=(Haswell|SkylakeX)' stopped.err || fail "no word of an old kernel: $(cat stopped.err)"
    grep -q 'much older CPUs' one.err && fail "a warning without cause: $(cat one.err)"
  fi
  unset OPENBLAS_CORETYPE
  # Ranks with different kernels are not the same run.
  cat >odd.sh <<'END'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" != 1 ] || export OPENBLAS_CORETYPE=Prescott
exec "$@"
END
  chmod +x odd.sh
  code=0
  "$MPIRUN" -n 2 ./odd.sh "$LOCKSTEP" train net.yaml -o odd train.gemm=blas 2>odd.err || code=$?
  [ $code -eq 70 ] && grep -q 'rank 1 .*another BLAS for train.gemm: blas' odd.err || fail "ranks of other kernels: $code, $(cat odd.err)"
fi
# What a BLAS cannot do, and one that is gone, are missed where the config is checked, at their place.
sed 's/slices: 11/slices: 11, gemm: blas/' net.yaml >blas.yaml
sed 's/^data: .*/data: {type: memory, inputs: 3, classes: 10}/; s/^eval: .*/eval: {every: never}/' blas.yaml >memory.yaml
refused 78 'memory.yaml:6:43: error: blas is for the command line' config check memory.yaml
"$LOCKSTEP" config check blas.yaml >out || fail "config check"
library=$(sed -n 's/^LOCKSTEP_BLAS:[A-Z]*=//p' "$BUILD/CMakeCache.txt")
gone() { unshare --user --map-root-user --mount bash -c 'mount --bind /dev/null "$0" && exec "$@"' "$(readlink -f "$library")" "$@"; }
if gone true 2>/dev/null; then
  for command in "config check blas.yaml" "train blas.yaml -o none"; do
    code=0
    # shellcheck disable=SC2086 # a word each
    gone "$LOCKSTEP" $command 2>err || code=$?
    [ $code -eq 78 ] && grep -q 'blas.yaml:6:43: error: blas: cannot load the BLAS .* \[train.gemm\]' err || fail "$command without the library: $code, $(cat err)"
  done
  gone "$LOCKSTEP" eval one/final.h5 --json | grep -q '"loss"' || fail "eval without the library"
fi
# Evaluation and prediction need no BLAS.
"$LOCKSTEP" eval one/final.h5 --json | grep -q '"loss"' || fail "eval"
finish
