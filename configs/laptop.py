"""The reference study: five sizes, eight domains, overnight on two CPU cores.

Byte-level models of 10k to 1.5M non-embedding parameters, pretrained on the
nine sources of the default mix and fine-tuned on every target domain of the
catalogue, with target text over two decades and six injections. A second seed
of one amount of text tells how much of a result is luck. How long that is:

  forgetting study configs/laptop.py --dry-run --chip cpu --devices 2
"""

import dataclasses
import itertools

from quickstart import BATCH_SIZE, finetuning, peak_lr

from forgetting.config import Evaluation, Model, Optimizer, Run, Study

PRETRAINING = ("mix",)
MODELS = {  # to the tokens of their pretraining: 20 a parameter, 2.5M at least
  Model(layers=2, width=20, heads=2): 2.5e6,
  Model(layers=2, width=40, heads=2): 2.5e6,
  Model(layers=2, width=72, heads=3): 2.5e6,
  Model(layers=2, width=128, heads=4): 8e6,
  Model(layers=4, width=176, heads=4): 30e6,
}
DOMAINS = (
  "kjv", "licences", "py_sympy", "wiki_fr", "medical", "recipes", "abc_music",
  "smiles",
)  # fmt: skip
TARGET_TOKENS = {  # to the epochs after which a fine-tuning ends at the latest
  5_120: 48,
  51_200: 16,
  512_000: 6,
}
INJECTIONS = (0, 0.001, 0.005, 0.01, 0.05, 0.2)
TWICE = tuple(itertools.product((51_200,), (0, 0.05)))  # with a second seed
EVALUATION = Evaluation(full_pretrain=512)


def study(
  domains: tuple[str, ...] = DOMAINS,
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parents = [pretrained(model, pretraining) for model in MODELS]
  once = [*itertools.product(TARGET_TOKENS, INJECTIONS)]
  cells = [(*cell, 0) for cell in once] + [(*cell, 1) for cell in TWICE]
  return Study(
    name="laptop",
    tolerance=0.25,
    runs=tuple(
      task(parent, domain, *cell)
      for parent, domain, cell in itertools.product(parents, domains, cells)
    ),
  )


def pretrained(model: Model, sources: tuple[str, ...]) -> Run:
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=peak_lr(model), warmup_steps=100),
    steps=round(MODELS[model] / (BATCH_SIZE * model.context)),
    batch_size=BATCH_SIZE,
    pretraining=sources,
    injection=1,
    evaluation=EVALUATION,
  )


def task(
  parent: Run, domain: str, target_tokens: int, injection: float, seed: int
) -> Run:
  epochs = TARGET_TOKENS[target_tokens]
  return dataclasses.replace(
    finetuning(
      parent,
      domain,
      target_tokens,
      injection,
      epochs=epochs,
      warmup_steps=10,
    ),
    seed=seed,
    evaluation=EVALUATION,
  )
