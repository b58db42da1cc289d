#!/bin/sh
# bench/run.sh [ROUNDS]: the tables of bench/README.md on this machine, as Markdown on stdout. Everything is taken in turn, ROUNDS times
# (default 5), and the medians are printed: a slow minute of the machine then hits all alike.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-5} lockstep=${LOCKSTEP:-build/lockstep}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python=python3
python3 -c 'import torch' 2>/dev/null || python=/usr/bin/python3 # Debian's python3-torch is for Debian's Python
torch=$($python -c 'import torch; print(torch.__version__)' 2>/dev/null) || torch=

number() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p"; }
steps() { case $1 in a) echo 4000 ;; b) echo 300 ;; c) echo 5 ;; esac; }
ranks() { n=$1 && shift && mpirun -n "$n" --bind-to none "$@"; }
train() { # train NAME RANKS [KEY=VALUE]: samples/s
  ranks "$2" "$lockstep" bench train "bench/configs/$1.yaml" ${3:-} --threads 1 --steps "$(steps "$1")" \
    --warmup "$(($(steps "$1") / 5 + 1))" --json 2>/dev/null | number samples_per_s
}
gemm() { # blas and floor of network $1
  "$lockstep" bench gemm "bench/configs/$1.yaml" --steps "$(($(steps "$1") / 4 + 1))" --json >"$work/gemm"
  number blas_samples_per_s <"$work/gemm" >>"$work/$1.blas"
  number floor_samples_per_s <"$work/gemm" >>"$work/$1.floor"
}
# Seconds from mpirun to exit, and the accuracy.
fast() {
  start=$(date +%s.%N)
  "$@" >"$work/said"
  echo "$(date +%s.%N) $start" | awk '{ print $1 - $2 }'
}
fast_lockstep() {
  rm -rf "$work/run"
  fast ranks 2 "$lockstep" train bench/configs/fast.yaml -o "$work/run" -q >>"$work/fast.two" 2>/dev/null
  tail -1 "$work/run/metrics.jsonl" | number test_accuracy >>"$work/fast.two.accuracy"
}
fast_torch() { # fast_torch NAME PROCESSES
  fast ranks "$2" "$python" bench/pytorch_ddp.py fast >>"$work/fast.$1"
  cat "$work/said" >>"$work/fast.$1.accuracy"
}

for _ in $(seq "$rounds"); do
  for net in a b c; do
    train $net 1 >>"$work/$net.one"
    train $net 2 >>"$work/$net.two"
    train $net 1 train.slices=1 >>"$work/$net.plain"
    gemm $net
    [ -z "$torch" ] || {
      ranks 1 "$python" bench/pytorch_ddp.py $net >>"$work/$net.torch1"
      ranks 2 "$python" bench/pytorch_ddp.py $net >>"$work/$net.torch2"
    }
  done
  fast_lockstep
  [ -z "$torch" ] || { fast_torch torch1 1 && fast_torch torch2 2; }
done

median() { sort -g "$1" | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }
cell() { if [ -s "$work/$2" ]; then printf " $1 |" "$(median "$work/$2")"; else printf ' - |'; fi; }
ratio() { # ratio A B: of their medians
  if [ -s "$work/$1" ] && [ -s "$work/$2" ]; then
    echo "$(median "$work/$1") $(median "$work/$2")" | awk '{ printf " %.2f |", $1 / $2 }'
  else printf ' - |'; fi
}
echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores; medians of $rounds, in turn; samples per second, one thread a rank."
echo
echo "| network | 1 rank | 2 ranks | 1 rank, slices: 1 | BLAS GEMMs alone, 1 core | floor | PyTorch ${torch:-(not installed)}, 1 process | DDP, 2 |"
echo "|---|---|---|---|---|---|---|---|"
for net in a b c; do
  printf '| %s |' $net
  for column in one two plain blas floor torch1 torch2; do cell %.0f $net.$column; done
  echo
done
echo
echo "| network | 1 rank / floor | 1 rank / PyTorch | 2 ranks / DDP | efficiency: 2 ranks / 1 rank / 2 | default slices / slices: 1 |"
echo "|---|---|---|---|---|---|"
for net in a b c; do
  printf '| %s |' $net
  ratio $net.one $net.floor
  ratio $net.one $net.torch1
  ratio $net.two $net.torch2
  echo "$(median "$work/$net.two") $(median "$work/$net.one")" | awk '{ printf " %.2f |", $1 / $2 / 2 }'
  ratio $net.one $net.plain
  echo
done
echo
echo "| bench/configs/fast.yaml, start to exit | seconds | test accuracy |"
echo "|---|---|---|"
row() { printf '| %s |' "$1" && cell %.2f "fast.$2" && cell %.4f "fast.$2.accuracy" && echo; }
row 'lockstep, 2 ranks' two
row 'PyTorch, 1 process' torch1
row 'PyTorch DDP, 2 processes' torch2
[ -n "$torch" ] || echo "
PyTorch is not installed here (Debian: python3-torch); with it, its columns are measured in the same turns."
