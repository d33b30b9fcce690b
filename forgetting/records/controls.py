"""Forgetting net of a control: what replayed text alone has taught a model.

A public checkpoint is at no minimum of a stand-in for its pretraining text:
replay teaches it that text, which is no forgetting that was prevented. A
control trains on the same text alone, by the same method; its change of the
pretraining loss, at as many injected tokens as a run has seen, is not the
fine-tuning's.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from forgetting.config import Run
from forgetting.records.directory import RunDirectory

COLUMNS = ("control_change", "net_forgetting")


def columns(
  found: Sequence[tuple[RunDirectory, Run]], results: Sequence[Mapping]
) -> dict[str, np.ndarray]:
  """The columns that controls make possible.

  Args:
    found: the runs of a study or of several.
    results: of them; {} of those that are not done.

  Returns:
    control_change, nats a token: of the pretraining loss of the control at the
    tokens that a run has injected until its best; net_forgetting: the run's
    without it. NaN where there is no control; {} where no run is one.
  """
  told = {
    _key(directory, run): _curve(directory.records())
    for directory, run in found
    if run.is_control
  }
  if not told:
    return {}
  change = np.full(len(found), np.nan)
  forgetting = np.full(len(found), np.nan)
  for i, ((directory, run), result) in enumerate(
    zip(found, results, strict=True)
  ):
    key = _key(directory, run)
    curve = told.get(key)
    if curve is None and not run.injection:
      # without injection a control of any source has taught nothing
      curve = next((c for k, c in told.items() if k[:-1] == key[:-1]), None)
    if run.is_control or curve is None or result.get("status") != "done":
      continue
    injected = result["best_step"] * run.tokens_per_step * run.injection
    change[i] = np.interp(injected, *curve)
    forgetting[i] = result["pretrain_loss"] - result["base_pretrain_loss"]
  return dict(zip(COLUMNS, (change, forgetting - change), strict=True))


def _key(directory: RunDirectory, run: Run) -> tuple:
  """What a run and its control have in common."""
  study = directory.path.parent
  source = run.replay_source
  return study, run.parent, run.model, run.pretraining, run.method, source


def _curve(
  records: Iterable[Mapping],
) -> tuple[list[float], list[float]] | None:
  """Tokens seen, and the change of the loss since the first evaluation."""
  pairs = [
    (record["tokens"], record["pretrain_loss"])
    for record in records
    if record["pretrain_loss"] is not None
  ]
  if not pairs:
    return None
  tokens, losses = zip(*pairs, strict=True)
  return list(tokens), [loss - losses[0] for loss in losses]
