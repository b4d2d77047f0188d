# `make run` and `make test` set up everything they need; nothing else has to be done first.
KNOWN := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3; do \
	$$each -c '$(KNOWN)' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: setup run test test-long crossings sim coverage schemathesis check format lock schema clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(KNOWN)' || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/it"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run: setup
	@$(BIN)/latchwork demo

test: setup
	$(BIN)/python -m pytest

# What takes as long as one likes (docs/reliability.md): COUNT crossings and SEEDS worlds on each database, from seed
# START on (a new one unless given), at most MINUTES; ON=postgresql or ON=sqlite leaves the other out.
COUNT ?= 1000
SEEDS ?= 20
KILLS ?= 20
SIM = $(BIN)/python -m tests.sim
OPTIONS = $(if $(START),--start $(START)) $(if $(MINUTES),--minutes $(MINUTES)) $(addprefix --on ,$(ON)) $(if $(SKEW),--skew $(SKEW)) $(addprefix --only ,$(ONLY))

test-long: setup
	$(SIM) all --count $(COUNT) --seeds $(SEEDS) $(OPTIONS)

crossings: setup
	$(SIM) crossings --count $(COUNT) $(OPTIONS)

sim: setup
	$(SIM) worlds --seeds $(SEEDS) $(OPTIONS)

# Every branch of what decides at the door, and of what explains it, is taken by a test.
coverage: setup
	$(BIN)/coverage run -m pytest -n0 --hypothesis-seed=0 tests/domain/access tests/domain/explaining tests/locksim/test_explained.py
	$(BIN)/coverage report

# Documents that a public tool draws from the schema, some of them with ids that are there: none may be a fault of the server's.
EXAMPLES ?= 10
schemathesis: setup
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n0 tests/api/schemathesis_run.py

# A server under load that is killed KILLS times on each database.
crashes: setup
	$(SIM) crashes --kills $(KILLS) $(OPTIONS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m api schema --check
	$(BIN)/python -m tests.api.schema_changes
	$(BIN)/python -m api migrations --check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Prints the schema after a change to it; the printed form is committed.
schema: setup
	$(BIN)/python -m api schema

# After a change to the dependencies in pyproject.toml.
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

clean:
	rm -rf $(VENV) var .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
