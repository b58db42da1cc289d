#!/bin/bash
# R7, the quick part: a stopped rank on the same node and on another, and one that is late in a collective.
set -u
# shellcheck source=tests/fault/stuck.sh
. "$SOURCE/tests/fault/stuck.sh"
alone() { LOCKSTEP_RANKS_PER_NODE=1 "$@"; }
stopped() { stuck "forward and backward" 1 9 stop shared "$(near 1 'forward and backward')"; }
elsewhere() { alone stuck gather 2 9 stop tree "rank 2 on $HOST"; }
late() { stuck ls_comm_sum 0 2 600000 shared "$(near 0 '[^)]*')"; }
all() { at_once stopped elsewhere late; }
cases all
