#!/usr/bin/env bash
# Makes every small change of a package that cargo-mutants knows, each alone, and counts how many its own
# tests notice: `model`, or what PACKAGE says. Fails if fewer are noticed than it asks of the package. Arguments
# go to cargo-mutants: `--shard 0/8` takes an eighth.
set -euo pipefail
cd "$(dirname "$0")/.."
package="${PACKAGE:-model}"
out="${CARGO_TARGET_DIR:-target}/mutants-$package"
# Percent that must be noticed, and how to test.
case "$package" in
  # Money: every one. Code is written so that none is without effect; its unit tests notice all.
  pricing) least=100; how=(--profile ci --cargo-arg=--lib) ;;
  *) least=90; how=() ;;
esac
mkdir -p "$out"

# It ends with 2 or 3 if changes were missed or took too long: that is counted below.
status=0
"${CHECKS:-$HOME/.cache/borg/checks/bin}/cargo-mutants" mutants --package "$package" --no-shuffle --timeout 60 \
  --output "$out" "$@" ${how[@]+"${how[@]}"} || status=$?
case "$status" in 0|2|3) ;; *) exit "$status" ;; esac

lines() { cat "$out/mutants.out/$1.txt" 2>/dev/null | wc -l; }
caught=$(lines caught)
tried=$((caught + $(lines missed) + $(lines timeout)))
echo "$caught of $tried changes noticed"
[ $((caught * 100)) -ge $((tried * least)) ]
