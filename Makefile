# Two commands do all the set-up: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := api bench cli commands domain infra projections runtime schemas streams tests

.DEFAULT_GOAL := help
.PHONY: help run dev test soak lint format typecheck bench kafka run-kafka clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## everything in one process, on http://127.0.0.1:8000
	@$(BIN)/jobstream serve

dev: $(VENV)/.dev ## the same, started again whenever a source file changes
	@$(BIN)/watchfiles --filter python --sigint-timeout 15 '$(BIN)/jobstream serve' $(filter-out bench tests,$(PACKAGES))

# Tests mostly wait, so that three processes keep two cores busy. A file's tests stay together and in their order: they
# share a running system, and the long files come first.
test: $(VENV)/.dev ## every test
	@$(BIN)/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder

soak: $(VENV)/.dev ## real processes killed and frozen at random for eight minutes; SEED=… has a run again
	@$(BIN)/python -m pytest -m soak --timeout=0 -s tests/fault/soak

lint: $(VENV)/.dev ## style and layering
	@$(BIN)/ruff check $(PACKAGES)
	@$(BIN)/ruff format --check $(PACKAGES)
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code into shape
	@$(BIN)/ruff check --fix $(PACKAGES)
	@$(BIN)/ruff format $(PACKAGES)

typecheck: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy

bench: $(VENV)/.dev ## measure, and write bench/results.json
	@$(BIN)/python -m bench

kafka: $(VENV)/.run ## a local Kafka broker to play with, on 127.0.0.1:9092 (needs Java 17 and Maven)
	@$(BIN)/python -m infra.kafka.broker --port 9092 --home .jobstream/kafka

run-kafka: $(VENV)/.run ## every role in a process of its own, over a local Kafka (needs Java 17 and Maven)
	@$(BIN)/jobstream cluster

clean: ## remove the environment and the caches, not the state in .jobstream
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.run: requirements.lock pyproject.toml
	@sh ./setup.sh "$(PYTHON)" "$(VENV)" requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@sh ./setup.sh "$(PYTHON)" "$(VENV)" requirements-dev.lock
	@touch $@ $(VENV)/.run
