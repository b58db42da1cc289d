#!/bin/bash
# R7, the quick part: a stopped rank on the same node, on another, in hogwild and in MPI's end, and one that is late in a collective or in hogwild.
set -u
# shellcheck source=tests/fault/stuck.sh
. "$SOURCE/tests/fault/stuck.sh"
alone() { LOCKSTEP_RANKS_PER_NODE=1 "$@"; }
stopped() { stuck "forward and backward" 1 9 stop shared "$(near 1 'forward and backward')"; }
elsewhere() { alone stuck gather 2 9 stop tree "rank 2 on $HOST, or for one that it waits for"; }
late() { stuck ls_comm_sum 0 2 600000 shared "$(near 0 '[^)]*')"; }
asleep() { apart "forward and backward" 1 1 stop hogwild; }
slow() { apart update 2 1 600000 hogwild; }
ending() { stuck "leaving MPI" 1 1 stop shared "$(near 1 'leaving MPI')"; }
all() { at_once stopped elsewhere late; at_once asleep slow ending; }
cases all
