#!/usr/bin/env bash
# Makes every small change of a package that cargo-mutants knows, each alone, and counts how many its own
# unit tests notice: `model`, or what PACKAGE says. Where money is counted (`pricing`, `billing`) it fails if one
# is missed that infra/mutants-equivalent.txt does not have; of other packages 90 of 100 are to be noticed.
# Arguments go to cargo-mutants: `--shard 0/8` takes an eighth.
set -euo pipefail
cd "$(dirname "$0")/.."
package="${PACKAGE:-model}"
out="${CARGO_TARGET_DIR:-target}/mutants-$package"
# What is changed, and how to test it.
how=() tests=()
case "$package" in
  pricing) how=(--profile ci --cargo-arg=--lib) ;;
  # The wallet and ledger in memory, the simulator and the search only serve tests; they find other mistakes,
  # and take half a minute for each change.
  billing)
    how=(--cargo-test-arg=--lib --exclude 'crates/billing/src/twin*' --exclude 'crates/billing/src/twin/**'
      --exclude 'crates/billing/src/simulation*' --exclude 'crates/billing/src/simulation/**'
      --exclude 'crates/billing/src/e*')
    tests=(-- -- --skip exhaustive --skip simulation) ;;
esac
mkdir -p "$out"

# It ends with 2 or 3 if changes were missed or took too long: that is counted below.
status=0
"${CHECKS:-$HOME/.cache/borg/checks/bin}/cargo-mutants" mutants --package "$package" --no-shuffle --timeout 60 \
  --output "$out" ${how[@]+"${how[@]}"} "$@" ${tests[@]+"${tests[@]}"} || status=$?
case "$status" in 0|2|3) ;; *) exit "$status" ;; esac

results() { cat "$out/mutants.out/$1.txt" 2>/dev/null || true; }
caught=$(results caught | wc -l)
# Without lines and columns, which move.
missed=$( { results missed; results timeout; } | sed -E 's/:[0-9]+:[0-9]+: /: /' | sort)
count=$(printf '%s' "$missed" | grep -c . || true)
echo "$package: $caught of $((caught + count)) changes noticed"
case "$package" in
  pricing|billing)
    known=$(grep -v '^#' infra/mutants-equivalent.txt | grep . | sort || true)
    # Each line of the list excuses one change.
    unknown=$(comm -23 <(printf '%s\n' "$missed") <(printf '%s\n' "$known") | grep . || true)
    [ -z "$unknown" ] || { printf 'missed, and not in infra/mutants-equivalent.txt:\n%s\n' "$unknown"; exit 1; } ;;
  *) [ $((caught * 100)) -ge $(((caught + count) * 90)) ] ;;
esac
