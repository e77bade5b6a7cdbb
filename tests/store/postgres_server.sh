#!/bin/bash
# A PostgreSQL server of the tests' own, on a Unix socket and a loopback port; fsync stays on.
#
# Usage: postgres_server.sh start FOLDER         makes the database in FOLDER unless it is there, starts it, and prints
#                                                its URLs: over the socket, and over TCP with a password
#        postgres_server.sh stop FOLDER [MODE]   MODE: fast (default), immediate, kill
#        postgres_server.sh pause FOLDER         lets it stand still, with its connections, until
#        postgres_server.sh resume FOLDER
#        postgres_server.sh share FILE           starts one for many tests, in a folder of its own; FILE gets its URLs
#        postgres_server.sh unshare FILE         ends it
#
# PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody. TILL_POSTGRES_BIN names the folder of
# initdb and pg_ctl where they are in no usual place.
set -euo pipefail

command=${1:?} folder=${2:?} mode=${3:-fast}
if [ "$command" = unshare ]; then
  [ -f "$2" ] || exit 0
  folder=$(sed -n '1s/.*host=\([^&]*\).*/\1/p' "$2")
  rm -f "$2"
  "$0" stop "$folder" immediate || true
  rm -rf "$folder"
  exit 0
elif [ "$command" = share ]; then
  "$0" unshare "$2"
  folder=$(mktemp -d /tmp/till-postgres-XXXXXX)
  mkdir -p "$(dirname "$2")"
  "$0" start "$folder" >"$2"
  exit 0
fi
data=$folder/data

bin=${TILL_POSTGRES_BIN:-}
for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(command -v pg_ctl || echo /nowhere/pg_ctl)")"; do
  [ -n "$bin" ] || { [ -x "$candidate/initdb" ] && bin=$candidate; } || true
done
[ -x "$bin/initdb" ] || { echo "postgres_server: no PostgreSQL server here; Debian: apt install postgresql" >&2; exit 1; }

as=()
if [ "$(id -u)" -eq 0 ]; then
  owner=$(id -un postgres 2>/dev/null || echo nobody)
  as=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups)
  mkdir -p "$folder"
  chown "$owner" "$folder"
fi
cd /

run() { env -i PATH="$bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "${as[@]}" "$@"; }

make_database() {
  run bash -c "umask 077; echo open-sesame >'$folder/password'"
  run "$bin/initdb" --pgdata="$data" --username=till --pwfile="$folder/password" --auth-local=trust \
    --auth-host=scram-sha-256 --encoding=UTF8 --no-sync >"$folder/initdb.log"
  local settings="listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 100
log_min_messages = fatal
shared_buffers = 16MB
recovery_init_sync_method = syncfs"
  run bash -c "echo \"$settings\" >>'$data/postgresql.conf'"
  run bash -c "echo $((10000 + RANDOM % 20000)) >'$folder/port'"
}

# A port that somebody else has is given up for another one.
start() {
  [ -f "$data/PG_VERSION" ] || make_database
  local port
  for _ in 1 2 3 4 5; do
    port=$(cat "$folder/port")
    # A server that was killed leaves its children for a moment, and they keep its memory.
    for _ in $(seq 200); do
      run "$bin/pg_ctl" start --pgdata="$data" --log="$folder/log" --wait --timeout=60 --silent \
        --options="-p $port" >/dev/null 2>&1 && break 2
      grep -q "in use" "$folder/log" || break 2
      if grep -q "could not create any TCP/IP sockets" "$folder/log"; then break; fi
      sleep 0.05
    done
    run bash -c "echo $((10000 + RANDOM % 20000)) >'$folder/port'"
  done
  run "$bin/pg_ctl" status --pgdata="$data" >/dev/null || { cat "$folder/log" >&2; exit 1; }
  echo "postgresql://till@/postgres?host=$folder&port=$port"
  echo "postgresql://till:open-sesame@127.0.0.1:$port/postgres?sslmode=disable"
}

# True once the process is gone, or only waits for a parent that never asks: in containers there may be none that does.
is_gone() { [[ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)" =~ ^(Z.*)?$ ]]; }

# pg_ctl would wait for a zombie for ever.
stop() {
  local postmaster all
  postmaster=$(head -1 "$data/postmaster.pid")
  all=$(pgrep -P "$postmaster" || true)
  case $mode in
    fast) kill -INT "$postmaster" ;;
    immediate) kill -QUIT "$postmaster" ;;
    kill) kill -9 "$postmaster" $all || true ;;
  esac
  for process in "$postmaster" $all; do
    for _ in $(seq 1000); do is_gone "$process" && break || sleep 0.01; done
  done
  rm -f "$data/postmaster.pid" "$folder"/.s.PGSQL.*
}

# The children first: what the postmaster misses of them meanwhile it could wonder about.
signal_all() {
  local postmaster
  postmaster=$(head -1 "$data/postmaster.pid")
  kill "-$1" $(pgrep -P "$postmaster") "$postmaster"
}

case $command in
  start) start ;;
  stop) stop ;;
  pause) signal_all STOP ;;
  resume) signal_all CONT ;;
  *) echo "postgres_server: start, stop, pause or resume" >&2; exit 2 ;;
esac
