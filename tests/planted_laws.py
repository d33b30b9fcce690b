"""Laws at random parameters, in Python, for JavaScript to say the same."""

import numpy as np

from forgetting.laws.choices import Choices
from forgetting.laws.fitted import Fit
from forgetting.laws.law import Law
from forgetting.laws.prepare import share_scales, slots_of

LANES = 40
AT = {"N": 6e4, "D": 3e4, "p": 0.02, "T": 5e6, "X": 2e5}


def random_points(law: Law, seed: int = 0) -> dict:
  """A law at random parameters, none of them at 0, and the losses there.

  Returns:
    name, scales, lanes (parameter -> value, in the units of the fit), at
    (symbol -> value), base (nats) and expected (losses, null where none).
  """
  generator = np.random.default_rng(seed)
  scales = share_scales(
    law, {"L": 2.5} | {s: 0.7 * AT[s] for s in law.variables if s in "NDX"}
  )
  slots = slots_of(law, (), None)
  points = np.stack([_draw(slot, generator) for slot in slots], axis=1)
  at = {s: AT[s] for s in law.variables if s in AT}
  base = 2.4 if law.offset else 0.0
  fit = Fit(law, Choices(), scales, (), points[0], 0.0, 1, None, points[:1])
  values = {symbol: np.full(1, v) for symbol, v in at.items()}
  values |= {law.offset: np.full(1, base)} if law.offset else {}
  expected = fit.losses(points, values)[:, 0]
  names = [slot.parameter.name for slot in slots]
  outside = [slot.outside(x) for slot, x in zip(slots, points.T, strict=True)]
  lanes = [dict(zip(names, q, strict=True)) for q in np.transpose(outside)]
  return dict(
    name=law.name, scales=scales, lanes=lanes, at=at, base=base,
    expected=[None if np.isnan(v) else float(v) for v in expected],
  )  # fmt: skip


def _draw(slot, generator) -> np.ndarray:
  """[LANES] coordinates inside the search range, or an amplitude's sign."""
  parameter = slot.parameter
  if parameter.amplitude:
    low = -0.1 if parameter.low < 0 else 0.01
    return generator.uniform(low, 0.3, LANES)
  low, high = (slot.inside(end) for end in parameter.search)
  return generator.uniform(low, high, LANES)
