# To be sourced: serves a small demo until the script ends. Sets $url; `key ACCOUNT OPTIONS…` prints a new key.
home=$(mktemp -d)
export BORG_HOME="$home/state"
"$BORG" demo --people 300 --seed 5 --addr 127.0.0.1:0 --json >"$home/demo" 2>"$home/log" &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; rm -rf "$home"' EXIT
until [ -s "$home/demo" ]; do
  kill -0 "$demo" 2>/dev/null || { cat "$home/log" >&2; exit 1; }
  sleep 0.2
done
url=$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["url"])' <"$home/demo")

# A key of an account of its own; arguments are options of `borg key create`.
key() {
  BORG_HOME="$BORG_HOME/demo" "$BORG" key create --account "$1" --credits 1000000 --daily-cap 1000000 --json "${@:2}" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])'
}
EVERY_SCOPE=profiles:read,communities:read,ranks:read,search:read,stream:read,billing:read,billing:write,export:write,keys:write
