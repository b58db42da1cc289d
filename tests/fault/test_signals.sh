#!/bin/bash
# R8, a few. SIGNALS=n for more.
set -u
# shellcheck source=tests/fault/signals.sh
. "$SOURCE/tests/fault/signals.sh"
few() { signals "${SIGNALS:-3}"; }
cases few
