#!/bin/bash
# train.mode: hogwild. Each sample once an epoch; one rank is plain sgd; stops, kills and resumes; what it refuses; no data race in its loop.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
# shellcheck source=tests/cli/asynchronous.sh
. "$SOURCE/tests/cli/asynchronous.sh"
for ranks in 0 2; do counts hogwild "$ranks"; done
counts hogwild 4 train.staleness=0
adds_up hogwild 1
for ranks in 2 3; do LEAST=0.5 adds_up hogwild $ranks; done
alone_is_plain hogwild
learns hogwild 2
learns hogwild 4 train.staleness=0
made_again many-4
keeps_its_mode hogwild
resumes hogwild
stops hogwild
is_killed hogwild 2
not_finite hogwild
declines hogwild
declined 'hogwild takes sgd only.*optimizer.type' hogwild 'optimizer={type: adam, lr: 0.1}'
declined "did you mean 'hogwild'" hogwidl
export LOCKSTEP_RANKS_PER_NODE=1
RANKS=2 declined 'the ranks are on 2 hosts' hogwild
unset LOCKSTEP_RANKS_PER_NODE

# Two threads in the loop that ranks run side by side.
real="-O1 -g -std=c17 -D_GNU_SOURCE -DLS_REAL_BITS=32 -I$SOURCE/src -I$SOURCE/include"
# shellcheck disable=SC2086 # a list of options
if ${CC:-cc} -fsanitize=thread $real "$SOURCE/tests/tools/relaxed.c" "$SOURCE/src/optim/relaxed_real.c" -o relaxed -lpthread 2>err; then
  TSAN_OPTIONS=exitcode=66 setarch -R ./relaxed >out 2>err || fail "two threads: exit $?: $(cat out err)"
else
  echo "not tested: no -fsanitize=thread here: $(head -1 err)"
fi
finish
