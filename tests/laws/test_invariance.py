"""What must not change a fit, and tables that are hard on it."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import planted_tables
import pytest

from forgetting import laws
from forgetting.config import InputError

TABLE = planted_tables.pretrainings()


FITTED = laws.fit(TABLE, "chinchilla")


def same(fitted, *, rel=1e-7):
  for name in ("E", "alpha", "beta"):
    assert fitted.params[name] == pytest.approx(FITTED.params[name], rel=rel)


@settings(deadline=None, max_examples=8)
@given(
  st.floats(1e-9, 1e9),
  st.floats(1e-12, 1e3),
  st.floats(0.1, 10),
  st.integers(0),
)
def test_units_and_row_order_do_not_matter(n_unit, d_unit, loss_unit, seed):
  changed = TABLE.assign(
    model_params=TABLE["model_params"] * n_unit,
    tokens=TABLE["tokens"] * d_unit,
    loss=TABLE["loss"] * loss_unit,
  ).sample(frac=1, random_state=seed % 2**32)
  fitted = laws.fit(changed, "chinchilla")
  assert fitted.objective == pytest.approx(FITTED.objective, rel=1e-9)
  assert fitted.params["alpha"] == pytest.approx(
    FITTED.params["alpha"], rel=1e-6
  )
  assert fitted.params["E"] == pytest.approx(
    FITTED.params["E"] * loss_unit, rel=1e-6
  )


def test_sum_and_mean_give_the_same_parameters():
  mean = TABLE.assign(w=1 / len(TABLE))
  fitted = laws.fit(mean, "chinchilla", weights="w")
  same(fitted)
  assert fitted.objective * len(TABLE) == pytest.approx(FITTED.objective)


def test_duplicated_rows_are_weight_two():
  twice = laws.fit(pd.concat([TABLE, TABLE]), "chinchilla")
  weighted = laws.fit(TABLE.assign(w=2.0), "chinchilla", weights="w")
  same(twice)
  same(weighted)
  assert twice.objective == pytest.approx(weighted.objective, rel=1e-9)


def test_overestimates_can_cost_more():
  fitted = laws.fit(TABLE, "chinchilla", overestimate=10.0)
  center = FITTED.predict(TABLE)["prediction"].mean()
  assert fitted.predict(TABLE)["prediction"].mean() < center


def test_least_absolute_deviations_passes_through_five_points():
  fitted = laws.fit(TABLE, "chinchilla", loss="l1")
  predicted = fitted.losses(fitted.x[None], fitted.data.values)[0]
  residual = np.sort(np.abs(np.log(predicted / TABLE["loss"])))
  assert residual[4] < 1e-7 < residual[5]
  ours = np.abs(np.log(predicted / TABLE["loss"])).sum()
  huber = FITTED.losses(FITTED.x[None], FITTED.data.values)[0]
  assert ours <= np.abs(np.log(huber / TABLE["loss"])).sum()


def test_a_million_rows():
  fitted = laws.fit(
    planted_tables.pretrainings(1_000_000, noise=0.01), "chinchilla"
  )
  assert fitted.params["alpha"] == pytest.approx(0.34, rel=0.02)
  assert fitted.params["E"] == pytest.approx(1.7, rel=0.01)
  assert fitted.certificate.gradient < 1e-6


@pytest.mark.parametrize(
  ("table", "message"),
  [
    (TABLE.head(3), "3 rows"),
    (TABLE.assign(tokens=1e9), "1 level"),
    (TABLE.assign(loss=0.0), "not positive"),
    (TABLE.drop(columns="tokens"), "no column tokens"),
    (TABLE.assign(loss="high"), "not numbers"),
    (TABLE.head(0), "no rows"),
  ],
)
def test_hard_tables_are_refused_in_one_line(table, message):
  with pytest.raises(InputError, match=message) as error:
    laws.fit(table, "chinchilla")
  assert "\n" not in str(error.value)


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({"law": "chinchila"}, "no law"),
    ({"loss": "l3"}, "loss"),
    ({"free": ("Z",)}, "no parameter"),
    ({"fixed": {"A": 400.0}}, "fix those as well"),
    ({"columns": {"loss": "val"}}, "no column 'val'"),
    ({"by": "lab"}, "by"),
    ({"weights": "w"}, "weights"),
    ({"delta": -1.0}, "delta"),
  ],
)
def test_bad_arguments_are_named(arguments, message):
  with pytest.raises(InputError, match=message):
    laws.fit(TABLE, **{"law": "chinchilla", **arguments})


def test_fixed_parameters_stay():
  fitted = laws.fit(TABLE, "chinchilla", fixed={"alpha": 0.3, "E": 1.6})
  assert fitted.params["alpha"] == pytest.approx(0.3, rel=1e-12)
  assert fitted.params["E"] == pytest.approx(1.6, rel=1e-12)
  assert fitted.objective > FITTED.objective
