#!/bin/bash
# Builds the Python wheel of this checkout and shows how far the compiler is.
#
# Usage: scripts/build_wheel.sh PYTHON FOLDER; the folder then holds one wheel.
set -uo pipefail
python=$1 folder=$2 log=$2.log

rm -rf "$folder" && mkdir -p "$folder"
echo "wheel: building (the whole log is $log)"
"$python" -m pip wheel --disable-pip-version-check --no-deps -v -w "$folder" . 2>&1 | tee "$log" |
  grep --line-buffered -oE '^ *\[[0-9]+/[0-9]+\] .{1,100}'  # no awk here: Debian's would hold the lines back
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
  tail -n 60 "$log" >&2
  echo "wheel: failed" >&2
  exit "$status"
fi
ls -l "$folder"/*.whl | awk '{ printf "wheel: %s, %.1f MB\n", $NF, $5 / 1048576 }'
