#!/usr/bin/env bash
# Installs what the build and the tests need if this machine lacks it: a C compiler, PostgreSQL 15+.
# An argument adds more, outside of the clone:
#   emulator  the AWS emulator and SAM, in Python environments
#   browser   Chromium and Node.js
#   contract  schemathesis, in another one
#   clients   what makes and checks clients, from npm and in another one; cargo fetches what the one in Rust takes
#   peers     the libraries that Borg is compared with, in another one
#   fuzz      a nightly compiler and cargo-fuzz
#   wasm      Rust's target for WebAssembly
#   checks    cargo-deny, cargo-machete and typos
#   mutants   cargo-mutants
#   real      Bluesky's own servers, from npm
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
has_postgres() { ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
  /usr/local/opt/postgresql*/bin/initdb >/dev/null 2>&1 || { command -v pg_config && [ -x "$(pg_config --bindir)/initdb" ]; } >/dev/null 2>&1; }

# A Python environment with exactly these packages. It is recreated when they change.
environment() {
  local folder="${BORG_CACHE:-$HOME/.cache/borg}/$1"; shift
  [ "$(cat "$folder/packages" 2>/dev/null)" = "$*" ] && return
  say "installing: $*"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" > "$folder/packages"
}
environments() {
  environment .venv-ministack 'ministack[full]==1.5.33'
  environment .venv-sam aws-sam-cli==1.170.0 cfn-lint==1.58.0
}
contract() { environment .venv-contract schemathesis==4.32.5; }
clients() {
  local folder="${BORG_CACHE:-$HOME/.cache/borg}/clients" here
  here="$(cd "$(dirname "$0")/../tests/clients" && pwd)"
  environment clients/.venv-clients requests==2.34.2 openapi-spec-validator==0.9.0
  cmp -s "$here/package-lock.json" "$folder/node_modules/lock.json" && return
  say "installing: what tests/clients/package.json lists"
  cp "$here"/package*.json "$folder"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  cp "$here/package-lock.json" "$folder/node_modules/lock.json"
}
# Peers that cannot be installed here are skipped; the comparison lists them as missing.
peers() {
  environment .venv-peers numpy==2.4.6 scikit-learn==1.9.1
  local peer pip="${BORG_CACHE:-$HOME/.cache/borg}/.venv-peers/bin/pip"
  for peer in networkit==11.3 igraph==1.0.0 leidenalg==0.12.0 infomap==2.16.0; do
    "$pip" install --quiet --disable-pip-version-check "$peer" || say "left out: $peer"
  done
}

fuzz() {
  rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
  local root="${BORG_CACHE:-$HOME/.cache/borg}/fuzz"
  [ -x "$root/bin/cargo-fuzz" ] || cargo install cargo-fuzz --version 0.13.2 --locked --root "$root"
}

# Only rustup can add a target; without it, the test that needs the target says that it is skipped.
wasm() {
  [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ] && return
  say "installing: wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown || say "left out: wasm32-unknown-unknown"
}

# Tools for cargo, in the versions that are named.
tools() {
  local tool root="${BORG_CACHE:-$HOME/.cache/borg}/checks"
  for tool in "$@"; do
    grep -qs "\"${tool%@*} ${tool#*@} " "$root/.crates.toml" && continue
    say "installing: $tool"
    CARGO_TARGET_DIR="$root/build" cargo install --quiet --locked --root "$root" "$tool"
  done
  rm -rf "$root/build"
}

# What does not come from the system's packages.
rest() {
  case "$1" in
    emulator) environments ;;
    contract) contract ;;
    clients) clients ;;
    peers) peers ;;
    fuzz) fuzz ;;
    wasm) wasm ;;
    checks) tools cargo-deny@0.20.2 cargo-machete@0.9.2 typos-cli@1.52.0 ;;
    mutants) tools cargo-mutants@27.1.0 ;;
    real) "$(dirname "$0")/../tests/real/bluesky/install.sh" ;;
  esac
}

missing=()
command -v cc >/dev/null || missing+=(compiler)
has_postgres || [ -n "${DATABASE_URL:-}" ] || missing+=(postgresql)
command -v cargo >/dev/null || { say "Rust is missing: install it with rustup"; exit 1; }
case "${1:-}" in
  emulator|contract|peers) python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python) ;;
  browser)
    command -v npm >/dev/null || missing+=(npm)
    command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium) ;;
  clients)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python)
    command -v npm >/dev/null || missing+=(npm) ;;
  fuzz) command -v c++ >/dev/null || missing+=(compiler) ;;
  real)
    has_postgres || missing+=(postgresql)
    { command -v make && command -v c++; } >/dev/null || missing+=(compiler)
    command -v python3 >/dev/null || missing+=(python)
    command -v npm >/dev/null || missing+=(npm) ;;
esac
if [ ${#missing[@]} = 0 ]; then rest "${1:-}"; exit; fi

say "installing: ${missing[*]}"
if command -v apt-get >/dev/null; then
  packages=()
  for part in "${missing[@]}"; do case "$part" in
    compiler) packages+=(build-essential) ;;
    postgresql) packages+=(postgresql) ;;
    python) packages+=(python3-venv) ;;
    npm) packages+=(npm) ;;
    chromium) packages+=(chromium) ;;
  esac; done
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >&2
elif command -v brew >/dev/null; then
  for part in "${missing[@]}"; do case "$part" in
    compiler) say "install Apple's command line tools: xcode-select --install"; exit 1 ;;
    postgresql) brew install --quiet postgresql@17 ;;
    python) brew install --quiet python ;;
    npm) brew install --quiet node ;;
    chromium) say "install Chromium and set CHROMIUM to its program"; exit 1 ;;
  esac; done
else
  say "neither apt-get nor brew is here: install ${missing[*]} yourself"; exit 1
fi
rest "${1:-}"
