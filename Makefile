# One verb per target. Each does its own set-up and is safe to repeat.
#
#   make test ARGS="-k consent"     hands ARGS to pytest
#   make demo KEEP=1                leaves everything running afterwards
#   make cluster DIR=/tmp/another   starts a second cluster beside the first
#   make PYTHON=python3.12 ...      creates .venv with this Python

DIR ?= .cluster
export PYTHON
# Tests and demo start the same programs by the dozen: compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

devcluster := PYTHONPATH=tools .venv/bin/python -m devcluster

.PHONY: help demo test lint format bench-clients cluster cluster-down lock environment parsons kubernetes

help: ## List these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: kubernetes ## Show the whole sync on a cluster of its own; KEEP=1 leaves it running
	@PYTHONPATH=tools .venv/bin/python tools/demo $(if $(KEEP),--keep)

test: kubernetes parsons ## Run every test; ARGS="..." goes to pytest
	@.venv/bin/pytest $(ARGS)

lint: environment ## Check style, types and the direction of imports
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy operator/anmc operator/anmc_simulators tests tools
	@.venv/bin/lint-imports

format: environment ## Put every file into the house style
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench-clients: parsons ## Compare our clients with others' and with the services' limits; ARGS=--quick for a look
	@.venv/bin/python tests/bench/clients $(ARGS)

cluster: environment ## Start a cluster and print its kubeconfig's path; DIR=... for another one
	@$(devcluster) start "$(DIR)"

cluster-down: environment ## Stop the cluster of `make cluster` and remove its data
	@$(devcluster) stop "$(DIR)"

lock: ## Write requirements/*.txt anew from pyproject.toml; ARGS=--upgrade for newer versions
	@tools/lock $(ARGS)

environment:
	@tools/setup

parsons: environment
	@tools/setup parsons

kubernetes: environment
	@$(devcluster) prepare
