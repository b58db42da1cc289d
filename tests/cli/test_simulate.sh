#!/bin/bash
# scripts/simulate builds the exchange for SMPI and gives a time for each kind and size. Skipped without SimGrid.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
command -v smpicc >/dev/null || { echo "skipped: libsimgrid-dev is not installed"; exit 77; }
NETWORKS=1000 KINDS="shared halved" "$SOURCE/scripts/simulate" 4 >out 2>err || fail "exit $?: $(cat err)"
[ "$(grep -cE '^4 1 1 1000 (shared|halved) 1 0\.0000[0-9]+ 0\.0+$' out)" -eq 2 ] || fail "said: $(cat out err)"

# Two ranks a node; what is sent behind the backward pass takes less of a step.
NETWORKS=784,1024,1024,10 ROW_US=100 ROWS=64 PER_NODE=2 SCALE=4 SENT="whole layered" KINDS=shared "$SOURCE/scripts/simulate" 2 >out 2>err ||
  fail "exit $?: $(cat err)"
awk '$1 == 4 && $2 == 2 { bands[NR] = $6; step[NR] = $7 } END { exit !(NR == 2 && bands[1] == 1 && bands[2] > 1 && step[2] < step[1]) }' out ||
  fail "a layer at a time is no faster: $(cat out err)"
finish
