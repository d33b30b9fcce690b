"""Models of 10M to 125M parameters on one GPU with 24 GB.

The paper's study at a size that one GPU does in days: four models pretrained
on 20 tokens a parameter, then fine-tuned on up to 3M tokens of each domain.
How many hours that is for a GPU of yours:

  forgetting study configs/gpu.py --dry-run --chip rtx4090
"""

import dataclasses
import itertools

from paper import DOMAINS, PRETRAINING, VOCABULARY, finetuning, pretrained
from sizes import ONE_GPU, sized

from forgetting.config import Run, Study

MODELS = sized(ONE_GPU, context=1024, vocab_size=VOCABULARY, dtype="bfloat16")
BATCH_SIZE, MICRO_BATCHES = 64, 4  # 16 sequences at a time
TARGET_TOKENS = (300_000, 1_000_000, 3_000_000)
INJECTIONS = (0, 0.01, 0.05, 0.1)


def study(
  domains: tuple[str, ...] = DOMAINS[:2],
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parents = [
    smaller(pretrained(model, pretraining)) for model in MODELS.values()
  ]
  cells = itertools.product(parents, domains, TARGET_TOKENS, INJECTIONS)
  runs = (finetuning(*cell) for cell in cells)
  return Study(name="gpu", runs=tuple(in_parts(run) for run in runs))


def smaller(parent: Run) -> Run:
  """As many tokens in batches of BATCH_SIZE sequences."""
  factor = parent.batch_size // BATCH_SIZE
  smaller = dataclasses.replace(
    parent, batch_size=BATCH_SIZE, steps=parent.steps * factor
  )
  return in_parts(smaller)


def in_parts(run: Run) -> Run:
  return dataclasses.replace(run, micro_batches=MICRO_BATCHES)
