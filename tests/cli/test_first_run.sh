#!/bin/bash
# Every command that README.md, docs/first-run.md and docs/search.md show as ```sh runs as it stands there, in a folder that holds the examples.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
mkdir bin
ln -s "$LOCKSTEP" bin/lockstep
ln -s "$MPIRUN" bin/mpirun
LOCKSTEP_MPIRUN=$(command -v mpirun)
export LOCKSTEP_MPIRUN PATH=$PWD/bin:$PATH
data_from() { sed -i "s#/usr/share/datasets/fashion-mnist#$1#" clone/examples/*/*.yaml; }
for page in README.md docs/first-run.md docs/search.md; do
  rm -rf clone
  mkdir clone
  cp -r "$SOURCE/examples" "$SOURCE/data" clone
  data_from "$(sampled data/fashion-mnist-small /usr/share/datasets/fashion-mnist)"
  sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$SOURCE/$page" >commands
  [ "$(wc -l <commands)" -ge 8 ] || fail "$page: only these commands: $(cat commands)"
  command -v gnuplot >/dev/null || sed -i '/lockstep plot/d' commands
  (cd clone && timeout 280 bash -ex ../commands) >said 2>&1 || fail "$page: $(tail -30 said)"
  # What the page shows of a search is what it prints, and its last command the one that is printed.
  [ $page != docs/search.md ] && continue
  awk '/^```/ { open = !open; plain = open && $0 == "```"; next } plain' "$SOURCE/$page" | grep -E '^([0-9]+ |best: |config: |on everything: |runs/search/trial-|mean of 5)' >shown
  [ "$(wc -l <shown)" -eq 10 ] || fail "$page shows $(wc -l <shown) lines: $(cat shown)"
  grep -vxFf said shown >other && fail "$page shows what is not printed: $(cat other)"
  command=$(sed -n 's/^on everything: //p' said | head -1)
  grep -qxF "${command:-none is printed}" commands || fail "$page trains something else than '$command'"
done

# An example whose data are not installed says so and goes on with the part that comes with lockstep; not where the folder was asked for.
cp -r "$SOURCE/examples" clone
data_from /nowhere/fashion-mnist
cd clone || exit 1
example=examples/fashion-mnist/adam.yaml
for ranks in 0 2; do
  on $ranks train $example -o "runs/small-$ranks" -q train.epochs=5 2>err || fail "the small part: exit $?: $(cat err)"
  [ "$(grep -c 'not there (apt-get install dataset-fashion-mnist); going on with .* data/fashion-mnist-small' err)" -eq 1 ] || fail "$(cat err)"
done
cmp runs/small-0/final.h5 runs/small-2/final.h5 || fail "the small part: two ranks give another file"
on 0 eval runs/small-0/final.h5 --json >out || fail "eval: exit $?"
awk -v a="$(sed -n 's/.*"accuracy":\([0-9.]*\).*/\1/p' out)" 'BEGIN { exit !(a > 0.75) }' || fail "five epochs on the small part: $(cat out)"
on 0 train $example -o runs/asked data.dir=/nowhere/fashion-mnist 2>err && fail "a folder that was asked for is not there, and nobody says so"
grep -q '/nowhere/fashion-mnist/train-images-idx3-ubyte: no such file' err || fail "$(cat err)"
finish
