# make demo   the main job in a browser      make demo ARGS="--once --json"   the same without one, to its end
# make test   the whole test suite           make lint                        ruff, mypy --strict, import rules
# make bench  speed, beside its peers        make bench ARGS="--quick"        a taste of it; --help says more
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test lint bench clean

demo: $(VENV)/.demo
	@$(BIN)/xiaoxishu demo $(ARGS)

test: $(VENV)/.test
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/mypy geo feeds channels warning tests
	@$(BIN)/lint-imports

bench: $(VENV)/.bench
	@$(BIN)/python tests/bench/run.py $(ARGS)

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "xiaoxishu needs Python 3.11 or newer: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "[1/2] making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "[2/2] installing pinned packages (first time: some minutes and about 1 GB)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[demo]'
	@$(BIN)/python -c 'import warning.cli.demo, warning.cli.serve' || { echo "the installation is not whole: see the messages of pip above"; exit 1; }
	@touch $@

$(VENV)/.test: $(VENV)/.demo pyproject.toml constraints.txt
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[demo,test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@echo "installing the peers that the benchmarks measure against"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[demo,test,bench]' && touch $@ \
	  || echo "some peers could not be installed: their rows say so"
