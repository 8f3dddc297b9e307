#!/usr/bin/env bash
# Installs Node and Bluesky's own servers (PLC directory, PDS, AppView, bsync, dataplane) from npm,
# outside of the clone, and skips what is there. `infra/setup.sh real` sees to what it needs.
. "$(dirname "$0")/../servers.sh"
. "$(dirname "$0")/version.sh"

# npm_install ARGUMENT…, into a folder that `place` moves to where it belongs once it is whole.
npm_install() {
  mkdir -p "$REAL"
  PART="$(mktemp -d "$REAL/part.XXXXXX")"
  trap 'rm -rf "$PART"' EXIT
  echo '{"private":true}' > "$PART/package.json"
  (cd "$PART" && npm install --no-audit --no-fund --loglevel=error "$@" >&2)
}
place() { rm -rf "$1"; mv "$PART" "$1"; }

sqlite_loads() { (cd "$1" && node -e 'new (require("better-sqlite3"))(":memory:").close()') 2>/dev/null; }

# The one package with a script that is needed: npm brings the builder, Node's package the headers.
build_sqlite() {
  local npm gyp log="$PART/sqlite.log"
  say "building better-sqlite3 (half a minute to four)"
  npm="$(dirname "$(readlink -f "$(command -v npm)")")/.."
  gyp="$npm/node_modules/node-gyp/bin/node-gyp.js"
  [ -f "$gyp" ] || gyp="$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js"
  (cd "$PART/node_modules/better-sqlite3" &&
    node "$gyp" rebuild --release --jobs=max --nodedir="$NODE_HOME") > "$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "better-sqlite3 does not build"; }
  sqlite_loads "$PART" || fail "better-sqlite3 does not load"
}

if [ ! -x "$NODE_HOME/bin/node" ]; then
  say "installing Node $NODE_VERSION"
  npm_install "$NODE_PACKAGE@$NODE_VERSION"
  place "$REAL/node-$NODE_VERSION"
fi
if ! sqlite_loads "$SERVERS"; then
  say "installing Bluesky's servers, @atproto/dev-env $DEV_ENV (half a minute to three)"
  # Packages' scripts would download binaries from elsewhere.
  npm_install --ignore-scripts --before "$NEWEST" "@atproto/dev-env@$DEV_ENV"
  build_sqlite
  place "$SERVERS"
fi
