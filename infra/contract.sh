#!/usr/bin/env bash
# Holds a served demo to its own document: schemathesis makes requests from it, valid and invalid ones, and checks
# every answer. It needs `borg` ($BORG) and schemathesis ($CONTRACT); arguments go to schemathesis. Prints the number
# of requests and of answers by status; fails below 5,000 requests, or if more than a twentieth was not paid or too fast.
set -euo pipefail
cd "$(dirname "$0")/.."
source infra/demo.sh

# run NAME KEY ARGUMENTS…: one run with one key. Pages of the stream may be waited for, up to 20 seconds.
run() {
  local name="$1" key="$2"
  shift 2
  "$CONTRACT/schemathesis" --config-file tests/contract/schemathesis.toml run "$url/openapi.json" \
    --header "Authorization: Bearer $key" --checks all --phases examples,coverage,fuzzing,stateful \
    --seed 5 --generation-database none --request-timeout 25 --max-response-time 25 --report ndjson --report-ndjson-path "$home/$name.ndjson" --no-color "$@"
}
# Pages of the stream are mostly waited for: they have a run of their own beside the others. A key that may revoke
# itself would end the run: those routes get a key and a run of their own, too.
changes_key=$(key follower)
run changes "$changes_key" --include-tag changes --max-examples "${EXAMPLES:-12}" "$@" >"$home/changes" 2>&1 &
changes=$!
run reading "$(key reader --scopes "${EVERY_SCOPE%,keys:write}")" --exclude-tag keys --exclude-tag changes --max-examples "${EXAMPLES:-12}" "$@"
run keys "$(key holder --scopes "$EVERY_SCOPE")" --include-tag keys --max-examples "${EXAMPLES:-12}" "$@"
wait "$changes" || { cat "$home/changes"; exit 1; }
python3 infra/contract.py "$home"/*.ndjson
