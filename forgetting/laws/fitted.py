"""A fitted law: parameters, intervals, predictions, and how it prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
import json

import numpy as np

from forgetting.config import InputError
from forgetting.laws import identify, prepare
from forgetting.laws import table as tables
from forgetting.laws.certificate import Certificate
from forgetting.laws.law import Law, find
from forgetting.laws.prepare import Choices, Data
from forgetting.laws.problem import Problem, predict
from forgetting.laws.uncertainty import DRAWS, bootstrap


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
    problem, data: None in a fit that was read from JSON.
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
  def params(self) -> dict[str, float]:
    """Parameters by the names of the equation, in natural units."""
    return {k: float(v[0]) for k, v in self.natural(self.x[None]).items()}

  def natural(self, x) -> dict[str, np.ndarray]:
    """Points [lanes, slots] -> parameter name -> [lanes], natural units.

    A parameter that domains do not share appears as `B[domain]`.
    """
    out = {}
    for group in range(max(len(self.groups), 1)):
      inside, own = {}, set()
      for i, slot in enumerate(self._slots):
        if slot.group in (None, group):
          inside[slot.parameter.name] = slot.outside(x[:, i])
          if slot.group is not None:
            own.add(slot.parameter.name)
      with np.errstate(over="ignore", invalid="ignore"):
        natural = self.law.to_natural(inside, self.scales)
      for name, value in natural.items():
        key = f"{name}[{self.groups[group]}]" if name in own else name
        out[key] = np.broadcast_to(value, len(x))
    return out

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
    """Bootstrap refits [count, slots], done once and kept."""
    if "draws" not in self.memory:
      if self.problem is None:
        raise InputError("this fit was read without its bootstrap draws")
      self.memory["draws"] = bootstrap(self, draws=count).x
    return self.memory["draws"]

  def interval(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
    """Bootstrap interval of every parameter, natural units."""
    _check_level(level)
    tails = [(1 - level) / 2, (1 + level) / 2]
    return {
      name: tuple(float(v) for v in quantile(values, tails))
      for name, values in self.natural(self.draws()).items()
    }

  @property
  def unidentified(self) -> dict[str, str]:
    """Parameter -> why the data do not identify it, and what would."""
    if "unidentified" not in self.memory:
      self.memory["unidentified"] = identify.reasons(self)
    return self.memory["unidentified"]

  def predict(self, table, level: float = 0.95):
    """Predicted losses with intervals, one row a row of the table.

    Returns:
      a data frame: prediction; low, high: where a new run would fall
      (residual noise included); law_low, law_high: the law alone.
    """
    import pandas as pd

    _check_level(level)
    values, group = self.variables(table)
    center = self.losses(self.x[None], values, group)[0]
    draws = self.losses(self.draws(), values, group)
    tails = [(1 - level) / 2, (1 + level) / 2]
    generator = np.random.default_rng(1)
    noise = self.residual_noise(generator, draws.shape)
    low, high = quantile(draws * np.exp(noise), tails)
    law_low, law_high = quantile(draws, tails)
    return pd.DataFrame(
      {
        "prediction": center,
        "low": low,
        "high": high,
        "law_low": law_low,
        "law_high": law_high,
      }
    )

  def residual_noise(self, generator, shape) -> np.ndarray:
    """Log residuals drawn from the fit's own, widened for its parameters."""
    if self.problem is None:
      return generator.normal(size=shape) * self.certificate.noise
    residual = self.problem.log_loss - predict(self.problem, self.x[None])[0]
    widen = np.sqrt(self.n / max(self.certificate.dof, 1))
    # in an order of their own: that of the table's rows must not matter
    return generator.choice(np.sort(residual) * widen, size=shape)

  def variables(self, table):
    """The law's variables [rows] of a table without losses, and groups."""
    frame = tables.load(table)
    # Rows to predict have no loss, and may have our names already.
    named = {k: v for k, v in self.choices.columns.items() if v in frame}
    frame = tables.rename(frame, self.law, named)
    values = {
      symbol: tables.numbers(frame, self.law.variables[symbol], symbol)
      for symbol in prepare.wanted(self.law, self.choices)
    }
    if not self.groups:
      return values, None
    if "domain" not in frame:
      raise InputError("the parameters differ by domain: no column domain")
    names = frame["domain"].astype(str)
    unknown = sorted(set(names) - set(self.groups))
    if unknown:
      known = ", ".join(self.groups)
      raise InputError(f"no domain {unknown[0]!r} in the fit: it has {known}")
    return values, np.searchsorted(self.groups, names)

  def losses(self, x, values: dict, group=None) -> np.ndarray:
    """Losses [lanes, rows] at points x [lanes, slots].

    Args:
      values: symbol -> [rows] or [lanes, rows], natural units.
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
    return json.dumps(self.as_dict(), indent=1)

  def as_dict(self, level: float = 0.95) -> dict:
    draws = self.draws()
    return {
      "law": self.law.name,
      "params": self.params,
      "intervals": {k: list(v) for k, v in self.interval(level).items()},
      "level": level,
      "objective": self.objective,
      "n": self.n,
      "mean_relative_error": self.mean_relative_error,
      "certificate": {
        **asdict(self.certificate),
        "holds": self.certificate.holds,
        "not_identified": self.unidentified,
      },
      "choices": asdict(self.choices),
      "scales": self.scales,
      "domains": list(self.groups),
      "ranges": self.ranges,
      "bases": [list(pair) for pair in self.bases],
      "point": [float(v) for v in self.x],
      "draws": [[float(f"{v:.9g}") for v in row] for row in draws],
    }

  @property
  def bases(self) -> list[tuple[float, float]]:
    """(model params, base loss) of the data, by size; [] without a base."""
    if self.data is None:
      return self.memory["bases"]
    if "L0" not in self.data.values or "N" not in self.data.values:
      return []
    sizes, loss = self.data.values["N"], self.data.values["L0"]
    return [
      (float(n), float(loss[sizes == n].mean())) for n in np.unique(sizes)
    ]

  def base_loss(self, model_params: float) -> float:
    """The measured base loss of a size, or one along the log-log line."""
    sizes, losses = np.log(np.array(self.bases)).T
    place = np.log(model_params)
    if np.any(np.abs(sizes - place) < 1e-9):
      return float(np.exp(losses[np.argmin(np.abs(sizes - place))]))
    if len(sizes) < 2:
      return float(np.exp(losses[0]))
    return float(np.exp(np.polyval(np.polyfit(sizes, losses, 1), place)))

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
    """A fit that predicts and gives intervals; it cannot be refitted."""
    return cls.from_dict(json.loads(text))

  @classmethod
  def from_dict(cls, stored: dict) -> Fit:
    try:
      choices = dict(stored["choices"])
      for name in ("free", "cluster"):
        choices[name] = tuple(choices[name])
      if choices["shared"] is not None:
        choices["shared"] = tuple(choices["shared"])
      evidence = dict(stored["certificate"])
      evidence.pop("holds")
      missing = evidence.pop("not_identified")
      evidence["at_bounds"] = tuple(evidence["at_bounds"])
      evidence["broken"] = tuple(evidence["broken"])
      x = np.array(stored["point"])
      return cls(
        law=find(stored["law"]),
        choices=Choices(**choices),
        scales=stored["scales"],
        groups=tuple(stored["domains"]),
        x=x,
        objective=stored["objective"],
        n=stored["n"],
        certificate=Certificate(**evidence),
        basins=x[None],
        memory={
          "draws": np.array(stored["draws"]),
          "unidentified": missing,
          "mean_relative_error": stored["mean_relative_error"],
          "ranges": stored["ranges"],
          "bases": [tuple(pair) for pair in stored["bases"]],
        },
      )
    except (KeyError, TypeError) as problem:
      raise InputError(f"not the JSON of a fit: {problem} is amiss") from None

  def __str__(self) -> str:
    return identify.text(self)

  def _repr_html_(self) -> str:
    return identify.html(self)


class Fits(dict):
  """Fits by the value of a column; prints all of them.

  Attributes:
    by: that column's name.
  """

  def __init__(self, by: str, fits: dict):
    super().__init__(fits)
    self.by = by

  def as_dict(self) -> dict:
    return {
      "by": self.by,
      "groups": {name: fit.as_dict() for name, fit in self.items()},
    }

  def to_json(self) -> str:
    return json.dumps(self.as_dict(), indent=1)

  @classmethod
  def from_json(cls, text: str) -> Fits:
    stored = json.loads(text)
    fits = {k: Fit.from_dict(v) for k, v in stored["groups"].items()}
    return cls(stored["by"], fits)

  def __str__(self) -> str:
    return "\n\n".join(f"{self.by} {name}\n{fit}" for name, fit in self.items())

  def _repr_html_(self) -> str:
    return "".join(
      f"<h4>{self.by} {name}</h4>{fit._repr_html_()}"
      for name, fit in self.items()
    )


def quantile(values, tails) -> np.ndarray:
  """Quantiles over lanes that keep infinities."""
  ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
  last = len(ordered) - 1
  low = int(np.floor(tails[0] * last))
  high = int(np.ceil(tails[1] * last))
  return np.stack([ordered[low], ordered[high]])


def _check_level(level: float):
  if not 0 < level < 1:
    raise InputError(f"level {level}: must be between 0 and 1, as in 0.95")
