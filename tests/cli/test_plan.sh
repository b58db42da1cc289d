#!/bin/bash
# bench plan: every number worked out again from what it says it measured and assumed (plan.py); what a network, more ranks and a larger batch
# do to it; a table of 80 columns; what is refused.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
pictures_net 60 'epochs: 3, batch: 64, precision: float64' >net.yaml
plan() { run 0 bench plan net.yaml --steps 30 --warmup 5 "$@"; }
right() { python3 "$SOURCE/tests/cli/plan.py" "$1" >said 2>&1 || fail "$*: $(cat said)"; }
# of JSON NAME RANKS
of() { python3 -c 'import json, sys; print(next(q[sys.argv[2]] for q in json.load(open(sys.argv[1]))["points"] if q["ranks"] == int(sys.argv[3])))' "$@"; }

plan --ranks 1,2,3,4,8,16,...,64 --network 2,100,2 --json
cp out strong.json; right strong.json
plan --ranks 1,2,4,...,4096 --network 2,100,4 --mode weak --json
cp out weak.json; right weak.json
[ "$(of weak.json rows 4096)" = 64 ] || fail "weak scaling has not as many rows on every rank"
[ "$(of weak.json slices 4096)" = 32768 ] || fail "slices: $(of weak.json slices 4096)"
plan --ranks 1,64 --network 2,100,1 --json
cp out near.json; right near.json
plan --ranks 1,64 --network 200,1,1 --json
cp out far.json; right far.json
for name in network_us messages_us; do
  python3 -c 'import sys; sys.exit(not 10 * float(sys.argv[1]) < float(sys.argv[2]))' "$(of near.json $name 64)" "$(of far.json $name 64)" ||
    fail "$name hardly hangs on the network: $(of near.json $name 64), $(of far.json $name 64)"
done
[ "$(of near.json sent_bytes 64)" = "$(of far.json sent_bytes 64)" ] || fail "the network changes the bytes"
plan --ranks 1,8,64 train.batch=full --json
right out

# What two ranks read of each other is what they say that they do, with gradients that are stored and with such as are made in place.
for batch in 64 512; do
  plan --ranks 1,2 --network 2,100,2 train.batch=$batch --json
  cp out two.json; right two.json
  run 2 bench train net.yaml train.batch=$batch train.exchange=shared train.slices="$(of two.json slices 2)" --steps 1 --warmup 0 --json
  read_bytes=$(sed -n 's/.*"exchange_bytes":\([0-9]*\).*/\1/p' out)
  python3 -c 'import sys; a, b = map(float, sys.argv[1:]); sys.exit(not 0.98 * a < b < 1.02 * a)' "$read_bytes" "$(of two.json near_bytes 2)" ||
    fail "batch $batch: two ranks read $read_bytes bytes, foretold $(of two.json near_bytes 2)"
done

plan --ranks 1,2,4,...,64 --network 2,100
[ "$(wc -L <out)" -le 80 ] || fail "wider than 80 columns: $(cat out)"
[ "$(grep -cE '^ *(1|2|4|8|16|32|64)  ' out)" -eq 7 ] || fail "not a line a number of ranks: $(cat out)"
grep -qF -- "--network 2,100," out || fail "what is assumed is not said: $(cat out)"
grep -qE 'more than [0-9]+ ranks do not pay|more may pay' out || fail "no end: $(cat out)"

for wrong in 2 2, 2,0 -1,100 2,100,0 2,100,4,4 2,100,x x,100 nan,100 2,inf; do
  refused 64 "LATENCY_US,GBIT[,RANKS_PER_NODE]" bench plan net.yaml --network "$wrong"
done
for wrong in "" 0 x 1,x ...,4 4,...,8; do refused 64 "1,2,4 or 2,4,...,4096" bench plan net.yaml --ranks "$wrong"; done
refused 64 "they ascend" bench plan net.yaml --ranks 4,2
refused 64 "up to 65536" bench plan net.yaml --ranks 70000
refused 64 "no sample for each" bench plan net.yaml --ranks 65
refused 64 "--repeat goes with bench scaling" bench plan net.yaml --repeat 2
refused 64 "--sizes goes with bench checkpoint" bench plan net.yaml --sizes 1 --ranks 2
refused 64 "--ranks goes with bench scaling or plan" bench train net.yaml --ranks 2
refused 64 "strong or weak" bench plan net.yaml --mode sideways
on 2 bench plan net.yaml >out 2>err && fail "plan on two ranks"
grep -qF "without mpirun" err || fail "on two ranks: $(cat err)"
finish
