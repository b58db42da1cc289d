#!/bin/bash
# bench/csv.sh [MEGABYTES]: how fast one core reads CSV. Two tables of about that size (200): 785 whole numbers from 0 to 255 a line, most of
# them 0, as images are kept; and 21 columns of 8 significant digits, as simulations write them. Medians of 5.
set -eu
megabytes=${1:-200}
tool=$(cd "$(dirname "$0")/.." && pwd)/build/tests/csvspeed
work=$(mktemp -d "${TMPDIR:-/tmp}/csv.XXXXXX")
trap 'rm -rf "$work"' EXIT
awk -v n=785 'BEGIN { srand(1); for (k = 1; k <= n; k++) printf "p%d%s", k, k < n ? "," : "\n"
  for (r = 0; r < 1000; r++) for (k = 1; k <= n; k++) printf "%d%s", rand() < 0.6 ? 0 : int(256 * rand()), k < n ? "," : "\n" }' >"$work/part"
awk -v n=21 'BEGIN { srand(2); for (k = 1; k <= n; k++) printf "q%d%s", k, k < n ? "," : "\n"
  for (r = 0; r < 10000; r++) for (k = 1; k <= n; k++) printf "%.8g%s", (rand() - 0.5) * 10 ^ int(4 * rand()), k < n ? "," : "\n" }' >"$work/part2"
grow() { # the lines of $1 again and again, into $2
  cat "$1" >"$2"
  tail -n +2 "$1" >"$work/body"
  while [ "$(stat -c %s "$2")" -lt $((megabytes * 1000000)) ]; do cat "$work/body" >>"$2"; done
}
cd "$work"
grow "$work/part" "$work/bytes.csv"
grow "$work/part2" "$work/reals.csv"
for _ in 1 2 3 4 5; do
  for table in bytes reals; do taskset -c 0 "$tool" $table.csv 1; done
done | sort | awk '{ line[NR] = $0 } END { print line[3]; print line[8] }'
