#!/bin/bash
# Includes point one way, and the check sees each way to break that.
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
"$SOURCE/scripts/check-includes" || fail "the sources"
cp -r "$SOURCE/src" src
# planted FILE LINE: refused
planted() {
  cp "src/$1" saved || die "there is no src/$1"
  echo "$2" >>"src/$1"
  "$SOURCE/scripts/check-includes" src 2>said && fail "unseen in $1: $2"
  grep -qF "${1#./}:" said || fail "$1: not named: $(cat said)"
  cp saved "src/$1"
}
planted base/mem.c '#include "io/json.h"'
planted data/open.c '#include "model/model.h"'
planted data/formats/idx.c '#include "model/model.h"'
planted data/formats/hdf5.c '#include <hdf5.h>'
planted data/formats/idx.c '#include "data/formats/../format.h"'
planted config/config.c '#include "view/plot.h"'
planted view/plot.c '# include "train/run.h"'
planted train/run.c '#include "cli/cli.h"'
planted train/run.c '#include <mpi.h>'
planted train/run.c '#include <hdf5.h>'
planted comm/comm.c '#include "hdf5_hl.h"'
planted main.c '#include <mpi.h>'
planted cli/cli.c '#include "../io/json.h"'
mkdir src/attic; echo >src/attic/x.c
"$SOURCE/scripts/check-includes" src 2>said && fail "a room that nobody knows"
finish
