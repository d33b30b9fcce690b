"""The pretraining curve: what the loss was while a model was pretrained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError
from forgetting.records import table_file

SIZE = "model_params"


@dataclass(frozen=True)
class Curve:
  """A pretraining curve, made to fall so that it can be inverted.

  Attributes:
    steps: [points], steps or token counts, rising.
    losses: [points], nats per token, the lowest loss so far.
    model_params: of the model; NaN where nobody says.

  Raises:
    InputError: fewer than two points, or losses that are not finite.
  """

  steps: np.ndarray
  losses: np.ndarray
  model_params: float = np.nan

  def __post_init__(self):
    steps, losses = (
      np.asarray(self.steps, float),
      np.asarray(self.losses, float),
    )
    order = np.argsort(steps)
    if len(steps) < 2 or not np.isfinite(losses).all():
      raise InputError("a pretraining curve needs two or more finite losses")
    # Noise must not make the inverse ambiguous: keep the lowest loss so far.
    falling = np.minimum.accumulate(losses[order])
    object.__setattr__(self, "steps", steps[order])
    object.__setattr__(self, "losses", falling)

  def loss_at(self, progress: float) -> float:
    """The loss, nats per token, at a share of the last step."""
    return float(np.interp(progress * self.steps[-1], self.steps, self.losses))

  def progress_at(self, loss: float) -> float:
    """The share of the last step at which the curve first had this loss."""
    if loss <= self.losses[-1]:
      return 1.0
    step = np.interp(-loss, -self.losses, self.steps)
    return float(step / self.steps[-1])


def by_size(table) -> dict[float, Curve]:
  """Reads the curves out of a table of evaluations.

  Args:
    table: a data frame, one row an evaluation, with step and pretrain_loss.
      Rows with a domain are of fine-tunings and left out, and so are controls,
      which pretrain nothing. Without model_params all rows are of one model.

  Returns:
    model params (NaN where the table does not say) -> the curve of the first
    pretraining of that size that has two or more finite losses.

  Raises:
    InputError: a column is missing.
  """
  table_file.require(
    table, ("step", "pretrain_loss"), source="the pretraining curve"
  )
  if "domain" in table:
    domain = table["domain"]
    table = table[domain.isna() | (domain.astype(str) == "")]
  if "replay" in table:
    table = table[table["replay"] != "control"]
  table = table[np.isfinite(table["pretrain_loss"].to_numpy(float))]
  if SIZE not in table:
    table = table.assign(**{SIZE: np.nan})
  found = {}
  for size, rows in table.groupby(SIZE, dropna=False):
    for name in ("study", "run"):  # a run may lie in several studies
      if name in rows:
        first = rows[name].iloc[0]
        rows = rows[rows[name] == first] if first == first else rows
    if len(rows) > 1:
      found[size] = Curve(
        rows["step"].to_numpy(),
        rows["pretrain_loss"].to_numpy(),
        float(size),
      )
  return found


def nearest(curves: dict[float, Curve], model_params: float) -> Curve:
  """Picks the curve of the size that is nearest on a log scale.

  Args:
    curves: of `by_size`.
    model_params: the size that is asked about.

  Raises:
    InputError: there is no curve.
  """
  if not curves:
    raise InputError("a pretraining curve needs two or more finite losses")
  sizes = np.array([*curves], float)
  away = np.abs(np.log(sizes / model_params))
  return [*curves.values()][int(np.argmin(np.nan_to_num(away)))]
