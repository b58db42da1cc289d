#!/bin/bash
# How often all ranks meet from start to end: a start on thousands of ranks takes as long as its collectives. A count, not a time.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
count=$BUILD/tests/libmpicount.so
[ -e "$count" ] || { echo "skipped: no $count"; exit 77; }
if ldd "$LOCKSTEP" | grep -q 'lib[at]san'; then echo "skipped: a sanitizer wants to be loaded first"; exit 77; fi
pictures_net 20 'steps: 6, batch: 50, exchange: shared' >net.yaml
MPICOUNT=$PWD/counted LD_PRELOAD=$count run 2 train net.yaml -o run -q
cat counted
at_most() { # NAME COUNT
  local is; is=$(sed -n "s/^$1 //p" counted)
  [ "${is:-0}" -gt 0 ] && [ "$is" -le "$2" ] || fail "${is:-no} ${1}s, at most $2: agree once where several things can fail in a row"
}
at_most allreduce 26
at_most broadcast 7
finish
