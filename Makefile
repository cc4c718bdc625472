# Everything a developer types. `make help` lists the targets; .ci/run runs them all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip install --quiet
CMAKE := $(BIN)/cmake
NATIVE_SOURCES := CMakeLists.txt $(shell find cpp -type f \( -name '*.cc' -o -name '*.h' -o -name CMakeLists.txt -o -name '*.cmake' \))
CPP_FILES := $(filter %.cc %.h,$(NATIVE_SOURCES))
CPP_TESTS := build/cpp-tests
PYTHON_FOLDERS := $(sort $(dir $(wildcard src/*/*.py tests/*.py examples/*/*.py scripts/*.py benchmarks/*.py docs/*.py)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build test test-cpp test-python check format clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | awk -F': ' '{printf "make %-12s %s\n", $$1, $$2}'

# --- What the rest stands on: the virtual environment, the extension ------------------------------

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Pairloom needs Python 3.10 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS) && touch $@

# One stamp per dependency group of pyproject.toml.
$(STAMPS)/group-%: pyproject.toml $(STAMPS)/venv
	$(PIP) --group $*
	@touch $@

$(STAMPS)/extension: $(NATIVE_SOURCES) pyproject.toml $(STAMPS)/group-build
	$(PIP) --no-build-isolation --editable '.[sklearn,plots]' --config-settings=cmake.define.PAIRLOOM_WARNINGS_AS_ERRORS=ON
	@touch $@

build: $(STAMPS)/extension ## build the extension into .venv

# --- Tests ------------------------------------------------------------------------------------------

test: test-cpp test-python ## C++ and Python tests with coverage; a few minutes

$(CPP_TESTS)/stamp: $(NATIVE_SOURCES) $(STAMPS)/group-build
	scripts/install_system_packages.sh doctest-dev
	$(CMAKE) -S . -B $(CPP_TESTS) -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  -DPAIRLOOM_BUILD_PYTHON=OFF -DPAIRLOOM_BUILD_TESTS=ON -DPAIRLOOM_WARNINGS_AS_ERRORS=ON
	$(CMAKE) --build $(CPP_TESTS)
	@touch $@

test-cpp: $(CPP_TESTS)/stamp
	$(BIN)/ctest --test-dir $(CPP_TESTS)/cpp --output-on-failure --no-tests=error

test-python: $(STAMPS)/extension $(STAMPS)/group-test
	$(BIN)/python -m pytest --cov --cov-fail-under=90 --durations=10

# --- Checks -----------------------------------------------------------------------------------------

check: $(STAMPS)/extension $(STAMPS)/group-dev ## formatting, lint, types, layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)
	$(BIN)/mypy $(PYTHON_FOLDERS)
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate.py --check

format: $(STAMPS)/group-dev ## let the formatters rewrite the sources
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP_FILES)

clean: ## remove what the targets made, the virtual environment included
	rm -rf $(VENV) build dist site .coverage
