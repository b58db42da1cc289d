#!/bin/bash
# R1: kill -9 at random moments of a run that does nothing but save, again and again in one folder: 0 lost, 0 unreadable.
# label: full
set -eu
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
kills=$(sampled 60 300)
mkdir run
last=0
window=60 # milliseconds within which the kill comes; adapts so that about half of them come after a commit
for i in $(seq "$kills"); do
  : > said # a kill before the next line has opened it must not leave the last one's words
  "$BUILD/tests/saves" "$PWD/run" 1000000 2> said &
  pid=$!
  delay=$((RANDOM % window))
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
  kill -9 "$pid"
  wait "$pid" 2> /dev/null || true
  found=$(sed -n 's/^found //p' said)
  if [ -n "$found" ]; then # killed before it had looked otherwise
    [ "$found" -ge "$last" ] || die "kill $i: $last was committed, $found found"
  elif grep -q error said; then
    die "kill $i: $(cat said)"
  fi
  now=$(sed -n 's/^committed \([0-9]*\) .*/\1/p' said | tail -1)
  last=${now:-$last}
  if [ -n "$now" ]; then window=$((window * 9 / 10 + 2)); elif [ "$window" -lt 4000 ]; then window=$((window * 3 / 2)); fi
  [ -z "$(find run -name '*.damaged')" ] || die "kill $i: a damaged file: $(ls -A run)"
done
"$BUILD/tests/saves" "$PWD/run" 3 2> said
[ "$(sed -n 's/^found //p' said)" -ge "$last" ]
[ -z "$(find run -name '.tmp-*')" ]
echo "$kills kills, $last steps committed"
[ "$last" -gt $((kills / 4)) ] # else it was all killed before it began
