"""Laws that count tokens: planted parameters come back."""

import planted_tokens
import pytest

from forgetting import laws


def near(found, **tolerance):
  for name, value in planted_tokens.LAW.items():
    assert found[name] == pytest.approx(value, rel=tolerance.get(name, 0.05))


def test_parameters_of_a_planted_law_come_back():
  table = planted_tokens.planted(noise=0)
  fit = laws.fit(table, "tokens_best")
  near(fit.params)
  noisy = laws.fit(planted_tokens.planted(noise=0.0005), "tokens_best")
  assert noisy.certificate.holds
  wide = laws.fit(table, "tokens_best", free=("alpha", "delta"))
  assert wide.params["alpha"] == pytest.approx(0, abs=0.01)
  assert wide.params["delta"] == pytest.approx(0, abs=0.01)


def test_a_power_of_n_that_is_there_is_found():
  table = planted_tokens.planted(noise=0)
  change = (table["model_params"] / 2e4) ** -0.3
  forgotten = table["pretrain_loss"] - table["base_pretrain_loss"]
  table["pretrain_loss"] = table["base_pretrain_loss"] + forgotten * change
  fit = laws.fit(table, "tokens_best", free=("alpha",))
  assert fit.params["alpha"] == pytest.approx(0.3, abs=0.01)
  assert fit.params["beta"] == pytest.approx(0.25, abs=0.01)


def test_planned_tokens_are_read_where_the_law_counts_them():
  table = planted_tokens.planted(noise=0)
  table["planned_tokens"] = table["best_step"] * planted_tokens.STEP
  table["best_step"] = 1
  table["bottom_step"] = 1.0
  near(laws.fit(table, "tokens").params, A=0.3, B=0.3, c=0.1, beta=0.1)


def test_curves_are_one_law_over_all_evaluations():
  fit = laws.fit(planted_tokens.curves(), "curves")
  near(fit.params)
  # clusters are runs, so a bootstrap draws runs and not their evaluations
  assert fit.own_data.clusters.max() + 1 == 27
  assert fit.n > 27 * 8
  with_rate = laws.fit(planted_tokens.curves(), "curves", free=("lam",))
  assert with_rate.params["lam"] == pytest.approx(0, abs=0.02)
