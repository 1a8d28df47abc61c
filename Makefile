# Everything a newcomer or a machine needs: `make audit`, `make test`; the rest is for contributors.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: audit test lint docs docs-check accept wheel-check bench clean

audit: $(VENV)/.installed
	@$(BIN)/tcptune audit

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.test
	$(BIN)/python docs/generate.py

docs-check: $(VENV)/.test
	$(BIN)/python docs/generate.py --check

accept: $(VENV)/.test
	$(BIN)/python -m pytest tests/test_hosts.py --accept -q

wheel-check: $(VENV)/.build
	$(BIN)/python tests/wheel_check.py

bench: $(VENV)/.installed
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@$(BIN)/python -m compileall -q tcptune
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.installed
	$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.lint: pyproject.toml $(VENV)/.test
	$(PIP) --editable '.[lint]'
	@touch $@

$(VENV)/.build: pyproject.toml $(VENV)/.installed
	$(PIP) --editable '.[build]'
	@touch $@
