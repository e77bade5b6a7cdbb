#!/bin/bash
# Format, clang-tidy, ruff, mypy and the arrows. Runs them all, then says which failed.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=()

check() {
  local name=$1
  shift
  echo "=== $name"
  "$@" || failed+=("$name")
}

# till.h is C, with contracts laid out by hand.
cpp_files() { git ls-files "$@" | grep -v '^bindings/c/till\.h$'; }

format_cpp() {
  cpp_files 'core/*.h' 'core/*.cpp' 'bindings/*.h' 'bindings/*.cpp' 'tests/*.h' 'tests/*.cpp' 'bench/*.h' 'bench/*.cpp' |
    xargs clang-format --dry-run -Werror
}

tidy() {
  cmake --preset clang >/dev/null && cmake --build --preset clang || return 1
  cpp_files 'core/*.cpp' 'bindings/c/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet 2>/dev/null
}

check clang-format format_cpp
check "ruff check" $bin/ruff check .
check "ruff format" $bin/ruff format --check .
check "mypy --strict" $bin/mypy --strict
check arrows python3 scripts/check_arrows.py
check clang-tidy tidy

echo
if [ ${#failed[@]} -ne 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
echo "all checks passed"
