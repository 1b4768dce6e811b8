# Coffer: run, test, measure. Every target works on a fresh Debian machine that has Swift 6.3.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SWIFT  ?= swift
VENV   := .build/venv
PYTEST := $(VENV)/bin/python -m pytest

.PHONY: help run test unit-test acceptance-test lint docs bench release fuzz mutants torture system unmutated python vectors

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: system ## build and start a server on 127.0.0.1:8200
	$(SWIFT) build --product coffer
	scripts/run-server .build/debug/coffer

test: ## lint, the client's documentation, unit tests, acceptance tests, a short fuzzing, a few mutation tests
	scripts/run-tests lint build docs unit acceptance release fuzz mutants

lint: ## formatting and style of every Swift file
	scripts/run-tests lint

docs: system ## the client's documentation, in .build/docs/CofferClient.doccarchive
	$(SWIFT) build --target CofferClient
	scripts/build-docs

unit-test: ## Swift tests only
	scripts/run-tests build unit

acceptance-test: ## Python tests against the debug binary
	scripts/run-tests build acceptance

release: system ## leave a stripped binary in .build/release/coffer
	scripts/build-release

bench: release ## requests per second of the release build, and a million leases
	scripts/install-system bench
	bench/run
	bench/leases
	bench/connections

fuzz: ## a minute of libFuzzer on each parser of untrusted bytes
	scripts/run-fuzzers

mutants: ## small faults put into the code: each must be noticed by a test of its room
	scripts/run-tests build
	scripts/run-mutants

torture: system python release ## 1,000 rounds of kill -9 under load, 15 minutes of cluster simulation and of generated requests, the timing of refused logins, fuzzing, all mutants
	COFFER_BINARY=$(CURDIR)/.build/release/coffer COFFER_CRASH_ROUNDS=$${COFFER_CRASH_ROUNDS:-1000} \
	  $(PYTEST) Tests/acceptance/test_crash.py -s
	$(SWIFT) build --build-tests
	SWIFT_DETERMINISTIC_HASHING=1 COFFER_SIMULATION_SECONDS=$${COFFER_SIMULATION_SECONDS:-900} $(SWIFT) test --skip-build --filter SimulationTests
	COFFER_BINARY=$(CURDIR)/.build/release/coffer COFFER_SCHEMATHESIS_SECONDS=$${COFFER_SCHEMATHESIS_SECONDS:-900} \
	  COFFER_SCHEMATHESIS_SEED=$${COFFER_SCHEMATHESIS_SEED:-$$RANDOM} $(PYTEST) Tests/acceptance/test_schemathesis.py -s
	COFFER_BINARY=$(CURDIR)/.build/release/coffer COFFER_TIMING_LOGINS=$${COFFER_TIMING_LOGINS:-5000} \
	  $(PYTEST) Tests/acceptance/test_login_timing.py -s
	$(MAKE) fuzz
	$(MAKE) mutants

system: unmutated
	@scripts/install-system

# What a killed run of mutation tests left in the sources must not be built.
unmutated:
	@[ ! -d .build/mutants ] || scripts/run-mutants --restore

python: system
	@scripts/install-python

vectors: python
	@scripts/install-vectors
