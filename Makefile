# The commands of Habeas. `make run` needs Python 3.11, 3.12 or 3.13 and nothing else; PYTHON=... names another one.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --progress-bar off --root-user-action ignore
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: run down doctor demo bench test test-collector check lint format published language lock clean forget

run: .venv/run.stamp ## the whole pipeline in this terminal, until Ctrl-C
	@exec $(BIN)/habeas up

down: .venv/run.stamp ## stop what `make run` started
	@exec $(BIN)/habeas down

doctor: .venv/run.stamp ## what is missing, and what to do about it
	@exec $(BIN)/habeas doctor

demo: .venv/run.stamp ## twenty requests through what `make run` started
	@exec $(BIN)/habeas demo --requests 20

bench: .venv/dev.stamp ## what the pipeline costs, measured on this machine; writes .habeas/bench.json
	@$(BIN)/python -m tests.bench

test: .venv/dev.stamp ## every test
	@.ci/chromium
	@$(BIN)/pytest

test-collector: .venv/dev.stamp .collector/source/collector ## spans in the OpenTelemetry collector; needs Go, and minutes
	@HABEAS_COLLECTOR=.collector/source/collector $(BIN)/pytest tests/foreign

check: lint ## what to run before each commit
	@$(BIN)/pytest tests/unit tests/contract -q

lint: .venv/dev.stamp
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --strict --no-error-summary services schemas infra
	@$(BIN)/lint-imports

format: .venv/dev.stamp
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

published: .venv/run.stamp ## schemas/published, infra/metrics.md and the dashboard, made anew from the code
	@$(BIN)/python -m schemas.publish
	@$(BIN)/python -m infra.grafana

language: .venv/run.stamp ## the places for translations, made anew from the pages; says how many are empty
	@$(BIN)/python -m infra.language

lock: ## requirements*.txt, made anew from requirements*.in (needs uv)
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean: ## everything that was installed or built; never the data in .habeas
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .collector
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

forget: down ## the demo's data and keys too
	@rm -rf .habeas

.collector/source/collector: tests/foreign/collector.yaml
	@command -v go >/dev/null || { echo "The collector is built with Go, and there is none here: https://go.dev/doc/install" >&2; exit 1; }
	@echo "Building the OpenTelemetry collector into .collector (once; some minutes)."
	@GOBIN=$(CURDIR)/.collector go install go.opentelemetry.io/collector/cmd/builder@v0.150.0
	@.collector/builder --config $<
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || \
		{ echo "Habeas needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is not one: make run PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

.venv/run.stamp: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing what Habeas runs on into .venv (once)."
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Installing what tests and checks need into .venv (once)."
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@
