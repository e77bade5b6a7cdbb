"""Calls from Python beside the same calls from C++: what the boundary and the typed results cost.

Both step one `check` of OpenPay to its end without I/O, in turn, and the medians are compared.

Usage: python bench/python_calls.py build/bench/bench/till_bench_operation
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

import till

ROUNDS = 5
CALLS = 5_000
REPLY = b'{"success":true,"data":[]}'


def cpp_us(program: str) -> float:
    """CPU time of one call from C++ in microseconds."""
    command = [
        program,
        "--benchmark_filter=step_check",
        "--benchmark_format=json",
        "--benchmark_min_time=0.2",
    ]
    report = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return float(report["benchmarks"][0]["cpu_time"])


def python_us(shop: till.Gateway) -> float:
    """CPU time of one call from Python in microseconds."""
    before = time.process_time_ns()
    for _ in range(CALLS):
        exchange = shop.exchange("check", {})
        assert exchange.request is not None
        exchange.reply(200, (), REPLY)
        assert exchange.result().ok
    return (time.process_time_ns() - before) / CALLS / 1000


def main() -> None:
    program = sys.argv[1]
    shop = till.Gateway("openpay", {"api_key": "sk_test_0123456789"}, runtime=till.Runtime(store="memory"))
    cpp, python = [], []
    for _ in range(ROUNDS):
        cpp.append(cpp_us(program))
        python.append(python_us(shop))
    inside, outside = statistics.median(cpp), statistics.median(python)
    print(
        f"one operation stepped: C++ {inside:.1f} us, Python {outside:.1f} us, ratio {outside / inside:.2f}"
    )


if __name__ == "__main__":
    main()
