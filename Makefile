# Everything installs itself into .venv on first use; needs Python 3.11 or 3.12 and nothing else.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for name in python3.11 python3.12 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$name && break; done)
endif
BIN := .venv/bin
STAMP := .venv/.installed
# As many test processes: they wait more than they work. PYTEST passes further options: make test PYTEST="-k fold"
JOBS ?= 3
PYTEST ?=
BUF := @bufbuild/buf@1.75.0
PROTOS = $(wildcard protos/*/v1/*.proto)

.PHONY: help up demo migrate test test-long lint format types protos protos-check bench lock

help:
	@echo "make up         start everything (PostgreSQL and Redis too) on http://127.0.0.1:4000"
	@echo "make demo       the same with a recorded protocol put through it"
	@echo "make migrate    bring the database of DATABASE_URL up to date"
	@echo "make test       every test but the long ones;  make test-long: the long ones"
	@echo "make lint       style;  make types: types;  make format: mend the style"
	@echo "make protos     generate code from protos/;  make protos-check: is it current?"
	@echo "make bench      figures;  make lock: renew requirements.lock (needs uv)"

$(STAMP): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the environment (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

up: $(STAMP)
	@exec $(BIN)/python -m vaultline up

demo: $(STAMP)
	@exec $(BIN)/python -m vaultline demo $(DEMO)

migrate: $(STAMP)
	@exec $(BIN)/python -m vaultline migrate

test: $(STAMP)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not long" $(PYTEST)

test-long: $(STAMP)
	@$(BIN)/python -m pytest -m long $(PYTEST)

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "run: make format" >&2; exit 1; }

format: $(STAMP)
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

types: $(STAMP)
	@$(BIN)/mypy --no-error-summary

protos: $(STAMP)
	@$(call generate,.)

# Generated code must be what the .proto files give, and the .proto files must pass buf.
protos-check: $(STAMP)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(call generate,$$folder) && \
	for file in $$(cd "$$folder" && find protos -type f); do \
		cmp -s "$$folder/$$file" "$$file" || { echo "$$file is not current: make protos" >&2; exit 1; }; \
	done
	@if command -v npx >/dev/null; then npx --yes --loglevel=error $(BUF) lint; \
	else echo "Node.js is not installed: buf lint is left out"; fi

bench: $(STAMP)
	@exec $(BIN)/python -m bench

# One lock for every platform, with hashes, and the part of it that the image needs; made with uv, which nothing else needs.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
lock:
	@$(LOCK) --extra embedded --extra dev -o requirements.lock
	@$(LOCK) -c requirements.lock -o deploy/requirements.lock

define generate
$(BIN)/python -m grpc_tools.protoc -I. --python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) $(PROTOS)
endef
