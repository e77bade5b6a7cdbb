#!/bin/bash
# Installs the Debian 12 packages that one of this project's commands needs, and nothing when all are there.
#
# Usage: scripts/setup_debian.sh demo|build|test|check|bench
# Without root it installs nothing and says which packages are missing.
set -euo pipefail

build=(build-essential g++ cmake ninja-build pkg-config libssl-dev libboost1.81-dev libboost-url1.81-dev
       libsecp256k1-dev liblua5.4-dev libsqlite3-dev ca-certificates)
python=(python3 python3-venv python3-dev)
tests=(libsimdjson-dev libgtest-dev libgmock-dev openssl chromium chromium-driver postgresql libpq5 procps)
benches=(libbenchmark-dev libcurl4-openssl-dev postgresql libpq5 procps)
# Go builds stripe-mock for one test, which is skipped without it: nobody without root is asked for it.
if [ "$(id -u)" -eq 0 ] && ! command -v go >/dev/null; then tests+=(golang-go); fi

case "${1:-}" in
  demo)  packages=("${build[@]}" "${python[@]}") ;;
  build) packages=("${build[@]}" libsimdjson-dev libgtest-dev libgmock-dev) ;;
  test)  packages=("${build[@]}" "${python[@]}" "${tests[@]}") ;;
  check) packages=("${build[@]}" "${python[@]}" "${tests[@]}" "${benches[@]}" clang clang-format clang-tidy) ;;
  bench) packages=("${build[@]}" "${python[@]}" libsimdjson-dev "${benches[@]}") ;;
  *) echo "usage: $0 demo|build|test|check|bench" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is no Debian system; install what these packages hold: ${packages[*]}" >&2
  exit 0
fi
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | sed -n 's/ installed$//p' || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "setup: missing packages; as root run: apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
