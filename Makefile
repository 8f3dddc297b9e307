# The commands of README. Each does its own set-up.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(CURDIR)/target
CARGO := cargo --locked
PROFILE := --profile ci
BORG = $(CARGO_TARGET_DIR)/ci/borg
ARGS ?=

.PHONY: demo test check setup borg

demo: borg  ## crawl, score and serve a sample social web
	$(BORG) demo $(ARGS)

test: borg  ## every test
	$(CARGO) test $(PROFILE) --workspace

check: setup  ## formatting, lints and documentation
	cargo fmt --all --check
	$(CARGO) clippy $(PROFILE) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(PROFILE) --workspace --no-deps --document-private-items

borg: setup
	$(CARGO) build $(PROFILE) -p local

setup:
	@infra/setup.sh
