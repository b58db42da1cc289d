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

# A program with a network in it, by pkg-config and by CMake, gives predict's number.
cat >use.c <<'C'
#define LOCKSTEP_NO_MPI
#include <lockstep/lockstep.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  lockstep_net *net;
  float x[2] = {1, 2}, y;
  lockstep_error error;
  if (argc != 3 || lockstep_net_open(argv[1], &net, &error) || lockstep_net_apply_f32(net, 1, x, &y, &error)) return 1;
  lockstep_net_free(net);
  printf("%.9g\n", y);
  return y == strtof(argv[2], NULL) ? 0 : 2;
}
C
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.20)
project(use C)
find_package(lockstep ${WANTED} REQUIRED)
add_executable(use-cmake use.c)
target_link_libraries(use-cmake lockstep::lockstep)
C
printf 'a,b,sum\n1,2,3\n2,2,4\n0,1,1\n' >sum.csv
cat >sum.yaml <<'Y'
version: 1
data: {type: csv, train: {file: sum.csv, x: [a, b], y: [sum]}}
model: {layers: [{units: 3, activation: tanh}, {units: out}]}
loss: mse
optimizer: {type: sgd, lr: 0.1}
train: {epochs: 3, batch: full}
Y
run 0 train sum.yaml -o sum
run 0 predict sum/final.h5 -i sum.csv -o -
number=$(sed -n 2p out)
lib=$(dirname "$(find "$P" -name liblockstep.so)")
cc -Wall -Wextra -Werror use.c -o use-pc $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs lockstep) -Wl,-rpath,"$lib" >log 2>&1 || fail "pkg-config: $(cat log)"
[ "$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --modversion lockstep)" = "$version" ] || fail "the version of lockstep.pc"
cmake -B use -DCMAKE_PREFIX_PATH="$P" -DWANTED="$version" >log 2>&1 && cmake --build use >log 2>&1 || fail "find_package: $(tail -20 log)"
# What was built for an older 0.x finds this one; a newer one is not there.
cmake -B use -DCMAKE_PREFIX_PATH="$P" -DWANTED=0.1 >log 2>&1 || fail "find_package(lockstep 0.1): $(tail -20 log)"
for wanted in 0.99 1.0; do
  cmake -B use -DCMAKE_PREFIX_PATH="$P" -DWANTED=$wanted >log 2>&1 && fail "find_package(lockstep $wanted) finds $version"
  grep -q "lockstep-config.cmake, version: $version" log || fail "find_package(lockstep $wanted) does not say what there is: $(tail -20 log)"
done
for program in ./use-pc use/use-cmake; do
  "$program" sum/final.h5 "$number" >out 2>err || fail "$program: exit $?: $(cat out err), and predict says $number"
done

if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
  PYTHONPATH=$P/lib/python3/dist-packages /usr/bin/python3 -c 'import lockstep, sys
net = lockstep.Net("sum/final.h5")
sys.exit(bool(abs(net([1.0, 2.0])[0] - float(sys.argv[1])) > 1e-5))' "$number" >out 2>&1 || fail "Python: $(cat out)"
else
  echo "NumPy is not installed: the Python file was not tried from where it is installed"
fi

# Pages and completions of every command, and nothing that they were made of.
find "$P" -name '*.scd' -o -name '*.made' | grep . >&2 && fail "what pages are made of is installed"
for file in bash-completion/completions/lockstep zsh/site-functions/_lockstep fish/vendor_completions.d/lockstep.fish doc/lockstep/docs/config.md \
  doc/lockstep/examples/toy/README.md ../include/lockstep/lockstep.f90 ../lib/python3/dist-packages/lockstep.py; do
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

# Every link of the pages leads to something that is installed.
for page in $(cd "$P/share/doc/lockstep" && find . examples/ -name '*.md'); do
  grep -oE '\]\([^)#]+' "$P/share/doc/lockstep/$page" | cut -c 3- | grep -v '^https\?:' | while read -r link; do
    [ -e "$(realpath -ms "$P/share/doc/lockstep/$(dirname "$page")/$link")" ] || echo "$page: $link"
  done
done >nowhere
[ -s nowhere ] && fail "links to what is not installed: $(cat nowhere)"

# Where libraries are missing, all are named at once, with their packages: those that docs/install.md and scripts/setup have. Of MPI there is a compiler without headers.
mkdir bare
printf '#!/bin/sh\n[ "$1" != -showme:incdirs ] || echo /nowhere/include\n' >bare/mpicc
chmod +x bare/mpicc
PATH=$PWD/bare:$PATH PKG_CONFIG_LIBDIR=/nowhere cmake -S "$SOURCE" -B hidden -DRANDOM123_INCLUDE_DIR= -DCMAKE_DISABLE_FIND_PACKAGE_HDF5=ON >log 2>&1 && fail "built without libraries"
sed -n 's/^ *Debian \([^ ]*\)   Fedora, RHEL \([^ ]*\)   Spack \([^ ]*\)$/\1 \2 \3/p' log >missing
[ "$(wc -l <missing)" -eq 9 ] || fail "named as missing: $(cat missing log)"
while read -r debian fedora spack; do
  grep -q "| $debian | $fedora | $spack |" "$SOURCE/docs/install.md" || fail "docs/install.md: $debian, $fedora, $spack"
  grep -qw "$debian" "$SOURCE/scripts/setup" || fail "scripts/setup: $debian"
  grep -q "depends_on(\"${spack/openmpi/mpi}\"" "$SOURCE/scripts/packaging/spack.py" || fail "the Spack recipe: $spack"
done <missing

# The Spack recipe says what Spack would be told, by a stand-in for Spack before and since 1.0: the version is this one, and its options are known to CMake.
told() { # told OLD|NEW
  python3 - "$SOURCE" $1 <<'P'
import sys, types
told = []
class CMakePackage:
    run_tests = False
    def define(self, name, value):
        return f"-D{name}:BOOL={'ON' if value else 'OFF'}"
stand_in = types.ModuleType("spack.package")
for word in ("license", "version", "variant", "depends_on"):
    setattr(stand_in, word, lambda *a, word=word, **k: told.append((word, a[0])))
stand_in.Executable = print
if sys.argv[2] == "NEW":
    for name in ("spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems", "spack_repo.builtin.build_systems.cmake"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[name].CMakePackage = CMakePackage
else:
    stand_in.CMakePackage = CMakePackage
stand_in.run_after = stand_in.on_package_attributes = lambda *a, **k: lambda f: f
sys.modules["spack"], sys.modules["spack.package"] = types.ModuleType("spack"), stand_in
recipe = {}
exec(open(sys.argv[1] + "/scripts/packaging/spack.py").read(), recipe)
package = recipe["Lockstep"]()
package.spec = types.SimpleNamespace(satisfies=lambda what: False)
print(*(f"{word} {what}" for word, what in told), *package.cmake_args(), sep="\n")
P
}
if command -v python3 >/dev/null; then
  told OLD >recipe 2>err || fail "the Spack recipe: $(cat err)"
  told NEW >recipe.new 2>err || fail "the Spack recipe, Spack 1.0: $(cat err)"
  cmp recipe recipe.new || fail "the Spack recipe is another for Spack 1.0"
  grep -qx "version $(sed -nE 's/^project\(lockstep VERSION ([0-9.]+) .*/\1/p' "$SOURCE/CMakeLists.txt")" recipe || fail "the Spack recipe's version: $(cat recipe)"
  for option in $(sed -n 's/^-D\([A-Z_]*\):.*/\1/p' recipe); do
    grep -qE "option\($option |find_library\($option " "$SOURCE/CMakeLists.txt" "$SOURCE/scripts/packaging/dependencies.cmake" || fail "the Spack recipe's option $option"
  done
fi
finish
