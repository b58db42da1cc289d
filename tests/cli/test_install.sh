#!/bin/bash
# cmake --install: the program works from its folder and after that has moved, with its data, examples, man pages and completions; programs are
# built with what is there, by pkg-config and by CMake.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"

DESTDIR=$PWD/stage cmake --install "$BUILD" --prefix /opt/first >log 2>&1 || die "cmake --install: $(tail -3 log)"
[ "$(ls stage)" = opt ] || fail "outside the prefix: $(ls stage)"
mkdir moved && mv stage/opt/first moved/here
P=$PWD/moved/here LOCKSTEP=$PWD/moved/here/bin/lockstep
grep -rIlE "/opt/first|$BUILD" "$P" >found && fail "the first prefix or the build folder is in $(cat found)"
find "$P" -xtype l | grep . >&2 && fail "links that lead nowhere"

# The program, its examples, and the small data for a config that names Debian's.
version=$(sed -nE 's/^project\(lockstep VERSION ([0-9.]+) .*/\1/p' "$SOURCE/CMakeLists.txt")
"$LOCKSTEP" --version >out 2>err || fail "--version: $(cat err)"
grep -qx "lockstep $version" out || fail "version $(head -1 out) instead of $version"
for program in "$P"/bin/* "$P"/lib*/*.so; do
  if [ -e "$program" ] && ldd "$program" | grep 'not found'; then fail "$program"; fi
done
ln -s "$P/share/lockstep/examples" examples # what the docs' commands name
run 1 train examples/toy/optimizers.yaml train.steps=3 -o toy
ln -s fashion-mnist-small "$P/share/lockstep/data/some-set-small"
"$LOCKSTEP" config init mlp | sed 's,/fashion-mnist,/some-set,' >net.yaml
run 2 train net.yaml train.epochs=1 'data.limit={train: 200}' -o small
grep -q 'some-set-small' err || fail "small part of the data: $(cat err)"

# Pages and completions of every command.
for file in bash-completion/completions/lockstep zsh/site-functions/_lockstep fish/vendor_completions.d/lockstep.fish doc/lockstep/docs/config.md \
  doc/lockstep/examples/toy/README.md; do
  [ -s "$P/share/$file" ] || fail "share/$file is missing"
done
if grep -q '^SCDOC:FILEPATH=/' "$BUILD/CMakeCache.txt"; then
  for page in lockstep.1 lockstep-config.5 $("$LOCKSTEP" completion words -- "" | cut -f 1 | sed 's/.*/lockstep-&.1/'); do
    file=$P/share/man/man${page##*.}/$page
    [ -s "$file" ] || fail "no page $page"
    if command -v man >/dev/null; then man --warnings -l "$file" 2>&1 >/dev/null | grep . >&2 && fail "$page has warnings"; fi
  done
  grep -q 'optimizer[.\\&]*lr' "$P/share/man/man5/lockstep-config.5" || fail "lockstep-config.5 has no optimizer.lr"
  grep -q 'time.*limit' "$P/share/man/man1/lockstep-train.1" || fail "lockstep-train.1 has no --time-limit"
else
  echo "built without scdoc: there are no man pages to look at"
fi
finish
