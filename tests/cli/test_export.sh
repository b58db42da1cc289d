#!/bin/bash
# Exported networks, run by programs that are not lockstep: the numbers of predict, for every activation, layer, head, scaling and both precisions.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# shellcheck source=tests/property/draw.sh
. "$SOURCE/tests/property/draw.sh"
activations=${activations/ exp/} # of exp of ... numbers overflow
awk -v seed="$SEED" 'BEGIN { srand(seed); print "pressure [Pa],b,\"c \"\"?/\\\",y [J],z,class,yes,t,late,p,q"
  for (i = 0; i < 90; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2; c = rand() * 4 - 2
    printf "%.6f,%.6f,%.6f,%.6f,%.6f,%s,%d,%d,%d,%s,%.9g\n", a, b, c, a * b + c, 100 + 3 * a - c, substr("redgrnblu", 1 + 3 * (i % 3), 3), (a > b), 1700000000 + 5 * i, 1700000000 + i * i,
      (i % 13 ? exp(1.5 * a) : "NA"), exp(2 * b + 5) } }' >t.csv

# draw_layers N [LAYERS]: so many activations, none that LAYERS have, in an order of their own, with residual, layer_norm and dropout between
# them; into `layers`.
draw_layers() {
  local left=" ${activations/softmax_batch/} " activation width i
  for activation in $(sed -n 's/.*activation: \([a-z_]*\).*/\1/p' <<<"${2:-}" | sort -u); do left=${left/ $activation / }; done
  layers=
  for ((i = 0; i < $1; i++)); do
    # shellcheck disable=SC2086 # a list of words
    pick $left
    activation=$drawn left=${left/ $activation / }
    between 5 19; width=$drawn # a layer_norm of two or three units multiplies rounding by 300
    layers+="    - {units: $width, activation: $activation}"$'\n'
    chance 40 && layers+="    - {type: dropout, rate: 0.2}"$'\n'
    chance 40 && layers+="    - {type: layer_norm}"$'\n'
    chance 30 && layers+="    - {units: $width, activation: $activation}"$'\n'"    - {type: residual, span: 1}"$'\n'
  done
}
# net NAME PRECISION SCALE "X" "Y" LOSS LAST [DATA [FILE]]
nets= names= quantiles=
net() {
  between 1 1000
  cat >$1.yaml <<C
version: 1
seed: $drawn
data: {type: csv, train: {file: ${9:-t.csv}, x: [$4], y: [$5]}, scale: $3${8:+, $8}}
model:
  layers:
$layers    - {units: out, activation: $7}
loss: $6
${quantiles:+quantiles: $quantiles}
optimizer: {type: adam, lr: 0.01}
train: {epochs: 1, batch: 30, precision: $2}
C
  on 0 train $1.yaml -o $1 -q 2>err || die "$1: $(cat $1.yaml err)"
  on 0 export $1/final.h5 --to c -o $1.c >out 2>err || die "export $1: $(cat err)"
  local x y
  x=$(sed -n 's/void .*_predict(const \([a-z]*\) .*/\1/p' $1.h) y=$(sed -n 's/void .*_predict(.*, \([a-z]*\) .*/\1/p' $1.h)
  echo "#include \"$1.h\"" >>nets.h
  nets="$nets NET($1, $x, $y)" names="$names $1"
}
abc="1-3"
all=$(wc -w <<<"${activations/softmax_batch/}")
half=$((all / 2))
draw_layers $half
net single float32 standard "$abc" "'y [J]', z" mse linear
draw_layers $((all - half)) "$layers"
net other float32 none "$abc" "'y [J]', z" huber linear
draw_layers "$(sampled 4 "$all")"
net twice float64 minmax "$abc" "'y [J]', z" "plugin
loss_file: $BUILD/tests/plugins/own_mse.so" linear
draw_layers 2
net class float32 none "$abc" class cross_entropy softmax
draw_layers 2
net yes float64 standard "$abc" yes binary_cross_entropy sigmoid
layers="    - {units: 70, activation: gelu}
    - {units: 150, activation: tanh}
" net per float32 minmax "$abc" class cross_entropy_per_class softmax
layers="    - {units: 5, activation: tanh}
" net far float32 standard t late mse linear
layers="    - {units: 7, activation: tanh}
"
net counts float32 standard "$abc" z poisson exp
net counts_twice float64 standard "$abc" z poisson exp
net spread float32 standard "$abc" "'y [J]', z" gaussian_nll mean_variance
net spread_twice float64 minmax "$abc" z gaussian_nll mean_variance
quantiles="[0.1, 0.5, 0.75]"
net ordered float32 standard "$abc" "'y [J]', z" quantile ascending
net ordered_twice float64 "{type: none, columns: {q: log}}" "$abc" "q, z" quantile ascending
quantiles=
net log_single float32 "{type: standard, columns: {p: {type: log, then: standard}, q: {type: log, then: minmax}}}" "p, b" "q, z" mse linear "missing: mean"
net log_twice float64 "{type: log, columns: {b: minmax}}" "q, b" z mse linear "missing: 0.5"
awk -F, 'NR == 1 { print "b,c,on,off,kind,s0,s1,s2" } NR > 1 { s = (NR % 5) / 8; print $2 "," $3 "," ($2 > 0) "," ($3 > $2) "," $6 "," s "," 0.25 "," 0.75 - s }' t.csv >u.csv
layers="    - {units: 6, activation: sigmoid}
    - {units: 6}
    - {type: residual, span: 1}
    - {type: layer_norm}
    - {type: dropout, rate: 0.1}
"
net several float32 "{type: divide, by: 4}" "b, c" "on, off" binary_cross_entropy sigmoid "" u.csv
net shares float64 standard "b, c" "s0, s1, s2" cross_entropy softmax "" u.csv
net codes float32 none "b, c" kind mse linear "classes: 3" u.csv
net texts float64 none "kind, b" c mae linear "text_inputs: one_hot" u.csv
net halves float32 minmax "$abc" z half_mse linear "missing: {y: mask}"
# Every layer, activation, scaling and loss is in one of them at least.
cat ./*.yaml >all.yaml
for word in ${activations/softmax_batch/} dropout layer_norm residual; do
  grep -qE "(activation|type): $word\>" all.yaml || fail "no exported network has $word"
done
for word in none divide standard minmax log; do
  grep -qE "scale: (\{type: )?$word\>|columns: .*$word" all.yaml || fail "no exported network is scaled by $word"
done
for word in $(words_of loss); do
  grep -qx "loss: $word" all.yaml || fail "no exported network was trained by $word"
done
echo "#define NETS $nets" >>nets.h
[ -e per_weights.c ] || fail "a large network's numbers are not in a file of their own"
grep -q 'double \*x, double \*y' far.h || fail "time stamps as float: $(cat far.h)"

# compiled COMPILER...: run the networks as it makes them, C or Fortran
compiled() {
  local sources="$(printf '%s.c ' $names) per_weights.c"
  if [[ $1 = gfortran ]]; then
    # shellcheck disable=SC2046,SC2086 # lists of words
    "$@" -std=f2008 -pedantic -Wall -Werror -c per_weights.f90 $(printf '%s.f90 ' $names) called.f90 2>err || { fail "$*: $(head -n 20 err)"; return; }
    sources="$(printf '%s.o ' $names called per_weights) -lgfortran"
  fi
  if [[ $1 = *++ ]]; then
    # shellcheck disable=SC2086 # a list of words
    "$@" -std=c++17 -x c++ -pedantic -Wall -Wextra -Werror -c $sources 2>err || { fail "$*: $(head -n 20 err)"; return; }
    sources=${sources//.c/.o}
    set -- gcc
  fi
  # shellcheck disable=SC2086 # a list of words
  "${@/gfortran/gcc}" -Wall -Wextra -Werror -I. -o run.bin "$SOURCE/tests/cli/export.c" $sources -lm 2>err || { fail "$*: $(head -n 20 err)"; return; }
  for n in $names; do
    ./run.bin run $n 2>err || fail "$*: $(cat err)"
    head -c "$(stat -c %s $n.jacobian)" $n.slopes | cmp - $n.jacobian >err 2>&1 || fail "$*: other derivatives of $n than predict's: $(cat err)"
  done
}
gcc -I. -o make.bin "$SOURCE/tests/cli/export.c" ./*.c -lm 2>err || die "gcc: $(head -n 20 err)"
for n in $names; do
  ./make.bin make $n 300 || fail "make $n"
  on 0 predict $n/final.h5 -i $n.npy -o $n.h5 -q >out 2>err || fail "predict $n: $(cat err)"
  run 0 predict $n/final.h5 -i $n.npy -o $n.slopes.h5 -q --jacobian
  h5dump -d /jacobian -b LE -o $n.slopes $n.slopes.h5 >/dev/null || fail "h5dump $n: /jacobian"
  h5dump -d /predictions -b LE -o $n.want $n.h5 >/dev/null || fail "h5dump $n"
done

# ---- NumPy and ONNX, where something can read them ----
for n in $names; do
  on 0 export $n/final.h5 --to npz -o $n.npz >out 2>err && on 0 export $n/final.h5 --to onnx -o $n.onnx >out 2>err || fail "export $n: $(cat err)"
done
python=
for p in python3 /usr/bin/python3; do "$p" -c 'import numpy' 2>/dev/null && python=$p && break; done
# shellcheck disable=SC2086 # a list of words
if [ -n "$python" ]; then
  "$python" "$SOURCE/tests/cli/export_numpy.py" $names 2>err || fail "$(cat err)"
else
  echo "npz not read by NumPy: python3-numpy is not installed (scripts/setup --tests does)"
fi
NODE_PATH=$(npm root -g 2>/dev/null); export NODE_PATH
# shellcheck disable=SC2086 # a list of words
if node -e 'require.resolve("onnxruntime-web")' 2>/dev/null; then
  node "$SOURCE/tests/cli/export_onnx.cjs" $names 2>err || fail "$(cat err)"
else
  echo "ONNX not run: there is no node with onnxruntime-web (scripts/setup --tests installs it)"
fi

# ---- C, by each compiler ----
compiled gcc -O0
compiled gcc -O3 -march=native
for cxx in g++ clang++; do command -v $cxx >/dev/null && compiled $cxx -O1; done
if command -v clang >/dev/null; then
  compiled clang -O0
  compiled clang -O3 -march=native
else
  echo "not run by clang: it is not installed (scripts/setup --tests does)"
fi

# ---- Fortran: called as the C is, with the derivatives row by row ----
if command -v gfortran >/dev/null; then
  for n in $names; do
    on 0 export $n/final.h5 --to fortran -o $n.f90 >out 2>err || fail "export $n: $(cat err)"
    # shellcheck disable=SC2046 # two words
    set -- $(sed -n 's/.*, xk = \(real[0-9]*\), yk = \(real[0-9]*\),.*/\1 \2/p' $n.f90 | sed 's/real32/c_float/g; s/real64/c_double/g')
    cat >>called.f90 <<F
subroutine predict_$n(x, y) bind(c, name='${n}_predict')
  use, intrinsic :: iso_c_binding
  use $n
  real($1), intent(in) :: x(${n}_inputs)
  real($2), intent(out) :: y(${n}_outputs)
  call ${n}_predict(x, y)
end subroutine
subroutine jacobian_$n(x, y) bind(c, name='${n}_jacobian')
  use, intrinsic :: iso_c_binding
  use $n
  real($1), intent(in) :: x(${n}_inputs)
  real($2), intent(out) :: y(${n}_inputs, ${n}_outputs)
  real($2) :: jacobian(${n}_outputs, ${n}_inputs)
  call ${n}_jacobian(x, jacobian)
  y = transpose(jacobian)
end subroutine
F
  done
  compiled gfortran -O0
  compiled gfortran -O3 -march=native -ffp-contract=off -fno-tree-slp-vectorize
else
  echo "Fortran not compiled: gfortran is not installed (scripts/setup --tests does)"
fi

# ---- Octave: the function that docs/export.md has, and the weights ----
if command -v mkoctfile >/dev/null && command -v octave-cli >/dev/null; then
  sed -n '/^#include "mex.h"/,/^```/p' "$SOURCE/docs/export.md" | sed '/^```/d; s/flux/single/g' >single_mex.c
  mkoctfile --mex single_mex.c single.c >log 2>&1 || fail "mkoctfile: $(head -n 10 log)"
  octave-cli --quiet --eval 'f = fopen("single.npy"); fseek(f, -3600, "eof"); x = fread(f, [3, 300], "single=>single");
    fwrite(fopen("single.octave", "w"), single_mex(x), "single"); m = load("-hdf5", "single/final.h5", "model").model;
    [~, told] = system([getenv("LOCKSTEP") " inspect single/final.h5 --json"]); s = jsondecode(told).scaling; printf("%d %d %d\n", size(m._0000.W, 2), size([s.shift]))' >out 2>err
  grep -qx '3 1 5' out || fail "Octave: $(cat out err)"
  cmp single.octave single.want >err 2>&1 || fail "other numbers in Octave: $(cat err)"
else
  echo "Octave not run: there is no mkoctfile (octave-dev)"
fi

# ---- derivatives by predict: the same bytes on any ranks, with names ----
run 3 predict single/final.h5 -i t.csv -o slopes3.h5 -q --jacobian
run 0 predict single/final.h5 -i t.csv -o slopes1.h5 -q --jacobian
cmp -s slopes1.h5 slopes3.h5 || fail "predict --jacobian: other bytes on 3 ranks"
run 0 predict single/final.h5 -i t.csv -o - --jacobian
[ "$(head -n 1 out)" = 'd y/d pressure,d y/d b,"d y/d c ""?/\",d z/d pressure,d z/d b,"d z/d c ""?/\"' ] || fail "names of derivatives: $(head -n 1 out)"

# ---- what is refused, and says why ----
refused 64 "give one checkpoint, --to FORMAT and -o FILE" export far/final.h5 --to c
refused 64 "unknown 'cobol'" export far/final.h5 --to cobol -o far.cob
refused 64 "'far' must be called something.c" export far/final.h5 --to c -o far
refused 64 "--name '2far' is no name in a program" export far/final.h5 --to c -o new.c --name 2far
refused 64 "'dense' is the name of something else there" export far/final.h5 --to fortran -o new.f90 --name dense
# What a Fortran module has and uses cannot be its name; the longest name keeps its lines within 132 characters.
for word in predict real Trace w0 x_shift; do
  refused 64 "'$word' is the name of something else there" export single/final.h5 --to fortran -o new.f90 --name $word
done
refused 64 "cannot stand in an #include" export far/final.h5 --to c -o 'new"a.c'
refused 64 "cannot stand in an #include" export far/final.h5 --to c -o math.c
if command -v gfortran >/dev/null; then
  run 0 export log_single/final.h5 --to fortran -o long.f90 --name a123456789b123456789c123456789d123456789
  gfortran -std=f2008 -pedantic -Wall -Werror -fsyntax-only long.f90 2>err || fail "a name of 40 characters: $(head -n 10 err)"
fi
refused 65 "none.h5" export none.h5 --to c -o new.c
refused 74 "'./far.c' is there already; --force replaces it" export far/final.h5 --to c -o far.c
refused 74 "nowhere" export far/final.h5 --to c -o nowhere/new.c
printf 'layers: 1' | dd of=far/final.h5 bs=1 seek=6000 conv=notrunc status=none
refused 65 "far/final.h5" export far/final.h5 --to c -o new.c
sed 's/activation: softmax}/activation: softmax_batch}/; s/batch: 30/batch: 30, slices: 1/' per.yaml >batch.yaml
on 0 train batch.yaml -o batch -q 2>err || fail "batch: $(cat err)"
for to in c:c fortran:f90 onnx:onnx npz:npz; do
  refused 78 "layer 2: softmax_batch makes every output depend on all samples" export batch/final.h5 --to ${to%:*} -o new.${to#*:}
done
cat >wide.yaml <<'C'
version: 1
data: {type: csv, train: {file: t.csv, x: [1], y: [z]}}
model: {init: zeros, layers: [{units: 700000}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.01}
train: {steps: 1, batch: 1, slices: 1}
eval: {every: never}
checkpoint: {every: never}
C
run 0 train wide.yaml -o wide -q
refused 78 "2100001 parameters are more than the 2000000 that a Fortran compiler takes" export wide/final.h5 --to fortran -o new.f90
[ -z "$(ls new* 2>/dev/null)" ] || fail "a refused export leaves files"

# ---- names, and the same bytes again ----
mkdir out.d
on 0 export yes/final.h5 --to c -o out.d/2-nets.c --json >out 2>err || fail "2-nets: $(cat err)"
grep -qF '"files":["out.d/2-nets.c","out.d/2-nets.h"]' out || fail "--json: $(cat out)"
grep -q 'net_2_nets_predict(const double \*x, double \*y)' out.d/2-nets.h || fail "a name from '2-nets': $(cat out.d/2-nets.h)"
on 0 export yes/final.h5 --to c -o yes.c --force >out 2>err || fail "--force: $(cat err)"
on 0 export yes/final.h5 --to c -o out.d/other.c --name yes >out 2>err || fail "--name: $(cat err)"
sed 's/other.h/yes.h/' out.d/other.c | cmp -s - yes.c || fail "the same network, other bytes"
grep -qF 'single_input_names[3] = {"pressure", "b", "c \"\?/\\"}' single.c || fail "names: $(grep names single.c)"
grep -qF 'class_class_names[3] = {"blu", "grn", "red"}' class.c || fail "classes: $(grep names class.c)"
finish
