# Everything a person types here. Without make: the README has the same commands for other systems.
#
# All of it runs in .venv, which is made once from any Python 3.11 or newer; a stamp in .venv says what
# is installed, so nothing is fetched again until pyproject.toml changes.

ifeq ($(OS),Windows_NT)
PROGRAMS := Scripts
else
PROGRAMS := bin
endif
BIN := .venv/$(PROGRAMS)
BENCH := .venv-bench/$(PROGRAMS)

INSTALL = sh tools/install.sh $(BIN)/python
RUN = $(BIN)/python -m

# The one training a newcomer sees first.
FIRST_TRAINING = gradatim train mlp

# More options: make test ARGS="-k names -x"; make proof ARGS=kill; make bench ARGS="--quick mlp"
ARGS =

.DEFAULT_GOAL := help
.PHONY: help names test quick lint format proof bench clean

help:
	@echo "make names    train a small network on 29,910 first names, and print new ones"
	@echo "make test     all tests, in parallel (a few minutes)"
	@echo "make quick    the fast tests (under a minute)"
	@echo "make lint     formatting, style, types, and which room imports which"
	@echo "make format   put the code in its form"
	@echo "make proof    the long proofs; results go to proofs/results/"
	@echo "make bench    the benchmarks beside PyTorch and JAX, which go into .venv-bench (1 GB)"
	@echo "make clean    remove caches and built files; .venv, .venv-bench and runs/ stay"
	@echo
	@echo "Another Python: make names PYTHON=/path/to/python3.13"

names: .venv/installed
	@$(BIN)/$(FIRST_TRAINING)
	@command -v gradatim > /dev/null || echo "(gradatim lives in .venv; once in each shell: . $(BIN)/activate)"

test: .venv/installed-test
	@$(RUN) pytest -n auto --dist worksteal $(ARGS)

quick: .venv/installed-test
	@$(RUN) pytest -n auto --dist worksteal -q -m "not slow and not proof" $(ARGS)

lint: .venv/installed-lint
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/installed-lint
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

proof: .venv/installed-test
	@$(BIN)/python proofs/run.py $(ARGS)

# The other libraries have an environment of their own: nothing else here may need them.
bench: .venv-bench/installed
	@$(BENCH)/python -m benchmarks $(ARGS)

.venv-bench/installed: pyproject.toml tools/install.sh benchmarks/requirements.txt
	@sh tools/install.sh $(BENCH)/python .
	@echo "Installing the other libraries into .venv-bench (once) ..."
	@$(BENCH)/python -m pip install --quiet --no-input --disable-pip-version-check \
	    -r benchmarks/requirements.txt
	@touch $@

.venv/installed: pyproject.toml tools/install.sh
	@$(INSTALL) .
	@touch $@

.venv/installed-%: pyproject.toml tools/install.sh
	@$(INSTALL) ".[$*]"
	@touch $@ .venv/installed

clean:
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find gradatim tests tools proofs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
