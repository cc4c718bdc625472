# Everything a developer types. `make help` lists the targets; .ci/run runs them all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip install --quiet
CMAKE := $(BIN)/cmake
NATIVE_SOURCES := CMakeLists.txt $(shell find cpp -type f \( -name '*.cc' -o -name '*.h' -o -name CMakeLists.txt -o -name '*.cmake' \))
PACKAGE := $(shell find src -type f -not -path '*/__pycache__/*')
CPP_FILES := $(filter %.cc %.h,$(NATIVE_SOURCES))
CPP_TESTS := build/cpp-tests
PYTHON_FOLDERS := $(sort $(dir $(wildcard src/*/*.py tests/*.py examples/*/*.py scripts/*.py benchmarks/*.py docs/*.py)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build demo demo-library test test-cpp sanitize test-fuzz fuzz test-python test-platform test-distributed test-slow test-versions check format generate cross bench docs dist clean

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
	$(PIP) --no-build-isolation --editable '.[sklearn,plots,compression,arrow,s3,platform,postgresql]' --config-settings=cmake.define.PAIRLOOM_WARNINGS_AS_ERRORS=ON
	@touch $@

build: $(STAMPS)/extension ## build the extension into .venv

# Clients of AWS live in an environment of their own, below build/.
demo: $(STAMPS)/extension $(STAMPS)/group-clients ## SageMaker's notebook on MNIST, whole, against a platform on this machine
	@client=$$($(BIN)/python scripts/sagemaker_sdk.py) && \
	  $(BIN)/python examples/seed_notebook/platform_demo.py --client "$$client"

demo-library: $(STAMPS)/extension ## train on MNIST by the library alone and draw what was learned
	$(BIN)/python examples/mnist/demo.py

# --- Tests ------------------------------------------------------------------------------------------

# Tests of one file share what they start, and stay together. Those of `make test` wait for a third of
# their time: three processes keep two cores busy. What kills and measures gets a core for each.
TEST_PROCESSES ?= 2
test-python: TEST_PROCESSES = 3
PYTEST = $(BIN)/python -m pytest --durations=10 \
  --numprocesses=$(TEST_PROCESSES) --dist=loadfile --no-loadscope-reorder

test: test-cpp test-fuzz test-python ## C++ and Python tests with coverage; a few minutes

CPP_TEST_OPTIONS := -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
  -DPAIRLOOM_BUILD_PYTHON=OFF -DPAIRLOOM_BUILD_TESTS=ON -DPAIRLOOM_WARNINGS_AS_ERRORS=ON

$(CPP_TESTS)/stamp: $(NATIVE_SOURCES) $(STAMPS)/group-build
	scripts/install_system_packages.sh doctest-dev
	$(CMAKE) -S . -B $(CPP_TESTS) $(CPP_TEST_OPTIONS)
	$(CMAKE) --build $(CPP_TESTS)
	@touch $@

test-cpp: $(CPP_TESTS)/stamp
	$(BIN)/ctest --test-dir $(CPP_TESTS)/cpp --output-on-failure --no-tests=error

# The C++ tests once with bounds, lifetimes and undefined behaviour checked, once with data races.
SANITIZED := address,undefined thread

sanitize: $(STAMPS)/group-build ## C++ tests under address, undefined-behaviour and thread sanitizers
	scripts/install_system_packages.sh doctest-dev
	@for sanitizers in $(SANITIZED); do \
	  folder=build/sanitize-$${sanitizers%%,*}; \
	  $(CMAKE) -S . -B $$folder $(CPP_TEST_OPTIONS) -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1 \
	    -DPAIRLOOM_SANITIZE=$$sanitizers && $(CMAKE) --build $$folder && \
	  TSAN_OPTIONS=die_after_fork=0 $(BIN)/ctest --test-dir $$folder/cpp --output-on-failure --no-tests=error || exit 1; \
	done

test-fuzz: $(STAMPS)/group-build
	scripts/fuzz.sh 20000

fuzz: $(STAMPS)/group-build ## search for inputs that break a parser; RUNS=1000000
	scripts/fuzz.sh $(or $(RUNS),1000000)

test-python: $(STAMPS)/extension $(STAMPS)/group-test
	scripts/install_system_packages.sh chromium postgresql
	$(PYTEST) --cov --cov-fail-under=90

# Every supported Python, the oldest and the newest libraries; the Python that `make test` ran on is
# not run again. CI runs the ends of the range alone: what breaks a Python between them breaks one of
# them too. tox keeps its packages apart from the tests'.
TOX := .venv-tox
PYENV_PYTHONS = $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[0-3].*/bin/python)

test-slow: test-versions dist $(STAMPS)/extension $(STAMPS)/group-test ## what needs minutes, slow tests, other Pythons, other scikit-learns
	$(PYTEST) -m slow

$(TOX)/stamp: pyproject.toml
	$(PYTHON) -m venv $(TOX)
	$(TOX)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(TOX)/bin/python -m pip install --quiet --group versions
	@touch $@

test-platform: $(STAMPS)/extension $(STAMPS)/group-test ## the platform's processes: every fault, kills in every state
	scripts/install_system_packages.sh postgresql
	$(PYTEST) -m platform

# Ray stands in an environment of its own, which sees that of all other tests; they run without it.
RAY := .venv-ray
PACKAGES := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

$(RAY)/stamp: pyproject.toml $(STAMPS)/venv
	$(PYTHON) -m venv --clear $(RAY)
	$(RAY)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	echo "import site; site.addsitedir('$$($(BIN)/python $(PACKAGES))')" \
	  > "$$($(RAY)/bin/python $(PACKAGES))/pairloom-environment.pth"
	$(RAY)/bin/python -m pip install --quiet --group distributed
	@touch $@

test-distributed: $(STAMPS)/extension $(STAMPS)/group-test $(RAY)/stamp ## training on several workers over Ray, which are killed
	PATH="$(abspath $(BIN)):$$PATH" $(RAY)/bin/python -m pytest -m distributed --durations=10

test-versions: $(TOX)/stamp $(STAMPS)/venv
	scripts/install_system_packages.sh postgresql
	PATH="$(abspath $(TOX)/bin):$$PATH" $(TOX)/bin/tox run-parallel --parallel 2 --parallel-no-spinner \
	  --skip-env "^py$(if $(CI),[0-9]+,$$($(BIN)/python -c 'import sys; print(*sys.version_info[:2], sep="")'))$$" \
	  --skip-missing-interpreters $(if $(CI),false,true) $(if $(PYENV_PYTHONS),--discover $(PYENV_PYTHONS))

# The same C++ tests on aarch64, emulated.
CROSS_TESTS := build/cpp-tests-aarch64

$(CROSS_TESTS)/stamp: $(NATIVE_SOURCES) $(STAMPS)/group-build
	scripts/install_system_packages.sh doctest-dev g++-aarch64-linux-gnu qemu-user-static
	$(CMAKE) -S . -B $(CROSS_TESTS) $(CPP_TEST_OPTIONS) -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake
	$(CMAKE) --build $(CROSS_TESTS)
	@touch $@

cross: $(CROSS_TESTS)/stamp $(CPP_TESTS)/stamp ## C++ tests on aarch64, emulated
	$(BIN)/ctest --test-dir $(CROSS_TESTS)/cpp --output-on-failure --no-tests=error
	$(CPP_TESTS)/cpp/pairloom_train_bytes > $(CPP_TESTS)/trained-bytes.txt
	qemu-aarch64-static -L /usr/aarch64-linux-gnu $(CROSS_TESTS)/cpp/pairloom_train_bytes > $(CROSS_TESTS)/trained-bytes.txt
	diff $(CPP_TESTS)/trained-bytes.txt $(CROSS_TESTS)/trained-bytes.txt
	@echo "trained bytes are equal on this processor and on aarch64"

# --- Checks -----------------------------------------------------------------------------------------

check: $(STAMPS)/extension $(STAMPS)/group-dev ## formatting, lint, types, layers, generated files, the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)
	$(BIN)/mypy $(PYTHON_FOLDERS)
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate.py --check
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; \
	  else echo "the Dockerfile is not linted: hadolint has no wheel for this machine"; fi

format: $(STAMPS)/group-dev ## let the formatters rewrite the sources
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP_FILES)

generate: $(STAMPS)/extension ## write the files that are made from tables and from the extension
	$(BIN)/python scripts/generate.py

# --- Benchmarks, documentation, distribution ----------------------------------------------------

bench: $(STAMPS)/extension $(STAMPS)/group-test $(STAMPS)/group-bench $(RAY)/stamp ## every benchmark that benchmarks/README.md lists
	@for script in $$(sed -n 's/^- `\([a-z_]*\.py\)`.*/\1/p' benchmarks/README.md); do \
	  case $$script in *workers.py) python=$(RAY)/bin/python;; *) python=$(BIN)/python;; esac; \
	  echo "== $$script"; $$python benchmarks/$$script || exit 1; \
	done

docs: $(STAMPS)/extension $(STAMPS)/group-docs ## the documentation site, in site/
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs site
	@echo "site/index.html is ready"

# The wheel is built from the source distribution, so that the latter holds all that a build needs.
# What the linker found is then compared with what a manylinux baseline has, and the wheel named so.
WHEEL := build/dist

$(WHEEL)/stamp: $(NATIVE_SOURCES) $(PACKAGE) pyproject.toml README.md LICENSE $(STAMPS)/group-dist
	rm -rf $(WHEEL) dist
	$(BIN)/python -m build --outdir $(WHEEL) .
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist $(WHEEL)/*.whl
	cp $(WHEEL)/*.tar.gz dist
	$(BIN)/auditwheel show dist/*.whl
	@touch $@

dist: $(WHEEL)/stamp ## source distribution and wheel, in dist/

clean: ## remove what the targets made, the virtual environment included
	rm -rf $(VENV) $(TOX) $(RAY) .tox build dist site .coverage
