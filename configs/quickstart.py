"""A complete study for two CPU cores: three sizes, two domains, minutes.

Byte-level models of 14k, 55k and 154k non-embedding parameters, pretrained on
four kinds of English text and fine-tuned on the King James Bible and on French
Wikipedia, each with three amounts of target text. Target text is scarce, as it
is in the paper, so that runs go past the bottom of their U-curve; injections
lie far apart, which tells the shape of the law best.
"""

from forgetting.config import Model, Optimizer, Run, Study

PRETRAINING = ("wiki_en", "factbook", "py_django", "hansard_en")
MODELS = {  # to the steps of their pretraining
  Model(layers=2, width=24, heads=2): 800,
  Model(layers=2, width=48, heads=2): 900,
  Model(layers=2, width=80, heads=2): 800,
}
TARGET_TOKENS = {  # to the epochs after which a fine-tuning ends at the latest
  2_048: 48,
  4_608: 44,
  10_240: 40,
}
INJECTIONS = {  # of each amount of target text
  2_048: (0, 0.02, 0.2),
  4_608: (0, 0.06),
  10_240: (0, 0.02, 0.2),
}
BATCH_SIZE = 16  # sequences of 128 bytes


def study(
  domains: tuple[str, ...] = ("kjv", "wiki_fr"),
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  parents = [pretrained(model, pretraining) for model in MODELS]
  return Study(
    name="quickstart",
    tolerance=0.25,
    runs=tuple(
      finetuning(parent, domain, target_tokens, injection)
      for parent in parents
      for domain in domains
      for target_tokens, injections in INJECTIONS.items()
      for injection in injections
    ),
  )


def pretrained(
  model: Model, sources: tuple[str, ...], *, steps: int | None = None
) -> Run:
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=peak_lr(model), warmup_steps=100),
    steps=steps or MODELS[model],
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
  warmup_steps: int = 5,
) -> Run:
  epochs = epochs or TARGET_TOKENS[target_tokens]
  # as many target tokens whatever is injected beside them
  tokens = target_tokens * epochs / (1 - injection)
  return Run(
    model=parent.model,
    # above the learning rate at which pretraining ended: warmed up again
    optimizer=Optimizer(
      peak_lr=peak_lr(parent.model) / 4, warmup_steps=warmup_steps
    ),
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
