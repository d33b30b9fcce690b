"""A fit as JSON keeps it."""

import json

import planted_tables
from planted_tables import planted
import pytest

from forgetting import laws
from forgetting.laws import identify


def test_json_round_trip_keeps_predictions_and_intervals():
  fitted = planted_tables.fitted()
  again = laws.Fit.from_json(fitted.to_json())
  assert again.params == pytest.approx(fitted.params, rel=1e-9)
  assert again.interval() == {
    k: pytest.approx(v, rel=1e-6) for k, v in fitted.interval().items()
  }
  rows = planted().head(4)
  assert again.predict(rows)["prediction"].to_numpy() == pytest.approx(
    fitted.predict(rows)["prediction"].to_numpy(), rel=1e-12
  )
  assert str(again) == str(fitted)
  assert identify.form(again) == identify.form(fitted) != ""
  stored = json.loads(fitted.to_json())["certificate"]
  assert stored["form"] == identify.form(fitted)
