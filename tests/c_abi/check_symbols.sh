#!/bin/bash
# The shared library exports the functions that till.h declares, no other symbol, and at most 60 of them.
#
# Usage: check_symbols.sh LIBTILL.SO TILL.H
set -euo pipefail

exported=$(nm -D --defined-only "$1" | awk '{print $3}' | sort)
declared=$(grep '^TILL_API' "$2" | grep -o 'till_[a-z_]*(' | tr -d '(' | sort)
if [ "$exported" != "$declared" ]; then
  echo "exported (<) and declared (>) differ:"
  diff <(echo "$exported") <(echo "$declared")
  exit 1
fi
count=$(wc -l <<<"$declared")
echo "$count functions"
[ "$count" -le 60 ]
