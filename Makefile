PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help demo test bench soak fuzz mutants licences pictures format clean

help: ## shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/ready ## simulated cloud, service, chat room and dashboard; ARGS="--for 30s" ends by itself
	@$(BIN)/fdi-monitor demo $(ARGS)

test: .venv/ready ## everything that can run on this machine; says what it skipped and why
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
ifeq ($(ARGS),)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/acceptance
	$(BIN)/pytest tests/acceptance
else
	$(BIN)/pytest $(ARGS)
endif

bench: .venv/ready ## measures everything, beside what others use, and writes docs/benchmarks.md; an hour, nothing beside it
	$(BIN)/python -m benchmarks $(ARGS)

soak: .venv/ready ## twenty minutes under every fault: does it grow, slow down, or lose anything?
	$(BIN)/python -m benchmarks.soak $(ARGS)

fuzz: .venv/ready ## every Hypothesis test with a hundred times as many examples; FOR=20000 says how many
	FDI_FUZZ=$(or $(FOR),10000) $(BIN)/pytest -m hypothesis --timeout 3600 $(ARGS)

mutants: .venv/ready ## changes the core one line at a time; which changes does no test notice? Hours; see docs/mutants.md
	$(BIN)/pip install --quiet --disable-pip-version-check mutmut==3.8.1
	$(BIN)/mutmut run --max-children 1 $(ARGS)
	$(BIN)/mutmut results

licences: .venv/ready ## docs/licences.md and docs/sbom.cdx.json, anew, from requirements.lock
	FDI_WRITE_DOCS=1 $(BIN)/pytest tests/packaging/test_bill.py

format: .venv/ready ## formats the code and mends what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: .venv/ready ## the pictures of the README, anew, from the tests that look at the pages; needs Chromium
	@mkdir -p docs/pictures
	FDI_PICTURES=docs/pictures PYTHONPATH=. $(BIN)/pytest -p tests.noskip tests/web -k "dashboard-1440-1180-light or every_page_fits or [chat] or every_chat or email"

clean: ## removes what these targets made
	rm -rf .venv dist mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed (PYTHON=python3.12 make ...)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/ready
