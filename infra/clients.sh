#!/usr/bin/env bash
# Makes clients from the document of a served demo: every example in it runs and is answered as the document says;
# programs over types that `openapi-typescript` makes from it compile, from the form of 3.0 too; so does one in Rust over
# the client that `progenitor` makes from that form, and it reads the demo; and one in TypeScript follows the change
# stream until it has what an export has. It needs `borg` ($BORG), and what `infra/setup.sh clients` installs ($CLIENTS),
# where what is compiled stays.
set -euo pipefail
cd "$(dirname "$0")/.."
source infra/demo.sh
BORG_KEY=$(key builder --scopes "$EVERY_SCOPE")
export BORG_KEY
# Examples of privacy requests say it; it opens none.
export BORG_PRIVACY_SECRET=none

work="$home/clients"
mkdir -p "$work/samples"
cp tests/clients/*.ts tests/clients/tsconfig.json "$work"
ln -s "$CLIENTS/node_modules" "$work/node_modules"
"$CLIENTS/.venv-clients/bin/python" tests/clients/samples.py "$url" "$work/samples"
for document in openapi.json openapi-3.0.json; do
  (cd "$work" && node_modules/.bin/openapi-typescript "$url/$document" --output api.d.ts >/dev/null 2>"$home/types") ||
    { cat "$home/types" >&2; exit 1; }
  (cd "$work" && node_modules/.bin/tsc)
  echo "types of $document: compiled"
done
curl --silent --show-error --fail "$url/openapi-3.0.json" --output "$work/openapi-3.0.json"
mkdir -p "$CLIENTS/rust/src"
# Cargo goes by times: a file that is as it was keeps its own, so that nothing is compiled again.
(cd tests/clients/rust && install -C -m 644 Cargo.toml Cargo.lock build.rs "$work/openapi-3.0.json" "$CLIENTS/rust" &&
  install -C -m 644 src/main.rs "$CLIENTS/rust/src")
BORG_URL="$url" CARGO_TARGET_DIR="$CLIENTS/rust-target" \
  cargo run --locked --quiet --manifest-path "$CLIENTS/rust/Cargo.toml"
echo '{"type": "module"}' >"$work/package.json"
(cd "$work" && node_modules/.bin/tsc --noEmit false --outDir js)
sed -i 's|from "./http"|from "./http.js"|' "$work/js/follow.js"
BORG_URL="$url" DEMO_HOME="$BORG_HOME/demo" node "$work/js/follow.js"
