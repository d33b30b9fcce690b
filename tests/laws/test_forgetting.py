"""The forgetting law and the target law on planted data and toy studies."""

import numpy as np
import pandas as pd
from planted_tables import planted, toy
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers


def test_planted_parameters_are_found_without_noise():
  fitted = laws.fit(planted(noise=0), "forgetting")
  for name, value in {"alpha": 0.65, "beta": 0.45, "B": 2000}.items():
    assert fitted.params[name] == pytest.approx(value, rel=1e-5)
  assert fitted.params["E"] == 0


def test_intervals_hold_the_truth_and_the_fit_is_certified():
  fitted = laws.fit(planted(seed=5), "forgetting")
  truth = {"alpha": 0.65, "beta": 0.45, "B": 2000}
  intervals = fitted.interval(0.99)
  for name, value in truth.items():
    low, high = intervals[name]
    assert low < value < high
  assert fitted.certificate.holds
  assert fitted.certificate.agree == 1
  assert not fitted.unidentified


def test_unidentified_parameter_is_said_and_not_printed():
  fitted = laws.fit(planted(forgetting=0.2, noise=0.01), "forgetting")
  assert "B" in fitted.unidentified
  line = next(r for r in str(fitted).splitlines() if r.startswith("  B "))
  assert "not identified" in line
  assert f"{fitted.params['B']:.5g}" not in line


def test_negative_forgetting_is_fitted_and_not_clipped():
  fitted = laws.fit(toy(), "forgetting_log")
  row = toy().iloc[[3]]
  predicted = float(fitted.predict(row)["prediction"].iloc[0])
  assert predicted < float(row["base_pretrain_loss"].iloc[0])


def test_free_floor_nests_the_fixed_one():
  table = planted(seed=2)
  fixed = laws.fit(table, "forgetting")
  free = laws.fit(table, "forgetting", free=("E",))
  assert free.objective <= fixed.objective * (1 + 1e-12)
  low, high = free.interval()["E"]
  assert low < 0 < high


def test_one_fit_a_domain_and_several_domains_are_refused_without():
  table = pd.concat([planted(), planted(strength=300.0, domain="wiki", seed=1)])
  fits = laws.fit(table, "forgetting", by="domain")
  assert set(fits) == {"kjv", "wiki"}
  assert fits["wiki"].params["B"] < 500 < fits["kjv"].params["B"]
  with pytest.raises(InputError, match="2 domains"):
    laws.fit(table, "forgetting")


def test_pooled_domains_share_exponents():
  table = pd.concat(
    [
      planted(noise=0),
      planted(noise=0, strength=300.0, domain="wiki", forgetting=0.6),
    ]
  )
  fitted = laws.fit(table, "forgetting", shared=("alpha", "beta"))
  assert fitted.params["alpha"] == pytest.approx(0.65, rel=1e-4)
  assert fitted.params["B[kjv]"] == pytest.approx(2000, rel=1e-3)
  assert fitted.params["B[wiki]"] == pytest.approx(300, rel=1e-3)


def test_unfinished_runs_and_pretrainings_are_left_out():
  table = planted()
  extra = table.iloc[:2].assign(status="diverged", pretrain_loss=99.0)
  base = table.iloc[:1].assign(domain=None, injection=1.0)
  both = laws.fit(pd.concat([table, extra, base]), "forgetting")
  assert both.n == len(table)
  assert both.objective == laws.fit(table, "forgetting").objective


def test_ratio_test_accepts_the_law_and_sees_it_broken():
  good = laws.ratio_test(laws.fit(planted(seed=4), "forgetting"))
  assert good.consistent
  bad = laws.ratio_test(laws.fit(toy(), "forgetting"))
  assert not bad.consistent
  assert "more target tokens" in str(bad)


def test_json_round_trip_keeps_predictions_and_intervals():
  fitted = laws.fit(planted(), "forgetting")
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


def test_advice_is_the_closed_form_and_flags_extrapolation():
  fitted = laws.fit(planted(), "forgetting")
  q = fitted.params
  advice = laws.advise(
    fitted, model_params=4e7, target_tokens=1e8, tolerance=0.05
  )
  needed = (q["A"] * 1e8 ** q["beta"] / 0.05) ** (1 / q["alpha"]) / 4e7
  assert advice.injection == pytest.approx((needed - 1) / q["B"], rel=1e-6)
  assert advice.low < advice.injection < advice.high
  assert advice.beyond["model_params"] == pytest.approx(2.5)
  assert advice.beyond["target_tokens"] == pytest.approx(10)
  assert "EXTRAPOLATION" in str(advice)


def test_advice_says_infeasible_and_says_nothing_is_needed():
  fitted = laws.fit(planted(), "forgetting")
  point = {"model_params": 1e5, "target_tokens": 1e9}
  impossible = laws.advise(fitted, tolerance=0.001, **point)
  assert np.isinf(impossible.injection)
  assert "INFEASIBLE" in str(impossible)
  assert impossible.as_dict()["injection"] is None
  easy = laws.advise(fitted, tolerance=50.0, **point)
  assert easy.injection == 0


def test_advice_on_a_toy_study_takes_the_form_that_fits():
  advice = laws.advise(
    toy(), model_params=1e5, target_tokens=51.2e3, tolerance=0.1
  )
  assert advice.law != "forgetting"
  assert 0.02 < advice.injection < 0.1
  assert "published form" in str(advice)


def test_the_study_verb_prints_both_laws_for_each_domain():
  report = answers.fit(planted())
  assert "forgetting: L =" in report.text
  assert "target: L =" in report.text
  assert "with E free" in report.text
  assert "F(p)/F(0)" in report.text
  assert report.data["target"]["groups"]["kjv"]["params"]["E"] > 0


def test_a_table_of_one_loss_gets_one_law():
  report = answers.fit(planted().drop(columns="target_loss"))
  assert set(report.data) == {"forgetting"}
  report = answers.fit(planted().drop(columns="pretrain_loss"))
  assert set(report.data) == {"target"}
  with pytest.raises(InputError, match="pretrain_loss"):
    answers.fit(planted().drop(columns=["pretrain_loss", "target_loss"]))


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"pretrain_loss": np.nan}, "not finite"),
    ({"model_params": -1.0}, "not positive"),
    ({"injection": 1.5}, r"not in \[0, 1\]"),
    ({"model_params": 1e6}, "1 level"),
  ],
)
def test_bad_tables_are_one_clear_line(change, message):
  table = planted().assign(**change)
  with pytest.raises(InputError, match=message) as error:
    laws.fit(table, "forgetting")
  assert "\n" not in str(error.value)


def test_float32_is_refused():
  table = planted().astype({"pretrain_loss": "float32"})
  with pytest.raises(InputError, match="float32"):
    laws.fit(table, "forgetting")


def test_three_rows_are_refused():
  table = planted(((1e6, 2e6, 4e6), (1e5,), (0,)))
  with pytest.raises(InputError):
    laws.fit(table, "forgetting")
