#!/bin/bash
# Runs every benchmark. Each prints its own ratios to a limit or a peer measured in the same run; absolute times vary with
# the machine. Needs the `bench` preset built and the Python package in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=build/bench/bench
python=.venv/bin/python

section() { printf '\n=== %s\n' "$1"; }

section "signing and HMAC, beside the bare libraries"
$programs/till_bench_crypto
section "a Standard Webhook of 1 KiB, beside the blocks of its HMAC"
$programs/till_bench_webhook
section "HTTP client, beside libcurl multi: CPU time per request at 16 in flight"
$programs/till_bench_http
section "HTTP in Python on the same server: httpx"
$python bench/http_peers.py $programs/till_bench_http
section "scripts: a fresh sandbox, and a mapping"
$programs/till_bench_script
section "one payments.create without I/O (limit: 40 us each way)"
$programs/till_bench_operation
section "calls from Python beside calls from C++"
$python bench/python_calls.py $programs/till_bench_operation
