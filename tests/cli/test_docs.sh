#!/bin/bash
# What the pages show is what the program has: configs are parsed, commands, options and keys exist. (first-run.md is run: test_first_run.sh.)
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
pages=("$SOURCE"/README.md "$SOURCE"/CONTRIBUTING.md "$SOURCE"/docs/*.md "$SOURCE"/examples/*/README.md)

# ---- configs: blocks that say ```yaml or begin like one. What a part of a config lacks comes from `rest`. ----
declare -A rest=([version]="version: 1" [data]="data: {type: idx, dir: d}" [model]="model: {layers: [{units: out, activation: softmax}]}"
  [loss]="loss: cross_entropy" [optimizer]="optimizer: {type: sgd, lr: 0.1}" [train]="train: {epochs: 1, batch: 50}")
# Each block into a file PAGE.LINE of its own.
awk 'FNR == 1 { n = split(FILENAME, p, "/"); page = p[n - 1] "-" p[n]; out = "" }
  /^```/ { if (open) { open = 0; if (out) close(out); out = "" } else { open = 1; first = 1; tagged = /^```yaml/ } next }
  open && first { first = 0; if (tagged || /^(version: 1|(data|model|optimizer|schedule|train|eval|checkpoint|guard|output):( \{|$))/) out = page "." FNR ".yaml" }
  open && out { print > out }' "${pages[@]}"
configs=(*.yaml)
[ "${#configs[@]}" -ge 1 ] && [ -e "${configs[0]}" ] || fail "no configs in the pages"
for config in "${configs[@]}"; do
  for section in version data model loss optimizer train; do
    grep -q "^$section:" "$config" || echo "${rest[$section]}" >>"$config"
  done
  "$LOCKSTEP" config check "$config" >out 2>err || fail "$config: $(cat err)"
done

# ---- links to files ----
for page in "${pages[@]}"; do
  grep -oE '\]\([^)#]+' "$page" | sed 's/](//' | while read -r link; do
    [[ $link == http* ]] || [ -e "$(dirname "$page")/$link" ] || echo "$page: $link is not there"
  done
done >dead
[ -s dead ] && fail "$(cat dead)"

# ---- commands: `lockstep WORD...` in code, up to a pipe, a comment or the end of the span ----
cat "${pages[@]}" | awk '/^```/ { open = !open; next }
  open || /^    / { if (match($0, /(^|[ ;&(\/])lockstep [a-z-]/)) { line = substr($0, RSTART); sub(/^.*lockstep /, "", line); print line } next }
  { line = $0; while (match(line, /`[^`]*`/)) { span = substr(line, RSTART + 1, RLENGTH - 2); line = substr(line, RSTART + RLENGTH)
    if (match(span, /(^|[ \/])lockstep [a-z-]/)) { sub(/^.*lockstep /, "", span); print span } } }' |
  sed -E 's/ *[#|>;&].*//; s/[`)].*//; s/ \\$//' | sort -u >commands
[ "$(wc -l <commands)" -ge 40 ] || fail "only these commands: $(cat commands)"

declare -A help
known() { # known COMMAND WORD: is it in the help of COMMAND?
  grep -qE -- "(^|[^a-z-])$2([^a-z-]|$)" <<<"${help[$1]}"
}
check() { # check COMMAND WORD...
  local command=$1 word; shift
  case $command in --version | -h) return ;; esac
  [ -n "${help[$command]:-}" ] || help[$command]=$("$LOCKSTEP" "$command" -h 2>&1) ||
    { unset "help[$command]"; fail "no command '$command'"; return; }
  case $command in
    config | data | bench | plot)
      [ $# -eq 0 ] || known "$command" "$1" || fail "no '$command $1'" ;;
    help)
      [ $# -eq 0 ] || [[ $1 =~ ^[A-Z] ]] || "$LOCKSTEP" help "$1" >out 2>err || fail "help $1: $(cat err)" ;;
  esac
  for word; do
    case $word in
      -) ;; # -o -
      -*) word=${word%%=*}; known "$command" "${word%]}" || fail "$command has no option $word" ;;
      [a-z]*=*)
        [[ $* == *plugin* && $word =~ ^(optimizer|schedule)\. ]] && continue # keys of its own
        "$LOCKSTEP" help "$(sed -E "s/=.*//; s/\[[0-9]+\]/[]/g" <<<"$word")" >out 2>err || fail "$command $word: $(cat err)" ;;
    esac
  done
}
while read -r line; do
  # shellcheck disable=SC2046,SC2086 # words; quotes are not part of them
  check $(tr -d "'\"[:cntrl:]" <<<"$line" | sed -E 's/(^|[ [])(\[)([A-Za-z-])/\1\3/g')
done <commands
finish
