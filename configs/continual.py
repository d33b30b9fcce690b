"""Does what is forgotten stay the same in task after task on one model?

A model of 98k parameters is fine-tuned on six domains; then, from its best
after each of three of them, on the five others; then, from its best after two,
on the four that are left.

  forgetting study configs/continual.py
  forgetting associate continual
"""

from along_pretraining import MODEL, task
from quickstart import PRETRAINING, pretrained

from forgetting.config import Run, Study

STEPS = 1000  # of its pretraining
DOMAINS = ("kjv", "recipes", "wiki_fr", "py_sympy", "abc_music", "smiles")
CHAINS = (("kjv",), ("wiki_fr",), ("py_sympy",), ("kjv", "wiki_fr"))


def study(
  domains: tuple[str, ...] = DOMAINS,
  pretraining: tuple[str, ...] = PRETRAINING,
  chains: tuple[tuple[str, ...], ...] = CHAINS,
) -> Study:
  parent = pretrained(MODEL, pretraining, steps=STEPS)
  runs = []
  for chain in ((), *chains):
    start = after(parent, chain)
    runs += [task(start, domain) for domain in domains if domain not in chain]
  return Study(name="continual", tolerance=0.25, runs=tuple(runs))


def after(parent: Run, chain: tuple[str, ...]) -> Run:
  """The model that tasks one after the other have left."""
  for domain in chain:
    parent = task(parent, domain)
  return parent
