#!/usr/bin/env bash
# Holds a served demo to its own document: schemathesis makes requests from it, valid and invalid ones, and checks
# every answer. It needs `borg` ($BORG) and schemathesis ($CONTRACT); arguments go to schemathesis. Prints the number
# of requests and of answers by status; fails below 5,000 requests, or if more than a twentieth was not paid or too fast.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/demo.sh
serve_demo

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
