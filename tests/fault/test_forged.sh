#!/bin/bash
# Checkpoints with lies under right digests, a sample that is the same each time; scripts/fuzz-checkpoint tries many more, under sanitizers.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# shellcheck source=tests/fault/forged.sh
. "$SOURCE/tests/fault/forged.sh"
FORGE=$BUILD/tests/forge
cp "$SOURCE"/tests/cases/format-1.0/* .
make_truth
"$FORGE" truth.h5 lie.h5 1 2000 >out 2>&1 || fail "$(cat out)"
"$FORGE" classes.h5 lie.h5 1 30 >out 2>&1 || fail "format 1.0: $(cat out)" # a process each
for seed in 1 2 3 4 5; do try_commands $seed; done
finish
