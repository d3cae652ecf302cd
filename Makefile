# make demo   sets everything up in .venv and opens the lab on the sample project
# make test   runs everything that CI runs
# make setup  sets up only; make requirements exports requirements*.txt from uv.lock
PYTHON ?= python3
VENV   := .venv
JOBS   ?= 2
BIN    := $(VENV)/bin
SAYS   := pyproject.toml uv.lock hatch_build.py requirements.txt requirements-dev.txt
EXPORT := uv export --quiet --frozen --no-emit-project --no-hashes --no-header --no-annotate
UV     := $(shell uv --version >/dev/null 2>&1 && echo uv)

.PHONY: demo test lint setup requirements clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.for-use
	@$(BIN)/nightlab demo

test: lint
	@$(BIN)/python -m pytest -n $(JOBS)

lint: $(VENV)/.for-work
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >$(VENV)/.lint-imports 2>&1 || { cat $(VENV)/.lint-imports; exit 1; }

setup: $(VENV)/.for-use

ifdef UV
$(VENV)/.for-use: $(SAYS)
	@echo "Setting up in $(VENV), once." >&2
	@uv sync --quiet --frozen --no-dev --inexact
	@touch $@

$(VENV)/.for-work: $(SAYS)
	@uv sync --quiet --frozen --inexact
	@touch $@ $(VENV)/.for-use
else
$(VENV)/.for-use: $(SAYS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Nightlab needs Python 3.11 or newer as $(PYTHON): sudo apt install python3, or make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up in $(VENV), once; about half a minute." >&2
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.for-work: $(VENV)/.for-use
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
endif

requirements:
	@$(EXPORT) --no-dev >requirements.txt
	@$(EXPORT) >requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
