#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks: a C compiler, PostgreSQL 15+.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
has_postgres() { ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
  /usr/local/opt/postgresql*/bin/initdb >/dev/null 2>&1 || { command -v pg_config && [ -x "$(pg_config --bindir)/initdb" ]; } >/dev/null 2>&1; }

missing=()
command -v cc >/dev/null || missing+=(compiler)
has_postgres || [ -n "${DATABASE_URL:-}" ] || missing+=(postgresql)
command -v cargo >/dev/null || { say "Rust is missing: install it with rustup"; exit 1; }
[ ${#missing[@]} = 0 ] && exit 0

say "installing: ${missing[*]}"
if command -v apt-get >/dev/null; then
  packages=()
  for part in "${missing[@]}"; do case "$part" in
    compiler) packages+=(build-essential) ;;
    postgresql) packages+=(postgresql) ;;
  esac; done
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >&2
elif command -v brew >/dev/null; then
  for part in "${missing[@]}"; do case "$part" in
    compiler) say "install Apple's command line tools: xcode-select --install"; exit 1 ;;
    postgresql) brew install --quiet postgresql@17 ;;
  esac; done
else
  say "neither apt-get nor brew is here: install ${missing[*]} yourself"; exit 1
fi
