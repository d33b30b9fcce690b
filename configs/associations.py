"""A study for its forgetting matrix: many small tasks, a thousand examples.

One byte-level model is fine-tuned on a small and on a large slice of each of
thirteen domains that it has never seen: 26 tasks, without injection. The small
slices are done again with another seed, which draws another slice of that size
in another order: how much of the matrix is luck. Every run leaves one row, over
1,024 pretraining sequences. At paper scale: change MODEL, SLICES and EXAMPLES.

  forgetting study configs/associations.py
  forgetting associate associations
"""

import dataclasses
import itertools

from quickstart import PRETRAINING, finetuning, pretrained

from forgetting.config import Evaluation, Model, Run, Study

MODEL = Model(layers=2, width=128, heads=4)  # 394k parameters
STEPS = 1500  # of its pretraining
DOMAINS = (
  "kjv", "shakespeare", "wordnet", "recipes", "licences", "medical",
  "wiki_fr", "py_sympy", "django_docs", "aws_docs", "gcp_docs", "abc_music",
  "smiles",
)  # fmt: skip
SLICES = {6_400: 32, 65_536: 8}  # target tokens, to the epochs over them
EXAMPLES = 1024


def study(
  domains: tuple[str, ...] = DOMAINS,
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parent = pretrained(MODEL, pretraining, steps=STEPS)
  tasks = [*itertools.product(domains, SLICES, (0,))]
  again = [*itertools.product(domains, list(SLICES)[:1], (1,))]
  return Study(
    name="associations",
    tolerance=0.25,
    runs=tuple(task(parent, *cell) for cell in [*tasks, *again]),
  )


def task(parent: Run, domain: str, target_tokens: int, seed: int) -> Run:
  return dataclasses.replace(
    finetuning(
      parent,
      domain,
      target_tokens,
      0,
      epochs=SLICES[target_tokens],
      warmup_steps=10,
    ),
    seed=seed,
    evaluation=Evaluation(points=8, full_pretrain=EXAMPLES),
  )
