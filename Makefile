# What there is to do in this repository: `make help`. The work itself is in tests/gates, tests/demo and tests/lab.

# The operating system's Python when it is new enough: pyenv's shims change with the directory.
PYTHON ?= $(shell for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
GATES = $(PYTHON) -m tests.gates
DEV = .venv/bin/python
UV_COMPILE = .venv/bin/uv pip compile --quiet --universal --upgrade

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help python setup demo demo-down test test-release check lint unit target integration changelog docs docs-site \
	docs-links docs-pictures docs-drawings artifact importer sanity hosts scenarios molecule times names release bench lock \
	clean

help: ## say what there is
	@sed -n 's|^\([a-z][a-z -]*\):[^#]*## |  make \1\t|p' $(MAKEFILE_LIST) | expand -t 26

python:
	@test -n "$(PYTHON)" || { \
	echo "Python 3.11 or newer is missing. Debian 12 and 13: apt-get install python3 python3-venv" >&2; exit 1; }

setup: python ## make the virtual environment in .venv
	@$(GATES) setup

demo: setup ## two hypervisors, a storage server and the endpoint; run the site twice and show the outcome
	@$(DEV) -m tests.lab prerequisites --install
	@$(DEV) -m tests.demo

demo-down: python ## stop what the demo left up
	@if [ -x $(DEV) ]; then $(DEV) -m tests.demo --down; fi

# What has passed and not changed since is skipped outside CI; FRESH=1 runs it: make test FRESH=1
test: python ## everything: all gates, simulators, real hosts, Molecule
	@$(GATES) test

test-release: python ## what a release is held to besides: the tests that take minutes and are marked release
	@$(GATES) test-release

check: python ## the quick part for daily work: lint of what changed, unit tests, modules against the simulators
	@$(GATES) check

lint: python ## ruff; ansible-lint, profile production
	@$(GATES) setup lint

unit: python ## unit tests
	@$(GATES) setup unit

target: python ## compile and test the target-side code on the oldest Python there is
	@$(GATES) setup target

integration: python ## modules and roles against the simulators
	@$(GATES) setup integration

changelog: python ## check the changelog fragments
	@$(GATES) setup changelog

docs: python ## check the documentation of plugins and roles
	@$(GATES) setup docs

docs-site: python ## build the documentation site in .cache/site/html
	@$(GATES) docs-site

docs-links: python ## ask for every address that the documentation names; needs the network
	@$(GATES) docs-links

docs-pictures: python ## take pictures of the site in a browser, narrow and wide, in .cache/site/screens
	@$(GATES) docs-pictures

docs-drawings: python ## draw the guides' pictures again from what they show
	@$(GATES) docs-drawings

artifact importer: python ## build the collection, check what is in it, let galaxy-importer judge it
	@$(GATES) setup artifact

sanity: python ## ansible-test sanity on the newest ansible-core that runs here
	@$(GATES) setup sanity

hosts: python ## scenarios and Molecule on real hosts in the lab, side by side
	@$(GATES) setup hosts

scenarios: python ## the scenarios alone
	@$(GATES) setup scenarios

molecule: python ## Molecule's scenarios alone
	@$(GATES) setup molecule

times: python ## commit what took how long in the last run on real hosts
	@$(GATES) --keep-times

names: setup ## write the list of public names again; what breaks users waits for the next major version
	@$(DEV) -m tests.support.public_names

release: setup ## a release: changelog, commit, tag and artifact; nothing is pushed: make release VERSION=1.0.0
	@$(GATES) --release "$(VERSION)"

# ROWS and RUNS narrow it down: make bench ROWS=datastores-converged-vs-per-item RUNS=5
bench: python ## time ours beside what a user would write instead; tests/bench/results.json
	@$(GATES) setup bench-tools bench-mitogen
	@$(DEV) -m tests.lab prerequisites --install
	@$(DEV) -m tests.bench $(ROWS) $(if $(RUNS),--runs $(RUNS))

lock: setup ## write requirements/*.txt again from requirements/*.in
	@cd requirements && export UV_CUSTOM_COMPILE_COMMAND="make lock" && \
	for name in dev docs importer core-2.19 mitogen; do ../$(UV_COMPILE) --python-version 3.11 $$name.in -o $$name.txt || exit; done && \
	../$(UV_COMPILE) --python-version 3.10 core-2.16.in -o core-2.16.txt && \
	../$(UV_COMPILE) --python-version 3.12 core-2.21.in -o core-2.21.txt && \
	../.venv/bin/uv pip compile --quiet --python-version 3.6 python-3.6.in -o python-3.6.txt

clean: python ## remove environments and caches; the lab's image is made again at the next start
	@if [ -x $(DEV) ]; then $(DEV) -m tests.demo --down || true; fi
	rm -rf .venv .venv-* .cache .pytest_cache .hypothesis .ansible tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
