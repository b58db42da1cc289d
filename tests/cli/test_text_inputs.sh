#!/bin/bash
# test_text_inputs.sh - data.text_inputs: one_hot: the network is the one of the same table written out as 0 and 1 by
# hand, on any ranks; eval and predict know the texts by the checkpoint. True and False are 1 and 0; x: rest and a-d.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

table() { # by hand as 0 and 1 where $1 is 1
  awk -v hand="$1" 'BEGIN {
    n = split("blue,green,red", name, ",")
    print hand ? "size,colour=blue,colour=green,colour=red,old,w,y" : "size,colour,old,w,y"
    for (i = 0; i < 60; i++) {
      k = i * 7 % 3 + 1; old = i * i % 5 < 2; size = i * 13 % 17 / 4
      if (hand) colour = (k == 1) "," (k == 2) "," (k == 3)
      else colour = i % 4 ? name[k] : "\"" name[k] "\""
      printf "%s,%s,%s,%s,%s\n", size, colour, hand ? old : old ? "True" : "False", 1 + i % 3, size + k * k - 2 * old } }'
}
config() { # FILE X REST
  cat <<END
version: 1
data: {type: csv, train: {file: $1, x: $2, y: [y]}, weights: w, scale: standard, validation: 0.2$3}
model: {layers: [{units: 4, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.05}
train: {epochs: 2, batch: 8, slices: 4}
checkpoint: {every: 1 epoch}
END
}
table 1 >hand.csv
table 0 >table.csv
config hand.csv "[size-old]" "" >hand.yaml
config table.csv rest ", text_inputs: one_hot" >table.yaml
run 0 train hand.yaml -o hand
run 0 train table.yaml -o table
run 3 train table.yaml -o table3
want=$(hash_of hand/final.h5)
[ -n "$want" ] && [ "$(hash_of table/final.h5)" = "$want" ] || fail "one_hot: other weights than by hand"
cmp -s table/final.h5 table3/final.h5 || fail "one_hot: other checkpoints on 3 ranks"

# What a checkpoint knows: eval of its own data, of a file, predict of columns in another order and without y.
run 0 eval table/final.h5 --split all --json; sed 's/"checkpoint":"[^"]*"//' out >own
run 0 eval hand/final.h5 --split all --json; sed 's/"checkpoint":"[^"]*"//' out >by-hand
cmp -s own by-hand || fail "eval: $(cat own by-hand)"
awk -F, -v OFS=, '{ print $3, $2, $1 }' table.csv >new.csv
run 0 predict table/final.h5 -i new.csv -o a.h5
run 3 predict table/final.h5 -i table.csv -o b.h5
run 0 predict hand/final.h5 -i hand.csv -o c.h5
cmp -s a.h5 c.h5 && cmp -s b.h5 c.h5 || fail "predict: other numbers"

# An HDF5 file has the inputs by these names, and is streamed to the same bits.
run 0 data import table.yaml -o table.h5
grep -q '60 train, 5 features' out || fail "import: $(cat out)"
run 3 predict table/final.h5 -i table.h5:/train/x -o d.h5
cmp -s d.h5 c.h5 || fail "predict of HDF5: other numbers"
sed 's|^data: .*|data: {type: hdf5, train: {file: table.h5, x: /train/x, y: /train/y}, weights: /train/weights, scale: standard, validation: 0.2, load: stream}|' table.yaml >stream.yaml
run 3 train stream.yaml -o stream
[ "$(hash_of stream/final.h5)" = "$want" ] || fail "stream: other weights"

# Several files: the texts are those of all, and a column has texts where one file has. 'red' is in the second alone, the
# first has numbers; the third has its columns in another order. Samples that are skipped tell of none.
sed 's/blue/1/; s/"*green"*/2/; 2s/"1"/skipped/' table.csv >whole.csv
head -3 whole.csv >some-1.csv
{ head -1 whole.csv; sed -n 4,30p whole.csv; } >some-2.csv
awk -F, -v OFS=, 'NR == 1 || NR > 30 { print $5, $2, $4, $3, $1 }' whole.csv >some-3.csv
config whole.csv "[size-old]" ", skip: {train: 1}, text_inputs: one_hot" | sed 's/size-old/size, colour, old/' >whole.yaml
run 0 train whole.yaml -o whole
run 3 train whole.yaml data.train.file='some-*.csv' -o some
[ "$(hash_of some/final.h5)" = "$(hash_of whole/final.h5)" ] || fail "several files: other weights than of one"
run 0 predict some/final.h5 -i some-3.csv -o some.out.csv

# A resume finds the same texts.
run 0 train table.yaml train.epochs=3 -o table --resume
run 0 train hand.yaml train.epochs=3 -o hand --resume
[ "$(hash_of table/final.h5)" = "$(hash_of hand/final.h5)" ] || fail "resumed: other weights"

sed '3s/.*/True,pink,1/' new.csv >pink.csv
refused 65 "pink.csv:3: column 2 (colour): a text that the training data do not have: 'pink'" predict table/final.h5 -i pink.csv -o p.h5
refused 65 "not a number: 'blue'; data.text_inputs: one_hot" train table.yaml data.text_inputs=refuse -o none
sed '2s/^[^,]*/few/' hand.csv >few.csv
refused 65 "few.csv:2: column 1 (size): not a number: 'few'" predict hand/final.h5 -i few.csv -o p.h5
grep -q 'text_inputs' err && fail "predict: a hint at the training: $(cat err)"
refused 65 "no column 'colour'" predict table/final.h5 -i hand.csv -o p.h5
refused 65 "'old-size': column 'size' comes before 'old'" train table.yaml 'data.train.x=[old-size]' -o none
finish
