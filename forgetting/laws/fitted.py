"""A fitted law: parameters, intervals, predictions, and how it prints."""

from __future__ import annotations

from dataclasses import dataclass, field
import json

import numpy as np

from forgetting.config import InputError
from forgetting.laws import (
  bands,
  bases,
  data,
  identify,
  lockstep,
  prepare,
  stored_fit,
)
from forgetting.laws.bands import Misses
from forgetting.laws.certificate import Certificate
from forgetting.laws.choices import Choices
from forgetting.laws.data import Data
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.law import Law
from forgetting.laws.lockstep import Search
from forgetting.laws.problem import Problem, predict
from forgetting.laws.schedule import Schedule, schedule_of
from forgetting.laws.uncertainty import DRAWS, resampling
from forgetting.storage import finite_json

_WITHOUT = (
  "found a fit that was read from its file, expected one with its runs: fit"
  " the table again"
)


@dataclass(frozen=True)
class Fit:
  """A law fitted to a table.

  Attributes:
    law, choices: what was fitted, and how.
    scales: the units inside the fit.
    groups: domains that have parameters of their own; () when none have.
    x: the optimum [slots], in the fit's coordinates.
    objective: the sum over rows at the optimum.
    n: rows.
    certificate: the evidence for it.
    basins: local minima found [basins, slots], best first.
    problem, data: None in a fit that was read from JSON; `own_problem` and
      `own_data` are for what cannot do without them.
    memory: what was worked out once, or read from JSON.
  """

  law: Law
  choices: Choices
  scales: dict[str, float]
  groups: tuple[str, ...]
  x: np.ndarray
  objective: float
  n: int
  certificate: Certificate
  basins: np.ndarray = field(repr=False)
  problem: Problem | None = field(default=None, repr=False)
  data: Data | None = field(default=None, repr=False)
  memory: dict = field(default_factory=dict, repr=False)

  @property
  def own_problem(self) -> Problem:
    """The problem that it solves.

    Raises:
      InputError: the fit was read from JSON, which does not keep it.
    """
    if self.problem is None:
      raise InputError(_WITHOUT)
    return self.problem

  @property
  def own_data(self) -> Data:
    """The data that it was fitted to.

    Raises:
      InputError: the fit was read from JSON, which does not keep them.
    """
    if self.data is None:
      raise InputError(_WITHOUT)
    return self.data

  @property
  def params(self) -> dict[str, float]:
    """The parameters by the names of the equation, in natural units."""
    return {k: float(v[0]) for k, v in self.natural(self.x[None]).items()}

  def natural(self, x) -> dict[str, np.ndarray]:
    """Turns points of the fit into parameters in natural units.

    Args:
      x: [lanes, slots] in the fit's coordinates.

    Returns:
      name -> [lanes]; a parameter that domains do not share appears as
      `B[domain]`.
    """
    return prepare.natural(self.law, self._slots, self.groups, self.scales, x)

  @property
  def _slots(self):
    return prepare.slots_of(self.law, self.groups, self.choices.shared)

  @property
  def mean_relative_error(self) -> float:
    """Mean of abs(L_pred / L - 1) over the rows."""
    if self.problem is None:
      return self.memory["mean_relative_error"]
    residual = predict(self.problem, self.x[None])[0] - self.problem.log_loss
    return float(np.mean(np.abs(np.expm1(residual))))

  def draws(self, count: int = DRAWS) -> np.ndarray:
    """Refits the law to resampled runs, once; later calls get the same.

    Args:
      count: how many resamples, of the first call.

    Returns:
      [count, slots] in the fit's coordinates.

    Raises:
      InputError: the fit was read from JSON without its draws.
    """
    return lockstep.run(self.drawing(count))

  def drawing(self, count: int = DRAWS) -> Search[np.ndarray]:
    """`draws`, as a search that others may go beside."""
    return lockstep.once(self.memory, "draws", lambda: self._drawing(count))

  def _drawing(self, count: int) -> Search[np.ndarray]:
    if self.problem is None:
      raise InputError("this fit was read without its bootstrap draws")
    found = yield from resampling(self, draws=count)
    return found.x

  def interval(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
    """Takes the bootstrap interval of every parameter.

    Args:
      level: such as 0.95.

    Returns:
      name -> (low, high) in natural units.

    Raises:
      InputError: a level that is not between 0 and 1.
    """
    out = {}
    for name, values in self.natural(self.draws()).items():
      low, high = quantile(values, tails(level))
      out[name] = float(low), float(high)
    return out

  @property
  def unidentified(self) -> dict[str, str]:
    """Parameter -> why the data do not identify it, and what would."""
    return lockstep.run(self.identifying())

  def identifying(self) -> Search[dict[str, str]]:
    """`unidentified`, as a search that others may go beside."""
    return lockstep.once(
      self.memory, "unidentified", lambda: identify.reasons(self)
    )

  def predict(self, table, level: float = 0.95):
    """Predicts losses with intervals, one row a row of the table.

    Args:
      table: as for `fit`, with the law's variables; it needs no losses.
      level: of the intervals.

    Returns:
      a data frame, nats per token: prediction; low, high: where a new run
      would fall (residual noise included, and outside the data what the fit
      missed there when it was tried: see `bands`); law_low, law_high: the
      law alone; beyond: how far outside the data, as a factor, 1 inside.

    Raises:
      InputError: variables that are missing or cannot be, or a domain that
        the fit does not have.
    """
    return bands.predict_table(self, table, level)

  def residual_noise(self, generator, shape) -> np.ndarray:
    """Draws log residuals from the fit's own, widened for its parameters.

    Args:
      generator: numpy's, which the draws come from.
      shape: of what is returned.

    Returns:
      ln L - ln L_pred, as a new run would have them.
    """
    if self.problem is None:
      return generator.normal(size=shape) * self.certificate.noise
    residual = self.problem.log_loss - predict(self.problem, self.x[None])[0]
    widen = np.sqrt(self.n / max(self.certificate.dof, 1))
    # in an order of their own: that of the table's rows must not matter
    return generator.choice(np.sort(residual) * widen, size=shape)

  def variables(self, table):
    """Reads the law's variables from a table that needs no losses.

    Args:
      table: as for `fit`; columns may have the table's names or ours.

    Returns:
      symbol -> [rows] in natural units (tokens trained on by the schedule,
      where the table does not say), and [rows] domain numbers (None where
      the parameters do not differ by domain).

    Raises:
      InputError: variables that are missing or cannot be, or a domain that
        the fit does not have.
    """
    return data.of_plan(
      table, self.law, self.choices, groups=self.groups, schedule=self.schedule
    )

  @property
  def schedule(self) -> Schedule | None:
    """How long runs like those of the data are; None in a law without T."""
    if not self.law.trained:
      return None
    if "schedule" not in self.memory:
      at_best = self.law.trained == "best"
      frame = self.own_data.frame
      self.memory["schedule"] = schedule_of(frame, at_best=at_best)
    return self.memory["schedule"]

  @property
  def misses(self) -> Misses:
    """What the fit misses beyond parts of its own data: see `bands`."""
    return lockstep.run(self.missing())

  def missing(self) -> Search[Misses]:
    """`misses`, as a search that others may go beside."""
    return lockstep.once(
      self.memory,
      "misses",
      lambda: bands.trying_parts(self.own_problem, self.x),
    )

  @property
  def hull(self) -> np.ndarray:
    """The data's distinct sizes, as logs over their units [points, axes]."""
    if "hull" not in self.memory:
      rows = bands.sizes(self.own_problem)
      self.memory["hull"] = np.unique(np.round(rows, 12), axis=0)
    return self.memory["hull"]

  def losses(self, x, values: dict, group=None) -> np.ndarray:
    """Computes losses at points of the fit.

    Args:
      x: [lanes, slots] in the fit's coordinates.
      values: symbol -> [rows] or [lanes, rows], natural units.
      group: [rows] domain numbers, where parameters differ by domain.

    Returns:
      [lanes, rows], nats per token; NaN where the law gives no positive one.
    """
    rows = max(np.shape(v)[-1] for v in values.values())
    arrays = {k: np.asarray(v, float) for k, v in values.items()}
    problem = Problem(
      law=self.law,
      slots=self._slots,
      values=prepare.centred(self.law, arrays, self.scales),
      log_loss=np.zeros(rows),
      weight=np.ones(rows),
      free=np.zeros(len(self._slots), bool),
      group=group,
      masks=tuple((group == g).astype(float) for g in range(len(self.groups))),
    )
    return self.scales["L"] * np.exp(predict(problem, np.asarray(x)))

  def to_json(self) -> str:
    """JSON with natural units, intervals, the certificate and the draws."""
    return finite_json.dumps(self.as_dict(), indent=1)

  def as_dict(self, level: float = 0.95) -> dict:
    """All that a reader of the fit needs, as JSON takes it.

    Args:
      level: of the intervals.
    """
    return stored_fit.as_dict(self, level)

  @property
  def bases(self) -> list[tuple[float, float]]:
    """(model params, base loss) of the data, by size; [] without a base."""
    if self.data is None:
      return self.memory["bases"]
    return bases.of_values(self.data.values)

  def base_loss(self, model_params: float) -> float:
    """The loss before fine-tuning of a model size: see `bases.loss_at`."""
    return bases.loss_at(self.bases, model_params)

  @property
  def ranges(self) -> dict[str, list[float]]:
    """Symbol -> [least, greatest value] in the data."""
    if self.data is None:
      return self.memory["ranges"]
    return {
      k: [float(v.min()), float(v.max())] for k, v in self.data.values.items()
    }

  @classmethod
  def from_json(cls, text: str) -> Fit:
    """Reads a fit that predicts and gives intervals; it cannot be refitted.

    Raises:
      InputError: it is not the JSON of a fit.
    """
    return cls.from_dict(json.loads(text))

  @classmethod
  def from_dict(cls, stored: dict) -> Fit:
    """A fit from what `as_dict` gave, without its data.

    Raises:
      InputError: it is not the JSON of a fit.
    """
    return cls(**stored_fit.fields(stored))

  def __str__(self) -> str:
    return identify.text(self)

  def _repr_html_(self) -> str:
    return identify.html(self)
