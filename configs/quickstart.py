"""A complete study for two CPU cores: three sizes, two domains, minutes.

Byte-level models of 25k, 99k and 394k non-embedding parameters, pretrained on
four kinds of English text and fine-tuned on the King James Bible and on French
Wikipedia, each with three amounts of target text and four injections.
"""

import itertools

from forgetting.config import Model, Optimizer, Run, Study

PRETRAINING = ("wiki_en", "factbook", "py_django", "hansard_en")
MODELS = {  # to the steps of their pretraining
  Model(layers=2, width=32, heads=2): 1000,
  Model(layers=2, width=64, heads=2): 1600,
  Model(layers=2, width=128, heads=4): 1500,
}
TARGET_TOKENS = {  # to the epochs after which a fine-tuning ends at the latest
  6_400: 32,
  20_480: 16,
  65_536: 8,
}
INJECTIONS = (0, 0.01, 0.05, 0.2)
BATCH_SIZE = 16  # sequences of 128 bytes


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parents = [pretrained(model, pretraining) for model in MODELS]
  cells = itertools.product(parents, domains, TARGET_TOKENS, INJECTIONS)
  return Study(
    name="quickstart",
    tolerance=0.25,
    runs=tuple(finetuning(*cell) for cell in cells),
  )


def pretrained(model: Model, sources: tuple[str, ...]) -> Run:
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=peak_lr(model), warmup_steps=100),
    steps=MODELS[model],
    batch_size=BATCH_SIZE,
    pretraining=sources,
    injection=1,
  )


def finetuning(
  parent: Run,
  domain: str,
  target_tokens: int,
  injection: float,
  *,
  epochs: int | None = None,
) -> Run:
  epochs = epochs or TARGET_TOKENS[target_tokens]
  # as many target tokens whatever is injected beside them
  tokens = target_tokens * epochs / (1 - injection)
  return Run(
    model=parent.model,
    # above the learning rate at which pretraining ended: warmed up again
    optimizer=Optimizer(peak_lr=peak_lr(parent.model) / 4, warmup_steps=10),
    steps=round(tokens / parent.tokens_per_step),
    batch_size=BATCH_SIZE,
    pretraining=parent.pretraining,
    injection=injection,
    domain=domain,
    target_tokens_asked=target_tokens,
    parent=parent,
  )


def peak_lr(model: Model) -> float:
  """Of pretraining: falls with the width, as wider models need it to."""
  return 0.05 * model.width**-0.5
