# Every command that a person types. A setting is a make variable: `make test BASE_URL=https://… API_KEY=csk_live_…`.
# The suite reads the same settings from the environment, prefixed with COSPEC_.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 4010
ARGS ?=
SEEDS ?= 1,2,3
BASE ?=
CLIENT ?=
PREVIEW_URL ?=
RUN := $(VENV)/bin/python

SETTINGS := ENV BASE_URL API_KEY API_KEYS API_KEY_SECOND API_KEY_OTHER_ORG API_KEY_NO_CREDITS API_KEY_NO_ANTHROPIC \
	API_KEY_NO_GITHUB_APP API_KEY_NO_GIT_PROVIDER CONTROL_URL SEED STRICT PROFILE CA_BUNDLE TIMEOUT_SECONDS REPORTS \
	READ_ONLY ALLOW_WRITES ALLOW_RUNS MAX_RUNS JOURNAL PROVOKE WEBHOOK_SINK_URL WEBHOOK_SINK_LISTEN \
	WEBHOOK_SINK_CERTIFICATE
# ENV has another meaning to some shells, so it counts only where it is given to make. A variable that is given to make
# and that nothing here knows is a mistake: READONLY=1 must not be a run that writes.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
UNKNOWN := $(filter-out $(SETTINGS) PYTHON VENV PORT ARGS SEEDS BASE CLIENT PREVIEW_URL RUN SHELL MAKE%,$(GIVEN))
$(if $(filter 0,$(MAKELEVEL)),$(if $(UNKNOWN),$(error $(firstword $(UNKNOWN)) is no setting. It may be $(SETTINGS))))
$(foreach name,$(filter-out $(if $(filter ENV,$(GIVEN)),,ENV),$(SETTINGS)),$(if $(value $(name)),\
	$(eval export COSPEC_$(name) = $$(value $(name)))))

unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONSAFEPATH
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup test clean-target check prove flakiness noise live generate clients client test-clients mock compat gate check-gate docs lock format clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.installed ## Make .venv from the lock (PYTHON=python3.12 chooses the interpreter)

$(VENV)/.installed: requirements.lock scripts/setup.sh
	@scripts/setup.sh "$(PYTHON)" "$(VENV)"

test: setup ## Say whether a server conforms: the mock, or BASE_URL=… API_KEY=… (ARGS=… goes to pytest)
	@$(RUN) scripts/verdict.py $(ARGS)

clean-target: setup ## Remove what a run that was killed has left on a server (BASE_URL=… API_KEY=…)
	@$(RUN) -m scripts.clean_target

check: setup ## Lint, type-check, check the document and what is made of it, run the project's own tests, try each fault
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy
	@$(RUN) -m scripts.check_document
	@$(RUN) -m scripts.generate --check
	@$(RUN) -m pytest tests -rs -n 2 --dist loadfile
	@$(RUN) -m scripts.prove --fast

prove: setup ## Run the suite against every fault and variant of the mock (SEEDS=1,2,3, ARGS=NAME tries some)
	@$(RUN) -m scripts.prove --seeds "$(SEEDS)" $(ARGS)

flakiness: setup ## Run the suite against the mock with 50 seeds
	@$(RUN) -m scripts.flakiness $(ARGS)

noise: setup ## Run the suite 20 times against the mock while another client works in the same organization
	@$(RUN) -m scripts.flakiness --colleague --runs 20 $(ARGS)

live: setup ## Run the suite against the mock as a live server: a real clock, its own keys, a colleague at work
	@$(RUN) -m scripts.live $(ARGS)

generate: setup ## Write generated/ from openapi/cospec.yaml
	@$(RUN) -m scripts.generate

clients: setup ## Write a client for each language to generated/clients/ (needs Java, Node.js and Go)
	@$(RUN) -m scripts.clients generate

client: setup ## Write one client (CLIENT=go)
	@$(RUN) -m scripts.clients generate -- "$(CLIENT)"

test-clients: setup ## Build the clients with their own compilers and try them against the mock (CLIENT=… only one)
	@$(RUN) -m scripts.clients test $(if $(CLIENT),-- "$(CLIENT)")

mock: setup ## Start the mock server (PORT=4010, ARGS=… goes to it)
	@$(RUN) -m mock_server --port "$(PORT)" $(ARGS)

compat: setup ## Compare the contract with an earlier one (BASE=origin/main, a git ref, a file or a URL)
	@$(RUN) -m scripts.compat $(ARGS) -- "$(BASE)"

gate: setup ## Say whether a change of the API may go through (BASE=origin/main, PREVIEW_URL=… API_KEY=…)
	@$(RUN) -m scripts.gate --base "$(or $(BASE),origin/main)" --preview-url "$(PREVIEW_URL)"

check-gate: setup ## Test what needs Go: oasdiff and actionlint are built under .tools/, then used
	@$(RUN) -m scripts.go_tools oasdiff actionlint
	@$(RUN) -m pytest tests/compatibility tests/workflows

docs: setup ## Write the single-page reference, generated/reference.html (needs Node.js)
	@$(RUN) -m scripts.reference

lock: setup ## Pin requirements.in and the generators of clients (ARGS=--upgrade takes the newest versions)
	@for name in requirements scripts/clients/generators; do \
		$(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			--no-emit-index-url --no-emit-find-links --output-file $$name.lock $(ARGS) $$name.in || exit 1; done

format: setup ## Format the code and mend what the linter can mend
	@$(RUN) -m ruff check --fix --quiet
	@$(RUN) -m ruff format

clean: ## Remove reports and caches; .venv and .tools stay
	@rm -rf reports .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
