# lib.sh - what test scripts share; sourced. LOCKSTEP, SOURCE, BUILD and MPIRUN come from ctest, or point at build/.
# shellcheck shell=bash
SOURCE=${SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}
LOCKSTEP=${LOCKSTEP:-$BUILD/lockstep}
MPIRUN=${MPIRUN:-$SOURCE/tests/mpirun}
SMALL=$SOURCE/data/fashion-mnist-small
SEED=${SEED:-20261129} # of all that is drawn: one commit, one verdict; scripts/sweep and scripts/soak draw others
RANDOM=$SEED
failures=0
fail() { echo "FAIL: $*" >&2; failures=$((failures + 1)); }
finish() { [ "$failures" -eq 0 ] || { echo "$failures failures; SEED=$SEED" >&2; exit 1; }; }
die() { fail "$@"; finish; }

# sampled SOME ALL: how many of what a test takes samples of; all with SWEEP set, as scripts/sweep does
sampled() { if [ -n "${SWEEP:-}" ]; then echo "$2"; else echo "$1"; fi; }

# on RANKS ARGUMENT...: lockstep on so many ranks, 0: without mpirun. A job that hangs is ended, with 124.
# When a rank ends with an error, mpirun gives the others a second, then SIGTERM and a second more, and SIGKILL; it sleeps for both, though they
# are gone. Here there is no such time unless a script sets GRACE: what a job has to say and to write it has before its first rank ends.
on() {
  local ranks=$1; shift
  if [ "$ranks" -eq 0 ]; then
    timeout -k 5 "${LIMIT:-$(sampled 240 600)}" "$LOCKSTEP" "$@"
  else
    OMPI_MCA_odls_base_sigkill_timeout=${GRACE:-0} timeout -k 5 "${LIMIT:-$(sampled 240 600)}" "$MPIRUN" -n "$ranks" "$LOCKSTEP" "$@"
  fi
}

run() { on "$@" >out 2>err || fail "$*: exit $?: $(cat err)"; } # it succeeds

# refused CODE TEXT ARGUMENT...: it ends with CODE, and says TEXT
refused() {
  local want=$1 text=$2 code=0; shift 2
  on 0 "$@" >out 2>err || code=$?
  if [ $code -ne "$want" ] || ! grep -qF -- "$text" err; then fail "$*: exit $code, not $want with '$text': $(cat err)"; fi
}

# pictures_net UNITS TRAIN: a config of a small network for some pictures of SMALL
pictures_net() {
  cat <<Y
version: 1
data: {type: idx, dir: $SMALL, limit: {train: 600, test: 50}, scale: {type: divide, by: 255}}
model: {layers: [{units: $1, activation: relu}, {units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.002}
train: {$2}
Y
}

hash_of() { "$LOCKSTEP" inspect "$1" --json | sed -n 's/.*"weights_hash":"\([^"]*\)".*/\1/p'; }

same() { [ "$(hash_of "$1/final.h5")" = "$(hash_of "$2/final.h5")" ] || fail "$3: other weights"; } # same RUN RUN WHAT

# The numbers of a run, clocks left out.
numbers_of() { grep -E '^\{"event":"(step|epoch|eval|end)"' "$1/metrics.jsonl" | sed -E 's/,"(samples_per_s|seconds)":[^,}]*//g'; }
