#!/bin/bash
# lockstep config and help, as a user meets them: exit codes, what goes to stdout, docs that match the table.
# label: quick
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# expect CODE COMMAND...: run it, keep stdout in out and stderr in err
expect() {
  local code=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" = "$code" ] || { fail "exit $got, not $code: $*"; cat out err >&2; }
}
holds() { grep -qF -- "$2" "$1" || { fail "no '$2' in $1:"; head -20 "$1" >&2; }; }
empty() { [ ! -s "$1" ] || { fail "$1 is not empty:"; head -5 "$1" >&2; }; }

# Every starter is a right config, and says so on stdout only.
expect 64 "$LOCKSTEP" config init
kinds=$(sed -n 's/^  \([a-z0-9]*\) .*/\1/p' err)
[ "$(echo $kinds | wc -w)" -ge 5 ] || fail "few kinds: $kinds"
for kind in $kinds; do
  expect 0 "$LOCKSTEP" config init "$kind"
  empty err
  mv out "$kind.yaml"
  expect 0 "$LOCKSTEP" config check "$kind.yaml"
  holds out "$kind.yaml: ok"
done
expect 64 "$LOCKSTEP" config init clasify
holds err "did you mean 'classify'?"

# All examples too.
for file in "$SOURCE"/examples/*/*.yaml; do
  cd "$(dirname "$file")"
  grep -q "plugin" "$file" || "$LOCKSTEP" config check "$(basename "$file")" >/dev/null || fail "$file"
  cd - >/dev/null
done

# Errors: 78, all of them, located, on stderr; with --json one object on stdout.
sed 's/batch: 50/batch: 20.5/; s/lr: 0.001/lrr: 0.001/' classify.yaml >wrong.yaml
expect 78 "$LOCKSTEP" config check wrong.yaml train.slices=-1
empty out
holds err "wrong.yaml:15:1: error: missing key 'lr' (a number > 0) [optimizer.lr]"
holds err "wrong.yaml:15:25: error: unknown key 'lrr'; did you mean 'lr'? [optimizer.lrr]"
holds err "                         ^"
holds err "wrong.yaml:19:10: error: '20.5' is not a whole number: batch must be a whole number from 1 to 2^53, or full [train.batch]"
holds err "command line: 'train.slices=-1': error: '-1' is out of range"
expect 78 "$LOCKSTEP" config check wrong.yaml --json
holds out '{"error":{"code":78,'
[ "$(wc -l <out)" = 1 ] || fail "JSON is not one line"
expect 78 "$LOCKSTEP" config check missing.yaml
holds err "missing.yaml"
expect 78 "$LOCKSTEP" config show classify.yaml optimizer.type=plugin
expect 64 "$LOCKSTEP" config
expect 64 "$LOCKSTEP" config chek classify.yaml
holds err "did you mean 'check'?"
expect 64 "$LOCKSTEP" config check
expect 64 "$LOCKSTEP" config check classify.yaml notakeyvalue
expect 64 "$LOCKSTEP" config check classify.yaml --orign

# show: what it prints is a config that shows the same.
expect 0 "$LOCKSTEP" config show classify.yaml optimizer.lr=0.3 'train.early_stop={patience: 4}'
empty err
mv out once.yaml
holds once.yaml "  lr: 0.3"
expect 0 "$LOCKSTEP" config show once.yaml
cmp -s out once.yaml || fail "the resolved config does not show itself"
expect 0 "$LOCKSTEP" config show --json classify.yaml
[ "$(wc -l <out)" = 1 ] || fail "JSON is not one line"
mv out once.json
expect 0 "$LOCKSTEP" config check once.json
expect 0 "$LOCKSTEP" config show classify.yaml seed=5 --origin
holds out "seed: 5  # command line"
holds out "  batch: 50  # classify.yaml:19"
holds out "  exchange: auto  # default"
expect 0 "$LOCKSTEP" config schema
holds out '"$schema"'

# help, and the reference in the docs, which is its output.
expect 0 "$LOCKSTEP" help
holds out "  config "
expect 0 "$LOCKSTEP" help lr
holds out "optimizer.lr: "
expect 0 "$LOCKSTEP" help config
holds out "lockstep config init"
expect 0 "$LOCKSTEP" help loss
holds out "    huber: mean of (y - t)^2 / 2 up to"
for activation in model.layers.activation 'model.layers[].activation' 'model.layers[3].activation' activation; do
  expect 0 "$LOCKSTEP" help "$activation"
  holds out "    leaky_relu: z where it is positive"
done
expect 64 "$LOCKSTEP" help optimizer.lrr
expect 64 "$LOCKSTEP" help bacth
holds err "did you mean 'batch'?"
expect 0 "$LOCKSTEP" help keys
sed -i '/^$/d' out # between the sections, which are headings there
sed -n '/^```keys$/,/^```$/{/^```/d;p}' "$SOURCE/docs/config.md" >reference
cmp -s out reference || { fail "docs/config.md is not what lockstep help keys prints (scripts/config-page writes it)"; diff out reference | head -5 >&2; }
finish
