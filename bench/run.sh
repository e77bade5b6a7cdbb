#!/bin/bash
# Runs every benchmark. Each prints its own ratios to a limit or a peer measured in the same run; absolute times vary with
# the machine. Needs the `bench` preset built and the Python package in .venv. Fails when a target is missed.
set -uo pipefail
cd "$(dirname "$0")/.."
programs=build/bench/bench
python=.venv/bin/python
missed=()

measure() {
  local title=$1
  shift
  printf '\n=== %s\n' "$title"
  "$@" 2>build/bench/stderr.log && return
  cat build/bench/stderr.log
  missed+=("$title")
}

measure "signing (target: 1.10 of bare libsecp256k1) and HMAC" $programs/till_bench_crypto
measure "a Standard Webhook of 1 KiB, beside the blocks of its HMAC" $programs/till_bench_webhook
measure "HTTP client, CPU time per request (target: below libcurl multi)" $python bench/http_peers.py $programs/till_bench_http
measure "scripts: a fresh sandbox, and a mapping" $programs/till_bench_script
measure "one payments.create without I/O (target: 2.1 signatures, 40 us where one takes 19, each way)" $programs/till_bench_operation
measure "durable events, 64 waiting, beside the disk's fdatasync" $programs/till_bench_store
measure "calls from Python beside calls from C++" $python bench/python_calls.py $programs/till_bench_operation

echo
if [ ${#missed[@]} -ne 0 ]; then
  printf 'missed or broken: %s\n' "${missed[@]}"
  exit 1
fi
echo "every target met"
