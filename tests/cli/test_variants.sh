#!/bin/bash
# Built with MPICH instead of Open MPI, the same tests of the exchange pass and the same bytes come out. More variants: scripts/variants.
# label: full
exec "$SOURCE/scripts/variants" --quick "$PWD"
