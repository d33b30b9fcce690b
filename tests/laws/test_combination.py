import numpy as np
import planted_recipes
import pytest

from forgetting import records
from forgetting.cli import advise as verb
from forgetting.config import InputError
from forgetting.laws import answers_combination, combination

ASKED = dict(domain="kjv", model_params=1000, target_tokens=5000)


@pytest.fixture(scope="module")
def found():
  return combination.combine(planted_recipes.curves(), tolerance=0.5, **ASKED)


def test_the_cheapest_recipe_keeps_the_tolerance(found):
  best = found.best
  assert best.injection <= 0.25 and best.low <= best.injection <= best.high
  kept = planted_recipes.forgetting(
    best.rate, best.rank or 1, best.injection, best.rank is not None
  )
  assert kept == pytest.approx(0.5, rel=0.1) or best.injection == 0
  assert best.work == min(recipe.work for recipe in found.others)


def test_nothing_on_a_grid_of_the_planted_law_is_much_cheaper(found):
  plain = 3 * planted_recipes.target_tokens(1, 1)
  costs = [
    (3 if rank == 0 else 2) * tokens / (1 - p) / plain
    for rank, rates in (
      (0, (0.1, 10)),
      (1, (1, 30)),
      (16, (1, 30)),
      (64, (1, 30)),
    )
    for rate in np.geomspace(*rates, 30)
    for p in np.linspace(0, 0.2, 40)
    if planted_recipes.forgetting(rate, rank or 1, p, rank > 0) <= 0.5
    for tokens in [planted_recipes.target_tokens(rate, rank or 1)]
  ]
  assert found.best.work <= 1.25 * min(costs)


def test_powers_that_are_there_stand_their_trial(found):
  for with_it, without in (
    found.trials["full"]["lam"],
    found.trials["lora"]["lam"],
    found.trials["lora"]["rho"],
  ):
    assert with_it < without
  assert any("the effect of injection is that of full" in line
             for line in found.unidentified)  # fmt: skip


def test_injection_alone_keeps_the_rest_as_it_is():
  found = combination.combine(
    planted_recipes.curves(), tolerance=0.6, over=("injection",), **ASKED
  )
  (only,) = found.others
  assert (only.method, only.rate, only.rank) == ("full", 1.0, None)
  kept = planted_recipes.forgetting(1, 1, only.injection, False)
  assert kept == pytest.approx(0.6, rel=0.05)


def test_what_no_recipe_keeps_is_said():
  report = answers_combination.advise_over(
    planted_recipes.curves(), over=combination.AXES, tolerance=0.01, **ASKED
  )
  assert "INFEASIBLE: no combination that was tried" in report.text
  assert "not identified: " in report.text
  assert report.data["best"] is None


def test_bad_questions_are_one_line():
  curves = planted_recipes.curves()
  with pytest.raises(InputError, match="--over: found 'depth', expected some"):
    combination.combine(curves, tolerance=0.5, over=("depth",), **ASKED)
  lora = curves[curves.method == "lora-r16"]
  with pytest.raises(InputError, match="found no plain, full fine-tuning"):
    combination.combine(lora, tolerance=0.5, **ASKED)
  with pytest.raises(InputError, match="expected one of the cells"):
    asked = ASKED | dict(model_params=9e9)
    combination.combine(curves, tolerance=0.5, **asked)


def test_the_verb_refuses_what_it_has_no_use_for():
  asked = ASKED | dict(tolerance="0.5", over="injection", law="tokens")
  with pytest.raises(InputError, match="--law: found it with --over"):
    verb.advise("nowhere", **asked)


def test_the_verb_answers(monkeypatch, tmp_path, capsys):
  monkeypatch.setattr(records, "curves", lambda _: planted_recipes.curves())
  asked = ASKED | dict(tolerance="0.5", over="injection, lr,rank")
  assert verb.advise(str(tmp_path), **asked) == 0
  expected = answers_combination.advise_over(
    planted_recipes.curves(), over=combination.AXES, tolerance=0.5, **ASKED
  )
  assert capsys.readouterr().out == f"{expected.text}\n"
