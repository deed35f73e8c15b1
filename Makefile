# The tools of the trade: everything a person types, from a fresh clone on.
# Needs Python 3.11 or newer with pip and venv, make and git; the rest comes into .venv.

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3),python3)
BIN := .venv/bin
READY := .venv/.ready
QUESTION ?= How does Interlock stop a runaway agent, and what can it not undo?
DOCS ?= docs
FROM ?= 2000
MINUTES ?= 60

.PHONY: help setup demo demo-payments test check format schemas diagrams bench soak clean
.DEFAULT_GOAL := help

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv with Interlock and its tools (again only when pyproject.toml changed)
	@:

$(READY): pyproject.toml examples/payments/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Interlock needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make setup PYTHON=python3.12")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@echo "installing Interlock and its tools into .venv"
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' # the first that knows dependency groups
	@$(BIN)/python -m pip install --quiet --editable . --editable examples/payments --group dev
	@touch $@

demo: setup ## run the main job on the documents of this repository
	$(BIN)/interlock run "$(QUESTION)" --docs $(DOCS)

demo-payments: setup ## play a day at an invoice desk: policies and people decide what agents may pay
	$(BIN)/python -m invoice_desk.demo

test: setup ## run all tests, the house test among them
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(PYTEST)

check: setup ## lint, formatting, types (mypy, pyright), import rules, house test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_house.py

format: setup ## let ruff format and repair what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

diagrams: setup ## draw state machines and permissions for the docs from the code's tables
	$(BIN)/python -m interlock.supervisor.diagrams docs/machines.md
	$(BIN)/python -m interlock.bus.matrix docs/identity.md

schemas: setup ## write contracts/schemas anew from the contracts
	$(BIN)/python -m interlock.contracts.schemas contracts/schemas

bench: setup ## measure the pipeline beside its floor
	$(BIN)/python -m bench.pipeline $(BENCH)

soak: setup ## simulate MINUTES long, or so many SEEDS, beyond those of the tests
	$(BIN)/interlock simulate --from $(FROM) $(if $(SEEDS),--seeds $(SEEDS),--minutes $(MINUTES))

clean: ## remove everything that setup, checks and runs have made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .interlock dist bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
