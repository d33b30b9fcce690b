# Set-up and the commands that need it. Python 3.11 to 3.13, no root.
# Another interpreter: make env PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: quickstart smoke smollm2 test test-all lint browser engines hf trackers evals docs env constraints

quickstart: env
	$(BIN)/forgetting study configs/quickstart.py

# the same path end to end, reduced to what takes less than two minutes
smoke: env
	$(BIN)/forgetting study configs/smoke.py

# a public model of 135M parameters: LoRA on the King James Bible
smollm2: env SmolLM2-135M/config.json
	$(BIN)/forgetting study configs/smollm2.py --set quick=true --keep-best

SmolLM2-135M/config.json: | env
	$(BIN)/forgetting data convert smollm2 --out SmolLM2-135M

# two processes, a file of tests in one of them
test: env
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: env .venv-skypilot/ready .venv-gke/ready .venv-hf/ready
	$(BIN)/python -m pytest -m ""

# style, and the types of the rooms that all others stand on
lint: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# the page in the system's Chromium
browser: env
	$(BIN)/python -m pytest -n 2 -m browser tests/browser

# into build/docs, readable from the disk; a link that leads nowhere is an error
docs: env
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# SkyPilot and xpk want other versions of what forgetting stands on, and of each
# other's: an environment each, for the tests of what they are given
engines: env .venv-skypilot/ready .venv-gke/ready
	$(BIN)/python -m pytest -m engines tests/engines

# what public checkpoints are held against: transformers, PyTorch on the CPU, PEFT
hf: .venv-hf/ready

# the trackers' own clients, offline, beside the light install
trackers: .venv-trackers/ready
	.venv-trackers/bin/python -m pytest tests/study/test_trackers.py

# lm-evaluation-harness, which brings PyTorch, for `forgetting check --tasks`
evals: env .venv-evals/ready
	$(BIN)/python -m pytest -m slow tests/runs/test_accuracies.py

# the newest that an extra admits
.venv-trackers/ready: EXTRAS = trackio,wandb
.venv-evals/ready: EXTRAS = evals
.venv-trackers/ready .venv-evals/ready: pyproject.toml
	$(PYTHON) -m venv $(@D)
	if command -v uv >/dev/null; then \
	  uv pip install --python $(@D)/bin/python -e '.[$(EXTRAS)]' pytest; \
	else \
	  $(@D)/bin/python -m pip install -e '.[$(EXTRAS)]' pytest; \
	fi
	touch $@

.venv-skypilot/ready: REQUIREMENTS = 'skypilot[gcp]'
.venv-gke/ready: REQUIREMENTS = xpk
.venv-hf/ready: REQUIREMENTS = gguf peft tokenizers torch transformers
.venv-%/ready: launch/%-constraints.txt
	$(PYTHON) -m venv .venv-$*
	if command -v uv >/dev/null; then \
	  uv pip install --python .venv-$*/bin/python -c $< $(REQUIREMENTS); \
	else \
	  .venv-$*/bin/python -m pip install -c $< $(REQUIREMENTS); \
	fi
	touch $@

env: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "found $$($(PYTHON) --version), expected Python 3.11 to 3.13: make env PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	if command -v uv >/dev/null; then \
	  uv pip install --python $(BIN)/python -c constraints.txt -e '.[browser,dev,docs,gcs,huggingface,notebooks,tensorboard,train]'; \
	else \
	  $(BIN)/python -m pip install -c constraints.txt -e '.[browser,dev,docs,gcs,huggingface,notebooks,tensorboard,train]'; \
	fi
	touch $@

# the pins, for all three Pythons at once; without addresses of an index
constraints:
	uv pip compile --universal --python-version 3.11 --extra browser --extra dev --extra docs --extra gcs \
	  --extra huggingface --extra notebooks --extra tensorboard --extra train --extra cuda --extra tpu \
	  --no-header --no-annotate --upgrade pyproject.toml -o constraints.txt
	uv pip compile --universal --python-version 3.11 --extra skypilot \
	  --no-header --no-annotate --upgrade pyproject.toml -o launch/skypilot-constraints.txt
	printf '%s\n' gguf peft tokenizers torch transformers | uv pip compile --universal --python-version 3.11 \
	  --no-header --no-annotate --upgrade - -o launch/hf-constraints.txt
	echo 'xpk>=1.16,<2' | uv pip compile --universal --python-version 3.11 \
	  --no-header --no-annotate --upgrade - -o launch/gke-constraints.txt
