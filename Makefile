# The project's commands. `make report` and `make test` each work when run first on a fresh clone;
# after set-up nothing here but `setup`, `lock` and `wheelhouse` touches the network.
#
#   make report                     from raw data to the manuscript
#   make report CORES=4             with four cores
#   make report CONFIG=config/studies/cdiscpilot01/config.yaml
#   make report ENGINE=embedded     with the renderer of the environment, or ENGINE=quarto
#   make verify SHA256=0123...      with the hash of the manifest that the run printed
#   make test TESTS=tests/unit      one kind of test

CORES  ?= all
CONFIG ?=
ENGINE ?=
TESTS  ?=
PYTEST ?=
SHA256 ?=

BIN        := .venv/bin
MULTIFIDUS  = $(BIN)/multifidus
RUN_OPTIONS = --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG)) \
              $(if $(ENGINE),--config 'render={engine: $(ENGINE)}')
VERIFY_OPTIONS = $(if $(SHA256),--manifest-sha256 $(SHA256))
# The folder that a run writes to: what its own configuration says, else the default.
READ        = import sys; from multifidus.config.layers import read_layers as read
RESULTS     = $(or $(if $(CONFIG),$(shell $(BIN)/python -c \
    '$(READ); print(read(sys.argv[1:]).values["paths"]["results"])' $(CONFIG) 2>/dev/null)),results)
SOURCES    := workflow tests tools
SMK         = $(wildcard Snakefile workflow/Snakefile workflow/rules/*.smk)
UV_COMPILE  = $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

.DEFAULT_GOAL := help
.PHONY: help setup report rerender unlock test check verify bench clean lock wheelhouse generate

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Not a file target: what decides is the content of the locks and the place of the folder, which
# tools/setup.py compares in a fraction of a second. Times of files say neither after a checkout.
setup: ## Make .venv from the locks, or do nothing when it is up to date
	@sh tools/setup.sh setup

report: setup ## Run the workflow and print the documents, the verdicts and the time taken
	@began=$$(date +%s) && $(MULTIFIDUS) run $(RUN_OPTIONS) && echo && \
	$(MULTIFIDUS) summary $(RESULTS) --seconds $$(($$(date +%s) - began))

# The results are checked first. No rule above these may run: frozen results stay as they are, whatever has changed beneath them.
rerender: setup ## Render the documents again from the frozen results
	@began=$$(date +%s) && \
	$(MULTIFIDUS) verify $(RESULTS) --inputs $(VERIFY_OPTIONS) && \
	$(MULTIFIDUS) run $(RUN_OPTIONS) --forcerun render_document \
	    --allowed-rules default all render_document deliver_document write_manifest && echo && \
	$(MULTIFIDUS) summary $(RESULTS) --seconds $$(($$(date +%s) - began))

unlock: setup ## Remove the locks of a stopped run, where a run cannot tell that it has stopped
	@$(BIN)/snakemake --unlock $(if $(CONFIG),--configfile $(CONFIG))

test: setup ## Run the tests (MULTIFIDUS_SLOW=1 adds the slow ones and the Slurm cluster)
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST) $(TESTS)

check: setup ## Lint, format and types, the workflow's lint, generated files, locks, licences
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/snakefmt --check $(SMK)
	$(BIN)/snakemake --lint
	$(BIN)/python -m multifidus.config.generate --check
	$(BIN)/python tools/error_catalogue.py --check
	$(BIN)/python tools/sbom.py --check
	$(BIN)/python tools/licences.py
	$(BIN)/python -m pytest -q tests/unit/test_house_environment.py

verify: setup ## Check every file against the manifest (SHA256=... the manifest against its hash)
	@$(MULTIFIDUS) verify $(RESULTS)/manifest.json $(VERIFY_OPTIONS)

bench: setup ## Run the benchmarks in turn (simulations and fuzzing are scripts of their own beside them)
	@for script in benchmarks/bench_*.py; do \
	    [ -e "$$script" ] || continue; \
	    echo "== $$script"; $(BIN)/python "$$script" || exit 1; \
	done

generate: setup ## Write the configuration, schemas, reference tables and error catalogue
	@$(BIN)/python -m multifidus.config.generate
	@$(BIN)/python tools/error_catalogue.py

lock: setup ## Resolve the dependencies anew
	$(UV_COMPILE) pyproject.toml --extra dev --fork-strategy fewest -o requirements.lock
	echo uv | $(UV_COMPILE) --python-version 3.11 - -o requirements-uv.lock
	echo setuptools | $(UV_COMPILE) --python-version 3.11 - -o requirements-build.lock
	$(BIN)/python tools/conda_environments.py
	$(BIN)/python tools/sbom.py

wheelhouse: ## Fetch every locked file into wheelhouse/, for a site without a network
	@sh tools/setup.sh wheelhouse wheelhouse

clean: ## Remove the environment, caches and everything that runs have made
	rm -rf .venv .snakemake .cache results logs wheelhouse
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks workflow/*.egg-info
	find workflow tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
