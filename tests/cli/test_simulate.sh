#!/bin/bash
# scripts/simulate builds the exchange for SMPI and gives a time for each kind and size. Skipped without SimGrid.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
command -v smpicc >/dev/null || { echo "skipped: libsimgrid-dev is not installed"; exit 77; }
PARAMETERS=1000 KINDS="shared halved" "$SOURCE/scripts/simulate" 4 >out 2>err || fail "exit $?: $(cat err)"
[ "$(grep -cE '^4 1000 (shared|halved) 0\.0000[0-9]+$' out)" -eq 2 ] || fail "said: $(cat out err)"
finish
