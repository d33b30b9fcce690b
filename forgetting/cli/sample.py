"""The verb that shows what a model writes: sample."""

import tyro

from forgetting.cli.answers import ROOT, find_model
from forgetting.cli.options import OneModel, Root
from forgetting.config import InputError


def sample(
  model: tyro.conf.Positional[OneModel],
  *,
  count: int = 4,
  prompt: str = "",
  temperature: float = 1.0,
  top_p: float = 1.0,
  seed: int = 0,
  context: int | None = None,
  root: Root = ROOT,
) -> int:
  """Show text that a model writes by itself.

  As its children would replay it with `SelfText`: from the beginning of a
  document, or of a prompt. A pretraining keeps its model, a fine-tuning with
  --keep-best.

  Example: forgetting sample runs/quickstart/RUN --temperature 0.7

  Args:
    count: Texts.
    prompt: What each begins with.
    temperature: By which logits are divided; 0 takes the likeliest token.
    top_p: The likeliest tokens that have this share together are kept.
    seed: Of the dice: the same seed writes the same text.
    context: Tokens of each; by default that of a run of ours, or 256.
  """
  for name, found, holds, expected in (
    ("--count", count, count >= 1, "1 or more"),
    ("--temperature", temperature, temperature >= 0, "0 or more"),
    ("--top-p", top_p, 0 < top_p <= 1, "above 0, at most 1"),
    ("--seed", seed, 0 <= seed < 2**32, "0 to 2^32 - 1"),
  ):
    if not holds:
      raise InputError(f"{name}: found {found}, expected {expected}")
  from forgetting.runs import sides
  from forgetting.runs.sampled import sampled

  texts = sampled(
    sides.side(find_model(model, root), context),
    count=count,
    prompt=prompt,
    temperature=temperature,
    top_p=top_p,
    seed=seed,
  )
  for number, text in enumerate(texts, 1):
    print(f"--- {number} of {count}\n{text}")
  return 0
