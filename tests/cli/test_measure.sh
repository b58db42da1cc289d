#!/bin/bash
# No public name means two things, no files call one another in a circle, no choice stands in another, no line is too
# long, no number is another libm's, no function is where its header does not say, each file begins with what it is about; the script that
# says so sees all seven.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
"$SOURCE/scripts/measure" --check "$SOURCE/src" "$BUILD" || fail "the sources"
"$SOURCE/scripts/measure" "$SOURCE/src" "$BUILD" | grep -q '^circles of files  *[0-9]' || fail "no table"

# ---- a name for two things ----
mkdir src src/a src/b
check() { # measure what has been written so far, each file with a head
  find src -name '*.[ch]' | while read -r file; do
    grep -q "^/\* ${file##*/} - " "$file" || sed -i "1s,^\(/\* [a-z_]*\.c - a \*/\)*,/* ${file##*/} - a */," "$file"
  done
  "$SOURCE/scripts/measure" --check "$@"
}
printf 'typedef struct {\n  int n;\n} ls_thing;\nint ls_deed(int n);\n' >src/a/a.h
printf 'int ls_deed(int n) {\n  return n;\n}\n' >src/a/a.c
for other in 'typedef struct {|  int n;|} ls_thing;' 'typedef struct ls_thing {|  int n;|} ls_thing;' 'int ls_thing(void);' 'typedef int ls_deed;'; do
  tr '|' '\n' <<<"$other" >src/b/b.h
  check src "$BUILD" 2>said && fail "unseen: $other"
  grep -q 'two things: ls_\(thing\|deed\): .*a/a.h.*b/b.h' said || fail "not named: $other: $(cat said)"
done
printf '/* typedef int ls_deed; */\ntypedef struct ls_thing ls_thing;\nstatic int n = ls_deed(1);\n' >src/b/b.h
check src "$BUILD" || fail "a comment, a declaration, a call"

# ---- a choice inside a choice, a long line ----
printf 'int f(int n) {\n  return n > 0 ? 1 : n < 0 ? -1 : 0;\n}\n' >src/b/b.c
check src "$BUILD" 2>said && fail "a nested ternary unseen"
grep -q 'nested ternary: b/b.c:2' said || fail "the ternary is not named: $(cat said)"
printf '/* %0100d */\n' 0 >src/b/b.c
check src "$BUILD" 2>said && fail "a long line unseen"
grep -q 'over 100 columns: b/b.c:1' said || fail "the line is not named: $(cat said)"
rm src/b/b.c

# ---- a function that is elsewhere ----
printf '/* b.h - some. */\nint ls_turn(int n,\n            int m);\nvoid ls_act_f32(void);\n' >src/b/b.h
printf 'int ls_turn(int n,\n            int m) {\n  return n + m;\n}\nvoid LS_R(ls_act)(void) { return; }\n' >src/b/b_real.c
check src "$BUILD" || fail "x.h and x_real.c"
mv src/b/b_real.c src/b/other.c
check src "$BUILD" 2>said && fail "a function in another file unseen"
[ "$(grep -c 'not where its header says: b/b.h ls_\(turn\|act\) b/other.c' said)" -eq 2 ] || fail "it is not named: $(cat said)"
sed -i 's/some/some, in other.c/' src/b/b.h
check src "$BUILD" || fail "a header that names the file"
rm src/b/other.c
check src "$BUILD" 2>said && fail "a function that is nowhere unseen"
grep -q 'b/b.h ls_turn nowhere' said || fail "nowhere is not said: $(cat said)"
rm src/b/b.h

# ---- a file without a head ----
printf '/* Some. */\n' >src/b/b.c
"$SOURCE/scripts/measure" --check src "$BUILD" 2>said && fail "a file without a head unseen"
grep -q 'what it is about: b/b.c' said || fail "it is not named: $(cat said)"
rm src/b/b.c

# ---- files in a circle ----
objects=made/CMakeFiles/lockstep_core.dir/src/data
mkdir -p src/data $objects
echo 'int ls_two(void); int ls_one(void) { return ls_two(); }' >src/data/one.c
echo 'int ls_one(void); int ls_two(void) { return 2; }' >src/data/two.c
make_objects() { for f in one two; do "${CC:-cc}" -c src/data/$f.c -o $objects/$f.c.o || fail "cc"; done; }
make_objects
check src made || fail "one calls two, and that is all"
echo 'int ls_one(void); int ls_two(void) { return ls_one(); }' >src/data/two.c
make_objects
check src made 2>said && fail "a circle unseen"
grep -q 'circle: data/one.c data/two.c' said || fail "the circle is not named: $(cat said)"

# ---- a function that each libm rounds in its own way ----
echo 'double sqrt(double); double ls_four; int ls_two(void) { return sqrt(ls_four) > 1; }' >src/data/two.c
make_objects
check src made || fail "a square root is the same everywhere"
echo 'float tanhf(float); float ls_four; int ls_two(void) { return tanhf(ls_four) > 1; }' >src/data/two.c
make_objects
check src made 2>said && fail "a tanhf unseen"
grep -q 'libm reaches a bit: data/two.c tanhf' said || fail "tanhf is not named: $(cat said)"
finish
