"""Remedies that cost no training, from a run's kept best and its base.

Both losses are measured between them, on the sequences of the run's curve, with
which they are compared at one target loss, and written beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import pathlib
import typing

from forgetting.config import Run
from forgetting.records import RunDirectory, StudyDirectory, run_directories
from forgetting.runs import samples
from forgetting.runs.evaluators import evaluator_of
from forgetting.runs.starts import load_params, load_parent

if typing.TYPE_CHECKING:
  from forgetting.training.evaluator import Evaluator
  from forgetting.training.measuring import Measuring


def measure(run: Run, study: StudyDirectory, measuring: Measuring) -> dict:
  """Both losses at eleven averages with base, and with the largest changes.

  Args:
    run: a fine-tuning that is done and whose best is kept.
    study: where its directory and its parent's are.
    measuring: of its model: one program measures all.

  Returns:
    what is in blends.json of the run's directory from now on: `averaging`, a
    dict a weight of best, and `largest`, a dict a part of the changes that is
    kept; both from base to best, each with pretrain_loss, target_loss,
    forgetting and forgetting_standard_error, nats a token.

  Raises:
    InputError: the text, or parameters, are not there.
  """
  from forgetting.training import blending

  directory = study.of(run)
  base, best = (
    measuring.keep(params)
    for params in (load_parent(study, run), load_params(study.of(run), run))
  )
  read = samples.resolved(run, study)
  told = _Told(evaluator_of(read, measuring), measuring, base)
  averages = [
    told.of(blending.averaged(base, best, w)) for w in blending.WEIGHTS
  ]
  largest = {
    0.0: averages[0],
    **{k: told.of(blending.with_largest(base, best, k)) for k in blending.KEPT},
    1.0: averages[-1],
  }
  weighted = zip(blending.WEIGHTS, averages, strict=True)
  out = dict(
    averaging=[dict(weight=w) | measured for w, measured in weighted],
    largest=[dict(kept=k) | measured for k, measured in largest.items()],
  )
  directory.write_blends(out)
  return out


def measure_missing(
  folder: pathlib.Path, names: Sequence[str], say: Callable[[str], object]
) -> None:
  """Measures so runs of a study that were not, and whose best is kept.

  Args:
    folder: of the study; nothing is done for an exported one.
    names: of the runs that are asked for, in the order in which to measure.
    say: is told of each run before it is measured.

  Raises:
    InputError: no such study, or the text is not there.
  """
  found = {
    run.name: (directory, run) for directory, run in run_directories(folder)
  }
  waiting = [
    (directory, run)
    for directory, run in (found[name] for name in names if name in found)
    if kept(run, directory) and not directory.blends()
  ]
  if not waiting:
    return
  # imported here: what is measured is read where there is no JAX
  from forgetting.training.measuring import Measuring

  model, measuring = None, None
  for number, (directory, run) in enumerate(waiting, 1):
    say(f"{run.name}: base to best, {number} of {len(waiting)}")
    if run.model != model:
      model, measuring = run.model, Measuring.of(run.model)
    measure(run, StudyDirectory(directory.path.parent), measuring)


class _Told:
  """Losses of parameters, against those of base."""

  def __init__(self, evaluator: Evaluator, measuring: Measuring, base):
    self._evaluator, self._measuring = evaluator, measuring
    self._base = evaluator.curve(measuring.to_devices(base))

  def of(self, params) -> dict:
    evaluator, base = self._evaluator, self._base
    losses = evaluator.curve(self._measuring.to_devices(params))
    means, errors = evaluator.means(losses), evaluator.errors(losses, base)
    change = losses.pretrain - base.pretrain
    return dict(
      pretrain_loss=means["pretrain_loss"],
      target_loss=means["target_loss"],
      forgetting=evaluator.pretrain.mean(change),
      forgetting_standard_error=errors["forgetting_standard_error"],
    )


def kept(run: Run, directory: RunDirectory) -> bool:
  """Whether a run is a fine-tuning whose best parameters are there."""
  return run.domain is not None and directory.done and directory.best.exists()
