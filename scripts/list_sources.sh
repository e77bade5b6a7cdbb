#!/bin/bash
# Prints the C++ sources in the house's format, which `make format` writes and `make check` checks. till.h is C, with
# contracts laid out by hand.
#
# Usage: scripts/list_sources.sh [PATTERN...]; git's patterns, by default those of all.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then set -- {core,bindings,tests,bench}/{'*.h','*.cpp'}; fi
git ls-files "$@" | grep -v '^bindings/c/till\.h$'
