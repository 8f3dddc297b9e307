#!/usr/bin/env bash
# Builds every function as build/lambda/<name>/bootstrap, the path in template.yaml.
#   infra/lambda.sh         for AWS: fails if a binary needs a newer glibc than Amazon Linux 2023 has
#   infra/lambda.sh --here  for the emulator on this machine
set -euo pipefail
cd "$(dirname "$0")/.."

GLIBC_MAX=2.34
functions=(api-gateway billing-meter crawl-dispatch deliver export graph-score migrate operate platform-fetch webhook-dispatch)

# The whole workspace with the options of the tests, so that one build serves both.
cargo --locked build --profile ci --workspace --all-features --bins

for name in "${functions[@]}"; do
  to="build/lambda/$name/bootstrap"
  mkdir -p "${to%/*}"
  # A running function may have the old file open: replace the file, do not overwrite it.
  cp "${CARGO_TARGET_DIR:-target}/ci/$name" "$to.new"
  strip "$to.new"
  mv "$to.new" "$to"
  [ "${1:-}" = --here ] && continue
  needs=$(objdump -T "$to" | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -1)
  if [ "$(printf '%s\n' "GLIBC_$GLIBC_MAX" "$needs" | sort -V | tail -1)" != "GLIBC_$GLIBC_MAX" ]; then
    echo "$name needs $needs, and Lambda has $GLIBC_MAX: build on Debian 12 or Amazon Linux 2023" >&2
    exit 1
  fi
done
