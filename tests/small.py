"""Runs of seconds."""

from forgetting.config import Evaluation, Model, Optimizer, Run, canonical
from forgetting.records import StudyDirectory
from forgetting.runs.options import RunOptions


def small_finetuning(text: dict[str, str]) -> Run:
  """A fine-tuning of seconds, from a parent of seconds."""
  model = Model(layers=2, width=16, heads=2, context=32)
  evaluation = Evaluation(
    points=4,
    patience=4,
    curve_pretrain=8,
    curve_target=8,
    full_pretrain=16,
    full_target=16,
  )
  parent = Run(
    model=model,
    optimizer=Optimizer(peak_lr=3e-3),
    steps=12,
    batch_size=4,
    pretraining=(text["news"], text["letters"]),
    injection=1,
    evaluation=evaluation,
  )
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=3e-3, warmup_steps=2),
    steps=10,
    batch_size=4,
    pretraining=parent.pretraining,
    injection=0.25,
    domain=text["law"],
    target_tokens_asked=200,
    evaluation=evaluation,
    parent=parent,
  )


def study_file(run: Run) -> str:
  """A study `toy` of a run and what it needs."""
  return (
    "import json\n"
    "from forgetting.config.canonical import from_dict\n"
    "from forgetting.config import Run, Study\n"
    f"RUN = json.loads({canonical.to_json(run)!r})\n"
    "def study():\n"
    "  return Study(name='toy', runs=(from_dict(Run, RUN),))\n"
  )


def options_in(root, study: str = "toy", **more) -> RunOptions:
  """Runs of a test: their directories are <root>/<study>/<run name>/."""
  where = StudyDirectory.at(root, study)
  return RunOptions(study=where, **{"executor": "test", **more})
