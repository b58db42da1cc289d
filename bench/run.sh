#!/bin/sh
# bench/run.sh [ROUNDS]: the table of bench/README.md on this machine, as Markdown on stdout. Everything is taken in turn, ROUNDS times
# (default 5), and the medians are printed: a slow minute of the machine then hits all alike.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-5} lockstep=${LOCKSTEP:-build/lockstep}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python=python3
python3 -c "import torch" 2>/dev/null || python=/usr/bin/python3 # Debian's python3-torch is for Debian's Python
torch=$($python -c "import torch; print(torch.__version__)" 2>/dev/null) || torch=

number() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p"; }
steps() { case $1 in a) echo 4000 ;; b) echo 300 ;; c) echo 5 ;; esac; }
train() { # train NAME RANKS [KEY=VALUE]: samples/s
  mpirun -n "$2" --bind-to none "$lockstep" bench train "bench/configs/$1.yaml" ${3:-} --threads 1 --steps "$(steps "$1")" \
    --warmup "$(($(steps "$1") / 5 + 1))" --json | number samples_per_s
}
blas() { "$lockstep" bench gemm "bench/configs/$1.yaml" --steps "$(($(steps "$1") / 4 + 1))" --json | number blas_samples_per_s; }
pytorch() { mpirun -n "$2" --bind-to none "$python" bench/pytorch_ddp.py "$1"; }

for _ in $(seq "$rounds"); do
  for net in a b c; do
    train $net 1 >>"$work/$net.one"
    train $net 2 >>"$work/$net.two"
    train $net 1 train.slices=1 >>"$work/$net.plain"
    blas $net >>"$work/$net.blas"
    [ -z "$torch" ] || { pytorch $net 1 >>"$work/$net.torch1" && pytorch $net 2 >>"$work/$net.torch2"; }
  done
done

median() { sort -g "$1" | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }
echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores; medians of $rounds, in turn; samples per second, one thread a rank."
echo
echo "| network | lockstep, 1 rank | 2 ranks | 1 rank, slices: 1 | BLAS GEMMs alone, 1 core | PyTorch ${torch:-(not installed)}, 1 process | DDP, 2 |"
echo "|---|---|---|---|---|---|---|"
for net in a b c; do
  printf '| %s |' $net
  for column in one two plain blas torch1 torch2; do
    if [ -s "$work/$net.$column" ]; then printf ' %.0f |' "$(median "$work/$net.$column")"; else printf ' - |'; fi
  done
  echo
done
[ -n "$torch" ] || echo "
PyTorch is not installed here; with it, the last two columns are measured in the same turns." 
