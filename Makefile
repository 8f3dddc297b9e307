# The commands of README. Each does its own set-up.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(CURDIR)/target
# Paths reach the shell by the environment: whatever is in them, they stay one word.
CACHE := $(or $(BORG_CACHE),$(HOME)/.cache/borg)
export BORG = $(CARGO_TARGET_DIR)/ci/borg
export SAM = $(CACHE)/.venv-sam/bin
export CONTRACT = $(CACHE)/.venv-contract/bin
export CLIENTS = $(CACHE)/clients
export PEERS = $(CACHE)/.venv-peers/bin
export FUZZ = $(CACHE)/fuzz
export CHECKS = $(CACHE)/checks/bin
export DEPLOYED = $(CURDIR)/.local/deployed.json
CARGO := cargo --locked
PROFILE := --profile ci
# What the tests, the lints and the functions are built as, so that all of them share one build.
# `make borg` alone does without the SDKs of AWS.
ALL := $(PROFILE) --workspace --all-features
ARGS ?=

.PHONY: demo test test-here test-contract test-docs test-clients test-real check setup borg release emulator lambda lint-template deploy-local undeploy-local test-deployed fuzz mutants test-long bench-peers deploy

demo: borg  ## crawl, score and serve a sample social web
	"$$BORG" demo $(ARGS)

test: test-here test-contract test-docs test-clients test-deployed  ## every test but that of the real network

test-here: setup  ## the tests that need nothing but PostgreSQL
	@infra/setup.sh wasm
	$(CARGO) build $(ALL) --bins
	$(CARGO) test $(ALL)

test-contract: setup  ## requests made from the API's own document, to a served demo
	@infra/setup.sh contract
	$(CARGO) build $(ALL) --bin borg
	infra/contract.sh $(ARGS)

test-docs: setup  ## the documentation page in a browser: every route is tried
	@infra/setup.sh browser
	$(CARGO) build $(ALL) --bin borg
	infra/docs-page.sh

test-clients: setup  ## clients made from the API's own document, and its examples, on a served demo
	@infra/setup.sh clients
	$(CARGO) build $(ALL) --bin borg
	infra/clients.sh

check: setup  ## formatting, lints, documentation, dependencies and spelling
	cargo fmt --all --check
	@infra/setup.sh checks
	"$$CHECKS"/typos
	"$$CHECKS"/cargo-machete
	"$$CHECKS"/cargo-deny --locked check licenses bans sources
	@if "$$CHECKS"/cargo-deny --locked fetch db 2>/dev/null; then "$$CHECKS"/cargo-deny --locked check advisories; \
	  else echo "SKIPPED: advisories: their database cannot be fetched" >&2; fi
	$(CARGO) clippy $(ALL) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(ALL) --no-deps --document-private-items

borg: setup
	$(CARGO) build $(PROFILE) -p local

release: setup  ## borg to install: without the sample web and the benchmarks
	$(CARGO) build --release -p local --no-default-features

setup:
	@infra/setup.sh

lambda: setup  ## the functions, as template.yaml wants them
	infra/lambda.sh

lint-template: emulator  ## the template, without deploying it
	"$$SAM"/cfn-lint template.yaml infra/*.yaml
	SAM_CLI_TELEMETRY=0 "$$SAM"/sam validate --lint --region us-east-1

deploy-local: emulator  ## the real template with the real binaries, in an emulator on this machine
	infra/lambda.sh --here
	@"$$SAM"/python infra/local.py up $(ARGS)

undeploy-local: emulator  ## ends what deploy-local began
	@"$$SAM"/python infra/local.py down

test-deployed: deploy-local  ## the journeys through the local deployment, then its end
	$(CARGO) build $(ALL) --bin borg
	status=0; export AWS_ENDPOINT_URL=$$("$$SAM"/python infra/local.py endpoint) AWS_DEFAULT_REGION=us-east-1 \
	  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test; \
	$(CARGO) test $(ALL) --test aws || status=$$?; \
	BORG_HOME=$$(mktemp -d) "$$BORG" bench ledger --requests 10000 --process-requests 500 --json || status=$$?; \
	BORG_DEPLOYED="$$DEPLOYED" $(CARGO) test $(ALL) --test journeys deployed -- --nocapture || status=$$?; \
	"$$SAM"/python infra/local.py down; exit $$status

test-real: setup  ## a crawl of Bluesky's own servers; BORG_REAL_ACCOUNTS=all takes 986 accounts
	@infra/setup.sh real || { echo "SKIPPED: test-real: Bluesky's servers cannot be installed" >&2; exit 0; }; \
	$(CARGO) build $(ALL) --bins && \
	BORG_REAL=1 $(CARGO) test $(ALL) --test journeys real:: -- --nocapture

fuzz:  ## broken shards of a snapshot, for a minute or ARGS seconds; takes a nightly compiler
	@infra/setup.sh fuzz
	PATH="$$FUZZ/bin:$$PATH" CARGO_TARGET_DIR="$$FUZZ/target" \
	  cargo +nightly fuzz run shard -- -max_total_time=$(or $(ARGS),60)

mutants:  ## changes of `model`, `pricing` and `billing` that their own tests do not notice
	@infra/setup.sh mutants
	infra/mutants.sh $(ARGS)
	PACKAGE=pricing infra/mutants.sh $(ARGS)
	PACKAGE=billing infra/mutants.sh $(ARGS)

test-long: test-here mutants  ## the tests, and those that take hours
	$(CARGO) test $(PROFILE) --all-features -p pricing -- --ignored --nocapture
	$(CARGO) test $(PROFILE) --all-features -p billing exhaustive -- --nocapture
	$(CARGO) run $(PROFILE) -p billing --features simulation --example simulate -- 10000000
	"$$BORG" bench ledger --json
	BORG_KILLS=50 $(CARGO) test $(ALL) --test journeys billing_kills -- --nocapture

bench-peers: borg  ## Borg beside other libraries on the same graphs: docs/benchmarks.md
	@infra/setup.sh peers
	@"$$PEERS"/python infra/peers.py --borg "$$BORG" $(ARGS)

deploy: emulator lambda  ## to AWS, with your credentials: docs/deploy.md
	SAM_CLI_TELEMETRY=0 "$$SAM"/sam deploy $(ARGS)

emulator:
	@infra/setup.sh emulator
