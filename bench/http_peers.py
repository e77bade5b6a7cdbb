"""till_bench_http, and then Python's httpx on the same server: CPU time per request, as ratios to till's.

Usage: python bench/http_peers.py build/bench/bench/till_bench_http   (needs httpx)
"""

from __future__ import annotations

import asyncio
import re
import resource
import ssl
import statistics
import subprocess
import sys

import httpx

IN_FLIGHT = 16
ROUNDS = 5
REQUESTS = 1_600
HEADERS = {
    "X-Api-Key": "sk_test_0123456789",
    "Content-Type": "application/json",
    "Accept": "application/json",
}
BODY = b'{"amount":150.00,"currency":"BZD","reference":"1234","return_url":"https://shop.example/thanks"}'


def cpu_us() -> float:
    """User and system time of this process in microseconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def check(reply: httpx.Response) -> None:
    if reply.status_code != 200 or len(reply.content) < 1000:
        raise SystemExit("a request failed")


def sync_round(client: httpx.Client, url: str) -> float:
    before = cpu_us()
    for _ in range(REQUESTS):
        check(client.post(url, content=BODY, headers=HEADERS))
    return (cpu_us() - before) / REQUESTS


async def async_round(client: httpx.AsyncClient, url: str) -> float:
    async def worker() -> None:
        for _ in range(REQUESTS // IN_FLIGHT):
            check(await client.post(url, content=BODY, headers=HEADERS))

    before = cpu_us()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return (cpu_us() - before) / REQUESTS


async def measure_async(url: str, verify: ssl.SSLContext) -> list[float]:
    async with httpx.AsyncClient(verify=verify) as client:
        await async_round(client, url)
        return [await async_round(client, url) for _ in range(ROUNDS)]


def measure_sync(url: str, verify: ssl.SSLContext) -> list[float]:
    with httpx.Client(verify=verify) as client:
        sync_round(client, url)
        return [sync_round(client, url) for _ in range(ROUNDS)]


def till_us(program: str) -> dict[str, float]:
    """Runs the comparison with libcurl, shows it, and returns till's CPU time of each kind."""
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        raise SystemExit("till needs more CPU time than libcurl")
    return {kind: float(us) for kind, us in re.findall(r"^(\w+) +till +([\d.]+) us", done.stdout, re.M)}


def main() -> None:
    ours = till_us(sys.argv[1])
    server = subprocess.Popen(
        [sys.argv[1], "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None and server.stdout is not None
    try:
        for name in ("plain", "tls"):
            url, ca_file = server.stdout.readline().split()
            verify = ssl.create_default_context(cafile=None if ca_file == "-" else ca_file)
            one_by_one = statistics.median(measure_sync(url, verify))
            at_once = statistics.median(asyncio.run(measure_async(url, verify)))
            print(
                f"{name:5}  httpx {one_by_one:.0f} us CPU one at a time, ratio {ours[name] / one_by_one:.3f};"
                f" {at_once:.0f} us CPU {IN_FLIGHT} in flight, ratio {ours[name] / at_once:.3f}"
            )
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
