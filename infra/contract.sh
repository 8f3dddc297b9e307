#!/usr/bin/env bash
# Holds a served demo to its own document: schemathesis makes requests from it, valid and invalid ones, and checks
# every answer. It needs `borg` ($BORG) and schemathesis ($CONTRACT); arguments go to schemathesis. Prints the number
# of requests and of answers by status; fails below 5,000 requests, or if more than a twentieth was not paid or too fast.
set -euo pipefail
cd "$(dirname "$0")/.."
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

# run NAME KEY ARGUMENTS…: one run with one key.
run() {
  local name="$1" key="$2"
  shift 2
  "$CONTRACT/schemathesis" --config-file tests/contract/schemathesis.toml run "$url/openapi.json" \
    --header "Authorization: Bearer $key" --checks all --phases examples,coverage,fuzzing,stateful \
    --seed 5 --generation-database none --report ndjson --report-ndjson-path "$home/$name.ndjson" --no-color "$@"
}
# A key that may revoke itself would end the run: those routes get a key and a run of their own.
run reading "$(key reader)" --exclude-tag keys --max-examples "${EXAMPLES:-60}" "$@"
scopes=profiles:read,communities:read,ranks:read,search:read,stream:read,billing:read,billing:write,keys:write
run keys "$(key holder --scopes "$scopes")" --include-tag keys --max-examples "${EXAMPLES:-20}" "$@"
python3 infra/contract.py "$home"/*.ndjson
