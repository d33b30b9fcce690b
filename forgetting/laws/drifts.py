"""What tells forgetting, whatever the method: how far a run went from base.

2509.04259 says that KL(base, tuned) on the text of the new task predicts
forgetting of every algorithm, and that changes of the weights do not.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.records.table_columns import DONE

DISTANCES = {
  "kl_target": "KL(base, best) on target tokens",
  "kl_pretrain": "KL(base, best) on pretraining tokens",
  "weight_distance": "relative distance of the weights",
}
DEGREE = 2  # 2509.04259 draws parabolas
RESAMPLES, SEED = 1000, 0
LEAST = 8  # runs


@dataclasses.dataclass(frozen=True)
class Told:
  """How much of the variance of forgetting a distance tells, by a parabola.

  Attributes:
    domain: of the runs.
    distance: name of its column.
    runs: how many.
    r2: share of the variance that the parabola tells, in sample.
    low, high: 95 % interval, by resampling runs.
  """

  domain: str
  distance: str
  runs: int
  r2: float
  low: float
  high: float


def told_by(table) -> list[Told]:
  """Fits forgetting at best by each distance, over all methods and seeds.

  Args:
    table: a data frame, one row a run: `records.load`.

  Returns:
    one a domain and distance, in order; none of fewer than `LEAST` runs.
  """
  if "kl_target" not in table:
    return []
  done = table[table["domain"].notna() & (table["status"] == DONE)]
  out = []
  for domain, rows in done.groupby("domain", sort=True):
    forgetting = rows["pretrain_loss"] - rows["base_pretrain_loss"]
    for name in DISTANCES:
      pairs = np.column_stack([rows[name], forgetting]).astype(float)
      pairs = pairs[np.isfinite(pairs).all(axis=1)]
      if len(pairs) >= LEAST:
        r2, (low, high) = _share(pairs), _interval(pairs)
        out.append(Told(str(domain), name, len(pairs), r2, low, high))
  return out


def _interval(pairs: np.ndarray) -> tuple[float, float]:
  generator = np.random.default_rng(SEED)
  drawn = generator.integers(0, len(pairs), (RESAMPLES, len(pairs)))
  low, high = np.percentile([_share(pairs[i]) for i in drawn], [2.5, 97.5])
  return float(low), float(high)


def _share(pairs: np.ndarray) -> float:
  """R2 of a least squares parabola through [n, (distance, forgetting)]."""
  x, y = pairs.T
  spread = x.std()
  x = (x - x.mean()) / (spread if spread else 1.0)
  columns = x[:, None] ** np.arange(DEGREE + 1)
  fitted = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
  total = ((y - y.mean()) ** 2).sum()
  return float(1 - ((y - fitted) ** 2).sum() / total) if total else 1.0
