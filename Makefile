# Both `make demo` and `make test` need Python 3.11 or newer (with venv) and git, and set up the rest
# in .venv. `make PYTHON=/path/to/python3.13 …` chooses the Python. Works with make 3.81 (macOS).

SHELL = /bin/sh
VENV = .venv
BIN = $(VENV)/bin

ifndef PYTHON
PYTHON := $(shell for each in python3 python python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$each && break; done)
endif

.PHONY: help demo test lint bench

help:
	@echo 'make demo                 a round on a small skills repository, with a real model on this machine'
	@echo 'make demo ARGS=--replay   the same from recorded replies: seconds, no model'
	@echo 'make test                 style, types, architecture and all tests (ARGS goes to pytest)'
	@echo 'make lint                 style, types and architecture only'
	@echo 'make bench                rounds against a simulated endpoint, two minutes; writes bench.json'

demo: $(VENV)/.demo
	@$(BIN)/skillgit demo $(ARGS)

test: lint
	$(BIN)/pytest --cov --cov-report=term:skip-covered $(if $(ARGS),$(ARGS),--cov-fail-under=95)

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	PYTHONPATH=tests $(BIN)/python -m benchmarks.measure $(if $(ARGS),$(ARGS),32 128 323 --flat) --json bench.json

# One stamp for each set of packages; a change of pyproject.toml installs them again.
$(VENV)/.demo: pyproject.toml $(VENV)/.python
	@echo 'installing skillgit and its embedded model server into $(VENV) …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded]'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.python
	@echo 'installing skillgit, its embedded model server and the development tools into $(VENV) …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,embedded]'
	@touch $@

$(VENV)/.python:
	@"$(PYTHON)" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'skillgit needs Python 3.11 or newer with its venv module; "$(PYTHON)" is none.' >&2; \
		echo 'Install one, or name it: make PYTHON=/path/to/python3.13 …' >&2; exit 2; }
	@git --version >/dev/null 2>&1 || { echo 'skillgit needs git; install it.' >&2; exit 2; }
	@echo 'making $(VENV) with $(PYTHON) …'
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@
