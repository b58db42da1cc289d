#!/bin/bash
# lockstep plot and compare on runs made here, and on hand-written ones with known numbers.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

# ---- compare: three seeds of one config, one of them dead; another rate; one that diverged ----
run() { # NAME SEED LR EXIT LOSSES... : accuracy 1 - loss / 3; the last is the final one
  local name=$1 seed=$2 lr=$3 exit=$4 epoch=0 loss dead=; shift 4
  [ "$exit" != dead ] || exit=done dead='"dead":true,'
  mkdir -p "$name"
  cat >"$name/config.yaml" <<Y
version: 1
seed: $seed
data: {type: idx, dir: /nowhere, classes: 10}
model: {layers: [{units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: $lr}
train: {epochs: $#, batch: 10}
output: {dir: $name}
Y
  echo '{"event":"start","ranks":1,"steps_per_epoch":10}' >"$name/metrics.jsonl"
  for loss; do
    epoch=$((epoch + 1))
    accuracy=$(awk "BEGIN {print 1 - $loss / 3}")
    echo "{\"event\":\"epoch\",\"epoch\":$epoch,\"global_step\":${epoch}0,\"loss\":$loss,\"accuracy\":$accuracy,\"val_loss\":$loss,\"lr\":$lr}"
  done >>"$name/metrics.jsonl"
  echo "{\"event\":\"end\",\"global_step\":${epoch}0,\"loss\":${loss},\"accuracy\":$accuracy,\"test_accuracy\":0.5,$dead\"exit\":\"$exit\"}" >>"$name/metrics.jsonl"
}
run a1 1 0.1 done 2 1.5 1 0.3
run a2 2 0.1 done 2 1.6 1.2 0.5
run a3 3 0.1 dead 2.7 2.7 2.7 2.7
run b 1 0.2 done 2 1 0.5 0.25
run c 1 0.4 diverged 2 20 2000 null
"$LOCKSTEP" compare a1 a2 a3 b c >out || fail "compare"
[ "$(wc -l <out)" -eq 4 ] || fail "compare: seeds are not together: $(cat out)"
grep -q '^a1 +2 seeds *sgd lr=0.1 .* 0\.4 +- 0\.14 .*2 done, 1 dead$' out || fail "compare: $(cat out)"
grep -q '^c .*diverged$' out || fail "compare: $(cat out)"
"$LOCKSTEP" compare a1 a2 a3 b c --json >out || fail "compare --json"
[ "$(wc -l <out)" -eq 1 ] && grep -qF '"loss":{"n":2,"mean":0.40000000000000002,"sd":0.14142135623730' out || fail "compare --json: $(cat out)"
grep -qF '"run":"a3","group":0,"exit":"dead","seed":3' out || fail "compare --json: $(cat out)"
# a seed that is there twice is one run, and that which came further; what goes on where sgd ends is in the label
mkdir part then; sed "s/dir: a2/dir: part/" a2/config.yaml >part/config.yaml; grep -v '"epoch":4\|"end"' a2/metrics.jsonl >part/metrics.jsonl
"$LOCKSTEP" compare part a1 a2 >out 2>err || fail "compare of a seed twice"
grep -q '^a1 +1 seed *sgd lr=0.1 .* 0\.4 +- 0\.14 .* done$' out && [ "$(wc -l <out)" -eq 2 ] || fail "a seed twice: $(cat out)"
grep -q 'part has config and seed of a2: the two count as one run' err || fail "a seed twice, and no word of it: $(cat err)"
"$LOCKSTEP" compare a2 part --json 2>err | grep -q '"run":"part",[^}]*"counts":false.*"groups":\[{"label":"sgd lr=0.1","runs":1,' || fail "a seed twice, --json"
sed 's/batch: 10/batch: full/; /^optimizer/a then: {type: lbfgs, after: 2}' a1/config.yaml >then/config.yaml; cp a1/metrics.jsonl then
"$LOCKSTEP" compare then >out || fail "compare of then"
grep -q '^then *sgd lr=0.1, then lbfgs ' out || fail "the label of then: $(cat out)"
# the last epoch was not one of eval.every's: the end event has the numbers
cp -r a1 rarely; sed -i -E '/"epoch":4,/s/,"val_loss":[^,]*//; s/("test_accuracy":0.5,)("exit")/"val_loss":0.29,"val_accuracy":0.875,\1\2/' rarely/metrics.jsonl
"$LOCKSTEP" compare rarely | grep -qE '^rarely .* 0\.3 +0\.9000 +0\.29 +0\.8750 ' || fail "val_loss of the end event: $("$LOCKSTEP" compare rarely)"
# what reads alike is told apart by the keys in which it differs, or, where they are many, by its folder
for nu in 0.2 1.5; do
  mkdir "nu-$nu"; cp a1/metrics.jsonl "nu-$nu"
  awk -v nu=$nu '{ print } /^optimizer/ { print "schedule: {type: inverse_time, decay_rate: " nu "}" }' a1/config.yaml >"nu-$nu/config.yaml"
done
"$LOCKSTEP" compare nu-0.2 nu-1.5 a1 >out || fail "compare of schedules"
grep -q '^nu-0.2 *sgd lr=0.1, inverse_time, decay_rate=0.2  ' out && grep -q ', decay_rate=1.5  ' out && grep -q '^a1 *sgd lr=0.1  ' out || fail "labels of runs that read alike: $(cat out)"
mkdir afar; cp a1/metrics.jsonl afar
sed 's/batch: 10/batch: 20, clip_norm: 3, clip_value: 2, slices: 2/; /^optimizer/a schedule: {type: inverse_time, decay_rate: 0.3}' a1/config.yaml >afar/config.yaml
"$LOCKSTEP" compare afar nu-0.2 | grep -q '^afar *sgd lr=0.1, inverse_time (afar)  ' || fail "runs that differ in much: $("$LOCKSTEP" compare afar nu-0.2)"
refused 65 "no run in nowhere" compare a1 nowhere
refused 64 "which runs?" compare
echo '{"event":"epoch"' >>b/metrics.jsonl
refused 65 "b/metrics.jsonl:7" compare b
sed -i '$d' b/metrics.jsonl; printf '{"event":"epoch","epo' >>b/metrics.jsonl # a killed run
"$LOCKSTEP" compare b >out || fail "a line that was not finished"

# Modes in which ranks do not wait: runs on other numbers of them are other runs, and have a staleness: the mean of the epochs' means, the largest maximum.
for ranks in 2 4; do
  mkdir -p "away-$ranks"
  sed 's/^train: {/&mode: hogwild, /' a1/config.yaml >"away-$ranks/config.yaml"
  awk -v ranks=$ranks '/"start"/ { sub(/"ranks":1/, "\"ranks\":" ranks) } /"epoch",/ { n++; sub(/}$/, ",\"seconds\":" n * ranks ",\"staleness_mean\":" n ",\"staleness_max\":" 50 - n "}") } { print }' a1/metrics.jsonl >"away-$ranks/metrics.jsonl"
done
"$LOCKSTEP" compare a1 away-2 away-4 >out || fail "compare of modes"
[ "$(wc -l <out)" -eq 4 ] && grep -q '^a1 *sgd lr=0.1 .* - *- *done$' out && grep -q '^away-4 *hogwild on 4: sgd lr=0.1 .* 2.50 *49 *done$' out || fail "compare of modes: $(cat out)"
cp -r away-2 mixed; sed -i '/"epoch":4,/s/,"staleness_mean.*/}/' mixed/metrics.jsonl # it went on without
"$LOCKSTEP" compare mixed | grep -q ' 2.00 *49 *done$' || fail "the staleness of a run that changed its mode: $("$LOCKSTEP" compare mixed)"
"$LOCKSTEP" compare a1 >out || fail "compare of one"
grep -q staleness out && fail "a synchronous run has no staleness: $(cat out)"
"$LOCKSTEP" inspect away-2 >out || fail "inspect"
grep -q '^train.mode hogwild: bits depend on timing' out && grep -q 'staleness_max *46' out || fail "inspect of a mode: $(cat out)"
"$LOCKSTEP" inspect a1 | grep -q train.mode && fail "inspect speaks of the mode of a synchronous run"

# ---- refusals of plot, before gnuplot is looked for ----
refused 64 "did you mean 'cost'?" plot costs a1 -o x.svg
refused 64 "plot: which? cost, lr, path or compare" plot
refused 64 "where to?" plot cost a1
refused 64 "ends in .svg" plot cost a1 -o x.jpg
"$LOCKSTEP" plot cost a1 -o X.SVG >out 2>err && grep -q '<svg' X.SVG || fail "an ending in capitals: $(cat err)"
refused 64 "did you mean 'accuracy'?" plot compare a1 -o x.svg --metric acuracy
refused 65 "no run has val_r2 in its epochs" plot compare a1 -o x.svg --metric val_r2
refused 64 "did you mean 'val_f1'?" plot compare a1 -o x.svg --metric val_f11
refused 65 "no run has samples_per_s" plot compare a1 -o x.svg --metric samples_per_s
mkdir -p young; echo '{"event":"start","ranks":1}' >young/metrics.jsonl
refused 65 "nothing to draw" plot cost young -o x.svg
refused 65 "log_weights" plot path a1 -o x.svg --data /nowhere --json
PATH=/nonexistent "$LOCKSTEP" plot cost a1 -o x.svg 2>err && fail "a plot without gnuplot"
grep -q gnuplot-nox err || fail "which package? $(cat err)"
ls x.svg* >/dev/null 2>&1 && fail "a refused plot left a file"
[ $failures -eq 0 ] && ! command -v gnuplot >/dev/null && { echo "no gnuplot: pictures not tested"; exit 0; }

# ---- pictures: the file is what its name says, with the names and numbers it should show ----
picture() { "$LOCKSTEP" plot "$@" >out 2>err || fail "plot $*: $(cat err)"; }
picture cost a1 -o cost.svg --keep-script
for text in '<svg' 'a1 (sgd lr=0.1)' epoch val_loss; do grep -qF -- "$text" cost.svg || fail "cost.svg lacks $text"; done
cp cost.svg again.svg; gnuplot cost.gp 2>err && cmp -s cost.svg again.svg || fail "the kept script draws another picture: $(cat err)"
picture cost a1 b -o two.png; head -c 8 two.png | od -An -tx1 | grep -q '89 50 4e 47' || fail "two.png is no PNG"
picture compare a1 a2 b -o compare.pdf --keep-script; head -c 4 compare.pdf | grep -q '%PDF' || fail "compare.pdf is no PDF"
# epoch 2 of the two seeds: 1.5 and 1.6
grep -q '^ 2 1.55 1.479289.* 1.620710.*$' compare.gp || fail "mean and spread: $(grep '^ 2 ' compare.gp)"
grep -q "sgd lr=0.1 (2 seeds)" compare.gp || fail "no legend for seeds"
for name in a1 a2; do cp -r $name asked-$name; sed -i -E 's/("event":"epoch","epoch":([1-4]).*)}$/\1,"val_r2":0.\2'$([ $name = a1 ] && echo 1 || echo 3)'}/' asked-$name/metrics.jsonl; done
picture compare asked-a1 asked-a2 --metric val_r2 -o r2.svg --keep-script
grep -qE '^ 3 0.32 0.30585.* 0.33414' r2.gp && grep -q 'val_r2' r2.svg || fail "a metric that was asked for: $(grep '^ 3 ' r2.gp)"
picture lr a1 c -o - ; [ "$(wc -l <out)" -gt 20 ] && grep -q '\*' out || fail "no picture on the terminal"
picture compare part a1 a2 -o seeds.svg; grep -q 'sgd lr=0.1 (2 seeds)' seeds.svg || fail "a seed twice in a picture"
picture cost a1 --by step -o step.svg; grep -qF 'global_step (weight updates)' step.svg || fail "--by step"
picture compare away-2 away-4 --by seconds --metric loss -o time.svg --keep-script
grep -A4 '^$curve0_1' time.gp | tail -4 | xargs | grep -qx '4 2 12 1.5 24 1 40 0.3' || fail "--by seconds: $(grep -A5 '^$curve0_1' time.gp)"
refused 64 "use epoch or seconds" plot compare a1 -o x.svg --by step
refused 64 "use epoch or step" plot cost a1 -o x.svg --by seconds
# a rate that stays for some updates and then is another is drawn upright there, one that changes at each as a line
awk 'BEGIN { print "{\"event\":\"start\",\"ranks\":1}"; for (i = 0; i < 20; i++) printf "{\"event\":\"step\",\"global_step\":%d,\"lr\":%g}\n", i, i < 4 ? 2 : 0.4 }' >jump.jsonl
awk 'BEGIN { print "{\"event\":\"start\",\"ranks\":1}"; for (i = 0; i < 20; i++) printf "{\"event\":\"step\",\"global_step\":%d,\"lr\":%g}\n", i, 2 / (1 + i) }' >slope.jsonl
for kind in jump slope; do mkdir $kind; mv $kind.jsonl $kind/metrics.jsonl; picture lr $kind -o $kind.svg --keep-script; done
grep -q '^plot.* with steps ' jump.gp && ! grep -q '^plot.* with steps ' slope.gp || fail "steps: $(grep -h '^plot' jump.gp slope.gp)"
mkdir steep; sed 's/"loss":0.3,/"loss":0.0003,/' a1/metrics.jsonl >steep/metrics.jsonl
picture cost steep -o steep.svg --keep-script; grep -q '^set logscale y' steep.gp || fail "four decades without a logarithmic scale"
picture cost steep -o steep.svg --keep-script --linear; grep -q '^set logscale y' steep.gp && fail "--linear is logarithmic"
mkdir deep; awk 'BEGIN { print "{\"event\":\"start\",\"ranks\":1}"; for (i = 0; i < 200; i++) printf "{\"event\":\"step\",\"global_step\":%d,\"lr\":%.17g}\n", i, 2 * exp(-0.8 * i) }' >deep/metrics.jsonl
timeout 30 "$LOCKSTEP" plot lr deep -o deep.svg --keep-script 2>err; grep -qx 'unset mytics' deep.gp && grep -qx 'set ytics 1e-70,1e+10' deep.gp || fail "tics of 70 decades: $(grep 'set ytics' deep.gp)"
timeout 30 "$LOCKSTEP" plot lr deep -o deep.svg 2>err || fail "a rate that falls by 70 decades: exit $?: $(cat err)"
mkdir ruled; awk 'BEGIN { print "{\"event\":\"start\",\"ranks\":1}"; for (i = 0; i < 30; i++) printf "{\"event\":\"step\",\"global_step\":%d,\"lr\":%.17g}\n", i, exp(-0.65 * i) }' >ruled/metrics.jsonl
picture lr ruled -o ruled.svg --keep-script # eight decades: tics between them would touch
grep -qx 'set ytics 1e-08,10' ruled.gp && grep -qx 'unset mytics' ruled.gp || fail "tics of 8 decades: $(grep 'ytics' ruled.gp)"
grep -q 'set mytics default' steep.gp || fail "tics of 4 decades: $(grep ytics steep.gp)"
many=()
for n in $(seq 40); do # 40 runs with long names: shortened at both ends, so that the picture is no tower
  long=a-folder-with-quite-a-long-name-of-which-only-the-end-says-which-one-it-is-$n
  mkdir "$long" && cp a1/metrics.jsonl "$long" && many+=("$long")
done
picture compare "${many[@]}" -o many.svg --keep-script --metric loss
sed -n "s/^set terminal svg size \([0-9]*\),\([0-9]*\) .*/\1 \2/p" many.gp | awk '{ exit !($2 < 1.5 * $1) }' || fail "a picture of 40 runs: $(grep '^set terminal' many.gp | cut -c1-60)"
grep -q "'.*is-40' at screen" many.gp || fail "a name of 40 has lost its end"
mkdir hole; sed '/"epoch":2,/s/"loss":1,/"loss":null,/' b/metrics.jsonl >hole/metrics.jsonl # a loss that is null ends the line
picture cost hole -o hole.svg --keep-script; [ "$(sed -n '/^$curve0_0/,/^EOD/p' hole.gp | sed -n 3p)" = "" ] || fail "a loss that is not finite is drawn over: $(sed -n '/^$curve0_0/,/^EOD/p' hole.gp)"
picture cost c -o c.svg
mkdir full && mount -t tmpfs -o size=4k tmpfs full 2>/dev/null && { refused 74 full plot cost a1 -o full/x.svg; umount full; }
(ulimit -f 1; "$LOCKSTEP" plot cost a1 -o big.svg 2>err); code=$?
{ [ $code -gt 0 ] && [ $code -lt 128 ] && [ ! -e big.svg ]; } || fail "a file that may not grow: exit $code"
picture cost a1 -o cost.svg --json; [ "$(cat out)" = '{"plot":"cost","file":"cost.svg","runs":1}' ] || fail "json: $(cat out)"

# ---- the path of two weights: y = 2 + x/2, from (0, -4), learning rate 2 / (1 + 0.2 j) ----
awk 'BEGIN {print "x,y"; for (i = 0; i < 30; i++) {x = -1 + 2 * i / 29; printf "%.17g,%.17g\n", x, 2 + x / 2}}' >toy.csv
cat >toy.yaml <<'Y'
version: 1
data: {type: csv, train: {file: toy.csv, x: [x], y: [y]}}
model: {init: {type: constant, value: -4}, layers: [{units: out}]}
loss: half_mse
optimizer: {type: sgd, lr: 2}
schedule: {type: inverse_time, decay_rate: 0.2}
train: {epochs: 29, batch: full, precision: float64}
output: {step_every: 1, log_weights: true}
checkpoint: {every: never}
Y
"$LOCKSTEP" train toy.yaml -o toy -q --progress none >out 2>err || fail "train: $(cat err)"
picture path toy -o path.svg --keep-script
grep -q ' 2 0.5 ' <<<"$(awk '/^plot/' path.gp | tr '(),:' '    ' | sed 's/2\.0000[0-9]*\|1\.9999[0-9]*/2/; s/0\.5000[0-9]*\|0\.49999[0-9]*/0.5/' |
  sed 's/  */ /g')" || fail "the minimum is not at (2, 0.5): $(grep '^plot' path.gp)"
start=$(grep -A1 '^$curve0_0' path.gp | tail -1); [ "$start" = " 0 -4 5.60753748" ] || [ "${start:0:5}" = " 0 -4" ] || fail "start: $start"
first=$(grep -A2 '^$curve0_0' path.gp | tail -1); [ "${first:0:4}" = " 4 -" ] || fail "first update: $first"
grep -A31 '^$curve0_0' path.gp | tail -2 | head -1 | awk '{exit !($1 > 1.99999 && $1 < 2.00001 && $2 > 0.499 && $2 < 0.5001)}' || fail "end of the path"
picture path toy toy -o both.png
picture path toy --surface -o surface.svg --keep-script; grep -q '^splot .*with pm3d' surface.gp || fail "no surface"
picture path toy --steps 3 -o short.svg --keep-script
[ "$(grep -c "^set label '[0-9][0-9]*' at" short.gp)" -eq 4 ] || fail "not numbered from 0 to 3: $(grep '^set label' short.gp)"
[ "$(sed -n '/^$curve0_0/,/^EOD/p' short.gp | wc -l)" -eq 6 ] || fail "--steps 3 draws other than start and three updates"
mv toy.csv moved.csv
refused 65 "--data FILE" plot path toy -o x.svg
picture path toy -o moved.svg --data moved.csv
cmp -s moved.svg path.svg || fail "--data gives another picture"

# ---- several paths and an enlarged part; nothing that is written touches anything, from the kept script ----
cp moved.csv toy.csv; sed '/^schedule/d' toy.yaml >steady.yaml
"$LOCKSTEP" train steady.yaml -o wide -q --progress none optimizer.lr=0.4 train.epochs=120 model.init.value=3 >out 2>err || fail "train: $(cat err)"
picture path toy wide --together --zoom min -o together.svg --keep-script --data moved.csv
picture path wide toy -o beside.svg --keep-script --data moved.csv # views that differ
picture path toy wide --surface --together -o over.svg --keep-script --data moved.csv
picture path toy --zoom 1.5:2.5,0:1 -o part.png --keep-script --data moved.csv
grep -q '^set xrange \[1.5:2.5\]' part.gp && grep -q '^set yrange \[0:1\]' part.gp || fail "--zoom shows another part"
cat >look.awk <<'A' # of a flat kept script: numbers apart from one another and from marks; grids as wide as their views
function bad(text) { print FILENAME ": panel " panel ": " text; wrong = 1 }
function abs(v) { return v < 0 ? -v : v }
function check(   i, k, x, y) {
  for (i = 0; i < n; i++) {
    for (k = 0; k < i; k++)
      if (abs(nx[i] - nx[k]) < 3 * (length(nt[i]) + length(nt[k])) && abs(ny[i] - ny[k]) < 11) bad("numbers " nt[i] " and " nt[k] " touch")
    for (k = 0; k < marks[panel]; k++) {
      x = w * (left + (right - left) * (mx[panel, k] - xlo) / (xhi - xlo)); y = h * (bottom + (top - bottom) * (my[panel, k] - ylo) / (yhi - ylo))
      if (abs(nx[i] - x) < 3 * length(nt[i]) + 2 && abs(ny[i] - y) < 7) bad("number " nt[i] " is on a point")
    }
  }
  if (n < 3) bad("only " n " numbers")
  if (abs(gx0[panel] - xlo) + abs(gx1[panel] - xhi) > 1e-6 || abs(gy0[panel] - ylo) + abs(gy1[panel] - yhi) > 1e-6) bad("the grid is not the view")
  n = 0; panel++
}
/^set terminal svg/ { split($5, size, ","); w = size[1]; h = size[2] }
/^\$(mark|grid)/ { kind = substr($1, 2, 4); which = substr($1, 6) + 0; rows = 0; next }
/^EOD/ { kind = "" }
kind == "mark" { mx[which, marks[which]] = $1; my[which, marks[which]++] = $2 }
kind == "grid" && NF == 3 { if (!rows++) { gx0[which] = $1; gy0[which] = $2 } gx1[which] = $1; gy1[which] = $2 }
/^set lmargin/ { left = $5 } /^set rmargin/ { right = $5 } /^set bmargin/ { bottom = $5 } /^set tmargin/ { top = $5 }
/^set [xy]range/ { split($3, r, /[^-+.e0-9]/); if ($2 == "xrange") { xlo = r[2]; xhi = r[3] } else { ylo = r[2]; yhi = r[3] } }
/^set label '[0-9]+' / { split($6, at, ","); nt[n] = substr($3, 2, length($3) - 2); nx[n] = at[1] * w; ny[n++] = at[2] * h }
/^unset label/ { check() }
BEGIN { panel = n = 0 }
END { exit wrong }
A
for script in path together beside; do awk -f look.awk $script.gp >said || fail "$(cat said)"; done
cat >words.awk <<'A' # of any kept script: names of axes, panels and curves are on the picture, and none touches another
function abs(v) { return v < 0 ? -v : v }
/^set terminal svg/ { split($5, size, ",") }
/^set label '[^']/ && !/^set label '[0-9]+' / {
  match($0, /'([^']|'')*' at screen /); text = substr($0, RSTART + 1, RLENGTH - 13)
  split(substr($0, RSTART + RLENGTH), word, " "); split(word[1], at, ",")
  long = 6 * length(text); upright = / rotate by 90/; if (/ rotate by / && !upright) next # along the floor of a surface
  wide = upright ? 13 : long; high = upright ? long : 13
  x[n] = at[1] * size[1] + (word[2] == "left" ? wide / 2 : 0); y[n] = at[2] * size[2]; w[n] = wide; h[n] = high; t[n] = text
  if (x[n] < wide / 2 || x[n] + wide / 2 > size[1] || y[n] < high / 2 || y[n] + high / 2 > size[2]) { print FILENAME ": outside: " text; wrong = 1 }
  for (k = 0; k < n; k++) if (abs(x[n] - x[k]) < (wide + w[k]) / 2 && abs(y[n] - y[k]) < (high + h[k]) / 2) { print FILENAME ": " t[k] " touches " text; wrong = 1 }
  n++
}
BEGIN { n = 0 }
END { exit wrong || n < 3 }
A
# contour lines reach all edges of both views, though one is wider: what gnuplot itself has found
{ cat beside.gp; echo "set print 'rings0'"; echo 'print $ring0'; echo "set print 'rings1'"; echo 'print $ring1'; } >rings.gp
gnuplot rings.gp 2>err || fail "rings: $(cat err)"
for panel in 0 1; do
  range=$(grep '^set xrange' beside.gp | awk '!seen[$0]++' | sed -n "$((panel + 1))p" | tr '[:]' '   ')
  awk -v range="$range" 'BEGIN { split(range, r, " ") } NF == 3 && $1 != "#" { if (!n++ || $1 < lo) lo = $1; if (n == 1 || $1 > hi) hi = $1 }
    END { w = r[4] - r[3]; exit !(n > 100 && lo < r[3] + 0.02 * w && hi > r[4] - 0.02 * w) }' rings$panel || fail "contour lines of panel $panel end inside the view: $range"
done
# a third of the height at most for a legend of many; axes end where the data end
for i in $(seq 40); do
  name=many-$i-with-a-name-that-is-longer-than-a-legend-should-have-to-bear
  run $name 1 0.1 done 2 1.5 1; sed -i "s/batch: 10/batch: $i/" $name/config.yaml
done
picture compare many-* -o many.svg --keep-script --metric loss
awk '/^set terminal/ { split($5, s, ",") } /^set arrow/ { split($5, a, ","); if (!low || a[2] < low) low = a[2] } END { exit !(low > 2 / 3) }' many.gp || fail "a legend of more than a third"
grep -q '^set xrange \[1:3\]' many.gp || fail "the axis does not end where the data do: $(grep '^set xrange' many.gp)"
picture compare a1 b --zoom 2:3,0.5:2 -o zoomed.svg --keep-script; grep -q '^set xrange \[2:3\]' zoomed.gp || fail "compare --zoom"
for script in path together beside over many zoomed cost; do awk -f words.awk $script.gp >said || fail "$script.gp: $(cat said)"; done
picture compare a1 b --zoom 2:,:1 -o zoomed.svg --keep-script; grep -q '^set xrange \[2:4\]' zoomed.gp && grep -q '^set yrange \[0.25:1\]' zoomed.gp || fail "open ends of --zoom: $(grep range zoomed.gp)"
refused 65 "no curve is there; they are in x 1 to 4 and y 0.25 to 2" plot compare a1 b --zoom 3:4,1.5:2 -o x.svg
refused 64 "the picture is x 1 to 4" plot compare a1 b --zoom 5:,: -o x.svg
picture path toy --zoom 8:9,8:9 -o part.svg --data moved.csv; grep -q 'no part of a path is there' err || fail "an empty part of a path, and no word of it"
awk '/^plot/ { path = index($0, "$mark"); cross = index($0, "\047+\047") } END { exit !(path && cross > path) }' path.gp || fail "the minimum lies below the path"
picture cost a1 --zoom min -o zoomed.svg
run brief 1 0.3 done 2 1.9 # of 1 to 2, where a1 goes to 4: what is enlarged has the ends of both, not the way there
picture compare a1 brief --zoom min --linear -o zoomed.svg --keep-script
grep -q '^set xrange \[1.5:4\]' zoomed.gp && grep -q '^set yrange \[0.22:1.98\]' zoomed.gp || fail "--zoom min of a run that ended early: $(grep range zoomed.gp)"
picture compare a1 c --zoom 1:2,0:2 -o zoomed.svg # a part from 0 of a logarithmic scale
refused 64 "x0:x1,y0:y1" plot path toy --zoom 1:2 -o x.svg
refused 64 "x0 < x1" plot compare a1 --zoom 2:1,0:1 -o x.svg
sed 's/half_mse/mse/' toy.yaml >other.yaml
"$LOCKSTEP" train other.yaml -o other -q --progress none optimizer.lr=0.1 >out 2>err || fail "train: $(cat err)"
refused 65 "have other costs" plot path toy other --together -o x.svg

finish
