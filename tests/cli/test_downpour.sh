#!/bin/bash
# train.mode: downpour. Each sample once an epoch, on one host and on several (cli.hosts has two with a cable); one rank is the synchronous
# run; adagrad in the shards; fetch and push; stops, kills and resumes; what it refuses.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# shellcheck source=tests/cli/asynchronous.sh
. "$SOURCE/tests/cli/asynchronous.sh"
adagrad='optimizer={type: adagrad, lr: 0.02, lr_decay: 0.001}'
hosts() { LOCKSTEP_RANKS_PER_NODE=$1 "${@:2}"; } # hosts N COMMAND...: N ranks a host, each with a shard of the parameters
counts downpour 0
hosts 2 counts downpour 4

adds_up downpour 2
hosts 2 adds_up downpour 4
hosts 1 adds_up downpour 3 'train.downpour={fetch: 2, push: 7}' train.staleness=0

alone_is_plain downpour "$adagrad" train.precision=float64 train.epochs=2
alone_is_plain downpour
# Alone, a rank that sums five gradients makes the step of all five at once, from where its own copy has been led.
run 1 train net.yaml train.mode=downpour 'train.downpour={fetch: 5, push: 5}' -o fives -q
paste <(losses plain) <(losses fives) | awk '{ d = $1 - $3; if (d < 0) d = -d; if (d > 0.05 * $1) bad = 1 } END { exit bad + (NR != 4) }' ||
  fail "fetch 5, push 5, alone: $(losses fives), and one by one: $(losses plain)"

learns downpour 4 train.staleness=0
made_again many-4
hosts 1 learns downpour 3 "$adagrad" 'train.downpour={fetch: 3, push: 2}'
run 2 train net.yaml train.mode=downpour "$adagrad" 'train.downpour={fetch: 3, push: 2}' train.epochs=9 -o many-3 --resume=auto -q # what adagrad keeps is in the checkpoint
hosts 2 learns downpour 4 optimizer.lr=0.003 'train.downpour={fetch: 10, push: 10}' # as far as one rank's steps of all ten
keeps_its_mode downpour
stops downpour
hosts 1 is_killed downpour 3
not_finite downpour
declines downpour
declined 'downpour takes sgd and adagrad.*optimizer.type' downpour 'optimizer={type: adam, lr: 0.1}'
declined 'goes with mode: downpour, and train.mode is hogwild.*train.downpour' hogwild train.downpour.push=2
declined 'train.downpour.fetch' downpour train.downpour.fetch=0
declined "did you mean 'downpour'" downpuor
declined 'synchronous updates have none' synchronous train.staleness=2

# Ranks that share one core: while another has it, a rank waits, and that is time of the training too.
core=$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')
taskset -c "$core" "$MPIRUN" -n 4 "$LOCKSTEP" train net.yaml train.mode=downpour train.epochs=30 -o shared -q >out 2>err || fail "four ranks on a core: $(cat err)"
sed -n 's/^{"event":"epoch".*"samples_per_s":\([^,]*\),"seconds":\([^,]*\),.*/\1 \2/p' shared/metrics.jsonl |
  awk -v n="$(sed -n 's/.*"train_samples":\([0-9]*\).*/\1/p' shared/metrics.jsonl)" '{ trained += n / $1; all += $2 } END { exit !(NR == 30 && trained > all / 2) }' ||
  fail "four ranks on a core: more samples a second than there were: $(grep '"epoch"' shared/metrics.jsonl)"

# A rank that is stopped, whatever it is at, is named by those who wait.
LIMIT=60 on 3 train net.yaml train.mode=downpour train.epochs=1000000 checkpoint.every=never "guard.watchdog=1 s" -o stuck -q >out 2>err &
job=$!
for ((i = 0; i < 400; i++)); do grep -q '"epoch"' stuck/metrics.jsonl 2>/dev/null && break; sleep 0.05; done
kill -STOP "$(pgrep -n -P "$(pgrep -P "$(pgrep -P $job)")")"
wait $job
code=$?
[ $code -eq 70 ] && grep -q 'watchdog: .* for rank 2 on' err || fail "a stopped rank: exit $code: $(cat err)"
finish
