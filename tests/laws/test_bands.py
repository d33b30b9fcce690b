"""Bands that take in what a fit missed beyond parts of its own data."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest
from reference_tables import ROOT, gemstones

from forgetting import laws
from forgetting.laws import bands

SIZES = np.geomspace(1e6, 1e9, 10)


def bent(noise=0.002, seed=0):
  """Losses whose law changes at a size: no power law extrapolates them."""
  generator = np.random.default_rng(seed)
  rows = []
  for n in SIZES:
    for d in np.geomspace(1e8, 1e10, 6):
      bend = 0.15 * max(np.log10(n / 1e7), 0)
      loss = 1.7 + 400 * n**-0.35 + 300 * d**-0.25 + bend
      rows.append(
        dict(
          model_params=n,
          tokens=d,
          loss=loss * np.exp(noise * generator.normal()),
        )
      )
  return pd.DataFrame(rows)


@pytest.mark.usefixtures("few_draws")
def test_a_form_that_is_wrong_has_wide_bands_where_it_extrapolates():
  table = bent()
  seen = table["model_params"] < 4e8
  fit = laws.fit(table[seen], "chinchilla")
  found = fit.predict(table[~seen])
  held = (found["low"] <= table.loc[~seen, "loss"].to_numpy()) & (
    table.loc[~seen, "loss"].to_numpy() <= found["high"]
  )
  inside = fit.predict(table[seen])
  assert held.mean() > 0.9
  assert (inside["beyond"] < 1 + 1e-9).all() and (found["beyond"] > 1.01).all()
  # the law alone would have missed, and inside nothing is widened
  alone = (found["law_low"] <= table.loc[~seen, "loss"].to_numpy()) & (
    table.loc[~seen, "loss"].to_numpy() <= found["law_high"]
  )
  assert alone.mean() < 0.5
  assert (inside["high"] / inside["prediction"]).max() < 1.03


def test_misses_are_those_of_a_straight_law_small():
  generator = np.random.default_rng(0)
  table = bent()
  noise = np.exp(0.002 * generator.normal(size=len(table)))
  table["loss"] = 1.7 + 400 * table["model_params"] ** -0.35
  table["loss"] = (table["loss"] + 300 * table["tokens"] ** -0.25) * noise
  straight = laws.fit(table, "chinchilla").misses
  crooked = laws.fit(bent(), "chinchilla").misses
  assert straight.rows > 50
  assert straight.slope < 0.3 * crooked.slope


@settings(max_examples=30)
@given(
  st.lists(
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=9
  )
)
def test_distance_is_nothing_inside_and_grows_outside(points):
  rows = np.array(points)
  np.testing.assert_allclose(bands.distance(rows, rows), 0, atol=1e-9)
  away = rows.max(0) + np.array([[1.0, 0.0]])
  assert bands.distance(rows, away)[0] >= 1 - 1e-9
  twice = rows.max(0) + np.array([[2.0, 0.0]])
  assert bands.distance(rows, twice)[0] > bands.distance(rows, away)[0]


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="FORGETTING_REFERENCE_DATA is not set")
@pytest.mark.parametrize("name", ["cool_end", "hot", "lr_ablation_hot"])
def test_nine_of_ten_rows_beyond_a_real_table_are_held(name):
  frame, columns = gemstones(name)
  held = []
  for symbol in ("N", "D"):
    axis = frame[columns[symbol]]
    for share in (0.5, 0.65, 0.8):
      seen = axis <= axis.quantile(share)
      fit = laws.fit(frame[seen], "chinchilla", columns=columns)
      found = fit.predict(frame[~seen])
      loss = frame.loc[~seen, columns["loss"]].to_numpy()
      held += [*((found["low"] <= loss) & (loss <= found["high"]))]
  assert np.mean(held) >= 0.9


@pytest.mark.usefixtures("few_draws")
def test_a_law_without_sizes_has_no_way_out_of_its_data():
  p = np.repeat([0.01, 0.02, 0.05, 0.1, 0.3], 3)
  noise = np.random.default_rng(0).normal(scale=0.002, size=len(p))
  loss = (3.0 + 0.4 * np.exp(-8 * p)) * np.exp(noise)
  table = pd.DataFrame(
    dict(injection=p, pretrain_loss=loss, base_pretrain_loss=3.0)
  )
  fit = laws.fit(table, "replay")
  assert fit.misses.rows == 0
  found = fit.predict(table[3:4])
  assert found["low"][0] < found["prediction"][0] < found["high"][0]


@pytest.mark.usefixtures("few_draws")
def test_a_row_s_band_is_its_own_whatever_else_is_asked():
  table = bent()
  fit = laws.fit(table, "chinchilla")
  alone = fit.predict(table[:1])
  among = fit.predict(table[::-1])
  np.testing.assert_array_equal(alone.iloc[0], among.iloc[-1])
