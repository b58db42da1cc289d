#!/bin/bash
# The property test must fail for each fault it is there to find; with none of them on, the same program passes.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export LOCKSTEP=$BUILD/lockstep_mutants
faults=$(grep -rhoE 'ls_mutant\("[^"]*' "$SOURCE/src" | cut -d'"' -f2 | sort -u)
[ "$(echo "$faults" | wc -w)" -ge 5 ] || fail "only these faults: $faults"
bash "$SOURCE/tests/property/same_bits.sh" 2 >out 2>&1 || fail "no fault is on, and the property test fails: $(cat out)"
for fault in $faults; do
  rm -rf ./[0-9]*
  if LOCKSTEP_MUTANT=$fault bash "$SOURCE/tests/property/same_bits.sh" 25 >out 2>&1; then
    fail "the fault $fault goes unnoticed: $(cat out)"
  else
    grep -qE "^BROKEN: .*(other metrics|another final.h5|other weights)" out || fail "$fault: not for its numbers: $(cat out)"
    echo "$fault: $(grep -m1 '^BROKEN: ' out)"
  fi
done
finish
