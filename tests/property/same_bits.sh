#!/bin/bash
# same_bits.sh [TRIALS]: random configs give the same weights and metrics on any number of ranks and threads, also when a run is
# stopped and goes on on another number. SEED= repeats what an earlier run printed.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
trials=${1:-6}
# shellcheck source=tests/property/draw.sh
. "$(dirname "$0")/draw.sh"
echo "SEED=$SEED $0 $trials"

# train RUN RANKS CODE ARGUMENT...: and demand the exit code
train() {
  local run=$1 ranks=$2 want=$3 code=0; shift 3
  between 1 3
  on "$ranks" train config.yaml -o "$run" --threads "$drawn" -q "$@" 2>err || code=$?
  [ $code -eq "$want" ] || broken "$run: exit $code instead of $want: $(cat err)"
}
broken() {
  echo "BROKEN: SEED=$SEED, trial $trial: $*" >&2
  cat config.yaml >&2
  exit 1
}
same_numbers() { diff <(numbers_of reference) <(numbers_of "$1") >&2 || broken "$1: other metrics than on one rank"; }
same_file() { cmp reference/final.h5 "$1/final.h5" || broken "$1: another final.h5 than on one rank"; }

trial() {
  make_table "$trial"
  draw_config >config.yaml
  ! chance 15 || draw_start config.yaml
  between 0 1; local alone=$drawn code=0 most=$((slices < 8 ? slices : 8)) ranks other stop
  on "$alone" train config.yaml -o reference --threads 1 -q 2>err || code=$?
  [ $code -eq 0 ] || [ $code -eq 71 ] || broken "reference: exit $code: $(cat err)"

  train many "$most" $code
  same_numbers many
  [ $code -ne 0 ] || same_file many
  between 2 $((most < 3 ? most : 3)); ranks=$drawn
  pick shared tree
  local exchange=$drawn rounds=1
  grep -q softmax_batch config.yaml || { pick 1 2 "$slices"; rounds=$drawn; }
  train exchange "$ranks" $code train.exchange="$exchange" train.accumulate="$rounds"
  same_numbers exchange
  [ $code -eq 0 ] || return 0
  [ "$(hash_of exchange/final.h5)" = "$(hash_of reference/final.h5)" ] || broken "exchange $exchange, accumulate $rounds: other weights"

  between 1 $((steps - 1)); stop=$drawn
  between 1 "$most"; ranks=$drawn
  between 1 "$most"; other=$drawn
  train stopped "$ranks" 0 train.steps="$stop"
  train stopped "$other" 0 --resume=auto
  same_numbers stopped
  same_file stopped
}

for ((trial = 1; trial <= trials; trial++)); do
  mkdir "$trial"
  (cd "$trial" && trial) || exit 1
  RANDOM=$((SEED + trial)) # the subshell's draws are its own
  rm -rf "$trial"
done
echo "$trials trials passed"
