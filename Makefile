# Everything runs from here. Needs Python 3.11 or newer, git and make; the rest is installed into .venv from the locks.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
# What Python has compiled is kept in the environment, also where containers say not to: tests start many processes.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/pycache

PY := .venv/bin/python
STAMP := .venv/.installed
STAMP_TEST := .venv/.installed-test
# Each has its own environment, one per lock.
EMULATORS := bigquery snowflake adapters
SPARK_VENV := .venv-spark
STAMP_SPARK := $(SPARK_VENV)/.installed
SEMANTIC_VENV := .venv-semantic
STAMP_SEMANTIC := $(SEMANTIC_VENV)/.installed

.PHONY: help demo test test-fast test-engines test-spark test-emulators test-boards test-semantic engines case-studies lint format bench bench-load calibrate example-git lock clean

help: ## Print this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
		awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

demo: $(STAMP) profiles.yml ## Generate the demo company, build every model on DuckDB, write the boards, print what was found.
	@$(PY) -m tools demo

test: $(STAMP_TEST) profiles.yml ## Lint, the demo build with its unit and data tests, pytest, a build on PostgreSQL and one on Sail: minutes.
	@$(PY) -m tools test

test-fast: $(STAMP_TEST) profiles.yml ## While you work: lint and unit tests of what changed since make test, unit tests of the statistics.
	@$(PY) -m tools test-fast

test-engines: $(STAMP_TEST) ## Compare PostgreSQL, Sail and Sail with workers with DuckDB, mart by mart; increments on Sail.
	@$(PY) -m tools test-engines

test-spark: $(STAMP_SPARK) ## Build the demo on Apache Spark 3.5 with Iceberg and compare it with DuckDB. Needs Java 17; takes half an hour.
	@$(SPARK_VENV)/bin/python -m tools test-spark

test-emulators: $(STAMP_TEST) $(EMULATORS:%=.venv-emulators/%/.installed) ## Build the demo on emulators of BigQuery and Snowflake; compile and parse it for five warehouses.
	@$(PY) -m tools test-emulators

test-boards: $(STAMP_TEST) profiles.yml ## Look at the boards of the demo in a real browser: marks, filters, contrast, axe. PICTURES=1 updates docs/images. Needs make demo.
	@$(PY) -m tools test-boards $(if $(PICTURES),--pictures)

test-semantic: $(STAMP_TEST) $(STAMP_SEMANTIC) profiles.yml ## Ask MetricFlow for every metric of the demo, and compare with kpi_values. Needs make demo.
	@$(PY) -m tools test-semantic

engines: $(STAMP_TEST) ## Update the table of tested engines in docs/engines.md. Needs make test-engines.
	@$(PY) -m tools engines

case-studies: $(STAMP) profiles.yml ## Update docs/case_studies from the demo's marts. Needs make demo.
	@$(PY) -m tools case-studies

lint: $(STAMP_TEST) profiles.yml ## Check the style of SQL and Python, the layers of the models, and their documentation.
	@$(PY) -m tools lint

format: $(STAMP_TEST) profiles.yml ## Format Python and SQL.
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format --quiet .
	@.venv/bin/sqlfluff fix --quiet --processes 2 --disable-progress-bar models || true

bench: $(STAMP_TEST) profiles.yml ## Benchmark the build, large experiments, and estimates against other packages (bench/RESULTS.md).
	@$(PY) -m bench.run
	@$(PY) -m bench.quasi

bench-load: $(STAMP_TEST) ## Build 1 and 50 million events on DuckDB within 2 GB and on Sail's workers (bench/RESULTS.md). Takes hours.
	@$(PY) -m bench.load

calibrate: $(STAMP) ## Simulate experiments and write the coverage of intervals to docs/calibration.md; ONLY=median prints some.
	@OPENBLAS_NUM_THREADS=1 $(PY) -m tools.calibrate $(if $(ONLY),"$(ONLY)")

example-git: $(STAMP) profiles.yml ## Build the KPIs on a git history: make example-git INPUT=path/to/git_history.parquet
	@if [ -z "$(INPUT)" ]; then \
		echo "INPUT is not set: name the file, for example make example-git INPUT=git_history.parquet" >&2; exit 1; fi
	@$(PY) -m tools example-git --input "$(INPUT)"

lock: $(STAMP) ## Update the lock files to the newest versions that pyproject.toml allows.
	@.venv/bin/uv pip compile --upgrade --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --extra project pyproject.toml -o locks/requirements.lock
	@.venv/bin/uv pip compile --upgrade --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --extra project --extra test --extra sail -c locks/requirements.lock pyproject.toml -o locks/requirements-test.lock
	@.venv/bin/uv pip compile --upgrade --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --extra project --extra test-spark pyproject.toml -o locks/requirements-spark.lock
	@.venv/bin/uv pip compile --upgrade --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --extra semantic -c locks/requirements.lock pyproject.toml -o locks/requirements-semantic.lock
	@for name in emulator-bigquery:bigquery emulator-snowflake:snowflake adapters:adapters; do \
		.venv/bin/uv pip compile --upgrade --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
			--python-version 3.11 --extra $${name%%:*} pyproject.toml -o locks/requirements-emulators-$${name##*:}.lock; done

clean: ## Remove everything that make has built: the environment, the demo warehouse, the boards, dbt's files.
	@rm -rf .venv $(SPARK_VENV) $(SEMANTIC_VENV) .venv-emulators target logs warehouse site dbt_packages .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): locks/requirements.lock locks/requirements-bootstrap.lock tools/setup.sh
	@tools/setup.sh locks/requirements.lock $@

# Everything in locks/requirements.lock is in locks/requirements-test.lock too.
$(STAMP_TEST): locks/requirements-test.lock locks/requirements-bootstrap.lock tools/setup.sh
	@tools/setup.sh locks/requirements-test.lock $@
	@touch $(STAMP)

$(STAMP_SPARK): locks/requirements-spark.lock locks/requirements-bootstrap.lock tools/setup.sh
	@VENV=$(SPARK_VENV) tools/setup.sh locks/requirements-spark.lock $@

$(STAMP_SEMANTIC): locks/requirements-semantic.lock locks/requirements-bootstrap.lock tools/setup.sh
	@VENV=$(SEMANTIC_VENV) tools/setup.sh locks/requirements-semantic.lock $@

.venv-emulators/%/.installed: locks/requirements-emulators-%.lock locks/requirements-bootstrap.lock tools/setup.sh
	@mkdir -p .venv-emulators
	@VENV=.venv-emulators/$* tools/setup.sh locks/requirements-emulators-$*.lock $@

profiles.yml: | profiles.yml.example
	@cp profiles.yml.example profiles.yml.tmp && mv profiles.yml.tmp profiles.yml
