# `make train` is all that a new checkout needs: it installs what is missing first.
.DEFAULT_GOAL := help
.PHONY: help setup train tutorial sweep study sync bundle dashboard evaluate compare generate reproduce serve verify ui test test-slow test-all coverage check docs format bench lock lowest audit dist clean clean-cache

# The first Python of a version that TensorFlow and Ray have wheels for.
RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach each,python3 python3.13 python3.12 python3.11 python,$(shell $(each) -c '$(RANGE)' 2>/dev/null && echo $(each))))
PORT ?= 5000
# Handed on by its value, as typed: make would take ${oc.env:NAME} of a config for a variable of its own.
ARGS ?=
BIN := .venv/bin
LOWEST := .venv-lowest
INSTALLED := .venv/.installed
# Whose content is the place it was made in: an installation that was moved or copied is made anew.
MOVED := $(if $(wildcard $(INSTALLED)),$(filter-out $(CURDIR),$(shell cat $(INSTALLED))))

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10
	@echo
	@echo 'Options: ARGS="dataset=mnist model=conv" (of train, tutorial, test, bench …), PORT=5000 (of ui), PYTHON=python3.12 (of setup)'

setup: $(INSTALLED)  ## install the pinned dependencies into .venv

train: $(INSTALLED)  ## train the default experiment, or what ARGS says
	@$(BIN)/python -m pipeline.train $(value ARGS)

tutorial: $(INSTALLED)  ## train all of a tutorial, side by side in one run: NAME=letters
	@$(BIN)/python -m pipeline.train -m experiment=$(or $(NAME),$(error Which one? NAME=letters, convolutional, clothes, generations, generate, objectives or disentanglement)) $(value ARGS)

study: $(INSTALLED)  ## show the state of the latest study: ARGS="name=latent_filters wait=true"
	@$(BIN)/python -m pipeline.study $(value ARGS)

sync: $(INSTALLED)  ## send what was recorded while the tracking server did not answer
	@$(BIN)/python -m pipeline.sync $(value ARGS)

bundle: $(INSTALLED)  ## write a run or a study into one file: RUN=its id or name; or bring one in: ARGS="import=file.zip"
	@$(BIN)/python -m pipeline.bundle $(RUN:%=run=%) $(value ARGS)

sweep: $(INSTALLED)  ## search with Optuna: ARGS="sweep=latent_filters dataset=fashion"
	@$(BIN)/python -m pipeline.train -m $(or $(value ARGS),$(error Which one? ARGS="sweep=latent_filters", kl_weight, architecture, objectives, rate_distortion, optimizer or study))

dashboard: $(INSTALLED)  ## serve a study in Optuna's dashboard: STUDY=its name, or the latest
	@$(BIN)/optuna-dashboard --host 127.0.0.1 --port $(or $(DASHBOARD_PORT),8080) $(or $(wildcard $(or $(STUDY:%=mlruns/studies/%.journal),$(shell ls -t mlruns/studies/*.journal 2>/dev/null | head -1))),$(error No journal of a study $(STUDY) is in mlruns/studies. Of a study in a database: .venv/bin/optuna-dashboard postgresql://…))

evaluate: $(INSTALLED)  ## evaluate a finished run again: RUN=its id
	@$(BIN)/python -m pipeline.evaluate run=$(or $(RUN),$(error Which run? RUN=its id)) $(value ARGS)

compare: $(INSTALLED)  ## compare finished runs on one page: ARGS="experiment=mnist" or "study=latent_filters"
	@$(BIN)/python -m pipeline.compare $(or $(value ARGS),$(error Which runs? ARGS="experiment=mnist", "study=latent_filters" or "runs=[<id>,<id>]"))

generate: $(INSTALLED)  ## images from a trained model: RUN=its id, or latent_filters@champion; ARGS="what=plane"
	@$(BIN)/python -m pipeline.generate run=$(or $(RUN),$(error Which run? RUN=its id, or latent_filters@champion)) $(value ARGS)

reproduce: $(INSTALLED)  ## train a run once more from its record and compare, bit for bit: RUN=its id
	@$(BIN)/python -m pipeline.reproduce run=$(or $(RUN),$(error Which run? RUN=its id)) $(value ARGS)

serve: $(INSTALLED)  ## answer requests to a trained model over HTTP: RUN=its id, or latent_filters@champion
	@$(BIN)/python -m pipeline.serve run=$(or $(RUN),$(error Which run? RUN=its id, or latent_filters@champion)) $(SERVE_PORT:%=port=%) $(value ARGS)

verify: $(INSTALLED)  ## train what others published, compare, write docs/reference.md; QUICK=1 is short and writes nothing
	@$(BIN)/python -m pipeline.verify $(if $(QUICK),quick=true) $(value ARGS)

ui: $(INSTALLED)  ## print a link to the runs in MLflow, on 127.0.0.1, until Ctrl-C
	@$(BIN)/python -m pipeline.ui --port $(PORT)

# Of two -m, pytest obeys the last: `make test ARGS="-m fault"` causes the faults of docs/reliability.md, and no more.
PYTEST := -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: $(INSTALLED)  ## run the quick tests, in minutes
	@$(BIN)/python $(PYTEST) -m 'not slow and not fault' $(value ARGS)

test-slow: $(INSTALLED)  ## run the other tests: whole studies, clusters, browsers, and all faults
	@$(BIN)/python $(PYTEST) -m 'slow or fault' $(value ARGS)

test-all: $(INSTALLED)  ## run all tests
	@$(BIN)/python $(PYTEST) $(value ARGS)

# Each process of a test leaves a file; of those that are killed, nothing is known.
coverage: export COVERAGE_PROCESS_START := $(CURDIR)/pyproject.toml
coverage: export COVERAGE_FILE := $(CURDIR)/build/coverage/data
coverage: $(INSTALLED)  ## run all tests but faults, and say which lines and branches none of them reached
	@rm -rf $(dir $(COVERAGE_FILE))
	@mkdir -p $(dir $(COVERAGE_FILE))
	@$(BIN)/python $(PYTEST) -m 'not fault' $(value ARGS)
	@COVERAGE_PROCESS_START= $(BIN)/coverage combine --quiet
	@COVERAGE_PROCESS_START= $(BIN)/coverage report

check: $(INSTALLED) docs  ## lint, format check, types, documentation, and whether dependencies and imports agree
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/deptry .

docs: $(INSTALLED)  ## build the documentation into build/docs/html; what refers to nothing is an error
	@$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going --jobs auto -d build/docs/doctrees docs build/docs/html
	@echo 'Documentation: build/docs/html/index.html'

format: $(INSTALLED)  ## mend what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED)  ## measure speed against other programs; installs them first
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --constraint requirements.lock --group bench
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps hydra-optuna-sweeper==1.3.0  # whose pin is Optuna 2
	@$(BIN)/python -m benchmarks $(value ARGS)

lock: $(INSTALLED)  ## resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --group docs \
		--no-header --no-annotate --upgrade pyproject.toml --output-file requirements.lock

lowest: $(INSTALLED)  ## run the quick tests with the lowest versions that pyproject.toml allows
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(LOWEST)
	@$(BIN)/uv pip compile --quiet --resolution lowest-direct --python $(LOWEST)/bin/python --all-extras --group dev --group docs \
		pyproject.toml --output-file $(LOWEST)/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --requirement $(LOWEST)/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --no-deps --no-build-isolation --editable .
	@$(LOWEST)/bin/python $(PYTEST) -m 'not slow and not fault' $(value ARGS)

audit: $(INSTALLED)  ## ask PyPI which pinned dependencies have known vulnerabilities; needs a network
	@$(BIN)/uv tool run pip-audit --strict --no-deps --disable-pip --requirement requirements.lock

clean-cache: $(INSTALLED)  ## remove the decoded images that are kept for the next start
	@$(BIN)/python -c 'from pipeline.data.cache_eviction import clear_cache; print(clear_cache())'

dist: $(INSTALLED)  ## build the wheel and the source archive into dist/
	@$(BIN)/python -m hatchling build

clean:  ## remove the installation and caches; runs and data stay
	rm -rf .venv $(LOWEST) dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find pipeline tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

ifneq ($(MOVED),)
.PHONY: $(INSTALLED)
endif
# uv installs in parallel and compiles to byte code, without which each start would compile TensorFlow again.
$(INSTALLED): pyproject.toml requirements.lock pipeline/__init__.py  # which has the version
	@$(or $(PYTHON),false) -c '$(RANGE)' || { echo "Expected Python 3.11 to 3.13, found: $(or $(shell $(PYTHON) --version 2>&1),none). \
	Install one, or name it: make setup PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Installing into .venv (about 3 GB, once) ..."
	@$(PYTHON) -m venv $(if $(MOVED),--clear) .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements.lock)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@echo '$(CURDIR)' > $@
