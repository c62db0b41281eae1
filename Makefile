# Two commands matter: `make run` and `make test`. Everything they need, they set up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run demo test check bench chaos chaos-setup chaos-changes chaos-watching lock clean

run: $(READY)  ## The bot: on Slack if tokens are configured, else in the sandbox (LAB=1 as root: on real nodes)
	@$(BIN)/hacluster tokens; case $$? in \
	0) exec $(BIN)/hacluster serve ;; \
	3) $(if $(LAB),echo 'Making ready for real nodes: some minutes the first time …'; \
	   $(BIN)/python -m sandbox lab prepare --install --debian $(or $(DEBIAN),12) || exit;) \
	   exec $(BIN)/python -m sandbox run $(if $(LAB),--lab) $(if $(DEBIAN),--debian $(DEBIAN)) $(if $(PORT),--port $(PORT)) ;; \
	*) exit 1 ;; esac

demo: $(READY)  ## The story of a first visit, played on the page by the real bot and written as the README's picture
	$(BIN)/python -m sandbox.run.demo docs/demo.webp

test: $(READY)  ## The tests, real nodes included where this machine can; says what it leaves out, and what is left to `chaos`
	@.ci/system-packages
	@if [ "$$(uname -s)-$$(id -u)" = Linux-0 ] && command -v debootstrap >/dev/null; then $(BIN)/python -m sandbox lab prepare --install; fi
	$(BIN)/pytest $(ARGS)

check: $(READY)  ## Style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## Measured in one run: ratios and delays on real nodes (root), and a fleet of simulated ones
	@.ci/system-packages
	$(BIN)/python -m tests.lab.bench $(ARGS)
	$(BIN)/python -m tests.lab.bench_watching
	$(BIN)/python -m tests.lab.bench_changes
	$(BIN)/python -m tests.lab.fleet

chaos: $(READY)  ## Setup and every change killed at every step, cuts, each situation, an hour of random faults, on real nodes (root; takes long)
	@$(MAKE) --keep-going chaos-setup chaos-changes chaos-watching

chaos-setup: $(READY)
	@.ci/system-packages
	for debian in 11 12 13; do for bare in '' 1; do \
	CHAOS=all CHAOS_DEBIAN=$$debian CHAOS_BARE=$$bare $(BIN)/pytest tests/lab/test_chaos.py --timeout 14400 $(ARGS) || exit; done; \
	CHAOS=all CHAOS_DEBIAN=$$debian CHAOS_FENCED=1 CHAOS_STEPS='fence-secrets draft configure' $(BIN)/pytest tests/lab/test_chaos.py --timeout 14400 $(ARGS) || exit; done
	CHAOS=all CHAOS_FIREWALL=1 CHAOS_STEPS='firewall auth serving' $(BIN)/pytest tests/lab/test_chaos.py --timeout 14400 $(ARGS)

chaos-changes: $(READY)
	@.ci/system-packages
	CUTS=$${CUTS:-60} $(BIN)/pytest tests/lab/test_cuts.py -s $(ARGS)
	CHAOS=all $(BIN)/pytest tests/lab/test_killed_changes.py -s $(ARGS)
	CHAOS_MINUTES=1 $(BIN)/pytest tests/lab/test_approved.py tests/lab/test_clicks.py $(ARGS)

chaos-watching: $(READY)
	@.ci/system-packages
	CHAOS_MINUTES=$${CHAOS_MINUTES:-60} $(BIN)/pytest tests/lab/test_contract.py tests/lab/test_changing_verbs.py tests/lab/test_watching.py tests/lab/test_watch_chaos.py $(ARGS)

lock: $(READY)  ## Write the requirements files anew, without index addresses
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build -o requirements-build.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + "; name another, as in: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --no-index -e .
	touch $@
