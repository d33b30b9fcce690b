"""Does what is forgotten stay the same along a pretraining?

One model of 98k parameters, as it is after 250, 500, 1,000 and 2,000 steps of
one pretraining, is fine-tuned on eight domains from each. The learning rate of
the pretraining stays where it is after its warm-up and the order of its text
does not depend on its length: the shorter ones are earlier checkpoints of the
longest, to the last bit.

  forgetting study configs/along_pretraining.py
  forgetting associate along_pretraining
"""

import dataclasses

from quickstart import PRETRAINING, finetuning, pretrained

from forgetting.config import Evaluation, Model, Study

MODEL = Model(layers=2, width=64, heads=2)
STEPS = (250, 500, 1000, 2000)
DOMAINS = (
  "kjv", "wordnet", "recipes", "licences", "wiki_fr", "py_sympy", "abc_music",
  "smiles",
)  # fmt: skip
TARGET_TOKENS, EPOCHS = 6_400, 24
EXAMPLES = 512


def study(
  domains: tuple[str, ...] = DOMAINS,
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  whole = pretrained(MODEL, pretraining, steps=STEPS[-1])
  optimizer = dataclasses.replace(whole.optimizer, schedule="constant")
  checkpoints = [
    dataclasses.replace(whole, optimizer=optimizer, steps=steps)
    for steps in STEPS
  ]
  return Study(
    name="along_pretraining",
    tolerance=0.25,
    runs=tuple(
      task(checkpoint, domain)
      for checkpoint in checkpoints
      for domain in domains
    ),
  )


def task(parent, domain: str):
  """A fine-tuning on a small slice of a domain, without injection."""
  return dataclasses.replace(
    finetuning(parent, domain, TARGET_TOKENS, 0, epochs=EPOCHS),
    evaluation=Evaluation(points=8, full_pretrain=EXAMPLES),
  )
