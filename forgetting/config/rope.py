"""How positions turn queries and keys: what of it a model's config decides."""

import dataclasses
from typing import Literal

from forgetting.config.checks import Config, check
from forgetting.config.ranges import Count, Positive

Scaling = Literal["none", "linear", "llama3", "yarn", "longrope"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rope(Config):
  """Rotary positions: frequencies, and what stretches them.

  Attributes:
    theta: the base of the frequencies theta^(-2i/d).
    scaling: how they are changed so that a longer context fits.
    factor: by which contexts are longer than the original one.
    original_context: tokens of a sequence before; 0 without a scaling that
      asks for it.
    low, high: of llama3: turns over the original context up to which a
      frequency is divided by the factor, and from which on it is not.
    beta_slow, beta_fast: of yarn, the same; between them is a ramp over
      channels.
    truncate: of yarn: whether the ends of the ramp are whole channels.
    short_factors, long_factors: of longrope: by which each frequency is
      divided, up to the original context and beyond it.
    attention_factor: by which cosine and sine are multiplied.
  """

  theta: Positive = 10_000.0
  scaling: Scaling = "none"
  factor: Positive = 1.0
  original_context: int = 0
  low: Positive = 1.0
  high: Positive = 4.0
  beta_slow: Positive = 1.0
  beta_fast: Positive = 32.0
  truncate: bool = True
  short_factors: tuple[float, ...] = ()
  long_factors: tuple[float, ...] = ()
  attention_factor: Positive = 1.0

  def _check(self) -> None:
    asks = self.scaling in ("llama3", "yarn", "longrope")
    check(
      not asks or self.original_context > 0,
      "Rope.original_context",
      self.original_context,
      f"above 0 with scaling {self.scaling!r}",
    )
    check(
      self.low < self.high, "Rope.low", self.low, f"below high = {self.high}"
    )
    same = len(self.short_factors) == len(self.long_factors)
    check(
      same and bool(self.short_factors) == (self.scaling == "longrope"),
      "Rope.short_factors",
      self.short_factors,
      "as many as long_factors, with scaling 'longrope' alone",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerKind(Config):
  """What the layers of a model may differ in.

  Attributes:
    window: keys that a query sees, itself included; None: all before it.
    rope: how its queries and keys are turned; None: not at all.
  """

  window: Count | None = None
  rope: Rope | None = None
