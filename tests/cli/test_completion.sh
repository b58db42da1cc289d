#!/bin/bash
# Completion: what may stand at the cursor comes from the tables of commands, options and keys; and bash, zsh and fish really complete by it
# (zsh and fish where they are installed).
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
PATH=$(dirname "$LOCKSTEP"):$PATH
name=$(basename "$LOCKSTEP")

# offers WANTED WORD...: exactly the words WANTED, in any order
offers() {
  local wanted=$1 got; shift
  got=$("$LOCKSTEP" completion words -- "$@" 2>&1 | cut -f 1 | sort | tr '\n' ' ')
  # shellcheck disable=SC2086 # several words
  [ "${got% }" = "$(printf '%s\n' $wanted | sort | tr '\n' ' ' | sed 's/ $//')" ] || fail "after '$*': '$got' instead of '$wanted'"
}
offers "train" tr
offers "init check show schema" config ""
offers "check" config ch
offers ":files" config check ""
offers ":files" predict net.h5 -i ""
offers "auto bar line none" train net.yaml --progress ""
offers "--split=train --split=test" eval run/final.h5 --split=t
offers "--resume=auto :files" train net.yaml --resume=
offers "--resume" train net.yaml --res
offers "--origin" config show net.yaml --or
offers "" config check net.yaml --or
offers "" train net.yaml --threads ""
offers "train.batch= " train net.yaml train.bat
offers "train.precision=float32 train.precision=float64" train net.yaml optimizer.lr=0.1 train.precision=
offers "data.train.header=true data.train.header=false" train --seed 3 net.yaml data.train.header=
offers "train.exchange=auto train.exchange=shared train.exchange=tree train.exchange=mpi" bench train net.yaml train.exchange=
offers "optimizer.lr optimizer.lr_decay" train net.yaml --allow optimizer.lr
offers "mlp" config init ml
offers "completion compare" help comp
offers "" nonsense ""
[ "$("$LOCKSTEP" completion words --json -- pred)" = '{"words":[{"word":"predict","help":"outputs of checkpoints for new inputs"}]}' ] || fail "--json"

# Nothing that help lists is missing.
"$LOCKSTEP" completion words -- "" | cut -f 1 | sort >commands
"$LOCKSTEP" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort >listed
diff listed commands >&2 || fail "commands"
while read -r command; do
  "$LOCKSTEP" help "$command" | sed '/^The config/,$d' | sed -nE 's/^ +(-., )?(--[a-z0-9-]+).*/\2/p' | sort >listed
  "$LOCKSTEP" completion words -- "$command" -- | cut -f 1 | sort >got
  diff listed got >&2 || fail "options of $command"
done <commands
"$LOCKSTEP" help keys | sed -nE 's/^([a-z][A-Za-z0-9_.]*(\[\][a-z0-9_.]*)*)(:| \().*/\1/p' | sort -u >listed
"$LOCKSTEP" completion words -- train --allow "" | cut -f 1 | sort >got
diff listed got >&2 || fail "keys"

for shell in bash zsh fish; do "$LOCKSTEP" completion $shell >completion.$shell || fail "completion $shell"; done
"$LOCKSTEP" completion sh 2>err; [ $? -eq 64 ] || fail "completion sh"
"$LOCKSTEP" config init mlp >net.yaml
mkdir -p "a run"

# What a person types, ^I for the key: files, words, keys and values end up on the command line.
typed() {
  printf '%s\n' "$1" "$name --vers	>version" "$name config sh	net.y	 optimizer.typ	adamw	 train.epoch	3 >shown" \
    "$name completion fi	>fish" "$name inspect a	>run 2>&1" exit
}
check_typed() {
  grep -q '^kernel' version || fail "$1: --version"
  grep -q 'type: adamw' shown && grep -q 'epochs: 3$' shown || fail "$1: keys and values: $(cat shown)"
  cmp -s fish completion.fish || fail "$1: completion fish"
  grep -q "a run" run || fail "$1: a name with a blank: $(cat run)"
  rm -f version shown fish run
}
export TERM=dumb HOME=$PWD
if command -v script >/dev/null; then
  typed ". ./completion.bash" | timeout 20 script -qec "bash --norc --noprofile -i" /dev/null >log 2>&1
  check_typed bash
fi
if command -v zsh >/dev/null && command -v script >/dev/null; then
  typed "autoload -U compinit; compinit -u -D; . ./completion.zsh" | timeout 20 script -qec "zsh -f -i" /dev/null >log 2>&1
  check_typed zsh
else
  echo "zsh is not installed: its completion was not tried"
fi
if command -v fish >/dev/null; then
  # completes WANTED LINE
  completes() {
    got=$(fish --no-config -c "source completion.fish; complete -C '$2'" 2>&1 | cut -f 1 | sort | tr '\n' ' ')
    [ "$got" = "$1 " ] || fail "fish, $2: '$got' instead of '$1'"
  }
  completes "train" "$name tr"
  completes "train.precision=float32 train.precision=float64" "$name train net.yaml train.precision="
  completes "net.yaml" "$name config check net"
  completes "--data=net.yaml" "$name eval a/final.h5 --data=n"
else
  echo "fish is not installed: its completion was not tried"
fi
finish
