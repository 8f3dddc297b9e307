#!/usr/bin/env bash
# Opens the documentation page of a served demo in Chromium, tries every route with its examples, and looks for what
# keeps people out (axe-core) and for requests to other servers. It needs `borg` ($BORG), Chromium and npm.
set -euo pipefail
cd "$(dirname "$0")/.."
modules="${BORG_CACHE:-$HOME/.cache/borg}/docs-page"
mkdir -p "$modules"
if ! cmp -s tests/docs/package.json "$modules/package.json"; then
  cp tests/docs/package.json "$modules/"
  npm --prefix "$modules" install --silent --no-audit --no-fund --ignore-scripts
fi
source infra/demo.sh
URL="$url" KEY="$(key holder --scopes "$EVERY_SCOPE")" MODULES="$modules/node_modules" node tests/docs/page.mjs
