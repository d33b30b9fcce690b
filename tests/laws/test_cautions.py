"""What weakens an answer."""

import planted_tokens

from forgetting.laws import fit
from forgetting.laws.advisors import fit_advisors, name_of
from forgetting.laws.cautions import disagreeing, standing_cautions


def test_forms_outside_the_interval_are_told_with_what_they_missed():
  advisors = fit_advisors(planted_tokens.planted(noise=0.0005))
  choice = advisors.choose()
  point = {"N": 6e4, "D": 4096.0}
  every = [*disagreeing(advisors, choice, point, 0.1, (-1.0, -1.0))]
  assert len(every) == len(advisors.forms) - 1
  assert not any(
    line.startswith(f"{name_of(choice.fit)} says") for line in every
  )
  assert all("missed" in line for line in every)
  assert not [*disagreeing(advisors, choice, point, 0.1, (0.0, float("inf")))]


def test_what_was_held_is_told():
  table = planted_tokens.planted(noise=0.0005)
  held = fit(table, "tokens_best", fixed={"c": 0.5})
  assert "held, not measured: c = 0.5" in [*standing_cautions(held, None)]


def test_a_loss_that_fell_without_injection_is_told():
  table = planted_tokens.planted(noise=0.0005)
  assert not any("fell" in line for line in cautions_of(table))
  table["pretrain_loss"] = table["base_pretrain_loss"] - 0.04
  assert any("fell, by 0.04 nats" in line for line in cautions_of(table))


def cautions_of(table):
  fitted = fit(table, "tokens_best", fixed={"c": 0.5, "beta": 0.0})
  return [*standing_cautions(fitted, None)]
