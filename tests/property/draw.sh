# draw.sh - a random config that trains for a second: every optimizer, schedule, layer, loss, clipping, noise, format of the data, both
# precisions, sizes that divide nothing. Sourced; RANDOM must have been seeded. Needs lib.sh.
# shellcheck shell=bash

between() { drawn=$(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1))); } # sets `drawn`: a subshell would not move RANDOM on
pick() { between 1 $#; drawn=${!drawn}; }
chance() { between 1 100; [ "$drawn" -le "$1" ]; } # percent

# The words that a key may have, from the program itself, so that new ones are tested too.
words_of() { "$LOCKSTEP" help "$1" | sed -n 's/^ *one of \([^;]*\);.*/\1/p' | tr -d ','; }
optimizers=$(words_of optimizer.type | sed 's/ lbfgs / /') schedules=$(words_of schedule.type) activations=$(words_of activation)

# A table of a few hundred rows, seven inputs, two targets, a class of five, a yes or no, and a weight; and holes.csv, where
# -999 stands for some inputs and targets.
make_table() {
  awk -v seed="$1" 'BEGIN { srand(seed); print "a,b,c,d,e,f,g,y,z,class,yes,w,site"
    for (i = 0; i < 331; i++) { s = 0; line = ""
      for (k = 0; k < 7; k++) { x = rand() * 4 - 2; s += x * (k - 3); line = line sprintf("%.6f,", x) }
      printf "%s%.6f,%.6f,%d,%d,%.3f,s%d\n", line, s + rand(), s * s / 10 + 0.001, (s * s) % 5, (s > 0), rand() < 0.1 ? 0 : 3 * rand(), i * i % 11 } }' >plain.csv
  awk -v seed="$1" 'BEGIN { srand(seed + 2); print "p,q,r"
    for (i = 0; i < 331; i++) { u = int(101 * rand()); v = int((101 - u) * rand()); printf "%.2f,%.2f,%.2f\n", u / 100, v / 100, (100 - u - v) / 100 } }' | paste -d, plain.csv - >table.csv
  awk -F, -v OFS=, -v seed="$1" 'BEGIN { srand(seed + 1) } NR > 1 { for (k = 1; k <= 9; k++) if (rand() < 0.04 * (k > 7 ? 4 : 1)) $k = -999 } { print }' table.csv >holes.csv
}

draw_layers() {
  local i layers
  between 1 3; layers=$drawn
  for ((i = 0; i < layers; i++)); do
    pick 1 3 8 17 20 33; local units=$drawn
    # shellcheck disable=SC2086 # a list of words
    pick $activations; [[ $drawn == softmax* || $drawn == exp ]] && drawn=relu # exp of exp of ... overflows
    local activation=$drawn still=
    chance 12 && still=", trainable: false"
    echo "    - {units: $units, activation: $activation$still}"
    chance 15 && [ -z "$lbfgs" ] && echo "    - {type: dropout, rate: 0.3}"
    chance 15 && echo "    - {type: layer_norm}"
  done
  chance 10 && printf '    - {units: %d, activation: tanh, repeat: 2}\n    - {type: residual}\n' "$units"
  echo "    - {units: out, activation: $1}"
}

# draw_scale [TARGET]: of all columns, and perhaps of some; the target is a number > 0
draw_scale() {
  pick none standard minmax; scale=$drawn
  chance 30 || return 0
  pick "2-4: none" "1: {type: divide, by: 3}, 3: minmax" ${1:+"$1: log" "2: standard, $1: {type: log, then: standard}"}
  scale="{type: $scale, columns: {$drawn}}"
}

draw_problem() { # data, model, loss
  local groups=
  if chance 15; then # 120 samples in columns, packed or not
    "$BUILD/tests/meaning" columns.h5
    pick /columns /packed_columns; local x=$drawn
    pick none standard minmax; local scale=$drawn
    pick memory stream
    [ -z "$lbfgs" ] || drawn=memory
    echo "data: {type: hdf5, train: {file: columns.h5, x: $x, y: /y_packed, transpose: true}, load: $drawn, scale: $scale"
    pick mse mae huber; loss=$drawn last=linear
  elif chance 50; then
    between 150 700; local train=$drawn
    between 30 120
    echo "data: {type: idx, dir: $SMALL, limit: {train: $train, test: $drawn}, scale: {type: divide, by: 255}"
    pick cross_entropy cross_entropy_per_class; loss=$drawn last=softmax
  else
    pick y z y,z class yes p,q,r; local y=$drawn classes=
    case $y in
      class) pick cross_entropy cross_entropy_per_class binary_cross_entropy mse huber; loss=$drawn
        case $loss in
          cross_entropy*) last=softmax ;;
          binary*) last=sigmoid classes=", classes: 5" ;;
          *) last=linear classes=", classes: 5" ;;
        esac ;;
      p,q,r) pick cross_entropy cross_entropy_per_class; loss=$drawn last=softmax ;; # shares of three classes
      yes) loss=binary_cross_entropy last=sigmoid ;;
      *) pick mse half_mse mae huber poisson gaussian_nll quantile; loss=$drawn last=linear
        [ "$loss$y" = poissonz ] || [ "$loss" != poisson ] || loss=mse # counts are not below 0
        case $loss in
          poisson) last=exp ;;
          gaussian_nll) last=mean_variance ;;
          quantile) last=ascending ;;
        esac ;;
    esac
    local scale target=
    [[ $y$loss == z* && $loss != poisson && $loss != gaussian_nll ]] && target=z # a count is not scaled, and a variance has no logarithm
    draw_scale $target
    local file=table.csv missing=
    if chance 40; then
      file=holes.csv
      pick 25 drop mean; missing="x: $drawn"
      pick drop mask; [[ $y == [yz]* && $y != yes ]] || drawn=drop
      missing="missing: {$missing, y: $drawn, text: [-999]}, "
    fi
    if chance 50; then
      local how=$missing
      if chance 30; then
        tr ',.' ';,' <$file >german.csv
        file=german.csv how="decimal: \",\", $how"
      fi
      pick '[1-7]' '[a-g]' '[1-7, site]'; local x=$drawn
      [[ $x == *site* ]] && how="text_inputs: one_hot, $how"
      echo "data: {type: csv, ${how}train: {file: $file, x: $x, y: [$y]}, scale: $scale$classes"
      chance 30 && echo "  , weights: w"
      groups="{share: 0.4, how: group, by: site}"
    else # the same as HDF5
      pick "" --compress --float32; local how=$drawn
      [ "$y" = class ] && how="$how --classes"
      # shellcheck disable=SC2086
      "$LOCKSTEP" data import $file --x 1-7 --y "$y" -o table.h5 $how >/dev/null
      [ -z "$missing" ] || for set in x y; do "$BUILD/tests/badh5" missing table.h5 /train/$set -999; done
      pick /train/x '["/train/x[0:3]", "/train/x[3:]"]'; local x=$drawn
      pick memory stream stream
      [ -z "$lbfgs" ] || drawn=memory
      echo "data: {type: hdf5, ${missing}train: {file: table.h5, x: $x, y: /train/y}, load: $drawn, scale: $scale$classes"
      [ -z "$missing" ] && [[ $y == z || $y == class ]] && chance 30 && echo "  , weights: /train/y" # numbers >= 0, some of them 0
    fi
  fi
  chance 40 && { pick 0.15 "{share: 0.15, how: last}" "{share: 0.3, how: random, seed: 9}" "${groups:-0.1}"; echo "  , validation: $drawn"; }
  [[ ${drawn:-} == *last* ]] || { chance 20 && { pick 0 1 2; echo "  , fold: {k: 3, n: $drawn}"; }; }
  chance 40 && { pick sequential blocks; echo "  , order: $drawn"; }
  chance 25 && echo "  , last_batch: drop"
  echo "  }"
  echo "model:"
  chance 25 && { pick he_uniform glorot_normal lecun_normal "{type: uniform, scale: 0.2}" "{type: truncated_normal, stddev: 0.1}"; echo "  init: $drawn"; }
  echo "  layers:"
  draw_layers $last
  echo "loss: $loss"
  [ "$loss" = quantile ] && { pick "[0.5]" "[0.1, 0.9]" "[0.05, 0.5, 0.8]"; echo "quantiles: $drawn"; }
}

draw_optimizer() {
  # shellcheck disable=SC2086
  pick $optimizers; local type=$drawn keys=
  case $type in
    momentum) pick "" ", form: ewa" ", form: classic" ", nesterov: true" ", form: ewa, bias_correction: true" ", dampening: 0.1"; keys=$drawn ;;
    rmsprop) pick "" ", centered: true" ", momentum: 0.9, epsilon_placement: inside" ", initial_accumulator: 1"; keys=$drawn ;;
    adam) pick "" ", amsgrad: true" ", epsilon_placement: hat" ", preset: book" ", preset: tensorflow1"; keys=$drawn ;;
    plugin) keys=", file: $BUILD/tests/plugins/gradient_noise.so" ;;
  esac
  if [ -n "$lbfgs" ]; then
    pick "" ", history: 3" ", c2: 0.4" ", evaluations: 2"
    [ "$lbfgs" = then ] && echo "then: {type: lbfgs, after: 3$drawn}"
    [ "$lbfgs" = first ] && type=lbfgs keys=$drawn
  fi
  chance 25 && keys="$keys, weight_decay: 0.01"
  pick 0.0003 0.001 0.01
  echo "optimizer: {type: $type, lr: $drawn$keys}"
}

draw_schedule() {
  # shellcheck disable=SC2086
  pick $schedules; local type=$drawn keys=
  [ "$lbfgs" != first ] || return 0
  case $type in
    piecewise) keys=", boundaries: [7, 19], values: [0.003, 0.001, 0.0003]" ;;
    step) keys=", every: 9" ;;
    step_multiplicative) keys=", every: 5, factor: 0.8" ;;
    inverse_time | exponential | natural_exponential) keys=", decay_rate: 0.6, decay_steps: 8"; chance 50 && keys="$keys, staircase: true" ;;
    polynomial) keys=", decay_steps: 11, power: 2"; chance 50 && keys="$keys, cycle: true" ;;
    cosine) keys=", decay_steps: 2 epochs, alpha: 0.1" ;;
    cosine_restarts) keys=", first: 5, alpha: 0.1"; chance 50 && keys="$keys, mult: 1.5" ;;
    one_cycle) keys=", steps: 2 epochs" ;; # not the run's: a test that stops by train.steps changes that
    plateau) pick 1 2; keys=", metric: loss, patience: $drawn, cooldown: 1, factor: 0.5, min_delta: 0.01" ;;
    plugin) keys=", file: $BUILD/tests/plugins/triangular.so, half: 6" ;;
  esac
  chance 30 && keys="$keys, warmup: 5"
  echo "schedule: {type: $type$keys}"
}

# Can this build make products by a BLAS?
blas=$("$LOCKSTEP" --version | sed -n 's/^train.gemm=blas: \(OpenBLAS\|BLIS\|lib\).*/yes/p')

draw_train() { # sets `slices` and `keep`
  between 4 40; steps=$drawn
  if chance 8; then drawn=full; else between 5 130; fi
  [ -z "$lbfgs" ] || drawn=full
  local batch=$drawn
  pick 2 3 4 5 6 7 8 8 8 11 16; slices=$drawn
  echo "train: {steps: $steps, batch: $batch, slices: $slices"
  chance 35 && echo "  , precision: float64"
  [ -n "$blas" ] && chance 30 && echo "  , gemm: blas"
  if [ -z "$lbfgs" ]; then
    chance 20 && echo "  , clip_norm: 0.5"
    chance 20 && echo "  , clip_value: 0.05"
    chance 20 && echo "  , gradient_noise: {eta: 0.01}"
    chance 15 && echo "  , nonfinite: skip"
  fi
  [[ $loss == cross_entropy* ]] && chance 30 && { pick balanced "{0: 0.3, 1: 2}"; echo "  , class_weights: $drawn"; }
  keep=
  chance 20 && { pick 0 0.001 0.1; echo "  , early_stop: {metric: loss, patience: 2, min_delta: $drawn}"; }
  chance 30 && { echo "  , restore_best: true"; keep=", keep: {best: loss}"; }
  chance 25 && [ -z "$lbfgs" ] && { pick 0.9 0.99; echo "  , average: {type: ema, decay: $drawn}"; }
  pick auto shared tree tree
  echo "  , exchange: $drawn}"
}

# The first weights out of a file: those of layer 0, or of all.
draw_start() { # CONFIG
  pick 0 fitting fitting; local layers=$drawn
  "$LOCKSTEP" train "$1" -o start train.steps=1 -q 2>/dev/null || return 0
  sed -i "/^  init:/d; s|^model:|&\n  init: {type: file, file: start/final.h5, layers: $layers}|" "$1"
}

draw_config() { # sets steps and slices
  between 0 1000000000
  echo "version: 1"
  echo "seed: $drawn"
  lbfgs= # some begin or end with it, and have nothing that does not go with it
  case $((drawn % 12)) in
    0) lbfgs=first ;;
    1) lbfgs=then ;;
  esac
  draw_problem
  draw_optimizer
  draw_schedule
  draw_train
  local chosen=
  case $loss in
    cross_entropy*) pick "" ", metrics: [accuracy, top_k, per_class], top_k: 3" ", metrics: [top_k, f1, f1_micro, balanced_accuracy, auc, average_precision, brier, reliability], top_k: 2"; chosen=$drawn ;;
    binary*) pick "" ", metrics: [f1, f1_micro, balanced_accuracy, auc, brier, reliability, per_class]"; chosen=$drawn ;;
    mse | half_mse | mae | huber | poisson | gaussian_nll) pick "" ", metrics: [rmse, explained_variance, max_error, per_target]"; chosen=$drawn ;;
  esac
  chance 40 && echo "eval: {every: 5 steps, on: [train]$chosen}"
  between 3 20; echo "checkpoint: {every: $drawn steps$keep}"
  pick 1 1 3; echo "output: {step_every: $drawn}"
}
