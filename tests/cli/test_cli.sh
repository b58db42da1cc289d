#!/bin/bash
# The command line's own manners: names, options, streams, exit codes.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# expect CODE TEXT COMMAND...: exit code, and TEXT somewhere in stderr
expect() {
  local code=$1 text=$2 got; shift 2
  "$@" >out 2>err; got=$?
  [ $got -eq "$code" ] || fail "$*: exit $got instead of $code: $(cat err)"
  grep -qF -- "$text" err || fail "$*: stderr lacks '$text': $(cat err)"
}

expect 64 "did you mean 'train'?" "$LOCKSTEP" trian
expect 64 "unknown command 'xyzzy'" "$LOCKSTEP" xyzzy
expect 64 "which command?" "$LOCKSTEP"
"$LOCKSTEP" help | cmp -s - out || fail "lockstep alone does not show what help shows"
expect 64 "--origin goes with config show" "$LOCKSTEP" config init mlp --origin
expect 64 "takes no value" "$LOCKSTEP" schedule c.yaml --csv=1
expect 64 "config: which? init, check, show or schema" "$LOCKSTEP" config
expect 64 "config: unknown 'chek'; did you mean 'check'?" "$LOCKSTEP" config chek
expect 64 "data: unknown 'xyzzy'; it is info, import or split" "$LOCKSTEP" data xyzzy
expect 64 "did you mean 'schedule'?" "$LOCKSTEP" help sched
expect 64 "help takes one word" "$LOCKSTEP" help train batch
expect 64 "did you mean '--steps'?" "$LOCKSTEP" schedule c.yaml --step=3
expect 64 "unknown option" "$LOCKSTEP" schedule --zzz
expect 64 "needs a value" "$LOCKSTEP" schedule c.yaml --steps
expect 64 "bad value" "$LOCKSTEP" schedule c.yaml --steps=ten
expect 64 "use auto, always or never" "$LOCKSTEP" schedule --color=red
expect 64 "a config file is missing" "$LOCKSTEP" schedule
expect 64 "one argument too many" "$LOCKSTEP" schedule c.yaml d.yaml
expect 78 "'c.yaml'" "$LOCKSTEP" train --resume c.yaml # bare --resume does not swallow the config
expect 78 "c.yaml" "$LOCKSTEP" schedule c.yaml
[ "$(wc -l <err)" -eq 1 ] || fail "an error is told once: $(cat err)"
[ -s out ] && fail "an error left something on stdout"

# Every command has help, examples before options, on stdout; -h wins wherever it stands.
for command in train eval predict inspect config data schedule plot compare order bench help; do
  "$LOCKSTEP" $command -h >out 2>err || fail "$command -h: exit $?"
  [ -s err ] && fail "$command -h: $(cat err)"
  examples=$(grep -n '^Examples:' out | cut -d: -f1) options=$(grep -n '^Options of every command:' out | cut -d: -f1)
  [ "${examples:-99}" -lt "${options:-0}" ] || fail "$command -h: no examples before the options"
  "$LOCKSTEP" -h $command | cmp -s - out || fail "-h $command differs from $command -h"
done
# In its man page only command lines are the synopsis, and what else is to be said is the description, whole.
for command in $("$LOCKSTEP" completion words -- "" | cut -f 1); do
  "$LOCKSTEP" help --man "$command" >page
  sed -n '/^# SYNOPSIS/,/^# [^S]/p' page | grep -v -e '^#' -e '^$' | grep -vE '^(mpirun -n N )?lockstep ' && fail "$command: that is no synopsis"
  "$LOCKSTEP" help "$command" | sed -n '/^$/,/^Examples:/{/^Usage/d;/^[A-Z].*[.,]$/p}' | while read -r line; do grep -qF "$(sed 's/[*_`]/\\&/g' <<<"$line")" page || echo "$command: $line"; done
done >lost
[ -s lost ] && fail "help that is not in the man page: $(cat lost)"
"$LOCKSTEP" -h >out && "$LOCKSTEP" help | cmp -s - out || fail "lockstep -h is not lockstep help"
grep -q schedule out || fail "the overview lacks a command"
"$LOCKSTEP" --version >out || fail "--version"
grep -q '^lockstep [0-9]' out && grep -q 'kernel: ' out || fail "--version: $(cat out)"

# --json: one object on stdout whatever happens.
one_object() { [ "$(wc -l <out)" -eq 1 ] && grep -q '^{.*}$' out || fail "$1: not one object: $(cat out)"; }
expect 64 "did you mean" "$LOCKSTEP" --json trian; one_object trian
grep -qF '"error":{"code":64,"text":"unknown command' out || fail "error object: $(cat out)"
expect 64 "unknown option" "$LOCKSTEP" schedule --zzz --json; one_object option
expect 78 "c.yaml" "$LOCKSTEP" schedule c.yaml --json; one_object config
"$LOCKSTEP" --version --json >out; one_object version
"$LOCKSTEP" train -h --json >out; one_object help

# Streams: a full or closed stdout is an error, a closed stderr is not.
expect 74 "cannot write the results" sh -c '"$LOCKSTEP" --version >/dev/full'
expect 74 "cannot write the results" sh -c '"$LOCKSTEP" --version >&-'
sh -c '"$LOCKSTEP" --version 2>&- <&-' >out || fail "closed stderr: exit $?"
grep -q '^lockstep' out || fail "closed stderr: no output"

# A closed stream's number is not given to a file that is opened later.
printf 'x,y\n1,2\n2,3\n3,5\n' >toy.csv
cat >toy.yaml <<'Y'
version: 1
data: {type: csv, train: {file: toy.csv, x: [x], y: [y]}}
model: {layers: [{units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.1}
train: {epochs: 3, batch: full}
Y
sh -c '"$LOCKSTEP" train toy.yaml -o closed --progress line <&- >&- 2>&-'
[ -s closed/metrics.jsonl ] || fail "no run without standard streams"
grep -E 'committed|samples/s' closed/metrics.* && fail "messages went into the metrics"

# Colour: only where asked for, or on a terminal that allows it.
escape=$(printf '\033')
has_color() { grep -q "$escape" err; }
"$LOCKSTEP" xyzzy 2>err; has_color && fail "colour in a file"
"$LOCKSTEP" xyzzy --color=always 2>err; has_color || fail "--color=always without colour"
"$LOCKSTEP" --color always xyzzy 2>err; has_color || fail "--color always without colour"
if command -v script >/dev/null; then
  TERM=xterm NO_COLOR='' script -qec "$LOCKSTEP xyzzy" /dev/null >err </dev/null; has_color || fail "a terminal without colour"
  TERM=xterm NO_COLOR=1 script -qec "$LOCKSTEP xyzzy" /dev/null >err </dev/null; has_color && fail "NO_COLOR with colour"
  TERM=dumb script -qec "$LOCKSTEP xyzzy" /dev/null >err </dev/null; has_color && fail "a dumb terminal with colour"
fi

# Under mpirun: rank 0 alone speaks, every rank ends with the same code.
if command -v mpirun >/dev/null; then
  "$MPIRUN" -n 3 "$LOCKSTEP" --version >out 2>err || fail "mpirun --version: exit $?"
  [ "$(grep -c '^lockstep' out)" -eq 1 ] || fail "mpirun --version: $(cat out)"
  for arguments in trian "schedule c.yaml" "train c.yaml" "train --zzz"; do
    "$LOCKSTEP" $arguments >out 2>one; alone=$?
    "$MPIRUN" -n 3 "$LOCKSTEP" $arguments >out 2>err; got=$?
    [ $got -eq $alone ] || fail "mpirun $arguments: exit $got instead of $alone"
    [ "$(grep -cF -- "$(cat one)" err)" -eq 1 ] || fail "mpirun $arguments: $(cat err)"
  done
  "$MPIRUN" -n 3 sh -c '"$LOCKSTEP" schedule c.yaml; echo $? >code.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}' >out 2>err
  [ "$(cat code.? | tr '\n' ' ')" = "78 78 78 " ] || fail "each rank's own exit code: $(cat code.?)"
fi

finish
