# Set-up and the commands that need it. Python 3.11 to 3.13, no root.
# Another interpreter: make env PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: quickstart smoke test test-all browser env constraints

quickstart: env
	$(BIN)/forgetting study configs/quickstart.py

# the same path end to end, reduced to what takes less than two minutes
smoke: env
	$(BIN)/forgetting study configs/smoke.py

# two processes, a file of tests in one of them
test: env
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: env
	$(BIN)/python -m pytest -m ""

# the page in the system's Chromium
browser: env
	$(BIN)/python -m pytest -m browser

env: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "found $$($(PYTHON) --version), expected Python 3.11 to 3.13: make env PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	if command -v uv >/dev/null; then \
	  uv pip install --python $(BIN)/python -c constraints.txt -e '.[dev,huggingface,browser]'; \
	else \
	  $(BIN)/python -m pip install -c constraints.txt -e '.[dev,huggingface,browser]'; \
	fi
	touch $@

# the pins, for all three Pythons at once; without addresses of an index
constraints:
	uv pip compile --universal --python-version 3.11 --extra dev --extra huggingface --extra browser --extra cuda --extra tpu \
	  --no-header --no-annotate --upgrade pyproject.toml -o constraints.txt
