"""The quickstart's path end to end in about a minute, to see that it works."""

import dataclasses

from quickstart import study as quickstart

from forgetting.config import Evaluation, Run, Study

PRETRAINING = ("wiki_en", "py_django")


def study(
  domains: tuple[str, ...] = ("kjv",),
  pretraining: tuple[str, ...] = PRETRAINING,
) -> Study:
  whole = quickstart(domains, pretraining)
  runs = (reduced(run) for run in whole.runs if run.injection != 0.02)
  return Study(name="smoke", runs=tuple(runs))


def reduced(run: Run) -> Run:
  """Half of the text, an eighth and a quarter of the steps, few evaluations."""
  parent = dataclasses.replace(
    run.parent,
    steps=run.parent.steps // 8,
    evaluation=small(),
  )
  return dataclasses.replace(
    run,
    target_tokens_asked=run.target_tokens_asked // 2,
    steps=run.steps // 4,
    evaluation=small(),
    parent=parent,
  )


def small() -> Evaluation:
  return Evaluation(points=6, curve_target=32, full_pretrain=64, full_target=64)
