#!/bin/bash
# The examples of Fashion-MNIST give the same file on 1 to 8 ranks, any number of threads, and through every exchange that promises it.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
samples=$(sampled 2000 60000)
for config in "$SOURCE"/examples/fashion-mnist/*.yaml; do
  name=$(basename "$config")
  rm -rf reference
  on 0 train "$config" -o reference -q train.epochs=2 data.limit.train=$samples 2>err || fail "$name: exit $?: $(cat err)"
  for how in $(sampled "2,1 5,3 8,1" "1,1 2,1 3,2 4,1 5,3 8,1"); do
    IFS=, read -r ranks threads <<<"$how"
    rm -rf run
    on "$ranks" train "$config" -o run -q train.epochs=2 data.limit.train=$samples --threads "$threads" 2>err || fail "$name, $ranks ranks: exit $?: $(cat err)"
    cmp reference/final.h5 run/final.h5 || fail "$name: $ranks ranks of $threads threads give another file"
    diff <(numbers_of reference) <(numbers_of run) || fail "$name: $ranks ranks give other metrics"
  done
  for exchange in shared tree; do
    rm -rf run
    on 3 train "$config" -o run -q train.epochs=2 data.limit.train=$samples train.exchange=$exchange 2>err || fail "$name, $exchange: exit $?: $(cat err)"
    grep -q "\"exchange\":\"$exchange\"" run/metrics.jsonl || fail "$name: exchange $exchange was not used"
    [ "$(hash_of run/final.h5)" = "$(hash_of reference/final.h5)" ] || fail "$name: exchange $exchange gives other weights"
  done
done

# slices: 0 is one slice a rank, whose bits depend on the ranks: allowed, and said.
on 3 train "$config" -o own -q train.epochs=1 train.slices=0 2>err || fail "slices 0: exit $?: $(cat err)"
grep -q "warning: train.slices is 0" err || fail "slices 0 goes unsaid: $(cat err)"
finish
