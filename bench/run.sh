#!/bin/sh
# bench/run.sh [ROUNDS]: the tables of bench/README.md on this machine, as Markdown on stdout.
# Everything is taken in turn, ROUNDS times (default 5), and the medians are printed: a slow minute
# of the machine then hits all alike. ISA=avx2 holds lockstep and the libraries to AVX2 kernels.
set -eu
cd "$(dirname "$0")/.."
began=$(date +%s)
rounds=${1:-5} lockstep=${LOCKSTEP:-build/lockstep}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

# Everyone gets the best kernel that the library has: an older OpenBLAS takes newer CPUs for a
# Prescott, which is 3 to 5 times slower.
isa=${ISA:-$(grep -qw avx512f /proc/cpuinfo && echo avx512 || echo avx2)}
case $isa in
  avx512) export OPENBLAS_CORETYPE=SkylakeX ;;
  avx2) export LOCKSTEP_KERNEL=avx2 OPENBLAS_CORETYPE=Haswell DNNL_MAX_CPU_ISA=AVX2 ;;
esac

python=python3
python3 -c 'import torch' 2>/dev/null || python=/usr/bin/python3 # Debian's package is for Debian's
torch=$($python -c 'import torch; print(torch.__version__)' 2>/dev/null) || torch=

onednn=$("$lockstep" bench gemm bench/configs/a.yaml --steps 1 --json |
  sed -n 's/.*"onednn":"\([^"]*\)".*/\1/p')

number() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p"; }
rows() { case $1 in a) echo 50 ;; b) echo 128 ;; c) echo 1024 ;; esac; }
steps() { case $1 in a) echo 4000 ;; b) echo 300 ;; c) echo 5 ;; esac; }
ranks() { n=$1 && shift && mpirun -n "$n" --bind-to none "$@"; }
train() { # train NAME RANKS [KEY=VALUE]: samples/s
  ranks "$2" "$lockstep" bench train "bench/configs/$1.yaml" ${3:-} --threads 1 \
    --steps "$(steps "$1")" --warmup "$(($(steps "$1") / 5 + 1))" --json 2>/dev/null |
    number samples_per_s
}

# The products alone, on one core: all libraries in turn, and samples/s of ROWS rows by each.
products() { # products NAME ROWS WHERE
  "$lockstep" bench gemm "bench/configs/$1.yaml" "train.batch=$2" \
    --steps "$(($(steps "$1") / 4 + 1))" --json >"$work/$3"
}
by() { # by LIBRARY WHERE...: the sum of their rates; nothing where there is no such library
  library=$1 && shift
  for where in "$@"; do number "${library}_samples_per_s" <"$work/$where"; done |
    awk '{ sum += $1 } END { if (NR) print sum }'
}
alone_and_on_both() { # NAME: half the rows on each of two cores at once
  half=$(($(rows "$1") / 2))
  products "$1" "$(rows "$1")" whole
  products "$1" $half first &
  products "$1" $half second
  wait
  for library in blas onednn; do
    by $library whole >>"$work/$1.$library"
    by $library first second >>"$work/$1.$library.both"
  done
}

# Seconds from mpirun to exit, and the accuracy.
fast() {
  start=$(date +%s.%N)
  "$@" >"$work/said"
  echo "$(date +%s.%N) $start" | awk '{ print $1 - $2 }'
}
fast_lockstep() {
  rm -rf "$work/run"
  fast ranks 2 "$lockstep" train bench/configs/fast.yaml -o "$work/run" -q >>"$work/fast.two" \
    2>/dev/null
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
    alone_and_on_both $net
    [ -z "$torch" ] || {
      ranks 1 "$python" bench/pytorch_ddp.py $net >>"$work/$net.torch1"
      ranks 2 "$python" bench/pytorch_ddp.py $net >>"$work/$net.torch2"
    }
  done
  fast_lockstep
  [ -z "$torch" ] || { fast_torch torch1 1 && fast_torch torch2 2; }
done

median() {
  sort -g "$1" | awk '{ x[NR] = $1 }
    END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
cell() { # cell FORMAT SERIES
  if [ -s "$work/$2" ]; then printf " $1 |" "$(median "$work/$2")"; else printf ' - |'; fi
}
ratio() { # ratio A B...: of A's median to the largest of the others'
  over=0 first=$1 && shift
  for series in "$@"; do
    [ -s "$work/$series" ] || continue
    over=$(echo "$(median "$work/$series") $over" | awk '{ print ($1 > $2 ? $1 : $2) }')
  done
  if [ -s "$work/$first" ] && [ "$over" != 0 ]; then
    echo "$(median "$work/$first") $over" | awk '{ printf " %.2f |", $1 / $2 }'
  else printf ' - |'; fi
}

echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $isa, load" \
  "$(cut -d' ' -f1 /proc/loadavg); medians of $rounds, in turn; samples per second, one thread a" \
  "rank; $("$lockstep" bench gemm bench/configs/a.yaml --steps 1 --json |
    sed -n 's/.*"blas":"\([^"]*\)".*/\1/p'), ${onednn:-no oneDNN}; $(($(date +%s) - began)) s in all."
echo
echo "| network | 1 rank | 2 ranks | 1 rank, slices: 1 | BLAS, 1 core | BLAS, both cores |" \
  "oneDNN, 1 core | oneDNN, both | PyTorch ${torch:-(not installed)}, 1 process | DDP, 2 |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for net in a b c; do
  printf '| %s |' $net
  for column in one two plain blas blas.both onednn onednn.both torch1 torch2; do
    cell %.0f $net.$column
  done
  echo
done
echo
echo "| network | 1 rank / best products | 2 ranks / best products on both cores |" \
  "default slices / slices: 1 | efficiency: 2 ranks / 1 rank / 2 | 1 rank / PyTorch | 2 ranks / DDP |"
echo "|---|---|---|---|---|---|---|"
for net in a b c; do
  printf '| %s |' $net
  ratio $net.one $net.blas $net.onednn
  ratio $net.two $net.blas.both $net.onednn.both
  ratio $net.one $net.plain
  echo "$(median "$work/$net.two") $(median "$work/$net.one")" | awk '{ printf " %.2f |", $1 / $2 / 2 }'
  ratio $net.one $net.torch1
  ratio $net.two $net.torch2
  echo
done
echo
echo "| bench/configs/fast.yaml, start to exit | seconds | test accuracy |"
echo "|---|---|---|"
row() { printf '| %s |' "$1" && cell %.2f "fast.$2" && cell %.4f "fast.$2.accuracy" && echo; }
row 'lockstep, 2 ranks' two
row 'PyTorch, 1 process' torch1
row 'PyTorch DDP, 2 processes' torch2
for missing in "${torch:-PyTorch (python3-torch)}" "${onednn:-oneDNN (libdnnl-dev)}"; do
  case $missing in *'('*) echo && echo "Not installed here: $missing." ;; esac
done
