#!/bin/bash
# The examples of embedding, as they stand: a simulation that learns its slowest part on its own ranks, and what other languages make of it.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
"$BUILD/tests/example_flame" flame.h5 >one 2>err || fail "one rank: exit $?: $(cat one err)"
"$MPIRUN" -n 3 "$BUILD/tests/example_flame" >three 2>err || fail "three ranks: exit $?: $(cat three err)"
grep -q '^learnt: 3000 updates' one || fail "$(cat one)"
diff <(grep learnt one) <(grep learnt three) >err || fail "other weights on three ranks: $(cat err)"
diff <(grep flame one) <(grep flame three) >err || fail "another flame on three ranks: $(cat err)"
[ "$(hash_of flame.h5)" = "$(sed -n 's/^learnt.*weights //p' one)" ] || fail "the checkpoint has other weights than the program"
finish
