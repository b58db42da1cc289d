#!/bin/bash
# A program that trains by liblockstep, and the embedding example, leave nothing behind: no communicator, and in a build with sanitizers no block of memory but MPI's own.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
trainer=$BUILD/tests/api_trainer
# watched COMMAND...: on two ranks. Stacks are unwound in full, since MPI is built without frame pointers; variables that belong to threads of libraries loaded
# later are not looked through, of which gcc 12 takes the wrong addresses.
watched() {
  LEAKS=1 LD_PRELOAD=$BUILD/tests/libleaktrap.so LSAN_OPTIONS=suppressions=$SOURCE/tests/api/mpi.supp:print_suppressions=0 \
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:fast_unwind_on_malloc=0:leak_check_at_exit=0:intercept_tls_get_addr=0 timeout -k 5 "$(sampled 200 600)" "$MPIRUN" -n 2 "$@" >said 2>spoke
}
quiet() { ! grep -v "^mpirun: Forwarding signal" spoke; } # that of who stops and continues the test
cat >given.yaml <<'Y'
version: 1
data: {type: memory, inputs: 3, targets: 2, samples: 100, input_names: [a, b, 'c [Pa]']}
model: {layers: [{units: 13, activation: tanh}, {type: dropout, rate: 0.2}, {units: out}]}
loss: mse
optimizer: {type: adam, lr: 0.01}
train: {epochs: 2, batch: 32, slices: 5}
Y
perl -e 'print pack("d<*", map { ($_ * 37 % 101) / 64 } 1 .. 500)' >rows.bin
watched "$trainer" scattered given.yaml rows.bin 3 2 4 out.h5 && quiet || fail "a trainer: $(head -n 40 said spoke)"
watched "$trainer" scattered given.yaml rows.bin 3 2 4 more.h5 out.h5 && quiet || fail "a trainer that goes on: $(head -n 40 said spoke)"
sed 's/type: memory.*/type: csv, train: {file: t.csv, x: [1-3], y: [4, 5]}}/' given.yaml >files.yaml
{ echo a,b,c,d,e; perl -e 'print join(",", map { $_ * 37 % 101 } 5 * $_ + 1 .. 5 * $_ + 5), "\n" for 0 .. 99'; } >t.csv
watched "$trainer" loop files.yaml loop && quiet || fail "the whole loop: $(head -n 40 said spoke)"
watched "$BUILD/tests/example_flame" flame.h5 && quiet || fail "examples/embed-c: $(head -n 40 said spoke)"

# A trainer that is forgotten is seen.
watched "$trainer" forget given.yaml
grep -q '^not freed: [1-9][0-9]* communicators' spoke || fail "a trainer that was not freed: $(cat said spoke)"
if nm -D "$trainer" | grep -q __asan_init; then
  grep -q '^not freed: memory' spoke && grep -q 'LeakSanitizer: detected memory leaks' spoke || fail "memory that was not freed: $(cat said spoke)"
else
  echo "built without sanitizers: communicators were counted, blocks of memory were not"
fi
finish
