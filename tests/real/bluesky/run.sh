#!/usr/bin/env bash
# Starts a Bluesky network on loopback, on free ports, fills it, and prints one line of JSON when
# the AppView shows all of it: {"plc":URL,"pds":URL,"appview":URL,"truth":FILE}. Everything ends
# and goes on TERM, or when standard input does.
#   run.sh EDGES.tsv.gz DEPARTMENTS.tsv.gz [COUNT]    as for world.mjs
. "$(dirname "$0")/../servers.sh"
HERE="$(cd "$(dirname "$0")" && pwd)"
. "$HERE/version.sh"
PG_BIN="$(postgres_bin)"
LOOPBACK=(--require "$HERE/loopback.cjs")

# PostgreSQL does not run as root: root lends it to the user that its package made.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then exec setpriv --reuid postgres --regid postgres --clear-groups "$@"
  else exec "$@"; fi
}

# Listens on a socket only. What it holds need not survive anything.
start_postgres() {
  local folder="$SCRATCH/postgres" log="$SCRATCH/postgres.log"
  mkdir "$folder"
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  (cd / && as_postgres "$PG_BIN/initdb" -D "$folder/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C --no-sync) > "$log" 2>&1 ||
    { tail -n 30 "$log" >&2; fail "PostgreSQL's initdb does not run"; }
  cd /
  spawn "$log" as_postgres "$PG_BIN/postgres" -D "$folder/data" -c listen_addresses= -k "$folder" \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off
  await 60 "$log" "$PG_BIN/pg_isready" -q -h "$folder"
}

start_network() {
  local log="$SCRATCH/network.log"
  mkdir "$SCRATCH/tmp"
  cd "$SERVERS"
  spawn "$log" env TMPDIR="$SCRATCH/tmp" node "${LOOPBACK[@]}" "$HERE/network.mjs" \
    "$PG_URL" "$SCRATCH/network.json"
  await 120 "$log" test -s "$SCRATCH/network.json"
}

fill() {
  node "$HERE/world.mjs" "$@" > "$SCRATCH/world.json"
  run node "${LOOPBACK[@]}" "$HERE/seed.mjs" "$SCRATCH"/{world,network}.json "$PG_URL" >&2 ||
    { tail -n 30 "$SCRATCH/network.log" >&2; fail "the network is not filled"; }
}

[ $# -ge 2 ] || fail "usage: run.sh EDGES.tsv.gz DEPARTMENTS.tsv.gz [COUNT]"
EDGES="$(readlink -f "$1")" DEPARTMENTS="$(readlink -f "$2")"
scratch
PG_URL="postgresql://postgres@localhost/postgres?host=$SCRATCH/postgres"
start_postgres
start_network
fill "$EDGES" "$DEPARTMENTS" "${3:-300}"
cat "$SCRATCH/network.json"
serve
