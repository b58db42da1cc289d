# asynchronous.sh - what test_hogwild.sh and test_downpour.sh ask of both; sourced behind lib.sh. Each begins with MODE, the word behind train.mode.
# shellcheck shell=bash

# Targets are 2^0 to 2^39, 100 times, all outputs are and stay 0: an epoch's mean absolute error is (2^40 - 1) / 40 exactly if each counted once.
# Steps are short and many, so that ranks ask for minibatches at the same time.
awk 'BEGIN { print "x,y"; for (i = 0; i < 4000; i++) printf "%d,%.0f\n", i, 2 ^ (i % 40) }' >powers.csv
cat >count.yaml <<C
version: 1
data: {type: csv, train: {file: powers.csv, x: [x], y: [y]}}
model: {init: zeros, layers: [{units: 1}]}
loss: mae
optimizer: {type: sgd, lr: 1e-300}
train: {epochs: 2, batch: 3, slices: 1, precision: float64}
checkpoint: {every: 500 steps}
C
cat >net.yaml <<C
version: 1
seed: 3
data: {type: idx, dir: $SMALL, scale: {type: divide, by: 255}, validation: {share: 0.2, how: last}}
model: {layers: [{units: 30, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.03, weight_decay: 0.001}
train: {epochs: 4, batch: 10}
C
losses() { sed -n 's/^{"event":"epoch".*"loss":\([^,]*\),.*"val_loss":\([^,]*\),.*/\1 \2/p' "$1/metrics.jsonl"; }

all_counted() { # all_counted RUN EPOCHS: each sample once in each of them
  [ "$(grep '"epoch"' "$1/metrics.jsonl" | grep -c '"loss":27487790694.375,')" -eq "$2" ] ||
    fail "$1: samples lost or doubled: $(grep '"epoch"' "$1/metrics.jsonl")"
}

counts() { # counts MODE RANKS ARGUMENT...: each sample is used once an epoch
  local run=count-$2-${RANDOM}; local mode=$1 ranks=$2; shift 2
  run "$ranks" train count.yaml "train.mode=$mode" -o "$run" -q "$@"
  all_counted "$run" 2
  grep -q '"global_step":2668,' "$run/metrics.jsonl" || fail "$ranks ranks, $*: not 2668 updates"
}

# Nor is a gradient: outputs are below all targets, so a minibatch's is -1 for the bias and minus the mean of x for the weight, whatever its rank and
# its staleness. x are 2^0 to 2^19, 200 times: after two epochs of 1000 minibatches of 4, with a rate of 2^-30, bias and weight are sums that are exact.
# LEAST: the share of them that must be there, where two ranks may change a weight in the same moment and one change is lost; twice there never is one.
adds_up() { # adds_up MODE RANKS ARGUMENT...
  local run=sum-$2-$RANDOM mode=$1 ranks=$2; shift 2
  awk 'NR == 1 { print } NR > 1 { printf "%d,1e12\n", 2 ^ (NR % 20) }' powers.csv >flat.csv
  printf 'x\n0\n1\n' >sums.csv
  run "$ranks" train count.yaml "train.mode=$mode" data.train.file=flat.csv train.batch=4 optimizer.lr=9.313225746154785e-10 -o "$run" -q "$@"
  run 0 predict "$run/final.h5" -i sums.csv -o -
  awk -v least="${LEAST:-1}" 'function is(sum, all) { sum *= 2 ^ 30; return sum <= all && sum >= least * all }
    NR == 1 { bias = $1 } NR == 2 { sum = $1 } END { exit !(NR == 2 && is(bias, 2000) && is(sum - bias, 100 * (2 ^ 20 - 1))) }' <(grep '^[0-9]' out) ||
    fail "$mode on $ranks ranks, $*: bias and weight are not 2000 updates of 2^-30 and all x once in each of two epochs: $(cat out)"
}

made_again() { # made_again RUN: gradients that were behind
  grep -q '"made_again":[1-9]' "$1/metrics.jsonl" || fail "$1: no gradient was made again: $(grep '"epoch"' "$1/metrics.jsonl")"
}

alone_is_plain() { # alone_is_plain MODE ARGUMENT...: on one rank, with the losses of the synchronous run
  local mode=$1 ranks; shift
  rm -rf plain alone-*
  run 0 train net.yaml -o plain -q "$@"
  for ranks in 0 1; do
    run "$ranks" train net.yaml "train.mode=$mode" -o "alone-$ranks" -q "$@"
    losses "alone-$ranks" | diff <(losses plain) - || fail "$mode on one rank, $*: not the losses of the synchronous run"
  done
}

learns() { # learns MODE RANKS ARGUMENT...: into many-RANKS; it says what it is, and tells of staleness
  local mode=$1 ranks=$2; shift 2
  rm -rf "many-$ranks"
  run "$ranks" train net.yaml "train.mode=$mode" train.epochs=8 -o "many-$ranks" "$@"
  grep -q "^mode  *$mode: bits depend on timing" err || fail "$ranks ranks: the log does not say that bits depend on timing"
  grep -q 'staleness .* updates of others' err || fail "$ranks ranks: no staleness in the log"
  [ "$(grep -c '"staleness_mean":[0-9.e-]*,"staleness_max":[0-9]*' "many-$ranks/metrics.jsonl")" -eq 8 ] || fail "$ranks ranks: no staleness in the events"
  grep -q "\"mode\":\"$mode\"" "many-$ranks/record.json" || fail "record.json does not name the mode"
  # in training; the few samples of the validation go up and down at the end
  losses "many-$ranks" | awk 'NR == 1 { first = $1; val = least = $2 } $2 < least { least = $2 } END { exit !($1 < 0.9 * first && least < 0.95 * val) }' || fail "$ranks ranks, $*: it does not learn: $(losses "many-$ranks")"
}

ends() { # ends CODE RANKS ARGUMENT...
  local want=$1 code=0; shift
  on "$1" train net.yaml -q "${@:2}" >out 2>err || code=$?
  [ $code -eq "$want" ] || fail "$*: exit $code, not $want: $(cat err)"
}

keeps_its_mode() { # keeps_its_mode MODE, behind alone_is_plain: it is a part of what a run is
  on 0 train net.yaml train.epochs=5 -o alone-1 --resume >out 2>err && fail "the mode changed and the resume went on"
  grep -q "train.mode: $1 -> synchronous" err || fail "a changed mode is not named: $(cat err)"
}

resumes() { # resumes MODE, behind learns on 2 ranks: on others
  run 3 train net.yaml "train.mode=$1" train.epochs=10 -o many-2 --resume=auto -q
  grep -q '"event":"end","global_step":.*"exit":"done"' many-2/metrics.jsonl || fail "resumed on 3 ranks: no end"
}

# Asked to stop in the middle of an epoch: a checkpoint of a moment at which all had met, behind which the epoch goes on with the samples that are left.
stops() { # stops MODE
  local job step first code=0
  on 2 train count.yaml "train.mode=$1" train.epochs=100000 train.batch=1 -o stopped -q >out 2>err &
  job=$!
  for ((i = 0; i < 400; i++)); do compgen -G 'stopped/ckpt-*.h5' >/dev/null && break; sleep 0.05; done
  kill -USR1 "$(pgrep -n -P "$(pgrep -P "$(pgrep -P $job)")")" || fail "no rank to ask"
  wait $job || code=$?
  [ $code -eq 75 ] || fail "SIGUSR1: $code, not 75: $(cat err)"
  "$LOCKSTEP" inspect stopped --verify >out 2>err || fail "stopped: $(cat err)"
  step=$("$LOCKSTEP" inspect stopped --json | sed -n 's/.*"global_step":\([0-9]*\).*/\1/p' | tail -1)
  first=$(grep -c '"event":"epoch"' stopped/metrics.jsonl)
  [ $((step % 4000)) -gt 0 ] || echo "not tested: the stop at step $step was at an epoch's end"
  run 3 train count.yaml "train.mode=$1" train.epochs=$((first + 2)) train.batch=1 -o stopped --resume=auto -q
  all_counted stopped $((first + 2))
  ends 75 2 "train.mode=$1" train.epochs=100000 "checkpoint.every=100 steps" -o limited --time-limit 0:00:01
  "$LOCKSTEP" inspect limited --verify >out 2>err || fail "time limit: $(cat err)"
  run 2 train net.yaml "train.mode=$1" train.batch=100000 train.epochs=1 -o large -q
  grep -q 'an epoch has 1 minibatch, each of one rank: of 2 ranks some have nothing to do' err || fail "a batch of all samples, and no word of idle ranks: $(cat err)"
}

# Killed at any time: what was committed is good, and the run goes on from it.
is_killed() { # is_killed MODE RANKS
  local job step launcher
  rm -rf killed
  on "$2" train net.yaml "train.mode=$1" train.epochs=100000 "checkpoint.every=50 steps" -o killed -q >out 2>err &
  job=$!
  for ((i = 0; i < 400; i++)); do compgen -G 'killed/ckpt-*.h5' >/dev/null && break; sleep 0.05; done
  sleep "0.$((RANDOM % 10))"
  launcher=$(pgrep -P "$(pgrep -P $job)")
  kill -9 "$(pgrep -n -P "$launcher")" || fail "no rank to kill"
  wait $job && fail "killed: the job ended as if nothing had happened"
  step=$(sed -n 's/^committed \([0-9]*\) .*/\1/p' err | tail -1)
  "$LOCKSTEP" inspect killed --verify --json >out 2>err || fail "killed: $(cat err)"
  [ "$(sed -n 's/^[^[]*\[{"file":"ckpt-\([0-9]*\).*/\1/p' out)" -ge "${step:-0}" ] || fail "killed: step $step was committed, and is not there: $(cat out)"
  run 3 train net.yaml "train.mode=$1" train.steps=$((${step:-0} + 100)) train.epochs=none -o killed --resume=auto -q
}

# A sample whose loss is not finite, in the sixth update of each epoch of nine.
not_finite() { # not_finite MODE
  local ranks
  awk 'BEGIN { srand(5); print "a,b,y"; for (i = 0; i < 66; i++) { a = rand(); b = rand(); printf "%s,%.6f,%.6f\n", i == 42 ? "1e38" : a, b, a - b * b } }' >poison.csv
  cat >poison.yaml <<C
version: 1
data: {type: csv, order: sequential, train: {file: poison.csv, x: [a, b], y: [y]}}
model: {layers: [{units: 5}, {units: 1}]}
loss: mse
optimizer: {type: sgd, lr: 0.01}
train: {epochs: 2, batch: 8, mode: $1}
checkpoint: {every: 5 steps}
C
  for ranks in 0 3; do
    rm -rf rolled skipped
    run "$ranks" train poison.yaml train.nonfinite=rollback -o rolled
    [ "$(grep -c 'go back to step' err)" -eq 2 ] || fail "$ranks ranks, rollback: not told of twice: $(cat err)"
    "$LOCKSTEP" inspect rolled/final.h5 --json | grep -q '"rollbacks":2,' || fail "$ranks ranks: not two rollbacks"
    run "$ranks" train poison.yaml train.nonfinite=skip -o skipped -q
    "$LOCKSTEP" inspect skipped/final.h5 --json | grep -q '"t":16,.*"nonfinite_total":2,' || fail "$ranks ranks: not two skipped of 18"
  done
  on 2 train poison.yaml -o poisoned -q >out 2>err
  [ $? -eq 71 ] || fail "not finite: it went on, or ended otherwise: $(cat err)"
  grep -q 'within the [1-9][0-9]* updates up to step' err || fail "not finite: within how many updates? $(cat err)"
  ends 71 2 "train.mode=$1" optimizer.lr=1e30 train.nonfinite=skip train.epochs=40 -o skips
}

declined() { # declined TEXT MODE ARGUMENT...: refused, with its place
  local text=$1 mode=$2; shift 2
  on "${RANKS:-0}" train net.yaml "train.mode=$mode" "$@" -o none >out 2>err
  [ $? -eq 78 ] && grep -q -- "$text" err || fail "$*: not refused with '$text': $(cat err)"
  [ ! -e none ] || fail "$*: refused, and a folder is there"
}

# What needs all ranks at each update.
declines() { # declines MODE
  declined 'use clip_value.*train.clip_norm' "$1" train.clip_norm=1
  declined "$1 has nothing to exchange" "$1" train.exchange=tree
  declined 'do not come one after the other' "$1" output.step_every=1
  declined "$1 deals minibatches out" "$1" data.load=stream
  declined 'softmax_batch is made for one minibatch' "$1" 'model.layers[1].activation=softmax_batch'
}
