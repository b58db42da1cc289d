#!/bin/bash
# Every command that the comments at the top of an example show works, in a short form: 2 updates, the small data; and its configs
# run on 3 ranks where they may.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
ln -s "$SOURCE/data" data
cp -r "$SOURCE/examples" examples
make -s -C examples/plugin-optimizer INCLUDE="$SOURCE/include" 2>err || fail "plug-ins: $(cat err)"
sed -i 's#/usr/share/datasets/fashion-mnist#data/fashion-mnist-small#; s/limit: {train: 60000}/limit: {train: 6000}/' examples/*/*.yaml
mkdir runs
for script in examples/*/make-data; do LOCKSTEP=$LOCKSTEP "$script" 1000 >out 2>err || fail "$script: exit $?: $(cat err)"; done
short="train.epochs=none train.steps=2 eval.every=never -q --threads 1"

# shown COMMAND...: as it stands in a comment
shown() {
  local ranks=0
  if [ "$1" = mpirun ]; then ranks=$3; shift 3; fi
  [ "$1" = lockstep ] && shift
  # shellcheck disable=SC2086
  if [ "$1" = train ]; then set -- "$@" $short; fi
  on "$ranks" "$@" </dev/null
}
has_gnuplot() { command -v gnuplot >/dev/null; }

for config in examples/*/*.yaml; do
  # shellcheck disable=SC2086
  on 0 train "$config" $short -o runs/one --force 2>err </dev/null || fail "$config: exit $?: $(cat err)"
  if ! grep -q softmax_batch "$config"; then
    # shellcheck disable=SC2086
    on 3 train "$config" $short -o runs/three --force 2>err </dev/null || fail "$config on 3 ranks: exit $?: $(cat err)"
    [ "$(hash_of runs/one/final.h5)" = "$(hash_of runs/three/final.h5)" ] || fail "$config: other bits on 3 ranks"
  fi
  rm -rf runs/*
  commands=0
  while read -r line; do
    case $line in *" plot "* | *".svg"*) has_gnuplot || continue ;; esac
    commands=$((commands + 1))
    eval "shown $line" >out 2>err || fail "$config: $line: exit $?: $(cat err)"
  done < <(sed -n 's/^#   \(\(mpirun -n [0-9]* \)\?lockstep .*\)/\1/p' "$config")
  [ $commands -gt 0 ] || fail "$config shows no command"
done

awk -f examples/ewa/ewa.awk >ewa.txt || fail "ewa.awk: exit $?"
if has_gnuplot; then
  gnuplot examples/ewa/ewa.gp
  [ -s ewa.svg ] || fail "ewa.gp draws nothing"
fi
for folder in examples/*/; do [ -s "$folder/README.md" ] || fail "$folder has no README.md"; done
finish
