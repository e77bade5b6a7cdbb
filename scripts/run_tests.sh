#!/bin/bash
# Runs every test and ends with one line that counts them: `N passed, M failed[, K skipped]`.
#
# Usage: scripts/run_tests.sh [STEP...]; the steps are dev, asan, tsan and the folders of tests/ that hold Python tests.
# Each step leaves build/results/STEP.xml and STEP.status, and STEP/PROGRAM.xml where ctest ran whole programs. A step
# that breaks does not keep the others from running.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
results=$root/build/results
jobs=$(nproc)

# C++: configure, build and run one preset.
cpp() {
  cmake --preset "$1" -DTILL_TEST_SHARES=ON >"$results/$1.configure.log" 2>&1 || { cat "$results/$1.configure.log"; return 1; }
  cmake --build --preset "$1" -- -j "$jobs" || return 1
  rm -rf "build/$1/reports"
  ctest --preset "$1" -j "$jobs" --output-junit "$results/$1.xml"
  local status=$?
  if [ -d "build/$1/reports" ]; then mv "build/$1/reports" "$results/$1"; fi
  return $status
}

# Python: one folder of tests against the installed wheel.
python_tests() {
  TILL_BROWSERS=${TILL_BROWSERS-required} TILL_BUILD_DIR=$root/build/dev TILL_WHEEL=$(ls "$root"/build/wheel/*.whl) \
    .venv/bin/python -m pytest -q -p no:cacheprovider --junitxml "$results/$1.xml" "tests/$1"
}

run() {
  local step=$1 status started=$SECONDS
  shift
  echo
  echo "=== $step"
  "$@"
  status=$?
  echo "$status" >"$results/$step.status"
  echo "=== $step: $([ "$status" -eq 0 ] && echo ok || echo FAILED), $((SECONDS - started)) s"
}

# Runs what waits more than it computes, a few steps at once; each prints when it is done.
run_side_by_side() {
  local step
  for step in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    { run "$step" python_tests "$step" >"$results/$step.log" 2>&1; cat "$results/$step.log"; } &
  done
  wait
}

steps=("$@")
if [ ${#steps[@]} -eq 0 ]; then
  # The largest first, so that none is left to run alone at the end.
  mapfile -t folders < <(find tests -mindepth 2 -maxdepth 2 -name 'test_*.py' -printf '%s %h\n' |
    awk '{size[$2] += $1} END {for (folder in size) print size[folder], folder}' | sort -rn | sed 's|.*tests/||')
  steps=(dev asan tsan venv "${folders[@]}")
fi

rm -rf "$results"
mkdir -p "$results"

# BitPay's reference for identities, for the tests that meet it.
if ! command -v npm >/dev/null; then
  echo "the tests against bitauth are skipped: there is no npm"
elif npm install --no-audit --no-fund --prefix build/node bitauth@0.4.1 >"$results/bitauth.log" 2>&1; then
  export NODE_PATH=$root/build/node/node_modules
else
  echo "the tests against bitauth are skipped: npm cannot install it, see build/results/bitauth.log"
fi
reports=()
python_steps=()
for step in "${steps[@]}"; do
  case $step in
    dev | asan | tsan | clang) run "$step" cpp "$step" ;;
    venv) run venv make --no-print-directory build/venv-test.stamp; continue ;;
    *) python_steps+=("$step") ;;
  esac
  reports+=("$results/$step.xml")
done
run_side_by_side "${python_steps[@]}"

echo
python3 scripts/count_tests.py "${reports[@]}"
