#!/bin/bash
# R8, more. SIGNALS=100 is what is promised.
# label: full
set -u
# shellcheck source=tests/fault/signals.sh
. "$SOURCE/tests/fault/signals.sh"
many() { signals "${SIGNALS:-12}"; }
cases many
