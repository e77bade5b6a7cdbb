# till: every chore by one word. `make demo` and `make test` do all the set-up that a bare Debian 12 machine needs.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL := build/wheel/stamp
# What the wheel is made from; when none of it is newer, nothing is built again.
WHEEL_SOURCES := $(shell find core bindings/python python plugins cmake CMakeLists.txt pyproject.toml README.md \
  -type f -not -path '*/__pycache__/*' -not -name '*.so' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test mutations build check format bench clean

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo:  ## Set up and take one payment through each provider of the local sandbox
	@scripts/setup_debian.sh demo
	@$(MAKE) --no-print-directory build/venv-demo.stamp
	@$(BIN)/till demo

test:  ## Set up and run every test; the last line counts them
	@scripts/setup_debian.sh test
	@scripts/run_tests.sh

mutations:  ## Remove each check that keeps money right, and see that a test notices
	@scripts/setup_debian.sh build
	@python3 scripts/run_mutations.py

build:  ## Build the core, the C library and their tests (build/dev)
	@scripts/setup_debian.sh build
	cmake --preset dev
	cmake --build --preset dev

check:  ## Format, clang-tidy, ruff, mypy --strict and the arrows
	@scripts/setup_debian.sh check
	@$(MAKE) --no-print-directory build/venv-check.stamp
	@scripts/run_checks.sh

format:  ## Rewrite the sources in the house's format
	@scripts/setup_debian.sh check
	@$(MAKE) --no-print-directory build/venv-check.stamp
	scripts/list_sources.sh | xargs clang-format -i
	$(BIN)/ruff format .

bench:  ## Set up and measure; ratios to limits and peers
	@scripts/setup_debian.sh bench
	@$(MAKE) --no-print-directory build/venv-test.stamp
	@$(BIN)/python -m pip install --quiet pysimdjson
	cmake --preset bench -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python
	cmake --build --preset bench
	@bench/run.sh

clean:  ## Remove all that was built
	rm -rf build dist $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(WHEEL): $(WHEEL_SOURCES) | $(BIN)/python
	@mkdir -p $(@D) && touch build/wheel.begun
	@scripts/build_wheel.sh $(BIN)/python build/wheel
	@mv build/wheel.begun $@  # as old as the beginning of the build: what was changed meanwhile is newer

build/venv-demo.stamp: $(WHEEL)
	@scripts/install_wheel.sh $(BIN)/python build/wheel sandbox
	@touch $@

build/venv-test.stamp: $(WHEEL)
	@scripts/install_wheel.sh $(BIN)/python build/wheel sandbox,test
	@touch $@

build/venv-check.stamp: $(WHEEL)
	@scripts/install_wheel.sh $(BIN)/python build/wheel sandbox,test,check
	@touch $@
