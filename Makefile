# Every command a person or a machine gives this project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
STAMP := .venv/.made
PURE := $(foreach room,kernel rules policy messages,src/qianhai/$(room) tests/$(room)) tools tests/tidy
DAY := $(filter-out %/parties.jsonl %.md %/expected.csv,$(sort $(wildcard examples/day/*)))

# The caller's Python must not leak into ours. Of pip's settings only those stay that say how an
# index is reached: what is installed is decided by the lock and its hashes.
PIP_KEPT := PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS PIP_CERT PIP_CLIENT_CERT \
	PIP_PROXY PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_CONFIG_FILE
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS VIRTUAL_ENV CONDA_PREFIX
unexport PYTEST_ADDOPTS PYTEST_PLUGINS COVERAGE_FILE COVERAGE_RCFILE MYPYPATH RUFF_CONFIG
unexport $(filter-out $(PIP_KEPT),$(filter PIP_%,$(.VARIABLES)))
export PYTHONUTF8 := 1
export PYTHONNOUSERSITE := 1

# Tests bring their own database, keys and pack; a setting of the day's work must not reach them.
ALONE := env $(foreach name,DATABASE_URL DATA_DIR KEY_FILE INSTITUTION PLAN_DIR LANG STOP_AT,-u QIANHAI_$(name))

.PHONY: help setup assets serve texts client run test lint check soak bench docs lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make .venv with every dependency at its locked version
	@:

$(STAMP): requirements.lock pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh
# The stamp says where .venv was made: in a moved or copied folder it is made again.
ifneq ($(shell test -x .venv/bin/python && cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

run: setup ## decide and book the sample day, print the result, end
	@QIANHAI_DATA_DIR="$${QIANHAI_DATA_DIR:-$(CURDIR)/.data}" \
		$(BIN)/qianhai run $(DAY) --parties examples/day/parties.jsonl --out out

assets: setup ## bring the browser's libraries from the npm registry
	@$(BIN)/python tools/make_assets.py

serve: setup ## open the console on http://127.0.0.1:8000; ARGS="--sample" loads a day to look at
	@$(BIN)/python tools/make_assets.py || echo "serve: going on without charts; 无图表继续运行"
	@QIANHAI_DATA_DIR="$${QIANHAI_DATA_DIR:-$(CURDIR)/.data}" $(BIN)/qianhai serve $(ARGS)

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell $(wildcard README.md NOTICE Makefile .ci src tests tools docs changes benchmarks plan examples)
	@$(ALONE) $(BIN)/qianhai plan check

test: lint assets ## prove everything: style, types, imports, spelling, the pack, tests, coverage
	@rm -f .coverage .coverage.*
	@$(ALONE) $(BIN)/python -m pytest --verbosity=0 -n 2 --durations=15 -m "not soak" \
		--cov --cov-report= --cov-report=json:.coverage.json
	@$(BIN)/python tools/check_coverage.py .coverage.json

soak: setup ## the long runs: a million lines, and the ledger against its model for an hour
	@$(ALONE) $(BIN)/python -m pytest --verbosity=0 -m soak tests
	@$(ALONE) $(BIN)/python -m pytest --verbosity=0 --hypothesis-profile=soak tests/models

check: setup ## the quick loop, under a minute: style, types, imports, tests of the pure rooms
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(ALONE) $(BIN)/python -m pytest --verbosity=0 -m "not slow and not soak" $(wildcard $(PURE))

bench: setup ## run every benchmark, each against a named peer or limit
	@for file in benchmarks/*.py; do echo "== $$file"; $(ALONE) $(BIN)/python "$$file" --quick; done

docs: setup ## write the generated reference again
	@$(ALONE) $(BIN)/python tools/write_reference.py

texts: setup ## write the catalogues of the console's texts again, and name what has no Chinese yet
	@$(BIN)/python tools/write_texts.py

client: setup ## write the Python client of the API again, from its description
	@$(BIN)/python tools/write_client.py

lock: setup ## pin every dependency again, with hashes
	@$(BIN)/pip-compile --quiet --allow-unsafe --extra=dev --generate-hashes --no-emit-find-links \
		--no-emit-index-url --no-emit-trusted-host --output-file=requirements.lock --strip-extras pyproject.toml

clean: ## remove what was generated; .venv and the data in .data stay
	@rm -rf out build dist .coverage .coverage.* .hypothesis \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache src/*.egg-info
	@find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
