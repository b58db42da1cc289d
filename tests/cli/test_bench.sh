#!/bin/bash
# bench: every benchmark runs, prints one JSON object with its fields, and trains the bits that any number of ranks trains. No time limits.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

pictures_net 20 'epochs: 3, batch: 50' >net.yaml

# expect CODE TEXT RANKS ARGUMENT...: exit code, and TEXT somewhere in stderr
expect() {
  local code=$1 text=$2 got=0; shift 2
  on "$@" >out 2>err || got=$?
  [ $got -eq "$code" ] || fail "$*: exit $got instead of $code: $(cat err)"
  [ -z "$text" ] || grep -qF -- "$text" err || fail "$*: stderr lacks '$text': $(cat err)"
}

# fields NAME...: out is one object and has them, with a number, text or list behind each
fields() {
  [ "$(wc -l <out)" -eq 1 ] && grep -q '^{.*}$' out || fail "not one object: $(cat out)"
  local name
  for name; do grep -qE "\"$name\": ?[-0-9\"{[]" out || fail "no $name: $(cat out)"; done
}
value() { sed -nE "s/.*\"$1\": ?\"?([^\",}]*).*/\1/p" out; }

# The same weights on any number of ranks, with any exchange but mpi; and as a training run of as many steps.
hash=
for ranks in 0 1 2 3; do
  expect 0 "" $ranks bench train net.yaml --steps 25 --warmup 5 --threads 1 --json
  fields samples_per_s step_us step_us_mean ranks threads compute_share reduce_share update_share data_share wait_share share_min share_max \
    phase_us gflops peak_gflops peak_fraction exchange exchange_bytes exchange_bands slices kernel weights_hash
  [ "$(value ranks)" = $((ranks ? ranks : 1)) ] || fail "ranks: $(cat out)"
  awk -v us="$(value step_us)" -v rate="$(value samples_per_s)" 'BEGIN { r = rate * us / 50e6; exit !(r > 0.999 && r < 1.001) }' ||
    fail "samples_per_s is not 50 samples in step_us: $(cat out)"
  awk "BEGIN { s = $(value compute_share) + $(value reduce_share) + $(value update_share) + $(value data_share) + $(value wait_share)
    exit !(s > 0.999 && s < 1.001) }" || fail "shares: $(cat out)"
  awk "BEGIN { f = $(value gflops) / $(value peak_gflops) / $(value peak_fraction); exit !(f > 0.999 && f < 1.001) }" || fail "peak: $(cat out)"
  hash=${hash:-$(value weights_hash)}
  [ "$(value weights_hash)" = "$hash" ] || fail "other weights on $ranks ranks: $(value weights_hash), not $hash"
done
expect 0 "" 3 bench train net.yaml train.exchange=tree --steps 25 --warmup 5 --json
[ "$(value weights_hash)" = "$hash" ] || fail "other weights with exchange tree"
on 0 train net.yaml train.steps=30 train.epochs=none -o run -q || fail "train: exit $?"
[ "$(hash_of run/final.h5)" = "$hash" ] || fail "training makes other weights than bench train"

# A rank of two receives half the gradient and half the weights: 2 (R - 1) / R of it in all.
for exchange in tree shared; do
  expect 0 "" 2 bench train net.yaml train.exchange=$exchange --steps 2 --warmup 0 --json
  awk -v bytes="$(value exchange_bytes)" 'BEGIN { want = 4 * 15910; exit !(bytes > 0.95 * want && bytes < 1.1 * want) }' ||
    fail "exchange_bytes by $exchange: $(cat out)"
done
# By the window, where a minibatch has few rows: half the weights, and of the other's 8 rows half of each layer's inputs and all
# of what comes back to it.
expect 0 "" 2 bench train net.yaml train.exchange=shared train.batch=16 --steps 2 --warmup 0 --json
awk -v bytes="$(value exchange_bytes)" 'BEGIN { want = 4 * (15910 / 2 + 8 * (392 + 20 + 10 + 10)); exit !(bytes > 0.95 * want && bytes < 1.05 * want) }' ||
  fail "exchange_bytes of rows: $(cat out)"

# auto takes the window on one host, without a measurement; on several it measures both, and takes the window unless messages
# take less than two thirds of its time.
for ranks in 1 2; do
  expect 0 "" $ranks bench train net.yaml --steps 2 --warmup 0 --json
  grep -q 'auto takes' err && fail "$ranks ranks of one host have nothing to choose: $(cat err)"
done
grep -q '"exchange":"shared"' out || fail "auto on one host: $(cat out)"
LOCKSTEP_RANKS_PER_NODE=1 expect 0 "exchange: auto takes " 2 bench train net.yaml --steps 2 --warmup 0 --json
grep -q "auto takes $(value exchange): " err || fail "auto takes another than it says: $(cat err out)"
sed -nE 's/.*auto takes ([a-z]+): ([0-9.]+) us by shared memory, ([0-9.]+) us by messages.*/\1 \2 \3/p' err |
  awk '{ n++; exit !($2 > 0 && $3 > 0 && ($1 == "tree") == ($3 < 2 / 3 * $2)) } END { if (n != 1) exit 1 }' || fail "auto: $(cat err)"

for ranks in 1 2 3; do
  expect 0 "" $ranks bench allreduce net.yaml --steps 5 --json
  fields parameters ranks shared tree mpi us bytes
done
expect 0 "" 2 bench allreduce net.yaml --steps 5
grep -q '^  tree ' out || fail "allreduce's table: $(cat out)"

expect 0 "" 0 bench scaling net.yaml --ranks 1,2 --steps 5 --warmup 1 --repeat 1 --json
fields mode cores repeat points ranks samples_per_s spread speedup
expect 0 "" 0 bench scaling net.yaml --ranks 1,2 --mode weak --steps 5 --warmup 1 --repeat 1 --json
[ "$(value mode)" = weak ] || fail "weak: $(cat out)"

expect 0 "" 0 bench checkpoint --sizes 1 --json
fields sizes parameters bytes stall_ms memcpy_ms commit_ms plain_ms peak_kb
[ -z "$(find . -name 'bench-*')" ] || fail "bench checkpoint leaves something: $(ls)"

if on 0 bench gemm net.yaml --steps 3 --json >out 2>err; then
  fields blas kernel flops blas_us blas_slices_us own_us blas_samples_per_s own_samples_per_s difference update_bytes update_us floor_us \
    floor_samples_per_s
  [ -z "$(value onednn)" ] || fields onednn_us onednn_samples_per_s
  [ "$(value update_bytes)" -eq 0 ] 2>/dev/null && fail "no traffic: $(cat out)"
else
  grep -q 'BLAS' err || fail "bench gemm: $(cat err)"
  echo "no BLAS here: bench gemm not tested" >&2
fi

# Text, and mistakes.
expect 0 "" 1 bench train net.yaml --steps 5 --warmup 1
grep -q 'samples/s' out && grep -q "^weights xxh3" out || fail "bench train's text: $(cat out)"
expect 64 "it is train, gemm" 0 bench nothing net.yaml
expect 64 "which? train, gemm" 0 bench
expect 64 "a config file is missing" 0 bench train
expect 64 "at least 1" 0 bench train net.yaml --steps 0
expect 64 "1,2,4" 0 bench scaling net.yaml --ranks 1,x
expect 64 "strong or weak" 0 bench scaling net.yaml --mode sideways
expect 64 "without mpirun" 2 bench scaling net.yaml
expect 64 "without mpirun" 2 bench checkpoint
expect 64 "1,10,100" 0 bench checkpoint --sizes 0
expect 74 "cannot make a folder" 0 bench checkpoint --dir /nowhere
expect 78 "batch in numbers" 0 bench scaling net.yaml train.batch=full --mode weak

finish
