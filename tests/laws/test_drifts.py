"""What tells forgetting, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from forgetting.laws import drifts


def table(forgetting, **distances) -> pd.DataFrame:
  return pd.DataFrame(
    dict(
      domain="kjv",
      status="done",
      pretrain_loss=3 + np.asarray(forgetting),
      base_pretrain_loss=3.0,
      **distances,
    )
  )


def planted(runs: int = 60) -> pd.DataFrame:
  generator = np.random.default_rng(1)
  kl = generator.uniform(0, 2, runs)
  return table(
    0.3 * kl**2 + 0.1,
    kl_target=kl,
    kl_pretrain=np.full(runs, 1.0),
    weight_distance=generator.uniform(0, 1, runs),
  )


def test_a_parabola_is_found_and_noise_is_not():
  found = {told.distance: told for told in drifts.told_by(planted())}
  assert list(found) == list(drifts.DISTANCES)
  assert found["kl_target"].r2 == pytest.approx(1)
  assert found["kl_target"].low == pytest.approx(1)
  assert found["kl_pretrain"].r2 == pytest.approx(0, abs=1e-9)
  noise = found["weight_distance"]
  assert noise.r2 < 0.2 and noise.low <= noise.r2 <= noise.high < 0.5


def test_what_is_not_done_or_not_measured_does_not_count():
  runs = planted(20)
  runs.loc[:2, "status"] = "diverged"
  runs.loc[3:4, "kl_target"] = None
  counts = {told.distance: told.runs for told in drifts.told_by(runs)}
  assert counts == dict(kl_target=15, kl_pretrain=17, weight_distance=17)
  assert not drifts.told_by(planted(drifts.LEAST - 1))
  assert not drifts.told_by(planted().drop(columns="kl_target"))
