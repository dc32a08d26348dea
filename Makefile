# Stageboard: `make run` on a fresh Debian or Ubuntu with Python 3.11 or newer and make; nothing else is needed.

.DEFAULT_GOAL := help
.PHONY: help venv run test stress lint audit lock screenshots clean chromium servers bench-engine bench-peers

VENV := .venv
BIN := $(VENV)/bin
PORT ?=
ARGS ?=
TESTS ?=
ROWS ?=
# The first of these that is at least 3.11.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
# The locks are whole: resolving again could choose a newer release, whose hash is not there.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

venv: $(VENV)/runtime.stamp ## install what running needs into .venv

run: $(VENV)/runtime.stamp ## serve on PORT (8050); more options in ARGS="--workers 2"
	@exec $(BIN)/python -m app $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(VENV)/dev.stamp chromium servers ## run every test; choose some with TESTS="tests/unit -k keys"
	CHROMIUM="$$(sh tools/chromium.sh)" $(BIN)/python -m pytest $(or $(TESTS),--cov $(ABREAST))
# A process a core. Each takes tests that follow each other, so that few kernels are compiled and few servers started twice.
ABREAST := --numprocesses auto --maxprocesses 4 --dist worksteal

stress: $(VENV)/dev.stamp chromium servers ## run the tests that take minutes; choose some with TESTS="tests/stress -k fuzz"
	STRESS_RESULTS=benchmarks/results CHROMIUM="$$(sh tools/chromium.sh)" \
	  $(BIN)/python -m pytest -s -o faulthandler_timeout=0 $(or $(TESTS),tests/stress)

lint: $(VENV)/dev.stamp ## check style, types, floors and known faults of security
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app

audit: $(VENV)/dev.stamp ## ask for known vulnerabilities of the locked dependencies (needs the network)
	$(BIN)/python -m tools.audit requirements.lock

lock: $(VENV)/dev.stamp ## resolve the lock files anew from pyproject.toml
	$(BIN)/uv pip compile $(LOCK_FLAGS) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK_FLAGS) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK_FLAGS) --extra bench -c requirements.lock -c requirements-dev.lock pyproject.toml \
		-o requirements-bench.lock
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --no-annotate $(if $(UPGRADE),--upgrade)

bench-peers: $(VENV)/bench.stamp chromium ## measure beside Panel and Dash on ROWS (10000000); more in ARGS
	CHROMIUM="$$(sh tools/chromium.sh)" $(BIN)/python -m benchmarks.peers.run --rows $(or $(ROWS),10000000) \
		--out benchmarks/results/peers-$(or $(ROWS),10000000).json $(ARGS)

screenshots: $(VENV)/dev.stamp chromium ## draw every page into docs/screenshots
	CHROMIUM="$$(sh tools/chromium.sh)" $(BIN)/python -m tools.screenshots

bench-engine: $(VENV)/dev.stamp ## time the engine beside plain Datashader; choose ROWS="10000000 50000000"
	@set -e; for rows in $(or $(ROWS),10000000 50000000); do \
	  $(BIN)/python -m benchmarks.engine --rows $$rows --out benchmarks/results/engine-$$((rows / 1000000))m.json; done

chromium:
	@sh tools/chromium.sh install

servers:
	@sh tools/server.sh redis-server redis-server "the shared store" || true
	@sh tools/server.sh nginx nginx-light "what is in deploy/" || true

clean: ## remove .venv, caches and computed results
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage tests/artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find cache -mindepth 1 ! -name .gitkeep -delete

$(BIN)/python:
	@set -e; for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; python=; done; \
	if [ -z "$$python" ]; then \
	  echo "Stageboard needs Python 3.11 or newer. On Debian or Ubuntu: sudo apt-get install python3 python3-venv" >&2; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$$python lacks its venv module. On Debian or Ubuntu: sudo apt-get install python$$version-venv" >&2; exit 1; fi; \
	echo "Creating $(VENV) with $$($$python --version)"; $$python -m venv $(VENV)

# Stamps make a second run immediate; a changed lock file installs again.
$(VENV)/runtime.stamp: requirements.lock | $(BIN)/python
	@echo "Installing what running needs (once)"
	@$(PIP) -r requirements.lock
	@touch $@

# The larger lock holds the smaller one at the same versions.
$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python
	@echo "Installing what testing needs (once)"
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(VENV)/runtime.stamp

$(VENV)/bench.stamp: requirements-bench.lock | $(BIN)/python
	@echo "Installing what benchmarks need (once)"
	@$(PIP) -r requirements-bench.lock
	@touch $@
