# What the scripts under tests/real share. Source it, don't run it.
set -euo pipefail

# What the environment says to the user's own PostgreSQL is not for the one of the tests.
unset ${!PG@}
export LC_ALL=C

REAL="${BORG_CACHE:-$HOME/.cache/borg}/real"
NODE_VERSION=22.23.3
case "$(uname -s)" in Linux) SYSTEM=linux ;; Darwin) SYSTEM=darwin ;; *) SYSTEM=unknown ;; esac
case "$(uname -m)" in x86_64) MACHINE=x64 ;; aarch64 | arm64) MACHINE=arm64 ;; *) MACHINE=unknown ;; esac
NODE_PACKAGE="node-$SYSTEM-$MACHINE"
NODE_HOME="$REAL/node-$NODE_VERSION/node_modules/$NODE_PACKAGE"
export PATH="$NODE_HOME/bin:$PATH"

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# The folder of PostgreSQL's newest binaries; nothing where there is none.
postgres_bin() {
  local bin
  for bin in $(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin \
    /usr/local/opt/postgresql*/bin 2>/dev/null | sort -rV) "$(pg_config --bindir 2>/dev/null)"; do
    [ ! -x "$bin/initdb" ] || { echo "$bin"; return; }
  done
}

# A folder for one run. It goes, and every child that `spawn` started ends, the last one first,
# when the script ends, is told to, or fails. In /tmp, whatever TMPDIR says: the user who runs
# PostgreSQL must get there, and a socket's path must be short.
CHILDREN=()
scratch() {
  SCRATCH="$(mktemp -d /tmp/borg-real.XXXXXX)"
  chmod 711 "$SCRATCH"
  trap finish EXIT
  trap 'exit 0' TERM INT HUP
}

# spawn LOG COMMAND…
spawn() { local log="$1"; shift; "$@" >> "$log" 2>&1 < /dev/null & CHILDREN+=($!); }

finish() {
  local code=$? at
  trap - EXIT
  trap '' TERM INT HUP
  for ((at = ${#CHILDREN[@]} - 1; at >= 0; at--)); do end "${CHILDREN[$at]}"; done
  rm -rf "$SCRATCH"
  exit "$code"
}

# end PID: it has 20 seconds to end in order.
end() {
  local tries
  kill -TERM "$1" 2>/dev/null || return 0
  for ((tries = 0; tries < 200; tries++)); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$1" 2>/dev/null || true
}

# A moment. Whoever started the script holds its standard input open: where that ends, however it
# came to it, nobody is left to tell the script to end.
moment() {
  local line
  read -r -t 0.2 line || [ $? -gt 128 ] || exit 0
}

# Whether every child still runs.
all_run() {
  local pid
  for pid in "${CHILDREN[@]}"; do kill -0 "$pid" 2>/dev/null || return 1; done
}

# await SECONDS LOG COMMAND…: until COMMAND succeeds. Shows the log's end where it will not.
await() {
  local until=$((SECONDS + $1)) log="$2"; shift 2
  until "$@" > /dev/null 2>&1; do
    all_run || { tail -n 30 "$log" >&2; fail "a server ended by itself"; }
    [ "$SECONDS" -lt "$until" ] || { tail -n 30 "$log" >&2; fail "not in time: $*"; }
    moment
  done
}

# run COMMAND…: to its end, but ready to be told to end meanwhile.
run() {
  local pid
  "$@" < /dev/null & pid=$!
  CHILDREN+=("$pid")
  while kill -0 "$pid" 2>/dev/null; do moment; done
  CHILDREN=("${CHILDREN[@]:0:${#CHILDREN[@]}-1}")
  wait "$pid"
}

# Until somebody says so.
serve() {
  while all_run; do moment; done
  fail "a server ended by itself"
}
