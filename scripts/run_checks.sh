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

format_cpp() { scripts/list_sources.sh | xargs clang-format --dry-run -Werror; }

tidy() {
  cmake --preset clang >/dev/null && cmake --build --preset clang || return 1
  scripts/list_sources.sh 'core/*.cpp' 'bindings/c/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet 2>/dev/null
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
