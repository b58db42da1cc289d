#!/bin/bash
# One list of functions: what lockstep.h declares is what liblockstep shows, and what Fortran and Python have.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
sorted() { LC_ALL=C sort -u; }
# What the others have by another function: of a communicator that only C knows, and without weights.
c_only='^lockstep_(trainer_new|train|trainer_step_f(32|64))$'

tr '\n' ' ' <"$SOURCE/include/lockstep/lockstep.h" | grep -oE 'LOCKSTEP_API [^;(]*\(' | grep -oE 'lockstep_[a-z0-9_]+\($' | tr -d '(' | sorted >header
[ "$(wc -l <header)" -ge 30 ] || fail "the header's functions: $(cat header)"
nm -D --defined-only "$BUILD/liblockstep.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sorted >shown
diff header shown >err || fail "lockstep.h and the library's symbols: $(cat err)"
grep -vE "$c_only" header >wanted
grep -oE 'bind\(C, name="lockstep_[a-z0-9_]+"' "$SOURCE/src/api/lockstep.f90" | grep -oE 'lockstep_[a-z0-9_]+' | sorted >fortran
diff wanted fortran >err || fail "lockstep.h and lockstep.f90: $(cat err)"
sed -n '/^_signatures = {/,/^}/s/^    "\([a-z0-9_]*\)":.*/lockstep_\1/p' "$SOURCE/src/api/lockstep.py" | sorted >python
diff wanted python >err || fail "lockstep.h and lockstep.py: $(cat err)"

# What a trainer is given, field by field.
perl -0777 -ne 's{/\*.*?\*/}{}gs; /typedef struct \{([^}]*)\} lockstep_trainer_options/ or die; my $all = $1; $all =~ s/\(\*(\w+)\)\([^)]*\)/$1/g;
  print "$1\n" while $all =~ /(\w+)\s*[,;]/g' "$SOURCE/include/lockstep/lockstep.h" >c.fields
sed -n '/type, bind(C) :: c_options/,/end type/p' "$SOURCE/src/api/lockstep.f90" | sed '1d; $d; s/.*:: *//' | tr -d ' ' | tr ',' '\n' >fortran.fields
sed -n '/^class _Options/,/^$/p' "$SOURCE/src/api/lockstep.py" | grep -oE '\("[a-z_]+"' | tr -d '("' >python.fields
[ "$(wc -l <c.fields)" -ge 11 ] || fail "the fields of lockstep_trainer_options: $(cat c.fields)"
diff c.fields fortran.fields >err || fail "lockstep_trainer_options and Fortran's: $(cat err)"
diff c.fields python.fields >err || fail "lockstep_trainer_options and Python's: $(cat err)"
finish
