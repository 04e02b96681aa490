# Every target makes what it needs and is safe to repeat.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.nncli-installed
DEV    := $(VENV)/.nncli-dev-installed

.PHONY: help demo test test-long torture check bench results format clean

help:
	@echo "make demo    install, train a small network on generated data, show the result"
	@echo "make test    install with the dev extra and run the tests"
	@echo "make test-long  the same faults and damages, more of them"
	@echo "make torture    the same for hours"
	@echo "make check   ruff, ruff format --check, mypy --strict"
	@echo "make bench    time an epoch against its peers (PyTorch where it is installed)"
	@echo "make results  run the reference experiments (two hours) and write docs/results.md"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(STAMP)

demo: $(STAMP)
	$(BIN)/nncli train configs/moons.yaml
	$(BIN)/nncli eval

test: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist worksteal --campaign long tests/torture

torture: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist worksteal --campaign torture tests/torture

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(DEV)
	$(BIN)/python -m benchmarks

results: $(DEV)
	$(BIN)/python -m benchmarks.results

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache dist
